"""Connections between simulated hosts: a handshake, frames that arrive, refusals, silence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rtckit.core.address import Address
from rtckit.ice.virtual.network import Host, Network, Packet

__all__ = ["TcpStack"]

_SYN_AGAIN = (1.0, 3.0, 7.0)
_GIVES_UP = 15.0
_FIRST_PORT = 40000
_ACTIVE_PORT = 9

FrameReceiver = Callable[[float, Address, Address, bytes], None]
ErrorReceiver = Callable[[float, Address, Address, str], None]


@dataclass(slots=True)
class _Connection:
    """Between a base of this host and an address of the peer."""

    base: Address
    port: int
    remote: Address
    is_open: bool = False
    waiting: list[bytes] = field(default_factory=list)


class TcpStack:
    """The connections of one host; frames are whole, as RFC 4571 makes them.

    Args:
        network: what carries the segments.
        host: whose they are.
        listening: where it accepts connections.
        on_frame: takes the time, the base, the peer and a frame.
        on_error: takes the time, the base, the peer and what went wrong.
    """

    def __init__(
        self,
        network: Network,
        host: Host,
        listening: Iterable[Address],
        on_frame: FrameReceiver,
        on_error: ErrorReceiver,
    ) -> None:
        self._network = network
        self._host = host
        self._listening = set(listening)
        self._on_frame = on_frame
        self._on_error = on_error
        self._connections: dict[tuple[Address, Address], _Connection] = {}

    def send(self, now: float, base: Address, remote: Address, data: bytes) -> None:
        """Send a frame; an active candidate opens its connection first."""
        connection = self._connections.get((base, remote))
        if connection is not None and connection.is_open:
            self._send(connection, "data", data)
        elif connection is not None:
            connection.waiting.append(data)
        elif base.port == _ACTIVE_PORT:
            port = _FIRST_PORT + len(self._connections)
            connection = _Connection(base, port, remote, waiting=[data])
            self._connections[base, remote] = connection
            self._open(now, connection)
        else:
            self._on_error(now, base, remote, "there is no connection")

    def receive(self, now: float, local: Address, packet: Packet) -> None:
        """Take a segment that arrived."""
        if packet.segment == "syn":
            self._accept(local, packet.seen)
            return
        connection = self._find(local, packet.seen)
        if connection is None:
            return
        if packet.segment == "syn-ack" and not connection.is_open:
            connection.is_open = True
            waiting, connection.waiting = connection.waiting, []
            for data in waiting:
                self._send(connection, "data", data)
        elif packet.segment == "reset":
            self._close(now, connection, "connection refused")
        elif packet.segment == "data":
            connection.is_open = True
            self._on_frame(now, connection.base, connection.remote, packet.data)

    def _open(self, now: float, connection: _Connection) -> None:
        self._send(connection, "syn", b"")
        for wait in _SYN_AGAIN:
            self._network.at(now + wait, lambda _: self._open_again(connection))
        self._network.at(now + _GIVES_UP, lambda late: self._give_up(late, connection))

    def _open_again(self, connection: _Connection) -> None:
        if not connection.is_open and self._is_current(connection):
            self._send(connection, "syn", b"")

    def _give_up(self, now: float, connection: _Connection) -> None:
        if not connection.is_open and self._is_current(connection):
            self._close(now, connection, "no connection: nobody answered")

    def _is_current(self, connection: _Connection) -> bool:
        return self._connections.get((connection.base, connection.remote)) is connection

    def _close(self, now: float, connection: _Connection, reason: str) -> None:
        if self._is_current(connection):
            del self._connections[connection.base, connection.remote]
            self._on_error(now, connection.base, connection.remote, reason)

    def _accept(self, local: Address, remote: Address) -> None:
        """Answer a request for a connection: with one, or with a reset."""
        if local not in self._listening:
            self._network.send(self._host, local, remote, b"", transport="tcp", segment="reset")
            return
        connection = self._connections.get((local, remote))
        if connection is None:
            connection = _Connection(local, local.port, remote, is_open=True)
            self._connections[local, remote] = connection
        self._send(connection, "syn-ack", b"")

    def _find(self, local: Address, remote: Address) -> _Connection | None:
        for connection in self._connections.values():
            own = connection.base.ip, connection.port
            if own == local and connection.remote == remote:
                return connection
        return None

    def _send(self, connection: _Connection, segment: str, data: bytes) -> None:
        self._network.send(
            self._host,
            connection.base,
            connection.remote,
            data,
            transport="tcp",
            segment=segment,
            port=connection.port,
        )
