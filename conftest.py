"""Options and plugins of a readiness run; everything else lives in fixtures/ and readiness/."""

pytest_plugins = [
    "readiness.plugin.hooks",
    "fixtures.judge",
    "fixtures.candidate",
    "fixtures.tofu",
    "fixtures.stacks",
]
