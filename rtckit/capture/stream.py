"""Messages in a byte stream: STUN and ChannelData over TCP, and RFC 4571 frames (ICE-TCP).

STUN messages say their own length (RFC 8489, 6.2.2); ChannelData is padded to four bytes over TCP
(RFC 8656, 12.5). RFC 4571 puts a length of two bytes before each RTP, DTLS or STUN packet
(RFC 6544, 10.1). Which of them a stream carries is told from its first bytes; in a stream whose
beginning was not captured, from a message that stands where a segment begins.
"""

from collections import deque
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Framing", "StreamFramer", "StreamMessage"]

_COOKIE = b"\x21\x12\xa4\x42"
_CHAIN = 3
_MAX_GUESSES = 64  # segments without anything known, until a stream is let go
_MAX_UNSYNCED = 1 << 17
_MAX_MARKS = 64
_MAX_BELIEVED = 2048  # longer messages without a cookie are not believed while looking
_CONNECTION_BIND = (0x000B, 0x010B)  # RFC 6062: request and success response


class Framing(StrEnum):
    """What a stream carries."""

    UNDECIDED = "undecided"
    STUN = "stun"
    RFC4571 = "rfc4571"
    OTHER = "other"


class StreamMessage(NamedTuple):
    """One message: what was captured of its ``length`` bytes, and the frame that completed it."""

    payload: bytes
    length: int
    frame: int
    time_ns: int


class _Verdict(StrEnum):
    GOOD = "good"
    BAD = "bad"
    MORE = "more bytes needed"


class StreamFramer:
    """Cuts one direction of a stream into messages.

    ``beginning`` says whether the stream's first byte is the first one fed. ``losses`` counts how
    often the place of the next message was lost. Memory stays below 200 KiB.
    """

    def __init__(self, *, beginning: bool) -> None:
        self.framing = Framing.UNDECIDED
        self.losses = 0
        self._beginning = beginning
        self._synced = True
        self._pending = bytearray()
        self._marks: deque[tuple[int, int, int]] = deque()  # end in the stream, frame, time
        self._base = 0  # place in the stream of the first pending byte
        self._need = 0  # pending bytes below which there is nothing to do
        self._skip = 0  # bytes still to come of a message already given out
        self._guesses = 0
        self._channels: set[int] = set()

    @property
    def ignored(self) -> bool:
        """Whether the stream was let go: it carries something else."""
        return self.framing is Framing.OTHER

    @property
    def held(self) -> int:
        """Bytes waiting for the rest of their message."""
        return len(self._pending)

    def feed(self, data: bytes, frame: int, time_ns: int) -> list[StreamMessage]:
        """The messages that ``data``, the stream's next bytes, completes."""
        if self.framing is Framing.OTHER:
            return []
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            self._base += skipped
            data = data[skipped:]
        if not data:
            return []
        self._pending += data
        if len(self._marks) == _MAX_MARKS:
            # Many tiny segments: the newest two count as one.
            newest = self._marks.pop()
            frame, time_ns = max((frame, time_ns), newest[1:])
        self._marks.append((self._base + len(self._pending), frame, time_ns))
        if len(self._pending) < self._need:
            return []
        messages: list[StreamMessage] = []
        while self._pending:
            if self.framing is Framing.UNDECIDED and not self._decide():
                break
            if not self._synced and not self._resync():
                break
            if not self._take(messages):
                break
        return messages

    def miss(self, count: int) -> list[StreamMessage]:
        """Go on after ``count`` bytes that were not captured.

        A message that begins before them is given out as far as it was captured; when it also ends
        after them, or with them, the place of the next message is still known.
        """
        if count <= 0 or self.framing is Framing.OTHER:
            return []
        messages: list[StreamMessage] = []
        self._find_head(count)
        if self._skip:
            missed = min(self._skip, count)
            self._skip -= missed
            count -= missed
            self._base += missed
        elif self._pending and self._synced and self.framing is not Framing.UNDECIDED:
            size, start, length = self._measure(0)
            if size > 0:
                held = len(self._pending)
                payload = bytes(self._pending[start : start + length])
                frame, time_ns = self._mark(held)
                messages.append(StreamMessage(payload, length, frame, time_ns))
                self._drop(held)
                missed = min(size - held, count)
                self._skip = size - held - missed
                count -= missed
                self._base += missed
        if count:
            self._drop(len(self._pending))
            self._base += count
            self._beginning = False
            if self.framing is not Framing.UNDECIDED and self._synced:
                self._synced = False
                self.losses += 1
        self._need = 0
        return messages

    def _find_head(self, missing: int) -> None:
        """Before bytes that will never come: take a message's head at a segment's start as found.

        It must be proof in itself or, where the framing is known, its message must end exactly
        where the missing bytes do. So a snap length that cuts every message hides none of them.
        """
        undecided = self.framing is Framing.UNDECIDED
        if self._synced and not undecided:
            return
        for start in self._starts(0) if self._pending else ():
            rest = len(self._pending) - start + missing
            for framing in (Framing.STUN, Framing.RFC4571) if undecided else (self.framing,):
                size, strong = self._examine(framing, start)
                if size > 0 and (strong or (size == rest and not undecided)):
                    self.framing = framing
                    self._drop(start)
                    self._synced = True
                    return

    def clear(self) -> None:
        """Forget what waits for the rest of its message; the next message will be looked for."""
        if self._pending or self._skip:
            self._skip = 0
            self._drop(len(self._pending))
            self._beginning = False
            self._synced = self.framing is Framing.UNDECIDED
            self._need = 0

    def _drop(self, count: int) -> None:
        """Forget the first ``count`` pending bytes."""
        del self._pending[:count]
        self._base += count
        while self._marks and self._marks[0][0] <= self._base:
            self._marks.popleft()

    def _mark(self, end: int) -> tuple[int, int]:
        """The latest frame, with its time, among those that brought ``pending[:end]``."""
        latest = (0, 0)
        for stop, frame, time_ns in self._marks:
            latest = max(latest, (frame, time_ns))
            if stop >= self._base + end:
                break
        return latest

    def _take(self, messages: list[StreamMessage]) -> bool:
        """Move one whole message from the pending bytes to ``messages``; false when none is."""
        size, start, length = self._measure(0)
        if size < 0:
            self._synced = False
            self.losses += 1
            return True
        if not size or size > len(self._pending):
            self._need = size or len(self._pending) + 1
            return False
        self._need = 0
        if length:
            payload = bytes(self._pending[start : start + length])
            messages.append(StreamMessage(payload, length, *self._mark(size)))
            if self.framing is Framing.STUN:
                kind = payload[0] << 8 | payload[1]
                if kind >= 0x4000:
                    self._channels.add(kind)
                elif kind in _CONNECTION_BIND:
                    # What follows is the peer's own stream (RFC 6062, 5.4), or another attempt.
                    self.framing = Framing.UNDECIDED
                    self._beginning = True
        self._drop(size)
        return True

    def _measure(self, at: int) -> tuple[int, int, int]:
        """The message at ``at``: bytes it takes up, where its payload begins, payload length.

        A size of 0 means that more bytes are needed to tell, -1 that no message begins here.
        """
        if self.framing is Framing.STUN:
            size, length = _measure_stun(self._pending, at)
            return size, at, length
        size, length = _measure_rfc4571(self._pending, at)
        return size, at + 2, length

    def _decide(self) -> bool:
        """Find out what the stream carries; false while that is open, or when it is let go."""
        framing = _recognise(self._pending) if self._beginning else self._guess()
        if framing is Framing.UNDECIDED:
            return False
        self.framing = framing
        self._synced = True
        if framing is Framing.OTHER:
            self._drop(len(self._pending))
        return framing is not Framing.OTHER

    def _guess(self) -> Framing:
        """What a stream carries of which the beginning is unknown, by where segments begin."""
        self._guesses += 1
        keep = -1
        for start in self._starts(0):
            for framing in (Framing.STUN, Framing.RFC4571):
                verdict = self._judge(framing, start, sure=False)
                if verdict is _Verdict.GOOD:
                    self._drop(start)
                    return framing
                if verdict is _Verdict.MORE and keep < 0:
                    keep = start
        if self._guesses >= _MAX_GUESSES:
            return Framing.OTHER
        held = len(self._pending)
        self._drop(held if keep < 0 or held > _MAX_UNSYNCED else keep)
        return Framing.UNDECIDED

    def _starts(self, after: int) -> list[int]:
        """Where the pending segments begin, from ``after`` on."""
        starts = [0, *(end - self._base for end, _, _ in self._marks)]
        return [start for start in starts[:-1] if start >= after]

    def _resync(self) -> bool:
        """Find the next place where messages begin and drop what stands before it."""
        held = len(self._pending)
        for at in range(held):
            verdict = self._judge(self.framing, at, sure=True)
            if verdict is _Verdict.BAD:
                continue
            if verdict is _Verdict.MORE:
                # It may be one. Meanwhile a later segment may begin with a sure one.
                for start in self._starts(at + 1):
                    if self._judge(self.framing, start, sure=True) is _Verdict.GOOD:
                        at = start
                        break
                else:
                    self._drop(at if held - at < _MAX_UNSYNCED else held)
                    return False
            if self.framing is Framing.STUN and _is_wrapped(self._pending, at):
                at -= 4
            self._drop(at)
            self._synced = True
            return True
        self._drop(held)
        return False

    def _judge(self, framing: Framing, at: int, *, sure: bool) -> _Verdict:
        """Whether messages follow one another from ``at``.

        One STUN message or DTLS record is proof. ChannelData and RTP are believed when one is
        followed by the head of another or ends where the pending bytes end; when it is not
        ``sure`` that the stream carries ``framing`` at all, there must be two of them.
        """
        end = len(self._pending)
        for whole in range(_CHAIN):
            size, strong = self._examine(framing, at)
            if size < 0:
                return _Verdict.BAD
            if strong and whole + (size <= end - at) > 0:
                return _Verdict.GOOD
            if not size or size > end - at:
                if whole >= (1 if sure and size else 2):
                    return _Verdict.GOOD
                return _Verdict.MORE
            at += size
            if at == end:
                if whole + 1 >= (1 if sure else 2):
                    return _Verdict.GOOD
                return _Verdict.MORE
        return _Verdict.GOOD

    def _examine(self, framing: Framing, at: int) -> tuple[int, bool]:
        """The size of what may be a message at ``at``, and whether its head proves that it is.

        0 means unknown yet, -1 that it is none, or longer than is believed without proof.
        """
        if framing is Framing.RFC4571:
            return _examine_rfc4571(self._pending, at)
        size, _ = _measure_stun(self._pending, at)
        if size <= 0 or self._pending[at] < 0x40:
            return size, size > 0
        channel = self._pending[at] << 8 | self._pending[at + 1]
        known = not self._channels or channel in self._channels
        return (size, False) if known and size <= _MAX_BELIEVED else (-1, False)


def _measure_stun(data: bytearray, at: int) -> tuple[int, int]:
    """Size over TCP and length of a STUN message or ChannelData; 0: unknown yet, -1: neither."""
    have = len(data) - at
    if have <= 0:
        return 0, 0
    first = data[at]
    if first >= 0x80:
        return -1, 0
    if have < 4:
        return 0, 0
    length = data[at + 2] << 8 | data[at + 3]
    if first >= 0x40:
        return 4 + length + -length % 4, 4 + length
    if length % 4 or not _COOKIE.startswith(data[at + 4 : at + 8]):
        return -1, 0
    return (20 + length, 20 + length) if have >= 8 else (0, 0)


def _is_wrapped(data: bytearray, at: int) -> bool:
    """Whether the STUN message at ``at`` is all the data of a ChannelData message before it."""
    if at < 4 or not 0x40 <= data[at - 4] < 0x50 or data[at] >= 0x40:
        return False
    size, _ = _measure_stun(data, at)
    return size == data[at - 2] << 8 | data[at - 1]


def _measure_rfc4571(data: bytearray, at: int) -> tuple[int, int]:
    """Size with its length field, and length, of an RFC 4571 frame; 0: unknown yet."""
    if len(data) - at < 2:
        return 0, 0
    length = data[at] << 8 | data[at + 1]
    return 2 + length, length


def _examine_rfc4571(data: bytearray, at: int) -> tuple[int, bool]:
    """The size of what may be an RFC 4571 frame, by its content; and whether that proves it.

    0 means unknown yet, -1 that the content is nothing an ICE-TCP stream carries.
    """
    size, length = _measure_rfc4571(data, at)
    content = data[at + 2 : at + 15]
    if not content:
        return 0, False
    first = content[0]
    if first < 4:  # STUN
        if not _COOKIE.startswith(content[4:8]):
            return -1, False
        if len(content) < 8:
            return 0, False
        inner = (content[2] << 8 | content[3]) + 20
        return (size, True) if inner == length else (-1, False)
    if 20 <= first <= 26:  # a DTLS record
        if len(content) < 13:
            return 0, False
        inner = (content[11] << 8 | content[12]) + 13
        known = content[1] == 0xFE and content[2] in (0xFD, 0xFF)
        return (size, True) if known and inner <= length else (-1, False)
    if 32 <= first < 64 or 128 <= first < 192:  # DTLS 1.3 ciphertext; RTP and RTCP
        return (size, False) if 8 <= length <= _MAX_BELIEVED else (-1, False)
    return -1, False


def _recognise(data: bytearray) -> Framing:
    """What a stream that begins with ``data`` carries."""
    size, _ = _measure_stun(data, 0)
    if size > 0 and data[0] < 0x40:
        return Framing.STUN
    inner, proven = _examine_rfc4571(data, 0)
    if inner > 0 and proven:
        return Framing.RFC4571
    # Streams begin with STUN or, without ICE, DTLS: neither ChannelData nor RTP come first.
    if (size == 0 and data[0] < 0x40) or inner == 0:
        return Framing.UNDECIDED
    return Framing.OTHER
