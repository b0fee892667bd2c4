"""RTP data packets (RFC 3550, 5.1 and 5.3.1).

:func:`decode_header` is the hot path: it reads the part that SRTP leaves in the clear and nothing
else. The padding count is the last byte of the payload and SRTP encrypts it, so the header only
says whether the padding bit is set; :func:`parse_rtp` and :func:`decode_rtp`, which look at it, are
for plain RTP.
"""

from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from rtckit.core.findings import Problem
from rtckit.wire.reading import Reading

__all__ = [
    "CRYPTEX_ONE_BYTE",
    "CRYPTEX_PROFILES",
    "CRYPTEX_TWO_BYTE",
    "FIXED_HEADER_LENGTH",
    "RtpHeader",
    "RtpPacket",
    "build_rtp",
    "decode_header",
    "decode_rtp",
    "parse_rtp",
    "sequence_difference",
]

FIXED_HEADER_LENGTH = 12

CRYPTEX_ONE_BYTE = 0xC0DE
"""Extension profile of encrypted one-byte elements (RFC 9335, 5)."""
CRYPTEX_TWO_BYTE = 0xC2DE
"""Extension profile of encrypted two-byte elements (RFC 9335, 5)."""
CRYPTEX_PROFILES = frozenset({CRYPTEX_ONE_BYTE, CRYPTEX_TWO_BYTE})

_FIXED = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_CSRCS = tuple(Struct(f"!{count}I") for count in range(16))

# Bound once: decode_header runs for every packet of a capture.
_unpack_fixed = _FIXED.unpack_from
_unpack_extension = _EXTENSION.unpack_from

_VERSION_2 = 0x80
_PADDING, _EXTENDED, _CSRC_COUNT = 0x20, 0x10, 0x0F
_MARKER, _PAYLOAD_TYPE = 0x80, 0x7F


class RtpHeader(NamedTuple):
    """The header of an RTP or SRTP packet: everything before the payload.

    ``timestamp`` counts in the payload's clock rate; ``extension`` is the extension's data without
    its four bytes of profile and length, ``extension_profile`` is None when there is none (an empty
    extension has a profile and no data); ``header_length`` is where the payload begins.
    """

    payload_type: int
    marker: bool
    padding: bool
    sequence: int
    timestamp: int
    ssrc: int
    csrcs: tuple[int, ...]
    extension_profile: int | None
    extension: bytes
    header_length: int

    @property
    def cryptex(self) -> bool:
        """Whether extension and CSRCs are encrypted: then both are ciphertext here (RFC 9335)."""
        return self.extension_profile in CRYPTEX_PROFILES


class RtpPacket(NamedTuple):
    """A plain RTP packet.

    Fields as in :class:`RtpHeader`. ``padding_length`` counts the padding with its count byte, 0 to
    255; 0 means the padding bit is clear. ``extension`` is whole 32-bit words, and empty when
    ``extension_profile`` is None.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension_profile: int | None = None
    extension: bytes = b""
    padding_length: int = 0

    @property
    def cryptex(self) -> bool:
        """Whether the extension profile is one of the encrypted ones (RFC 9335)."""
        return self.extension_profile in CRYPTEX_PROFILES

    @property
    def header(self) -> RtpHeader:
        """What :func:`decode_header` reads from this packet."""
        extended = self.extension_profile is not None
        return RtpHeader(
            self.payload_type,
            self.marker,
            self.padding_length > 0,
            self.sequence,
            self.timestamp,
            self.ssrc,
            self.csrcs,
            self.extension_profile,
            self.extension,
            FIXED_HEADER_LENGTH
            + 4 * len(self.csrcs)
            + (_EXTENSION.size + len(self.extension) if extended else 0),
        )


# Making the tuple directly takes half the time of calling the class.
_new_header: Callable[[type[RtpHeader], tuple[object, ...]], RtpHeader] = tuple.__new__
_new_packet: Callable[[type[RtpPacket], tuple[object, ...]], RtpPacket] = tuple.__new__


def decode_header(data: bytes) -> RtpHeader | None:
    """The header of an RTP or SRTP packet, or None when ``data`` cannot be one.

    None means: shorter than its own header says, or not version 2. Never raises, never looks at
    the payload.
    """
    try:
        first, second, sequence, timestamp, ssrc = _unpack_fixed(data)
        if first == 0x80:
            return _new_header(
                RtpHeader,
                (second & 0x7F, second > 127, False, sequence, timestamp, ssrc, (), None, b"", 12),
            )
        if first & 0xC0 != 0x80:
            return None
        end = 12
        csrcs: tuple[int, ...] = ()
        count = first & 0x0F
        if count:
            csrcs = _CSRCS[count].unpack_from(data, 12)
            end += 4 * count
        profile: int | None = None
        extension = b""
        if first & 0x10:
            profile, words = _unpack_extension(data, end)
            start = end + 4
            end = start + 4 * words
            if end > len(data):
                return None
            extension = data[start:end]
    except struct_error:
        return None
    return _new_header(
        RtpHeader,
        (
            second & 0x7F,
            second > 127,
            first & 0x20 != 0,
            sequence,
            timestamp,
            ssrc,
            csrcs,
            profile,
            extension,
            end,
        ),
    )


def parse_rtp(data: bytes) -> RtpPacket:
    """A plain RTP packet; :class:`ParseError` for anything RFC 3550 does not allow."""
    packet = _read(data, Reading(strict=True))
    assert packet is not None  # a strict reading raises instead
    return packet


def decode_rtp(data: bytes) -> tuple[RtpPacket | None, tuple[Problem, ...]]:
    """A plain RTP packet as far as it can be read, and what was wrong with it.

    None only for fewer than 12 bytes or another version than 2. A packet cut inside its header
    comes back with what is there and no payload; bad padding is left in the payload.
    """
    header = decode_header(data)
    if header is not None:
        # The common case, without the bookkeeping of problems.
        stop = len(data)
        padding_length = data[-1] if header.padding and stop > header.header_length else 0
        stop -= padding_length
        if stop >= header.header_length and bool(padding_length) == header.padding:
            return _new_packet(
                RtpPacket,
                (
                    header.payload_type,
                    header.sequence,
                    header.timestamp,
                    header.ssrc,
                    data[header.header_length : stop],
                    header.marker,
                    header.csrcs,
                    header.extension_profile,
                    header.extension,
                    padding_length,
                ),
            ), ()
    reading = Reading(strict=False)
    packet = _read(data, reading)
    return packet, tuple(reading.problems)


def _read(data: bytes, reading: Reading) -> RtpPacket | None:
    if len(data) < FIXED_HEADER_LENGTH:
        reading.problem(
            f"RTP header cut short: {len(data)} of {FIXED_HEADER_LENGTH} bytes",
            len(data),
            "12 bytes of fixed header",
        )
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != 2:
        reading.problem(f"RTP version {first >> 6}", 0, "version 2")
        return None
    position = FIXED_HEADER_LENGTH
    count = first & _CSRC_COUNT
    present = min(count, (len(data) - position) // 4)
    csrcs = _CSRCS[present].unpack_from(data, position)
    if present < count:
        reading.problem(
            f"CSRC list cut short: {present} of {count}", position, f"{count} CSRC identifiers"
        )
        position = len(data)
    else:
        position += 4 * count
    profile: int | None = None
    extension = b""
    if first & _EXTENDED:
        profile, extension, position = _read_extension(data, position, reading)
    padding_length = 0
    if first & _PADDING:
        padding_length = _read_padding(data, position, reading)
    return RtpPacket(
        payload_type=second & _PAYLOAD_TYPE,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[position : len(data) - padding_length],
        marker=second >= _MARKER,
        csrcs=csrcs,
        extension_profile=profile,
        extension=extension,
        padding_length=padding_length,
    )


def _read_extension(data: bytes, position: int, reading: Reading) -> tuple[int | None, bytes, int]:
    """Profile, data and end of the header extension that should begin at ``position``."""
    if len(data) - position < _EXTENSION.size:
        reading.problem("header extension cut short", position, "profile and length")
        return None, b"", len(data)
    profile, words = _EXTENSION.unpack_from(data, position)
    start = position + _EXTENSION.size
    end = start + 4 * words
    if end > len(data):
        there = len(data) - start
        reading.problem(
            f"header extension cut short: {there} of {4 * words} bytes",
            start,
            f"{4 * words} bytes of header extension",
        )
        return profile, data[start : start + there // 4 * 4], len(data)
    return profile, data[start:end], end


def _read_padding(data: bytes, position: int, reading: Reading) -> int:
    """The padding count in the last byte; 0 when it cannot be right."""
    room = len(data) - position
    count = data[-1] if room else 0
    if not 1 <= count <= room:
        reading.problem(
            f"padding count {count} in {room} bytes of payload",
            len(data) - 1,
            "a padding count between 1 and the payload's length",
        )
        return 0
    return count


def build_rtp(packet: RtpPacket) -> bytes:
    """The bytes of ``packet``; padding is zeros. ``ValueError`` for a field out of its range."""
    extended = packet.extension_profile is not None
    if len(packet.csrcs) > 15:
        raise ValueError(f"{len(packet.csrcs)} CSRCs; a packet has room for 15")
    if not 0 <= packet.payload_type <= _PAYLOAD_TYPE:
        raise ValueError(f"payload type {packet.payload_type} is not in 0..127")
    if not 0 <= packet.padding_length <= 255:
        raise ValueError(f"padding length {packet.padding_length} is not in 0..255")
    if len(packet.extension) % 4 or (packet.extension and not extended):
        raise ValueError("an extension is whole 32-bit words under a profile")
    first = _VERSION_2 | len(packet.csrcs)
    if packet.padding_length:
        first |= _PADDING
    if extended:
        first |= _EXTENDED
    second = packet.payload_type | (_MARKER if packet.marker else 0)
    try:
        parts = [
            _FIXED.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc),
            _CSRCS[len(packet.csrcs)].pack(*packet.csrcs),
        ]
        if extended:
            parts.append(_EXTENSION.pack(packet.extension_profile, len(packet.extension) // 4))
    except struct_error as error:
        raise ValueError(f"RTP field out of range: {error}") from error
    parts += [packet.extension, packet.payload]
    if packet.padding_length:
        parts.append(bytes(packet.padding_length - 1) + bytes([packet.padding_length]))
    return b"".join(parts)


def sequence_difference(later: int, earlier: int) -> int:
    """How far ``later`` is ahead of ``earlier``, modulo 2^16: -32768..32767."""
    return (later - earlier + 0x8000 & 0xFFFF) - 0x8000
