"""TCP streams put together: any segmentation, order and repetition gives the same messages."""

import io
import itertools
import random
from collections import Counter

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.capture import Capture, Datagram, open_capture
from rtckit.capture.problems import ProblemList
from rtckit.capture.tcp import TcpSegment, TcpStreams, parse_tcp_header
from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from tests.strategies.capture import (
    Stream,
    capture_of,
    channel_data,
    ethernet,
    ip4,
    padded,
    streams,
    stun,
    tcp,
)

A, B = Address("192.0.2.1", 5000), Address("198.51.100.7", 3478)
SYN, RST = 2, 4
SECOND = 1_000_000_000


class Peer:
    """One direction of a connection, and what came out of it."""

    def __init__(self, initial: int = 1000, **limits: int) -> None:
        self.problems = ProblemList()
        self.statistics: Counter[str] = Counter()
        self.streams = TcpStreams(self.problems, self.statistics, **limits)
        self.initial = initial
        self.frame = 0
        self.found: list[Datagram] = []

    def send(
        self,
        place: int,
        data: bytes = b"",
        *,
        flags: int = 16,
        time_ns: int = 0,
        length: int | None = None,
        src: Address = A,
    ) -> None:
        self.frame += 1
        length = len(data) if length is None else length
        sequence = (self.initial + place) % 2**32
        self.found += self.streams.add(
            TcpSegment(src, B, sequence, flags, data, length, self.frame, time_ns, 0)
        )

    def open(self) -> None:
        self.send(-1, flags=SYN)

    @property
    def payloads(self) -> list[bytes]:
        return [datagram.payload for datagram in self.found]


MESSAGES = [stun(1, b"\x80\x22\x00\x04" + bytes([65 + i] * 4)) for i in range(10)]
DATA = b"".join(MESSAGES)


def test_a_message_becomes_a_datagram() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0][:13], time_ns=5)
    peer.send(13, MESSAGES[0][13:], time_ns=6)
    assert peer.found == [Datagram(3, 6, "tcp", A, B, MESSAGES[0], 28, 0)]
    assert peer.statistics["tcp_messages"] == 1


@given(
    streams,
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 10_000), max_size=20),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 500)), max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_segmentation_order_and_repetition_gives_the_same_messages(
    stream: Stream,
    initial: int,
    cuts: list[int],
    repeats: list[tuple[int, int]],
    shuffler: random.Random,
) -> None:
    """Sequence numbers wrap where ``initial`` is near 2^32."""
    data = stream.data
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    pieces = list(itertools.pairwise(places))
    for start, size in repeats:
        start %= len(data)
        pieces.append((start, min(start + size, len(data))))
    shuffler.shuffle(pieces)
    peer = Peer(initial)
    peer.open()
    for start, end in pieces:
        peer.send(start, data[start:end])
    assert peer.payloads == stream.messages
    assert peer.streams.finish() == []
    assert not peer.problems


@pytest.mark.parametrize("initial", [2**32 - 1, 2**32 - 30, 2**31 - 5, 0])
def test_sequence_numbers_wrap(initial: int) -> None:
    peer = Peer(initial)
    peer.open()
    for at in range(0, len(DATA), 7):
        peer.send(at, DATA[at : at + 7])
    assert peer.payloads == MESSAGES


def test_both_directions_are_streams_of_their_own() -> None:
    peer = Peer()
    peer.open()
    peer.send(-1, flags=SYN | 16, src=Address("192.0.2.9", 1))
    peer.send(0, MESSAGES[0][:10])
    peer.send(0, MESSAGES[1], src=Address("192.0.2.9", 1))
    peer.send(10, MESSAGES[0][10:])
    assert peer.payloads == [MESSAGES[1], MESSAGES[0]]


def test_data_in_the_first_segment_is_read() -> None:
    peer = Peer()  # RFC 7413: TCP Fast Open
    peer.send(-1, MESSAGES[0], flags=SYN)
    assert peer.payloads == [MESSAGES[0]]


def test_a_repeated_opening_changes_nothing() -> None:
    peer = Peer()
    peer.open()
    peer.open()
    peer.send(0, MESSAGES[0])
    peer.open()
    peer.send(28, MESSAGES[1])
    assert peer.payloads == MESSAGES[:2]


def test_ports_are_used_again() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0] + MESSAGES[1][:9])
    peer.initial = 77_000
    peer.open()
    peer.send(0, MESSAGES[2])
    assert peer.payloads == [MESSAGES[0], MESSAGES[2]]


def test_what_comes_after_a_reset_is_old() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    peer.send(28, flags=RST)
    peer.send(28, MESSAGES[1])
    assert peer.payloads == [MESSAGES[0]]


def test_keep_alives_are_repetitions() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    peer.send(27, b"\0")  # RFC 9293, 3.8.4: one byte of garbage before the next
    peer.send(28, MESSAGES[1])
    assert peer.payloads == MESSAGES[:2]
    assert peer.statistics["tcp_repeated"] == 1


# -- missing segments -----------------------------------------------------------------------------


def test_a_missing_segment_is_passed_over_after_a_while() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    for number in range(2, 10):
        peer.send(28 * number, MESSAGES[number], time_ns=number * 2 * SECOND)
    assert peer.payloads == [MESSAGES[0], *MESSAGES[2:]]
    assert peer.statistics["tcp_gaps"] == 1
    assert any("28 bytes were not captured" in str(problem) for problem in peer.problems)


def test_a_missing_segment_is_passed_over_at_the_end() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    peer.send(56, MESSAGES[2])
    assert peer.payloads == [MESSAGES[0]]
    (datagram,) = peer.streams.finish()
    assert (datagram.payload, datagram.frame) == (MESSAGES[2], 3)


def test_a_message_with_a_hole_is_given_out_as_far_as_it_goes() -> None:
    long = channel_data(0x4001, bytes(2000))
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0] + long[:500])
    peer.send(28 + 1500, long[1500:] + MESSAGES[1])
    (cut, last) = peer.streams.finish()
    assert (cut.payload, cut.length) == (long[:500], 2004)
    assert last.payload == MESSAGES[1]


def test_segments_cut_by_the_snap_length() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    at = 28
    for _ in range(5):
        long = padded(channel_data(0x4001, bytes(1001)))
        peer.send(at, long[:60], length=len(long))
        at += len(long)
    assert [(len(d.payload), d.length) for d in peer.found[1:]] == [(60, 1005)] * 5
    assert not peer.problems


def test_a_stray_segment_does_not_derail_the_stream() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    peer.send(1 << 20, b"stray")
    peer.send(1 << 30, b"stray")
    for number in range(1, 10):
        peer.send(28 * number, MESSAGES[number], time_ns=number * 30 * SECOND)
    assert peer.payloads == MESSAGES


@pytest.mark.parametrize("jump", [1 << 28, -(1 << 28), 1 << 31])
def test_a_stream_that_goes_on_far_away_is_followed(jump: int) -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    for number in range(2, 9):
        peer.send(jump + 28 * number, MESSAGES[number])
    assert peer.payloads == [MESSAGES[0], *MESSAGES[4:9]]
    assert peer.statistics["tcp_gaps"] == 1


def test_waiting_is_bounded() -> None:
    peer = Peer(max_waiting=10_000)
    peer.open()
    for number in range(1, 400):
        peer.send(28 * number, MESSAGES[number % 10])
        (direction,) = peer.streams._directions.values()
        assert direction.waiting_bytes <= 10_000
    assert len(peer.found) > 350


def test_all_that_is_held_is_bounded() -> None:
    peer = Peer(max_held=100_000, max_directions=50)
    most = 0
    for number in range(2000):
        src = Address("192.0.2.1", number % 200)
        peer.send(-1, flags=SYN, src=src)
        # The head of a long message, some of it, and a segment after a hole.
        peer.send(0, stun(1) + b"\x40\x00\xff\xff" + bytes(4000), src=src)
        peer.send(50_000, bytes(1400), src=src)
        most = max(most, peer.streams._held)
        assert peer.streams._held <= 100_000
        assert len(peer.streams._directions) <= 50
    assert most > 50_000
    assert [datagram.payload for datagram in peer.found[:2]] == [stun(1), stun(1)]
    peer.streams.finish()
    assert peer.streams._held == 0


def test_what_waits_is_freed_when_the_stream_is_of_no_interest() -> None:
    peer = Peer()
    peer.open()
    peer.send(16, b"\r\n")
    peer.send(500, b"more")
    assert peer.streams._held > 0
    peer.send(0, b"GET / HTTP/1.1\r\n")
    assert peer.streams._held == 0
    assert peer.statistics["tcp_other"] == 3


def test_what_waits_is_given_out_when_the_stream_goes_on_far_away() -> None:
    peer = Peer()
    peer.open()
    peer.send(0, MESSAGES[0])
    peer.send(56, MESSAGES[2])
    for number in range(4):
        peer.send((1 << 27) + 28 * number, MESSAGES[4 + number])
    assert peer.payloads == [MESSAGES[0], MESSAGES[2], MESSAGES[6], MESSAGES[7]]


# -- in captures ----------------------------------------------------------------------------------


def read(frames: list[bytes]) -> tuple[Capture, list[Datagram]]:
    capture = open_capture(io.BytesIO(capture_of(frames)))
    return capture, list(capture)


def test_segments_built_by_dpkt() -> None:
    frames = [
        ethernet(ip4(tcp(b"", 99, flags=dpkt.tcp.TH_SYN))),
        ethernet(ip4(tcp(MESSAGES[0][:20], 100))),
        ethernet(ip4(tcp(MESSAGES[1], 128))),
        ethernet(ip4(tcp(MESSAGES[0][20:], 120, flags=dpkt.tcp.TH_ACK | dpkt.tcp.TH_PUSH))),
    ]
    capture, datagrams = read(frames)
    assert [(d.frame, d.transport, d.payload) for d in datagrams] == [
        (4, "tcp", MESSAGES[0]),
        (3, "tcp", MESSAGES[1]),
    ]
    assert datagrams[0].src == A
    assert datagrams[0].dst == B
    assert capture.statistics["tcp_segments"] == 4
    assert capture.statistics["tcp_messages"] == 2


def test_tcp_options_are_passed() -> None:
    segment = tcp(MESSAGES[0], 100)
    segment.opts = b"\x01\x01\x08\x0a" + bytes(8)  # time stamps
    segment.off = 8
    _, datagrams = read([ethernet(ip4(segment))])
    assert datagrams[0].payload == MESSAGES[0]


def test_other_streams_are_counted() -> None:
    frames = [ethernet(ip4(tcp(b"", 0, dport=80, flags=dpkt.tcp.TH_SYN)))] + [
        ethernet(ip4(tcp(b"GET / HTTP/1.1\r\n", 1 + 16 * i, dport=80))) for i in range(5)
    ]
    capture, datagrams = read(frames)
    assert datagrams == []
    assert capture.statistics["tcp_other"] == 5
    assert capture.statistics["tcp_segments"] == 6
    assert not capture.problems


@pytest.mark.parametrize("data", [b"", bytes(19), bytes(12) + b"\x40" + bytes(10)])
def test_damaged_headers(data: bytes) -> None:
    with pytest.raises(ParseError):
        parse_tcp_header(data)
