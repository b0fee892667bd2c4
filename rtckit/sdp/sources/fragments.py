"""Candidates without a description: trickle bodies, and lists of candidate lines."""

import re

from rtckit.core.errors import ParseError
from rtckit.sdp.document import parse
from rtckit.sdp.sources.collect import Collector, Context

__all__ = ["read_candidate_lines", "read_fragment"]

_FRAGMENT_ATTRIBUTES = (
    "ice-lite",
    "ice-pwd",
    "ice-ufrag",
    "ice-options",
    "ice-pacing",
    "end-of-candidates",
    "group",
    "mid",
    "candidate",
    "remote-candidates",
    "rtcp",
    "rtcp-mux",
    "rtcp-mux-only",
)
_FRAGMENT_LINE = re.compile(
    rf"m=\S+ \d+ \S+ .*|a=(?:{'|'.join(_FRAGMENT_ATTRIBUTES)})(?::.*)?", re.IGNORECASE
)
_SURE = re.compile(r"a=(?:ice-ufrag|ice-pwd|mid|candidate|end-of-candidates)\b", re.IGNORECASE)
_CANDIDATE_LINE = re.compile(r"(?:a=)?candidate:\S+ .*|(?:a=)?end-of-candidates", re.IGNORECASE)


def read_fragment(out: Collector, text: str, context: Context, *, sure: bool = False) -> bool:
    """Read ``application/trickle-ice-sdpfrag`` (RFC 8840, 9.2); False when ``text`` is none.

    Unless a media type makes it ``sure``, every line has to be one its grammar names: a description
    without its first lines is none.
    """
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if not lines:
        return False
    if not sure and not (
        any(_SURE.match(line) for line in lines)
        and any(line[:2] == "m=" or line[:6].lower() in ("a=ice-", "a=mid:") for line in lines)
        and all(_FRAGMENT_LINE.fullmatch(line.rstrip()) for line in lines)
    ):
        return False
    try:
        document = parse(text)
    except ParseError:
        return False
    context = context.inside("a trickle-ice-sdpfrag body")
    out.form = out.form or "a trickle-ice-sdpfrag body"
    out.add_fragment(document, context)
    session_ufrag = document.session.ice_ufrag
    for media in document.media:
        ufrag = media.ice_ufrag or session_ufrag
        for item in media.attributes:
            if item.name.lower() == "candidate":
                value = f"candidate:{item.value or ''}"
                out.add_candidate(value, context, media.mid, media.index, ufrag)
            elif item.name.lower() == "end-of-candidates":
                out.add_candidate("", context, media.mid, media.index, ufrag)
    for item in document.session.attributes:
        if item.name.lower() == "candidate":
            out.add_candidate(f"candidate:{item.value or ''}", context, None, None, session_ufrag)
        elif item.name.lower() == "end-of-candidates":
            out.add_candidate("", context, None, None, session_ufrag)
    return True


def read_candidate_lines(out: Collector, text: str, context: Context) -> bool:
    """Read candidate lines alone, one a line; False when another line stands among them."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        stripped = line.strip()
        if not stripped:
            continue
        if not _CANDIDATE_LINE.fullmatch(stripped):
            return False
        found.append((number, stripped))
    out.form = out.form or "candidate lines"
    for number, line in found:
        here = context._replace(line=context.line or number)
        end = line.lower().endswith("end-of-candidates") and "candidate:" not in line.lower()
        out.add_candidate("" if end else line, here)
    return bool(found)
