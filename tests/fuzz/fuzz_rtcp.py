"""RTCP datagrams from any bytes."""

from rtckit.core.errors import ParseError
from rtckit.wire.rtcp import (
    build_compound,
    decode_compound,
    decode_srtcp_header,
    is_whole_compound,
    parse_compound,
)
from rtckit.wire.rtcp_xr import ExtendedReport

_SR = bytes.fromhex(
    "81c8000c 00000001 b44db705 20000000 00015f90 0000042a 0000eb98"
    "00000002 80ffffff 0001fffe 00000010 b7052000 00054000"
)
_SDES = bytes.fromhex("81ca0004 00000001 0103612e62 0804016b7631 00")
_RTPFB = [
    bytes.fromhex("81cd0003 00000001 00000002 03e88001"),
    bytes.fromhex("83cd0004 00000001 00000000 00000002 07e80028"),
    bytes.fromhex("afcd0006 00000001 00000002 0001 0003 ffffff 07 e100 fffc ff 000003"),
    bytes.fromhex("8bcd0006 00000001 00000002 0010 0003 a200 0000 9fff 0000 b7052000"),
]
_PSFB = [
    bytes.fromhex("81ce0002 00000001 00000002"),
    bytes.fromhex("84ce0004 00000001 00000000 00000002 07000000"),
    bytes.fromhex("8ace0005 00000001 00000000 00000002 09e20000 02010100"),
    bytes.fromhex("8fce0005 00000001 00000000 52454d42 010bd090 00000002"),
]
_XR = [
    # RFC 3611, 4.1: 45 packets, the 22nd and 24th lost.
    bytes.fromhex("80cf0006 00000001 01000004 00000002 35fd 362a 4015 afff 4009 0000"),
    bytes.fromhex("80cf0004 00000001 04000002 b44db705 20000000"),
    bytes.fromhex("80cf0005 00000001 05000003 00000002 b7052000 00054000"),
    bytes.fromhex("80cf000b 00000001 06e80009 00000002 00010065 00000001 00000002 00000003")
    + bytes.fromhex("00000004 00000005 00000006 40403f01"),
    bytes.fromhex("80cf000a 00000001 07000008 00000002 0c0c540a 00780208 00140032 eec42d10")
    + bytes.fromhex("5e7f2a29 f3000028 00640096"),
]

SEEDS: list[bytes] = [
    _SR + _SDES + bytes.fromhex("82cb0004 00000001 00000002 05627965 20210000"),
    bytes.fromhex("a0c90003 00000001 00000000 00000008"),
    _SR + bytes.fromhex("85cc0003 00000001 41424344 00000000"),
    *_RTPFB,
    *_PSFB,
    *_XR,
    b"".join([*_PSFB, *_RTPFB]),
]


def check(data: bytes) -> None:
    """Strict reading fails exactly when tolerant reading has a problem; what is read is rebuilt."""
    decode_srtcp_header(data)
    packets, problems = decode_compound(data)
    for packet in packets:
        if isinstance(packet, ExtendedReport):
            for block in packet.blocks:
                getattr(block, "trace", ())
    try:
        parsed = parse_compound(data, reduced_size=True)
    except ParseError:
        assert problems
        return
    assert not problems
    assert parsed == packets
    assert is_whole_compound(data)
    assert parse_compound(build_compound(parsed), reduced_size=True) == parsed
