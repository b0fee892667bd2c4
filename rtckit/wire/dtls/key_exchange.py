"""The rest of a DTLS 1.2 handshake that can be read: ServerKeyExchange and NewSessionTicket."""

from dataclasses import dataclass

from rtckit.core.cursor import Cursor
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.dtls.presentation import uint, vector
from rtckit.wire.dtls.registry import Version
from rtckit.wire.dtls.strictness import problem_of, strictly, surplus

__all__ = [
    "NewSessionTicket",
    "ServerKeyExchange",
    "build_new_session_ticket",
    "build_server_key_exchange",
    "decode_new_session_ticket",
    "decode_server_key_exchange",
    "parse_new_session_ticket",
    "parse_server_key_exchange",
]

_NAMED_CURVE = 3


@dataclass(frozen=True, slots=True)
class ServerKeyExchange:
    """A server's ephemeral key in a named group, signed (RFC 8422, 5.4).

    ``signature_algorithm`` is None in DTLS 1.0, whose message has no such field.
    """

    named_curve: int
    public_key: bytes
    signature_algorithm: int | None
    signature: bytes


@dataclass(frozen=True, slots=True)
class NewSessionTicket:
    """A ticket to resume with, opaque to a watcher; its life in seconds (RFC 5077, 3.3)."""

    lifetime_hint: int
    ticket: bytes


def decode_server_key_exchange(
    data: bytes, version: int = Version.DTLS_1_2
) -> tuple[ServerKeyExchange | None, tuple[Problem, ...]]:
    """The body of a ServerKeyExchange with ECDHE in DTLS 1.2, or 1.0 when ``version`` says so.

    Never raises: None and the problem instead, also for finite-field parameters, which start
    otherwise. The cipher suite tells which to expect; the message does not.
    """
    cursor = Cursor(data)
    try:
        curve_type = cursor.uint(1, "curve type")
        if curve_type != _NAMED_CURVE:
            raise ParseError(
                f"curve type {curve_type}",
                offset=0,
                expected="ECDHE parameters with a named curve (type 3)",
            )
        named_curve = cursor.uint(2, "named curve")
        offset = cursor.offset
        public_key = cursor.vector(1, "public key")
        if not public_key:
            raise ParseError("an empty public key", offset=offset, expected="at least one byte")
        algorithm = None if version == Version.DTLS_1_0 else cursor.uint(2, "signature algorithm")
        signature = cursor.vector(2, "signature")
    except ParseError as error:
        return None, (problem_of(error),)
    return ServerKeyExchange(named_curve, public_key, algorithm, signature), surplus(cursor)


def parse_server_key_exchange(data: bytes, version: int = Version.DTLS_1_2) -> ServerKeyExchange:
    """The body of a ServerKeyExchange; :class:`ParseError` unless it is ECDHE and well formed."""
    return strictly(decode_server_key_exchange(data, version))


def build_server_key_exchange(exchange: ServerKeyExchange) -> bytes:
    """The body of a ServerKeyExchange; ``ValueError`` for what does not fit its field."""
    algorithm = b""
    if exchange.signature_algorithm is not None:
        algorithm = uint(exchange.signature_algorithm, 2, "signature algorithm")
    return (
        uint(_NAMED_CURVE, 1)
        + uint(exchange.named_curve, 2, "named curve")
        + vector(exchange.public_key, 1, "public key", 1)
        + algorithm
        + vector(exchange.signature, 2, "signature")
    )


def decode_new_session_ticket(
    data: bytes,
) -> tuple[NewSessionTicket | None, tuple[Problem, ...]]:
    """The body of a NewSessionTicket of DTLS 1.2. Never raises: None and the problem instead."""
    cursor = Cursor(data)
    try:
        ticket = NewSessionTicket(cursor.uint(4, "lifetime hint"), cursor.vector(2, "ticket"))
    except ParseError as error:
        return None, (problem_of(error),)
    return ticket, surplus(cursor)


def parse_new_session_ticket(data: bytes) -> NewSessionTicket:
    """The body of a NewSessionTicket; :class:`ParseError` unless it is well formed."""
    return strictly(decode_new_session_ticket(data))


def build_new_session_ticket(ticket: NewSessionTicket) -> bytes:
    """The body of a NewSessionTicket; ``ValueError`` for what does not fit its field."""
    return uint(ticket.lifetime_hint, 4, "lifetime hint") + vector(ticket.ticket, 2, "ticket")
