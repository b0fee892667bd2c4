"""What a family of rules says of one offered format and one of a peer's own."""

from typing import NamedTuple

__all__ = ["Match", "Parameters", "number_of", "without_parameter"]

Parameters = tuple[tuple[str, str | None], ...]
"""The parameters of ``a=fmtp`` in their order; the value is None for a part without ``=``."""


class Match(NamedTuple):
    """Whether a format can be taken.

    ``parameters`` are those of the answer and empty when it is not taken; ``why`` is a sentence
    for people without a full stop, ``refs`` its sources.
    """

    taken: bool
    parameters: Parameters
    why: str
    refs: tuple[str, ...]


def number_of(text: str | None, default: int, maximum: int) -> int:
    """The number a parameter has; ``default`` where it has none from 0 to ``maximum``."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 10:
        return default
    number = int(text)
    return number if number <= maximum else default


def without_parameter(parameters: Parameters, *names: str) -> Parameters:
    """The parameters without those of these names, which are in lower case."""
    return tuple(pair for pair in parameters if pair[0].lower() not in names)
