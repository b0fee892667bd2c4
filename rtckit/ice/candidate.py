"""An ICE candidate as an agent keeps it: with its base and where it came from (RFC 8445, 2)."""

from dataclasses import dataclass
from typing import Any

from rtckit.core.address import Address
from rtckit.sdp import Candidate

__all__ = ["HOST", "PRFLX", "RELAY", "SRFLX", "TYPES", "IceCandidate"]

HOST = "host"
SRFLX = "srflx"
PRFLX = "prflx"
RELAY = "relay"
TYPES = (HOST, SRFLX, PRFLX, RELAY)


@dataclass(frozen=True, slots=True)
class IceCandidate:
    """A transport address for connectivity checks.

    Attributes:
        type: ``host``, ``srflx``, ``prflx`` or ``relay``.
        transport: ``udp`` or ``tcp``.
        address: what the peer sends to; an mDNS name until it is resolved.
        base: what this side sends from, an IPv6 link-local one with its zone; of a remote
            candidate the same as ``address``.
        priority: RFC 8445, 5.1.2.
        foundation: the same for candidates of one type, base, server and transport.
        component: 1 for RTP, 2 for RTCP.
        related: the base of a reflexive candidate, the mapped address of a relayed one.
        tcptype: ``active``, ``passive`` or ``so`` (RFC 6544); None over UDP.
        interface: the name of the interface it was gathered on.
        server: the server it was learned from, as the user named it.
        name: the mDNS name that stands for the address, in descriptions of this side or of the
            peer.
    """

    type: str
    transport: str
    address: Address
    base: Address
    priority: int
    foundation: str
    component: int = 1
    related: Address | None = None
    tcptype: str | None = None
    interface: str | None = None
    server: str | None = None
    name: str | None = None

    @classmethod
    def from_sdp(cls, candidate: Candidate) -> "IceCandidate":
        """Read a candidate of the other side."""
        address = Address(candidate.address, candidate.port)
        related = None
        if candidate.related_address is not None:
            related = Address(candidate.related_address, candidate.related_port or 0)
        return cls(
            candidate.type,
            candidate.transport.lower(),
            address,
            address,
            candidate.priority,
            candidate.foundation,
            candidate.component,
            related,
            candidate.tcptype,
        )

    def to_sdp(self, *, hide_related: bool = False) -> Candidate:
        """Write a candidate of this side.

        Args:
            hide_related: write ``0.0.0.0`` and port 0 for the related address, as the privacy of
                local addresses wants it (RFC 8828; draft-ietf-mmusic-mdns-ice-candidates, 3.1.2).
        """
        related = self.related
        if related is not None and hide_related:
            related = Address("::" if related.family == 6 else "0.0.0.0", 0)
        return Candidate(
            self.foundation,
            self.component,
            self.transport,
            self.priority,
            self.name or self.address.ip.partition("%")[0],
            self.address.port,
            self.type,
            related.ip.partition("%")[0] if related else None,
            related.port if related else None,
            self.tcptype,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what events tell of a candidate; every key is always there."""
        return {
            "candidate": str(self),
            "type": self.type,
            "transport": self.transport,
            "address": self.address.ip,
            "port": self.address.port,
            "priority": self.priority,
            "foundation": self.foundation,
            "component": self.component,
            "tcptype": self.tcptype,
            "interface": self.interface,
            "server": self.server,
            "name": self.name,
        }

    def __str__(self) -> str:
        return f"{self.type} {self.transport} {self.address}"
