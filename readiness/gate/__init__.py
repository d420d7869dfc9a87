"""Phase 4: the boundary to the cache surfaces, and the gate."""
