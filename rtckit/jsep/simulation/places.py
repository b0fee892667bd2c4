"""Where the tables and keys of a TOML text stand, for messages that point at a line.

`tomllib` gives values without their places. This reads only as much of TOML's grammar as places
need: strings, comments, brackets, headers and keys. It is asked after `tomllib` has accepted the
text, so it need not find faults itself, and it never raises.
"""

import re
from typing import TypeAlias

__all__ = ["Path", "find_places"]

Path: TypeAlias = tuple[str | int, ...]
"""The way to a value: names of keys, and the indices of arrays from 0."""

_TOKEN = re.compile(
    r"""(?P<multi>\"\"\"(?:\\.|[^\\])*?\"{3,5}|'''.*?'{3,5})
    |(?P<string>"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<comment>\#[^\n]*)
    |(?P<newline>\n)
    |(?P<mark>[\[\]{},=.])
    |(?P<bare>[A-Za-z0-9_+:-]+)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)


def find_places(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each table, key and array item of a TOML text."""
    return _Reader(text).read()


class _Reader:
    """Walks over the tokens once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: dict[Path, int] = {}
        self._table: Path = ()
        self._counts: dict[Path, int] = {}
        self._line = 1
        # Open brackets of values: the path each stands for, and an array's next index.
        self._open: list[tuple[str, Path, int]] = []
        self._key: list[str] = []
        self._is_value = False
        self._value_path: Path = ()

    def read(self) -> dict[Path, int]:
        header: list[str] | None = None
        opening = 0
        fresh = True
        for match in _TOKEN.finditer(self._text):
            token, kind = match.group(), match.lastgroup
            if header is not None:
                if token == "[" and not header and opening == 1:
                    opening = 2
                elif token == "]":
                    self._enter(header, opening == 2)
                    header = None
                elif kind in ("bare", "string"):
                    header.append(_plain(token))
            elif kind == "newline":
                fresh = fresh or not self._open
                if not self._open:
                    self._key, self._is_value = [], False
            elif kind == "comment" or token in " \t\r":
                pass
            elif fresh and token == "[" and not self._open and not self._is_value:
                header, opening = [], 1
            else:
                fresh = False
                self._read_token(token, kind)
            self._line += token.count("\n")
            if kind == "newline" and header is not None:
                header = None
        return self._places

    def _enter(self, header: list[str], is_array: bool) -> None:
        path: Path = ()
        for name in header[:-1]:
            path = self._resolve((*path, name))
        path = (*path, *header[-1:])
        if is_array:
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            self._places.setdefault(path, self._line)
            path = (*path, number)
        else:
            path = self._resolve(path)
        self._table = path
        self._places.setdefault(path, self._line)

    def _resolve(self, path: Path) -> Path:
        """A table that is an array of tables stands for its last item."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _read_token(self, token: str, kind: str | None) -> None:
        if self._is_value:
            self._read_value(token)
        elif kind in ("bare", "string"):
            self._key.append(_plain(token))
        elif token == "=":
            base = self._open[-1][1] if self._open else self._table
            self._value_path = (*base, *self._key)
            self._places.setdefault(self._value_path, self._line)
            self._is_value = True
        elif token == "}":
            self._close()

    def _read_value(self, token: str) -> None:
        if self._open and self._open[-1][0] == "[" and token not in ("]", ","):
            _, base, index = self._open[-1]
            self._value_path = (*base, index)
            self._places.setdefault(self._value_path, self._line)
        if token == "[":
            self._open.append(("[", self._value_path, 0))
        elif token == "{":
            self._open.append(("{", self._value_path, 0))
            self._key, self._is_value = [], False
        elif token in ("]", "}"):
            self._close()
        elif token == "," and self._open:
            bracket, base, index = self._open[-1]
            if bracket == "[":
                self._open[-1] = (bracket, base, index + 1)
            else:
                self._key, self._is_value = [], False

    def _close(self) -> None:
        if self._open:
            self._open.pop()
        self._is_value = True


def _plain(token: str) -> str:
    return token[1:-1] if token[:1] in "\"'" else token
