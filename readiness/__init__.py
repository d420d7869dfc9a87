"""Proof, or refusal of proof, that an S3-compatible store can be the HA state authority for OpenTofu."""
