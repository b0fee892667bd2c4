"""Extended reports: the worked examples and figures of RFC 3611, and bytes by hand from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.rtcp import RtcpPacket, build_compound, decode_compound, parse_compound
from rtckit.wire.rtcp_xr import (
    Dlrr,
    DlrrReport,
    DuplicateRle,
    ExtendedReport,
    JitterSummary,
    LossRle,
    PacketReceiptTimes,
    ReceiverReferenceTime,
    StatisticsSummary,
    TtlSummary,
    UnknownXrBlock,
    VoipMetrics,
    XrBlock,
    rle_chunks,
)

# RFC 3611, 4.1: 45 packets, the 22nd and the 24th lost.
TRACE = [
    bit == "1" for bit in "1111 1111 1111 1111 1111 1010 1111 1111 1111 1111 1111 1" if bit > " "
]
# Its three vectors, and its run, vector, run: each vector is a one and 15 bits.
AS_VECTORS = (0b1_111111111111111, 0b1_111111010111111, 0b1_111111111111111)
AS_RUNS = (0b0_1_00000000010101, 0b1_010111111111111, 0b0_1_00000000001001)


def _packet(block: str) -> bytes:
    octets = bytes.fromhex("00000001" + block.replace(" ", ""))
    return b"\x80\xcf" + (len(octets) // 4).to_bytes(2, "big") + octets


def _block(block: str) -> XrBlock:
    data = _packet(block)
    (packet,) = parse_compound(data, reduced_size=True)
    assert isinstance(packet, ExtendedReport)
    assert packet.ssrc == 1
    assert build_compound((packet,)) == data
    (found,) = packet.blocks
    return found


@pytest.mark.parametrize("chunks", [AS_VECTORS, AS_RUNS])
def test_both_encodings_of_the_rfc(chunks: tuple[int, ...]) -> None:
    # From 13821 = 35fd up to and without 13866 = 362a; three chunks and a null.
    encoded = "".join(f"{chunk:04x}" for chunk in chunks)
    block = _block(f"01000004 00000002 35fd 362a {encoded} 0000")
    assert block == LossRle(2, 13821, 13866, chunks)
    assert isinstance(block, LossRle)
    assert list(block.trace) == TRACE
    assert block.lost == (13842, 13844)  # RFC 3611, 4.1 names 13,842 as the 22nd


def test_our_encoding_is_the_shorter_of_the_rfc() -> None:
    assert rle_chunks(TRACE) == AS_RUNS
    # The RFC's second trace: the 44th is lost too; its vector is 1111 1110 1000 000.
    longer = [*TRACE[:43], False, True]
    assert rle_chunks(longer) == (AS_RUNS[0], AS_RUNS[1], 0b1_111111101000000)


def test_thinning() -> None:
    # RFC 3611, 4.1: T=2 leaves 13824, 13828, ... 13864; trace 1 1 1 1 1 0 1 1 1 1 0 (the 44th,
    # 13864, lost): vector 1111 1011 1100 000, and a null.
    block = _block("01020003 00000002 35fd 362a fde0 0000")
    assert isinstance(block, LossRle)
    assert block.thinning == 2
    assert block.sequences == tuple(range(13824, 13865, 4))
    assert block.trace == tuple(bit == "1" for bit in "11111011110")
    assert block.lost == (13844, 13864)
    assert rle_chunks(block.trace) == block.chunks


def test_duplicates_are_zeros() -> None:
    # Five packets across the wrap, fffe to 2; 1 0 1 1 1: the second came twice. b800 | 8000.
    block = _block("02000003 00000002 fffe 0003 dc00 0000")
    assert isinstance(block, DuplicateRle)
    assert block.sequences == (0xFFFE, 0xFFFF, 0, 1, 2)
    assert block.duplicated == (0xFFFF,)


def test_empty_range() -> None:
    block = _block("01000002 00000002 0007 0007")
    assert block == LossRle(2, 7, 7, ())
    assert isinstance(block, LossRle)
    assert block.trace == block.lost == ()


def test_receipt_times() -> None:
    # Thinned by 2: of 7 to 11, 8 and 10.
    block = _block("03010004 00000002 0007 000c 00000064 000000c8")
    assert block == PacketReceiptTimes(2, 7, 12, (100, 200), 1)
    assert isinstance(block, PacketReceiptTimes)
    assert block.sequences == (8, 10)


def test_reference_time_and_dlrr() -> None:
    assert _block("04000002 b44db705 20000000") == ReceiverReferenceTime(0xB44DB70520000000)
    assert _block("05000006 00000002 b7052000 00054000 00000003 00000000 00000000") == Dlrr(
        (DlrrReport(2, 0xB7052000, 0x54000), DlrrReport(3, 0, 0))
    )


def test_statistics_summary() -> None:
    # L, D, J set and ToH 1 (IPv4): 1 1 1 01 000 = e8.
    full = "0000002a 00000003 00000001 00000009 00000005 00000002 3c403f01"  # lost ... deviation
    assert _block("06e80009 00000002 0001 0065 " + full) == StatisticsSummary(
        2, 1, 101, 42, 3, JitterSummary(1, 9, 5, 2), TtlSummary(False, 60, 64, 63, 1)
    )
    # Only hop limits: 0 0 0 10 000 = 10.
    assert _block("06100009 00000002 0001 0065" + "00" * 24 + "40404000") == StatisticsSummary(
        2, 1, 101, ttl=TtlSummary(True, 64, 64, 64, 0)
    )
    assert _block("06000009 00000002 0001 0065" + "00" * 28) == StatisticsSummary(2, 1, 101)


def test_voip_metrics() -> None:
    """The figures of the example in RFC 3611, 4.7.2: 12, 12, 84, 10; 120 and 520 ms.

    Then 20 and 50 ms of delay; signal -18 = ee, noise -60 = c4, RERL 45, Gmin 16; R 94, external
    127 (unavailable), MOS 4.2 and 4.1; RX config 11 11 0011: standard concealment, adaptive.
    """
    block = _block(
        "07000008 00000002 0c0c540a 0078 0208 0014 0032 eec42d10 5e7f2a29 f300 0028 0064 0096"
    )
    assert block == VoipMetrics(
        ssrc=2,
        loss_rate=12,
        discard_rate=12,
        burst_density=84,
        gap_density=10,
        burst_duration=120,
        gap_duration=520,
        round_trip_delay=20,
        end_system_delay=50,
        signal_level=-18,
        noise_level=-60,
        residual_echo_return_loss=45,
        gap_threshold=16,
        r_factor=94,
        external_r_factor=127,
        mos_lq=42,
        mos_cq=41,
        receiver_config=0xF3,
        jitter_buffer_nominal=40,
        jitter_buffer_maximum=100,
        jitter_buffer_absolute_maximum=150,
    )
    assert isinstance(block, VoipMetrics)
    assert (block.loss_concealment, block.jitter_buffer) == ("standard", "adaptive")


def test_unknown_block() -> None:
    assert _block("1e070001 01020304") == UnknownXrBlock(30, 7, b"\1\2\3\4")


def test_several_blocks_and_none() -> None:
    data = _packet("04000002 b44db705 20000000 1e070000")
    (packet,) = parse_compound(data, reduced_size=True)
    assert packet == ExtendedReport(
        1, (ReceiverReferenceTime(0xB44DB70520000000), UnknownXrBlock(30, 7, b""))
    )
    assert parse_compound(_packet(""), reduced_size=True) == (ExtendedReport(1, ()),)


def test_reserved_bits_are_ignored() -> None:
    (packet,) = parse_compound(_packet("04ff0002 b44db705 20000000"), reduced_size=True)
    assert packet == ExtendedReport(1, (ReceiverReferenceTime(0xB44DB70520000000),))


@pytest.mark.parametrize(
    ("block", "offset", "kept"),
    [
        # Offsets count from the RTCP header: the block begins at 8, its body at 12.
        ("01000005 00000002 35fd 362a 4015afff", 12, UnknownXrBlock),
        ("01000001 00000002", 12, UnknownXrBlock),
        ("01000003 00000002 35fd 362a 4015afff", 20, LossRle),  # 36 of 45 packets
        ("01000003 00000002 0001 0002 0000 4001", 20, LossRle),  # a null that is not last
        ("01000003 00000002 0001 0002 4001 4000", 22, LossRle),  # a run of nothing
        ("01000003 00000002 0001 0002 4002 0000", 20, LossRle),  # a run past the end
        ("01000004 00000002 0001 ffff 7fff 7fff 7fff 7fff", 16, LossRle),  # 65534 packets
        ("03000003 00000002 0001 0003 00000064", 20, PacketReceiptTimes),
        ("03000001 00000002", 12, UnknownXrBlock),
        ("04000001 b44db705", 12, UnknownXrBlock),
        ("05000002 00000002 b7052000", 12, UnknownXrBlock),
        ("05000000", 12, UnknownXrBlock),
        ("06e80008 00000002 00010065" + "00" * 24, 12, UnknownXrBlock),
        ("06180009 00000002 00010065" + "00" * 28, 9, UnknownXrBlock),  # ToH 3
        ("06000009 00000002 00010065 00000001" + "00" * 24, 12, UnknownXrBlock),  # not reported
        ("07000007 00000002" + "00" * 24, 12, UnknownXrBlock),
    ],
)
def test_damage_is_named(block: str, offset: int, kept: type) -> None:
    data = _packet(block)
    with pytest.raises(ParseError) as caught:
        parse_compound(data, reduced_size=True)
    assert caught.value.offset == offset
    (packet,), problems = decode_compound(data)
    assert problems[0].offset == offset
    assert isinstance(packet, ExtendedReport)
    assert [type(found) for found in packet.blocks] == [kept]


def test_a_cut_within_a_block_header() -> None:
    whole = _packet("04000002 b44db705 20000000 04000002 b44db705 20000000")
    (packet,), problems = decode_compound(whole[:22])
    assert packet == ExtendedReport(1, (ReceiverReferenceTime(0xB44DB70520000000),))
    assert [(problem.offset, problem.message) for problem in problems] == [
        (4, "XR cut short: 18 of 28 bytes"),
        (20, "XR block cut short"),
    ]


def _report(block: XrBlock) -> RtcpPacket:
    return ExtendedReport(1, (block,))


@pytest.mark.parametrize(
    "block",
    [
        LossRle(2, 0, 0, (), 16),
        LossRle(2, 0, 0, (65536,)),
        PacketReceiptTimes(2, 0, 1, (1 << 32,)),
        ReceiverReferenceTime(1 << 64),
        UnknownXrBlock(256, 0, b""),
        UnknownXrBlock(30, 0, b"odd"),
        StatisticsSummary(2, 0, 0, ttl=TtlSummary(False, 256, 0, 0, 0)),
    ],
)
def test_what_does_not_fit_is_not_built(block: XrBlock) -> None:
    with pytest.raises(ValueError):
        build_compound((_report(block),))


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.booleans(), st.integers(1, 40) | st.integers(16380, 16400)), max_size=6),
)
def test_any_trace_survives(begin: int, stretches: list[tuple[bool, int]]) -> None:
    trace = [bit for bit, length in stretches for _ in range(length)][:65533]
    block = LossRle(2, begin, begin + len(trace) & 0xFFFF, rle_chunks(trace))
    assert list(block.trace) == trace
    report = _report(block)
    assert parse_compound(build_compound((report,)), reduced_size=True) == (report,)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 15))
def test_sequences_are_the_multiples_in_range(begin: int, length: int, thinning: int) -> None:
    end = begin + length & 0xFFFF
    expected = [
        sequence & 0xFFFF
        for sequence in range(begin, begin + length)
        if sequence % (1 << thinning) == 0
    ]
    assert list(LossRle(2, begin, end, (), thinning).sequences) == expected
