"""Templates that read a value into named fields and write them back.

``{payload} {codec}[/{rate}[/{encoding}]]`` reads ``96 VP8/90000``. A field ``{name}`` is one word:
it ends before a blank or before the character that follows it in the template; ``{name*}`` takes
the rest. ``{name=word}`` is a field that is that word or absent. Square brackets hold what may be
absent; an optional part is written when its fields are present.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Template"]

_PIECE = re.compile(r"\{([\w-]+)(\*|=[^}]*)?\}|(\[)|(\])|([^{}\[\]]+)")


@dataclass(frozen=True)
class _Part:
    """A literal, a field, or an optional sequence of parts."""

    literal: str = ""
    field: str = ""
    rest: bool = False
    word: str = ""
    optional: "tuple[_Part, ...]" = ()


@dataclass(frozen=True)
class Template:
    """One template, read from its text on first use."""

    text: str

    @cached_property
    def _parts(self) -> tuple[_Part, ...]:
        stack: list[list[_Part]] = [[]]
        for match in _PIECE.finditer(self.text):
            name, form, opens, closes, literal = match.groups()
            if name:
                word = form[1:] if form and form != "*" else ""
                stack[-1].append(_Part(field=name, rest=form == "*", word=word))
            elif opens:
                stack.append([])
            elif closes:
                inner = tuple(stack.pop())
                stack[-1].append(_Part(optional=inner))
            else:
                stack[-1].append(_Part(literal=literal))
        return tuple(stack[0])

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(_fields(self._parts))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(_regex(self._parts, ""))

    def read(self, value: str) -> dict[str, str] | None:
        """The fields that are there, by name; None when the value has another form."""
        match = self._pattern.fullmatch(value)
        if match is None:
            return None
        names = self.fields
        return {names[index]: text for index, text in enumerate(match.groups()) if text is not None}

    def write(self, fields: Mapping[str, object]) -> str:
        """The value; a required field that is absent is written as nothing."""
        return _write(self._parts, fields)


def _fields(parts: tuple[_Part, ...]) -> list[str]:
    names = []
    for part in parts:
        if part.field:
            names.append(part.field)
        names += _fields(part.optional)
    return names


def _regex(parts: tuple[_Part, ...], after: str) -> str:
    pieces = []
    for index, part in enumerate(parts):
        following = _first_literal(parts[index + 1 :]) or after
        if part.literal:
            pieces.append(re.escape(part.literal))
        elif part.optional:
            pieces.append(f"(?:{_regex(part.optional, following)})?")
        elif part.word:
            pieces.append(f"({re.escape(part.word)})")
        elif part.rest:
            pieces.append("(.*)")
        else:
            stop = re.escape(following[0]) if following and following[0] != " " else ""
            pieces.append(f"([^\\s{stop}]+)")
    return "".join(pieces)


def _first_literal(parts: tuple[_Part, ...]) -> str:
    for part in parts:
        if part.literal:
            return part.literal
        if part.optional:
            found = _first_literal(part.optional)
            if found:
                return found
        else:
            return ""
    return ""


def _write(parts: tuple[_Part, ...], fields: Mapping[str, object]) -> str:
    written = []
    for part in parts:
        if part.literal:
            written.append(part.literal)
        elif part.field:
            value = fields.get(part.field)
            written.append("" if value is None else str(value))
        elif any(fields.get(name) is not None for name in _fields(part.optional)):
            written.append(_write(part.optional, fields))
    return "".join(written)
