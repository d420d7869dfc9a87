"""The options of a run, for its command and for pytest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from readiness import paths


def add_options(add: Callable[..., object]) -> None:
    """Registers the options of a run with `add`, which takes what `argparse.ArgumentParser.add_argument` takes."""
    add(
        "--candidate",
        default="embedded",
        metavar="NAME|PATH",
        help="name of a file in candidates/, or path of a candidate file",
    )
    add(
        "--expect-interim",
        action="store_true",
        help="the candidate's expected-red list must be red, and nothing else",
    )
    add(
        "--allow-faults", action="store_true", help="allow faults on a candidate that the suite did not start"
    )
    add(
        "--faults-on-state",
        metavar="BUCKET",
        help="allow faults although this state bucket of the candidate holds state",
    )
    add(
        "--dry-run",
        action="store_true",
        help="print what a run would find and do, in which order, and change nothing",
    )
    add(
        "--stacks",
        type=Path,
        metavar="DIR",
        help="checkout with tofu/stacks/NAME/backend.tf of the protected stacks",
    )
    add(
        "--plans",
        type=Path,
        metavar="DIR",
        help="folder with NAME/stack.toml and NAME/migration-plan.md of the stacks (default: the suite's own, which "
        "fit its example stacks)",
    )
    add(
        "--state-without-tls",
        action="store_true",
        help="allow phase 3 to send copies of the stacks' state to a candidate on another machine without TLS",
    )
    add(
        "--evidence",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="evidence of an earlier run, for the gate",
    )
    add(
        "--runs",
        type=Path,
        default=paths.runs(),
        metavar="DIR",
        help="where evidence folders are made",
    )
    add(
        "--sign",
        type=Path,
        metavar="KEY",
        help="sign the evidence with this private key (ssh-keygen's or PEM, without a passphrase)",
    )
    add(
        "--require-signature",
        type=Path,
        metavar="KEYS",
        help="accept --evidence only if one of these public keys has signed it",
    )
    add(
        "--watch",
        action="store_true",
        help="show on the terminal what every endpoint answers while the run goes on; it asks the store nothing",
    )
    add("--seed", type=int, metavar="N", help="seed of the workloads (default: random, printed)")
    add("--tofu", type=Path, metavar="PATH", help="the tofu program to use")
    add(
        "--require",
        choices=["s3"],
        action="append",
        default=[],
        help="criteria of this level decide the verdict, too: S3 behavior that OpenTofu does not use",
    )
    add(
        "--keep-going",
        action="store_true",
        help="run later phases after a red one, for more evidence; never READY",
    )
