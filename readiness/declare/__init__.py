"""Candidate files proposed from what a store's own surroundings say: clusters, compose projects, systemd units, bare
endpoints.
 Everything here only reads.
"""
