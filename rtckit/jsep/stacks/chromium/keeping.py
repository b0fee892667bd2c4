"""Results kept for lists of codecs or header extensions that came up before.

Neither these nor their list are changed once their section is read, and sections that say the same
share theirs, so that what is known of a list is known again by which items these are.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

__all__ = ["kept_by_items"]

_MOST_KEPT = 256

Item = TypeVar("Item")
Result = TypeVar("Result")


def kept_by_items(
    function: Callable[[Sequence[Item]], Result],
) -> Callable[[Sequence[Item]], Result]:
    """Keep what a function of a list returns, which must not be changed by its callers."""
    # Lists and items are held with the result: while it is kept, no others get their identity.
    kept: dict[tuple[int, ...], tuple[tuple[Item, ...], Result]] = {}
    of_list: dict[int, tuple[Sequence[Item], Result]] = {}

    @wraps(function)
    def recalling(items: Sequence[Item]) -> Result:
        same = of_list.get(id(items))
        if same is not None:
            return same[1]
        key = tuple(map(id, items))
        known = kept.get(key)
        if known is None:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            known = kept[key] = (tuple(items), function(items))
        if len(of_list) >= _MOST_KEPT:
            of_list.clear()
        of_list[id(items)] = (items, known[1])
        return known[1]

    return recalling
