"""Helpers of several of the project's tests: one idea a file."""
