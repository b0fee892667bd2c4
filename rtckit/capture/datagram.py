"""The record a capture yields."""

from typing import NamedTuple

from rtckit.core.address import Address

__all__ = ["Datagram"]


class Datagram(NamedTuple):
    """A UDP datagram, or one message of a TCP stream that carries STUN, TURN or RFC 4571 frames.

    ``frame`` is the number, from 1 as tshark counts, of the frame that completed it; ``time_ns``
    that frame's time. ``payload`` is what was captured of the ``length`` bytes on the wire.
    ``interface`` indexes the capture's interfaces.

    Frame numbers rise, except where TCP segments came out of order: messages of a stream keep the
    stream's order, each with the latest of its own frames.
    """

    frame: int
    time_ns: int
    transport: str
    src: Address
    dst: Address
    payload: bytes
    length: int
    interface: int
