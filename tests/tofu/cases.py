"""The criteria of phase 2: healthy recordings, and what breaks them."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from readiness.evidence.observation import Observation, Outcome
from readiness.judges.opentofu import basics, contention, midway, plans, power, rollback, settings, stale
from readiness.judges.opentofu.commands import FAULT, PREPARE
from tests.support.observations import PLAIN, Case, Defect, Recorded, changed, granted, lost, refusal, seen

ENDS = ("a", "b")
STATE: dict[str, JsonValue] = {
    "serial": 1, "lineage": "l", "digest": "d1", "size": 900, "revision": 1, "members": {}, "payload": "p",
}  # fmt: skip


def tofu(step: str, end: str = "a", *, code: int = 0, **more: Any) -> Observation:
    """A command that ended with this code; results beside `wall` by `result`."""
    result = {"wall": 100.0, **more.pop("result", {})}
    outcome: Outcome = "ok" if code == 0 else "error"
    return seen(step, end, "tofu", outcome=outcome, status=code, result=result, **more)


def state(
    step: str, end: str = "a", *, asked: dict[str, Any] | None = None, **fields: JsonValue
) -> Observation:
    return seen(step, end, status=200, result={**STATE, **fields}, **(asked or {}))


def lock(step: str, end: str = "a", id_: str = "L", **asked: Any) -> Observation:
    return seen(step, end, status=200, result={"lock": {"id": id_, "created": 100.05}}, **asked)


def shows(step: str, number: int = 0, **fields: JsonValue) -> Defect:
    """The state object shows these fields there."""
    return changed(step, number, result={**STATE, **fields})


def denied(step: str, number: int = 0) -> Defect:
    """The store says there that there is no such object."""
    return changed(step, number, outcome="error", status=404, error="absent", result=None)


def no_state(step: str, number: int = 0) -> Defect:
    return changed(
        step, number, outcome="malformed", status=None, error="9 bytes that are not a state", result=None
    )


def failed(step: str, number: int = 0, code: int = 1, **result: JsonValue) -> Defect:
    """The command ended there with this code."""
    message = {"wall": 100.0, **result}
    return changed(step, number, outcome="error", status=code, error=f"exit code {code}", result=message)


def to_create(step: str, number: int = 0) -> Defect:
    """The plan there wants to create what exists."""
    return failed(step, number, 2, to_create=2)


def also(*more: Observation) -> Defect:
    """The same recording, and these as well."""
    return lambda recorded: [*recorded, *more]


def both(first: Defect, second: Defect) -> Defect:
    return lambda recorded: second(first(recorded))


def unprepared(**asked: Any) -> Observation:
    return tofu(PREPARE, code=1, command="init", **asked)


def unreadable(**asked: Any) -> Observation:
    """A preparation that could not read the state: what the store returned is not one."""
    return tofu(PREPARE, code=1, result={"unreadable": "Unsupported state file format"}, **asked)


def _init() -> Recorded:
    step = basics.Step
    url: dict[str, Any] = {"bucket": "s", "url": "http://x"}
    inits = [tofu(step.INIT, end, result={"backend": ["s", "http://x"]}, **url) for end in ENDS]
    return [*inits, *(tofu(step.MOVE, end) for end in ENDS)]


def _first() -> Recorded:
    step = basics.Step
    looks = [refusal(step.HEAD, end) for end in ENDS]
    states = [state(step.STATE, end, asked={"revision": 1}) for end in ENDS]
    return [*looks, tofu(step.APPLY, revision=1), *states, *(refusal(step.LOCK, end) for end in ENDS)]


def _pulls() -> Recorded:
    step = basics.Step
    return [
        one
        for end in ENDS
        for one in (tofu(step.PULL, end, result={"size": 900, "digest": "d1"}), state(step.STATE, end))
    ]


def _large() -> Recorded:
    step = basics.Step
    pulled = {"size": 10**7, "digest": "d9", "payload": "p9"}
    pulls = [tofu(step.PULL, end, result=pulled, payload="p9") for end in ENDS]
    return [tofu(step.APPLY, megabytes=10), *pulls, *(tofu(step.PLAN, end) for end in ENDS)]


def _restored() -> Recorded:
    step = rollback.Step
    made = [tofu(step.PULL, result={"size": 900, "digest": "d1", "serial": 1, "lineage": "l"})]
    made += [seen(step.VERSIONS, end, result={"versions": 2, "previous": "v1"}) for end in ENDS]
    made.append(seen(step.RESTORE, result={}))
    made += [*_checked(1, 1), tofu(step.FORWARD, what="forward"), *_checked(2, 2)]
    made.append(tofu(step.PUSH_OLDER, code=1, result={"cannot": True}))
    made.append(tofu(step.PUSH_FORCED, what="push"))
    return [*made, *_checked(1), tofu(step.FORWARD, what="forward"), *_checked(2)]


def _backed_up() -> Recorded:
    step = rollback.Step
    versions = (step.VERSIONS, step.RESTORE)
    pulled, *rest = (one for one in _restored() if one.step not in versions)
    lost_state = [
        seen(step.BACKUP, "", "provider", status=0, bucket="s"),
        seen(step.LOSE, result={}),
        seen(step.BRING_BACK, "", "provider", status=0, bucket="s", key="k"),
    ]
    return [pulled, *lost_state, *rest]


def _checked(revision: int, serial: int | None = None) -> list[Observation]:
    step = rollback.Step
    asked: dict[str, Any] = {"lineage": "l", "revision": revision, "when": "then"}
    asked |= {} if serial is None else {"serial": serial}
    return [
        one
        for end in ENDS
        for one in (
            state(step.STATE, end, asked=asked, revision=revision, serial=serial or 1),
            tofu(step.PLAN, end, what="the no-op plan"),
        )
    ]


def fault(case: str, at: float = 2.0, **asked: Any) -> Observation:
    """A crash, which was seen to have fired at 2 s."""
    times: dict[str, JsonValue] = {"injecting": 1.0, "fired": 2.0, "healing": 5.0, "healed": 6.0}
    return seen(FAULT, "", "provider", at=at, result={"kind": "crash", **times}, case=case, **asked)


CRASH = "crash:x"


def tried(end: str = "a", at: float = 2.5, **more: Any) -> Observation:
    return tofu(plans.Step.TRY, end, at=at, probe=end, limit=1.6, whole=1.6, case=CRASH, **more)


def _after(
    end: str, whose: str, revision: int = 2, possible: tuple[int, ...] = (2,), **more: Any
) -> Observation:
    about: dict[str, Any] = {"state": whose, "revision": revision, "possible": [*possible]}
    return tofu(plans.Step.AFTER, end, at=7.0, case=CRASH, **about, **more)


def _plans() -> Recorded:
    first = [tofu(plans.Step.FIRST, end, case=plans.BEFORE) for end in ENDS]
    during = [tried(end) for end in ENDS]
    after = [_after(end, whose) for whose in ENDS for end in ENDS]
    return [*first, *during, fault(CRASH, through=["a", "b"]), *after]


TRY, AFTER, MOVE = plans.Step.TRY, plans.Step.AFTER, plans.Step.MOVE
MOVED = "crash:x, moved to b"
MOVING = fault(MOVED, through=["a moved to b"], budgets=2, moved=True)


def _moving(step: str, **more: Any) -> Observation:
    about: dict[str, Any] = {"probe": "a moved to b", "limit": 3.2, "whole": 3.2, "case": MOVED}
    return tofu(step, "b", at=3.0, **about, **more)


def short_tries(recorded: Recorded) -> Recorded:
    """The only try through `a` was cut off before it had its whole time."""
    cut = changed(
        TRY, outcome="unanswered", status=None, error="no answer within 0.2 s", result={"wall": 100.0}
    )
    return [
        one.model_copy(update={"asked": {**one.asked, "limit": 0.2}}) if one.step == TRY else one
        for one in cut(recorded)
    ]


def untried(recorded: Recorded) -> Recorded:
    """Proving the fault took longer than the promise: no plan was tried through `a`."""
    return [one for one in recorded if not (one.step == TRY and one.endpoint == "a")]


def _contended() -> Recorded:
    step, case = contention.Step, "no fault"
    members: JsonValue = {"c0": "c0", "c1": "c1"}
    applies = [tofu(step.APPLY, end, member=f"c{at}", case=case) for at, end in enumerate(ENDS)]
    holds: JsonValue = {"holds": [["c0", 1.0, 2.0], ["c1", 3.0, 4.0]]}
    return [
        state(step.BEFORE, asked={"clients": 2, "fault": False, "case": case}),
        *applies,
        refusal(step.LEFT, case=case),
        *(state(step.STATE, end, asked={"case": case}, serial=3, members=members) for end in ENDS),
        *(refusal(step.LOCK, end, case=case) for end in ENDS),
        seen(step.HOLDS, "", "provider", result=holds, case=case),
    ]


SPLIT = "split:x"


def _on_both_sides() -> Recorded:
    """As `_contended`, while x was cut off, whose endpoint is `a`."""
    step, sides = contention.Step, ["a"]
    asked: dict[str, JsonValue] = {"case": SPLIT, "fault": True}
    recorded = [one.model_copy(update={"asked": {**one.asked, **asked}}) for one in _contended()]
    during = [
        one if one.step != step.APPLY else one.model_copy(update={"invoked": 2.5, "completed": 4.5})
        for one in recorded
    ]
    return [*during, fault(SPLIT, cut=sides)]


def overlapping() -> Defect:
    return changed(contention.Step.HOLDS, result={"holds": [["c0", 1.0, 2.0], ["c1", 1.5, 4.0]]})


HIT = "crash:x through a"


def _hit() -> Recorded:
    step = midway.Step
    asked: dict[str, Any] = {"case": HIT, "revision": 2, "members": {"hit": "m"}, "payload": "p"}
    return [
        state(step.BEFORE, asked={"case": HIT}),
        tofu(step.HIT, case=HIT, at=4.0, result={"middle": True, "errored": False, "settle": 90.0}),
        fault(HIT),
        refusal(step.LEFT, case=HIT),
        *(state(step.STATE, end, asked=asked, serial=2, revision=2, members={"hit": "m"}) for end in ENDS),
        *(tofu(step.PLAN, end, case=HIT) for end in ENDS),
    ]


def _half(number: int, **fields: JsonValue) -> Defect:
    kept: dict[str, JsonValue] = {"serial": 2, "revision": 2, "members": {"hit": "m"}, **fields}
    return shows(midway.Step.STATE, number, **kept)


ERRORED = failed(midway.Step.HIT, middle=True, errored=True, settle=90.0)
PUSHED = also(tofu(midway.Step.PUSH, case=HIT))
NOT_PUSHED = also(tofu(midway.Step.PUSH, case=HIT, code=1))


def _stale() -> Recorded:
    step = stale.Step
    held: dict[str, JsonValue] = {"refused": True, "lock": {"id": "L", "created": 100.0}}
    return [
        state(step.BEFORE),
        tofu(step.KILLED, code=-9, result={"middle": True}),
        *(lock(step.HELD, end) for end in ENDS),
        *(tofu(step.STOPPED, end, code=1, result=held) for end in ENDS),
        tofu(step.WRONG_ID, code=1),
        lock(step.STILL_HELD),
        tofu(step.FREE, "b"),
        *(refusal(step.FREED, end) for end in ENDS),
        state(step.AFTER),
        tofu(step.APPLY),
        tofu(step.PLAN),
    ]


CUT = "first apply"
APPLIED: dict[str, Any] = {"serial": 1, "revision": 2, "members": {"kept": "m"}}


def _cut() -> Recorded:
    step = power.Step
    asked: dict[str, Any] = {"case": CUT, "revision": 2, "members": {"kept": "m"}}
    return [
        tofu(step.APPLY, case=CUT, at=0.4),
        state(step.BEFORE, asked={"case": CUT}, **APPLIED),
        refusal(step.RELEASED, case=CUT),
        fault(CUT),
        *(state(step.STATE, end, asked=asked, **APPLIED) for end in ENDS),
        *(refusal(step.LOCK, end, case=CUT) for end in ENDS),
        *(tofu(step.PLAN, end, case=CUT) for end in ENDS),
    ]


def _kept(number: int, **fields: JsonValue) -> Defect:
    return shows(power.Step.STATE, number, **(APPLIED | fields))


USED = "attic (encrypt = true)"


def _settings(case: str = USED) -> Recorded:
    step = settings.Step
    about: dict[str, Any] = {"case": case}
    listed: list[JsonValue] = ["default", "readiness"]
    return [
        *(tofu(step.INIT, end, **about) for end in ENDS),
        tofu(step.APPLY, looks=[step.KEPT, step.WITHOUT_KEY], **about),
        seen(step.KEPT, result={"kept": "AES256"}, setting="encrypt", kept="AES256", **about),
        refusal(step.WITHOUT_KEY, status=400, **about),
        tofu(step.NEW, **about),
        tofu(step.SELECT, "b", **about),
        tofu(step.MEET, "b", code=1, result={"refused": True}, **about),
        tofu(step.HOLD, **about),
        *(tofu(step.LIST, end, result={"workspaces": listed}, workspaces=listed, **about) for end in ENDS),
        tofu(step.PULL, "b", result={"size": 900, "revision": 7}, revision=7, **about),
        tofu(step.PLAN, "b", **about),
        tofu(step.DELETE, **about),
        *(
            tofu(step.LIST, end, result={"workspaces": listed[:1]}, workspaces=listed[:1], **about)
            for end in ENDS
        ),
        *(refusal(step.GONE, end, **about) for end in ENDS),
    ]


def _lists(number: int, *workspaces: str) -> Defect:
    return changed(SETTING.LIST, number, result={"wall": 1.0, "workspaces": [*workspaces]})


def _through(number: int = 0, **fields: Any) -> Defect:
    return changed(FAULT, number, **fields)


BASIC, ROLL, STALE, CONTEST, MIDWAY = basics.Step, rollback.Step, stale.Step, contention.Step, midway.Step
SETTING, POWER = settings.Step, power.Step
_UNDONE = "the suite itself left the candidate broken: it could not undo crash:x"
THROUGH_FAULTS = {
    "a plan before any fault failed": failed(plans.Step.FIRST),
    "another state during the fault": to_create(TRY),
    "an unreadable state during the fault": failed(TRY, unreadable="could not be parsed"),
    "no plan succeeded": failed(TRY),
    "no answer for a whole try": lost(TRY),
    "too late": changed(TRY, completed=6.5),
    "no survivor": changed(FAULT, asked={"case": CRASH, "through": []}),
    "another state after the fault": to_create(AFTER, 1),
    "no plan after the fault": failed(AFTER, 2),
    "another state, and then not whole": both(to_create(TRY), _through(outcome="unanswered")),
    "an unreadable state after it": also(unreadable(case=CRASH)),
    "moved in vain": also(_moving(MOVE), _moving(plans.Step.TRY, code=1), MOVING),
    "could not move": also(_moving(MOVE, code=1), MOVING),
}
CASES = (
    Case(
        "P2.1",
        _init(),
        {
            "init failed": failed(BASIC.INIT, 1),
            "init was not answered": lost(BASIC.INIT),
            "init of something else": changed(BASIC.INIT, result={"wall": 1.0, "backend": None}),
            "not moved": failed(BASIC.MOVE, 1),
        },
        {"not prepared": also(unprepared())},
    ),
    Case(
        "P2.2",
        _first(),
        {
            "a state that nobody wrote": granted(BASIC.HEAD, 1),
            "not applied": failed(BASIC.APPLY),
            "denied": denied(BASIC.STATE, 1),
            "another serial": shows(BASIC.STATE, 1, serial=2),
            "not what was applied": shows(BASIC.STATE, 0, revision=7),
            "two lineages": shows(BASIC.STATE, 1, lineage="m"),
            "a lock that stays": granted(BASIC.LOCK, 1),
            "no state": no_state(BASIC.STATE),
            "not a state for tofu": also(unreadable()),
        },
        {
            "no answer": lost(BASIC.STATE),
            "no lock shown": lost(BASIC.LOCK),
            "not prepared": also(unprepared()),
        },
    ),
    Case(
        "P2.3",
        [tofu(BASIC.PLAN, end) for end in ENDS],
        {"changes": to_create(BASIC.PLAN, 1), "an error": failed(BASIC.PLAN), "silence": lost(BASIC.PLAN)},
        {"not prepared": also(unprepared())},
    ),
    *(
        Case(
            id_,
            _plans(),
            THROUGH_FAULTS,
            {
                "no plan was tried": untried,
                "no try had its time": short_tries,
                "not whole again": _through(outcome="unanswered", error="not whole"),
                "left broken by the suite": _through(outcome="unanswered", error=_UNDONE, result=None),
                "a revision nobody wrote was planned": changed(
                    AFTER, asked={"case": CRASH, "state": "a", "revision": 9, "possible": [2]}
                ),
                "only the older revision was planned": changed(
                    AFTER, asked={"case": CRASH, "state": "a", "revision": 2, "possible": [2, 3]}
                ),
                "not prepared": also(unprepared(case=CRASH)),
            },
            {
                "a proof that took long is not the store's": changed(
                    FAULT, result={"kind": "crash", "injecting": -40.0, "fired": 2.0, "healed": 6.0}
                ),
                "moved": also(_moving(MOVE), _moving(TRY), MOVING),
                "an older revision of a write without answer": also(
                    _after("a", "z", 3, (2, 3), code=2), _after("a", "z", 2, (2, 3))
                ),
                "its own lock was freed": also(
                    tofu(plans.Step.UNLOCK, case=CRASH, probe="a"),
                ),
            },
        )
        for id_ in ("P2.4", "P2.5", "P2.6")
    ),
    Case(
        "P2.7",
        _restored(),
        {
            "one version": changed(ROLL.VERSIONS, 1, result={"versions": 1, "previous": None}),
            "another previous version": changed(ROLL.VERSIONS, 1, result={"versions": 2, "previous": "v0"}),
            "no previous version": changed(ROLL.VERSIONS, result={"versions": 2, "previous": None}),
            "denied": denied(ROLL.STATE, 1),
            "another lineage": shows(ROLL.STATE, 1, lineage="m"),
            "another serial": shows(ROLL.STATE, 1, serial=2),
            "another revision": shows(ROLL.STATE, 4, revision=2),
            "changes": to_create(ROLL.PLAN, 3),
            "not forward": failed(ROLL.FORWARD, 1),
            "an older serial was taken": granted(ROLL.PUSH_OLDER),
            "refused for another reason": failed(ROLL.PUSH_OLDER, cannot=False),
            "no answer to the push": lost(ROLL.PUSH_OLDER),
            "not pushed": failed(ROLL.PUSH_FORCED),
            "pulled nothing": changed(ROLL.PULL, result={"size": 0}),
            "pulled no state": no_state(ROLL.PULL),
        },
        {
            "not prepared": also(unprepared()),
            "no versions listed": lost(ROLL.VERSIONS),
            "not restored": lost(ROLL.RESTORE),
            "ended before the second way": lambda recorded: recorded[:-5],
        },
    ),
    Case(
        "P2.7",
        _backed_up(),
        {
            "no backup": failed(ROLL.BACKUP),
            "no restore": failed(ROLL.BRING_BACK),
            "denied after the restore": denied(ROLL.STATE, 1),
            "another serial": shows(ROLL.STATE, 1, serial=2),
            "changes": to_create(ROLL.PLAN, 1),
            "not pushed": failed(ROLL.PUSH_FORCED),
        },
        {"not prepared": also(unprepared()), "ended before the second way": lambda recorded: recorded[:-5]},
        declared=PLAIN,
    ),
    Case(
        "P2.8",
        _contended(),
        {
            "two holders": overlapping(),
            "two holders, and then no answer": both(overlapping(), lost(CONTEST.STATE)),
            "a lost update": shows(CONTEST.STATE, 1, serial=3, members={"c0": "c0"}),
            "a serial too little": both(
                shows(CONTEST.STATE, 0, serial=2, members={"c0": "c0", "c1": "c1"}),
                shows(CONTEST.STATE, 1, serial=2, members={"c0": "c0", "c1": "c1"}),
            ),
            "different serials": shows(CONTEST.STATE, 1, serial=4, members={"c0": "c0", "c1": "c1"}),
            "a state denied": denied(CONTEST.STATE, 1),
            "a lock at the end": lambda recorded: [
                one if one.step != CONTEST.LOCK else lock(CONTEST.LOCK, one.endpoint, case="no fault")
                for one in recorded
            ],
            "a lock left in the calm": lambda recorded: [
                one if one.step != CONTEST.LEFT else lock(CONTEST.LEFT, case="no fault") for one in recorded
            ],
            "no state": no_state(CONTEST.STATE),
        },
        {
            "too few succeeded": both(
                failed(CONTEST.APPLY, refused=True),
                both(
                    shows(CONTEST.STATE, 0, serial=2, members={"c1": ""}),
                    shows(CONTEST.STATE, 1, serial=2, members={"c1": ""}),
                ),
            ),
            "nobody noted who held it": changed(CONTEST.HOLDS, result={"holds": []}),
            "no state before": denied(CONTEST.BEFORE),
            "no answer": lost(CONTEST.STATE),
            "not prepared": also(unprepared(case="no fault")),
            "a fault that nobody did": changed(
                CONTEST.BEFORE, asked={"clients": 2, "fault": True, "case": "no fault"}
            ),
        },
    ),
    Case(
        "P2.14",
        _on_both_sides(),
        {
            "two holders": overlapping(),
            "a lost update": shows(CONTEST.STATE, 1, serial=3, members={"c0": "c0"}),
            "a serial too little": shows(CONTEST.STATE, 1, serial=2, members={"c0": "c0", "c1": "c1"}),
            "a state denied": denied(CONTEST.STATE, 1),
            "a lock at the end": lambda recorded: [
                one if one.step != CONTEST.LOCK else lock(CONTEST.LOCK, one.endpoint, case=SPLIT)
                for one in recorded
            ],
            "no state": no_state(CONTEST.STATE),
            "two holders, and then not whole": both(
                overlapping(), _through(outcome="unanswered", error="not whole")
            ),
        },
        {
            "nobody applied where it was cut off": changed(CONTEST.APPLY, 0, invoked=0.5, completed=1.5),
            "nobody applied on the other side": changed(CONTEST.APPLY, 1, invoked=7.0, completed=8.0),
            "nobody knows which side was cut off": changed(FAULT, asked={"case": SPLIT}),
            "not split": _through(outcome="unanswered", error="did not fire"),
            "no answer": lost(CONTEST.STATE),
            "not prepared": also(unprepared(case=SPLIT)),
        },
        {
            "one lasted from before the split until after it": changed(
                CONTEST.APPLY, 0, invoked=0.5, completed=8.5
            ),
        },
    ),
    Case(
        "P2.9",
        _hit(),
        {
            "another lineage": _half(1, lineage="m"),
            "the serial did not advance": _half(0, serial=1),
            "not what was applied": _half(0, members={}),
            "another revision": _half(1, revision=1),
            "a large state that is not whole": _half(1, payload="q"),
            "denied": denied(MIDWAY.STATE, 1),
            "two states": _half(1, digest="d2"),
            "no plan": failed(MIDWAY.PLAN, 1, refused=True),
            "never ended": changed(MIDWAY.HIT, outcome="unanswered", status=None),
            "failed and lost": both(ERRORED, _half(0, serial=1)),
            "not pushed": both(ERRORED, NOT_PUSHED),
            "no state before": denied(MIDWAY.BEFORE),
            "no state": no_state(MIDWAY.STATE),
        },
        {
            "never came to the middle": failed(MIDWAY.HIT, middle=False),
            "over before the fault was seen": changed(MIDWAY.HIT, completed=1.9),
            "the fault did not fire": _through(outcome="unanswered", error="did not fire"),
            "no answer": lost(MIDWAY.STATE),
            "not prepared": also(unprepared(case=HIT)),
        },
        {
            "failed cleanly and pushed": both(ERRORED, PUSHED),
            "failed only to release its lock": failed(MIDWAY.HIT, middle=True, settle=90.0),
        },
    ),
    Case(
        "P2.10",
        _stale(),
        {
            "not shown": denied(STALE.HELD, 1),
            "another lock": changed(STALE.HELD, 1, result={"lock": {"id": "M", "created": 1.0}}),
            "a plan goes on": granted(STALE.STOPPED, 1, {"wall": 1.0}),
            "a plan shows another lock": changed(
                STALE.STOPPED, 1, result={"refused": True, "lock": {"id": "M", "created": 1.0}}
            ),
            "a wrong ID frees": granted(STALE.WRONG_ID),
            "a wrong ID frees silently": denied(STALE.STILL_HELD),
            "not freed": failed(STALE.FREE),
            "still shown": granted(STALE.FREED, 1),
            "written": shows(STALE.AFTER, serial=2),
            "gone": denied(STALE.AFTER),
            "no apply afterwards": failed(STALE.APPLY),
            "no plan afterwards": failed(STALE.PLAN),
        },
        {
            "never came to the middle": failed(STALE.KILLED, middle=False),
            "no answer": lost(STALE.HELD),
            "not prepared": also(unprepared()),
        },
    ),
    Case(
        "P2.11",
        _pulls(),
        {
            "pull failed": failed(BASIC.PULL, 1),
            "no answer to a pull": lost(BASIC.PULL),
            "empty": changed(BASIC.PULL, result={"size": 0}),
            "pulls differ": changed(BASIC.PULL, 1, result={"size": 9, "digest": "d2"}),
            "the object differs": shows(BASIC.STATE, 1, digest="d2"),
            "the object is denied": denied(BASIC.STATE),
            "not a state": no_state(BASIC.PULL),
        },
        {"no answer": lost(BASIC.STATE), "not prepared": also(unprepared())},
    ),
    Case(
        "P2.12",
        _large(),
        {
            "not applied": failed(BASIC.APPLY),
            "not pulled": failed(BASIC.PULL, 1),
            "other contents": changed(BASIC.PULL, result={"size": 9, "digest": "d9", "payload": "x"}),
            "different": changed(BASIC.PULL, 1, result={"size": 9, "digest": "d8", "payload": "p9"}),
            "changes": to_create(BASIC.PLAN, 1),
            "cut": no_state(BASIC.PULL, 1),
            "cut, says tofu": also(unreadable()),
        },
        {"not prepared": also(unprepared())},
    ),
    Case(
        "P2.13",
        _cut(),
        {
            "not applied": failed(POWER.APPLY),
            "no state before": denied(POWER.BEFORE),
            "a lock before": granted(POWER.RELEASED, 0, {"lock": {"id": "L", "created": 1.0}}),
            "the state is gone": denied(POWER.STATE, 1),
            "an older state": _kept(0, serial=0, revision=1),
            "another lineage": _kept(1, lineage="m"),
            "other contents of that serial": _kept(1, digest="d2"),
            "not what was applied": _kept(0, members={}),
            "the lock is back": granted(POWER.LOCK, 1, {"lock": {"id": "L", "created": 1.0}}),
            "no plan": failed(POWER.PLAN, 1, refused=True),
            "a plan wants changes": to_create(POWER.PLAN, 1),
            "no state": no_state(POWER.STATE),
        },
        {
            "the fault did not fire": _through(outcome="unanswered", error="did not fire"),
            "no answer": lost(POWER.STATE),
            "not prepared": also(unprepared(case=CUT)),
        },
    ),
    Case(
        "P2.15",
        _settings(),
        {
            "init refused": failed(SETTING.INIT, 1),
            "the first apply refused": failed(SETTING.APPLY),
            "no answer to the apply": lost(SETTING.APPLY),
            "no workspace": failed(SETTING.NEW),
            "not selected": failed(SETTING.SELECT),
            "the apply in the workspace failed": failed(SETTING.HOLD),
            "a workspace is not listed": _lists(1, "default"),
            "a deleted one is listed": _lists(2, "default", "readiness"),
            "lists fail": failed(SETTING.LIST, 3),
            "another workspace's state": changed(SETTING.PULL, result={"size": 9, "revision": 1}),
            "no pull": failed(SETTING.PULL),
            "another state": to_create(SETTING.PLAN),
            "no plan": failed(SETTING.PLAN),
            "not deleted": failed(SETTING.DELETE),
            "deleted and still there": granted(SETTING.GONE, 1),
            "not encrypted": changed(SETTING.KEPT, result={"kept": None}),
            "denied": denied(SETTING.KEPT),
            "readable without its key": granted(SETTING.WITHOUT_KEY, 0, {"kept": True}),
            "one set is served, another is not": lambda recorded: [
                *recorded,
                *failed(SETTING.APPLY)(_settings("workspaces and lock file")),
            ],
        },
        {
            "nothing was tried": lambda recorded: [],
            "stopped early": lambda recorded: recorded[:6],
            "the lock was not met": failed(SETTING.MEET),
            "no answer whether it is gone": lost(SETTING.GONE),
            "no answer about encryption": lost(SETTING.KEPT),
            "a stack that cannot be read": also(
                seen(SETTING.READ, "attic", "provider", outcome="unanswered")
            ),
        },
        {"unreadable without its key": granted(SETTING.WITHOUT_KEY, 0, {"kept": False})},
    ),
)
