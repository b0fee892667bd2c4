"""A STUN server on sockets: UDP and TCP, RFC 5780 when it has two addresses.

What it answers is :mod:`rtckit.live.stun_responder`'s business.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rtckit.core.address import Address
from rtckit.core.errors import UsageError
from rtckit.live.errors import NotStun, Refused
from rtckit.live.stun_responder import RateLimit, Reply, Responder
from rtckit.live.transport import MessageCutter, UdpTransport, open_udp

__all__ = ["StunServer"]

_MAX_CONNECTIONS = 256
_IDLE_LIMIT_S = 30.0
_MAX_UNSENT = 1 << 16

OnRequest = Callable[[Address, Address, bytes, Reply | None], None]


class StunServer:
    """A server on one address, or on two and then with two ports for each, an async context.

    ``ips`` are one or two addresses of this machine, of one family. ``port`` 0 takes any free one;
    ``other_port`` is the second of RFC 5780, one above the first unless said. ``on_request(source,
    local, request, reply)`` is told of each request. :class:`Refused` when an address or port
    cannot be had.
    """

    def __init__(
        self,
        ips: Sequence[str] = ("127.0.0.1",),
        port: int = 3478,
        *,
        other_port: int | None = None,
        tcp: bool = True,
        limit: RateLimit | None = None,
    ) -> None:
        if not 1 <= len(ips) <= 2 or len(set(ips)) != len(ips):
            raise UsageError("a STUN server has one address, or two for RFC 5780")
        if len({":" in ip for ip in ips}) != 1:
            raise UsageError("the two addresses must be of one family")
        if len(ips) == 2 and any(ip in ("0.0.0.0", "::") for ip in ips):
            raise UsageError("RFC 5780 needs two addresses by name, not any")
        self.ips = tuple(ips)
        self.port = port
        self.other_port = other_port
        self.tcp = tcp
        self.limit = limit or RateLimit()
        self.on_request: OnRequest | None = None
        self.responder = Responder(())
        self._udp: dict[Address, UdpTransport] = {}
        self._listeners: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where it listens over UDP; the first is the main one."""
        return tuple(self._udp)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _open(self) -> None:
        port = self.port
        for ip in self.ips:
            transport = await self._listen(ip, port)
            port = transport.local.port
        if len(self.ips) == 2:
            second = self.other_port if self.other_port is not None else port % 65535 + 1
            if second == port:
                raise UsageError("the two ports must differ")
            for ip in self.ips:
                second = (await self._listen(ip, second)).local.port
        self.responder = Responder(self.addresses, self.limit)
        if self.tcp:
            for address in self.addresses:
                await self._listen_tcp(address)

    async def _listen(self, ip: str, port: int) -> UdpTransport:
        transport = await open_udp(ip, port=port)
        local = transport.local
        self._udp[local] = transport
        transport.on_datagram = lambda data, source: self._datagram(data, source, local)
        return transport

    async def _listen_tcp(self, address: Address) -> None:
        assert self._loop is not None
        try:
            listener = await self._loop.create_server(
                lambda: _Connection(self), address.ip, address.port, reuse_address=True
            )
        except OSError as error:
            raise Refused(error, address) from error
        self._listeners.append(listener)

    def _datagram(self, data: bytes, source: Address, local: Address) -> None:
        assert self._loop is not None
        reply = self.responder.answer(data, source, local, self._loop.time())
        if reply is not None:
            self._udp[reply.source].send(reply.data, reply.to)
        if self.on_request is not None:
            self.on_request(source, local, data, reply)

    async def close(self) -> None:
        """Close every socket; may be called again."""
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.close()
        for transport in self._udp.values():
            transport.close()
        for listener in self._listeners:
            with contextlib.suppress(Exception):
                await listener.wait_closed()
        self._listeners.clear()


class _Connection(asyncio.Protocol):
    """One client over TCP: any number of requests, and 30 s to send the next."""

    def __init__(self, server: StunServer) -> None:
        self._server = server
        self._cutter = MessageCutter()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._source = Address("", 0)
        self._local = Address("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._server._connections) >= _MAX_CONNECTIONS:
            transport.abort()
            return
        self._server._connections.add(self)
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not own:
            transport.abort()
            return
        self._source = Address(str(peer[0]).partition("%")[0], peer[1])
        self._local = Address(str(own[0]).partition("%")[0], own[1])
        self._wait()

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_LIMIT_S, self.close)

    def data_received(self, data: bytes) -> None:
        server, transport = self._server, self._transport
        assert transport is not None
        self._cutter.feed(data)
        now = asyncio.get_running_loop().time()
        try:
            while (message := self._cutter.next_message()) is not None:
                self._wait()
                reply = server.responder.answer(
                    message, self._source, self._local, now, stream=True
                )
                if reply is not None:
                    transport.write(reply.data)
                if server.on_request is not None:
                    server.on_request(self._source, self._local, message, reply)
        except NotStun:
            transport.abort()
            return
        if transport.get_write_buffer_size() > _MAX_UNSENT:
            transport.abort()  # it asks and does not read

    def connection_lost(self, error: Exception | None) -> None:
        self._server._connections.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()
