"""``-`` on the command line: stdin."""

import sys
from typing import BinaryIO

from rtckit.cli.output import Settings
from rtckit.core.errors import UsageError

__all__ = ["STDIN", "check_stdin_once", "open_stdin"]

STDIN = "-"


def check_stdin_once(names: tuple[str, ...]) -> None:
    """``UsageError`` when stdin is named more than once: it can be read only once."""
    if names.count(STDIN) > 1:
        raise UsageError("stdin (-) can be read only once")


def open_stdin(settings: Settings) -> BinaryIO:
    """The bytes of stdin; a person who sits at the terminal is told that rtckit waits."""
    if sys.stdin.isatty():
        settings.note("rtckit: reading from the terminal; end with Ctrl-D")
    return sys.stdin.buffer
