"""One reader, two tempers: strict reading raises, tolerant reading notes and goes on.

A codec written over :class:`Reading` has one body for ``parse_x`` and ``decode_x``, so the two
cannot drift apart: the strict form succeeds exactly when the tolerant one has no problem to tell.
"""

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem

__all__ = ["PROBLEM_LIMIT", "Reading"]

PROBLEM_LIMIT = 100
"""How many problems of one input are kept; hostile input could otherwise name thousands."""


class Reading:
    """Where a reader takes its complaints.

    ``strict`` turns the first problem into a :class:`ParseError`; otherwise problems gather in
    ``problems``, in the order met, and the reader carries on with what is left.
    """

    __slots__ = ("problems", "strict")

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.problems: list[Problem] = []

    def problem(self, message: str, offset: int, expected: str = "") -> None:
        """Note that the byte at ``offset`` (from 0) breaks the format; raise it when strict."""
        if self.strict:
            raise ParseError(message, offset=offset, expected=expected)
        if len(self.problems) < PROBLEM_LIMIT:
            self.problems.append(Problem(message, offset, expected))
