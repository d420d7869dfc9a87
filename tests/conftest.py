"""For all of the project's own tests: the same Hypothesis examples on every run."""

from hypothesis import Phase, settings

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=200)
# `./just mutants` asks only whether something fails, thousands of times, and not for the smallest example.
settings.register_profile(
    "mutants",
    settings.get_profile("fixed"),
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("fixed")
