"""What runs have done to candidates and not undone, kept so that it survives them; locks between runs."""
