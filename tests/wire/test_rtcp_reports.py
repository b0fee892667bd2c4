"""SR, RR, SDES, BYE and APP: bytes by hand from RFC 3550, 6.4 to 6.7, and aiortc as second reader.

Every packet here follows an empty RR where it may not come first.
"""

from datetime import UTC, datetime
from typing import Any

import aiortc.rtp
import pytest
from hypothesis import given

from rtckit.core.errors import ParseError
from rtckit.wire.rtcp import (
    App,
    Bye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    Sdes,
    SdesChunk,
    SdesItem,
    SdesType,
    SenderReport,
    build_compound,
    decode_compound,
    parse_compound,
)
from tests.strategies import rtcp as strategies

RR = bytes.fromhex("80c90001 00000001")


def _one(data: str) -> RtcpPacket:
    (packet,) = parse_compound(bytes.fromhex(data), reduced_size=True)
    assert build_compound((packet,)) == bytes.fromhex(data)
    return packet


def test_sender_report() -> None:
    # The NTP time is that of RFC 3550's figure 2. Length: 7 words of header and sender info,
    # 6 of one block, minus one: 12. Fraction 128/256; cumulative ffffff is -1.
    report = _one(
        "81c8000c 00000001 b44db705 20000000 00015f90 0000042a 0000eb98"
        "00000002 80ffffff 0001fffe 00000010 b7052000 00054000"
    )
    block = ReportBlock(2, 128, -1, 0x1FFFE, 16, 0xB7052000, 0x00054000)
    assert report == SenderReport(1, 0xB44DB70520000000, 90000, 0x42A, 0xEB98, (block,))
    assert isinstance(report, SenderReport)
    assert (
        report.time_ns
        == int(datetime(1995, 11, 10, 11, 33, 25, tzinfo=UTC).timestamp()) * (1_000_000_000)
        + 125_000_000
    )
    assert report.reports[0].delay_ns == 5_250_000_000


@pytest.mark.parametrize(
    ("octets", "lost"),
    [("000000", 0), ("7fffff", 8388607), ("800000", -8388608), ("fffffe", -2)],
)
def test_cumulative_loss_is_signed(octets: str, lost: int) -> None:
    report = _one(f"81c90007 00000001 00000002 00{octets} 00000000 00000000 00000000 00000000")
    assert isinstance(report, ReceiverReport)
    assert report.reports[0].cumulative_lost == lost


def test_profile_specific_extension_is_kept() -> None:
    assert _one("80c90003 00000001 01020304 05060708") == ReceiverReport(
        1, (), bytes.fromhex("0102030405060708")
    )


def test_sdes() -> None:
    # Two chunks. CNAME "a@b" (5 bytes with its header), NOTE "" (2): 7, and one null makes the
    # word. MID "0" (3 bytes): one null. 4 + 8 + 4 + 4 bytes of chunks: 5 words.
    packet = _one("82ca0005 00000001 0103614062 0700 00 00000002 0f0130 00")
    assert packet == Sdes(
        (
            SdesChunk(1, (SdesItem(SdesType.CNAME, b"a@b"), SdesItem(SdesType.NOTE, b""))),
            SdesChunk(2, (SdesItem(SdesType.MID, b"0"),)),
        )
    )
    assert isinstance(packet, Sdes)
    assert packet.chunks[0].cname == "a@b"
    assert packet.chunks[1].cname is None
    assert packet.chunks[1].get(SdesType.MID) == "0"


def test_sdes_whole_words_still_end_with_nulls() -> None:
    # CNAME "ab" is 4 bytes: a whole word of nulls must follow. An empty chunk is four nulls.
    packet = _one("82ca0005 00000001 01026162 00000000 00000002 00000000")
    assert packet == Sdes((SdesChunk(1, (SdesItem(1, b"ab"),)), SdesChunk(2, ())))


def test_sdes_private_item() -> None:
    # PRIV: length 4, prefix length 2, "kv", value "1"; 6 + 2 nulls.
    packet = _one("81ca0003 00000001 0804026b7631 0000")
    assert isinstance(packet, Sdes)
    assert packet.chunks[0].items[0].private == (b"kv", b"1")
    assert SdesItem(SdesType.PRIV, b"\x03kv").private is None
    assert SdesItem(SdesType.PRIV, b"").private is None
    assert SdesItem(SdesType.CNAME, b"\x01kv").private is None


def test_text_of_any_bytes_can_be_shown() -> None:
    assert SdesItem(1, b"\xc3\xa9\xff").text == "é\\xff"
    assert Bye((), b"\xffbye").reason_text == "\\xffbye"
    assert Bye(()).reason_text is None


@pytest.mark.parametrize(
    ("data", "offset", "kept"),
    [
        # Two chunks announced, one there.
        ("82ca0002 00000001 00000000", 12, Sdes((SdesChunk(1, ()),))),
        # No null at the end.
        ("81ca0002 00000001 01026162", 12, Sdes((SdesChunk(1, (SdesItem(1, b"ab"),)),))),
        # An item longer than the packet, and one without its length.
        ("81ca0002 00000001 01096162", 8, Sdes((SdesChunk(1, ()),))),
        ("81ca0002 00000001 010161 02", 11, Sdes((SdesChunk(1, (SdesItem(1, b"a"),)),))),
        # Padding up to the word that is not null.
        ("81ca0002 00000001 00000001", 9, Sdes((SdesChunk(1, ()),))),
        # A word too many, as some stacks write.
        ("81ca0003 00000001 00000000 00000000", 12, Sdes((SdesChunk(1, ()),))),
        # BYE: SSRCs missing, reason too long, bytes after the reason.
        ("82cb0001 00000001", 8, Bye((1,))),
        ("80cb0001 04616263", 4, Bye((), b"abc")),
        ("80cb0001 01616263", 6, Bye((), b"a")),
        ("80cb0002 01610000 00000000", 6, Bye((), b"a")),
        # RR: two blocks announced, none whole.
        ("82c90002 00000001 00000002", 8, ReceiverReport(1)),
    ],
)
def test_damage_is_named_and_the_rest_is_kept(data: str, offset: int, kept: RtcpPacket) -> None:
    octets = RR + bytes.fromhex(data)
    with pytest.raises(ParseError) as caught:
        parse_compound(octets)
    assert caught.value.offset == 8 + offset
    assert caught.value.expected
    packets, problems = decode_compound(octets)
    assert packets == (ReceiverReport(1), kept)
    assert problems[0].offset == 8 + offset


def test_bye() -> None:
    assert _one("82cb0002 00000001 00000002") == Bye((1, 2))
    # Reason "camera" is 7 bytes with its length: one null.
    assert _one("81cb0003 00000001 0663616d 65726100") == Bye((1,), b"camera")
    assert _one("80cb0001 00000000") == Bye((), b"")
    assert _one("80cb0000") == Bye(())


def test_app() -> None:
    assert _one("85cc0003 00000001 41424344 01020304") == App(1, 5, b"ABCD", b"\1\2\3\4")


@pytest.mark.parametrize(
    "packet",
    [
        SenderReport(1, 1 << 64, 0, 0, 0),
        ReceiverReport(1, (ReportBlock(2, 256, 0, 0, 0, 0, 0),)),
        ReceiverReport(1, (ReportBlock(2, 0, 1 << 23, 0, 0, 0, 0),)),
        ReceiverReport(1, (ReportBlock(2, 0, 0, -1, 0, 0, 0),)),
        ReceiverReport(1, (ReportBlock(2, 0, 0, 0, 0, 0, 0),) * 32),
        Sdes((SdesChunk(1, (SdesItem(0, b""),)),)),
        Sdes((SdesChunk(1, (SdesItem(1, bytes(256)),)),)),
        App(1, 32, b"ABCD"),
        App(1, 0, b"ABC"),
        App(1, 0, b"ABCD", b"odd"),
    ],
)
def test_what_does_not_fit_is_not_built(packet: RtcpPacket) -> None:
    with pytest.raises(ValueError):
        build_compound((packet,))


# --- aiortc ---------------------------------------------------------------------------------------


def _aiortc(data: bytes) -> Any:
    (packet,) = aiortc.rtp.RtcpPacket.parse(data)
    return packet


def _blocks(packet: Any) -> tuple[ReportBlock, ...]:
    return tuple(
        ReportBlock(
            block.ssrc,
            block.fraction_lost,
            block.packets_lost,
            block.highest_sequence,
            block.jitter,
            block.lsr,
            block.dlsr,
        )
        for block in packet.reports
    )


@given(strategies.sender_reports.filter(lambda report: not report.extension))
def test_aiortc_sender_report(report: SenderReport) -> None:
    data = build_compound((report,))
    other = _aiortc(data)
    info = other.sender_info
    assert report == SenderReport(
        other.ssrc,
        info.ntp_timestamp,
        info.rtp_timestamp,
        info.packet_count,
        info.octet_count,
        _blocks(other),
    )
    assert bytes(other) == data


@given(strategies.receiver_reports.filter(lambda report: not report.extension))
def test_aiortc_receiver_report(report: ReceiverReport) -> None:
    data = build_compound((report,))
    other = _aiortc(data)
    assert report == ReceiverReport(other.ssrc, _blocks(other))
    assert bytes(other) == data


@given(strategies.byes)
def test_aiortc_bye(bye: Bye) -> None:
    assert tuple(_aiortc(build_compound((bye,))).sources) == bye.ssrcs


# aiortc does not align chunks, so that only the first of a packet can be compared.
@given(strategies.source_descriptions.filter(lambda packet: len(packet.chunks) == 1))
def test_aiortc_sdes(packet: Sdes) -> None:
    (chunk,) = packet.chunks
    (other,) = _aiortc(build_compound((packet,))).chunks
    assert other.ssrc == chunk.ssrc
    assert other.items == [(item.type, item.value) for item in chunk.items]


@given(strategies.source_descriptions.filter(lambda packet: len(packet.chunks) == 1))
def test_what_aiortc_writes_can_be_read(packet: Sdes) -> None:
    (chunk,) = packet.chunks
    items = [(item.type, item.value) for item in chunk.items]
    written = bytes(
        aiortc.rtp.RtcpSdesPacket(chunks=[aiortc.rtp.RtcpSourceInfo(chunk.ssrc, items)])
    )
    packets, problems = decode_compound(written)
    assert packets == (packet,)
    # Where one null would do, aiortc writes five.
    too_many = sum(2 + len(item.value) for item in chunk.items) % 4 == 3
    assert bool(problems) == too_many
