"""Results kept for lists of codecs that came up before.

A codec is not changed once its section is read, and sections that say the same share theirs, so
that what is known of a list of codecs is known again by which codecs these are.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

from rtckit.jsep.stacks.chromium.description import Codec

__all__ = ["kept_by_codecs"]

_MOST_KEPT = 256

Result = TypeVar("Result")


def kept_by_codecs(
    function: Callable[[Sequence[Codec]], Result],
) -> Callable[[Sequence[Codec]], Result]:
    """Keep what a function of codecs returns, which must not be changed by its callers."""
    # The codecs are held with the result: while it is kept, no other object gets their identity.
    kept: dict[tuple[int, ...], tuple[tuple[Codec, ...], Result]] = {}

    @wraps(function)
    def recalling(codecs: Sequence[Codec]) -> Result:
        key = tuple(map(id, codecs))
        known = kept.get(key)
        if known is None:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            known = kept[key] = (tuple(codecs), function(codecs))
        return known[1]

    return recalling
