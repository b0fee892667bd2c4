"""Messages in byte streams, fed in pieces of any size, with and without holes."""

import itertools
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.capture.stream import Framing, StreamFramer, StreamMessage
from tests.strategies.capture import Stream, channel_data, padded, streams, stun

# Worked out by hand: RFC 8489, 5 (type, length, cookie, transaction id); RFC 8656, 12.4.
ALLOCATE = bytes.fromhex("0003 0008 2112a442 000102030405060708090a0b 0019 0004 11000000")
CHANNEL = bytes.fromhex("4001 0005 68656c6c6f")
BINDING = bytes.fromhex("0001 0000 2112a442 000102030405060708090a0b")
RTP = bytes.fromhex("806f 0001 00000000 deadbeef") + b"opus"
HELLO = bytes.fromhex("16 fefd 0000 000000000000 0003 010203")


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(message)) + message for message in messages)


def feed_all(framer: StreamFramer, chunks: list[bytes]) -> list[StreamMessage]:
    return [
        message
        for number, chunk in enumerate(chunks, 1)
        for message in framer.feed(chunk, number, number * 1000)
    ]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


def test_stun_and_channel_data() -> None:
    framer = StreamFramer(beginning=True)
    assert framer.feed(ALLOCATE + CHANNEL + bytes(3) + BINDING, 7, 70) == [
        StreamMessage(ALLOCATE, 28, 7, 70),
        StreamMessage(CHANNEL, 9, 7, 70),
        StreamMessage(BINDING, 20, 7, 70),
    ]
    assert framer.framing is Framing.STUN
    assert framer.held == 0


def test_padding_may_come_later() -> None:
    framer = StreamFramer(beginning=True)
    assert len(framer.feed(ALLOCATE + CHANNEL, 1, 1)) == 1
    assert framer.feed(bytes(3), 2, 2) == [StreamMessage(CHANNEL, 9, 2, 2)]


def test_rfc4571() -> None:
    framer = StreamFramer(beginning=True)
    messages = framer.feed(framed(BINDING, HELLO, RTP), 7, 70)
    assert [message.payload for message in messages] == [BINDING, HELLO, RTP]
    assert framer.framing is Framing.RFC4571


def test_empty_rfc4571_frames_are_no_messages() -> None:
    framer = StreamFramer(beginning=True)
    messages = framer.feed(framed(BINDING, b"", b"", RTP), 7, 70)
    assert [message.payload for message in messages] == [BINDING, RTP]


def test_rfc4571_may_begin_with_dtls() -> None:
    framer = StreamFramer(beginning=True)
    assert [m.payload for m in framer.feed(framed(HELLO, RTP), 1, 1)] == [HELLO, RTP]


@pytest.mark.parametrize(
    "other",
    [
        b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
        bytes.fromhex("16030100c8010000c40303") + bytes(100),  # TLS
        b"SSH-2.0-OpenSSH_9.2\r\n",
        RTP,
        CHANNEL + bytes(3),
        b"\xff" * 50,
        framed(RTP, RTP),
    ],
)
def test_other_streams_are_let_go_at_once(other: bytes) -> None:
    framer = StreamFramer(beginning=True)
    assert framer.feed(other, 1, 1) == []
    assert framer.ignored
    assert framer.held == 0
    assert framer.feed(ALLOCATE, 2, 2) == []


@given(streams, st.lists(st.integers(0, 10_000), max_size=30))
def test_any_split_gives_the_same_messages(stream: Stream, cuts: list[int]) -> None:
    framer = StreamFramer(beginning=True)
    messages = feed_all(framer, split(stream.data, cuts))
    assert [message.payload for message in messages] == stream.messages
    assert [message.length for message in messages] == [len(m) for m in stream.messages]
    assert framer.losses == 0


@given(streams)
def test_byte_by_byte(stream: Stream) -> None:
    framer = StreamFramer(beginning=True)
    chunks = [bytes([byte]) for byte in stream.data]
    messages = feed_all(framer, chunks)
    assert [message.payload for message in messages] == stream.messages
    # The frame is the one that brought the last byte, padding included.
    end = 0
    for message in messages:
        framing = 2 if framer.framing is Framing.RFC4571 else 0
        size = message.length + framing
        end += size if framing else size + -size % 4
        assert (message.frame, message.time_ns) == (end, end * 1000)


def test_the_frame_is_the_latest_of_the_message() -> None:
    framer = StreamFramer(beginning=True)
    assert framer.feed(ALLOCATE[:10], 9, 90) == []
    # A segment captured earlier, delivered later: the order of the stream is not that of capture.
    assert framer.feed(ALLOCATE[10:] + BINDING, 5, 50) == [
        StreamMessage(ALLOCATE, 28, 9, 90),
        StreamMessage(BINDING, 20, 5, 50),
    ]


# -- streams without a beginning ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (BINDING, [BINDING]),
        (CHANNEL + bytes(3) + CHANNEL + bytes(3), [CHANNEL, CHANNEL]),
        (framed(HELLO), [HELLO]),
        (framed(RTP, RTP), [RTP, RTP]),
        (b"some rest of a message" + b"", []),
    ],
)
def test_the_middle_of_a_stream(data: bytes, messages: list[bytes]) -> None:
    framer = StreamFramer(beginning=False)
    assert [message.payload for message in framer.feed(data, 1, 1)] == messages


def test_the_middle_of_a_message_comes_first() -> None:
    framer = StreamFramer(beginning=False)
    chunks = [ALLOCATE[13:], b"\x99" * 40, BINDING, CHANNEL + bytes(3)]
    messages = feed_all(framer, chunks)
    assert messages == [StreamMessage(BINDING, 20, 3, 3000), StreamMessage(CHANNEL, 9, 4, 4000)]


def test_media_over_ice_tcp_joined_in_the_middle() -> None:
    framer = StreamFramer(beginning=False)
    messages = feed_all(framer, [framed(RTP)[9:], framed(RTP), framed(RTP), framed(RTP)])
    assert [message.payload for message in messages] == [RTP, RTP, RTP]


def test_streams_that_make_no_sense_are_let_go() -> None:
    framer = StreamFramer(beginning=False)
    for number in range(200):
        assert framer.feed(b"\xf0" * 1000, number, 0) == []
        assert framer.held == 0
    assert framer.ignored


def test_guessing_is_bounded() -> None:
    framer = StreamFramer(beginning=False)
    for number in range(2000):
        framer.feed(b"\x40\x00\x07\xf0" + bytes(300), number, 0)
        assert framer.held < 200_000


# -- holes ----------------------------------------------------------------------------------------


def test_a_hole_inside_a_message_keeps_the_place() -> None:
    framer = StreamFramer(beginning=True)
    long = channel_data(0x4001, bytes(range(200)))
    assert len(framer.feed(ALLOCATE + long[:50], 1, 10)) == 1
    assert framer.miss(100) == [StreamMessage(long[:50], 204, 1, 10)]
    assert framer.feed(long[150:] + BINDING, 2, 20) == [StreamMessage(BINDING, 20, 2, 20)]
    assert framer.losses == 0


def test_a_hole_that_ends_with_a_message_keeps_the_place() -> None:
    # What a snap length does when each segment is a message.
    framer = StreamFramer(beginning=True)
    long = channel_data(0x4001, bytes(201))
    size = len(padded(long))
    framer.feed(ALLOCATE, 1, 10)
    for number in range(2, 6):
        assert framer.feed(long[:40], number, 0) == []
        (message,) = framer.miss(size - 40)
        assert message == StreamMessage(long[:40], 205, number, 0)
    assert framer.losses == 0


def test_rfc4571_through_a_hole() -> None:
    framer = StreamFramer(beginning=True)
    framer.feed(framed(BINDING), 1, 10)
    framer.feed(framed(RTP)[:8], 2, 20)
    assert framer.miss(len(RTP) - 6) == [StreamMessage(RTP[:6], len(RTP), 2, 20)]
    assert [m.payload for m in framer.feed(framed(RTP), 3, 30)] == [RTP]


def test_a_snap_length_hides_no_message_that_begins_a_segment() -> None:
    long = padded(stun(0x0001, b"\x80\x22\x00\x04abcd" * 9))
    channel = channel_data(0x4001, bytes(96))
    framer = StreamFramer(beginning=True)
    framer.feed(ALLOCATE + channel, 1, 1)
    framer.feed(ALLOCATE[:8], 2, 2)
    assert len(framer.miss(60)) == 1  # and the head of another message, not captured
    assert framer.losses == 1
    for number, message in enumerate((long, channel, long), 3):
        assert framer.feed(message[:30], number, number) == []
        assert framer.miss(len(message) - 30) == [
            StreamMessage(message[:30], len(message), number, number)
        ]
    assert framer.losses == 1


@pytest.mark.parametrize("wrap", [bytes, framed])
def test_a_snap_length_from_the_middle_of_a_stream(wrap: Callable[[bytes], bytes]) -> None:
    long = stun(0x0001, b"\x80\x22\x00\x04abcd" * 9)
    framer = StreamFramer(beginning=False)
    framer.feed(wrap(long)[:30], 1, 1)
    (message,) = framer.miss(len(wrap(long)) - 30)
    assert message.length == len(long)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ALLOCATE, b"\x99" * 33 + BINDING, [BINDING]),
        (ALLOCATE + CHANNEL + bytes(3), b"\xee" * 5 + (CHANNEL + bytes(3)) * 2, [CHANNEL] * 2),
        (framed(BINDING), b"\xee" * 7 + framed(HELLO), [HELLO]),
        (framed(BINDING), b"\xee" * 7 + framed(RTP, RTP), [RTP, RTP]),
    ],
)
def test_messages_are_found_again_after_a_hole(
    before: bytes, after: bytes, expected: list[bytes]
) -> None:
    framer = StreamFramer(beginning=True)
    framer.feed(before, 1, 1)
    assert framer.miss(500) == []
    assert framer.losses == 1
    assert [message.payload for message in framer.feed(after, 2, 2)] == expected


def test_stun_inside_channel_data_is_not_taken_for_the_message() -> None:
    framer = StreamFramer(beginning=True)
    framer.feed(ALLOCATE, 1, 1)
    framer.miss(10)
    inner = channel_data(0x4005, BINDING)
    messages = framer.feed(b"\xee" * 3 + inner + ALLOCATE, 2, 2)
    assert [message.payload for message in messages] == [inner, ALLOCATE]


def test_a_stream_that_goes_astray_is_followed_again() -> None:
    framer = StreamFramer(beginning=True)
    messages = framer.feed(ALLOCATE + b"\xff\xff\xff" + BINDING + CHANNEL + bytes(3), 1, 1)
    assert [message.payload for message in messages] == [ALLOCATE, BINDING, CHANNEL]
    assert framer.losses == 1


@given(
    streams,
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=10),
    st.booleans(),
)
def test_holes_anywhere_never_raise_and_invent_nothing(
    stream: Stream, steps: list[tuple[int, int]], beginning: bool
) -> None:
    framer = StreamFramer(beginning=beginning)
    at = 0
    fed = 0
    messages = []
    for take, miss in steps:
        piece = stream.data[at : at + take]
        messages += framer.feed(piece, at, at)
        messages += framer.miss(miss)
        at += take + miss
        fed += len(piece)
    messages += framer.feed(stream.data[at:], at, at)
    fed += len(stream.data[at:])
    assert sum(len(message.payload) for message in messages) <= fed
    assert all(message.payload in stream.data for message in messages)
    assert all(len(message.payload) <= message.length for message in messages)


def test_clear_forgets_and_finds_again() -> None:
    framer = StreamFramer(beginning=True)
    framer.feed(ALLOCATE + ALLOCATE[:20], 1, 1)
    assert framer.held == 20
    framer.clear()
    assert framer.held == 0
    assert [m.payload for m in framer.feed(ALLOCATE[20:] + BINDING, 2, 2)] == [BINDING]


# -- connections of RFC 6062 ----------------------------------------------------------------------


def test_after_connection_bind_comes_the_peers_stream() -> None:
    bind = stun(0x000B, b"\x00\x2a\x00\x04\x00\x00\x00\x07")
    framer = StreamFramer(beginning=True)
    assert [m.payload for m in framer.feed(bind, 1, 1)] == [bind]
    assert [m.payload for m in framer.feed(framed(BINDING, RTP), 2, 2)] == [BINDING, RTP]
    assert framer.framing is Framing.RFC4571


def test_connection_bind_may_be_tried_again() -> None:
    bind = stun(0x000B)
    framer = StreamFramer(beginning=True)
    framer.feed(bind, 1, 1)
    assert [m.payload for m in framer.feed(bind, 2, 2)] == [bind]
