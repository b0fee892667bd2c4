"""SIP and HTTP messages with descriptions in their bodies (RFC 3261, 7; RFC 9725 for WHIP).

Read are single messages and logs of many, also with multipart bodies (RFC 5621, 3) and with header
names in their compact form. A response to a request that carried an offer carries the answer; so
does the ACK of a response that carried one (RFC 3264; RFC 3261, 13.2.1).
"""

import re
from typing import NamedTuple

from rtckit.sdp.sources.collect import Collector, Context, read_time
from rtckit.sdp.sources.fragments import read_fragment

__all__ = ["read_messages"]

_START = re.compile(
    r"^(?P<prefix>.{0,200}?)(?P<start>"
    r"(?P<method>[A-Z]{3,20}) (?:(?:sips?|tel):\S+ SIP/2\.0|\S{1,2000} HTTP/\d(?:\.\d)?)"
    r"|(?:SIP/2\.0|HTTP/\d(?:\.\d)?) (?P<status>\d{3})\b[^\r\n]*)[ \t]*\r?$",
    re.MULTILINE,
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_HEADER = re.compile(r"([!-9;-~]{1,60})[ \t]*:[ \t]*(.*)")
_COMPACT = {"c": "content-type", "l": "content-length", "f": "from", "t": "to", "i": "call-id"}
_BOUNDARY = re.compile(r'boundary="?([^";\s]{1,100})"?', re.IGNORECASE)
_ADDRESS = re.compile(r"<([^>]{1,300})>|((?:sips?|tel):[^;,\s]{1,300})")
_SDP_TYPE = "application/sdp"
_FRAGMENT_TYPE = "application/trickle-ice-sdpfrag"


class _Message(NamedTuple):
    method: str | None
    status: int | None
    headers: dict[str, str]
    body: str
    line: int
    time_s: float | None


class _Pending(NamedTuple):
    """An offer that waits for its answer: the CSeq of its transaction, and whether asked."""

    cseq: str
    in_request: bool


class _Dialogs:
    """What the dialogs of a log wait for, by Call-ID."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._asked: set[tuple[str, str]] = set()

    def take_role(self, message: _Message) -> str:
        """Offer or answer: what a description in this message is."""
        dialog = message.headers.get("call-id", "")
        cseq = message.headers.get("cseq", "")
        waiting = self._pending.get(dialog)
        if message.method is not None:
            if waiting and not waiting.in_request and message.method in ("ACK", "PRACK"):
                return "answer"
            self._pending[dialog] = _Pending(cseq, True)
            return "offer"
        if waiting and waiting.in_request and waiting.cseq == cseq:
            return "answer"
        if (dialog, cseq) not in self._asked:
            # Its request is not in the file; most likely that carried the offer.
            return "answer"
        self._pending[dialog] = _Pending(cseq, False)
        return "offer"

    def see(self, message: _Message) -> None:
        """Note a request, which may carry no description."""
        if message.method is not None:
            self._asked.add((message.headers.get("call-id", ""), message.headers.get("cseq", "")))


def read_messages(out: Collector, text: str, context: Context) -> bool:
    """Read the SIP or HTTP messages in ``text``; False when none of them carries a description."""
    # Without one of these a multi-megabyte text need not be searched line by line.
    if "SIP/2.0" not in text and "HTTP/" not in text:
        return False
    starts = list(_START.finditer(text))
    if not starts:
        return False
    before = len(out.items)
    dialogs = _Dialogs()
    name = "SIP" if "SIP/2.0" in starts[0]["start"] else "HTTP"
    line, counted = 1, 0
    for index, start in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
        line += text.count("\n", counted, start.start())
        counted = start.start()
        message = _cut(text[start.end() : end].lstrip("\r"), start, line)
        here = context.inside(f"a {name} message" if name == "SIP" else "an HTTP message")
        dialogs.see(message)
        _read_body(out, message, here, dialogs)
    if len(out.items) > before:
        out.form = out.form or (f"{name} messages" if len(starts) > 1 else f"a {name} message")
    return len(out.items) > before


def _cut(text: str, start: re.Match[str], line: int) -> _Message:
    """Headers and body of the message whose start line was matched; ``text`` follows it."""
    prefix = start["prefix"]
    # curl -v marks the headers it sends and gets.
    marker = prefix.strip() if prefix.strip() in ("<", ">") else ""
    headers: dict[str, str] = {}
    lines = _LINE.findall(text)
    position = 1
    last = ""
    for raw in lines[1:]:
        position += 1
        header = raw.rstrip("\r\n").removeprefix(marker).strip()
        if not header:
            break
        found = _HEADER.fullmatch(header)
        if found:
            last = found.group(1).lower()
            last = _COMPACT.get(last, last)
            headers.setdefault(last, found.group(2))
        elif raw[:1] in (" ", "\t") and last:
            headers[last] += " " + header
    body = "".join(lines[position:])
    length = headers.get("content-length", "").strip()
    if length.isdigit() and len(length) < 10:
        octets = body.encode("utf-8", "surrogateescape")
        # A log may have other line ends than the wire had: then the length is no guide.
        if "\r\n" in body or len(octets) <= int(length):
            body = octets[: int(length)].decode("utf-8", "surrogateescape")
    status = start["status"]
    return _Message(
        start["method"],
        int(status) if status else None,
        headers,
        body,
        line + position,
        read_time(prefix),
    )


def _read_body(out: Collector, message: _Message, context: Context, dialogs: _Dialogs) -> None:
    address = message.headers.get("from" if message.method else "to", "")
    found = _ADDRESS.search(address)
    context = context._replace(
        sender=(found.group(1) or found.group(2)) if found else context.sender,
        time_s=message.time_s if message.time_s is not None else context.time_s,
        line=None if context.path else context.line or message.line,
    )
    media_type = message.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type.startswith("multipart/"):
        boundary = _BOUNDARY.search(message.headers["content-type"])
        if boundary:
            _read_parts(out, message, boundary.group(1), context, dialogs)
        return
    _read_part(out, message, media_type, message.body, context, dialogs)


def _read_parts(
    out: Collector,
    message: _Message,
    boundary: str,
    context: Context,
    dialogs: _Dialogs,
) -> None:
    parts = re.split(rf"(?:^|\r?\n)--{re.escape(boundary)}(?:--)?[ \t]*(?:\r?\n|$)", message.body)
    for part in parts[1:]:
        head, blank, body = part.partition("\r\n\r\n" if "\r\n\r\n" in part else "\n\n")
        kind = re.search(r"(?im)^(?:content-type|c)[ \t]*:[ \t]*([^;\s]+)", head)
        if blank and kind:
            inner = context.inside("a multipart body")
            _read_part(out, message, kind.group(1).lower(), body, inner, dialogs)


def _read_part(
    out: Collector,
    message: _Message,
    media_type: str,
    body: str,
    context: Context,
    dialogs: _Dialogs,
) -> None:
    if media_type == _FRAGMENT_TYPE:
        read_fragment(out, body, context, sure=True)
    elif media_type == _SDP_TYPE or (not media_type and body.startswith("v=0")):
        kind = dialogs.take_role(message)
        event = message.method or str(message.status)
        if body.strip():
            out.add_description(body, context._replace(type=kind, event=event))
    elif body.strip():
        out.read_text(out, body, context)
