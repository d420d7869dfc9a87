"""Phase 1 criteria that need no fault: each a function from the live candidate to a finding."""
