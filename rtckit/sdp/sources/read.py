"""Reads any form: finds out what it is, takes it apart, and says what was undone."""

import html
import re
from dataclasses import replace

from rtckit.core.errors import ParseError
from rtckit.sdp.document import parse
from rtckit.sdp.recognition import name_other
from rtckit.sdp.sources.collect import LAYERS, Collector, Context
from rtckit.sdp.sources.dumps import read_about_webrtc, read_rtcstats
from rtckit.sdp.sources.fragments import read_candidate_lines, read_fragment
from rtckit.sdp.sources.json_forms import load_json, read_json_lines, read_value
from rtckit.sdp.sources.layers import decode_base64, decode_bytes, gunzip, unindent
from rtckit.sdp.sources.messages import read_messages
from rtckit.sdp.sources.records import Description, Sources
from rtckit.sdp.sources.scan import scan_text

__all__ = ["read_description", "read_descriptions"]

_INDENTED_NEXT = re.compile(r"[^\r\n]*[\r\n]+[ \t]+\S")
_SIZE_LIMIT = 64 * 1024 * 1024
_FRAGMENT_LIMIT = 1024 * 1024
_GZIP = b"\x1f\x8b"
_FIRST_LINE = re.compile(r"[ \t\r\n]*([a-z]=)")
_STARTS = re.compile(r"(?:^|[\r\n])v=0[ \t]*[\r\n]+o=")
_ESCAPED_FIRST = re.compile(r"[a-z]=[^\r\n]{0,4000}?(?:\\+(?:r\\+)?n|↵)[a-z]=")
_INDENTED_REST = re.compile(r"[^\r\n]*[\r\n]+[ \t]+[a-z]=[^\r\n]*[\r\n]+[ \t]+[a-z]=")
_MARKUP = re.compile(r"<(?:!doctype|html|div|pre|body|head|meta|p|span|table)\b", re.IGNORECASE)
_BREAKS = re.compile(r"<(?:br|/p|/div|/pre|/li|/tr|/h\d)\b[^<>]{0,200}>", re.IGNORECASE)
_TAGS = re.compile(r"</?[a-z!][^<>]{0,2000}>", re.IGNORECASE)
_EXPECTED = "SDP, or one of the forms it is passed on in"


def read_descriptions(data: str | bytes, name: str = "") -> Sources:
    """Everything a file holds: each description and candidate, in the order it stands there.

    Read are plain SDP, ``{type, sdp}`` and candidates as JSON under any keys, JSON Lines, escaped
    strings, base64, percent-encoding, gzip, JavaScript console output and source, SIP and HTTP
    messages, trickle-ice-sdpfrag bodies, dumps of webrtc-internals and rtcstats, pages and reports
    of about:webrtc, candidate lines, and logs with any of these. ``name`` is for the places.

    Raises :class:`ParseError` when there is neither description nor candidate, saying what ``data``
    looks like instead. Time and memory are linear in its length; gzip over 64 MiB is refused.
    """
    out = Collector(name, _read_text)
    if len(data) > _SIZE_LIMIT:
        raise ParseError(
            f"{len(data)} characters are more than a description or a log of them can have",
            offset=0,
            expected="no more than 64 MiB",
        )
    context = Context()
    text: str
    plain: str | bytes = data
    if isinstance(data, bytes):
        if data.startswith(_GZIP):
            data, whole = gunzip(data, _SIZE_LIMIT)
            out.unpack(len(data))
            context = context.inside("gzip")
            plain = data
            if not whole:
                out.note("the gzip file is cut short")
        text, encoding = decode_bytes(data)
        if encoding:
            context = context.inside(encoding)
            plain = text
    else:
        text = data
    if _is_plain(text.removeprefix("\ufeff")) and out.add_description(plain, context):
        out.form = "SDP"
    else:
        _read_text(out, text.removeprefix("\ufeff"), context)
    if not out.items:
        if out.too_deep:
            raise ParseError(
                f"no session description within {LAYERS} layers of quoting", line=1, expected="v=0"
            )
        raise _refuse(data, text)
    out.form = out.form or "text"
    return out.finish()


def read_description(source: str | bytes) -> Description:
    """The description in any form :func:`read_descriptions` reads; of several, the first.

    That it is one of several is the last entry of ``undone``. Raises :class:`ParseError` when
    there is none.
    """
    sources = read_descriptions(source)
    found = sources.descriptions
    if len(found) > 1:
        found = sources.distinct
    if not found:
        what = "candidates" if sources.candidates else "a fragment"
        name = "a candidate line without a description"
        if sources.form != "candidate lines" or len(sources.candidates) != 1:
            name = f"{sources.form} with {what}"
        raise ParseError(f"no session description but {name}", line=1, column=1, expected="v=0")
    first = found[0]
    if len(found) == 1:
        return first
    return replace(first, undone=[*first.undone, f"the first of {len(found)} descriptions"])


def _is_plain(text: str) -> bool:
    """Whether a text is one description as it stands: its first line is SDP, and no second begins.

    Faults of all kinds are left in it for those who judge it.
    """
    first = _FIRST_LINE.match(text)
    if first is None or _ESCAPED_FIRST.match(text, first.start(1)):
        return False
    if _INDENTED_REST.match(text, first.start(1)):
        return False
    if text.count("v=0") > 1:
        starts = [match.start() for match in _STARTS.finditer(text)]
        if any(mark in text[: starts[-1]] for mark in ("\nm=", "\rm=") if len(starts) > 1):
            return False
    # Indentation that the next line shares is the text's; of the first alone it is a fault.
    indented = text[: first.start(1)].rpartition("\n")[2].strip("\r") != ""
    if indented and _INDENTED_NEXT.match(text, first.start(1)):
        return False
    return text.startswith("v=", first.start(1)) or not _is_fragment(text)


def _is_fragment(text: str) -> bool:
    if len(text) > _FRAGMENT_LIMIT:
        return False
    probe = Collector("", lambda out, text, context: False)
    return read_fragment(probe, text, Context()) or read_candidate_lines(probe, text, Context())


def _read_text(out: Collector, text: str, context: Context) -> bool:
    """Read text of any form; False when nothing is in it."""
    if context.depth > LAYERS:
        out.too_deep = True
        return False
    stripped = text.strip()
    if not stripped:
        return False
    if _is_plain(text) and out.add_description(text, context):
        return True
    before = len(out.items)
    if stripped.startswith("RTCStatsDump"):
        read_rtcstats(out, stripped, context)
        return len(out.items) > before
    if stripped[0] in '{["' and _read_json(out, stripped, text, context):
        return True
    if stripped[0] == "<" and _MARKUP.match(stripped):
        return _read_markup(out, stripped, context)
    if read_messages(out, text, context):
        return True
    if read_candidate_lines(out, text, context) or read_fragment(out, text, context):
        return True
    decoded = decode_base64(stripped, out.room)
    if decoded is not None:
        out.unpack(len(decoded[0]))
        if _read_text(out, decoded[0], context.inside(*decoded[1])):
            return True
    if "&quot;" in text or "&#39;" in text or "&#x27;" in text:
        text = html.unescape(text)
        context = context.inside("HTML escapes")
        if _read_json(out, text.strip(), text, context):
            return True
    if scan_text(out, text, context):
        return True
    unindented = unindent(text)
    if unindented is not None:
        text, context = unindented, context.inside("indentation")
        if _is_fragment(text):
            return read_candidate_lines(out, text, context) or read_fragment(out, text, context)
    return out.add_description(text, context)


def _read_json(out: Collector, stripped: str, text: str, context: Context) -> bool:
    ok, value = load_json(stripped)
    if not ok:
        return bool(read_json_lines(out, text, context))
    if isinstance(value, str):
        return _read_text(out, value, context.inside("a JSON string"))
    if read_value(out, value, context):
        out.form = out.form or "JSON"
        return True
    return False


def _read_markup(out: Collector, text: str, context: Context) -> bool:
    before = len(out.items)
    if read_about_webrtc(out, text, context):
        return len(out.items) > before
    text = html.unescape(_TAGS.sub("", _BREAKS.sub("\n", text)))
    context = context.inside("HTML")
    # What still looks like markup is no form of its own.
    if text.lstrip().startswith("<"):
        return scan_text(out, text, context)
    return _read_text(out, text, context)


def _refuse(data: str | bytes, text: str) -> ParseError:
    """The error for what holds neither description nor candidate: what it looks like."""
    stripped = text.removeprefix("\ufeff").lstrip()
    if stripped[:1] in ("{", '"', "["):
        return _refuse_json(stripped, data)
    try:
        parse(data)
    except ParseError as error:
        return error
    other = name_other(data)
    return ParseError(f"no session description but {other}", line=1, column=1, expected=_EXPECTED)


def _refuse_json(stripped: str, data: str | bytes) -> ParseError:
    import json

    expected = '{"type": "offer", "sdp": "v=0..."}'
    try:
        value = json.loads(stripped)
    except json.JSONDecodeError as error:
        return ParseError(
            f"no session description but damaged JSON: {error.msg}",
            line=error.lineno,
            column=error.colno,
            expected='{"type": ..., "sdp": ...}',
        )
    except (ValueError, RecursionError):
        return ParseError("no session description but JSON", line=1, column=1, expected=expected)
    if isinstance(value, str):
        return _refuse(value, value)
    if not isinstance(value, dict):
        return ParseError("no session description but JSON", line=1, column=1, expected=expected)
    sdp = value.get("sdp")
    if isinstance(sdp, str):
        return ParseError(
            f"no session description in the JSON's sdp but {name_other(sdp)}",
            line=1,
            column=1,
            expected="v=0",
        )
    keys = ", ".join(sorted(str(key)[:20] for key in value)[:8]) or "nothing"
    return ParseError(
        f"JSON without an sdp text (it has {keys})", line=1, column=1, expected=expected
    )
