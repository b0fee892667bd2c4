"""Handshake messages put together from their fragments, as someone watching sees them.

A watcher is not an endpoint: datagrams may be missing from the capture, so messages are handed over
as soon as they are whole instead of in their order, and nothing waits for a message that never
comes. One :class:`Reassembler` watches one direction of one flow.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from rtckit.core.findings import Problem
from rtckit.wire.dtls.handshake import HandshakeFragment, HandshakeMessage
from rtckit.wire.dtls.registry import handshake_name

__all__ = ["PendingMessage", "Reassembler"]

# What a message and each of its separate pieces cost besides their bytes; keeps hostile fragments
# of one byte from costing more memory than they are accounted for.
_OVERHEAD = 128

_MOST_PROBLEMS = 50


class PendingMessage(NamedTuple):
    """A message of which only ``received`` of ``length`` bytes were seen."""

    msg_type: int
    message_seq: int
    length: int
    received: int


class _Piece:
    """Adjoining bytes of a message, from ``start`` on."""

    __slots__ = ("data", "start")

    def __init__(self, start: int, data: bytes | bytearray) -> None:
        self.start = start
        self.data = bytearray(data)

    @property
    def end(self) -> int:
        return self.start + len(self.data)


def _start_of(piece: _Piece) -> int:
    return piece.start


def _end_of(piece: _Piece) -> int:
    return piece.end


class _Assembly:
    """One message on its way to being whole: its pieces in order, never touching each other."""

    __slots__ = ("length", "msg_type", "pieces", "received")

    def __init__(self, msg_type: int, length: int) -> None:
        self.msg_type = msg_type
        self.length = length
        self.pieces: list[_Piece] = []
        self.received = 0

    @property
    def complete(self) -> bool:
        return self.received == self.length

    @property
    def cost(self) -> int:
        return self.received + _OVERHEAD * (1 + len(self.pieces))

    def _neighbours(self, start: int, end: int) -> tuple[int, int]:
        """The range of pieces that overlap or touch bytes ``start`` to ``end``."""
        return (
            bisect_left(self.pieces, start, key=_end_of),
            bisect_right(self.pieces, end, key=_start_of),
        )

    def contradicts(self, fragment: HandshakeFragment) -> bool:
        """Whether the fragment says something else than what was seen."""
        if fragment.msg_type != self.msg_type or fragment.length != self.length:
            return True
        first, last = self._neighbours(fragment.fragment_offset, fragment.end)
        for piece in self.pieces[first:last]:
            start = max(piece.start, fragment.fragment_offset)
            end = min(piece.end, fragment.end)
            seen = piece.data[start - piece.start : end - piece.start]
            offset = fragment.fragment_offset
            if start < end and seen != fragment.body[start - offset : end - offset]:
                return True
        return False

    def add(self, start: int, body: bytes) -> bool:
        """Take bytes that contradict nothing; whether any of them were new."""
        end = start + len(body)
        first, last = self._neighbours(start, end)
        touched = self.pieces[first:last]
        if not touched:
            self.pieces.insert(first, _Piece(start, body))
            self.received += len(body)
            return True
        before = touched[0]
        if before.start <= start and end <= before.end:
            return False
        if len(touched) == 1 and before.start <= start:
            new = body[before.end - start :]
            before.data += new
            self.received += len(new)
            return True
        whole_start = min(start, before.start)
        whole = bytearray(max(end, touched[-1].end) - whole_start)
        for piece in touched:
            whole[piece.start - whole_start : piece.end - whole_start] = piece.data
        whole[start - whole_start : end - whole_start] = body
        self.received += len(whole) - sum(len(piece.data) for piece in touched)
        self.pieces[first:last] = [_Piece(whole_start, whole)]
        return True


class Reassembler:
    """Puts the handshake messages of one direction together.

    Fragments may come in any order, overlap, and come again. ``retransmissions`` counts those that
    held nothing new; ``handshakes`` counts handshakes begun: message 0 with other bytes than before
    is a new association on the same flow, for a retransmission never changes them (RFC 9147, 5.5).
    Any other message whose bytes change is started anew and noted in ``problems``.

    Memory stays within about ``capacity`` bytes: messages longer than half of it are refused, and
    the oldest are forgotten first (one that is sent again after that counts as new). ``problems``
    keeps the first fifty.
    """

    def __init__(self, capacity: int = 256 * 1024) -> None:
        self.capacity = capacity
        self.retransmissions = 0
        self.handshakes = 0
        self.problems: list[Problem] = []
        self._messages: dict[int, _Assembly] = {}
        self._cost = 0

    @property
    def pending(self) -> tuple[PendingMessage, ...]:
        """The messages that are not whole yet, oldest first."""
        return tuple(
            PendingMessage(message.msg_type, message_seq, message.length, message.received)
            for message_seq, message in self._messages.items()
            if not message.complete
        )

    def add(self, fragment: HandshakeFragment) -> HandshakeMessage | None:
        """Take a fragment; the message, when this fragment made it whole."""
        if fragment.fragment_offset < 0 or fragment.end > fragment.length:
            self._note(f"a fragment beyond the end of its {handshake_name(fragment.msg_type)}")
            return None
        if fragment.length > self.capacity // 2:
            self._note(
                f"{handshake_name(fragment.msg_type)} claims {fragment.length} bytes",
                f"at most {self.capacity // 2} bytes",
            )
            return None
        if not fragment.body and fragment.length:
            return None
        number = fragment.message_seq
        message = self._messages.get(number)
        if message is not None and message.contradicts(fragment):
            self._start_anew(fragment)
            message = None
        if message is None:
            self.handshakes = self.handshakes or 1
            message = self._messages[number] = _Assembly(fragment.msg_type, fragment.length)
            self._cost += message.cost
            news = not fragment.length
        else:
            news = False
        if fragment.body:
            cost = message.cost
            news = message.add(fragment.fragment_offset, fragment.body)
            self._cost += message.cost - cost
        if not news:
            self.retransmissions += 1
            return None
        self._forget_the_oldest(number)
        if not message.complete:
            return None
        body = bytes(message.pieces[0].data) if message.pieces else b""
        return HandshakeMessage(message.msg_type, number, body)

    def _start_anew(self, fragment: HandshakeFragment) -> None:
        number = fragment.message_seq
        if number == 0:
            self._messages.clear()
            self._cost = 0
            self.handshakes += 1
            return
        self._cost -= self._messages.pop(number).cost
        self._note(
            f"message {number}, a {handshake_name(fragment.msg_type)}, changed when it came again",
            "the same bytes in a retransmission (RFC 9147, 5.5)",
        )

    def _forget_the_oldest(self, newest: int) -> None:
        while self._cost > self.capacity:
            oldest = next((number for number in self._messages if number != newest), newest)
            message = self._messages.pop(oldest)
            self._cost -= message.cost
            if not message.complete:
                self._note(
                    f"{handshake_name(message.msg_type)} forgotten with {message.received} of "
                    f"{message.length} bytes, to keep memory bounded"
                )

    def _note(self, message: str, expected: str = "") -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(message, expected=expected))
