"""What the candidate's file runs of the control's administration: is it whole, its check, rotation and repair.

    python3 control_admin.py whole | check | rotate-add | rotate-retire | plant | remove-planted | repair

CONTROL_ADMIN is the admin URL of the Service, CONTROL_ADMIN_TOKEN the token. The suite sets READINESS_ACCESS_KEY
(rotate-retire), READINESS_NEW_ACCESS_KEY (rotate-add), READINESS_BUCKET and READINESS_KEY (plant, remove-planted),
READINESS_PODS and READINESS_SURVIVORS (repair). Needs nothing but Python.
"""

import json
import os
import secrets
import sys
import time
import urllib.request

SECONDS = 30.0
CHECK_SECONDS = 60.0
"""A check reads every body."""


def call(
    base: str, method: str, path: str, body: dict[str, str] | None = None, seconds: float = SECONDS
) -> str:
    """The answer's body. Raises OSError, also for an answer that is no success."""
    token = os.environ.get("CONTROL_ADMIN_TOKEN", "")
    request = urllib.request.Request(  # noqa: S310 — the operator's own URL
        base.rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {token}"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=seconds) as answer:
        return str(answer.read().decode())


def anywhere(method: str, path: str, body: dict[str, str] | None = None, seconds: float = SECONDS / 5) -> str:
    """The same through the Service, again and again for a while: it may lead to a pod that does not answer."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return call(os.environ["CONTROL_ADMIN"], method, path, body, seconds)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def whole() -> str:
    """Raises OSError unless three members vote."""
    said = anywhere("GET", "/members")
    if not json.loads(said)["whole"]:
        raise OSError(f"not whole: {said}")
    return said


def check() -> str:
    """What the check found. Raises OSError with it if that is anything."""
    said = anywhere("GET", "/check", seconds=CHECK_SECONDS)
    if json.loads(said)["divergences"]:
        raise OSError(said)
    return said


def rotate_add() -> str:
    """A new administrative credential."""
    made = {"access_key": os.environ["READINESS_NEW_ACCESS_KEY"], "secret_key": secrets.token_urlsafe(30)}
    anywhere("POST", "/users", {**made, "role": "admin"})
    return json.dumps(made)


def divergence(method: str) -> str:
    """One scratch object that the index has lost, or has again; a control that is started with --plantable."""
    return anywhere(
        method, "/plant", {"bucket": os.environ["READINESS_BUCKET"], "key": os.environ["READINESS_KEY"]}
    )


def repair() -> str:
    """A survivor replaces the member whose disk is empty; its pod waits for that."""
    failures = []
    for pod in os.environ["READINESS_PODS"].split():
        for survivor in os.environ["READINESS_SURVIVORS"].split():
            try:
                body = {"name": pod, "peer_url": f"http://{pod}.state-peers:9002"}
                return call(survivor, "POST", "/members/replace", body)
            except OSError as error:
                failures.append(f"{survivor}: {error}")
    raise OSError("; ".join(failures) or "there is no pod, or no survivor")


VERBS = {
    "whole": whole,
    "check": check,
    "rotate-add": rotate_add,
    "rotate-retire": lambda: anywhere("DELETE", f"/users/{os.environ['READINESS_ACCESS_KEY']}"),
    "plant": lambda: divergence("POST"),
    "remove-planted": lambda: divergence("DELETE"),
    "repair": repair,
}


def main() -> int:
    """0 is done; 1 it was refused; 4 a wrong call."""
    if len(sys.argv) != 2 or sys.argv[1] not in VERBS:
        print(__doc__, file=sys.stderr)
        return 4
    try:
        print(VERBS[sys.argv[1]]())
    except (OSError, KeyError) as error:
        print(f"{sys.argv[1]}: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
