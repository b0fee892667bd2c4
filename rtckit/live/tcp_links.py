"""ICE over TCP: connections that carry checks and data, framed as RFC 4571 has it (RFC 6544)."""

import asyncio
from collections import deque
from typing import cast

from rtckit.core.address import Address
from rtckit.live.links import OnDatagram, OnFailure

__all__ = ["ACTIVE_PORT", "ActiveLink", "FramedConnection", "PassiveLink", "open_passive"]

ACTIVE_PORT = 9
"""The port of active candidates, which nobody connects to (RFC 6544, 4.5)."""

_MOST_CONNECTIONS = 64
_MOST_WAITING = 64
_MOST_UNSENT = 1 << 20
_CONNECT_LIMIT_S = 10.0


class FramedConnection(asyncio.Protocol):
    """One connection of a link: two bytes of length before each datagram (RFC 4571, 2)."""

    def __init__(self, link: "_TcpLink", remote: Address | None = None) -> None:
        self.remote = remote or Address("0.0.0.0", 0)
        self._link = link
        self._known = remote is not None
        self._transport: asyncio.Transport | None = None
        self._pending = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast(asyncio.Transport, transport)
        if not self._known:
            name = transport.get_extra_info("peername")
            self.remote = Address(str(name[0]).partition("%")[0], name[1])
        self._link.connected(self)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into datagrams; at most one of 65 535 bytes is kept."""
        pending = self._pending
        pending += data
        start = 0
        while len(pending) - start >= 2:
            end = start + 2 + (pending[start] << 8 | pending[start + 1])
            if len(pending) < end:
                break
            self._link.arrived(self, bytes(pending[start + 2 : end]))
            start = end
        del pending[:start]

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the link."""
        self._link.ended(self, str(error) if error else "the peer closed the connection")

    def send(self, data: bytes) -> bool:
        """Send one datagram; False when the peer takes none and too much waits already."""
        if self._transport is None or self._transport.get_write_buffer_size() > _MOST_UNSENT:
            return False
        self._transport.write(len(data).to_bytes(2, "big") + data)
        return True

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()


class _TcpLink:
    """What active and passive links have in common: a connection for each remote address."""

    transport = "tcp"

    def __init__(self, base: Address) -> None:
        self.base = base
        self.on_datagram: OnDatagram | None = None
        self.on_failure: OnFailure | None = None
        self._connections: dict[Address, FramedConnection] = {}
        self._closed = False

    def connected(self, connection: FramedConnection) -> None:
        """Take a connection into use."""
        if self._closed or len(self._connections) >= _MOST_CONNECTIONS:
            connection.abort()
        else:
            self._connections[connection.remote] = connection

    def arrived(self, connection: FramedConnection, data: bytes) -> None:
        """Pass a datagram on."""
        if self.on_datagram is not None:
            self.on_datagram(self, data, connection.remote)

    def ended(self, connection: FramedConnection, why: str) -> None:
        """Forget a connection."""
        if self._connections.get(connection.remote) is connection:
            del self._connections[connection.remote]
            self._fail(connection.remote, why)

    def _fail(self, remote: Address, why: str) -> None:
        if self.on_failure is not None and not self._closed:
            self.on_failure(self, remote, why, False)

    def send(self, data: bytes, remote: Address) -> None:
        """Send over the connection to an address."""
        raise NotImplementedError

    def close(self) -> None:
        """Close every connection."""
        self._closed = True
        for connection in list(self._connections.values()):
            connection.abort()
        self._connections.clear()


class ActiveLink(_TcpLink):
    """Opens connections from an address of this machine as checks are sent (RFC 6544, 7.1)."""

    def __init__(self, ip: str) -> None:
        super().__init__(Address(ip, ACTIVE_PORT))
        self._opening: dict[Address, tuple[asyncio.Task[None], deque[bytes]]] = {}

    def send(self, data: bytes, remote: Address) -> None:
        """Send, opening a connection first when there is none."""
        connection = self._connections.get(remote)
        if connection is not None:
            connection.send(data)
            return
        opening = self._opening.get(remote)
        if opening is not None:
            opening[1].append(data)
            return
        loop = asyncio.get_running_loop()
        if self._closed or len(self._opening) >= _MOST_CONNECTIONS:
            loop.call_soon(self._fail, remote, "too many connections")
            return
        task = loop.create_task(self._open(remote))
        self._opening[remote] = task, deque([data], maxlen=_MOST_WAITING)

    async def _open(self, remote: Address) -> None:
        loop = asyncio.get_running_loop()
        why = None
        try:
            async with asyncio.timeout(_CONNECT_LIMIT_S):
                await loop.create_connection(
                    lambda: FramedConnection(self, remote),
                    remote.ip,
                    remote.port,
                    local_addr=(self.base.ip, 0),
                )
        except TimeoutError:
            why = f"no TCP connection in {_CONNECT_LIMIT_S:.0f} s"
        except OSError as error:
            why = f"no TCP connection: {error.strerror or error}"
        _, waiting = self._opening.pop(remote)
        connection = self._connections.get(remote)
        if connection is None:
            self._fail(remote, why or "the connection ended at once")
            return
        for data in waiting:
            connection.send(data)

    def close(self) -> None:
        """Close every connection, and those on their way."""
        super().close()
        for task, _ in self._opening.values():
            task.cancel()


class PassiveLink(_TcpLink):
    """Listens; sends over the connections that came (RFC 6544, 7.2)."""

    def __init__(self, base: Address) -> None:
        super().__init__(base)
        self.server: asyncio.Server | None = None

    def send(self, data: bytes, remote: Address) -> None:
        """Send over the connection that came from an address."""
        connection = self._connections.get(remote)
        if connection is None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._fail, remote, "no TCP connection came from there")
        else:
            connection.send(data)

    def close(self) -> None:
        """Stop listening, and close every connection."""
        if self.server is not None:
            self.server.close()
        super().close()


async def open_passive(ip: str, port: int = 0) -> PassiveLink:
    """Listen on an address; raises ``OSError`` when that is not to be had."""
    link = PassiveLink(Address(ip, port))
    loop = asyncio.get_running_loop()
    link.server = await loop.create_server(lambda: FramedConnection(link), ip, port)
    link.base = Address(ip, link.server.sockets[0].getsockname()[1])
    return link
