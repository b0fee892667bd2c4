"""The errors rtckit raises, and the exit code each of them becomes.

One root, :class:`RtckitError`. Library callers catch it; the command line turns each kind into one
line on stderr and the exit code of :class:`ExitCode`. Nothing else decides exit codes.
"""

from enum import IntEnum

__all__ = [
    "ExitCode",
    "MissingCapability",
    "NetworkFailure",
    "ParseError",
    "RtckitError",
    "UnreadableInput",
    "UsageError",
]


class ExitCode(IntEnum):
    """What a script reads from a finished command."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    UNREADABLE = 3
    NETWORK = 4
    MISSING = 5
    BUG = 70
    INTERRUPTED = 130


class RtckitError(Exception):
    """The root of every error rtckit raises on purpose."""

    exit_code = ExitCode.BUG


class UsageError(RtckitError):
    """The caller asked for something that cannot be: a wrong option, an unknown rule id."""

    exit_code = ExitCode.USAGE


class ParseError(RtckitError):
    """Input that does not follow its grammar.

    ``offset`` counts bytes from 0 for binary input; ``line`` and ``column`` count from 1 for text.
    ``expected`` says in words what would have been right there.
    """

    exit_code = ExitCode.UNREADABLE

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        line: int | None = None,
        column: int | None = None,
        expected: str = "",
    ) -> None:
        self.message = message
        self.offset = offset
        self.line = line
        self.column = column
        self.expected = expected
        super().__init__(message)

    def __str__(self) -> str:
        where = ""
        if self.line is not None:
            where = f"line {self.line}" + (f", column {self.column}" if self.column else "") + ": "
        elif self.offset is not None:
            where = f"byte {self.offset}: "
        expected = f" (expected {self.expected})" if self.expected else ""
        return f"{where}{self.message}{expected}"


class UnreadableInput(RtckitError):
    """A file or text that is none of the forms rtckit reads, or is damaged beyond use."""

    exit_code = ExitCode.UNREADABLE


class NetworkFailure(RtckitError):
    """A peer or server did not answer, or refused."""

    exit_code = ExitCode.NETWORK


class MissingCapability(RtckitError):
    """This machine lacks something: ``what`` is missing and ``how`` to get it."""

    exit_code = ExitCode.MISSING

    def __init__(self, what: str, how: str = "") -> None:
        self.what = what
        self.how = how
        super().__init__(f"{what}: {how}" if how else what)
