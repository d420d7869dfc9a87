"""Pure judgements: recorded scenarios and observations in, findings out. Nothing here reaches a candidate."""
