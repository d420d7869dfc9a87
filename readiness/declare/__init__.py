"""Candidate files proposed from what a store's own surroundings say: compose projects, systemd units, bare endpoints.

What is in a cluster is proposed by `readiness.providers.kubernetes.proposal`. Everything here only reads.
"""
