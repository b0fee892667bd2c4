"""Any bytes as a TCP stream, and as a script of segments: messages, in bounded memory."""

from collections import Counter

from rtckit.capture.problems import ProblemList
from rtckit.capture.stream import StreamFramer
from rtckit.capture.tcp import TcpSegment, TcpStreams
from rtckit.core.address import Address
from tests.strategies.capture import channel_data, padded, stun

_A, _B = Address("192.0.2.1", 5000), Address("198.51.100.7", 3478)
_RTP = b"\x80\x60\x00\x01" + bytes(8) + b"media"
_DTLS = b"\x16\xfe\xfd" + bytes(8) + b"\x00\x03abc"


def _framed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


# The first two bytes say where to cut, and whether the stream's beginning is known.
SEEDS = [
    b"\x07\x00" + stun(3) + padded(channel_data(0x4001, b"hello")) * 3 + stun(1),
    b"\x0d\x01" + stun(0x000B) + _framed(stun(1), _RTP, _RTP),
    b"\x21\x00" + _framed(stun(1), _DTLS, _RTP, b"", _RTP),
    b"\x05\x01" + _framed(_RTP, _RTP, _RTP),
    b"\xff\x00GET / HTTP/1.1\r\n\r\n",
    b"\x10\x01" + padded(channel_data(0x4001, stun(1))) * 3,
]


def check(data: bytes) -> None:
    """Split or not, the messages are the same; holes, disorder and repetition never raise."""
    if len(data) < 2:
        return
    step, flags, stream = data[0] + 1, data[1], data[2:]
    whole = StreamFramer(beginning=True)
    expected = whole.feed(stream, 1, 1)
    parts = StreamFramer(beginning=True)
    found = []
    for at in range(0, len(stream), step):
        found += parts.feed(stream[at : at + step], 1, 1)
        assert parts.held <= 1 << 18
    if not whole.losses and not parts.losses and not parts.ignored:
        assert found == expected
    for message in (*expected, *found):
        assert message.payload in stream
    _check_holes(stream, step, beginning=not flags & 1)
    _check_segments(stream, step, flags)


def _check_holes(stream: bytes, step: int, *, beginning: bool) -> None:
    framer = StreamFramer(beginning=beginning)
    messages = []
    for at in range(0, len(stream), step):
        piece = stream[at : at + step]
        kept = piece[0] % (len(piece) + 1)
        messages += framer.feed(piece[:kept], at, at)
        messages += framer.miss(len(piece) - kept)
    assert sum(len(message.payload) for message in messages) <= len(stream)


def _check_segments(stream: bytes, step: int, flags: int) -> None:
    """Each piece of the stream is a segment, its first bytes say where it goes."""
    streams = TcpStreams(ProblemList(), Counter(), max_waiting=20_000, max_held=40_000)
    datagrams = []
    sent = 0
    place = 0
    for frame, at in enumerate(range(0, len(stream), step), 1):
        piece = stream[at : at + step]
        jump = (piece[0] - 128) * 40 if piece[-1] & 1 else 0
        datagrams += streams.add(
            TcpSegment(
                _A,
                _B,
                (place + jump) % 2**32,
                flags & 0x17 if frame == 1 else piece[-1] & 0x14,
                piece,
                len(piece) + (piece[0] if piece[-1] & 2 else 0),
                frame,
                frame * (1 + piece[0] * 10_000_000),
                0,
            )
        )
        place += len(piece)
        sent += len(piece)
    datagrams += streams.finish()
    assert sum(len(datagram.payload) for datagram in datagrams) <= sent
