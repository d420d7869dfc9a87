"""Judges of phase 2: from recorded `tofu` commands and looks at state and lock objects to findings."""
