"""Protected stacks: their configuration, their migration plans, and rehearsals on disposable copies (phase 3)."""
