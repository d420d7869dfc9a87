"""Phase 0: the written contract, held against the live candidate. Free text alone proves nothing."""
