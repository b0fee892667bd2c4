"""The one owner of stdout, stderr and the exit code.

A command returns an :class:`Answer`; nothing else writes to stdout. Notes, progress and errors go
to stderr. The exit codes are those of :class:`rtckit.core.errors.ExitCode`.
"""

import errno
import functools
import io
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from rtckit.core.errors import ExitCode, UsageError

__all__ = ["Answer", "Canvas", "Settings", "answering", "is_terminal", "report_error"]

_PIPE_WIDTH = 100
_WIDEST = 120
_PROGRESS_AFTER_S = 1.0
_PROGRESS_EVERY_S = 0.2

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Canvas:
    """What text is drawn on: colour or not, cells a line, and how much detail (0, 1, 2...)."""

    color: bool
    width: int
    verbose: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: its forms, of which one is drawn, and the exit code.

    ``forms`` holds those a command has besides text and JSON, by the name of the format.
    """

    text: Callable[[Canvas], str]
    data: Callable[[], dict[str, Any]]
    exit_code: ExitCode = ExitCode.CLEAN
    forms: Mapping[str, Callable[[Canvas], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options every command has."""

    output_format: str
    output: str
    quiet: bool
    verbose: int
    color: str

    def note(self, text: str) -> None:
        """A line on stderr for people; nothing with ``--quiet``."""
        if not self.quiet:
            _write_error(text)

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """What a reader may tell how far it is: a file's name and the frames read so far.

        Shown on stderr when the work takes more than a second; ``None`` unless stderr is a
        terminal, and with ``--quiet`` or JSON.
        """
        if self.quiet or self.output_format == "json" or not is_terminal(sys.stderr):
            yield None
            return
        line = _ProgressLine()
        try:
            yield line
        finally:
            line.wipe()

    @contextmanager
    def lines(self) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """What writes JSON objects, one a line, each at once: to stdout or the output file.

        For commands that tell of things as they happen; the form of their answer is then empty.
        A reader that has gone away ends nothing.
        """
        if self.output == "-":
            yield lambda entry: _write_answer(_json_line(entry))
            return
        try:
            file = Path(self.output).open("w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"cannot write {self.output}: {reason}") from error

        def write(entry: Mapping[str, Any]) -> None:
            file.write(_json_line(entry))
            file.flush()

        with file:
            yield write

    def canvas(self) -> Canvas:
        """How text is drawn, from the options, the environment and where it goes."""
        on_terminal = self.output == "-" and is_terminal(sys.stdout)
        width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
        if not on_terminal and not os.environ.get("COLUMNS"):
            width = _PIPE_WIDTH
        return Canvas(
            color=wants_color(self.color, on_terminal),
            width=max(40, min(width, _WIDEST)),
            verbose=self.verbose,
        )


def wants_color(choice: str, on_terminal: bool) -> bool:
    """Whether to colour: ``--color`` first, then NO_COLOR, FORCE_COLOR, and the terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") != "0":
        return True
    return on_terminal and os.environ.get("TERM") != "dumb"


def answering(
    function: Callable[..., Answer], formats: Sequence[str] = ("text", "json")
) -> Callable[..., ExitCode]:
    """Give a command the common options, and print what it returns.

    The function's first argument is its :class:`Settings`; the wrapped one returns the exit code.
    ``formats`` are the choices of ``--format``, the first its default; those besides text and JSON
    must be in the answer's ``forms``.
    """

    @functools.wraps(function)
    def wrapped(
        output_format: str, output: str, quiet: bool, verbose: int, color: str, **arguments: Any
    ) -> ExitCode:
        settings = Settings(output_format, output, quiet, verbose, color)
        _refuse_unwritable(output)
        answer = function(settings, **arguments)
        _emit(settings, answer)
        return answer.exit_code

    for option in reversed(_COMMON_OPTIONS):
        wrapped = option(wrapped)
    form = click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the answer is written.",
    )
    return form(wrapped)


_COMMON_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="Write the answer to FILE instead of stdout.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No notes and no progress on stderr."),
    click.option("-v", "--verbose", count=True, help="More detail; with a bug, its traceback."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour the text; auto heeds the terminal, NO_COLOR and FORCE_COLOR.",
    ),
)


def _refuse_unwritable(output: str) -> None:
    """Say before minutes of work that its answer could not be kept; touches no file."""
    if output == "-":
        return
    path = Path(output)
    number = 0
    if path.is_dir():
        number = errno.EISDIR
    elif not path.exists() and not path.parent.is_dir():
        number = errno.ENOENT
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        number = errno.EACCES
    if number:
        raise UsageError(f"cannot write {output}: {os.strerror(number)}")


def _emit(settings: Settings, answer: Answer) -> None:
    if settings.output_format == "json":
        from rtckit.report.json import dump

        text = dump(answer.data())
    elif settings.output_format in answer.forms:
        text = answer.forms[settings.output_format](settings.canvas()).rstrip("\n") + "\n"
        if text == "\n":
            return  # it was written as it happened
    else:
        text = answer.text(settings.canvas()).rstrip("\n") + "\n"
    if settings.output == "-":
        _write_answer(text)
        return
    try:
        Path(settings.output).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot write {settings.output}: {reason}") from error


def _json_line(entry: Mapping[str, Any]) -> str:
    import json

    return json.dumps(entry, separators=(", ", ": ")).replace("\x7f", "\\u007f") + "\n"


def _write_answer(text: str) -> None:
    """``text`` on stdout; a reader that has gone away is no error, the exit code still counts."""
    if sys.stdout is None:  # closed before the start (``>&-``)
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()


def discard_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush cannot fail either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def report_error(message: str) -> None:
    """``rtckit: error: message`` on stderr, one escaped line."""
    from rtckit.core.text import escape_controls

    _write_error("rtckit: error: " + escape_controls(" ".join(message.splitlines())))


def _write_error(text: str) -> None:
    if sys.stderr is None:
        return
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        pass


def is_terminal(stream: Any) -> bool:
    """Whether a person sits there; a stream that was closed before the start is None."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


class _ProgressLine:
    """One line on stderr, rewritten a few times a second."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PROGRESS_AFTER_S
        self._shown = False

    def __call__(self, name: str, frames: int) -> None:
        """Show how far it is, unless it was shown a moment ago."""
        now = time.monotonic()
        if now < self._next:
            return
        from rtckit.core.text import escape_controls

        self._next = now + _PROGRESS_EVERY_S
        self._shown = True
        sys.stderr.write(f"\r\x1b[KReading {escape_controls(name)}: {frames:,} frames")
        sys.stderr.flush()

    def wipe(self) -> None:
        """Leave the line empty for what comes next."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
