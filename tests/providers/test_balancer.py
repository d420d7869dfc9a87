"""What the service endpoint is told about the nodes' health."""

from typing import Any

from readiness.providers.auxiliary import balancer
from readiness.providers.stores.base import Health


def active(health: Health) -> dict[str, Any]:
    message: Any = balancer.configuration("127.0.0.1:1", ["127.0.0.1:2"], health)
    (route,) = message["apps"]["http"]["servers"]["service"]["routes"]
    found: dict[str, Any] = route["handle"][0]["health_checks"]["active"]
    return found


def test_a_node_is_back_with_its_first_good_answer() -> None:
    assert active(Health("/ready"))["passes"] == 1


def test_seconds_after_a_start_are_answers_in_a_row_that_may_be_slow() -> None:
    message = active(Health("/ready", seconds=20))
    assert (message["passes"] - 1) * balancer.CHECK_SECONDS >= 20
    assert message["timeout"] == balancer.PATIENT_TIMEOUT
    assert message["fails"] == 1
