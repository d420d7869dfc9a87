"""What was read of a stack's files and of the candidate's names, as it is kept: no setting that holds a secret."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from readiness.text import Text


class KeptResult(BaseModel):
    """The result of an observation that has a shape of its own. All fields are kept, so that a missing one is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Way(KeptResult):
    """One way in which a stack is initialised.

    `settings` are those of its backend, flattened; `sources` says where each comes from, `where` the way itself.
    `missing` is what is named and not there, or cannot be read: the settings may then be others.
    """

    where: str
    settings: dict[str, Text]
    sources: dict[str, str]
    missing: tuple[str, ...]


class Clue(KeptResult):
    """A line that may decide a backend, in a file that is not understood: `where` it stands and `what` it does.

    `addresses` are those that it names. `open`: it says no address, or not all of one.
    """

    where: str
    what: str
    addresses: tuple[str, ...]
    open: bool


class BackendRead(KeptResult):
    """Where the files of one stack say that its state is.

    `variants`: the ways in which it is initialised, the likeliest first; `recorded`: the last `init` in the checkout.
    `problems` are files that may decide the backend and could not be read, `other` such files elsewhere in the
    checkout, which matter only where the settings are not complete. `clues` are lines of files that nothing
    understands.
    """

    name: str
    backend: str
    variants: tuple[Way, ...] = Field(min_length=1)
    recorded: Way | None
    problems: tuple[str, ...]
    other: tuple[str, ...]
    clues: tuple[Clue, ...]


class CandidateNames(KeptResult):
    """Every name by which the candidate is known: URLs of its endpoints (the service endpoint and the names of its
    Kubernetes Service among them), and buckets that it holds or is declared to hold. `addresses`: those of every host
    that was looked up, none where it could not be resolved in time.
    """

    urls: tuple[str, ...] = Field(min_length=1)
    buckets: tuple[str, ...]
    addresses: dict[str, tuple[str, ...]]
