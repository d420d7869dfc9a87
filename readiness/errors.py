"""The three ways a run can fail to prove something, kept apart on purpose (docs/read-a-verdict.md)."""


class UsageError(Exception):
    """The input is wrong: the message says what to change. The run ends with exit code 4 and writes nothing."""


class Refuted(AssertionError):
    """Evidence shows that a criterion does not hold. Only this exception makes a criterion REFUTED."""


class Unjudged(Exception):
    """The criterion could not be judged: the fault never fired, too little traffic, a checker out of budget."""


class NotRun(Exception):
    """The criterion was not exercised, with the reason: never a pass."""
