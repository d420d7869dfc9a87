"""obtain the programs that a run needs: obtain all, or by name."""

from readiness.obtain.__main__ import main

__all__ = ["main"]
