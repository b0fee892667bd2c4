"""Input named on the command line: paths, and ``-`` for stdin."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtckit.cli.output import Settings
from rtckit.core.errors import UsageError

__all__ = ["STDIN", "local_paths", "read_bytes"]

STDIN = "-"


@contextmanager
def local_paths(settings: Settings, names: Sequence[str]) -> Iterator[list[Path]]:
    """``names`` as paths that can be read more than once.

    ``-`` becomes a temporary file named ``stdin``, removed at the end; twice is a ``UsageError``.
    """
    if STDIN not in names:
        yield [Path(name) for name in names]
        return
    if list(names).count(STDIN) > 1:
        raise UsageError("stdin (-) can be read only once")
    _announce_stdin(settings)
    with tempfile.TemporaryDirectory(prefix="rtckit-") as folder:
        spooled = Path(folder) / "stdin"
        with spooled.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [spooled if name == STDIN else Path(name) for name in names]


def read_bytes(settings: Settings, name: str) -> bytes:
    """The content of a file, or of stdin for ``-``."""
    if name != STDIN:
        return Path(name).read_bytes()
    _announce_stdin(settings)
    return sys.stdin.buffer.read()


def _announce_stdin(settings: Settings) -> None:
    if sys.stdin.isatty():
        settings.note("rtckit: reading from the terminal; end with Ctrl-D")
