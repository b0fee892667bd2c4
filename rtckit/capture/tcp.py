"""TCP (RFC 9293): segments put in order, and the messages in them.

Both directions of a connection are streams of their own. Segments may come in any order, more than
once, overlapping; sequence numbers wrap. What was never captured is passed over once nothing more
is to be hoped for, and told.
"""

from bisect import insort
from collections import Counter, OrderedDict
from typing import NamedTuple

from rtckit.capture.datagram import Datagram
from rtckit.capture.problems import ProblemList
from rtckit.capture.stream import Framing, StreamFramer, StreamMessage
from rtckit.core.address import Address
from rtckit.core.errors import ParseError

__all__ = ["TcpHeader", "TcpSegment", "TcpStreams", "parse_tcp_header"]

FIN, SYN, RST = 0x01, 0x02, 0x04

_WRAP = 1 << 32
_HALF = 1 << 31
_FAR = 1 << 24  # no window is that wide in practice: such a segment is damaged, or a new beginning
_MAX_STRAYS = 3


class TcpHeader(NamedTuple):
    """The fields of a TCP header that putting streams together takes."""

    source_port: int
    destination_port: int
    sequence: int
    flags: int
    length: int


def parse_tcp_header(data: bytes) -> TcpHeader:
    """The header at the beginning of a segment (RFC 9293, 3.1); ``ParseError`` when it is cut."""
    if len(data) < 20:
        raise ParseError(
            f"TCP header cut short: {len(data)} bytes", offset=len(data), expected="20 bytes"
        )
    length = (data[12] >> 4) * 4
    if length < 20:
        raise ParseError(f"TCP header of {length} bytes", offset=12, expected="20 bytes or more")
    return TcpHeader(
        int.from_bytes(data[:2], "big"),
        int.from_bytes(data[2:4], "big"),
        int.from_bytes(data[4:8], "big"),
        data[13],
        length,
    )


class TcpSegment(NamedTuple):
    """A segment: its place in a stream, and ``payload``, captured of ``length`` bytes."""

    src: Address
    dst: Address
    sequence: int
    flags: int
    payload: bytes
    length: int
    frame: int
    time_ns: int
    interface: int


class _Direction:
    """One direction of a connection."""

    __slots__ = (
        "closed",
        "framer",
        "initial",
        "next",
        "segments",
        "stalled_ns",
        "strays",
        "waiting",
        "waiting_bytes",
    )

    def __init__(self, start: int, *, initial: int | None) -> None:
        # Places in the stream count on beyond 32 bits; the lower half is the sequence number.
        self.next = start + _WRAP
        self.initial = initial
        self.framer = StreamFramer(beginning=initial is not None)
        self.waiting: list[tuple[int, int, TcpSegment]] = []  # place, frame, segment
        self.waiting_bytes = 0
        self.stalled_ns = 0  # when the stream last went on
        self.strays = 0
        self.segments = 0  # with data, while it is open what the stream carries
        self.closed = False


class TcpStreams:
    """All TCP connections of a capture.

    Counts in ``statistics``: ``tcp_messages``, ``tcp_other`` (segments with data of streams that
    carry neither STUN nor RFC 4571), ``tcp_repeated`` (segments that brought nothing new) and
    ``tcp_gaps``. Bounds: 4096 directions, 1 MiB held for one and 32 MiB for all; a missing segment
    is waited for ten seconds of capture time.
    """

    def __init__(
        self,
        problems: ProblemList,
        statistics: Counter[str],
        *,
        max_directions: int = 4096,
        max_waiting: int = 1 << 20,
        max_held: int = 1 << 25,
        patience_ns: int = 10_000_000_000,
    ) -> None:
        self._problems = problems
        self._statistics = statistics
        self._max_directions = max_directions
        self._max_waiting = max_waiting
        self._max_held = max_held
        self._patience_ns = patience_ns
        self._held = 0
        self._directions: OrderedDict[tuple[Address, Address], _Direction] = OrderedDict()

    def add(self, segment: TcpSegment) -> list[Datagram]:
        """The messages that a segment completes."""
        key = (segment.src, segment.dst)
        direction = self._directions.get(key)
        found: list[Datagram] = []
        sequence = segment.sequence
        if segment.flags & SYN:
            if direction is None or direction.initial != sequence:
                if direction is not None:
                    found += self._close(key, direction)
                direction = _Direction((sequence + 1) % _WRAP, initial=sequence)
                self._directions[key] = direction
                found += self._make_room()
            sequence = (sequence + 1) % _WRAP
        elif direction is None:
            if not segment.length:
                return []
            direction = self._directions[key] = _Direction(sequence, initial=None)
            found += self._make_room()
        self._directions.move_to_end(key)
        if segment.length and not direction.closed:
            found += self._take(key, direction, segment, sequence)
        elif segment.length:
            self._statistics["tcp_repeated"] += 1
        if segment.flags & RST and not direction.closed:
            found += self._close(key, direction)
        return found

    def finish(self) -> list[Datagram]:
        """The messages that were held back by missing segments, when the capture ends."""
        found: list[Datagram] = []
        for key, direction in self._directions.items():
            found += self._close(key, direction)
        return found

    def _take(
        self,
        key: tuple[Address, Address],
        direction: _Direction,
        segment: TcpSegment,
        sequence: int,
    ) -> list[Datagram]:
        framer = direction.framer
        if framer.ignored:
            self._statistics["tcp_other"] += 1
            return []
        distance = (sequence - direction.next + _HALF) % _WRAP - _HALF
        if not -_FAR < distance < _FAR:
            direction.strays += 1
            if direction.strays < _MAX_STRAYS:
                return []
            found = self._restart(key, direction, segment, distance)
            distance = 0
        else:
            found = []
        direction.strays = 0
        place = direction.next + distance
        if distance + segment.length <= 0:
            self._statistics["tcp_repeated"] += 1
            return []
        if framer.framing is Framing.UNDECIDED:
            direction.segments += 1
        if distance <= 0:
            found += self._deliver(key, direction, segment, place)
            found += self._drain(key, direction)
            direction.stalled_ns = segment.time_ns
        else:
            insort(direction.waiting, (place, segment.frame, segment), key=_place)
            self._hold(direction, _cost(segment))
        if direction.waiting and (
            direction.waiting_bytes > self._max_waiting
            or segment.time_ns - direction.stalled_ns > self._patience_ns
        ):
            found += self._pass_gap(key, direction)
            direction.stalled_ns = segment.time_ns
        if direction.framer.ignored:
            self._forget(direction)
        elif self._held > self._max_held:
            found += self._relieve()
        return found

    def _deliver(
        self,
        key: tuple[Address, Address],
        direction: _Direction,
        segment: TcpSegment,
        place: int,
    ) -> list[Datagram]:
        """Hand a segment, of which the beginning may be known already, to the framer."""
        framer = direction.framer
        known = direction.next - place
        payload = segment.payload[known:]
        held, losses = framer.held, framer.losses
        messages = framer.feed(payload, segment.frame, segment.time_ns)
        # What the snap length cut off will not come again.
        messages += framer.miss(segment.length - known - len(payload))
        direction.next = place + segment.length
        self._held += framer.held - held
        if framer.ignored:
            self._count_other(direction)
        elif framer.framing is not Framing.UNDECIDED:
            direction.segments = 0
        if framer.losses > losses:
            self._problems.note(
                "tcp stream",
                f"{key[0]} to {key[1]} over TCP: the next message was looked for",
                frame=segment.frame,
            )
        return self._datagrams(key, messages, segment.interface)

    def _drain(self, key: tuple[Address, Address], direction: _Direction) -> list[Datagram]:
        """Deliver what waited for the bytes that came now."""
        found: list[Datagram] = []
        done = 0
        for place, _, segment in direction.waiting:
            if place > direction.next:
                break
            done += 1
            self._hold(direction, -_cost(segment))
            if place + segment.length > direction.next:
                found += self._deliver(key, direction, segment, place)
            else:
                self._statistics["tcp_repeated"] += 1
        if done:
            del direction.waiting[:done]
        return found

    def _restart(
        self,
        key: tuple[Address, Address],
        direction: _Direction,
        segment: TcpSegment,
        distance: int,
    ) -> list[Datagram]:
        """Go on at a segment far from where the stream stood, as others before it were."""
        found: list[Datagram] = []
        place = direction.next + distance
        while direction.waiting:
            found += self._pass_gap(key, direction)
        held = direction.framer.held
        messages = direction.framer.miss(_FAR)
        self._held += direction.framer.held - held
        self._statistics["tcp_gaps"] += 1
        self._problems.note(
            "tcp gap",
            f"{key[0]} to {key[1]} over TCP: the stream goes on {distance} bytes from where it was",
            frame=segment.frame,
        )
        # Places only grow; the sequence number is their lower half.
        direction.next = place if place > direction.next else place + _WRAP
        return found + self._datagrams(key, messages, segment.interface)

    def _pass_gap(self, key: tuple[Address, Address], direction: _Direction) -> list[Datagram]:
        """Give up on the bytes before the first waiting segment."""
        place, frame, segment = direction.waiting[0]
        missing = place - direction.next
        framer = direction.framer
        held = framer.held
        messages = framer.miss(missing)
        self._held += framer.held - held
        direction.next = place
        self._statistics["tcp_gaps"] += 1
        self._problems.note(
            "tcp gap",
            f"{key[0]} to {key[1]} over TCP: {missing} bytes were not captured",
            frame=frame,
        )
        return self._datagrams(key, messages, segment.interface) + self._drain(key, direction)

    def _close(self, key: tuple[Address, Address], direction: _Direction) -> list[Datagram]:
        """Deliver all that waits; what comes later of this connection is old."""
        found: list[Datagram] = []
        while direction.waiting:
            found += self._pass_gap(key, direction)
        self._forget(direction)
        self._count_other(direction)
        direction.closed = True
        return found

    def _count_other(self, direction: _Direction) -> None:
        """Count the segments that came while it was open what the stream carries."""
        if direction.segments:
            self._statistics["tcp_other"] += direction.segments
            direction.segments = 0

    def _forget(self, direction: _Direction) -> None:
        """Free what a direction holds."""
        for _, _, segment in direction.waiting:
            self._hold(direction, -_cost(segment))
        direction.waiting.clear()
        self._held -= direction.framer.held
        direction.framer.clear()

    def _hold(self, direction: _Direction, count: int) -> None:
        direction.waiting_bytes += count
        self._held += count

    def _make_room(self) -> list[Datagram]:
        found: list[Datagram] = []
        while len(self._directions) > self._max_directions:
            key, direction = self._directions.popitem(last=False)
            found += self._close(key, direction)
        return found

    def _relieve(self) -> list[Datagram]:
        """Make the directions that were silent longest give up what they hold."""
        found: list[Datagram] = []
        for key, direction in self._directions.items():
            while direction.waiting:
                found += self._pass_gap(key, direction)
            if direction.framer.held:
                self._held -= direction.framer.held
                direction.framer.clear()
            if self._held <= self._max_held // 2:
                break
        return found

    def _datagrams(
        self, key: tuple[Address, Address], messages: list[StreamMessage], interface: int
    ) -> list[Datagram]:
        if messages:
            self._statistics["tcp_messages"] += len(messages)
        src, dst = key
        return [
            Datagram(
                message.frame,
                message.time_ns,
                "tcp",
                src,
                dst,
                message.payload,
                message.length,
                interface,
            )
            for message in messages
        ]


def _place(waiting: tuple[int, int, TcpSegment]) -> tuple[int, int]:
    return waiting[0], waiting[1]


def _cost(segment: TcpSegment) -> int:
    """What holding a segment takes: its bytes, and the objects around them."""
    return len(segment.payload) + 256
