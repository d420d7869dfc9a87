"""Earlier evidence at the gate: judged again, of the same suite, signed where that is asked; no retry hides a red."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readiness.criteria import MANIFEST
from readiness.errors import UsageError
from readiness.evidence.folder import SEAL, digests, verify_seal
from readiness.finding import Finding, State, proved, refuted
from readiness.gate.earlier import Earlier, programs_of, read_earlier, taken_over
from readiness.gate.signature import BadSignature, accepted_keys, sign, signer_of, verify
from tests.report.folders import Made, make

SUITE = "abc1234"
FINGERPRINT = "a" * 64
ABOUT = {"started": datetime.now(UTC).isoformat(timespec="seconds")}
RUN = "20261124T094608Z-embedded-7b0c3b"


def read(folder: Path, *, suite: str = SUITE, fingerprint: str = FINGERPRINT, keys: Any = ()) -> Earlier:
    loaded: Any = SimpleNamespace(fingerprint=fingerprint)
    (run,) = read_earlier([folder], loaded, suite, keys)
    return run


def forge(folder: Path, changes: Mapping[str, str]) -> None:
    """Writes other states into the verdict by hand, and seals the folder anew, as whoever can write files can."""
    path = folder / "verdict.json"
    verdict = json.loads(path.read_text())
    for row in verdict["criteria"]:
        if row["id"] in changes:
            row["state"], row["observations"] = changes[row["id"]], 9
    verdict["counts"] = {s: sum(r["state"] == s for r in verdict["criteria"]) for s in verdict["counts"]}
    path.write_text(json.dumps(verdict))
    apart = [name for name in ("statement.json", "statement.dsse.json") if (folder / name).exists()]
    files = digests(folder) | {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in apart}
    root = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    (folder / SEAL).write_text(json.dumps({"sealed": "now", "root": root, "files": files}))
    assert verify_seal(folder)


def key_pair(path: Path, private: Ed25519PrivateKey | EllipticCurvePrivateKey) -> Path:
    """Writes the two files of ssh-keygen for this key."""
    openssh, plain = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    path.write_bytes(private.private_bytes(serialization.Encoding.PEM, openssh, plain))
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    path.with_suffix(".pub").write_bytes(private.public_key().public_bytes(encoding, form) + b" operator\n")
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; its public key lies beside it."""
    return key_pair(tmp_path / "id_ed25519", Ed25519PrivateKey.generate())


def test_stored_histories_are_judged_again(tmp_path: Path) -> None:
    run = read(make(tmp_path, Made(about=ABOUT, phases=(1,))))
    assert run.findings["P1.14"].state is State.PROVED
    assert run.findings["P1.14"].reason.endswith(f"[{RUN}]")
    assert run.phases == {1}
    assert run.programs == {"control": "1.0.0", "tofu": "1.12.6"}


def test_a_verdict_written_by_hand_does_not_hide_what_the_histories_say(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(lose=True, about=ABOUT))
    assert read(folder).findings["P1.13"].state is State.REFUTED
    forge(folder, {"P1.13": "PROVED"})
    assert read(folder).findings["P1.13"].state is State.REFUTED


def test_what_cannot_be_judged_again_is_unknown(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(about=ABOUT))
    forge(folder, {"P1.4": "PROVED", "P3.0": "PROVED", "P2.8": "REFUTED"})
    findings = read(folder).findings
    assert findings["P1.4"].state is State.UNKNOWN
    assert findings["P3.0"].state is State.UNKNOWN
    assert "cannot be judged again" in findings["P3.0"].reason
    assert findings["P2.8"].state is State.REFUTED, "a refusal stands, however it came about"


def test_a_signature_does_not_stand_for_what_cannot_be_judged_again(tmp_path: Path, key: Path) -> None:
    made = Made(about=ABOUT, signer=signer_of(key), findings={"P3.0": proved("one at a time", 4)})
    folder = make(tmp_path, made)
    keys = accepted_keys(key.with_suffix(".pub"))
    run = read(folder, keys=keys)
    assert run.signed_by == keys[0].keyid
    assert run.findings["P3.0"].state is State.UNKNOWN
    assert "cannot be judged again" in run.findings["P3.0"].reason
    forge(folder, {"P3.0": "PROVED"})
    with pytest.raises(UsageError, match="was changed after it was signed"):
        read(folder, keys=keys)


def test_the_signature_must_be_there_and_of_an_accepted_key(tmp_path: Path, key: Path) -> None:
    folder = make(tmp_path, Made(about=ABOUT))
    keys = accepted_keys(key.with_suffix(".pub"))
    with pytest.raises(UsageError, match="is not signed"):
        read(folder, keys=keys)
    other = key_pair(tmp_path / "other", generate_private_key(SECP256R1()))
    sign(folder, signer_of(other))
    with pytest.raises(BadSignature, match="not signed by a key of --require-signature"):
        verify(folder, keys)
    assert verify(folder, accepted_keys(other.with_suffix(".pub")))


def test_a_file_that_holds_no_key_gets_one_clear_message(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a key\n")
    with pytest.raises(UsageError, match="not a private key without a passphrase"):
        signer_of(text)
    with pytest.raises(UsageError, match="not a file of public keys"):
        accepted_keys(text)
    with pytest.raises(UsageError, match="cannot be read"):
        accepted_keys(tmp_path / "absent")


@pytest.mark.parametrize(
    ("about", "suite", "message"),
    [
        ({}, "def5678", "was made by the suite at abc1234, this run is def5678"),
        ({"suite": "abc1234-dirty"}, "abc1234-dirty", "was made by a changed suite"),
        ({"suite": "unknown"}, "unknown", "was made by a suite whose commit is not known"),
        (
            {"started": (datetime.now(UTC) - timedelta(hours=25)).isoformat()},
            SUITE,
            "h old; at most 24 h count",
        ),
        ({"started": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}, SUITE, "h old"),
        ({"fingerprint": "b" * 64}, SUITE, "is of another candidate: fingerprint bbbbbbbbbbbb"),
        ({"surprise": 1}, SUITE, "cannot be read: ValidationError"),
    ],
)
def test_evidence_that_does_not_fit_is_refused(
    tmp_path: Path, about: dict[str, Any], suite: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        read(make(tmp_path, Made(about=ABOUT | about)), suite=suite)


def test_evidence_of_an_interrupted_run_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(about=ABOUT))
    path = folder / "verdict.json"
    path.write_text(
        path.read_text().replace(
            '"verdict": "NOTHING PROVED: no phase was selected whole"', '"verdict": "INTERRUPTED"'
        )
    )
    forge(folder, {})
    with pytest.raises(UsageError, match="is of a run that was interrupted"):
        read(folder)


def earlier(name: str, hours_ago: int, phases: set[int], states: Mapping[str, Finding]) -> Earlier:
    """A run of long ago in which every criterion of its phases is PROVED but these."""
    findings = {c.id: proved("seen", 1) for c in MANIFEST if c.phase in phases} | dict(states)
    started = datetime.now(UTC) - timedelta(hours=hours_ago)
    return Earlier(name, Path(name), started, SUITE, frozenset(phases), {}, None, findings)


PHASE_1 = frozenset(c.id for c in MANIFEST if c.phase == 1)


def test_a_refusal_counts_though_another_run_did_not_see_it() -> None:
    red, green = (
        earlier(n, h, {1}, s) for n, h, s in (("green", 3, {}), ("red", 2, {"P1.13": refuted("lost")}))
    )
    taken = taken_over([red, green], frozenset())
    assert State.REFUTED in {f.state for f in taken.findings["P1.13"]}
    assert taken.findings["P1.4"][0].state is State.PROVED


def test_a_later_whole_run_supersedes_a_refusal_and_both_are_shown() -> None:
    red, green = earlier("red", 3, {1}, {"P1.13": refuted("lost")}), earlier("green", 2, {1}, {})
    taken = taken_over([red, green], frozenset())
    assert [f.state for f in taken.findings["P1.13"]] == [State.PROVED]
    assert taken.superseded == {"P1.13": ["red: lost"]}
    here = taken_over([red], PHASE_1)
    assert "P1.13" not in here.findings
    assert here.superseded == {"P1.13": ["red: lost"]}


def test_judging_only_the_red_criterion_anew_does_not_hide_it() -> None:
    taken = taken_over([earlier("red", 3, {1}, {"P1.13": refuted("lost")})], frozenset({"P1.13"}))
    assert [f.state for f in taken.findings["P1.13"]] == [State.REFUTED]


def test_a_phase_that_was_not_judged_whole_proves_nothing_and_refutes() -> None:
    part = earlier("part", 1, set(), {"P1.1": proved("seen", 1), "P1.2": refuted("absent")})
    taken = taken_over([part], frozenset())
    assert taken.findings.keys() == {"P1.2"}


def test_programs_are_those_of_the_store_and_tofu() -> None:
    assert programs_of({"versions": {"etcd": "3.7"}, "tofu": "1.12.6", "seal": "x"}) == {
        "etcd": "3.7",
        "tofu": "1.12.6",
    }
    assert programs_of({}) == {}
