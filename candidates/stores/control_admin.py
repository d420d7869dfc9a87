"""What an operator of the embedded control has as scripts.

    control_admin.py whole | check | add | retire | plant | remove-planted | replace NODE

The provider `containers` says in READINESS_… where the nodes are, and the token of their admin port.
"""

import json
import os
import sys
import time
import urllib.request

NODES = os.environ["READINESS_NODES"].split()
ADMIN, PEER = 9001, 9002


def address(node: str) -> str:
    """That node's address."""
    return os.environ["READINESS_ADDRESS_" + node.upper().replace("-", "_")]


def call(node: str, path: str, method: str = "GET", body: object = None, seconds: float = 20) -> str:
    """What the admin port of that node answers. Raises OSError."""
    headers = {"Authorization": f"Bearer {os.environ['READINESS_TOKEN']}"}
    data = json.dumps(body).encode() if body is not None else None
    url = f"http://{address(node)}:{ADMIN}{path}"
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        request, timeout=seconds
    ) as answer:
        text: str = answer.read().decode()
    return text


def anywhere(path: str, method: str, body: object = None) -> None:
    """Ask the first node that is ready and does it; ends the program with 1 if none does in 10 s."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for node in NODES:
            try:
                call(node, "/readyz", seconds=1)
                call(node, path, method, body)
            except OSError as error:
                print(f"{node}: {error}", file=sys.stderr)
            else:
                return
        time.sleep(0.5)
    sys.exit(1)


def main(verb: str, *arguments: str) -> None:
    """Do it; exit status 0 says that it is so, or is done."""
    if verb == "whole":
        sys.exit(not all(json.loads(call(node, "/members", seconds=1))["whole"] for node in NODES))
    elif verb == "check":
        found = [one for node in NODES for one in json.loads(call(node, "/check"))["divergences"] or ()]
        print(json.dumps({"divergences": found, "nodes": len(NODES)}))
        sys.exit(1 if found else 0)
    elif verb == "replace":
        (node,) = arguments
        anywhere("/members/replace", "POST", {"name": node, "peer_url": f"http://{address(node)}:{PEER}"})
    elif verb == "add":
        made = {"access_key": os.environ["READINESS_NEW_ACCESS_KEY"], "secret_key": os.urandom(20).hex()}
        anywhere("/users", "POST", {**made, "role": "admin"})
        print(json.dumps(made))
    elif verb in ("plant", "remove-planted"):
        planted = {"bucket": os.environ["READINESS_BUCKET"], "key": os.environ["READINESS_KEY"]}
        anywhere("/plant", "POST" if verb == "plant" else "DELETE", planted)
    elif verb == "retire":
        anywhere(f"/users/{os.environ['READINESS_ACCESS_KEY']}", "DELETE")
    else:
        sys.exit(f"unknown: {verb}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(str(error))
