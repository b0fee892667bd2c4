"""RTCP feedback: what both ends know (RFC 4585, 4.2)."""

from functools import lru_cache

__all__ = ["common_feedback", "is_immediate", "regular_interval"]

_ATTRIBUTES_WITH_VALUES = ("trr-int",)


@lru_cache(maxsize=1024)
def common_feedback(offered: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    """The feedback of an answer: what was offered and is supported, in the offer's order.

    An answer must not add any (RFC 9429, 5.3.1). Names compare without case (RFC 8866, 9); of
    ``trr-int`` the answerer says its own interval (RFC 4585, 4.2).
    """
    known = {item.lower(): item for item in own}
    intervals = {item.lower().split(" ")[0]: item for item in known.values()}
    found: dict[str, None] = {}
    for item in offered:
        key = item.lower()
        first = key.split(" ")[0]
        if key in known:
            found[item] = None
        elif first in _ATTRIBUTES_WITH_VALUES and first in intervals:
            found[intervals[first]] = None
    return tuple(found)


def is_immediate(protocol: str, has_feedback: bool) -> bool:
    """Whether feedback follows the timing of AVPF (RFC 9429, 5.1.2)."""
    return protocol.upper().endswith("AVPF") or has_feedback


def regular_interval(protocol: str, has_feedback: bool) -> int:
    """The ``trr-int`` that holds where none is said, in milliseconds (RFC 9429, 5.1.2)."""
    return 0 if is_immediate(protocol, has_feedback) else 4000
