"""Wrappings around text, taken off one at a time: compression, base64, escapes, quotes."""

import base64
import binascii
import re
import urllib.parse
import zlib

from rtckit.core.errors import ParseError

__all__ = [
    "BASE64_TOKEN",
    "decode_base64",
    "decode_bytes",
    "gunzip",
    "join_literals",
    "unescape",
    "unindent",
    "unquote_percent",
]

_GZIP = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF16_BARE = (b"v\x00=\x00", b"\x00v\x00=", b"{\x00", b"\x00{")
_WHOLE_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BLANKS = re.compile(r"\s+")
_SIMPLE_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LINE_END_ESCAPE = re.compile(r"(\\+)[rn]")

BASE64_TOKEN = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?:eyJ|ewog|ewo|ewkK|dj0w|H4sI)[A-Za-z0-9+/_-]{24,}={0,2}"
)
"""Base64 that begins as ``{"``, ``{`` and a blank, ``v=0`` or a gzip header does."""


def gunzip(data: bytes, limit: int) -> tuple[bytes, bool]:
    """What a gzip file holds, and whether it was whole.

    A file cut short gives what can be read. Raises :class:`ParseError` when nothing can, and when
    it holds more than ``limit`` bytes.
    """
    parts: list[bytes] = []
    size = 0
    whole = False
    while data.startswith(_GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(data, limit + 1 - size)
        except zlib.error as error:
            if not parts:
                raise _no_gzip(str(error)) from None
            break
        size += len(part)
        if size > limit:
            raise ParseError(
                f"gzip-compressed data of more than {limit} bytes",
                offset=0,
                expected="a file that unpacks to no more than 64 MiB",
            )
        parts.append(part)
        whole = stream.eof
        data = stream.unused_data
        # A file of very many empty members would take long for nothing.
        if not part or len(parts) > 1000:
            break
    unpacked = b"".join(parts)
    if not unpacked:
        raise _no_gzip("cut short")
    return unpacked, whole


def _no_gzip(why: str) -> ParseError:
    return ParseError(
        f"no session description but gzip-compressed data that cannot be unpacked: {why}",
        line=1,
        column=1,
        expected="a whole gzip file",
    )


def decode_bytes(data: bytes) -> tuple[str, str | None]:
    """Bytes as text, and ``"UTF-16"`` when they were that; bytes that are no UTF-8 survive."""
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16", "replace"), "UTF-16"
    if data.startswith(_UTF16_BARE):
        order = "utf-16-be" if data[0] == 0 else "utf-16-le"
        return data.decode(order, "replace"), "UTF-16"
    return data.decode("utf-8", "surrogateescape"), None


def decode_base64(text: str, limit: int) -> tuple[str, list[str]] | None:
    """Text out of base64 (RFC 4648, 4 and 5), gunzipped when it is gzip; None when it is neither.

    Blanks and line ends between the characters are passed over, and missing ``=`` are added.
    """
    packed = _BLANKS.sub("", text)
    if not _WHOLE_BASE64.fullmatch(packed):
        return None
    packed = packed.rstrip("=")
    undone = ["base64url" if "-" in packed or "_" in packed else "base64"]
    packed = packed.replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return None
    if data.startswith(_GZIP):
        try:
            data, _ = gunzip(data, limit)
        except ParseError:
            return None
        undone.append("gzip")
    try:
        return data.decode("utf-8"), undone
    except UnicodeDecodeError:
        return None


def unquote_percent(text: str) -> str:
    """Percent-encoding undone; ``+`` is a blank where no ``%20`` is: SDP always has blanks."""
    if "%20" in text:
        return urllib.parse.unquote(text, errors="surrogateescape")
    return urllib.parse.unquote_plus(text, errors="surrogateescape")


def unescape(text: str) -> tuple[str, int]:
    r"""A string literal's content as text, and how often it was escaped.

    The number of backslashes before the first ``r`` or ``n`` tells: one is escaped once, two twice,
    four three times.
    """
    found = _LINE_END_ESCAPE.search(text)
    if found is None:
        return text, 0
    times = min(len(found.group(1)).bit_length(), 4)
    for _ in range(times):
        text = _ESCAPE.sub(_unescape_one, text)
    return text, times


def _unescape_one(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    if code:
        return chr(int(code, 16))
    return _SIMPLE_ESCAPES.get(match.group(3), match.group(3))


def join_literals(text: str, quote: str) -> str:
    r"""String literals on one line joined: ``'a' + 'b'`` and, as lines, ``['a', 'b']``."""
    escaped = re.escape(quote)
    text = re.sub(rf"{escaped}\s{{0,20}}\+\s{{0,20}}{escaped}", "", text)
    return re.sub(rf"(?:\\r)?(?:\\n)?{escaped}\s{{0,20}},\s{{0,20}}{escaped}", r"\\r\\n", text)


def unindent(text: str) -> str | None:
    """The text without the indentation its lines share; None when they share none."""
    lines = text.splitlines(keepends=True)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    shared = min(indents, default=0)
    if not shared:
        return None
    return "".join(line[shared:] if line.strip() else line.lstrip(" \t") for line in lines)
