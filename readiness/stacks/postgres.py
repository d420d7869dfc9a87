"""A PostgreSQL server of the suite's own, on loopback, and the source of states that `backend "pg"` keeps in it."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.errors import UsageError
from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks.own_server import OwnServer

USER, DATABASE = "tofu", "postgres"
SECONDS = 30.0
_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
_TABLE = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE SEQUENCE IF NOT EXISTS public.global_states_id_seq AS bigint;
CREATE TABLE IF NOT EXISTS {schema}.states (
    id bigint NOT NULL DEFAULT nextval('public.global_states_id_seq') PRIMARY KEY, name text UNIQUE, data text);
CREATE UNIQUE INDEX IF NOT EXISTS states_by_name ON {schema}.states (name);
"""
"""As the backend makes it (OpenTofu 1.12, internal/backend/remote-state/pg/backend.go): one schema for each state."""

_DATA = "SELECT data FROM states WHERE name = '{workspace}'"
_REMOVE = "DELETE FROM states WHERE name = '{workspace}'"
_LOCKED = (
    "SELECT 1 FROM pg_locks JOIN states ON objid = id WHERE locktype = 'advisory' AND name = '{workspace}'"
)
_PUT = (
    "INSERT INTO states (name, data) VALUES ('{workspace}', {body}) "
    "ON CONFLICT (name) DO UPDATE SET data = excluded.data;"
)


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's own programs."""

    initdb: Path
    postgres: Path
    psql: Path


def programs() -> Programs:
    """The programs of this machine. Raises UsageError if they are not installed."""
    folders = [Path(path) for path in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    for root in map(Path, _FOLDERS):
        folders += sorted(root.glob("**/bin"), reverse=True) if root.is_dir() else []
    for folder in folders:
        found = Programs(*(folder / name for name in ("initdb", "postgres", "psql")))
        if all(path.is_file() for path in (found.initdb, found.postgres, found.psql)):
            return found
    raise UsageError(
        'to rehearse from a backend "pg", initdb, postgres and psql are needed (Debian: the package postgresql)'
    )


class Postgres(OwnServer):
    """A server with one user and one password."""

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(24)
        self._programs = programs()
        super().__init__("pg")

    @property
    def url(self) -> str:
        """How tofu connects; the password is in it."""
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}?sslmode=disable"

    def ask(self, statement: str, schema: str = "public") -> str:
        """What this statement returns in this schema, as psql prints it without a header. Raises RuntimeError."""
        command = [
            str(self._programs.psql),
            *("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"),
            *("--host=127.0.0.1", f"--port={self.port}", f"--username={USER}", DATABASE),
        ]
        environment = {"PATH": os.defpath, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}
        environment["PGOPTIONS"] = f"-c search_path={schema}"
        done = subprocess.run(
            command,
            input=statement,
            capture_output=True,
            text=True,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"PostgreSQL: {done.stderr.strip()[:200]}")
        return done.stdout.removesuffix("\n")

    def _start(self) -> None:
        given = self._private("password", self.password.encode())
        as_user = self._own(given)
        data = self._folder / "data"
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        made = [*as_user, str(self._programs.initdb), "--no-sync", f"--username={USER}", "--encoding=UTF8"]
        subprocess.run(
            [*made, "--auth=scram-sha-256", f"--pwfile={given}", str(data)],
            env=environment,
            cwd=self._folder,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        given.unlink()
        (self.port,) = self._ports(1)
        run = [
            *as_user,
            str(self._programs.postgres),
            "-D",
            str(data),
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
        ]
        self._supervised.spawn(
            "postgres",
            [*run, "-k", str(self._folder), "-F"],
            env=environment,
            cwd=self._folder,
            log=self._supervised.folder / "postgres.log",
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.ask("SELECT 1")
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _own(self, given: Path) -> Sequence[str]:
        """PostgreSQL does not run as root: what comes before its commands, and the folder is given away."""
        if os.geteuid() != 0:
            return ()
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        for path in (self._folder, given):
            os.chown(path, user.pw_uid, user.pw_gid)
        setpriv = shutil.which("setpriv") or "setpriv"
        return (
            setpriv,
            f"--reuid={user.pw_uid}",
            f"--regid={user.pw_gid}",
            "--clear-groups",
            "--no-new-privs",
        )


class PgSource:
    """States in tables of that server, one schema for each key."""

    kind = "pg"

    def __init__(self, server: Postgres, workspace: str = DEFAULT) -> None:
        self._server, self._workspace = server, workspace

    def of(self, workspace: str) -> PgSource:
        return self if workspace == self._workspace else PgSource(self._server, workspace)

    def options(self, key: str) -> tuple[str, ...]:
        return (f"-backend-config=schema_name={self._schema(key)}",)

    def environment(self, home: Path) -> Mapping[str, str]:
        return {"PG_CONN_STR": self._server.url}

    def hosts(self) -> tuple[str, ...]:
        return ()

    def secrets(self) -> tuple[str, ...]:
        return (self._server.password,)

    def locked(self, key: str) -> bool:
        """The lock is an advisory one on the id of the state's row (pg/client.go)."""
        return self._there(key) and bool(self._ask(key, _LOCKED.format(workspace=self._workspace)))

    def stored(self, key: str) -> bytes | None:
        data = self._ask(key, _DATA.format(workspace=self._workspace)) if self._there(key) else ""
        return data.encode() or None

    def version(self, key: str) -> str | None:
        return None

    def place(self, key: str, body: bytes) -> None:
        schema, mark = self._schema(key), f"$s{secrets.token_hex(8)}$"
        self._server.ask(_TABLE.format(schema=schema))
        self._ask(key, _PUT.format(workspace=self._workspace, body=f"{mark}{body.decode()}{mark}"))

    def lose(self, key: str) -> None:
        if self._there(key):
            self._ask(key, _REMOVE.format(workspace=self._workspace))

    def restore(self, key: str, version: str) -> None:
        raise NotImplementedError("a table has no versions")

    def _there(self, key: str) -> bool:
        return bool(self._ask(key, "SELECT to_regclass('states')"))

    def _ask(self, key: str, statement: str) -> str:
        return self._server.ask(statement, self._schema(key))

    @staticmethod
    def _schema(key: str) -> str:
        return "s_" + re.sub(r"[^a-z0-9]", "_", key.lower())
