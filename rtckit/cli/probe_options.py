"""What the commands that ask servers share: servers, interfaces, families and secrets."""

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rtckit.cli.output import is_terminal
from rtckit.core.errors import UsageError

if TYPE_CHECKING:
    from rtckit.cli.output import Settings
    from rtckit.live.interfaces import Interface

__all__ = [
    "choose_families",
    "choose_interfaces",
    "family_options",
    "interface_options",
    "read_secret",
    "with_patience",
]

T = TypeVar("T")

_Function = Callable[..., Any]
_SECRET_LIMIT = 4096


def interface_options(function: _Function) -> _Function:
    """``--interface`` and ``--all-interfaces``."""
    several = click.option(
        "--all-interfaces", is_flag=True, help="Ask from every interface that is up."
    )
    one = click.option(
        "-i",
        "--interface",
        "interfaces",
        multiple=True,
        metavar="NAME",
        help="Ask from this interface; may be repeated.",
    )
    decorated: _Function = one(several(function))
    return decorated


def family_options(function: _Function) -> _Function:
    """``-4`` and ``-6``."""
    six = click.option("-6", "only_6", is_flag=True, help="IPv6 only.")
    four = click.option("-4", "only_4", is_flag=True, help="IPv4 only.")
    decorated: _Function = four(six(function))
    return decorated


def choose_families(only_4: bool, only_6: bool) -> tuple[int, ...]:
    """The families asked for; both unless one is named."""
    if only_4 == only_6:
        return (4, 6)
    return (4,) if only_4 else (6,)


def choose_interfaces(names: Sequence[str], everything: bool) -> "list[Interface]":
    """The interfaces of these names; ``UsageError`` names those there are."""
    from rtckit.live.interfaces import list_interfaces

    if not names and not everything:
        return []
    known = {interface.name: interface for interface in list_interfaces()}
    for name in names:
        if name not in known:
            raise UsageError(f"no interface {name!r}; there are: {', '.join(known)}")
        if not known[name].addresses:
            raise UsageError(f"interface {name!r} has no address")
    if names:
        return [known[name] for name in dict.fromkeys(names)]
    found = [item for item in known.values() if item.is_up and item.addresses]
    return [item for item in found if not item.is_loopback] or found


def read_secret(
    given: str | None, file: str | None, variable: str, what: str, *, ask: bool
) -> str | None:
    """A secret: as given, from a file (``-`` is stdin), from the environment, or asked for.

    The last line end of a file does not belong to it. None when there is none and nobody can be
    asked. Never shown.
    """
    if given is not None and file is not None:
        raise UsageError(f"the {what} is given twice")
    if given is not None:
        return given
    if file is not None:
        try:
            text = _read_stdin() if file == "-" else _read(file)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot read the {what} from {file}: {reason}") from error
        return text.removesuffix("\n").removesuffix("\r")
    if variable in os.environ:
        return os.environ[variable]
    if ask and is_terminal(sys.stdin) and is_terminal(sys.stderr):
        answer: str = click.prompt(what.capitalize(), hide_input=True, err=True)
        return answer
    return None


def _read_stdin() -> str:
    """What stdin holds; nothing where it is closed."""
    return "" if sys.stdin is None else sys.stdin.read(_SECRET_LIMIT)


async def with_patience(settings: "Settings", work: Awaitable[T], what: str) -> T:
    """``work``, with a line on stderr for people when it takes more than a second."""
    import asyncio

    if settings.output_format != "text" or not is_terminal(sys.stderr):
        return await work
    handle = asyncio.get_running_loop().call_later(1.0, settings.note, f"rtckit: {what}")
    try:
        return await work
    finally:
        handle.cancel()


def _read(file: str) -> str:
    with Path(file).open(encoding="utf-8") as source:
        return source.read(_SECRET_LIMIT)
