"""The forms in which people hold a description, and what has to be undone to read it.

Browsers undo nothing of this, so whatever was undone is reported.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from rtckit.core.errors import ParseError
from rtckit.sdp.document import Document, parse
from rtckit.sdp.recognition import name_other

__all__ = ["Description", "read_description"]

_MAXIMUM_LAYERS = 4
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TYPES = ("offer", "pranswer", "answer", "rollback")


@dataclass(frozen=True, slots=True)
class Description:
    """A description with the type it came with, if any.

    ``undone`` lists in words, outermost first, what was taken off to get at the SDP; it is empty
    for plain SDP. Where something was undone, lines and columns are those of the SDP inside.
    """

    document: Document
    type: str | None = None
    undone: list[str] = field(default_factory=list)


def read_description(source: str | bytes) -> Description:
    """Read a description from plain SDP, ``{type, sdp}`` JSON, or SDP as an escaped string.

    Indentation common to all lines is taken off, UTF-16 decoded. Raises :class:`ParseError` when
    there is no description in it, saying what it looks like.
    """
    undone: list[str] = []
    kind: str | None = None
    if isinstance(source, bytes) and source.startswith(_UTF16_MARKS):
        source = source.decode("utf-16", "replace")
        undone.append("UTF-16")
    for _ in range(_MAXIMUM_LAYERS):
        try:
            return Description(parse(source), kind, undone)
        except ParseError as error:
            refusal = error
        text = source if isinstance(source, str) else source.decode("utf-8", "surrogateescape")
        inner, what, kind_here = _unwrap(text.removeprefix("\ufeff"), refusal)
        kind = kind_here or kind
        undone.append(what)
        source = inner
    raise ParseError(
        f"no session description within {_MAXIMUM_LAYERS} layers of quoting", line=1, expected="v=0"
    )


def _unwrap(text: str, refusal: ParseError) -> tuple[str, str, str | None]:
    """Take one layer off: what is inside, what was undone, and the type found on the way."""
    stripped = text.strip()
    if stripped[:1] in ("{", '"'):
        value = _load_json(stripped, refusal)
        if isinstance(value, str):
            return value, "a JSON string", None
        return _from_object(value, refusal)
    if not stripped.count("\n"):
        unescaped = _unescape(stripped)
        if unescaped is not None:
            return unescaped, r"line ends written out as \r\n", None
    unindented = _unindent(text)
    if unindented is not None:
        return unindented, "indentation", None
    raise refusal


def _load_json(text: str, refusal: ParseError) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ParseError(
            f"no session description but damaged JSON: {error.msg}",
            line=error.lineno,
            column=error.colno,
            expected='{"type": ..., "sdp": ...}',
        ) from None
    except (ValueError, RecursionError):
        raise refusal from None


def _from_object(value: Any, refusal: ParseError) -> tuple[str, str, str | None]:
    if not isinstance(value, dict):
        raise refusal
    sdp, kind = value.get("sdp"), value.get("type")
    kind = kind.lower() if isinstance(kind, str) and kind.lower() in _TYPES else None
    if not isinstance(sdp, str):
        keys = ", ".join(sorted(str(key)[:20] for key in value)[:8]) or "nothing"
        raise ParseError(
            f"JSON without an sdp text (it has {keys})",
            line=1,
            column=1,
            expected='{"type": "offer", "sdp": "v=0..."}',
        )
    return sdp, "JSON {type, sdp}" if kind else "JSON {sdp}", kind


def _unescape(text: str) -> str | None:
    r"""Real line ends for ``\r\n`` written out, also doubly escaped; None when there are none."""
    if name_other(text) != r"text whose line ends are written out as \r\n":
        return None
    if "\\\\n" in text:
        text = text.replace("\\\\", "\\")
    return text.replace("\\r\\n", "\r\n").replace("\\n", "\n").replace("\\r", "\r")


def _unindent(text: str) -> str | None:
    """The text without the indentation its lines share; None when they share none."""
    lines = text.splitlines(keepends=True)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    shared = min(indents, default=0)
    if not shared:
        return None
    return "".join(line[shared:] if line.strip() else line.lstrip(" \t") for line in lines)
