"""compare two runs, as Markdown: compare RUN_A RUN_B."""

from readiness.compare import main

__all__ = ["main"]
