"""P1.8 and phase 3: healthy recordings, and what breaks them."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from readiness.criteria import PROTECTED_STACKS
from readiness.evidence.observation import PROVIDER, Observation
from readiness.evidence.rehearsal import Configured, Item, PlanRead, StateRead, StoredState
from readiness.evidence.stacks import BackendRead, CandidateNames, Clue, Way
from readiness.judges.opentofu.commands import PREPARE
from readiness.judges.stacks import points
from readiness.judges.stacks.plans import STEPS
from readiness.judges.stacks.steps import Step
from readiness.text import Open, Text, text
from tests.support.observations import Case, Defect, Recorded, changed, error, granted, lost, refusal, seen
from tests.tofu.cases import also, both, denied, failed, no_state, to_create, tofu

URLS = {"a": "http://127.0.0.1:9000", "b": "http://10.0.0.5:9000"}


def json_of(one: Any) -> JsonValue:
    """As it is kept."""
    kept: JsonValue = one.model_dump(mode="json")
    return kept


def backend(name: str, kind: str = "s3", **more: Any) -> BackendRead:
    """A backend that is elsewhere; settings by `settings`, the rest as BackendRead has it."""
    settings: dict[str, Text] = {"bucket": text("b"), "endpoints.s3": text("http://store.example:9000")}
    way = Way(
        where="backend.tf",
        settings=more.pop("settings", settings),
        sources={},
        missing=more.pop("missing", ()),
    )
    given: dict[str, Any] = {"recorded": None, "problems": (), "other": (), "clues": ()} | more
    return BackendRead(name=name, backend=kind, variants=(way,), **given)


def candidate(**addresses: tuple[str, ...]) -> CandidateNames:
    """The names of a candidate behind two URLs; `addresses` of hosts, a dot as `__`."""
    hosts = {"store.example": ("192.0.2.7",), "127.0.0.1": (), "10.0.0.5": ()}
    given = {name.replace("__", "."): found for name, found in addresses.items()}
    return CandidateNames(urls=tuple(URLS.values()), buckets=("tofu-state",), addresses=hosts | given)


def read(name: str, kind: str = "s3", **more: Any) -> Observation:
    return seen(points.Step.BACKEND, name, PROVIDER, result=json_of(backend(name, kind, **more)))


def _elsewhere() -> list[Observation]:
    made = [seen(points.Step.BUCKETS, end, url=url, result=["scratch"]) for end, url in URLS.items()]
    made += [read(name) for name in PROTECTED_STACKS]
    return [*made, seen(points.Step.NAMES, "embedded", PROVIDER, result=json_of(candidate()))]


def reads(**more: Any) -> Defect:
    """The first stack's backend is another."""
    return changed(points.Step.BACKEND, result=json_of(backend(PROTECTED_STACKS[0], **more)))


def to(url: Text | str, **more: Text) -> Defect:
    """The first stack's endpoint is this one."""
    given = text(url) if isinstance(url, str) else url
    return reads(settings={"bucket": text("b"), "endpoints.s3": given} | more)


def clue(*addresses: str) -> Clue:
    """A line that gives these addresses, or none."""
    return Clue(
        where="deploy.py, line 3",
        what="gives a backend configuration",
        addresses=addresses,
        open=not addresses,
    )


def named(names: CandidateNames) -> Defect:
    return changed(points.Step.NAMES, result=json_of(names))


def without_one(recorded: Recorded) -> Recorded:
    """The last stack was not read."""
    at = max(place for place, one in enumerate(recorded) if one.step == points.Step.BACKEND)
    return [*recorded[:at], *recorded[at + 1 :]]


def _recorded(url: str) -> Way:
    return Way(where="the last init", settings={"endpoints.s3": text(url)}, sources={}, missing=())


OPEN = Text((Open("var.url"),))
POINTS = Case(
    "P1.8",
    _elsewhere(),
    {
        "an endpoint of the candidate": to("http://10.0.0.5:9000"),
        "loopback under another name": to("http://localhost:9000"),
        "a host that leads there": named(candidate(store__example=("10.0.0.5",))),
        "the last init": reads(recorded=_recorded("http://10.0.0.5:9000")),
        "its lock only": reads(
            kind="http",
            settings={"address": text("http://store.example"), "lock_address": text("http://10.0.0.5:9000")},
        ),
        "one of several values": to(
            Text((Open("ENV", ("http://x.example", "http://10.0.0.5:9000"), closed=True),))
        ),
        "files that cannot be understood": changed(
            points.Step.BACKEND, outcome="malformed", error="attic: main.tf, line 1", result=None
        ),
        "no such stack": changed(points.Step.BACKEND, outcome="error", error="no such folder", result=None),
    },
    unknown={
        "an endpoint that did not answer": lost(points.Step.BUCKETS),
        "files that were not read": lost(points.Step.BACKEND),
        "a stack that was not read": without_one,
        "an open address": to(OPEN),
        "an address without a host": to("http://[secret]:9000"),
        "a host that was not looked up": to("http://other.example:9000"),
        "no endpoint, and a bucket that the candidate holds": reads(settings={"bucket": text("scratch")}),
        "no endpoint, and a bucket that is declared": reads(settings={"bucket": text("tofu-state")}),
        "something missing": reads(missing=("dev.hcl is not there",)),
        "a file that cannot be read": reads(problems=("Justfile: cannot be read",)),
        "a line that nothing understands": reads(clues=(clue(),)),
        "one that names the candidate": reads(clues=(clue("https://x.example", "http://10.0.0.5:9000"),)),
        "another stack's backend": changed(points.Step.BACKEND, result=json_of(backend("another"))),
        "endpoints that are not among the names": changed(
            points.Step.BUCKETS, asked={"url": "http://else.example"}
        ),
        "names without a URL": changed(
            points.Step.NAMES, result={"urls": [], "buckets": [], "addresses": {}}
        ),
    },
    proved={
        "a bucket elsewhere on AWS": reads(settings={"bucket": text("other")}),
        "a line that nothing understands and that leads elsewhere": reads(
            clues=(clue("http://store.example:9000"),)
        ),
        "a database": reads(kind="pg", settings={"schema_name": text("x")}),
        "a last init elsewhere": reads(recorded=_recorded("http://store.example:9000")),
    },
)
FIRST = PROTECTED_STACKS[0]


def tries() -> list[Observation]:
    """A turn for the first stack, everything that is refused meanwhile, and a turn for each of the others."""
    through: list[JsonValue] = [*URLS]

    def one(end: str, stack: str, holding: str) -> Observation:
        result: JsonValue = {"taken": not holding, "holder": holding or stack}
        return seen(Step.TURN, end, stack=stack, holding=holding, through=through, result=result)

    meanwhile = [one(end, stack, FIRST) for end in URLS for stack in PROTECTED_STACKS]
    return [one("a", FIRST, ""), *meanwhile, *(one("a", stack, "") for stack in PROTECTED_STACKS[1:])]


def dropped(number: int) -> Defect:
    """One of the tries was not made."""
    return lambda recorded: [one for at, one in enumerate(recorded) if at != number]


TURNS = Case(
    "P3.0",
    tries(),
    {
        "a second stack gets a turn": changed(Step.TURN, 3, result={"taken": True, "holder": "arc-runners"}),
        "the same stack gets a second turn": changed(Step.TURN, 1, result={"taken": True, "holder": FIRST}),
        "another holder is named": changed(Step.TURN, 3, result={"taken": False, "holder": "another"}),
        "nobody gets a turn": changed(Step.TURN, 0, result={"taken": False, "holder": "another"}),
        "a turn that is not given back": changed(Step.TURN, 10, result={"taken": False, "holder": FIRST}),
        "an answer that is none": changed(Step.TURN, 2, outcome="malformed", error="not XML", result=None),
    },
    unknown={
        "a try that was not answered": lost(Step.TURN, 4),
        "a try that was not made": dropped(4),
        "a turn that nobody asked for": dropped(11),
        "the other endpoint": lambda recorded: [one for one in recorded if one.endpoint == "a"],
    },
)

BEFORE = StateRead(
    lineage="l", serial=5, resources=(Item(name="x.a", digest="1"), Item(name="x.b", digest="2")),
    outputs=(Item(name="o", digest="3"),), checks=("4", "5"),
)  # fmt: skip
NEW_KEY: dict[str, Any] = {"through": [*URLS]}
PLAN_READ = PlanRead(
    stack="attic", configuration_digest="sha256:c", backend="http", steps=STEPS, decrypts=False, workspaces=False,
    returns_to="file:attic.pulled.tfstate", rollback=3, reviewed_by="A. Reviewer", reviewed_on="2026-05-06",
    reviewed_text="sha256:t", text_digest="sha256:t",
)  # fmt: skip
CONFIGURED = Configured(
    name="attic", digest="sha256:c", backend="http", encrypted=False, without=(), workspaces=("default",)
)
ADDRESS = {"address": text("http://store.example:9000/state")}


def holds(state: StateRead | None = BEFORE, digest: str = "d", *, encrypted: bool = False) -> JsonValue:
    return json_of(StoredState(encrypted=encrypted, digest=digest, state=state))


def but(**fields: Any) -> JsonValue:
    """The state that was pulled, but for these fields."""
    return holds(BEFORE.model_copy(update=fields))


def fact(step: Step, result: JsonValue, **asked: Any) -> Observation:
    return seen(step, "attic", PROVIDER, result=result, **asked)


def printed(step: Step, result: JsonValue, **asked: Any) -> Observation:
    """A command that printed this state."""
    return seen(step, "a", "tofu", status=0, result=result, **asked)


def states_that_differ(step: Step, *, serial_may_advance: bool = False) -> dict[str, Defect]:
    """Every way in which a copy is not the state that was pulled."""
    later = {} if serial_may_advance else {"a later serial": 6}
    return {
        f"{step}: {name}": changed(step, result=result)
        for name, result in {
            "another lineage": but(lineage="m"),
            "an earlier serial": but(serial=4),
            **{name: but(serial=serial) for name, serial in later.items()},
            "a resource is lost": but(resources=BEFORE.resources[:1]),
            "a resource was added": but(resources=(*BEFORE.resources, Item(name="x.c", digest="1"))),
            "a resource has changed": but(resources=(BEFORE.resources[0], Item(name="x.b", digest="9"))),
            "an output has changed": but(outputs=(Item(name="o", digest="9"),)),
            "a check has changed": but(checks=("4", "9")),
        }.items()
    }


def plan(**fields: Any) -> Defect:
    return changed(Step.PLAN, result=json_of(PLAN_READ.model_copy(update=fields)))


def configuration(**fields: Any) -> Defect:
    return changed(Step.CONFIGURATION, result=json_of(CONFIGURED.model_copy(update=fields)))


REACHED = fact(Step.REACHED, {"hosts": [], "walled": True})
BEGUN = (fact(Step.STAND_IN, {"kind": "http"}), fact(Step.WORKSPACES, {"names": ["default"]}))
PULL = printed(Step.PULL, holds(), read=False)
PLANS: dict[str, Defect] = {
    "no plan": changed(Step.PLAN, outcome="error", error="it has no migration plan", result=None),
    "the plan of another stack": plan(stack="another"),
    "a plan without a step": plan(steps=STEPS[1:]),
    "a plan for another configuration": plan(configuration_digest="sha256:old"),
    "a plan for another backend": plan(backend="s3"),
    "a plan that nobody reviewed": plan(reviewed_by=""),
    "a plan that was changed after its review": plan(text_digest="sha256:u"),
    "a plan without a way back": plan(rollback=0),
    "a plan that does not say what to return to": plan(returns_to="file:TODO"),
}
ALL_STEPS: dict[str, Defect] = {
    "a host outside of this machine": changed(
        Step.REACHED, result={"hosts": ["sts.example"], "walled": True}
    ),
    "no such stack": also(seen(Step.STACK, "attic", PROVIDER, outcome="error")),
    "another stack's turn": also(fact(Step.TURN, {"taken": False, "holder": "another"})),
}
NOT_DONE: dict[str, Defect] = {
    "no stand-in": changed(Step.STAND_IN, outcome="error", error="x", result=None),
    "workspaces that could not be listed": changed(Step.WORKSPACES, outcome="error", error="x", result=None),
    "a workspace that was not rehearsed": changed(Step.WORKSPACES, result={"names": ["default", "prod"]}),
    "an earlier step": also(seen(Step.NOT_REACHED, "attic", PROVIDER, outcome="error")),
    "a command before": also(tofu(PREPARE, code=1, command="init")),
    "an exception": also(seen(PREPARE, "attic", PROVIDER, outcome="unanswered")),
}

PULLED = Case(
    "P3.attic.1",
    [
        fact(Step.BACKEND, json_of(backend("attic", "http", settings=ADDRESS))),
        fact(Step.NAMES, json_of(candidate())),
        *BEGUN,
        fact(Step.CONFIGURATION, json_of(CONFIGURED)),
        fact(Step.LOCK, {"held": False}),
        PULL,
        REACHED,
    ],
    {
        **ALL_STEPS,
        "a configuration that cannot be read": changed(Step.BACKEND, outcome="error", error="x", result=None),
        "it points at the candidate": changed(
            Step.BACKEND,
            result=json_of(backend("attic", "http", settings={"address": text("http://10.0.0.5:9000/x")})),
        ),
        "another kind of backend": changed(Step.STAND_IN, result={"kind": "s3"}),
        "a lock": changed(Step.LOCK, result={"held": True}),
        "a pull that fails": failed(Step.PULL),
        "an empty state": changed(Step.PULL, result=but(resources=(), outputs=())),
        "no state": no_state(Step.PULL),
        "a state that is given decrypted": configuration(encrypted=True),
        "a stored state that is plain": also(fact(Step.STORED, {"encrypted": False})),
    },
    unknown={
        **NOT_DONE,
        "names that could not be gathered": changed(Step.NAMES, outcome="unanswered", result=None),
        "a lock that was not looked at": lost(Step.LOCK),
        "a state that was not decrypted": changed(Step.PULL, result=holds(None)),
        "hosts that were not watched": changed(Step.REACHED, result={"walled": True}),
    },
)


def _of(workspace: str, digest: str) -> list[Observation]:
    return [
        fact(Step.CONFIGURATION, json_of(CONFIGURED), case=workspace),
        fact(Step.LOCK, {"held": False}, case=workspace),
        printed(Step.PULL, holds(digest=digest), read=False, case=workspace),
        fact(Step.REACHED, {"hosts": [], "walled": True}, case=workspace),
    ]


def empty(*workspaces: str) -> Defect:
    """These workspaces have no state."""
    found = [fact(Step.EMPTY, None, case=name) for name in workspaces]

    def change(recorded: Recorded) -> Recorded:
        return [*(one for one in recorded if one.asked.get("case") not in workspaces), *found]

    return change


WORKSPACES = Case(
    "P3.gitlab-runners.1",
    [
        *PULLED.healthy[:3],
        fact(Step.WORKSPACES, {"names": ["default", "prod"]}),
        *_of("default", "d"),
        *_of("prod", "e"),
    ],
    {
        "a lock in one": changed(Step.LOCK, 1, result={"held": True}),
        "a pull in one that fails": failed(Step.PULL, 1),
        "no state in any": empty("default", "prod"),
        "a host that one of them asks for": changed(
            Step.REACHED, 1, result={"hosts": ["sts.example"], "walled": True}
        ),
    },
    unknown={
        "one that was not rehearsed": lambda recorded: [
            one for one in recorded if one.asked.get("case") != "prod"
        ],
        "one that was not listed": changed(Step.WORKSPACES, outcome="error", error="x", result=None),
        "one more": changed(Step.WORKSPACES, result={"names": ["default", "prod", "dev"]}),
        "one state for both": changed(Step.PULL, 1, result=holds(digest="d")),
        "a pull in one that did not end": lost(Step.REACHED, 1),
    },
    proved={"no state in the default one": empty("default")},
)

REVIEWED = Case(
    "P3.attic.2",
    [
        *BEGUN,
        PULL,
        fact(Step.CONFIGURATION, json_of(CONFIGURED)),
        fact(Step.PLAN, json_of(PLAN_READ)),
        printed(Step.COPY, holds()),
        *(refusal(Step.DESTINATION, end, 404, **NEW_KEY) for end in URLS),
        REACHED,
    ],
    {
        **ALL_STEPS,
        **PLANS,
        **states_that_differ(Step.COPY),
        "a plan that handles an encrypted state decrypted": both(
            configuration(encrypted=True), plan(decrypts=True)
        ),
        "a plan that moves one of two workspaces": configuration(workspaces=("default", "prod")),
        "another state at the new key": granted(Step.DESTINATION, 1, but(lineage="m")),
        "a later state at the new key": granted(Step.DESTINATION, 0, but(serial=6)),
        "an encrypted state at the new key": granted(Step.DESTINATION, 0, holds(None, encrypted=True)),
        "no state at the new key": no_state(Step.DESTINATION),
    },
    unknown={
        **NOT_DONE,
        "a copy that was not read": error(Step.COPY),
        "a new key that was not read": error(Step.DESTINATION),
        "an endpoint that was not asked": lambda recorded: [
            one for one in recorded if (one.step, one.endpoint) != (Step.DESTINATION, "b")
        ],
    },
    proved={
        "the same state at the new key": granted(Step.DESTINATION, 0, holds()),
        "a plan that moves both workspaces": both(
            configuration(workspaces=("default", "prod")), plan(workspaces=True)
        ),
        "an empty state at the new key": granted(Step.DESTINATION, 0, but(resources=(), outputs=())),
    },
)

MIGRATED = Case(
    "P3.attic.3",
    [
        *BEGUN,
        PULL,
        fact(Step.LOCK, {"held": False}),
        seen(Step.PUT, status=200, result={"created": True}, **NEW_KEY),
        tofu(Step.MIGRATE),
        fact(Step.RECORDED, ["s3", "b", "k", "http://a"], wanted=["s3", "b", "k", "http://a"]),
        printed(Step.PULLED, holds()),
        *(seen(Step.MIGRATED, end, status=200, result=holds(), **NEW_KEY) for end in URLS),
        REACHED,
    ],
    {
        **ALL_STEPS,
        **states_that_differ(Step.PULLED),
        **states_that_differ(Step.MIGRATED),
        "a lock": changed(Step.LOCK, result={"held": True}),
        "somebody else's state": changed(Step.PUT, result={"created": False}),
        "a lock that init meets": failed(Step.MIGRATE, refused=True),
        "init fails": failed(Step.MIGRATE),
        "init recorded another backend": changed(Step.RECORDED, result=["s3", "b", "k", "http://b"]),
        "init recorded nothing": changed(Step.RECORDED, result=None),
        "a pull that fails": failed(Step.PULLED),
        "no state through one endpoint": denied(Step.MIGRATED, 1),
        "what is no state through one endpoint": no_state(Step.MIGRATED, 1),
        "an encrypted state where a plain one was pulled": changed(
            Step.MIGRATED, result=holds(None, encrypted=True)
        ),
    },
    unknown={
        **NOT_DONE,
        "a lock that was not looked at": lost(Step.LOCK),
        "a put that was not answered": lost(Step.PUT),
        "an endpoint that did not answer": lost(Step.MIGRATED, 1),
        "an endpoint that answered with an error": error(Step.MIGRATED, 1),
        "an endpoint that was not asked": lambda recorded: [
            one for one in recorded if (one.step, one.endpoint) != (Step.MIGRATED, "b")
        ],
    },
)

ENCRYPTED = Case(
    "P3.arc-runners.3",
    [
        *BEGUN,
        printed(Step.PULL, holds(encrypted=True), read=False),
        *MIGRATED.healthy[3:8],
        *(
            seen(Step.MIGRATED, end, status=200, result=holds(None, encrypted=True), **NEW_KEY)
            for end in URLS
        ),
        REACHED,
    ],
    {
        "other bytes": changed(Step.MIGRATED, result=holds(None, "e", encrypted=True)),
        "the state in the clear": changed(Step.MIGRATED, 1, result=holds(digest="e")),
        "no state": denied(Step.MIGRATED),
    },
)

NO_OP = Case(
    "P3.attic.4",
    [*BEGUN, tofu(Step.NO_OP), REACHED],
    {
        **ALL_STEPS,
        "it wants changes": to_create(Step.NO_OP),
        "it fails": failed(Step.NO_OP),
    },
    unknown=NOT_DONE,
)


def _back(returns_to: str, version: str | None, *more: Observation) -> list[Observation]:
    return [
        *BEGUN,
        PULL,
        fact(Step.CONFIGURATION, json_of(CONFIGURED)),
        fact(Step.PLAN, json_of(PLAN_READ.model_copy(update={"returns_to": returns_to}))),
        tofu(Step.DAMAGED, code=2),
        fact(Step.RETURN, {"version": version}, pulled="attic.pulled.tfstate"),
        *more,
        printed(Step.RESTORED, but(serial=6)),
        tofu(Step.AFTER),
        REACHED,
    ]


RETURNED: dict[str, Defect] = {
    **ALL_STEPS,
    **states_that_differ(Step.RESTORED, serial_may_advance=True),
    "the damage does not show": changed(Step.DAMAGED, outcome="ok", status=0),
    "the plan after it wants changes": to_create(Step.AFTER),
    "the plan after it fails": failed(Step.AFTER),
    "what is restored is no state": no_state(Step.RESTORED),
}
TO_A_FILE = Case(
    "P3.attic.5",
    _back("file:attic.pulled.tfstate", None, tofu(Step.PUSH)),
    {
        **RETURNED,
        **PLANS,
        "the push fails": failed(Step.PUSH),
        "another file": plan(returns_to="file:other.tfstate"),
    },
    unknown={**NOT_DONE, "what was restored was not read": error(Step.RESTORED)},
)
TO_A_VERSION = Case(
    "P3.arc-runners.5",
    _back("version:before-migration", "v1"),
    {**RETURNED, "there is no such version": changed(Step.RETURN, result={"version": None})},
    unknown={**NOT_DONE, "a damaged copy that was not planned": lost(Step.DAMAGED)},
)
CASES = (POINTS, TURNS, PULLED, WORKSPACES, REVIEWED, MIGRATED, ENCRYPTED, NO_OP, TO_A_FILE, TO_A_VERSION)
