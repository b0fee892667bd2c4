"""The small content types beside the handshake: alerts, ChangeCipherSpec and ACK, in the clear."""

from dataclasses import dataclass
from typing import NamedTuple

from rtckit.core.cursor import Cursor
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.dtls.presentation import uint, vector
from rtckit.wire.dtls.registry import AlertLevel, alert_level_name, alert_name
from rtckit.wire.dtls.strictness import problem_of, strictly, surplus

__all__ = [
    "Ack",
    "Alert",
    "ChangeCipherSpec",
    "RecordNumber",
    "build_ack",
    "build_alert",
    "build_change_cipher_spec",
    "decode_ack",
    "decode_alert",
    "decode_change_cipher_spec",
    "parse_ack",
    "parse_alert",
    "parse_change_cipher_spec",
]


@dataclass(frozen=True, slots=True)
class Alert:
    """How grave it is and what is wrong (RFC 5246, 7.2)."""

    level: int
    description: int

    def __str__(self) -> str:
        return f"{alert_level_name(self.level)} {alert_name(self.description)}"

    @property
    def fatal(self) -> bool:
        """Whether the alert ends the association."""
        return self.level == AlertLevel.FATAL


@dataclass(frozen=True, slots=True)
class ChangeCipherSpec:
    """All that follows is encrypted; ``change_type`` is always 1 (RFC 5246, 7.1)."""

    change_type: int = 1


class RecordNumber(NamedTuple):
    """A record's whole epoch and sequence number, 64 bits each (RFC 9147, 4)."""

    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Ack:
    """The handshake records that arrived (RFC 9147, 7); none when nothing could be processed."""

    record_numbers: tuple[RecordNumber, ...]


def decode_alert(data: bytes) -> tuple[Alert | None, tuple[Problem, ...]]:
    """The alert in a plaintext record. Never raises: None and the problem instead.

    An encrypted alert looks like any ciphertext; see :attr:`Record.encrypted`.
    """
    cursor = Cursor(data)
    try:
        alert = Alert(cursor.uint(1, "alert level"), cursor.uint(1, "alert description"))
    except ParseError as error:
        return None, (problem_of(error),)
    if alert.level not in set(AlertLevel):
        return alert, (
            Problem(f"alert level {alert.level}", 0, "1 (warning) or 2 (fatal)"),
            *surplus(cursor),
        )
    return alert, surplus(cursor)


def parse_alert(data: bytes) -> Alert:
    """The alert in a plaintext record; :class:`ParseError` unless it is well formed."""
    return strictly(decode_alert(data))


def build_alert(alert: Alert) -> bytes:
    """The two bytes of an alert; ``ValueError`` for what does not fit."""
    if alert.level not in set(AlertLevel):
        raise ValueError("an alert is a warning (1) or fatal (2)")
    return uint(alert.level, 1, "level") + uint(alert.description, 1, "description")


def decode_change_cipher_spec(
    data: bytes,
) -> tuple[ChangeCipherSpec | None, tuple[Problem, ...]]:
    """The ChangeCipherSpec in a record. Never raises: None and the problem instead."""
    cursor = Cursor(data)
    try:
        change = ChangeCipherSpec(cursor.uint(1, "change_cipher_spec"))
    except ParseError as error:
        return None, (problem_of(error),)
    if change.change_type != 1:
        return change, (
            Problem(f"change_cipher_spec {change.change_type}", 0, "1"),
            *surplus(cursor),
        )
    return change, surplus(cursor)


def parse_change_cipher_spec(data: bytes) -> ChangeCipherSpec:
    """The ChangeCipherSpec in a record; :class:`ParseError` unless it is the byte 1."""
    return strictly(decode_change_cipher_spec(data))


def build_change_cipher_spec(change: ChangeCipherSpec) -> bytes:
    """The byte of a ChangeCipherSpec; ``ValueError`` for any but 1."""
    if change.change_type != 1:
        raise ValueError("a ChangeCipherSpec is the byte 1")
    return b"\1"


def decode_ack(data: bytes) -> tuple[Ack | None, tuple[Problem, ...]]:
    """The ACK in a plaintext record, up to a record number cut short.

    Never raises, whatever the bytes.
    """
    cursor = Cursor(data)
    try:
        length = cursor.uint(2, "length of the record numbers")
    except ParseError as error:
        return None, (problem_of(error),)
    problems: list[Problem] = []
    if length > cursor.remaining or length % 16:
        problems.append(
            Problem(
                f"{cursor.remaining} of {length} bytes of record numbers",
                0,
                "16 bytes for each record number",
            )
        )
    numbers = [
        RecordNumber(cursor.uint(8), cursor.uint(8))
        for _ in range(min(length, cursor.remaining) // 16)
    ]
    problems.extend(surplus(cursor) if not problems else ())
    return Ack(tuple(numbers)), tuple(problems)


def parse_ack(data: bytes) -> Ack:
    """The ACK in a plaintext record; :class:`ParseError` unless it is well formed."""
    return strictly(decode_ack(data))


def build_ack(ack: Ack) -> bytes:
    """The content of an ACK record; ``ValueError`` for what does not fit."""
    numbers = (
        uint(number.epoch, 8, "epoch") + uint(number.sequence, 8, "sequence number")
        for number in ack.record_numbers
    )
    return vector(b"".join(numbers), 2, "record numbers")
