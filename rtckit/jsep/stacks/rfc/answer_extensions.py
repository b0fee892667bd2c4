"""The header extensions of an answer as lines; what was matched once is kept (RFC 8285, 7)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rtckit.jsep.capabilities import Capabilities, ExtensionCapability
from rtckit.jsep.matching.extensions import (
    AnsweredExtension,
    DroppedExtension,
    ExtensionIds,
    ExtensionKey,
    build_extmap,
    is_usable_id,
    match_extensions,
)
from rtckit.jsep.stacks.rfc.rereading import Extensions

__all__ = ["ExtensionReply", "answer_extensions"]

_MOST_KEPT = 64
_KEPT: dict[tuple[int, str], tuple[Capabilities, "_Own"]] = {}


class _Own(tuple[ExtensionCapability, ...]):
    """The extensions of one kind that a peer knows; compared by what they are, hashed cheaply."""

    def __hash__(self) -> int:
        return len(self)


class ExtensionReply(NamedTuple):
    """The extensions of a section of an answer.

    ``lines`` are the ``a=extmap`` lines, ``meanings`` what their ids stand for.
    """

    taken: tuple[AnsweredExtension, ...]
    dropped: tuple[DroppedExtension, ...]
    lines: tuple[str, ...]
    meanings: dict[int, ExtensionKey]


def answer_extensions(
    offered: Extensions,
    capabilities: Capabilities,
    kind: str,
    direction: str,
    shared: Mapping[int, ExtensionKey],
    ids: ExtensionIds,
) -> ExtensionReply:
    """Answer the extensions of a section; the arguments are those of `match_extensions`."""
    own = _own_extensions(capabilities, kind)
    before = tuple([(item.id, shared[item.id]) for item in offered if item.id in shared])
    return _reply_anew(offered, own, direction, before) or _reply(
        offered, own, direction, shared, ids
    )


@lru_cache(maxsize=256)
def _reply_anew(
    offered: Extensions, own: _Own, direction: str, before: tuple[tuple[int, ExtensionKey], ...]
) -> ExtensionReply | None:
    """The reply as far as it does not depend on the ids of the session: none is replaced."""
    if not all(is_usable_id(item.id) for item in offered):
        return None
    return _reply(offered, own, direction, dict(before), ExtensionIds())


def _reply(
    offered: Extensions,
    own: Sequence[ExtensionCapability],
    direction: str,
    shared: Mapping[int, ExtensionKey],
    ids: ExtensionIds,
) -> ExtensionReply:
    taken, dropped = match_extensions(offered, own, direction, shared=shared, ids=ids)
    lines = [
        f"a=extmap:{build_extmap(item.id, item.uri, item.direction, item.attributes)}"
        for item in taken
    ]
    meanings = {item.id: (item.uri, item.attributes) for item in taken}
    return ExtensionReply(tuple(taken), tuple(dropped), tuple(lines), meanings)


def _own_extensions(capabilities: Capabilities, kind: str) -> _Own:
    key = (id(capabilities), kind)
    known = _KEPT.get(key)
    if known is None or known[0] is not capabilities:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        known = _KEPT[key] = (capabilities, _Own(capabilities.extensions_of(kind)))
    return known[1]
