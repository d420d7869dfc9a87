"""A stream to a port of a pod through the API server (the client's port-forward)."""

from __future__ import annotations

import socket
import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import socks  # type: ignore[import-untyped]
import websocket
from kubernetes.client import rest as untyped_rest
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException
from kubernetes.stream import ws_client as untyped

from readiness.providers.kubernetes.api import Cluster, why
from readiness.providers.kubernetes.forward import Place

DIAL_SECONDS = 10.0
ws_client: Any = untyped
rest: Any = untyped_rest


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
    """One stream. Implements `readiness.providers.kubernetes.forward.Tunnel`."""

    def __init__(self, forward: _PortForward, port: int) -> None:
        self._forward, self._port = forward, port
        self.socket: socket.socket = forward.socket(port)._socket

    def failed(self) -> bool:
        """Whether the API server or the node gave up the stream, such as for a port where nothing listens."""
        return self._forward.broken or bool(self._forward.error(self._port))

    def close(self) -> None:
        """End the stream."""
        self._forward.close()


def _open(configuration: Any, url: str, headers: dict[str, Any]) -> Any:
    """As the client's `create_websocket`, which takes every proxy for one that speaks HTTP."""
    proxy = urlsplit(str(configuration.proxy or ""))
    if not proxy.scheme.startswith("socks") or rest.should_bypass_proxies(url, configuration.no_proxy or ""):
        return ws_client.create_websocket(configuration, url, headers)
    target = urlsplit(url)
    through = socks.create_connection(
        (target.hostname, target.port or (443 if target.scheme == "wss" else 80)),
        timeout=DIAL_SECONDS,
        proxy_type=socks.SOCKS5 if proxy.scheme.startswith("socks5") else socks.SOCKS4,
        proxy_addr=proxy.hostname,
        proxy_port=proxy.port or 1080,
        proxy_rdns=proxy.scheme in ("socks5h", "socks4a"),
        proxy_username=unquote(proxy.username) if proxy.username else None,
        proxy_password=unquote(proxy.password) if proxy.password else None,
    )
    try:
        if target.scheme == "wss":
            tls = _tls(configuration)
            through = tls.wrap_socket(
                through, server_hostname=configuration.tls_server_name or target.hostname
            )
        opened: Any = websocket.WebSocket()
        header = [f"sec-websocket-protocol: {ws_client.V5_CHANNEL_PROTOCOL},{ws_client.V4_CHANNEL_PROTOCOL}"]
        if "authorization" in headers:
            header.append(f"authorization: {headers['authorization']}")
        opened.connect(url, header=header, socket=through)
    except BaseException:
        through.close()
        raise
    return opened


def _tls(configuration: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
    if not configuration.verify_ssl:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


def dial(cluster: Cluster, place: Place) -> PodTunnel:
    """A new stream to that place. Raises OSError."""
    configuration = cluster.api.configuration
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/{place.pod}/portforward?ports={place.port}"
    headers: dict[str, Any] = {}
    url = ws_client.get_websocket_url(f"{configuration.host}{path}")
    websocket.setdefaulttimeout(DIAL_SECONDS)
    try:
        cluster.api.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
        opened = _open(configuration, url, headers)
    except (ApiException, ConfigException, websocket.WebSocketException, OSError) as error:
        reason = why(error) if isinstance(error, ApiException) else str(error)
        raise ConnectionError(f"no port-forward to {place.pod}:{place.port}: {reason}") from None
    opened.settimeout(None)
    return PodTunnel(_PortForward(opened, [place.port]), place.port)
