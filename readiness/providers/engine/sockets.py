"""TCP sockets: those of processes of this machine, and those that a command such as `ss -Htanp` lists."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import psutil

from readiness.topology import TcpSocket

_ATTEMPT = re.compile(r"\bSYN[-_]SENT\b")
_ADDRESS = re.compile(r"(?P<host>\[[^\]\s]+\]|[^\s\[\]]+):(?P<port>\d+|\*)")


def of_processes(pids: Iterable[int]) -> tuple[TcpSocket, ...]:
    """The sockets of these processes, also in another network namespace; a process that has ended has none. Raises
    OSError if the machine does not show them.
    """
    found: dict[TcpSocket, None] = {}
    for pid in pids:
        try:
            found |= dict.fromkeys(_of_process(pid))
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied as error:
            raise PermissionError(f"the sockets of process {pid} are not shown to this user") from error
    return tuple(found)


def _of_process(pid: int) -> Iterator[TcpSocket]:
    for each in psutil.Process(pid).net_connections("tcp"):
        local = _joined(each.laddr.ip, each.laddr.port)
        if each.status == psutil.CONN_LISTEN:
            yield TcpSocket(local)
        elif (peer := [*each.raddr]) and each.status != psutil.CONN_SYN_SENT:
            yield TcpSocket(local, _joined(str(peer[0]), str(peer[1])))


def of_network(pid: int) -> tuple[TcpSocket, ...]:
    """The sockets of all processes that share the network namespace of that one. Raises OSError if the machine does
    not show them.
    """
    own = _namespace(pid)
    return of_processes(each for each in psutil.pids() if each == pid or _shares(each, own))


def _namespace(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def _shares(pid: int, namespace: str) -> bool:
    try:
        return _namespace(pid) == namespace
    except OSError:
        return False


def listed(text: str) -> Sequence[TcpSocket]:
    """The sockets of a list with one a line, its first two HOST:PORT the local address and the peer's; a peer with the
    port `*` or 0 means that it listens. Other lines, such as a heading, say nothing, nor do attempts to connect
    (SYN-SENT).
    """
    found = []
    for line in text.splitlines():
        ends = [match for word in line.split() if (match := _ADDRESS.fullmatch(word))]
        if len(ends) >= 2 and ends[0]["port"] != "*" and not _ATTEMPT.search(line):
            local, peer = (_joined(end["host"], end["port"]) for end in ends[:2])
            found.append(TcpSocket(local, None if ends[1]["port"] in ("*", "0") else peer))
    return found


def _joined(host: str, port: int | str) -> str:
    """HOST:PORT, an IPv4 address in an IPv6 one as the former, and any wildcard as `*`."""
    plain = host.strip("[]").split("%", 1)[0]
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return f"{plain}:{port}"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    known = mapped or address
    return f"*:{port}" if known.is_unspecified else f"{known}:{port}"
