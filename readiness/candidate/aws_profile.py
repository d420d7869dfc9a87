"""A profile of the shared AWS configuration: its permanent access key and its S3 endpoint, read without the network.

botocore knows what a profile is and where it is stored. A role, SSO, a web identity or a login gives temporary
credentials: those are refused before anything asks the network for them.
"""

from __future__ import annotations

import configparser
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import Credentials, ProcessProvider, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ConfigParseError, ProfileNotFound
from botocore.session import Session

from readiness.errors import UsageError
from readiness.redact import one_line
from readiness.topology import Keys

PROCESS_SECONDS = 60.0
"""How long a `credential_process` may take; an interactive one is not for a run."""
_TEMPORARY = {
    "role_arn": "assumes a role",
    "sso_session": "uses SSO",
    "sso_start_url": "uses SSO",
    "sso_account_id": "uses SSO",
    "web_identity_token_file": "uses a web identity",
    "login_session": "uses a login session",
}
_FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
_SECRETS = ("aws_secret_access_key", "aws_session_token")
_PERMANENT = "the state authority is judged with a permanent access key"


class Profile:
    """One profile. `where`: the field of the candidate file that names it, for messages.

    Raises UsageError if the configuration cannot be read or has no such profile.
    """

    def __init__(self, name: str | None, where: str, environ: Mapping[str, str] = os.environ) -> None:
        self.name = name or "default"
        self._where, self._environ = where, environ
        self._session = Session(profile=self.name)
        self._scoped: Mapping[str, Any] = self._asked(self._session.get_scoped_config)

    def keys(self) -> Keys:
        """Its permanent access key. Raises UsageError."""
        for field, does in _TEMPORARY.items():
            if field in self._scoped:
                raise self._wrong(
                    f"{does} ({field}), which gives temporary credentials; {_PERMANENT}: name a profile with "
                    "aws_access_key_id and aws_secret_access_key, or with a credential_process that prints one"
                )
        found: Credentials | None = self._asked(self._load)
        if found is None:
            raise self._wrong("holds no access key: give it one, or a credential_process that prints one")
        frozen = None if isinstance(found, RefreshableCredentials) else found.get_frozen_credentials()
        if frozen is None or frozen.token:
            raise self._wrong(f"gives temporary credentials with a session token; {_PERMANENT}")
        if not frozen.access_key or not frozen.secret_key:
            raise self._wrong(
                "has an empty access key: give aws_access_key_id and aws_secret_access_key values"
            )
        return Keys(frozen.access_key, frozen.secret_key)

    def endpoint_url(self) -> str:
        """Its `endpoint_url`, of s3 or overall, as it is written. Raises UsageError."""
        named = self._scoped.get("services")
        if named is not None and named not in self._session.full_config.get("services", {}):
            raise self._wrong(
                f'uses the services section "{named}", which the configuration does not have: add '
                f"[services {named}] or correct the name"
            )
        provider = ConfiguredEndpointProvider(
            full_config=self._session.full_config,
            scoped_config=self._scoped,
            client_name="s3",
            environ={},
        )
        try:
            url = self._asked(provider.provide)
        except (AttributeError, TypeError):
            raise self._wrong(
                f'uses the services section "{named}", whose s3 is not a block: indent its lines below `s3 =`, such as '
                "`  endpoint_url = https://…`"
            ) from None
        if not url:
            raise self._wrong("has no endpoint_url, neither for s3 nor overall: add one")
        return str(url)

    def region(self) -> str | None:
        """Its region, if it names one."""
        found = self._scoped.get("region")
        return str(found) if found else None

    def without_secrets(self) -> dict[str, Any]:
        """Its settings and those of its services section, without secret keys and session tokens."""
        settings = {name: value for name, value in self._scoped.items() if name not in _SECRETS}
        services = self._session.full_config.get("services", {}).get(self._scoped.get("services"))
        return {"profile": settings, "services": services}

    def _wrong(self, problem: str) -> UsageError:
        return UsageError(f'{self._where}: profile "{self.name}" {problem}')

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ProfileNotFound:
            raise UsageError(f"{self._where}: {self._no_profile}") from None
        except ConfigParseError as error:
            raise UsageError(f"{self._where}: {_unparsed(error)}") from None
        except BotoCoreError as error:
            raise self._wrong(f"cannot be used: {one_line(str(error))}") from None

    @cached_property
    def _no_profile(self) -> str:
        message = f'the shared AWS configuration has no profile "{self.name}"'
        for variable, usual in _FILES:
            path = Path(self._environ.get(variable) or usual).expanduser()
            if variable in self._environ and not path.is_file():
                message += f"; {variable} names {path}, but there is no such file"
            elif path.is_file() and not os.access(path, os.R_OK):
                message += f"; {path} may not be read"
        known = ", ".join(self._session.available_profiles) or "none"
        return f"{message}; it has {known} (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name its files)"

    def _load(self) -> Credentials | None:
        chain = self._session.get_component("credential_provider")
        for method in ("shared-credentials-file", "custom-process", "config-file"):
            provider = chain.get_provider(method)
            if method == "custom-process":
                provider = ProcessProvider(self.name, lambda: self._session.full_config, popen=self._spawn)
            try:
                found: Credentials | None = provider.load()
            except (OSError, ValueError, TypeError, AttributeError, subprocess.TimeoutExpired) as error:
                raise self._wrong(f"has a credential_process that {_why(error)}") from None
            if found is not None:
                return found
        return None

    def _spawn(self, command: list[str], **_pipes: Any) -> _BoundedProcess:
        return _BoundedProcess(command)


class _BoundedProcess:
    """The part of Popen's interface that botocore uses, for a process with a time limit."""

    def __init__(self, command: list[str]) -> None:
        self._ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROCESS_SECONDS, check=False
        )
        self.returncode = self._ran.returncode

    def communicate(self) -> tuple[bytes, bytes]:
        message = one_line(self._ran.stderr.decode("utf-8", "replace"))
        return self._ran.stdout, f"exit status {self.returncode}{message and f': {message}'}".encode()


def _why(error: Exception) -> str:
    match error:
        case subprocess.TimeoutExpired():
            return f"did not end within {PROCESS_SECONDS:g} s; run it by hand once"
        case json.JSONDecodeError() | UnicodeDecodeError() | AttributeError() | TypeError():
            return "does not print one JSON object with Version, AccessKeyId and SecretAccessKey"
        case OSError():
            return f"cannot be run: {error.strerror}: {error.filename}"
        case _:
            return f"cannot be run: {one_line(str(error))}"


def _unparsed(error: ConfigParseError) -> str:
    """Where the file does not parse, without the line itself, which may hold a secret."""
    known: Mapping[str, Any] = error.kwargs
    path, reason = known["path"], known["error"]
    match reason:
        case configparser.MissingSectionHeaderError():
            problem = f"line {reason.lineno} is not a [section], and no section comes before it"
        case configparser.DuplicateSectionError():
            problem = f"line {reason.lineno}: a second section [{reason.section}]; merge it into the first"
        case configparser.DuplicateOptionError():
            problem = f"line {reason.lineno}: a second {reason.option} in [{reason.section}]; remove one"
        case configparser.ParsingError():
            lines = ", ".join(str(number) for number, _ in reason.errors)
            problem = f"line {lines} is neither [section] nor name = value"
        case UnicodeDecodeError():
            problem = "it is not text in UTF-8"
        case _:
            problem = "an indented line is not name = value"
    return f"the shared AWS configuration {path} cannot be parsed: {problem}"
