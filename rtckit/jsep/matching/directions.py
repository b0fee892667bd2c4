"""Directions of media, and hold (RFC 3264, 6.1 and 8.4)."""

from rtckit.jsep.transceiver import direction_of, intersect, reverse_of

__all__ = ["answer_direction", "hold", "is_held", "sends_and_receives"]


def sends_and_receives(direction: str) -> tuple[bool, bool]:
    """Whether who says a direction sends, and whether it receives."""
    return direction in ("sendrecv", "sendonly"), direction in ("sendrecv", "recvonly")


def answer_direction(offered: str, own: str) -> str:
    """The direction of an answer (RFC 3264, 6.1; RFC 9429, 5.3.1).

    ``own`` is what the answerer wants: its transceiver's direction. A stream offered as sendonly
    is answered recvonly or inactive, and so on.
    """
    return intersect(reverse_of(offered), own)


def hold(direction: str) -> str:
    """The direction to offer to put the other end on hold: nothing is received (RFC 3264, 8.4)."""
    return direction_of(sends_and_receives(direction)[0], False)


def is_held(direction: str, address: str | None = None) -> bool:
    """Whether a description puts its reader on hold: its writer receives nothing.

    The address 0.0.0.0 says so too in descriptions of old (RFC 3264, 8.4); with ICE it is what
    every description without candidates has, so it is only looked at when given.
    """
    return not sends_and_receives(direction)[1] or address == "0.0.0.0"
