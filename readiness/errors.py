"""The three ways a run can fail to prove something, kept apart on purpose (docs/read-a-verdict.md)."""

EXIT_USAGE = 4
"""The exit code of every command for wrong input."""


class UsageError(Exception):
    """The input is wrong: the message says what to change. The run ends with EXIT_USAGE and writes nothing."""


class Refuted(AssertionError):
    """Evidence shows that a criterion does not hold. Only this and WrongAnswer make a criterion REFUTED."""


class WrongAnswer(AssertionError):
    """As Refuted, by a wrong answer: not expected even of a shape that is expected to be refuted."""


class Unjudged(Exception):
    """The criterion could not be judged: the fault never fired, too little traffic, a checker out of budget."""


class NotRun(Exception):
    """The criterion was not exercised, with the reason: never a pass."""


class Impossible(NotRun):
    """Not exercised because its fault cannot be injected here: the provider or the machine lacks the means."""
