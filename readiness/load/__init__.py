"""Recorded load: workloads, open-loop probes and sweeping readers, over every endpoint, from one seed."""
