"""Input on the command line: ``-`` for stdin, ``FILE#2`` for the second description of a file."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rtckit.cli.output import Settings, is_terminal
from rtckit.core.errors import UsageError

if TYPE_CHECKING:
    from rtckit.sdp import Description, Sources

__all__ = [
    "STDIN",
    "check_stdin_once",
    "choose_description",
    "open_stdin",
    "read_bytes",
    "read_one",
    "read_sources",
    "tell_undone",
]

STDIN = "-"
_NUMBERED = re.compile(r"(.+)#(\d{1,6})")


def check_stdin_once(names: tuple[str, ...]) -> None:
    """``UsageError`` when stdin is named more than once: it can be read only once."""
    if names.count(STDIN) > 1:
        raise UsageError("stdin (-) can be read only once")


def open_stdin(settings: Settings) -> BinaryIO:
    """The bytes of stdin; a person who sits at the terminal is told that rtckit waits."""
    if sys.stdin is None:
        raise UsageError("stdin is closed: there is nothing to read")
    if is_terminal(sys.stdin):
        settings.note("rtckit: reading from the terminal; end with Ctrl-D")
    return sys.stdin.buffer


def read_bytes(settings: Settings, file: str) -> bytes:
    """All of a file, or of stdin."""
    return open_stdin(settings).read() if file == STDIN else Path(file).read_bytes()


def read_sources(settings: Settings, file: str) -> "Sources":
    """Every description and candidate in a file of any form. Raises ``ParseError``."""
    from rtckit.sdp import read_descriptions

    return read_descriptions(read_bytes(settings, file), "" if file == STDIN else file)


def read_one(settings: Settings, file: str) -> "Description":
    """The description in a file of any form; ``FILE#2`` is its second one.

    Of several the first is taken, and stderr says so. Raises ``ParseError`` and ``UsageError``.
    """
    number = None
    numbered = _NUMBERED.fullmatch(file)
    if numbered and not Path(file).exists():
        file, number = numbered.group(1), int(numbered.group(2))
    return choose_description(settings, read_sources(settings, file), number)


def choose_description(
    settings: Settings, sources: "Sources", number: int | None = None, kind: str | None = None
) -> "Description":
    """One of the distinct descriptions of a file, by number from 1 and by type.

    Raises ``ParseError`` when there is none at all and ``UsageError`` when there is none such.
    """
    from rtckit.core.errors import ParseError
    from rtckit.core.text import escape_controls

    found = [item for item in sources.distinct if kind is None or item.type == kind]
    if not sources.descriptions:
        raise ParseError(f"no session description in {sources.form}", line=1, expected="v=0")
    if not found:
        raise UsageError(f"no description of type {kind} in {sources.name or 'the input'}")
    if number is not None and not 1 <= number <= len(found):
        raise UsageError(f"there is no description {number}: the input holds {len(found)}")
    if number is None and len(found) > 1:
        settings.note(f"rtckit: {len(found)} descriptions in {sources.form}; reading the first")
        for index, item in enumerate(found, 1):
            said = [item.type or "no type", item.side or "", item.event or "", str(item.place)]
            settings.note(
                f"rtckit:   #{index}  {escape_controls(', '.join(part for part in said if part))}"
            )
    return found[(number or 1) - 1]


def tell_undone(settings: Settings, undone: list[str]) -> None:
    """Say on stderr what was taken off to get at the SDP."""
    if undone:
        settings.note(f"rtckit: undone: {'; '.join(undone)}")
