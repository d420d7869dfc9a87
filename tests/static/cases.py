"""The criteria of phase 0: healthy recordings, and what breaks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from readiness.evidence.observation import Observation
from readiness.judges import contract, stops, stored, surroundings
from tests.support.observations import DECLARED, Case, Recorded, changed, error, lost, seen

ENDS = ("a", "b")
Asked = dict[str, Any]
NAMES = [row["name"] for row in DECLARED["contract"]["observability"]["metrics"]]
NONE: list[JsonValue] = []
W = 24 << 20


def _accepted() -> list[Observation]:
    return [
        seen(contract.Step.BUCKETS, end, role=role, url=f"http://{end}")
        for role in ("admin", "read_only")
        for end in ENDS
    ]


def _versioning() -> list[Observation]:
    step = contract.Step.VERSIONING
    late = [seen(step, "b", at=2.0, result="never enabled"), seen(step, "b", at=4.0, result="Enabled")]
    return [seen(step, "a", result="Enabled"), *late, *_suspended(), *_state_bucket("Enabled")]


def _state_bucket(state: str) -> list[Observation]:
    return [seen(contract.Step.STATE_BUCKET, "a", at=5.0, result=state, bucket="tofu-state")]


def _suspended() -> list[Observation]:
    """The contract of the control promises such a bucket."""
    step = contract.Step.SUSPENDED
    late = [seen(step, "b", at=2.0, result="Enabled"), seen(step, "b", at=4.0, result="Suspended")]
    return [seen(step, "a", result="Suspended"), *late]


def _serving(*first: Observation) -> list[Observation]:
    return [*first, *(seen(contract.Step.IN_SERVICE, end, "provider", result=True, node=end) for end in ENDS)]


def _observed() -> list[Observation]:
    pages = [
        seen(contract.Step.METRICS, end, "provider", result=[*NAMES], path="/metrics", target="admin")
        for end in ENDS
    ]
    rules: list[JsonValue] = [{"alert": "A", "record": None, "expr": f"{NAMES[0]} > 0"}]
    return [*pages, seen(contract.Step.ALERT_RULES, "alerts.yaml", "provider", result=rules)]


def _cut_off() -> list[Observation]:
    """No node reaches anything beside the candidate's network."""
    tried: JsonValue = {"tried": ["10.0.0.1:7"], "reached": NONE}
    return [seen(surroundings.Step.WAY_OUT, node, "provider", result=tried) for node in ENDS]


SERVES = {"a": "10.0.0.1:9000", "b": "10.0.0.2:9000"}


def _connected(*more: tuple[str, str]) -> list[Observation]:
    """Nobody can try a way out; each instance shows a request and one to the other; a has these, too."""
    way = [error(surroundings.Step.WAY_OUT)([one])[0] for one in _cut_off()]
    return [*way, _sockets("a", "b", *more), _sockets("b", "a")]


def _sockets(name: str, other: str, *more: tuple[str, str]) -> Observation:
    own = SERVES[name].partition(":")[0]
    extra: list[JsonValue] = [[local, peer] for local, peer in more]
    ends: list[JsonValue] = [
        [f"{own}:9000", "10.0.0.9:40000"],
        [f"{own}:40001", f"{SERVES[other].partition(':')[0]}:7000"],
        *extra,
    ]
    listens: list[JsonValue] = ["*:9000", "*:7000"]
    look: JsonValue = {"listens": listens, "open": ends}
    return seen(
        surroundings.Step.CONNECTIONS, f"store-{name}", "provider", result=look, serves=[SERVES[name]]
    )


def _isolated(*ends: Observation, fired: bool = True, serves: bool = True) -> list[Observation]:
    """Every node was isolated, and served; `ends` are the looks at connections meanwhile."""
    step, when = surroundings.Step, surroundings.When
    proofs: JsonValue = {"fired": True, "observed": "reached 10.9.9.9:53 before, none of it after"}
    wrong: JsonValue = {"fired": False, "observed": "reached 10.9.9.9:53 before, and still after"}
    nodes = [
        seen(step.ISOLATED, node, "provider", result=proofs if fired or node == "a" else wrong)
        for node in ENDS
    ]
    trips = [
        seen(step.SERVES, end, result="v", value="v", when=at)
        for at in (when.BEFORE, when.ISOLATED, when.AFTER)
        for end in ENDS
        if fired or at != when.ISOLATED
    ]
    if not serves:
        trips[3] = lost(step.SERVES)([trips[3]])[0]
    return [trips[0], trips[1], *nodes, *trips[2:], *ends]


def _isolated_ends() -> list[Observation]:
    return [one for one in _connected() if one.step == surroundings.Step.CONNECTIONS]


def _instead(*recorded: Observation) -> Callable[[Recorded], Recorded]:
    """Other observations of the surroundings."""
    steps = {str(step) for step in surroundings.Step}
    return lambda known: [*(one for one in known if one.step not in steps), *recorded]


UNISOLATED: dict[str, Callable[[Recorded], Recorded]] = {
    "nobody looked at the surroundings": _instead(),
    "a node has a way out": changed(
        surroundings.Step.WAY_OUT, 1, result={"tried": ["10.0.0.1:7"], "reached": ["10.0.0.1:7"]}
    ),
    "no way out was tried": changed(surroundings.Step.WAY_OUT, result={"tried": NONE, "reached": NONE}),
    "a way out cannot be tried": error(surroundings.Step.WAY_OUT),
    "an undeclared peer": _instead(*_connected(("10.0.0.1:40002", "10.0.0.3:5432"))),
    "an undeclared peer on a declared host": _instead(*_connected(("10.0.0.1:40002", "10.0.0.2:5432"))),
    "connections of another process": _instead(
        *_connected()[:-1],
        changed(surroundings.Step.CONNECTIONS, result={"listens": NONE, "open": NONE})([_connected()[-1]])[0],
    ),
    "connections that cannot be seen": _instead(
        *_connected()[:-1], error(surroundings.Step.CONNECTIONS)([_connected()[-1]])[0]
    ),
    "a node that is not isolated": _instead(*_isolated(*_isolated_ends(), fired=False)),
    "a node that cannot be isolated": _instead(
        *error(surroundings.Step.ISOLATED, 1)(_isolated(*_isolated_ends(), fired=False))
    ),
    "an undeclared peer of an isolated node": _instead(
        *_isolated(_sockets("a", "b", ("10.0.0.1:40002", "10.9.9.9:5432")), _sockets("b", "a"))
    ),
    "an endpoint that does not serve isolated": _instead(*_isolated(*_isolated_ends(), serves=False)),
    "nobody asked whether it serves isolated": _instead(
        *(one for one in _isolated(*_isolated_ends()) if one.step != surroundings.Step.SERVES)
    ),
}
ISOLATED: dict[str, Callable[[Recorded], Recorded]] = {
    "no undeclared peer": _instead(*_connected()),
    "isolated, and no undeclared peer": _instead(*_isolated(*_isolated_ends())),
    "isolated, and nobody sees its connections": _instead(*_isolated()),
}


def _stored(*grown: int, full: int = 0) -> list[Observation]:
    """24 MiB are written; the nodes grow by so many. They had `full` bytes and a little."""
    step, before, after = stored.Step, [], []
    for number, growth in enumerate(grown):
        node, had = f"n{number}", 1000 + number + full
        before.append(seen(step.BEFORE, node, "provider", result=had, declared=True))
        after.append(seen(step.AFTER, node, "provider", result=had + growth, declared=True))
    writes = [seen(step.WRITE, required=True, bytes=8 << 20) for _ in range(3)]
    return [*before, *writes, *after]


def _grown(*grown: int, full: int = 0, most: int = 0) -> Callable[[Recorded], Recorded]:
    """Other growth; `most`: of every node, at a look in between."""
    steps = {str(step) for step in stored.Step}
    between = [
        seen(stored.Step.MOST, f"n{number}", "provider", result=most + full)
        for number, _ in enumerate(grown)
        if most
    ]
    return lambda known: [
        *(one for one in known if one.step not in steps),
        *_stored(*grown, full=full),
        *between,
    ]


def _endpoints() -> list[Observation]:
    made = []
    for number, end in enumerate(ENDS):
        at: Asked = {
            "host": f"127.0.0.{number}",
            "port": 9,
            "instance": f"{end}-0",
            "node": end,
            "by_host": True,
        }
        made.append(seen(stops.Step.ENDPOINT, end, "provider", result=True, **at))
    return [*made, *_cut_off()]


def _volumes() -> list[Observation]:
    facts: list[JsonValue] = [["a", "zfs", "RWO"], ["b", "zfs", "RWO"]]
    return [
        seen(stops.Step.VOLUMES, "the candidate", "provider", result=facts),
        *_cut_off(),
        *_stored(W, W, W),
    ]


def _response() -> list[Observation]:
    step, who = stops.Step, "the candidate"
    before, after = (
        [seen(each, end, required=True, result=[["k@1", "v"]]) for end in ENDS]
        for each in (step.BEFORE, step.AFTER)
    )
    return [
        seen(step.PLANT, required=True, bucket="v", key="k"),
        *before,
        seen(step.RESPONSE, who, "provider", result={"divergences": NONE}),
        seen(step.CALLS, who, "provider", result=NONE),
        *after,
        _planted([{"key": "planted-1"}]),
    ]


def _planted(divergences: JsonValue, *, visible: bool = True) -> Observation:
    found: JsonValue = {
        "what": "its index lost an object",
        "key": "planted-1",
        "divergences": divergences,
        "visible": visible,
    }
    return seen(stops.Step.PLANTED, "the candidate", "provider", result=found)


def _trips(caches: stops.Caches, number: int) -> list[Observation]:
    return [seen(stops.Step.TRIP, end, result="v", value="v", caches=caches, number=number) for end in ENDS]


def _caches() -> list[Observation]:
    step, url = stops.Step, "http://cache"
    there, away = (seen(each, url, "provider", result=True) for each in (step.CACHE_THERE, step.CACHE_AWAY))
    return [there, away, *_trips(stops.Caches.STOPPED, 0), *_cut_off()]


def _failing(*, back: bool) -> list[Observation]:
    """No try without the caches succeeds; with them back it does, or not."""
    there = [one for one in _caches() if one.step != stops.Step.TRIP]
    tries = [_trips(stops.Caches.STOPPED, number) for number in range(3)]
    last = _trips(stops.Caches.BACK, 3)
    broken = [[first, lost(stops.Step.TRIP)([second])[0]] for first, second in tries]
    return [
        *there,
        *(one for made in broken for one in made),
        *(last if back else lost(stops.Step.TRIP)(last)),
    ]


B, C, S = contract.Step.BUCKETS, contract.Step, stops.Step

CASES = (
    Case(
        "P0.1",
        _accepted(),
        {"refused": error(B, 1, 403), "no answer": lost(B), "no answer to read": error(B, 0, 200)},
    ),
    Case("P0.2", _accepted(), {"refused": error(B, 1, 403), "the reader is refused": error(B, 3, 403)}),
    Case(
        "P0.3",
        _versioning(),
        {
            "never enabled": changed(C.VERSIONING, 2, result="never enabled"),
            "enabled too late": changed(C.VERSIONING, 2, invoked=12.5, completed=12.6),
            "suspended": changed(C.VERSIONING, result="Suspended"),
            "not readable": error(C.VERSIONING, 0, 501),
            "the state bucket is suspended": changed(C.STATE_BUCKET, result="Suspended"),
            "the suspended bucket is not": changed(C.SUSPENDED, 2, result="Enabled"),
            "suspended too late": changed(C.SUSPENDED, 2, invoked=12.5, completed=12.6),
            "the suspended bucket is not readable": error(C.SUSPENDED, 0, 501),
            "the state bucket never had versions": changed(C.STATE_BUCKET, result="never enabled"),
        },
        unknown={
            "the state bucket may not be looked at": error(C.STATE_BUCKET, 0, 403),
            "the state bucket does not answer": lost(C.STATE_BUCKET),
            "there is no suspended bucket": lambda recorded: [
                one for one in recorded if one.step != C.SUSPENDED
            ],
        },
        proved={"there is no state bucket yet": error(C.STATE_BUCKET, 0, 404)},
    ),
    Case(
        "P0.4",
        _serving(seen(C.EXCESS, "the contract", "provider", result=NONE)),
        {
            "not ready": changed(C.IN_SERVICE, 1, result=False),
            "promises too much": changed(C.EXCESS, result=["contract.failure.rto_seconds.crash = 3600 s"]),
        },
    ),
    Case(
        "P0.5",
        _observed(),
        {
            "nobody has a metric": lambda recorded: [
                changed(C.METRICS, 0, result=NAMES[1:])([one])[0] if one.step == C.METRICS else one
                for one in recorded
            ],
            "no page answers": lambda recorded: [
                lost(C.METRICS)([one])[0] if one.step == C.METRICS else one for one in recorded
            ],
            "rules that do not load": lost(C.ALERT_RULES),
            "rules that watch nothing": changed(
                C.ALERT_RULES, result=[{"alert": "A", "record": None, "expr": "up == 0"}]
            ),
            "rules that do not parse": changed(
                C.ALERT_RULES, result=[{"alert": "A", "record": None, "expr": f"sum({NAMES[0]}"}]
            ),
        },
        proved={"one page less": lost(C.METRICS)},
    ),
    Case(
        "P0.6",
        [seen(B, result={"buckets": 3, "shared": NONE})],
        {
            "a cache's bucket": changed(B, result={"buckets": 3, "shared": ["attic"]}),
            "a malformed listing": changed(B, outcome="malformed", status=200, result=None),
        },
        unknown={"no answer": lost(B), "refused": error(B, 0, 403)},
    ),
    Case("P0.7", _serving(), {"one node": changed(C.IN_SERVICE, result=False)}),
    Case(
        "S.1",
        _endpoints(),
        {
            "one host": changed(
                S.ENDPOINT,
                1,
                asked={"host": "127.0.0.0", "port": 8, "instance": "b-0", "node": "b", "by_host": True},
            ),
            "one instance": changed(
                S.ENDPOINT,
                1,
                asked={"host": "127.0.0.1", "port": 9, "instance": "a-0", "node": "b", "by_host": True},
            ),
            "one node": changed(
                S.ENDPOINT,
                1,
                asked={"host": "127.0.0.1", "port": 9, "instance": "b-0", "node": "a", "by_host": True},
            ),
            "one in service": changed(S.ENDPOINT, 1, result=False),
        },
        unknown=UNISOLATED,
        proved={
            "two ports of one host that the suite started": lambda recorded: [
                one.model_copy(
                    update={"asked": {**one.asked, "host": "127.0.0.1", "port": number, "by_host": False}}
                )
                if one.step == S.ENDPOINT
                else one
                for number, one in enumerate(recorded)
            ],
            **ISOLATED,
        },
    ),
    Case(
        "S.2",
        _volumes(),
        {
            "one node": changed(S.VOLUMES, result=[["a", "zfs", "RWO"]]),
            "nothing durable": changed(
                S.VOLUMES, result=[["a", "local-path", "RWO"], ["b", "scratch", "RWO"]]
            ),
            "one node grows": _grown(W, 0, 1 << 20),
        },
        unknown={
            "none known": changed(S.VOLUMES, result=NONE),
            "not readable": lost(S.VOLUMES),
            "no node grows": _grown(0, 0, 0),
            "the others may have reused their space": _grown(W, 0, 0, full=W),
            "nobody looked at the bytes": _grown(),
            "the bytes cannot be seen": error(stored.Step.BEFORE),
            "the bytes cannot be seen any more": error(stored.Step.AFTER, 2),
            "nothing was written": lambda recorded: [
                one for one in recorded if one.step != stored.Step.WRITE
            ],
            "three nodes with the numbers of one": lambda recorded: [
                one.model_copy(update={"result": W if one.step == stored.Step.AFTER else 0})
                if one.step in (stored.Step.BEFORE, stored.Step.AFTER)
                else one
                for one in recorded
            ],
            **UNISOLATED,
        },
        proved={
            "two of three nodes grow": _grown(W, W, 0),
            "a log that is rotated gives back": _grown(W, 0, -1000, full=W, most=W),
            "shares of erasure coding": _grown(W // 2, W // 2, W // 2),
            **ISOLATED,
        },
    ),
    Case("S.3", _versioning(), {"never enabled": changed(C.VERSIONING, 2, result="never enabled")}),
    Case(
        "S.4",
        _response(),
        {
            "objects differ": changed(S.AFTER, 1, result=[["k@2", "v"]]),
            "it writes": changed(S.CALLS, result=["1.0 write heal all"]),
            "it finds what is not there": changed(S.RESPONSE, result={"divergences": ["k"]}),
            "it cannot be done": error(S.RESPONSE),
            "it fails": lost(S.RESPONSE),
            "it does not find what was planted": changed(S.PLANTED, result=_planted(NONE).result),
            "it finds another one only": changed(S.PLANTED, result=_planted([{"key": "other"}]).result),
        },
        unknown={
            "it says nothing": changed(S.RESPONSE, result={"divergences": None}),
            "nothing can be planted": error(S.PLANTED),
            "the copy does not work": lost(S.PLANTED),
            "no client sees it": changed(
                S.PLANTED, result=_planted([{"key": "planted-1"}], visible=False).result
            ),
            "nothing was planted": lambda recorded: [one for one in recorded if one.step != S.PLANTED],
        },
    ),
    Case(
        "S.5",
        _caches(),
        {"only with the caches": lambda _recorded: _failing(back=True)},
        unknown={
            "never": lambda _recorded: _failing(back=False),
            "nobody serves them": changed(S.CACHE_THERE, result=False),
            "they stay": changed(S.CACHE_AWAY, result=False),
            **UNISOLATED,
        },
        proved=ISOLATED,
    ),
)
