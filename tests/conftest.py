"""For all of the project's own tests: the same Hypothesis examples on every run."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=200)
settings.load_profile("fixed")
