"""The sockets ICE sends on, one link for each base (RFC 8445, 2)."""

import errno
from collections.abc import Callable
from typing import Protocol

from rtckit.core.address import Address
from rtckit.live.errors import IcmpError
from rtckit.live.stun_client import StunClient
from rtckit.live.transport import UdpTransport

__all__ = ["Link", "OnDatagram", "OnFailure", "UdpLink"]

OnDatagram = Callable[["Link", bytes, Address], None]
"""Called with the link, what came, and who sent it."""

OnFailure = Callable[["Link", Address, str, bool], None]
"""Called with the link, the destination, the reason in words, and whether it may pass."""

_FINAL = frozenset(
    {
        errno.EACCES,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EHOSTUNREACH,
        errno.EINVAL,
        errno.ENETUNREACH,
        errno.EPERM,
    }
)


class Link(Protocol):
    """What datagrams leave on and arrive at.

    Attributes:
        transport: ``udp`` or ``tcp``, as the candidates on it have it.
        base: the address its candidates are based on.
        on_datagram: gets what is no answer to a question of the gathering.
        on_failure: is told when nothing can be sent to a destination.
    """

    transport: str
    base: Address
    on_datagram: OnDatagram | None
    on_failure: OnFailure | None

    def send(self, data: bytes, remote: Address) -> None:
        """Send to one destination; never raises, `on_failure` tells."""
        ...

    def close(self) -> None:
        """Close what it holds; harmless when that was done."""
        ...


class UdpLink:
    """A UDP socket of one address of this machine.

    ``client`` asks STUN servers over the same socket, so that what they see is what peers see.
    """

    transport = "udp"

    def __init__(self, udp: UdpTransport) -> None:
        self.base = udp.local
        self.client = StunClient(udp)
        self.on_datagram: OnDatagram | None = None
        self.on_failure: OnFailure | None = None
        self.client.on_data = self._receive
        self.client.on_error = self._fail
        self.send = udp.send
        self._udp = udp

    def _receive(self, data: bytes, remote: Address) -> None:
        if self.on_datagram is not None:
            self.on_datagram(self, data, remote)

    def _fail(self, error: Exception, remote: Address | None) -> None:
        if remote is None or self.on_failure is None or not isinstance(error, OSError):
            return
        if isinstance(error, IcmpError):
            self.on_failure(self, remote, f"ICMP: {error.name}", True)
        else:
            why = error.strerror or str(error)
            self.on_failure(self, remote, why, error.errno not in _FINAL)

    def close(self) -> None:
        """Close the socket."""
        self.client.close()
