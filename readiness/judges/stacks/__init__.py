"""Judges of what was read of stacks and of what their rehearsals did: P1.8 and phase 3."""
