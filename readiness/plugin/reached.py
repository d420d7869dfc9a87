"""The first contact with the endpoints of a candidate, before anything is written to it."""

from __future__ import annotations

import contextlib
from typing import Any

from readiness import contacts
from readiness.candidate.load import Loaded
from readiness.criteria import BY_ID
from readiness.errors import UsageError
from readiness.plugin.run import Run
from readiness.providers.base import Provider
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.named_bucket import must_be_free
from readiness.stacks.clear import in_the_clear, why_not
from readiness.subject import target_of
from readiness.topology import Topology, Unsupported


def addresses_of(topology: Topology) -> dict[str, dict[str, Any]]:
    """Every endpoint with its URL and the addresses that its host resolves to now."""
    return {
        endpoint.name: {
            "url": endpoint.url,
            "addresses": sorted(f"{host}:{port}" for host, port in contacts.addresses(endpoint.url)),
        }
        for endpoint in topology.all_endpoints()
    }


def must_answer(loaded: Loaded, provider: Provider, topology: Topology) -> None:
    """Raises UsageError for an endpoint of a running candidate that does not answer, or refuses the credential; and for
    a named bucket that is not free (readiness.s3.named_bucket).
    """
    seconds = loaded.candidate.contract.failure.response_seconds
    for endpoint in topology.all_endpoints():
        client = boto3_client(target_of(loaded, provider, endpoint), seconds)
        if loaded.bucket:
            must_be_free(client, loaded.bucket, versioned=loaded.promises.versioning)
            continue
        try:
            translate(client.list_buckets)
        except Unanswered as error:
            raise UsageError(
                f"endpoint {endpoint.name} at {endpoint.url} cannot be reached: {error}"
            ) from None
        except Answered as error:
            if error.status in (401, 403):
                raise UsageError(
                    f"endpoint {endpoint.name} at {endpoint.url} refuses the credential of "
                    f"contract.credentials.admin: {error}"
                ) from None


def keep_state_private(run: Run, topology: Topology) -> None:
    """Raises UsageError where phase 3 would send state to another machine without TLS, and nobody allowed it."""
    rehearses = any(BY_ID[id_].phase == 3 for id_ in run.selected) and run.options.stacks is not None
    if rehearses and not run.options.state_without_tls and (found := in_the_clear(topology.all_endpoints())):
        raise UsageError(why_not(found))


def watch_secrets(run: Run, provider: Provider) -> None:
    """From now on, nothing that the run leaves or prints shows the candidate's credentials."""
    for role in ("admin", "read_only"):
        with contextlib.suppress(Unsupported):
            keys = provider.keys(role)
            run.redactor.add(keys.secret_key, keys.access_key)
