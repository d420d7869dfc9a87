"""Signatures of evidence: a DSSE envelope around `statement.json`, which holds the digest of every file of a run.

Keys are Ed25519, ECDSA or RSA keys as `ssh-keygen` or `openssl` make them. Format: https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import Key, SSlibKey

from readiness.errors import UsageError
from readiness.evidence.folder import SIGNED, STATEMENT_NAME, digests

PAYLOAD = "application/vnd.in-toto+json"


class BadSignature(Exception):
    """The evidence is not signed by an accepted key; the message says what is wrong."""


def signer_of(path: Path) -> CryptoSigner:
    """The signer of a private key file without a passphrase. Raises UsageError for a file that holds none."""
    try:
        return CryptoSigner(_private_key(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"--sign {path}: the key cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(
            f"--sign {path}: not a private key without a passphrase; `ssh-keygen -t ed25519 -N ''` makes one"
        ) from None


def accepted_keys(path: Path) -> list[SSlibKey]:
    """The public keys of a file: one OpenSSH public key a line, or one PEM. Raises UsageError if it holds none."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--require-signature {path}: cannot be read: {error.strerror}") from None
    try:
        if b"-----BEGIN" in text:
            return [SSlibKey.from_crypto(serialization.load_pem_public_key(text))]
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith(b"#")]
        keys = [SSlibKey.from_crypto(serialization.load_ssh_public_key(line)) for line in lines]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        keys = []
    if not keys:
        raise UsageError(
            f"--require-signature {path}: not a file of public keys, such as ~/.ssh/id_ed25519.pub"
        )
    return keys


def sign(folder: Path, signer: CryptoSigner) -> Path:
    """Signs the folder's statement; to be done after the statement was written and before the seal."""
    envelope = Envelope((folder / STATEMENT_NAME).read_bytes(), PAYLOAD, {})
    envelope.sign(signer)
    path = folder / SIGNED
    path.write_text(json.dumps(envelope.to_dict(), indent=1) + "\n", "utf-8")
    return path


def verify(folder: Path, keys: Sequence[Key]) -> str:
    """The id of the key that signed this folder as it is. Raises BadSignature."""
    path = folder / SIGNED
    if not path.exists():
        raise BadSignature(f"{folder} is not signed")
    try:
        envelope = Envelope.from_dict(json.loads(path.read_text("utf-8")))
        statement = json.loads(envelope.payload)
        subjects = {row["name"]: row["digest"]["sha256"] for row in statement["subject"]}
        accepted = envelope.verify(list(keys), 1)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadSignature(f"{path} cannot be read: {type(error).__name__}") from None
    except VerificationError:
        raise BadSignature(f"{folder} is not signed by a key of --require-signature") from None
    if envelope.payload != (folder / STATEMENT_NAME).read_bytes() or subjects != digests(folder):
        raise BadSignature(f"{folder} was changed after it was signed")
    return next(iter(accepted))


def _private_key(text: bytes) -> PrivateKeyTypes:
    if b"OPENSSH PRIVATE KEY" in text:
        return serialization.load_ssh_private_key(text, None)
    return serialization.load_pem_private_key(text, None)
