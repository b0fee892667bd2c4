"""ICMP (RFC 792) and ICMPv6 (RFC 4443) errors about UDP datagrams: why packets went nowhere."""

from typing import NamedTuple

from rtckit.capture.ip import UDP, decode_ip
from rtckit.core.address import Address, address_from_bytes, ip_from_bytes

__all__ = ["IcmpError", "decode_icmp_error"]

_ERRORS_4 = frozenset((3, 4, 11, 12))  # RFC 792; redirects are advice, no errors
_ERRORS_6 = frozenset((1, 2, 3, 4))  # RFC 4443, 3

_MEANINGS = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "fragmentation needed",
    (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited",
    (4, 3, 13): "administratively prohibited",  # RFC 1812, 5.2.7.1
    (4, 11, 0): "time to live exceeded",
    (4, 11, 1): "fragment reassembly time exceeded",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address refused by policy",
    (6, 1, 6): "route to destination rejected",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded",
    (6, 3, 1): "fragment reassembly time exceeded",
}
_KINDS = {
    (4, 3): "destination unreachable",
    (4, 4): "source quench",
    (4, 11): "time exceeded",
    (4, 12): "parameter problem",
    (6, 1): "destination unreachable",
    (6, 2): "packet too big",
    (6, 3): "time exceeded",
    (6, 4): "parameter problem",
}


class IcmpError(NamedTuple):
    """An ICMP or ICMPv6 error about a UDP datagram.

    ``reporter`` is the IP address that sent it (its family tells ICMP from ICMPv6); ``src`` and
    ``dst`` are the quoted datagram's addresses; ``mtu`` is the next hop's, where the error has one
    (RFC 1191, 4; RFC 4443, 3.2), else 0.
    """

    frame: int
    time_ns: int
    type: int
    code: int
    reporter: str
    src: Address
    dst: Address
    mtu: int = 0

    @property
    def meaning(self) -> str:
        """What it says, in words."""
        version = 6 if ":" in self.reporter else 4
        exact = _MEANINGS.get((version, self.type, self.code))
        if exact is not None:
            return exact
        kind = _KINDS.get((version, self.type), f"ICMP type {self.type}")
        return f"{kind}, code {self.code}"


def decode_icmp_error(
    data: bytes, reporter: bytes, frame: int = 0, time_ns: int = 0
) -> IcmpError | None:
    """The error in an ICMP message sent by ``reporter`` (4 or 16 bytes).

    ``None`` when the message is no error, or not about UDP. Never raises.
    """
    version = 4 if len(reporter) == 4 else 6
    if len(data) < 8 or data[0] not in (_ERRORS_4 if version == 4 else _ERRORS_6):
        return None
    kind, code = data[0], data[1]
    # The quotation is cut short by design: its own length field says how long it was.
    quoted, _ = decode_ip(data[8:], 1 << 16)
    if (
        quoted is None
        or len(quoted.source) != len(reporter)
        or quoted.protocol != UDP
        or len(quoted.payload) < 4
        or (quoted.fragment is not None and quoted.fragment.offset)
    ):
        return None
    source_port, destination_port = quoted.payload[:2], quoted.payload[2:4]
    mtu = 0
    if version == 4 and (kind, code) == (3, 4):
        mtu = int.from_bytes(data[6:8], "big")
    elif version == 6 and kind == 2:
        mtu = int.from_bytes(data[4:8], "big")
    return IcmpError(
        frame,
        time_ns,
        kind,
        code,
        ip_from_bytes(reporter),
        address_from_bytes(quoted.source, int.from_bytes(source_port, "big")),
        address_from_bytes(quoted.destination, int.from_bytes(destination_port, "big")),
        mtu,
    )
