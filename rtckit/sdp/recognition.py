"""Telling a description from everything else, and saying what the else looks like.

People feed tools the wrong file; an error that names what it is saves them the search.
"""

import re

from rtckit.core.errors import ParseError
from rtckit.core.text import escape_controls
from rtckit.sdp.grammar import is_known
from rtckit.sdp.lines import SplitText

__all__ = ["looks_like_sdp", "name_other", "refuse"]

_HEAD = 4096
_SDP_LINE = re.compile(r"[vom]=.|a=([!-9;-~]+)")
_ESCAPED = re.compile(r"[a-z]=[^\r\n]*?(?:\\r)?\\n[a-z]=")
_INDENTED = re.compile(r"[ \t]+(?:v=\d|[om]=\S)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\r\n]{40,}={0,2}[\r\n]*")
_MAGIC = (
    (b"\xd4\xc3\xb2\xa1", "a pcap capture"),
    (b"\xa1\xb2\xc3\xd4", "a pcap capture"),
    (b"\x4d\x3c\xb2\xa1", "a pcap capture"),
    (b"\xa1\xb2\x3c\x4d", "a pcap capture"),
    (b"\x0a\x0d\x0d\x0a", "a pcapng capture"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_TEXT_FORMS = (
    (re.compile(r"[\[{]\s*[\[{\"\]}\d-]"), "JSON"),
    (re.compile(r"<!doctype|<\?xml|</?[a-z][a-z0-9-]*[\s>/]", re.IGNORECASE), "HTML or XML"),
    (re.compile(r"[A-Z]+ sips?:|SIP/2\.0 "), "a SIP message"),
    (re.compile(r"(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP/|HTTP/\d"), "an HTTP message"),
    (re.compile(r"RTCStatsDump"), "an rtcstats dump"),
    (re.compile(r"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{32}"), "a TLS key log"),
    (re.compile(r"(?:a=)?candidate:"), "a candidate line without a description"),
    (re.compile(r"v%3D0", re.IGNORECASE), "percent-encoded text"),
    (re.compile(r"[\"'`]\s*v=0"), "a quoted string"),
)


def looks_like_sdp(split: SplitText) -> bool:
    """Whether anything in the lines is SDP.

    That is: a ``v=``, ``o=`` or ``m=`` line, or an ``a=`` line of a known attribute. Forms that
    hold a description inside something else (JSON, markup, SIP, HTTP) are not, even when they show
    such lines.
    """
    bodies = split.bodies
    first = next((body for body in bodies if body and not body.isspace()), "")
    if any(pattern.match(first.lstrip()) for pattern, _ in _TEXT_FORMS[:4]):
        return False
    if len(bodies) == 1 and _ESCAPED.match(first):
        return False
    for body in bodies:
        found = _SDP_LINE.match(body)
        if found and (body[0] != "a" or is_known(found.group(1))):
            return True
    return False


def name_other(source: str | bytes) -> str:
    """What ``source`` looks like, in words, when it is no description."""
    if isinstance(source, bytes):
        for magic, name in _MAGIC:
            if source.startswith(magic):
                return name
        head = source[:_HEAD].decode("utf-8", "replace")
    else:
        head = source[:_HEAD]
    text = head.removeprefix("\ufeff").lstrip()
    if not text:
        return "nothing but blanks" if source else "empty input"
    for pattern, name in _TEXT_FORMS:
        if pattern.match(text):
            return name
    if _ESCAPED.search(text):
        return r"text whose line ends are written out as \r\n"
    if _INDENTED.search(head):
        return "an indented description"
    controls = sum(1 for character in text if character < " " and character not in "\t\r\n\f\x1b")
    if controls * 20 > len(text) or text.count("\ufffd") * 20 > len(text):
        return "binary data"
    if _BASE64.fullmatch(text):
        return "base64"
    return "text without an SDP line"


def refuse(source: str | bytes, split: SplitText) -> ParseError:
    """The error for ``source``: what it looks like, and its first line with something in it."""
    other = name_other(source)
    number, column, shown = 1, 1, ""
    for index, body in enumerate(split.bodies if other != "binary data" else ()):
        stripped = body.lstrip()
        if stripped:
            number, column = index + 1, len(body) - len(stripped) + 1
            shown = escape_controls(stripped[:40])
            break
    message = f"no session description but {other}"
    if shown and other.startswith("text without"):
        message += f", beginning with {shown!r}"
    return ParseError(message, line=number, column=column, expected="v=0")
