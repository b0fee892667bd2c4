"""What browsers keep of their peer connections: webrtc-internals, rtcstats, about:webrtc.

A dump shows one description several times: as created, as set, and once more when that succeeded.
All are given, with the event and the connection they belong to.
"""

import html
import json
import re
from typing import Any

from rtckit.sdp.sources.collect import Collector, Context, guess_type_of, read_time

__all__ = ["is_event", "read_about_webrtc", "read_events", "read_internals", "read_rtcstats"]

_LOCAL = (
    "createOfferOnSuccess",
    "createAnswerOnSuccess",
    "setLocalDescription",
    "setLocalDescriptionOnSuccess",
    "onicecandidate",
)
_REMOTE = ("setRemoteDescription", "setRemoteDescriptionOnSuccess", "addIceCandidate")
_FAILURES = {
    "setLocalDescriptionOnFailure": "setLocalDescription",
    "setRemoteDescriptionOnFailure": "setRemoteDescription",
}
_OLD_DESCRIPTION = re.compile(r"\s*type: (\w+), sdp: (.*)", re.DOTALL)
_OLD_CANDIDATE = re.compile(
    r"\s*sdpMid: (?P<mid>.*?), sdpMLineIndex: (?P<index>\d+), candidate: (?P<text>.*?)"
    r"(?:, (?:url|address|relayProtocol|serverUrl|usernameFragment): .*)?",
    re.DOTALL,
)


def is_event(value: list[Any]) -> bool:
    """Whether a JSON array is a line of an rtcstats dump: ``[method, connection, ..., time]``."""
    return (
        len(value) >= 3
        and isinstance(value[0], str)
        and (value[1] is None or isinstance(value[1], str))
        and (value[0] in _LOCAL or value[0] in _REMOTE or value[0] in ("create", *_FAILURES))
    )


def read_internals(out: Collector, dump: dict[str, Any], context: Context) -> None:
    """A dump of ``chrome://webrtc-internals``: the update logs of its peer connections.

    Ordered by time over all connections when every entry has one.
    """
    out.form = out.form or "a webrtc-internals dump"
    context = context.inside("a webrtc-internals dump")
    found: list[tuple[float | None, str, Any, Context]] = []
    for name, connection in dump["PeerConnections"].items():
        log = connection.get("updateLog") if isinstance(connection, dict) else None
        for index, entry in enumerate(log if isinstance(log, list) else ()):
            if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
                continue
            time = read_time(entry.get("timestamp", entry.get("time")))
            here = context._replace(
                path=f"PeerConnections.{name}.updateLog[{index}].value",
                connection=str(name),
                time_s=time,
            )
            found.append((time, entry["type"], entry.get("value"), here))
    if all(time is not None for time, *_ in found):
        found.sort(key=lambda item: item[0] or 0.0)
    for _, event, value, here in found:
        _read_event(out, event, value, here)


def read_rtcstats(out: Collector, text: str, context: Context) -> None:
    """A dump in the line format: ``RTCStatsDump``, metadata, then an event a line."""
    out.form = out.form or "an rtcstats dump"
    context = context.inside("an rtcstats dump")
    events: list[tuple[int | None, list[Any]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if number == 1 or not stripped:
            continue
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            out.note(f"line {number}: damaged JSON")
            continue
        if isinstance(value, list) and len(value) >= 2 and isinstance(value[0], str):
            events.append((number, value))
    read_events(out, events, context)


def read_events(
    out: Collector, events: list[tuple[int | None, list[Any]]], context: Context
) -> None:
    """Lines of an rtcstats dump, each with its number.

    The last element of each is the time: milliseconds since the line before in ``fileFormat`` 3,
    since 1970 in the older ones and in the first line of all.
    """
    now_ms = 0.0
    for number, value in events:
        time = value[-1]
        if isinstance(time, int | float) and not isinstance(time, bool) and abs(time) < 1e15:
            now_ms = float(time) if time >= 1e11 else now_ms + time
        argument = value[2] if len(value) > 3 else None
        here = context._replace(
            line=number,
            connection=value[1] if isinstance(value[1], str) else None,
            time_s=now_ms / 1000,
        )
        _read_event(out, value[0], argument, here)


def _read_event(out: Collector, event: str, value: Any, context: Context) -> None:
    if event in _FAILURES:
        if isinstance(value, str) and value:
            out.refuse_last(context, _FAILURES[event], value[:2000])
        return
    if event not in _LOCAL and event not in _REMOTE:
        return
    context = context._replace(event=event, side="local" if event in _LOCAL else "remote")
    if isinstance(value, str):
        value = _read_value(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return
    if isinstance(value.get("sdp"), str) and value["sdp"].strip():
        kind = value.get("type")
        context = context._replace(type=kind if isinstance(kind, str) else None)
        if not out.add_description(value["sdp"], context):
            out.note(f"{out.place(context)}: no session description")
    elif "candidate" in value:
        text, mid, index = (value.get(key) for key in ("candidate", "sdpMid", "sdpMLineIndex"))
        out.add_candidate(
            text if isinstance(text, str) else "",
            context,
            mid if isinstance(mid, str) else None,
            index if isinstance(index, int) else None,
            value["usernameFragment"] if isinstance(value.get("usernameFragment"), str) else None,
        )
    elif event == "onicecandidate" and not value:
        out.add_candidate("", context)


def _read_value(text: str) -> Any:
    """The value of an update: JSON, or the text older versions of Chromium wrote."""
    if text.lstrip()[:1] in ("{", '"'):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None
    found = _OLD_DESCRIPTION.fullmatch(text)
    if found:
        return {"type": found.group(1), "sdp": found.group(2)}
    found = _OLD_CANDIDATE.fullmatch(text)
    if found:
        return {
            "candidate": found["text"],
            "sdpMid": found["mid"],
            "sdpMLineIndex": int(found["index"]) if len(found["index"]) < 6 else None,
        }
    return None


# -- about:webrtc ---------------------------------------------------------------------------------

_CONNECTION = re.compile(r'<div[^<>]{0,500}id="pc-heading: ([^"]{1,500})"')
_PANE = re.compile(r'id="tab_pane_(offer|answer|history)_')
_PRE = re.compile(r"<pre[^<>]{0,200}>([^<]*)</pre>")
_PART = re.compile(
    r'data-l10n-id="about-webrtc-(?P<side>local|remote)-sdp-heading"'
    r'|data-l10n-args="\{&quot;timestamp&quot;:(?P<time>\d{1,16})[^"]{0,200}"'
    r" data-l10n-id=\"about-webrtc-sdp-set-timestamp\""
    r"|<pre[^<>]{0,200}>(?P<sdp>[^<]*)</pre>"
)
_BUTTON = re.compile(r'data-l10n-id="about-webrtc-(local|remote)-sdp-heading-(offer|answer)"')
_CELL = re.compile(r"<td[^<>]{0,200}>(candidate:[^<]{1,1000})</td>")


def read_about_webrtc(out: Collector, page: str, context: Context) -> bool:
    """A saved page of Firefox's ``about:webrtc``; False when it is another page.

    The labels on it are translated, so the structure is read: ids and ``data-l10n-id``.
    """
    headings = list(_CONNECTION.finditer(page))
    if not headings:
        return False
    out.form = out.form or "a saved about:webrtc page"
    context = context.inside("an about:webrtc page")
    ends = [*(heading.start() for heading in headings[1:]), len(page)]
    for heading, end in zip(headings, ends, strict=True):
        name = html.unescape(heading.group(1))
        part = page[heading.start() : end]
        _read_connection(out, part, context._replace(connection=name, path=name))
    return True


def _read_connection(out: Collector, part: str, context: Context) -> None:
    panes = list(_PANE.finditer(part))
    ends = [*(pane.start() for pane in panes[1:]), len(part)]
    shown: list[tuple[str, str]] = []
    history = ""
    for pane, end in zip(panes, ends, strict=False):
        text = part[pane.start() : end]
        if pane.group(1) == "history":
            history = text
        elif found := _PRE.search(text):
            shown.append((pane.group(1), html.unescape(found.group(1))))
    sides = {kind: side for side, kind in _BUTTON.findall(part)}
    types = {text: kind for kind, text in shown}
    entries: list[tuple[float, str, str]] = []
    side, time = "", 0.0
    for piece in _PART.finditer(history):
        if piece["side"]:
            side = piece["side"]
        elif piece["time"]:
            time = int(piece["time"]) / 1000
        else:
            entries.append((time, side, html.unescape(piece["sdp"])))
    for time, side, text in sorted(entries, key=lambda entry: entry[0]):
        here = context._replace(
            type=guess_type_of(text) or types.get(text),
            side=side or None,
            event="setRemoteDescription" if side == "remote" else "setLocalDescription",
            time_s=time,
        )
        out.add_description(text, here)
    listed = {text for _, _, text in entries}
    for kind, text in shown:
        if text not in listed:
            out.add_description(text, context._replace(type=kind, side=sides.get(kind)))
    for cell in _CELL.findall(part):
        out.add_candidate(html.unescape(cell), context._replace(side="remote"))
