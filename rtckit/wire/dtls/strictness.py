"""One reader, two tempers: the tolerant decoder notes problems, the strict parser raises the first.

Every codec of this package reads once, tolerantly. ``parse_x`` is ``strictly(decode_x(...))``, so
that bytes are refused exactly when a problem was noted.
"""

from typing import TypeVar

from rtckit.core.cursor import Cursor
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem

__all__ = ["problem_of", "strictly", "surplus"]

T = TypeVar("T")


def problem_of(error: ParseError) -> Problem:
    """The same complaint, noted instead of raised."""
    return Problem(error.message, error.offset, error.expected)


def surplus(cursor: Cursor) -> tuple[Problem, ...]:
    """The problem of bytes left where the message should end, if there are any."""
    if not cursor.remaining:
        return ()
    return (Problem(f"{cursor.remaining} bytes too many", cursor.offset, "the end of the message"),)


def strictly(decoded: tuple[T | None, tuple[Problem, ...]]) -> T:
    """What was decoded, when there was nothing to complain about.

    Raises :class:`ParseError` with the first problem otherwise.
    """
    value, problems = decoded
    if problems:
        first = problems[0]
        raise ParseError(first.message, offset=first.offset, expected=first.expected)
    if value is None:
        raise ParseError("nothing could be read", offset=0)
    return value
