"""judge the stored histories of a run again, offline: recheck RUN."""

from readiness.recheck import main

__all__ = ["main"]
