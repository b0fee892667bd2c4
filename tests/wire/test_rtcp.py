"""RTCP datagrams: framing, padding, order and the part SRTCP leaves in the clear."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.rtcp import (
    Bye,
    GenericFeedback,
    Nack,
    PacketType,
    Pli,
    ReceiverReport,
    RtcpPacket,
    Sdes,
    SenderReport,
    SrtcpHeader,
    TransportCc,
    Unknown,
    build_compound,
    decode_compound,
    decode_srtcp_header,
    is_whole_compound,
    packet_name,
    parse_compound,
)
from tests.fuzz.mutations import mutations
from tests.strategies import rtcp as strategies

RR = bytes.fromhex("80c90001 00000001")
PLI = bytes.fromhex("81ce0002 00000001 00000002")
BYE = bytes.fromhex("81cb0001 00000001")
# RFC 7714, 17: a sender report whose header says 15 words where there are 13.
RFC7714 = bytes.fromhex(
    "81c8000e 4d617273 4e545031 4e545031 52545020 0000042a 0000eb98 4c756e61"
    "deadbeef deadbeef deadbeef deadbeef deadbeef"
)


def test_packets_in_order() -> None:
    packets = (ReceiverReport(1), Pli(1, 2), Bye((1,)))
    assert parse_compound(RR + PLI + BYE) == packets
    assert decode_compound(RR + PLI + BYE) == (packets, ())
    assert build_compound(packets) == RR + PLI + BYE


def test_reduced_size() -> None:
    assert parse_compound(PLI, reduced_size=True) == (Pli(1, 2),)
    assert decode_compound(PLI) == ((Pli(1, 2),), ())
    with pytest.raises(ParseError) as caught:
        parse_compound(PLI + RR)
    assert caught.value.offset == 1
    assert caught.value.message == "compound packet begins with PLI"
    assert caught.value.expected == "SR or RR"


def test_rfc_7714_length_is_wrong() -> None:
    with pytest.raises(ParseError, match=r"byte 4: SR cut short: 48 of 56 bytes"):
        parse_compound(RFC7714)
    (report,), problems = decode_compound(RFC7714)
    assert isinstance(report, SenderReport)
    assert (report.ssrc, report.ntp_timestamp) == (0x4D617273, 0x4E5450314E545031)
    assert (report.rtp_timestamp, report.packet_count) == (0x52545020, 0x42A)
    assert report.octet_count == 0xEB98
    assert [block.ssrc for block in report.reports] == [0x4C756E61]
    assert len(problems) == 1
    mended = RFC7714[:3] + b"\x0c" + RFC7714[4:]
    assert parse_compound(mended) == (report,)
    assert build_compound((report,)) == mended


@pytest.mark.parametrize(
    ("data", "offset", "message", "kept"),
    [
        (b"", 0, "empty datagram", 0),
        (RR + b"\x80", 8, "1 bytes after the last packet", 1),
        (RR + b"\x40" + PLI[1:], 8, "RTCP version 1", 1),
        (RR + PLI[:8], 12, "PLI cut short: 4 of 8 bytes", 2),
        # Padding on the first of two.
        (b"\xa0\xc9\0\2\0\0\0\1\0\0\0\4" + PLI, 0, "padding on a packet that is not the last", 2),
        (b"\xa0\xc9\0\1\0\0\0\0", 7, "padding count 0 in 4 bytes", 1),
        (b"\xa0\xc9\0\1\0\0\0\5", 7, "padding count 5 in 4 bytes", 1),
        (b"\xa0\xc9\0\0", 4, "padding count 0 in 0 bytes", 1),
        (b"\xa0\xc9\0\2\0\0\0\1\0\0\0\3", 11, "padding of 3 bytes", 1),
    ],
)
def test_broken_framing(data: bytes, offset: int, message: str, kept: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_compound(data)
    assert (caught.value.offset, caught.value.message) == (offset, message)
    packets, problems = decode_compound(data)
    assert (problems[0].offset, problems[0].message) == (offset, message)
    assert len(packets) == kept


def test_padding_on_the_last() -> None:
    padded = build_compound((ReceiverReport(1), Bye((1,))), padding=8)
    assert padded == RR + bytes.fromhex("a1cb0003 00000001 00000000 00000008")
    assert parse_compound(padded) == (ReceiverReport(1), Bye((1,)))


def test_browsers_fill_transport_cc_with_padding_bytes() -> None:
    """One to three bytes under the padding bit, and packets may follow: accepted for this alone."""
    # Base 1, two packets, reference 0, feedback 0; a run of two received; deltas 4 and 8.
    fill = bytes.fromhex("afcd0005 00000001 00000002 0001 0002 000000 00 2002 0408")
    report = TransportCc(1, 2, 1, 0, 0, (4, 8))
    assert parse_compound(RR + b"\x8f" + fill[1:]) == (ReceiverReport(1), report)
    one_less = bytes.fromhex("afcd0005 00000001 00000002 0001 0001 000000 00 2001 04 01")
    assert parse_compound(RR + one_less + PLI) == (
        ReceiverReport(1),
        TransportCc(1, 2, 1, 0, 0, (4,)),
        Pli(1, 2),
    )
    assert build_compound((TransportCc(1, 2, 1, 0, 0, (4,)),)) == one_less


def test_unknown_packets_are_kept() -> None:
    data = RR + bytes.fromhex("83d10002 00000001 01020304")
    packets = parse_compound(data)
    assert packets[1] == Unknown(PacketType.RSI, 3, bytes.fromhex("0000000101020304"))
    assert build_compound(packets) == data


def test_a_packet_too_short_for_its_kind_is_kept_raw() -> None:
    for packet_type, short in ((200, 20), (201, 0), (204, 4), (205, 4), (206, 4), (207, 0)):
        body = bytes(short)
        data = bytes([0x81, packet_type, 0, short // 4]) + body + RR
        packets, problems = decode_compound(data)
        assert packets == (Unknown(packet_type, 1, body), ReceiverReport(1))
        assert [problem.offset for problem in problems] == [4]


def test_hostile_transport_cc_does_not_unfold_without_end() -> None:
    # 40 bytes that say 65535 packets were not received; a datagram of them, 107 million.
    bomb = bytes.fromhex("8fcd0009 00000001 00000002 0001 ffff 000000 00") + (
        bytes.fromhex("1fff") * 8 + bytes.fromhex("0007") + bytes(2)
    )
    packets, problems = decode_compound(bomb * 1000)
    assert sum(isinstance(packet, TransportCc) for packet in packets) == 4
    assert sum(isinstance(packet, Unknown) for packet in packets) == 996
    assert len(problems) == 100


def test_problems_are_bounded() -> None:
    _, problems = decode_compound(bytes.fromhex("80c80000") * 10_000)
    assert len(problems) == 100


def test_srtcp_header() -> None:
    # RFC 7714, 17.1: the first eight bytes stay as they are.
    encrypted = RFC7714[:8] + bytes.fromhex("63e94885") + bytes(40)
    header = SrtcpHeader(packet_type=200, count=1, length=14, ssrc=0x4D617273)
    assert decode_srtcp_header(encrypted) == header
    for damaged in (encrypted[:7], b"\x41" + encrypted[1:], b"\x81\x60" + encrypted[2:]):
        assert decode_srtcp_header(damaged) is None


def test_whole_compound() -> None:
    assert is_whole_compound(RR + PLI + BYE)
    assert not is_whole_compound(b"")
    assert not is_whole_compound(RR + PLI[:-1])
    # As SRTCP: what follows the first header is not a header, and 14 bytes come after the end.
    assert not is_whole_compound(RR + bytes.fromhex("80000001") + bytes(10))


def test_names() -> None:
    assert packet_name(200) == "SR"
    assert packet_name(205, 1) == "NACK"
    assert packet_name(206, 15) == "AFB"
    assert packet_name(205, 30) == "RTPFB/30"
    assert packet_name(206, 0) == "PSFB/0"
    assert packet_name(199) == "RTCP 199"


@pytest.mark.parametrize(
    "packet",
    [
        ReceiverReport(1 << 32),
        ReceiverReport(1, extension=b"odd"),
        Bye(tuple(range(32))),
        Bye((), bytes(256)),
        Unknown(256, 0, b""),
        Unknown(199, 32, b""),
        Unknown(199, -1, b""),
        Unknown(199, 0, b"odd"),
        Unknown(199, 0, bytes(4 * 65536)),
        Nack(1, 2, ()),
        GenericFeedback(205, 2, 1, 2, b"odd"),
    ],
)
def test_what_does_not_fit_is_not_built(packet: RtcpPacket) -> None:
    with pytest.raises(ValueError):
        build_compound((packet,))


@pytest.mark.parametrize("padding", [-4, 2, 256])
def test_padding_that_cannot_be(padding: int) -> None:
    with pytest.raises(ValueError):
        build_compound((ReceiverReport(1),), padding=padding)
    with pytest.raises(ValueError):
        build_compound((), padding=4)


@settings(max_examples=400)
@given(st.lists(strategies.packets, min_size=1, max_size=3))
def test_build_then_parse(packets: list[RtcpPacket]) -> None:
    data = build_compound(packets)
    assert len(data) % 4 == 0
    assert is_whole_compound(data)
    parsed = parse_compound(data, reduced_size=True)
    assert list(parsed) == packets
    assert decode_compound(data) == (parsed, ())
    assert build_compound(parsed) == data


@given(strategies.reports, st.lists(strategies.packets, max_size=2), st.integers(0, 63))
def test_padded_compound(first: RtcpPacket, rest: list[RtcpPacket], words: int) -> None:
    packets = (first, *rest)
    if words and isinstance(packets[-1], TransportCc):
        packets += (Sdes(()),)
    data = build_compound(packets, padding=4 * words)
    assert parse_compound(data) == packets


def _check(data: bytes) -> None:
    packets, problems = decode_compound(data)
    if problems:
        with pytest.raises(ParseError) as caught:
            parse_compound(data, reduced_size=True)
        assert caught.value.offset == problems[0].offset
        return
    assert parse_compound(data, reduced_size=True) == packets
    assert parse_compound(build_compound(packets), reduced_size=True) == packets


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    _check(data)


@given(st.lists(strategies.packets, min_size=1, max_size=2), st.data())
def test_every_cut(packets: list[RtcpPacket], data: st.DataObject) -> None:
    whole = build_compound(packets)
    _check(whole[: data.draw(st.integers(0, min(len(whole), 400)))])


def test_mutated_datagrams() -> None:
    from tests.fuzz.fuzz_rtcp import SEEDS

    for data in mutations(SEEDS, 10_000, seed=3550):
        _check(data)
        decode_srtcp_header(data)
        is_whole_compound(data)
