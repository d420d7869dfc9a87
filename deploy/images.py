"""Whether every image is named by its digest: kubectl kustomize my-overlay | python3 deploy/images.py

A tag may name another image tomorrow than it does today; a digest cannot. Exit code 4, with one line, where one is not.
"""

import re
import sys

IMAGE = re.compile(r"^\s*(?:- )?image:\s*[\"']?([^\"'\s]+)", re.MULTILINE)
PINNED = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")


def refused(manifests: str) -> list[str]:
    """The images that are not by digest, each once."""
    return [image for image in dict.fromkeys(IMAGE.findall(manifests)) if not PINNED.fullmatch(image)]


def main() -> int:
    """Exit code 0: each is; 4: one is not, or there is none."""
    manifests = sys.stdin.read()
    if not IMAGE.search(manifests):
        print("images.py: there is no image on standard input: give it rendered manifests", file=sys.stderr)
        return 4
    if found := refused(manifests):
        print(
            f"images.py: {', '.join(found)}: not named by digest; in the overlay's kustomization.yaml write "
            "images: [{name: NAME, newName: REGISTRY/NAME, digest: sha256:…}], with the digest that the push printed",
            file=sys.stderr,
        )
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
