"""Sockets that carry STUN: datagrams with their ICMP errors, and what streams have in common.

Both kinds look the same from above (:class:`Transport`): ``send``, and callbacks for what arrives
and for what fails. Nothing is polled; everything runs in the event loop that opened it. Streams are
:mod:`rtckit.live.stream`'s.
"""

import asyncio
import contextlib
import errno
import os
import socket
import struct
import sys
from collections import deque
from typing import Any, Protocol

from rtckit.core.address import Address
from rtckit.live.errors import IcmpError, ProbeError, Refused
from rtckit.live.servers import Server
from rtckit.live.sockets import LINUX, bind_name, keep_to_interface, scope_id
from rtckit.live.stream import (
    MessageCutter,
    OnDatagram,
    OnError,
    StreamTransport,
    adopt_stream,
    connect_tcp,
    ignore_datagram,
    ignore_error,
    open_stream,
)
from rtckit.live.tls import TlsSettings

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

_IP_RECVERR = 11
_IPV6_RECVERR = 25
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


class UdpTransport:
    """One UDP socket. ``local`` is what it is bound to.

    ICMP errors arrive at ``on_error`` as :class:`IcmpError` with the destination they are about,
    other socket errors as ``OSError``.
    """

    reliable = False

    def __init__(self, bound: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.on_datagram: OnDatagram = ignore_datagram
        self.on_error: OnError = ignore_error
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
            scope = scope_id(zone) or self._scope
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
        if not LINUX:
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
        keep_to_interface(bound, family, interface)
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if LINUX and family == socket.AF_INET6:
            bound.setsockopt(41, _IPV6_RECVERR, 1)
        elif LINUX:
            bound.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        bound.bind(bind_name(local_ip, port, interface))
        return UdpTransport(bound, asyncio.get_running_loop())
    except OSError as error:
        bound.close()
        raise Refused(error, Address(local_ip, port)) from error


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
