"""Directions of media, and hold (RFC 3264, 6.1 and 8.4)."""

__all__ = ["answer_direction", "directions_of", "hold", "intersect", "is_held", "reverse"]

_BY_FLAGS = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}
_FLAGS = {name: flags for flags, name in _BY_FLAGS.items()}


def directions_of(direction: str) -> tuple[bool, bool]:
    """Whether a direction sends, and whether it receives; ``sendrecv`` for an unknown one."""
    return _FLAGS.get(direction, (True, True))


def reverse(direction: str) -> str:
    """A direction as the other end sees it."""
    sends, receives = directions_of(direction)
    return _BY_FLAGS[receives, sends]


def intersect(one: str, other: str) -> str:
    """What both directions allow, seen from the same end."""
    first, second = directions_of(one), directions_of(other)
    return _BY_FLAGS[first[0] and second[0], first[1] and second[1]]


def answer_direction(offered: str, own: str) -> str:
    """The direction of an answer (RFC 3264, 6.1; RFC 9429, 5.3.1).

    ``own`` is what the answerer wants: its transceiver's direction. A stream offered as sendonly
    is answered recvonly or inactive, and so on.
    """
    return intersect(reverse(offered), own)


def hold(direction: str) -> str:
    """The direction to offer to put the other end on hold: nothing is received (RFC 3264, 8.4)."""
    sends, _ = directions_of(direction)
    return _BY_FLAGS[sends, False]


def is_held(direction: str, address: str | None = None) -> bool:
    """Whether a description puts its reader on hold: its writer receives nothing.

    The address 0.0.0.0 says so too in descriptions of old (RFC 3264, 8.4); with ICE it is what
    every description without candidates has, so it is only looked at when given.
    """
    _, receives = directions_of(direction)
    return not receives or address == "0.0.0.0"
