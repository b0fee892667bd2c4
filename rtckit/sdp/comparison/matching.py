"""Which thing of one description is which of the other."""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from rtckit.sdp.document import Document
from rtckit.sdp.media import MediaSection

__all__ = ["Pairs", "is_recycled", "match_sections", "order_of_common", "pair_up"]

T = TypeVar("T")
Pairs = list[tuple[T | None, T | None]]


def pair_up(
    left: Sequence[T], right: Sequence[T], *keys: Callable[[T], Hashable | None]
) -> Pairs[T]:
    """Pair the items of two sequences by the first key that agrees, each item once.

    Keys are tried in turn on what is left; None agrees with nothing. Pairs come in the order of
    ``left``, then the items only ``right`` has, in its order. Linear in the lengths.
    """
    partner: dict[int, int] = {}
    free_left = list(range(len(left)))
    free_right = list(range(len(right)))
    for key in keys:
        if not free_left or not free_right:
            break
        waiting: dict[Hashable, deque[int]] = defaultdict(deque)
        for index in free_right:
            value = key(right[index])
            if value is not None:
                waiting[value].append(index)
        for index in free_left:
            value = key(left[index])
            if value is not None and waiting.get(value):
                partner[index] = waiting[value].popleft()
        taken = set(partner.values())
        free_left = [index for index in free_left if index not in partner]
        free_right = [index for index in free_right if index not in taken]
    pairs: Pairs[T] = [
        (item, right[partner[index]] if index in partner else None)
        for index, item in enumerate(left)
    ]
    pairs += [(None, right[index]) for index in free_right]
    return pairs


def match_sections(a: Document, b: Document) -> Pairs[MediaSection]:
    """Pair media sections by mid, else by index and kind, else (without a mid) by kind in order.

    A rejected section whose place another one took is paired with it: it was recycled.
    """
    firsts = _first_of_mids(a) | _first_of_mids(b)
    pairs = pair_up(a.media, b.media, lambda media: media.mid if id(media) in firsts else None)
    left = [x for x, y in pairs if x is not None and y is None]
    right = [y for x, y in pairs if x is None and y is not None]
    if not left or not right:
        return pairs
    # A rejected section's place is all that stays of it.
    places = {x.index for x in left if x.rejected} | {y.index for y in right if y.rejected}
    rest = pair_up(
        left,
        right,
        lambda media: (media.index, media.kind),
        lambda media: media.index if media.index in places else None,
        lambda media: media.kind if media.mid is None else None,
    )
    found = {x.index: (x, y) for x, y in rest if x is not None}
    whole: Pairs[MediaSection] = [
        found[x.index] if x is not None and y is None else (x, y) for x, y in pairs if x is not None
    ]
    whole += [(None, y) for x, y in rest if x is None]
    return whole


def _first_of_mids(document: Document) -> set[int]:
    """The identities of the sections that are the first with their mid."""
    firsts: dict[str, int] = {}
    for media in document.media:
        if media.mid:
            firsts.setdefault(media.mid, id(media))
    return set(firsts.values())


def is_recycled(x: MediaSection, y: MediaSection) -> bool:
    """Whether the slot of a rejected section carries another one (RFC 9429, 5.2.2)."""
    other = x.kind != y.kind or (x.mid is not None and y.mid is not None and x.mid != y.mid)
    return x.index == y.index and other and (x.rejected != y.rejected)


def order_of_common(pairs: Pairs[T], place: Callable[[T], int]) -> tuple[list[int], list[int]]:
    """The order of the paired items in both sequences, as positions in ``pairs``.

    Equal when what both have stands in the same order; what only one has does not count.
    """
    both = [(index, x, y) for index, (x, y) in enumerate(pairs) if x is not None and y is not None]
    left = [index for index, _, _ in sorted(both, key=lambda item: place(item[1]))]
    right = [index for index, _, _ in sorted(both, key=lambda item: place(item[2]))]
    return left, right
