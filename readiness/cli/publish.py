"""write the page of a store below reports/: publish RUN [RUN ...]."""

from readiness.report.publish import main

__all__ = ["main"]
