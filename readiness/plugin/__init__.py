"""The pytest side of a run: options, phases, states, verdict. Nothing here judges a store."""
