"""What an operator of the control would have as scripts. The token is in CONTROL_ADMIN_TOKEN."""

import fcntl
import json
import os
import struct
import sys
import time
import urllib.request
from pathlib import Path


def call(url: str, method: str = "GET", body: object = None, seconds: float = 30) -> str:
    headers = {"Authorization": f"Bearer {os.environ['CONTROL_ADMIN_TOKEN']}"} if method != "GET" else {}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own URL
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        request, timeout=seconds
    ) as answer:
        text: str = answer.read().decode()
    return text


def anywhere(admins: list[str], path: str, method: str, body: object = None) -> None:
    for _ in range(20):
        for admin in admins:
            try:
                call(admin + "/readyz", seconds=1)
                call(admin + path, method, body)
            except OSError as error:
                print(f"{admin}: {error}", file=sys.stderr)
            else:
                return
        time.sleep(0.5)
    sys.exit(1)


def cut(point: str) -> None:
    """EXT4_IOC_SHUTDOWN without flushing the journal."""
    opened = os.open(point, os.O_RDONLY)
    fcntl.ioctl(opened, 0x8004587D, struct.pack("I", 2))
    os.close(opened)


def main(verb: str, *arguments: str) -> None:
    if verb == "whole":
        for admin in arguments:
            if not json.loads(call(admin + "/members", seconds=1))["whole"]:
                sys.exit(1)
    elif verb == "check":
        found = [one for admin in arguments for one in json.loads(call(admin + "/check"))["divergences"]]
        print(json.dumps({"divergences": found, "nodes": len(arguments)}))
        sys.exit(1 if found else 0)
    elif verb == "replace":
        name, peer, *admins = arguments
        anywhere(admins, "/members/replace", "POST", {"name": name, "peer_url": peer})
    elif verb == "add":
        made = {"access_key": os.environ["READINESS_NEW_ACCESS_KEY"], "secret_key": os.urandom(20).hex()}
        if added := os.environ.get("LAB_ADDED"):  # a test asks later whether they still work
            with Path(added).open("a") as out:
                out.write(json.dumps(made) + "\n")
        anywhere(list(arguments), "/users", "POST", {**made, "role": "admin"})
        print(json.dumps(made))
    elif verb == "cut":
        cut(*arguments)
    elif verb == "retire":
        anywhere(list(arguments), f"/users/{os.environ['READINESS_ACCESS_KEY']}", "DELETE")
    else:
        planted = {"bucket": os.environ["READINESS_BUCKET"], "key": os.environ["READINESS_KEY"]}
        anywhere(list(arguments), "/plant", {"plant": "POST", "remove": "DELETE"}[verb], planted)


if __name__ == "__main__":
    main(*sys.argv[1:])
