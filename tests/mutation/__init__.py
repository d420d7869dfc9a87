"""Mutation testing of what judges: docs/mutation-testing.md."""
