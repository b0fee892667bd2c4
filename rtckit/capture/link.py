"""Link layers: from a frame to the network packet in it.

Ethernet with 802.1Q and 802.1ad tags (IEEE 802.1Q), 802.3 with LLC and SNAP, PPPoE sessions
(RFC 2516), MPLS (RFC 3032), Linux cooked captures in both versions, raw IP and BSD loopback.
"""

from typing import NamedTuple

from rtckit.capture.frame import LinkType
from rtckit.core.errors import ParseError

__all__ = ["ARP", "IPV4", "IPV6", "OTHER", "Network", "find_network", "is_supported"]

IPV4 = 0x0800
IPV6 = 0x86DD
ARP = 0x0806
OTHER = 0
"""No network packet: an 802.3 frame for a bridge, say."""

_TAGS = frozenset((0x8100, 0x88A8, 0x9100, 0x9200))  # 802.1Q, 802.1ad and what came before it
_PPPOE_SESSION = 0x8864
_MPLS = frozenset((0x8847, 0x8848))
_MAX_TAGS = 16

_HEADERS = {
    # link type: where the protocol stands, and the header's length
    LinkType.ETHERNET: (12, 14),
    LinkType.LINUX_SLL: (14, 16),
    LinkType.LINUX_SLL2: (0, 20),
}
_RAW = frozenset((LinkType.RAW, LinkType.RAW_BSD, LinkType.RAW_OPENBSD))
_LOOPBACK = frozenset((LinkType.NULL, LinkType.LOOP))
_FIXED = {LinkType.IPV4: IPV4, LinkType.IPV6: IPV6}
_SUPPORTED = frozenset(LinkType)

# Address families as the BSDs, macOS and Linux number them.
_FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
_PPP = {0x0021: IPV4, 0x0057: IPV6}


class Network(NamedTuple):
    """What a frame carries: its EtherType (``OTHER`` for none) and where it begins."""

    ethertype: int
    offset: int


def is_supported(link_type: int) -> bool:
    """Whether :func:`find_network` reads frames of this link type."""
    return link_type in _SUPPORTED


def find_network(link_type: int, data: bytes) -> Network:
    """The network packet in a frame; tags, labels and session headers are passed over.

    ``ParseError`` when the frame ends inside its link header or the link type is not supported.
    """
    if link_type in _HEADERS:
        place, offset = _HEADERS[LinkType(link_type)]
        if len(data) < offset:
            raise _cut(data, offset)
        return _follow(data, _uint16(data, place), offset)
    if link_type in _RAW:
        return Network(_by_version(data, 0), 0)
    if link_type in _FIXED:
        return Network(_FIXED[LinkType(link_type)], 0)
    if link_type in _LOOPBACK:
        if len(data) < 4:
            raise _cut(data, 4)
        # The family is in the capturing machine's order (NULL) or big-endian (LOOP).
        family = int.from_bytes(data[:4], "little")
        if family > 0xFFFF:
            family = int.from_bytes(data[:4], "big")
        return Network(_FAMILIES.get(family, OTHER), 4)
    raise ParseError(f"link type {link_type}", expected="a link type rtckit reads")


def _cut(data: bytes, needed: int) -> ParseError:
    return ParseError(
        f"frame of {len(data)} bytes ends inside its link header",
        offset=len(data),
        expected=f"at least {needed} bytes",
    )


def _uint16(data: bytes, offset: int) -> int:
    if offset + 2 > len(data):
        raise _cut(data, offset + 2)
    return data[offset] << 8 | data[offset + 1]


def _by_version(data: bytes, offset: int) -> int:
    """The EtherType told by the first four bits of an IP packet."""
    if offset >= len(data):
        raise _cut(data, offset + 1)
    return {4: IPV4, 6: IPV6}.get(data[offset] >> 4, OTHER)


def _follow(data: bytes, ethertype: int, offset: int) -> Network:
    """From an EtherType and the place after it, through everything between it and the packet."""
    for _ in range(_MAX_TAGS):
        if ethertype in (IPV4, IPV6, ARP):
            return Network(ethertype, offset)
        if ethertype in _TAGS:
            ethertype = _uint16(data, offset + 2)
            offset += 4
        elif ethertype <= 1500:  # 802.3: a length, then LLC
            if data[offset : offset + 6] != b"\xaa\xaa\x03\x00\x00\x00":
                return Network(OTHER, offset)
            ethertype = _uint16(data, offset + 6)
            offset += 8
            if ethertype <= 1500:
                return Network(OTHER, offset)
        elif ethertype in _MPLS:
            if offset + 4 > len(data):
                raise _cut(data, offset + 4)
            bottom = data[offset + 2] & 1
            offset += 4
            if bottom:
                return Network(_by_version(data, offset), offset)
        elif ethertype == _PPPOE_SESSION:
            return Network(_PPP.get(_uint16(data, offset + 6), OTHER), offset + 8)
        else:
            return Network(ethertype, offset)
    return Network(OTHER, offset)
