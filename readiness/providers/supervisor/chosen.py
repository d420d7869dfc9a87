"""What a candidate file may leave to the machine: the full kind of a part if that works here, else the plain one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from readiness.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Choice(Generic[T]):
    """The choice of the candidate file's `field` between two kinds and "auto". `means` is what the full one is made of,
    `without` what nodes lack with the plain one.
    """

    field: str
    plain: str
    full: str
    means: str
    without: str

    def made(
        self, kind: str, full: Callable[[], T], plain: Callable[[str], T], progress: Callable[[str], None]
    ) -> T:
        """The kind asked for; `auto` tries the full one, and gives the plain one the reason why not. Raises
        UsageError.
        """
        if kind == self.plain:
            return plain(f'the candidate asks for {self.field} = "{kind}"')
        try:
            return full()
        except RuntimeError as error:
            reason = f"{self.means} refused: {error}"
        if kind == self.full:
            raise UsageError(
                f'{self.field} = "{kind}" does not work here ({reason}): run as root, or use '
                f'{self.field} = "auto"'
            )
        progress(f"{reason}; {self.without}")
        return plain(reason)
