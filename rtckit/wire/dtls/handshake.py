"""Handshake messages in the fragments that carry them (RFC 6347, 4.2.2 and 4.2.3; RFC 9147, 5.2).

Only what goes in the clear can be read: epoch 0. The fragments of one record are decoded here and
put together by :mod:`rtckit.wire.dtls.reassembly`; the bodies are read by the messages' modules.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rtckit.core.findings import Problem
from rtckit.wire.dtls.registry import handshake_name
from rtckit.wire.dtls.strictness import strictly

__all__ = [
    "HandshakeFragment",
    "HandshakeMessage",
    "build_handshake",
    "decode_handshake",
    "parse_handshake",
    "split_message",
]

_HEADER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class HandshakeFragment:
    """A piece of a handshake message, ``body`` being bytes ``fragment_offset`` to ``end`` of it.

    ``length`` is that of the whole message. ``missing`` counts bytes that the fragment promised and
    the record does not hold; ``offset`` is where it began in the record, and no part of its value.
    """

    msg_type: int
    length: int
    message_seq: int
    fragment_offset: int
    body: bytes
    missing: int = 0
    offset: int = field(default=0, compare=False)

    @property
    def end(self) -> int:
        """One past the last byte of the message that this fragment holds."""
        return self.fragment_offset + len(self.body)

    @property
    def whole(self) -> bool:
        """Whether this fragment is the whole message."""
        return self.fragment_offset == 0 and len(self.body) == self.length


@dataclass(frozen=True, slots=True)
class HandshakeMessage:
    """A whole handshake message: its type (RFC 9147, 5.2), place in the handshake, and body."""

    msg_type: int
    message_seq: int
    body: bytes


def decode_handshake(
    data: bytes,
) -> tuple[tuple[HandshakeFragment, ...], tuple[Problem, ...]]:
    """The handshake fragments of one plaintext record, as far as they can be read.

    Never raises, whatever the bytes. A fragment cut short by the end of the record is returned with
    what there is of it and its ``missing`` bytes counted; one that claims bytes beyond the end of
    its own message is left out.
    """
    data = bytes(data)
    fragments: list[HandshakeFragment] = []
    problems: list[Problem] = []
    position = 0
    if not data:
        problems.append(Problem("a handshake record is empty", 0, "a handshake message"))
    while position < len(data):
        start = position
        if len(data) - start < _HEADER_LENGTH:
            problems.append(
                Problem(
                    f"handshake header cut short: {len(data) - start} of {_HEADER_LENGTH} bytes",
                    start,
                    f"{_HEADER_LENGTH} bytes of handshake header",
                )
            )
            break
        msg_type = data[start]
        length = int.from_bytes(data[start + 1 : start + 4], "big")
        message_seq = int.from_bytes(data[start + 4 : start + 6], "big")
        fragment_offset = int.from_bytes(data[start + 6 : start + 9], "big")
        fragment_length = int.from_bytes(data[start + 9 : start + 12], "big")
        position = start + _HEADER_LENGTH + fragment_length
        if fragment_offset + fragment_length > length:
            problems.append(
                Problem(
                    f"{handshake_name(msg_type)} of {length} bytes has a fragment that ends at "
                    f"byte {fragment_offset + fragment_length}",
                    start,
                    f"a fragment within {length} bytes",
                )
            )
            continue
        body = data[start + _HEADER_LENGTH : position]
        missing = fragment_length - len(body)
        if missing:
            problems.append(
                Problem(
                    f"{handshake_name(msg_type)} cut short: {len(body)} of {fragment_length} bytes",
                    start + _HEADER_LENGTH,
                    f"{fragment_length} bytes of {handshake_name(msg_type)}",
                )
            )
        fragments.append(
            HandshakeFragment(
                msg_type, length, message_seq, fragment_offset, body, missing, offset=start
            )
        )
    return tuple(fragments), tuple(problems)


def parse_handshake(data: bytes) -> tuple[HandshakeFragment, ...]:
    """The fragments of one record; :class:`ParseError` unless all of it is well formed."""
    return strictly(decode_handshake(data))


def build_handshake(fragments: Iterable[HandshakeFragment]) -> bytes:
    """The fragment of a record that holds these; ``ValueError`` for what does not fit its field."""
    pieces: list[bytes] = []
    for fragment in fragments:
        if fragment.missing:
            raise ValueError("a fragment cut short cannot be written")
        if not 0 <= fragment.fragment_offset <= fragment.end <= fragment.length < 2**24:
            raise ValueError(
                f"bytes {fragment.fragment_offset} to {fragment.end} are not within a message of "
                f"{fragment.length} bytes"
            )
        if not (0 <= fragment.msg_type < 2**8 and 0 <= fragment.message_seq < 2**16):
            raise ValueError("a message has a type of 8 bits and a number of 16")
        pieces.append(
            fragment.msg_type.to_bytes(1, "big")
            + fragment.length.to_bytes(3, "big")
            + fragment.message_seq.to_bytes(2, "big")
            + fragment.fragment_offset.to_bytes(3, "big")
            + len(fragment.body).to_bytes(3, "big")
            + fragment.body
        )
    if not pieces:
        raise ValueError("a handshake record holds at least one fragment")
    return b"".join(pieces)


def split_message(message: HandshakeMessage, longest: int) -> tuple[HandshakeFragment, ...]:
    """``message`` in fragments of at most ``longest`` bytes of body, in order."""
    if longest < 1:
        raise ValueError("a fragment holds at least one byte")
    body = message.body
    return tuple(
        HandshakeFragment(
            message.msg_type, len(body), message.message_seq, start, body[start : start + longest]
        )
        for start in range(0, max(len(body), 1), longest)
    )
