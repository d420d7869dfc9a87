"""write what a store was found to be below reports/: publish RUN [RUN ...]."""

from readiness.report.publish import main

__all__ = ["main"]
