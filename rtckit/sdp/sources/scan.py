"""Descriptions and candidates inside any text: consoles, logs, source code, chat.

A description stands there as lines of its own, each maybe behind the same prefix or indentation,
as a string literal with its line ends written out, or as JSON, base64 or percent-encoding on a
line. Each piece of text is consumed once, so the time is linear.
"""

import json
import re
from itertools import islice

from rtckit.sdp.lines import split_lines
from rtckit.sdp.sources.collect import Collector, Context, find_type, read_time
from rtckit.sdp.sources.layers import (
    BASE64_TOKEN,
    decode_base64,
    join_literals,
    unescape,
    unquote_percent,
)

__all__ = ["scan_text"]

_SDP_LINE = re.compile(r"[a-z]=")
_QUOTES = "'\"`"
_ORIGIN_AFTER = re.compile(r"(?:^|[\s\]|:>,;\"'(])(o=\S)")
_JSON_SIGNS = ('"sdp"', '"candidate"', '"description"', '"jsep"')
_TYPE_NEAR = re.compile(
    r"\btype\\*[\"']?\s{0,9}[:=]\s{0,9}\\*[\"']?(offer|pranswer|answer|rollback)\b", re.IGNORECASE
)
_SIDE_NEAR = re.compile(r"(?:set|on|add)?_?(local|remote)[ _-]?(?:sdp|desc)", re.IGNORECASE)
_ESCAPED_END = re.compile(r"\\+(?:r\\+n|n|r)[a-z]=|\\+(?:r\\+n|n|r)$|↵")
_LITERAL_LINE = re.compile(
    r"[\s+,]{0,200}(?P<quote>['\"`])(?P<text>.*)(?P=quote)[\s+,;)\]}]{0,200}(?:\.?join\(.*)?"
)
_CANDIDATE = re.compile(
    r"(?:a=)?candidate:[^\s\"'`<>,]{1,64} \d{1,5} [^\s\"'`<>,]{1,16} \d{1,20} "
    r"[^\s\"'`<>,]{1,256} \d{1,8} typ [a-z]{1,16}"
    r"(?: [^\s\"'`<>,{}\\]{1,64} [^\s\"'`<>,{}\\]{1,256}){0,40}"
)
_MID = re.compile(r"sdpMid\\*[\"']?\s{0,9}[:=]\s{0,9}\\*[\"']?([^\"',}\s\\]{1,64})")
_INDEX = re.compile(r"sdpMLineIndex\\*[\"']?\s{0,9}[:=]\s{0,9}\\*[\"']?(\d{1,5})")
_UFRAG = re.compile(r"usernameFragment\\*[\"']?\s{0,9}[:=]\s{0,9}\\*[\"']?([A-Za-z0-9+/]{1,256})")
_PERCENT_DELIMITERS = " \t&?=#\"'<>"
_PERCENT_TOKEN = re.compile(r"[^\s&\"'<>]*")
_SIGNS = re.compile(
    r"v=0|candidate:|a=end-of|\"(?:sdp|candidate|description|jsep)\"|eyJ|ewo|dj0w|H4sI|v%3D0",
    re.IGNORECASE,
)
_INNER_SIGNS = re.compile(r"v=0|candidate:|sdp|a=ice", re.IGNORECASE)
_JSON_ATTEMPTS = 8
_HITS_A_LINE = 200
_PREFIX_LIMIT = 300
_NEAR = 2000


class _Lines:
    """A text as lines with their ends."""

    def __init__(self, text: str) -> None:
        self.bodies, ends, last = split_lines(text)
        self._ends = ends
        self._last = last

    def end(self, index: int) -> str:
        """What ends a line; CRLF after the last one, if nothing does."""
        if index == len(self.bodies) - 1:
            return self._last
        return self._ends if isinstance(self._ends, str) else self._ends[index]

    def __len__(self) -> int:
        return len(self.bodies)


def scan_text(out: Collector, text: str, context: Context) -> bool:
    """Gather what stands in ``text``; False when that is nothing."""
    before = len(out.items)
    lines = _Lines(text)
    index = 0
    while index < len(lines) and not out.full:
        body = lines.bodies[index]
        if not _SIGNS.search(body):
            index += 1
            continue
        here = context
        if context.line is None and not context.path:
            here = context._replace(line=index + 1)
        if "v=0" in body:
            index = _read_description(out, lines, index, here)
            continue
        if not _read_embedded(out, body, here):
            _read_candidates(out, lines, index, here)
        index += 1
    return len(out.items) > before


def _read_description(out: Collector, lines: _Lines, index: int, context: Context) -> int:
    """Read what stands on a line with ``v=0`` and on those that belong to it; the next line."""
    body = lines.bodies[index]
    if _read_json(out, body, context):
        return index + 1
    stripped = body.rstrip()
    if stripped.endswith("v=0"):
        below = lines.bodies[index + 1] if index + 1 < len(lines) else ""
        if below.strip() and ("=" not in below or below.rstrip().endswith("v=0")):
            return index + 1
        return _read_block(out, lines, index, context)
    if _opens_literals(body):
        after = _read_literals(out, lines, index, context)
        if after > index + 1:
            return after
    _read_escaped(out, lines, index, context)
    return index + 1


def _know(context: Context, lines: _Lines, index: int, before: str, after: str = "") -> Context:
    """Type, side and time as the text round a description tells them."""
    near = before[-_NEAR:]
    known = _TYPE_NEAR.findall(near)[-1:] or _TYPE_NEAR.findall(after[:_NEAR])[:1]
    kind = known[0].lower() if known else find_type(near)
    side = _SIDE_NEAR.findall(near)[-1:]
    if kind is None or not side:
        above = lines.bodies[index - 1][-_NEAR:] if index else ""
        if not _SDP_LINE.match(above.lstrip()):
            known = _TYPE_NEAR.findall(above)[-1:]
            kind = kind or (known[0].lower() if known else find_type(above))
            above_side = {word.lower() for word in _SIDE_NEAR.findall(above)}
            side = side or list(above_side if len(above_side) == 1 else ())
    return context._replace(
        type=kind or context.type,
        side=side[0].lower() if side else context.side,
        time_s=time if (time := read_time(before)) is not None else context.time_s,
    )


# -- lines of their own ---------------------------------------------------------------------------


def _read_block(out: Collector, lines: _Lines, index: int, context: Context) -> int:
    first = lines.bodies[index].rstrip()
    prefix = first[:-3]
    quote = prefix[-1:] if prefix[-1:] in _QUOTES else ""
    taken = ["v=0" + lines.end(index)]
    undone: dict[str, None] = {}
    if prefix.strip() or _text_before(lines, index):
        undone["text round the description"] = None
    if prefix and not prefix.strip():
        undone["indentation"] = None
    pattern: re.Pattern[str] | None = None
    position = index + 1
    while position < len(lines):
        body = lines.bodies[position]
        value = body.lstrip()
        if _SDP_LINE.match(value):
            if value != body:
                undone["indentation"] = None
        elif position == index + 1:
            pattern = _prefix_pattern(body, prefix)
            found = pattern.match(body) if pattern else None
            value = body[found.end() :] if found else ""
        elif pattern and (found := pattern.match(body)):
            value = body[found.end() :]
        elif not value and _goes_on(lines, position, pattern):
            undone["blank lines"] = None
            position += 1
            continue
        else:
            break
        if not _SDP_LINE.match(value) or value.startswith("v=0"):
            break
        position += 1
        if quote and (closed := _close(value, quote)) is not None:
            taken.append(closed + lines.end(index) if closed else "")
            break
        taken.append(value + lines.end(position - 1))
    # A lone v=0 is no description.
    if len(taken) == 1:
        return position
    if pattern:
        undone["a prefix on each line"] = None
    if quote:
        undone["quotes"] = None
    if any(lines.bodies[position : position + 20]):
        undone["text round the description"] = None
    after = lines.bodies[position] if position < len(lines) else ""
    context = _know(context, lines, index, prefix, after)
    out.add_description("".join(taken), context.inside(*undone))
    return position


def _text_before(lines: _Lines, index: int) -> bool:
    """Whether something stands above a line, as far as need be looked."""
    return any(body.strip() for body in lines.bodies[max(0, index - 20) : index])


def _prefix_pattern(body: str, prefix: str) -> re.Pattern[str] | None:
    """What stands before each line of a block, judged by its second line; numbers may change."""
    found = _ORIGIN_AFTER.search(body, 0, _PREFIX_LIMIT + 2)
    if found:
        prefix = body[: found.start(1)]
    elif not prefix or not _SDP_LINE.match(body, len(prefix)):
        return None
    if len(prefix) > _PREFIX_LIMIT:
        return None
    shape = re.sub(r"(?:\\ )+", r"[ \\t]+", re.escape(prefix))
    return re.compile(re.sub(r"\d+", r"\\d+", shape))


def _goes_on(lines: _Lines, position: int, pattern: re.Pattern[str] | None) -> bool:
    """Whether the block goes on after one blank line."""
    if position + 1 >= len(lines):
        return False
    body = lines.bodies[position + 1]
    if pattern:
        found = pattern.match(body)
        body = body[found.end() :] if found else ""
    value = body.lstrip()
    return bool(_SDP_LINE.match(value)) and not value.startswith("v=0")


def _close(value: str, quote: str) -> str | None:
    """The text before the closing quote of a template literal, when it closes on this line."""
    text, found, rest = value.rpartition(quote)
    if found and not rest.strip(" \t;,)}]"):
        return text
    return None


# -- string literals ------------------------------------------------------------------------------


def _opens_literals(body: str) -> bool:
    at = body.find("v=0")
    if at < 1 or body[at - 1] not in _QUOTES:
        return False
    rest = re.sub(r"^(?:\\r)?(?:\\n)?", "", body[at + 3 :])
    return rest[:1] == body[at - 1] and not rest[1:].strip(" \t+,")


def _read_literals(out: Collector, lines: _Lines, index: int, context: Context) -> int:
    """A literal a line: concatenated with ``+``, or the elements of an array."""
    body = lines.bodies[index]
    at = body.find("v=0")
    quote = body[at - 1]
    parts = [body[at : body.rindex(quote)]]
    position = index + 1
    while position < len(lines):
        found = _LITERAL_LINE.fullmatch(lines.bodies[position])
        if not found or found["quote"] != quote:
            break
        parts.append(found["text"])
        position += 1
        if ";" in lines.bodies[position - 1][found.end("text") :]:
            break
    if position == index + 1:
        return position
    escaped = parts[0].endswith("\\n") or parts[0].endswith("\\r")
    text, times = unescape("".join(parts) if escaped else "\\r\\n".join(parts) + "\\r\\n")
    undone = ["JavaScript concatenation" if escaped else "a JavaScript array"]
    if escaped:
        undone.append(_escapes(times))
    after = "\n".join(lines.bodies[position : position + 2])
    context = _know(context, lines, index, body[:at], after)
    return position if out.add_description(text, context.inside(*undone)) else index + 1


def _escapes(times: int) -> str:
    what = r"line ends written out as \r\n"
    return what if times < 2 else f"{what}, escaped {('twice', '3 times', '4 times')[times - 2]}"


def _read_escaped(out: Collector, lines: _Lines, index: int, context: Context) -> None:
    r"""String literals on one line, their line ends written as ``\r\n`` or shown as ``↵``."""
    body = lines.bodies[index]
    position = 0
    hits = 0
    while (at := body.find("v=0", position)) >= 0 and hits < _HITS_A_LINE:
        if not _is_escaped(body, at):
            position = at + 3
            continue
        hits += 1
        quote, depth = _opening_quote(body, at)
        undone: list[str] = []
        joined = (
            re.match(
                rf"(?:\\r)?(?:\\n)?{quote}\s{{0,20}}[+,]\s{{0,20}}{quote}", body[at + 3 : at + 64]
            )
            if quote
            else None
        )
        if quote and not depth and joined:
            rest = join_literals(body[at:], quote)
            undone.append("JavaScript concatenation")
            stop = _closing_quote(rest, 0, quote, depth)
            raw, after, end = rest[:stop], rest[stop:], len(body)
        else:
            end = _closing_quote(body, at, quote, depth) if quote else len(body)
            raw, after = body[at:end], body[end : end + 300]
        if "↵" in raw:
            raw = raw.replace("\\r↵", "↵").replace("↵", "\\r\\n")
            undone.append("line ends shown as ↵")
        text, times = unescape(raw)
        if "line ends shown as ↵" not in undone:
            undone.append(_escapes(times))
        text = _drop_tail(text)
        if "…" in text:
            out.note(
                f"{out.place(context) or 'a description'}: the console left part of it out (…)"
            )
        if not after.strip(" \t\"'`;,)}]"):
            after = "\n".join(lines.bodies[index + 1 : index + 3])
        known = _know(context, lines, index, body[max(0, position, at - _NEAR) : at], after)
        known = known._replace(time_s=read_time(body) if index >= 0 else None)
        out.add_description(text, known.inside(*undone))
        position = max(end, at + 3)


def _is_escaped(body: str, at: int) -> bool:
    head = body[at + 3 : at + 24].lstrip(" ")
    if head[:1] == "\\" and head.lstrip("\\")[:1] in ("r", "n"):
        return True
    if head[:1] == "↵":
        return True
    return (
        head[:1] in _QUOTES
        and body[at - 1 : at] == head[:1]
        and bool(head[1:].lstrip()[:1] in ("+", ","))
    )


def _opening_quote(body: str, at: int) -> tuple[str, int]:
    """The quote before ``at`` and the backslashes before that one."""
    if not at or body[at - 1] not in _QUOTES:
        return "", 0
    depth = 0
    while depth < 8 and at - 2 - depth >= 0 and body[at - 2 - depth] == "\\":
        depth += 1
    return body[at - 1], depth


def _closing_quote(body: str, at: int, quote: str, depth: int) -> int:
    """Where the literal ends: at its quote behind as many backslashes, or at the end of line."""
    position = at
    while (found := body.find(quote, position)) >= 0:
        run = 0
        while run <= depth and found - 1 - run >= at and body[found - 1 - run] == "\\":
            run += 1
        if run <= depth:
            return found - run
        position = found + 1
    return len(body)


def _drop_tail(text: str) -> str:
    """The text without a last line that is no SDP: what followed the literal on its line."""
    head, end, tail = text.rpartition("\n")
    return head + end if end and not _SDP_LINE.match(tail) else text


# -- other forms on a line ------------------------------------------------------------------------


def _read_embedded(out: Collector, body: str, context: Context) -> bool:
    """JSON, base64 or percent-encoding on a line; False when there is none."""
    if _read_json(out, body, context):
        return True
    found = False
    if "eyJ" in body or "dj0w" in body or "H4sI" in body or "ewo" in body:
        for token in islice(BASE64_TOKEN.finditer(body), _HITS_A_LINE):
            decoded = decode_base64(token.group(), out.room)
            if decoded is not None and _INNER_SIGNS.search(decoded[0]):
                out.unpack(len(decoded[0]))
                found |= out.read_text(out, decoded[0], context.inside(*decoded[1]))
    position = 0
    while (at := body.find("v%3D0", position)) >= 0:
        start = at
        while start > position and body[start - 1] not in _PERCENT_DELIMITERS:
            start -= 1
        end = _PERCENT_TOKEN.match(body, at).end()  # type: ignore[union-attr]
        text = unquote_percent(body[start:end])
        found |= out.read_text(out, text, context.inside("percent-encoding"))
        position = end
    return found


def _read_json(out: Collector, body: str, context: Context) -> bool:
    if not any(sign in body for sign in _JSON_SIGNS):
        return False
    from rtckit.sdp.sources.json_forms import read_value

    decoder = json.JSONDecoder()
    found = False
    position = 0
    for _ in range(_JSON_ATTEMPTS):
        position = body.find("{", position)
        if position < 0:
            break
        try:
            value, end = decoder.raw_decode(body, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        before = body[:position]
        time = read_time(before)
        inner = context.inside("text round JSON")._replace(
            time_s=time if time is not None else context.time_s,
            type=find_type(before[-200:]) or context.type,
        )
        found |= read_value(out, value, inner)
        position = end
    return found


def _read_candidates(out: Collector, lines: _Lines, index: int, context: Context) -> None:
    body = lines.bodies[index]
    if "candidate:" not in body:
        if body.strip() == "a=end-of-candidates":
            out.add_candidate("", context)
        return
    for found in islice(_CANDIDATE.finditer(body), _HITS_A_LINE):
        near = body[max(0, found.start() - 300) : found.end() + 300]
        if "sdpM" not in near:
            near = _members_below(lines, index)
        mid, number, ufrag = _MID.search(near), _INDEX.search(near), _UFRAG.search(near)
        side = re.search(r"local|remote", body[: found.start()][-200:], re.IGNORECASE)
        what = () if body.strip() == found.group() else ("text round the candidate",)
        out.add_candidate(
            found.group(),
            context.inside(*what)._replace(
                side=side.group().lower() if side else context.side,
                time_s=time
                if (time := read_time(body[: found.start()])) is not None
                else context.time_s,
            ),
            mid.group(1) if mid else None,
            int(number.group(1)) if number else None,
            ufrag.group(1) if ufrag else None,
        )


def _members_below(lines: _Lines, index: int) -> str:
    """The members of a console object that follow its candidate, a line each."""
    near: list[str] = []
    for body in lines.bodies[index + 1 : index + 20]:
        if "candidate:" in body or len(body) > _NEAR:
            break
        near.append(body)
    return "\n".join(near)
