"""What a datagram of a WebRTC flow is, told from its first bytes (RFC 7983, 7; RFC 9443).

The ranges of the first byte::

    0..3      STUN           16..19    ZRTP        20..63    DTLS
    64..79    TURN channel, or QUIC when it does not come from a TURN server
    80..127   QUIC           128..191  RTP, RTCP   192..255  QUIC

The table alone would call any stray packet media, so each kind must also bear what every packet
of it bears: STUN its magic cookie, DTLS its version, ZRTP its cookie, channel data a length that
fits, QUIC a version somebody has registered.

One datagram is still weak evidence. DNS is the usual trap: a message whose 16-bit id begins with
0x80..0xBF (one in four) is a flawless RTP header, or an RTCP one when the id's second byte is
192..223. NTP, SNMP and QUIC version negotiation fall into other ranges the same way. Whoever has
the flow (its ports, and whether STUN or DTLS ran on it) must decide; this module only says what
the bytes could be. The other way round, STUN as of RFC 3489 has no cookie and is not recognised.
"""

from enum import StrEnum

__all__ = ["Kind", "first_byte_kind", "is_rtcp_packet_type"]


class Kind(StrEnum):
    """The protocols that share a WebRTC port."""

    STUN = "stun"
    ZRTP = "zrtp"
    DTLS = "dtls"
    TURN_CHANNEL = "turn_channel"
    QUIC = "quic"
    RTP = "rtp"
    RTCP = "rtcp"
    UNKNOWN = "unknown"


_STUN_COOKIE = b"\x21\x12\xa4\x42"
_ZRTP_COOKIE = b"ZRTP"
_STUN_HEADER = 20
_DTLS_HEADER = 13
_DTLS_CONTENT_TYPES = range(20, 27)
# RFC 9147, 4: one byte, a one-byte sequence number, 16 bytes for the sequence number's mask.
_UNIFIED_SHORTEST = 18
_CONNECTION_ID_BIT, _LONG_SEQUENCE_BIT, _LENGTH_BIT = 0x10, 0x08, 0x04
# RFC 9000, 10.3: short header packets below 21 bytes are never valid.
_QUIC_SHORT_SHORTEST = 21
_QUIC_LONG_SHORTEST = 7
_QUIC_VERSIONS = frozenset({0, 1, 0x6B3343CF, 0x709A50C4})


def is_rtcp_packet_type(value: int) -> bool:
    """Whether the second byte of a packet marks it as RTCP and not RTP (RFC 5761, 4).

    192..223 are RTCP packet types; as RTP they would be payload types 64..95 with the marker bit,
    which must not be used where the two share a port.
    """
    return 192 <= value <= 223


def first_byte_kind(data: bytes) -> Kind:
    """What ``data``, one datagram, looks like; :attr:`Kind.UNKNOWN` when it looks like nothing.

    Stateless and never raises. See the module's docstring for what it cannot tell. A datagram cut
    short by the capture keeps its kind where the part that is there suffices.
    """
    if len(data) < 4:
        return Kind.UNKNOWN
    first = data[0]
    if 128 <= first <= 191:
        if is_rtcp_packet_type(data[1]):
            return Kind.RTCP if len(data) >= 8 else Kind.UNKNOWN
        return Kind.RTP if len(data) >= 12 else Kind.UNKNOWN
    if first <= 3:
        return Kind.STUN if _is_stun(data) else Kind.UNKNOWN
    if 20 <= first <= 63:
        return Kind.DTLS if _is_dtls(first, data) else Kind.UNKNOWN
    if 64 <= first <= 79 and _is_channel_data(data):
        return Kind.TURN_CHANNEL
    if 64 <= first <= 127:
        return Kind.QUIC if len(data) >= _QUIC_SHORT_SHORTEST else Kind.UNKNOWN
    if first >= 192:
        return Kind.QUIC if _is_quic_long(data) else Kind.UNKNOWN
    if 16 <= first <= 19:
        return Kind.ZRTP if data[4:8] == _ZRTP_COOKIE else Kind.UNKNOWN
    return Kind.UNKNOWN


def _is_stun(data: bytes) -> bool:
    """The cookie, and a length that is whole words and leaves no bytes over (RFC 8489, 5)."""
    length = int.from_bytes(data[2:4], "big")
    return (
        len(data) >= _STUN_HEADER
        and data[4:8] == _STUN_COOKIE
        and length % 4 == 0
        and len(data) <= _STUN_HEADER + length
    )


def _is_dtls(first: int, data: bytes) -> bool:
    """A plaintext or DTLS 1.2 record by type and version, or a unified header (RFC 9147, 4.1)."""
    if first in _DTLS_CONTENT_TYPES:
        return len(data) >= _DTLS_HEADER and data[1] == 0xFE
    if first < 32 or len(data) < _UNIFIED_SHORTEST:
        return False
    if first & _LENGTH_BIT and not first & _CONNECTION_ID_BIT:
        position = 3 if first & _LONG_SEQUENCE_BIT else 2
        # A ciphertext holds a content type and a tag: at least 17 bytes with any AEAD of TLS 1.3
        # but CCM_8, which has 9.
        return int.from_bytes(data[position : position + 2], "big") >= 9
    return True


def _is_channel_data(data: bytes) -> bool:
    """A length that fits, with at most the three bytes of padding allowed (RFC 8656, 12.4)."""
    return 0 <= len(data) - 4 - int.from_bytes(data[2:4], "big") <= 3


def _is_quic_long(data: bytes) -> bool:
    """A long header with a version that is registered, a draft's or reserved for greasing."""
    if len(data) < _QUIC_LONG_SHORTEST:
        return False
    version = int.from_bytes(data[1:5], "big")
    return (
        version in _QUIC_VERSIONS
        or version & 0x0F0F0F0F == 0x0A0A0A0A
        or version >> 8 == 0xFF0000
        or data[1] in b"QT"
    )
