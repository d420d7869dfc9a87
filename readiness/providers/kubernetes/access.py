"""How each pod and the Service are reached from here: URLs that stay the same while pods come and go."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from readiness.candidate.credentials import checked_url
from readiness.candidate.declared_kubernetes import DeclaredPods, DeclaredService, Forwarded
from readiness.errors import UsageError
from readiness.providers.kubernetes.api import Cluster
from readiness.providers.kubernetes.forward import Forwarder, Place
from readiness.providers.kubernetes.mirror import Mirror
from readiness.providers.kubernetes.pods import Pod, Seat
from readiness.providers.kubernetes.tunnel import dial
from readiness.topology import Endpoint

SERVICE = "service"
Raw = Mapping[str, Any]


def fill(text: str, pod: Pod, namespace: str) -> str:
    """The text with its placeholders replaced by what they are for that pod. Raises UsageError for an unknown one."""
    known = {
        "pod": pod.name,
        "ordinal": pod.ordinal,
        "node": pod.node,
        "namespace": namespace,
        "uid": pod.uid,
    }
    filled = text
    for name, value in known.items():
        filled = filled.replace("{" + name + "}", value)
    if "{" in filled:
        raise UsageError(
            f'kubernetes.pods: "{text}": known placeholders are {", ".join("{" + n + "}" for n in known)}'
        )
    return filled


class Access:
    """The endpoints of one run. `sitting` says which pod an instance is now, None if it has none."""

    def __init__(self, cluster: Cluster, sitting: Callable[[str], Pod | None]) -> None:
        self._cluster, self._sitting = cluster, sitting
        self._forwarders: dict[str, Forwarder] = {}
        self._slices: Mirror | None = None
        self._turn = itertools.count()

    def endpoint(self, declared: DeclaredPods, seat: Seat, pod: Pod) -> Endpoint | None:
        """The endpoint of one instance, None if its kind speaks no S3. Raises UsageError or ApiException."""
        if declared.via == "url":
            url = self._named(declared.url or "", seat, pod, "url")
            admin = self._named(declared.admin_url, seat, pod, "admin_url") if declared.admin_url else None
        elif declared.port is None:
            return None
        else:
            url = self._url(declared, seat, pod, declared.port)
            admin = self._url(declared, seat, pod, declared.admin_port) if declared.admin_port else None
        return Endpoint(seat.instance, url, seat.node, seat.instance, admin)

    def service(self, declared: DeclaredService) -> Endpoint:
        """The service endpoint. Raises UsageError or ApiException."""
        if declared.via == "url":
            return Endpoint(SERVICE, checked_url(declared.url or "", "kubernetes.service.url"))
        raw = self._service(declared.name)
        port = port_of(raw, declared.port)
        if declared.via not in Forwarded:
            return Endpoint(
                SERVICE, f"{declared.scheme}://{outside(raw, port, declared.via, declared.host or '')}"
            )
        self._slices = Mirror(
            self._cluster,
            f"service {declared.name}",
            partial(self._cluster.discovery.list_namespaced_endpoint_slice, self._cluster.namespace),
            label_selector=f"kubernetes.io/service-name={declared.name}",
        )
        self._slices.start()
        local = self._forwarder(declared.via).listen(partial(self._any_ready, str(port.get("name") or "")))
        return Endpoint(SERVICE, f"{declared.scheme}://127.0.0.1:{local}")

    def gone(self, uid: str) -> None:
        """Resets the connections of a pod that is gone."""
        for forwarder in self._forwarders.values():
            forwarder.cut(uid)

    def stop(self) -> None:
        """Close everything."""
        if self._slices is not None:
            self._slices.stop()
        for forwarder in self._forwarders.values():
            forwarder.stop()

    def _named(self, text: str, seat: Seat, pod: Pod, field: str) -> str:
        where = f"kubernetes.pods.{seat.kind}.{field}"
        return checked_url(fill(text, pod, self._cluster.namespace), where)

    def _url(self, declared: DeclaredPods, seat: Seat, pod: Pod, port: int) -> str:
        if declared.via in Forwarded:
            local = self._forwarder(declared.via).listen(partial(self._place, seat.instance, port))
            return f"{declared.scheme}://127.0.0.1:{local}"
        name = fill(declared.service or "", pod, self._cluster.namespace)
        raw = self._service(name)
        return f"{declared.scheme}://{outside(raw, port_of(raw, port), declared.via, pod.host)}"

    def _service(self, name: str) -> Raw:
        found: Raw = self._cluster.read(
            "get service", name, self._cluster.core.read_namespaced_service, name, self._cluster.namespace
        )
        return found

    def _forwarder(self, via: str) -> Forwarder:
        if via not in self._forwarders:
            how = partial(dial, self._cluster) if via == "port-forward" else None
            self._forwarders[via] = Forwarder(how)
        return self._forwarders[via]

    def _place(self, instance: str, port: int) -> Place | None:
        pod = self._sitting(instance)
        return Place(pod.uid, pod.name, pod.address, port) if pod is not None and pod.address else None

    def _any_ready(self, port_name: str) -> Place | None:
        assert self._slices is not None
        found = ready_places(self._slices.objects(), port_name)
        return found[next(self._turn) % len(found)] if found else None


def ready_places(slices: Iterable[Raw], port_name: str) -> list[Place]:
    """Where a Service leads to now: the ready endpoints of its EndpointSlices, as kube-proxy would take them."""
    found = []
    for raw in slices:
        ports = [
            int(port["port"]) for port in raw.get("ports") or [] if (port.get("name") or "") == port_name
        ]
        for endpoint in raw.get("endpoints") or [] if ports else []:
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                target = endpoint.get("targetRef") or {}
                address = endpoint["addresses"][0]
                found.append(Place(target.get("uid", address), target.get("name", ""), address, ports[0]))
    return sorted(found, key=lambda place: place.address)


def port_of(service: Raw, number: int) -> Raw:
    """That port of a Service. Raises UsageError with those it has."""
    ports = (service.get("spec") or {}).get("ports") or []
    found = next((port for port in ports if port["port"] == number), None)
    if found is None:
        has = ", ".join(str(port["port"]) for port in ports) or "none"
        raise UsageError(f"service {service['metadata']['name']} has no port {number}; it has {has}")
    return dict(found)


def outside(service: Raw, port: Raw, via: str, host: str) -> str:
    """Host and port of a Service for clients. Raises UsageError where the Service has no such thing."""
    name, spec = service["metadata"]["name"], service.get("spec") or {}
    if via == "node-port":
        if not port.get("nodePort"):
            raise UsageError(f"service {name} has no node port: its type is {spec.get('type')}; see via")
        return f"{host}:{port['nodePort']}"
    if via == "load-balancer":
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        if not ingress:
            raise UsageError(f"service {name} has no load balancer address yet; see via")
        return f"{ingress[0].get('ip') or ingress[0].get('hostname')}:{port['port']}"
    address = spec.get("clusterIP")
    if not address or address == "None":
        raise UsageError(f"service {name} is headless: it has no cluster address; see via")
    return f"{address}:{port['port']}"
