"""What is seen of one instance, or of a node, from before a command until after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from readiness.candidate.declared import DeclaredInstance
from readiness.providers.commands import observe
from readiness.providers.commands.observe import Incarnation, Sighting, Watcher
from readiness.providers.engine.driver import NetworkWatch, Watch, together
from readiness.topology import Proof


class CommandWatch(Watch):
    """Looks at one instance as a client would; its identity command says which incarnation it is."""

    def __init__(
        self,
        declared: DeclaredInstance,
        look_once: observe.Look,
        incarnation: Callable[[], Incarnation],
        others: Mapping[str, Incarnation],
        states: Callable[[], str],
        *,
        answers: bool,
    ) -> None:
        super().__init__(declared.name)
        self._answers, self._states = answers, states
        self.declared, self._look, self._incarnation = declared, look_once, incarnation
        self._old = incarnation()
        self._not_telling = observe.not_telling(self.name, self._old, incarnation(), others)
        self._before = look_once()
        self._watcher: Watcher | None = None

    def follow(self) -> None:
        """Look again and again from now on, so that a short absence is seen too."""
        self._watcher = Watcher(self._look).__enter__()

    def back_at(self) -> float:
        """When it was first seen to accept a request again; now, if it was never seen to be away."""
        return (self._watcher and self._watcher.first_answer_after_absence()) or time.monotonic()

    def __exit__(self, *why: object) -> None:
        if self._watcher is not None:
            self._watcher.__exit__(*why)

    def killed(self, how: str) -> Proof:
        if self._not_telling:
            return Proof(False, self._not_telling)
        return observe.ended(self.name, self._followed, self._old, self._incarnation, how)

    def stopped(self, how: str) -> Proof:
        return self.killed(how)

    def replaced(self, how: str) -> Proof:
        if self._not_telling:
            return Proof(False, self._not_telling)
        return observe.replaced(
            self.name, self._followed, self._old, self._incarnation, how, answers=self._answers
        )

    def frozen(self, how: str) -> Proof:
        if not self._answers:
            inside = observe.Inside(self._look, self._states, self._incarnation)
            return observe.paused(self.name, self._before, self._old, inside, how)
        return observe.changed(self.name, self._before, self._look, observe.MUTE, how)

    @property
    def _followed(self) -> Watcher:
        assert self._watcher is not None, "an act that ends an instance follows it"
        return self._watcher


class LooksWatch(NetworkWatch):
    """Looks at several instances, which all must change in one of the wanted ways."""

    def __init__(self, node: str, looks: dict[str, observe.Look], wanted: frozenset[Sighting]) -> None:
        self._node, self._looks, self._wanted = node, looks, wanted
        self._before = {name: look() for name, look in looks.items()}

    def cut(self, how: str) -> Proof:
        return together(
            self._node,
            [observe.changed(n, self._before[n], look, self._wanted, how) for n, look in self._looks.items()],
        )
