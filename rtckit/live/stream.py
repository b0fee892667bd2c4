"""TCP and TLS connections cut into STUN messages and ChannelData."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from rtckit.core.address import Address
from rtckit.live.errors import NoAnswer, NotStun, ProbeError, Refused, StreamClosed
from rtckit.live.sockets import bind_name, keep_to_interface, scope_id
from rtckit.live.tls import TlsSettings, TlsState, build_context, read_failure, read_state

__all__ = ["MessageCutter", "StreamTransport", "adopt_stream", "connect_tcp", "open_stream"]

_CONNECT_LIMIT_S = 10.0

OnDatagram = Callable[[bytes, Address], None]
OnError = Callable[[Exception, Address | None], None]


def ignore_datagram(data: bytes, remote: Address) -> None:
    """Stand in until somebody listens."""


def ignore_error(error: Exception, remote: Address | None) -> None:
    """Stand in until somebody listens."""


class MessageCutter:
    """Cuts a stream into STUN messages and ChannelData (RFC 8489, 6.2.2; RFC 8656, 12.5).

    Holds at most one message, 65 555 bytes. ``next_message`` raises :class:`NotStun` when the bytes
    can be neither; the padding of ChannelData is taken off. A stream begins with STUN, for a
    channel must be bound first, unless ``begins_anyhow``.
    """

    def __init__(self, *, begins_anyhow: bool = False) -> None:
        self._pending = bytearray()
        self._begun = begins_anyhow

    @property
    def pending(self) -> bytes:
        """What has come of the message that is not complete."""
        return bytes(self._pending)

    def feed(self, data: bytes) -> None:
        """Add the stream's next bytes."""
        self._pending += data

    def next_message(self) -> bytes | None:
        """The next whole message, None when more bytes are needed."""
        pending = self._pending
        if len(pending) < 4:
            if pending and pending[0] & (0x80 if self._begun else 0xC0):
                raise NotStun(bytes(pending))
            return None
        first = pending[0]
        length = pending[2] << 8 | pending[3]
        if first < 0x40:
            whole = size = 20 + length
            cookie = bytes(pending[4:8])
            if length & 3 or not b"\x21\x12\xa4\x42".startswith(cookie[:4]):
                raise NotStun(bytes(pending))
        elif first < 0x80 and self._begun:
            whole = 4 + length
            size = whole + 3 & -4
        else:
            raise NotStun(bytes(pending))
        if len(pending) < size:
            return None
        message = bytes(pending[:whole])
        del pending[:size]
        self._begun = True
        return message

    def take_rest(self) -> bytes:
        """Everything not yet given out, when the stream becomes something else."""
        rest = bytes(self._pending)
        self._pending.clear()
        return rest


class StreamTransport(asyncio.Protocol):
    """A TCP connection to one server, over TLS or not, cut into messages.

    ``remote`` is the server; ``tls`` what the handshake agreed. When the connection ends,
    ``on_error`` gets :class:`StreamClosed`, :class:`NotStun` or :class:`Refused`.
    """

    reliable = True

    def __init__(self, remote: Address) -> None:
        self.on_datagram: OnDatagram = ignore_datagram
        self.on_error: OnError = ignore_error
        self.remote = remote
        self.local = Address("0.0.0.0", 0)
        self.tls: TlsState | None = None
        self.error: ProbeError | None = None
        self._transport: asyncio.Transport | None = None
        self._cutter = MessageCutter()
        self._on_bytes: Callable[[bytes], None] | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the connection has ended, by either end."""
        return self._closed

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection of the event loop."""
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        name = transport.get_extra_info("sockname")
        if name:
            self.local = Address(str(name[0]).partition("%")[0], name[1])

    def data_received(self, data: bytes) -> None:
        """Cut what came, and pass each message on."""
        if self._on_bytes is not None:
            self._on_bytes(data)
            return
        self._cutter.feed(data)
        try:
            while not self._closed and self._on_bytes is None:
                message = self._cutter.next_message()
                if message is None:
                    return
                self.on_datagram(message, self.remote)
        except NotStun as error:
            self._end(error)
            return
        self._pass_rest()

    def take_over(self, on_bytes: Callable[[bytes], None]) -> None:
        """From here on the stream carries foreign bytes (RFC 6062, 4.4): each piece as it comes."""
        self._on_bytes = on_bytes
        asyncio.get_running_loop().call_soon(self._pass_rest)

    def _pass_rest(self) -> None:
        if self._on_bytes is not None and (rest := self._cutter.take_rest()):
            self._on_bytes(rest)

    def eof_received(self) -> bool:
        """Close in answer when the other end does."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Tell of the end, unless it was this end's doing."""
        if isinstance(error, OSError):
            self._end(Refused(error, self.remote))
        elif self._cutter.pending:
            self._end(StreamClosed("the server closed the connection amid a message"))
        else:
            self._end(StreamClosed())

    def _end(self, error: ProbeError) -> None:
        if self._closed:
            return
        self._closed = True
        self.error = error
        if self._transport is not None:
            self._transport.abort()
        self.on_error(error, self.remote)

    def send(self, data: bytes, remote: Address | None = None) -> None:
        """Send one message; ChannelData gets its padding."""
        if self._closed or self._transport is None:
            return
        if self._on_bytes is None and 0x40 <= data[0] < 0x80:
            data += bytes(-len(data) & 3)
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection; may be called again."""
        if not self._closed:
            self._closed = True
            if self._transport is not None:
                self._transport.close()


async def open_stream(
    remote: Address,
    tls: TlsSettings | None = None,
    local_ip: str | None = None,
    *,
    local_port: int = 0,
    interface: str | None = None,
    timeout_s: float = _CONNECT_LIMIT_S,
) -> StreamTransport:
    """A connection to ``remote``, over TLS when ``tls`` says how.

    :class:`Refused` when TCP does not connect, :class:`NoAnswer` when nothing comes back in
    ``timeout_s``, :class:`TlsFailed` when TLS fails.
    """
    connected = await connect_tcp(
        remote, local_ip, local_port=local_port, interface=interface, timeout_s=timeout_s
    )
    return await adopt_stream(connected, remote, tls, timeout_s=timeout_s)


async def connect_tcp(
    remote: Address,
    local_ip: str | None = None,
    *,
    local_port: int = 0,
    interface: str | None = None,
    timeout_s: float = _CONNECT_LIMIT_S,
) -> socket.socket:
    """A connected TCP socket; fails as :func:`open_stream` does."""
    family = socket.AF_INET6 if ":" in remote.ip else socket.AF_INET
    loop = asyncio.get_running_loop()
    start = loop.time()
    connected = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        keep_to_interface(connected, family, interface)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if local_ip is not None:
            if local_port:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connected.bind(bind_name(local_ip, local_port, interface))
        name: tuple[Any, ...] = remote
        if family == socket.AF_INET6:
            ip, _, zone = remote.ip.partition("%")
            name = (ip, remote.port, 0, scope_id(zone or interface or ""))
        async with asyncio.timeout(timeout_s):
            await loop.sock_connect(connected, name)
        return connected
    except TimeoutError as error:
        connected.close()
        if error.errno:  # the kernel gave up before we did
            raise Refused(error, remote) from error
        raise NoAnswer(loop.time() - start, 1, what="TCP connection") from error
    except OSError as error:
        connected.close()
        raise Refused(error, remote) from error
    except BaseException:
        connected.close()
        raise


async def adopt_stream(
    connected: socket.socket,
    remote: Address,
    tls: TlsSettings | None = None,
    *,
    timeout_s: float = _CONNECT_LIMIT_S,
) -> StreamTransport:
    """The transport over a connected socket, which it owns from now on; TLS when ``tls`` says how.

    Fails as :func:`rtckit.live.tls.read_failure` reads it.
    """
    loop = asyncio.get_running_loop()
    transport = StreamTransport(remote)
    if tls is None:
        await loop.create_connection(lambda: transport, sock=connected)
        return transport
    try:
        async with asyncio.timeout(timeout_s):
            await loop.create_connection(
                lambda: transport,
                sock=connected,
                ssl=build_context(tls),
                server_hostname=tls.server_name,
            )
    except (OSError, TimeoutError) as error:
        connected.close()
        raise read_failure(error) from error
    except BaseException:
        connected.close()
        raise
    assert transport.transport is not None
    transport.tls = read_state(transport.transport.get_extra_info("ssl_object"), tls)
    return transport
