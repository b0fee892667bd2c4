"""Sockets that carry STUN: datagrams with their ICMP errors, and streams cut into messages.

Both kinds look the same from above (:class:`Transport`): ``send``, and callbacks for what arrives
and for what fails. Nothing is polled; everything runs in the event loop that opened it.
"""

import asyncio
import contextlib
import errno
import os
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Protocol

from rtckit.core.address import Address
from rtckit.live.errors import IcmpError, NoAnswer, NotStun, ProbeError, Refused, StreamClosed
from rtckit.live.servers import Server
from rtckit.live.tls import TlsSettings, TlsState, build_context, read_failure, read_state

__all__ = [
    "MessageCutter",
    "StreamTransport",
    "Transport",
    "UdpTransport",
    "adopt_stream",
    "connect_tcp",
    "open_stream",
    "open_transport",
    "open_udp",
]

OnDatagram = Callable[[bytes, Address], None]
OnError = Callable[[Exception, Address | None], None]

_LINUX: Final = sys.platform.startswith("linux")
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_IP_UNICAST_IF = 50
_IPV6_UNICAST_IF = 76
_SO_BINDTODEVICE = 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_ORIGINS = {1: "local", 2: "icmp", 3: "icmp6"}
_MAX_DATAGRAM = 65535
_BATCH = 64  # datagrams read at once before other work of the loop has its turn
_MAX_WAITING = 256  # datagrams kept while the socket's buffer is full
_CONNECT_LIMIT_S = 10.0


class Transport(Protocol):
    """What STUN travels over.

    ``reliable`` says whether a lost message is the transport's business (RFC 8489, 6.2.2).
    """

    local: Address
    reliable: bool
    on_datagram: OnDatagram
    on_error: OnError

    def send(self, data: bytes, remote: Address) -> None:
        """Send one message; failures come to ``on_error``."""

    def close(self) -> None:
        """Close it; nothing arrives any more."""


def _ignore_datagram(data: bytes, remote: Address) -> None:
    """Stand in until somebody listens."""


def _ignore_error(error: Exception, remote: Address | None) -> None:
    """Stand in until somebody listens."""


# --- datagrams


class UdpTransport:
    """One UDP socket. ``local`` is what it is bound to.

    ICMP errors arrive at ``on_error`` as :class:`IcmpError` with the destination they are about,
    other socket errors as ``OSError``.
    """

    reliable = False

    def __init__(self, bound: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.on_datagram: OnDatagram = _ignore_datagram
        self.on_error: OnError = _ignore_error
        self._socket = bound
        self._loop = loop
        self._closed = False
        self._scope = 0
        self._waiting: deque[tuple[bytes, Address]] = deque()
        name = bound.getsockname()
        if len(name) == 4:
            self._scope = name[3]
        self.local = Address(str(name[0]).partition("%")[0], name[1])
        loop.add_reader(bound.fileno(), self._read)

    @property
    def socket(self) -> socket.socket:
        """The socket itself, for options."""
        return self._socket

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def send(self, data: bytes, remote: Address) -> None:
        """Send one datagram; what fails comes to ``on_error`` in the loop's next turn."""
        if self._closed:
            return
        if self._waiting:
            self._wait_to_send(data, remote)
            return
        try:
            self._send(data, remote)
        except BlockingIOError:
            self._wait_to_send(data, remote)
        except OSError as error:
            self._loop.call_soon(self._report, error, remote)

    def _send(self, data: bytes, remote: Address) -> None:
        destination: Any = remote
        if ":" in remote.ip:
            destination = self._destination(remote)
        for attempt in range(3):
            try:
                self._socket.sendto(data, destination)
                return
            except BlockingIOError:
                raise
            except OSError:
                # An ICMP error about an earlier datagram is told here too, and has its own place.
                if not self._read_errors() or attempt == 2:
                    raise

    def _destination(self, remote: Address) -> tuple[str, int, int, int]:
        ip, _, zone = remote.ip.partition("%")
        scope = 0
        if ip[:4].lower() in ("fe80", "ff02"):
            scope = _scope_id(zone) or self._scope
        return ip, remote.port, 0, scope

    def _wait_to_send(self, data: bytes, remote: Address) -> None:
        if not self._waiting:
            self._loop.add_writer(self._socket.fileno(), self._flush)
        if len(self._waiting) < _MAX_WAITING:
            self._waiting.append((data, remote))

    def _flush(self) -> None:
        while self._waiting:
            data, remote = self._waiting[0]
            try:
                self._send(data, remote)
            except BlockingIOError:
                return
            except OSError as error:
                self._report(error, remote)
            if self._closed:
                return
            self._waiting.popleft()
        self._loop.remove_writer(self._socket.fileno())

    def _report(self, error: Exception, remote: Address | None) -> None:
        if not self._closed:
            self.on_error(error, remote)

    def _read(self) -> None:
        receive = self._socket.recvfrom
        for _ in range(_BATCH):
            if self._closed:
                return
            try:
                data, name = receive(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                if not self._read_errors():
                    self._report(error, None)
                    break
                continue
            ip = name[0]
            if "%" in ip:
                ip = ip.partition("%")[0]
            self.on_datagram(data, Address(ip, name[1]))
        if not self._closed:
            self._read_errors()

    def _read_errors(self) -> int:
        """Take what the kernel keeps in the error queue; how many there were."""
        if not _LINUX:
            return 0
        count = 0
        while count < _BATCH and not self._closed:
            try:
                _, ancillary, _, name = self._socket.recvmsg(1024, 1024, socket.MSG_ERRQUEUE)
            except OSError:
                return count
            count += 1
            for level, kind, value in ancillary:
                error = _read_extended_error(level, kind, value)
                if error is not None:
                    remote = Address(str(name[0]).partition("%")[0], name[1]) if name else None
                    self._loop.call_soon(self._report, error, remote)
        return count

    def close(self) -> None:
        """Close the socket; may be called again."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._waiting.clear()
            self._socket.close()


@lru_cache(maxsize=64)
def _scope_id(zone: str) -> int:
    if not zone:
        return 0
    if zone.isdigit():
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except OSError:
        return 0


def _read_extended_error(level: int, kind: int, value: bytes) -> IcmpError | None:
    """``struct sock_extended_err`` and the address behind it (ip(7), IP_RECVERR)."""
    wanted = (level, kind) in ((socket.IPPROTO_IP, _IP_RECVERR), (41, _IPV6_RECVERR))
    if not wanted or len(value) < _EXTENDED_ERROR.size:
        return None
    number, origin, icmp_type, icmp_code, _, info, _ = _EXTENDED_ERROR.unpack_from(value)
    reporter = None
    behind = value[_EXTENDED_ERROR.size :]
    family = int.from_bytes(behind[:2], sys.byteorder) if len(behind) >= 2 else 0
    if family == socket.AF_INET and len(behind) >= 8:
        reporter = socket.inet_ntop(socket.AF_INET, behind[4:8])
    elif family == socket.AF_INET6 and len(behind) >= 24:
        reporter = socket.inet_ntop(socket.AF_INET6, behind[8:24])
    return IcmpError(
        number,
        os.strerror(number),
        origin=_ORIGINS.get(origin, "local"),
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        reporter=reporter,
        mtu=info if number == errno.EMSGSIZE else 0,
    )


async def open_udp(local_ip: str, *, port: int = 0, interface: str | None = None) -> UdpTransport:
    """A UDP socket on ``local_ip`` (``0.0.0.0`` or ``::`` for any), kept to ``interface`` if given.

    :class:`Refused` when the address or port cannot be had.
    """
    family = socket.AF_INET6 if ":" in local_ip else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        _set_options(bound, family, interface)
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if _LINUX and family == socket.AF_INET6:
            bound.setsockopt(41, _IPV6_RECVERR, 1)
        elif _LINUX:
            bound.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        bound.bind(_bind_name(local_ip, port, interface))
        return UdpTransport(bound, asyncio.get_running_loop())
    except OSError as error:
        bound.close()
        raise Refused(error, Address(local_ip, port)) from error


def _set_options(bound: socket.socket, family: int, interface: str | None) -> None:
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if interface is None or not _LINUX:
        return
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode() + b"\0")
    except PermissionError:
        # Kernels before 5.7 let only root bind to a device; choosing where to send needs no right.
        index = socket.if_nametoindex(interface)
        if family == socket.AF_INET6:
            bound.setsockopt(41, _IPV6_UNICAST_IF, socket.htonl(index))
        else:
            bound.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, socket.htonl(index))


def _bind_name(ip: str, port: int, interface: str | None) -> tuple[Any, ...]:
    if ":" not in ip:
        return ip, port
    plain, _, zone = ip.partition("%")
    scope = 0
    if plain[:4].lower() == "fe80":
        scope = _scope_id(zone or interface or "")
    return plain, port, 0, scope


# --- streams


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
        self.on_datagram: OnDatagram = _ignore_datagram
        self.on_error: OnError = _ignore_error
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
        _set_options(connected, family, interface)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if local_ip is not None:
            if local_port:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connected.bind(_bind_name(local_ip, local_port, interface))
        name: tuple[Any, ...] = remote
        if family == socket.AF_INET6:
            ip, _, zone = remote.ip.partition("%")
            name = (ip, remote.port, 0, _scope_id(zone or interface or ""))
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


async def open_transport(
    server: Server,
    remote: Address,
    *,
    local_ip: str | None = None,
    interface: str | None = None,
    tls: TlsSettings | None = None,
    timeout_s: float = _CONNECT_LIMIT_S,
) -> UdpTransport | StreamTransport:
    """The transport that ``server`` asks for, to its address ``remote``.

    ``tls`` replaces the settings made from the server's name. :class:`ProbeError` for DTLS, which
    is not spoken, and whatever :func:`open_udp` and :func:`open_stream` raise.
    """
    if server.way == "dtls":
        raise ProbeError("STUN over DTLS is not spoken here; use transport=tcp")
    if server.transport == "udp":
        anything = "::" if ":" in remote.ip else "0.0.0.0"
        return await open_udp(local_ip or anything, interface=interface)
    settings = None
    if server.tls:
        settings = tls or TlsSettings(server.host)
    return await open_stream(remote, settings, local_ip, interface=interface, timeout_s=timeout_s)
