"""Evidence that is not what it says: written by hand, edited, of another suite, dropped, forged. No store lies here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readiness.candidate.load import load
from readiness.criteria import MANIFEST
from readiness.evidence.folder import SEAL, digests
from readiness.finding import proved, refuted
from readiness.gate.signature import signer_of
from readiness.plugin.description import revision
from tests.battery.defect import Defect, Options
from tests.report.folders import Made, make

ALL_PHASES = (0, 1, 2, 3)
RED_RUN, LATER_RUN = "20261124T094608Z-embedded-000001", "20261124T104608Z-embedded-000002"
BY_HAND = {criterion.id: proved("it is fine", 9) for criterion in MANIFEST if criterion.phase in ALL_PHASES}


def about(*, hours: float = 0, **more: Any) -> dict[str, Any]:
    """That it is of the embedded control, of this commit, and begun that many hours ago."""
    started = datetime.now(UTC) - timedelta(hours=hours)
    return {
        "started": started.isoformat(timespec="seconds"),
        "suite": revision(),
        "fingerprint": load("embedded").fingerprint,
        **more,
    }


def seal_anew(folder: Path) -> None:
    """As whoever can write files can."""
    apart = [name for name in ("statement.json", "statement.dsse.json") if (folder / name).exists()]
    files = digests(folder) | {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in apart}
    root = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    (folder / SEAL).write_text(json.dumps({"sealed": "now", "root": root, "files": files}))


def claim(folder: Path, states: Mapping[str, str], **verdict: str) -> Path:
    """Writes other states into the verdict, and seals it anew."""
    path = folder / "verdict.json"
    row = json.loads(path.read_text())
    for each in row["criteria"]:
        if each["id"] in states:
            each["state"], each["observations"] = states[each["id"]], 9
    row["counts"] = {s: sum(each["state"] == s for each in row["criteria"]) for s in row["counts"]}
    path.write_text(json.dumps(row | verdict))
    seal_anew(folder)
    return folder


def key_pair(folder: Path, name: str) -> Path:
    """A private key; its public key lies beside it."""
    private, path = Ed25519PrivateKey.generate(), folder / name
    openssh, plain = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    path.write_bytes(private.private_bytes(serialization.Encoding.PEM, openssh, plain))
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    path.with_suffix(".pub").write_bytes(private.public_key().public_bytes(encoding, form) + b"\n")
    return path


def given(*folders: Path) -> list[str]:
    return [part for folder in folders for part in ("--evidence", str(folder))]


def by_hand(place: Path) -> list[str]:
    return given(make(place, Made(about=about(), phases=ALL_PHASES, findings=BY_HAND)))


def hides_a_loss(place: Path) -> list[str]:
    return given(claim(make(place, Made(lose=True, about=about(), phases=(1,))), {"P1.13": "PROVED"}))


def drops_a_red(place: Path) -> list[str]:
    """The red run is given, and a later one that left the red criterion out."""
    red = {"P2.8": refuted("two held one lock")}
    first = make(place, Made(about=about(hours=2), phases=ALL_PHASES, findings=BY_HAND | red), RED_RUN)
    second = make(place, Made(about=about(hours=1), findings={"P2.9": proved("fine", 3)}), LATER_RUN)
    return given(first, second)


def of(**changed: Any) -> Callable[[Path], list[str]]:
    return lambda place: given(make(place, Made(about=about(**changed), phases=ALL_PHASES)))


def too_old(place: Path) -> list[str]:
    return given(make(place, Made(about=about(hours=25), phases=ALL_PHASES)))


def altered(place: Path) -> list[str]:
    folder = make(place, Made(lose=True, about=about(), phases=(1,)))
    history = next((folder / "history").iterdir())
    history.write_text(history.read_text().replace('"status": 404', '"status": 200', 1) + "\n")
    return given(folder)


def interrupted(place: Path) -> list[str]:
    folder = make(place, Made(about=about(), phases=ALL_PHASES))
    return given(claim(folder, {}, verdict="INTERRUPTED"))


def unsigned(place: Path) -> list[str]:
    key = key_pair(place, "key")
    folder = make(place, Made(about=about(), phases=ALL_PHASES))
    return [*given(folder), "--require-signature", str(key.with_suffix(".pub"))]


def of_a_stranger(place: Path) -> list[str]:
    key, stranger = key_pair(place, "key"), key_pair(place, "stranger")
    folder = make(place, Made(about=about(), phases=ALL_PHASES, signer=signer_of(stranger)))
    return [*given(folder), "--require-signature", str(key.with_suffix(".pub"))]


def forged(place: Path) -> list[str]:
    """Signed when it was red, and green now."""
    key = key_pair(place, "key")
    red = {"P2.8": refuted("two held one lock")}
    made = Made(about=about(), phases=ALL_PHASES, findings=BY_HAND | red, signer=signer_of(key))
    folder = claim(make(place, made), {"P2.8": "PROVED"})
    return [*given(folder), "--require-signature", str(key.with_suffix(".pub"))]


def _taken(name: str, does: str, id_: str, says: str, options: Options) -> Defect:
    """Evidence that is read: the gate says of that criterion what is so."""
    return Defect(name, "issue 28", does, (id_,), says, options=options, runs=("P4.1",), never_proved=True)


def _refused(name: str, does: str, says: str, options: Options) -> Defect:
    """Evidence that ends the run before anything is judged."""
    return Defect(name, "issue 28", does, ("P4.1",), says, options=options, refuses=True)


DEFECTS = (
    _taken(
        "evidence-by-hand", "a sealed folder that somebody wrote", "P3.0", "cannot be judged again", by_hand
    ),
    _taken(
        "evidence-hides-a-loss",
        "PROVED is written over a lost write",
        "P1.13",
        "lost acknowledged write",
        hides_a_loss,
    ),
    _taken(
        "evidence-drops-a-red", "a later part of a run leaves a red out", "P2.8", "two held one", drops_a_red
    ),
    _refused(
        "evidence-of-a-changed-suite",
        "the suite was changed and not committed",
        "was made by the suite at abc1234-dirty",
        of(suite="abc1234-dirty"),
    ),
    _refused(
        "evidence-of-another-commit",
        "another commit's suite made it",
        "was made by the suite at abc1234, this run is",
        of(suite="abc1234"),
    ),
    _refused(
        "evidence-of-another-candidate",
        "another candidate's evidence is given",
        "is of another candidate: fingerprint bbbbbbbbbbbb",
        of(fingerprint="b" * 64),
    ),
    _refused("evidence-too-old", "it is 25 hours old", "h old; at most 24 h count", too_old),
    _refused("evidence-altered", "a history was edited after the seal", "after the run was sealed", altered),
    _refused(
        "evidence-of-an-interrupted-run",
        "the run did not end",
        "is of a run that was interrupted",
        interrupted,
    ),
    _refused("evidence-unsigned", "a signature is asked for, and there is none", "is not signed", unsigned),
    _refused(
        "evidence-signed-by-a-stranger",
        "somebody else's key signed it",
        "not signed by a key of --require-signature",
        of_a_stranger,
    ),
    _refused(
        "evidence-forged",
        "a red was made green after the signature",
        "was changed after it was signed",
        forged,
    ),
)
