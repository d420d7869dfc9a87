"""The state that a rehearsal migrates: read from where it is, or made by applying the configuration to the stand-in."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks.checkout import Checkout
from readiness.stacks.encryption import is_encrypted
from readiness.stacks.harmless import reaches_out
from readiness.stacks.watching import Watching
from readiness.tofu.run import TofuRun
from readiness.tofu.state import NotAStateError, parse


@dataclass(frozen=True)
class Pulled:
    """The command that gave the state, the state as it is stored, and what an encrypted one says. `read`: by the
    operator's command.
    """

    run: TofuRun
    body: bytes
    decrypted: bytes | None
    read: bool

    def empty(self, workspace: str) -> bool:
        """Whether this workspace has no state to migrate: the default one is often never used, and one whose resources
        were destroyed says nothing. A command that prints nothing of another one says nothing.
        """
        state = self.decrypted or self.body
        if not self.run.ok:
            return False
        if not state.strip():
            return workspace == DEFAULT
        try:
            return parse(state).empty
        except NotAStateError:
            return False


def pull(watching: Watching, checkout: Checkout, key: str, *, encrypted: bool) -> Pulled:
    """The state as it is stored: no file ever holds an encrypted one decrypted. What is made lies on the stand-in at
    `KEY-live`; `key` is where an encrypted state is decrypted. Raises Stopped.
    """
    described = checkout.described
    reads = described is not None and bool(described.read)
    if described is not None and reads:
        run, body = checkout.read_live(described.read)
    else:
        run, body = _made(watching, checkout, f"{key}-live")
    if not run.ok or not encrypted:
        return Pulled(run, body, None, reads)
    if not reads:
        body = watching.source(lambda: checkout.source.stored(f"{key}-live")) or b""
    if not body.strip():
        return Pulled(run, body, None, reads)
    run, decrypted = _decrypted(watching, checkout, key, body)
    return Pulled(run, body, decrypted, reads)


def _made(watching: Watching, checkout: Checkout, key: str) -> tuple[TofuRun, bytes]:
    """The state of a stack that names no command which reads it; never of one that reaches out."""
    reason = reaches_out(checkout.config)
    if reason:
        raise watching.unprepared(
            f"no command reads its state: name one as `read` in {checkout.config.name}/stack.toml of --plans "
            f"(the configuration is not applied to a stand-in: {reason})"
        )
    watching.prepared(checkout.init_source(key))
    watching.prepared(checkout.stack_apply())
    watching.lock(lambda: checkout.source.locked(key))
    return checkout.state_pull()


def _decrypted(watching: Watching, checkout: Checkout, key: str, stored: bytes) -> tuple[TofuRun, bytes]:
    """What an encrypted state says, in memory only."""
    watching.stored(encrypted=is_encrypted(stored))
    watching.check()
    watching.source(lambda: checkout.source.place(key, stored))
    watching.prepared(checkout.init_source(key, reconfigure=True))
    run, body = checkout.state_pull()
    return watching.prepared(run), body
