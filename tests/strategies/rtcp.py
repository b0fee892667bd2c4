"""RTCP packets as hypothesis draws them: every value a packet of its kind can carry."""

from itertools import chain

from hypothesis import strategies as st

from rtckit.wire import rtcp, rtcp_xr
from rtckit.wire.rtcp_congestion import Ccfb, CcfbReport, PacketMetric, TransportCc
from tests.strategies.rtp import u7, u8, u16, u32, u64

words = st.binary(max_size=32).map(lambda data: data[: len(data) // 4 * 4])
s8 = st.integers(-128, 127)
u3 = st.integers(0, 7)


def some(elements: st.SearchStrategy, least: int = 0, most: int = 4) -> st.SearchStrategy:
    """A tuple of some ``elements``."""
    return st.lists(elements, min_size=least, max_size=most).map(tuple)


report_blocks = st.builds(
    rtcp.ReportBlock, u32, u8, st.integers(-(1 << 23), (1 << 23) - 1), u32, u32, u32, u32
)
sender_reports = st.builds(
    rtcp.SenderReport, u32, u64, u32, u32, u32, some(report_blocks, most=31), words
)
receiver_reports = st.builds(rtcp.ReceiverReport, u32, some(report_blocks, most=31), words)

sdes_items = st.builds(rtcp.SdesItem, st.integers(1, 255), st.binary(max_size=255))
source_descriptions = st.builds(
    rtcp.Sdes, some(st.builds(rtcp.SdesChunk, u32, some(sdes_items)), most=5)
)
byes = st.builds(rtcp.Bye, some(u32, most=31), st.none() | st.binary(max_size=255))
apps = st.builds(rtcp.App, u32, st.integers(0, 31), st.binary(min_size=4, max_size=4), words)

limits = st.builds(
    rtcp.BitrateLimit,
    u32,
    st.integers(0, 63),
    st.integers(0, 0x1FFFF),
    st.integers(0, 511),
)
layers = st.builds(rtcp.LayerIndex, u3, u8)
nacks = st.builds(rtcp.Nack, u32, u32, some(st.builds(rtcp.NackEntry, u16, u16), least=1))
feedback = st.one_of(
    nacks,
    st.builds(rtcp.Tmmbr, u32, u32, some(limits, least=1)),
    st.builds(rtcp.Tmmbn, u32, u32, some(limits)),
    st.builds(rtcp.Pli, u32, u32),
    st.builds(
        rtcp.Sli,
        u32,
        u32,
        some(
            st.builds(
                rtcp.SliEntry,
                st.integers(0, 0x1FFF),
                st.integers(0, 0x1FFF),
                st.integers(0, 63),
            ),
            least=1,
        ),
    ),
    st.builds(rtcp.Fir, u32, u32, some(st.builds(rtcp.FirEntry, u32, u8), least=1)),
    st.builds(
        rtcp.Lrr,
        u32,
        u32,
        some(st.builds(rtcp.LrrEntry, u32, u8, u7, layers, st.none() | layers), least=1),
    ),
    st.builds(rtcp.Remb, u32, u32, st.integers(0, 63), st.integers(0, 0x3FFFF), some(u32)),
    st.builds(rtcp.GenericFeedback, st.just(205), st.sampled_from([2, 5, 8, 31]), u32, u32, words),
    st.builds(rtcp.GenericFeedback, st.just(206), st.sampled_from([0, 3, 7, 9]), u32, u32, words),
)


def _statuses(delta: st.SearchStrategy) -> st.SearchStrategy:
    """Deltas in stretches of equal status, as calls have them, and shuffled ones."""
    stretch = st.one_of(
        st.tuples(st.none(), st.integers(1, 40)).map(lambda pair: [pair[0]] * pair[1]),
        st.lists(delta, max_size=40),
        st.lists(st.none() | delta, max_size=20),
        st.integers(8180, 8200).map(lambda length: [None] * length),
    )
    return st.lists(stretch, max_size=5).map(lambda parts: tuple(chain.from_iterable(parts)))


@st.composite
def transport_ccs(draw: st.DrawFn) -> TransportCc:
    timing = draw(st.sampled_from([True, True, True, False]))
    small = st.integers(0, 255)
    delta = small | st.integers(-(1 << 15), (1 << 15) - 1) if timing else st.just(0)
    deltas = draw(_statuses(draw(st.sampled_from([small, delta])) if timing else delta))
    if not timing and all(one is None for one in deltas):
        timing = True
    return TransportCc(
        draw(u32),
        draw(u32),
        draw(u16),
        draw(st.integers(-(1 << 23), (1 << 23) - 1)),
        draw(u8),
        deltas,
        timing,
    )


ccfbs = st.builds(
    Ccfb,
    u32,
    some(
        st.builds(
            CcfbReport,
            u32,
            u16,
            some(
                st.none() | st.builds(PacketMetric, st.integers(0, 3), st.integers(0, 0x1FFF)),
                most=40,
            ),
        )
    ),
    u32,
)


@st.composite
def rle_blocks(draw: st.DrawFn) -> rtcp_xr.LossRle | rtcp_xr.DuplicateRle:
    begin, thinning = draw(u16), draw(st.integers(0, 15))
    end = begin + draw(st.integers(0, 300) | st.integers(0, 65533)) & 0xFFFF
    record = draw(st.sampled_from([rtcp_xr.LossRle, rtcp_xr.DuplicateRle]))
    count = len(record(0, begin, end, (), thinning).sequences)
    losses = draw(st.sets(st.integers(0, max(0, count - 1)), max_size=20))
    chunks = rtcp_xr.rle_chunks(index not in losses for index in range(count))
    return record(draw(u32), begin, end, chunks, thinning)


@st.composite
def receipt_times(draw: st.DrawFn) -> rtcp_xr.PacketReceiptTimes:
    begin, thinning = draw(u16), draw(st.integers(0, 4))
    end = begin + draw(st.integers(0, 40)) & 0xFFFF
    count = len(rtcp_xr.PacketReceiptTimes(0, begin, end, (), thinning).sequences)
    times = draw(st.lists(u32, min_size=count, max_size=count))
    return rtcp_xr.PacketReceiptTimes(draw(u32), begin, end, tuple(times), thinning)


xr_blocks = st.one_of(
    rle_blocks(),
    receipt_times(),
    st.builds(rtcp_xr.ReceiverReferenceTime, u64),
    st.builds(rtcp_xr.Dlrr, some(st.builds(rtcp_xr.DlrrReport, u32, u32, u32), least=1)),
    st.builds(
        rtcp_xr.StatisticsSummary,
        u32,
        u16,
        u16,
        st.none() | u32,
        st.none() | u32,
        st.none() | st.builds(rtcp_xr.JitterSummary, u32, u32, u32, u32),
        st.none() | st.builds(rtcp_xr.TtlSummary, st.booleans(), u8, u8, u8, u8),
    ),
    st.builds(
        rtcp_xr.VoipMetrics,
        *(u32, u8, u8, u8, u8, u16, u16, u16, u16, s8, s8),
        *(u8, u8, u8, u8, u8, u8, u8, u16, u16, u16),
    ),
    st.builds(rtcp_xr.UnknownXrBlock, st.integers(8, 255), u8, words),
)
extended_reports = st.builds(rtcp.ExtendedReport, u32, some(xr_blocks))

unknowns = st.builds(
    rtcp.Unknown,
    st.integers(0, 255).filter(lambda value: not 200 <= value <= 207),
    st.integers(0, 31),
    words,
)

packets = st.one_of(
    sender_reports,
    receiver_reports,
    source_descriptions,
    byes,
    apps,
    feedback,
    transport_ccs(),
    ccfbs,
    extended_reports,
    unknowns,
)
reports = sender_reports | receiver_reports

__all__ = [
    "apps",
    "byes",
    "ccfbs",
    "extended_reports",
    "feedback",
    "nacks",
    "packets",
    "receiver_reports",
    "report_blocks",
    "reports",
    "sender_reports",
    "source_descriptions",
    "transport_ccs",
]
