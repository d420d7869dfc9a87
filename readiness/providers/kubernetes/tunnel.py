"""A stream to a port of a pod through the API server (the client's port-forward)."""

from __future__ import annotations

import socket
from typing import Any

import websocket
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import ws_client as untyped

from readiness.providers.kubernetes.api import Cluster, why
from readiness.providers.kubernetes.forward import Place

DIAL_SECONDS = 10.0
ws_client: Any = untyped


class _PortForward(ws_client.PortForward):  # type: ignore[misc]
    """The client's port-forward, whose thread ends quietly when the connection breaks."""

    broken = False

    def _proxy(self) -> None:
        try:
            super()._proxy()
        except Exception:  # noqa: BLE001 - whatever broke the stream, it has ended
            self.broken = True
        for port in self.local_ports.values():
            port.python.close()
        self.websocket.close()
        self.websocket.shutdown()  # `close` leaves the socket open if the server has closed first


class PodTunnel:
    """One stream. Implements `kubernetes_forward.Tunnel`."""

    def __init__(self, forward: _PortForward, port: int) -> None:
        self._forward, self._port = forward, port
        self.socket: socket.socket = forward.socket(port)._socket

    def failed(self) -> bool:
        """Whether the API server or the node gave the stream up, such as for a port where nobody listens."""
        return self._forward.broken or bool(self._forward.error(self._port))

    def close(self) -> None:
        """End the stream."""
        self._forward.close()


def dial(cluster: Cluster, place: Place) -> PodTunnel:
    """A new stream to that place. Raises OSError."""
    configuration = cluster.api.configuration
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/{place.pod}/portforward?ports={place.port}"
    headers: dict[str, Any] = {}
    cluster.api.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
    url = ws_client.get_websocket_url(f"{configuration.host}{path}")
    websocket.setdefaulttimeout(DIAL_SECONDS)
    try:
        opened = ws_client.create_websocket(configuration, url, headers)
    except (ApiException, websocket.WebSocketException, OSError) as error:
        said = why(error) if isinstance(error, ApiException) else str(error)
        raise ConnectionError(f"no port-forward to {place.pod}:{place.port}: {said}") from None
    opened.settimeout(None)
    return PodTunnel(_PortForward(opened, [place.port]), place.port)
