"""RTP headers, packets, header extension elements and their values from any bytes."""

from rtckit.core.errors import ParseError
from rtckit.wire.rtp import build_rtp, decode_header, decode_rtp, parse_rtp
from rtckit.wire.rtp_extension_values import ExtensionUri, build_value, decode_value
from rtckit.wire.rtp_extensions import build_extensions, decode_extensions, parse_extensions

SEEDS: list[bytes] = [
    # Opus with one-byte elements: audio level, transport-wide sequence number, mid.
    bytes.fromhex("906f0001 00000002 deadbeef bede0002 1085 310007 4030 00") + b"opus",
    # Two CSRCs, two-byte elements, padding.
    bytes.fromhex("b2e0fffe 00015f90 cafebabe 00000001 00000002 1000 0002 0100 0201bb 00 0000")
    + b"vp8!\0\0\3",
    # Cryptex.
    bytes.fromhex("90600001 00000002 deadbeef c0de0001 aabbccdd") + bytes(20),
    bytes.fromhex("80600001 00000002 deadbeef"),
]

_URIS = list(ExtensionUri)


def check(data: bytes) -> None:
    """Strict reading fails exactly when tolerant reading has a problem; what is read is rebuilt."""
    header = decode_header(data)
    packet, problems = decode_rtp(data)
    try:
        parsed = parse_rtp(data)
    except ParseError:
        assert problems
    else:
        assert not problems
        assert parsed == packet
        assert parsed.header == header
        assert parse_rtp(build_rtp(parsed)) == parsed
    if header is not None and header.extension_profile is not None:
        _check_extension(header.extension_profile, header.extension)


def _check_extension(profile: int, data: bytes) -> None:
    elements, problems = decode_extensions(profile, data)
    for element in elements:
        for uri in _URIS:
            value, wrong = decode_value(uri, element.value)
            assert wrong or decode_value(uri, build_value(uri, value)) == (value, ())
    try:
        parsed = parse_extensions(profile, data)
    except ParseError:
        assert problems
        return
    assert not problems
    assert parsed == elements
    assert parse_extensions(profile, build_extensions(profile, parsed)) == parsed
