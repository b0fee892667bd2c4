"""JSON: descriptions and candidates under whatever keys applications put them.

Known shapes: ``{type, sdp}`` alone or nested, ``RTCIceCandidateInit``, the messages of SkyRTC,
AppRTC, PeerJS and Janus, Firefox's reports and "Copy SDP", HAR files, JSON Lines.
"""

import json
import re
from typing import Any

from rtckit.sdp.sources.collect import Collector, Context, find_type, guess_type_of, read_time

__all__ = ["load_json", "read_json_lines", "read_value"]

_TYPES = ("offer", "pranswer", "answer", "rollback")
_TYPE_KEYS = ("type", "eventName", "event", "action", "cmd", "method", "name", "kind")
_SENDER_KEYS = ("from", "src", "sender", "clientid", "clientId", "peerId", "fromId")
_TIME_KEYS = ("t", "time", "timestamp", "ts", "date", "startedDateTime")
_CANDIDATE_KEYS = ("sdpMid", "sdpMLineIndex", "label", "usernameFragment")
_SIDES = {"send": "local", "sent": "local", "receive": "remote", "received": "remote"}
_SIDE_KEY = re.compile(r"(local|remote)(?:Description|Sdp|Candidate)", re.IGNORECASE)
_SIGNS = re.compile(r"v=0|candidate:|sdp|eyJ|dj0w|H4sI|v%3D0|a=ice-", re.IGNORECASE)
_NODES_LIMIT = 3_000_000


def load_json(text: str) -> tuple[bool, Any]:
    """Whether ``text`` is JSON, and its value; damage and hostile depth are no JSON."""
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return False, None


def read_value(out: Collector, value: Any, context: Context) -> bool:
    """Gather what a JSON value holds, in order; False when that is nothing."""
    from rtckit.sdp.sources.dumps import is_event, read_events, read_internals

    before = len(out.items)
    stack: list[tuple[Any, Context]] = [(value, context)]
    nodes = 0
    while stack:
        value, context = stack.pop()
        nodes += 1
        if out.full:
            break
        if nodes > _NODES_LIMIT:
            out.note("more JSON than rtckit reads; the rest is left out")
            break
        children: list[tuple[Any, Context]] = []
        if isinstance(value, dict):
            if isinstance(value.get("PeerConnections"), dict):
                read_internals(out, value, context)
                continue
            if isinstance(value.get("sdpHistory"), list):
                _read_firefox_report(out, value, context)
                continue
            children = _read_object(out, value, context)
        elif isinstance(value, list):
            if value and is_event(value):
                read_events(out, [(context.line, value)], context)
                continue
            children = [
                (item, context._replace(path=f"{context.path}[{index}]"))
                for index, item in enumerate(value)
            ]
        elif isinstance(value, str) and _SIGNS.search(value):
            out.read_text(out, value, context.inside(_string_of(context)))
        stack.extend(reversed(children))
    return len(out.items) > before


def _string_of(context: Context) -> str:
    return "a JSON string" + (f" at {context.path}" if context.path else "")


def _read_object(
    out: Collector, value: dict[str, Any], context: Context
) -> list[tuple[Any, Context]]:
    """Take the description or candidate an object is; give the members still to be looked at."""
    context = _learn(value, context)
    taken: set[str] = set()
    sdp = value.get("sdp")
    if isinstance(sdp, list) and sdp and all(isinstance(line, str) for line in sdp):
        sdp = "".join(line if line.endswith("\n") else line + "\r\n" for line in sdp)
    if isinstance(sdp, str):
        taken.add("sdp")
        _read_sdp(out, sdp, value, context)
    if "candidate" in value and not isinstance(value["candidate"], dict | list):
        taken |= _read_candidate(out, value, context)
    return [
        (item, _enter(context, key))
        for key, item in value.items()
        if key not in taken and isinstance(item, dict | list | str)
    ]


def _learn(value: dict[str, Any], context: Context) -> Context:
    """What the members of an object say about what lies in it."""
    kind = next((k for key in _TYPE_KEYS if (k := _type_word(value.get(key)))), None)
    known: dict[str, Any] = {"type": kind} if kind else {}
    for key in _SENDER_KEYS:
        if isinstance(value.get(key), str | int) and not isinstance(value[key], bool):
            known["sender"] = str(value[key])[:200]
            break
    for key in _TIME_KEYS:
        time = read_time(value.get(key))
        if time is not None:
            known["time_s"] = time
            break
    side = value.get("side") if value.get("side") in ("local", "remote") else None
    side = side or _SIDES.get(str(value.get("type"))) or _SIDES.get(str(value.get("direction")))
    if side:
        known["side"] = side
    return context._replace(**known) if known else context


def _type_word(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    word = value.lower().strip("_ ")
    return word if word in _TYPES else find_type(word)


def _enter(context: Context, key: str) -> Context:
    path = f"{context.path}.{key[:60]}" if context.path else key[:60]
    known: dict[str, Any] = {"path": path}
    kind = _type_word(key)
    if kind:
        known["type"] = kind
    side = _SIDE_KEY.search(key)
    if side:
        known["side"] = side.group(1).lower()
    return context._replace(**known)


def _read_sdp(out: Collector, sdp: str, value: dict[str, Any], context: Context) -> None:
    shape = "JSON {type, sdp}" if context.type and "type" in value else "JSON {sdp}"
    where = f" at {context.path}" if context.path else ""
    inner = context.inside(shape + where)
    if sdp.strip() and not out.read_text(out, sdp, inner):
        out.note(f"{out.place(context) or 'JSON'}: its sdp is no session description")


def _read_candidate(out: Collector, value: dict[str, Any], context: Context) -> set[str]:
    """Take an ``RTCIceCandidateInit`` or its like; the keys that are done with."""
    text = value["candidate"]
    said = any(key in value for key in _CANDIDATE_KEYS) or "candidate" in str(
        value.get("type", value.get("eventName", ""))
    )
    if not (isinstance(text, str) and "candidate:" in text) and (text or not said):
        return set()
    mid, index, ufrag = value.get("sdpMid"), value.get("sdpMLineIndex"), None
    if mid is None and isinstance(value.get("label"), int):
        mid = value.get("id")
    if index is None:
        index = value.get("label")
    if isinstance(value.get("usernameFragment"), str):
        ufrag = value["usernameFragment"]
    where = f" at {context.path}" if context.path else ""
    out.add_candidate(
        text if isinstance(text, str) else "",
        context.inside("JSON {candidate}" + where),
        str(mid) if isinstance(mid, str | int) else None,
        index if isinstance(index, int) and not isinstance(index, bool) else None,
        ufrag,
    )
    return {"candidate"}


def _read_firefox_report(out: Collector, report: dict[str, Any], context: Context) -> None:
    """A peer connection of Firefox's internal report: the descriptions set, in order."""
    name = report.get("pcid")
    connection = name if isinstance(name, str) else None
    context = context.inside("a Firefox WebRTC report")._replace(connection=connection)
    for index, entry in enumerate(report["sdpHistory"]):
        if not isinstance(entry, dict) or not isinstance(entry.get("sdp"), str):
            continue
        local = bool(entry.get("isLocal"))
        errors = entry.get("errors")
        here = context._replace(
            path=f"{context.path}.sdpHistory[{index}]".lstrip("."),
            side="local" if local else "remote",
            event="setLocalDescription" if local else "setRemoteDescription",
            time_s=read_time(entry.get("timestamp")),
            type=guess_type_of(entry["sdp"]),
        )
        said = [str(item) for item in errors] if isinstance(errors, list) else []
        if not out.add_description(entry["sdp"], here, error="; ".join(said) or None):
            out.note(f"{out.place(here)}: no session description")
    remote = report.get("rawRemoteCandidates")
    for line in remote if isinstance(remote, list) else ():
        if isinstance(line, str) and line.startswith("candidate:"):
            out.add_candidate(line, context._replace(side="remote", path="rawRemoteCandidates"))


def read_json_lines(out: Collector, text: str, context: Context) -> bool | None:
    """A JSON value a line; None when the first line is no object or array.

    A line that is no JSON is read as text.
    """
    from rtckit.sdp.sources.dumps import is_event, read_events

    lines = [(number, line) for number, line in _numbered(text) if line.strip()]
    if len(lines) < 2:
        return None
    ok, first = load_json(lines[0][1])
    if not ok or not isinstance(first, dict | list):
        return None
    before = len(out.items)
    context = context.inside("JSON Lines")
    out.form = out.form or "JSON Lines"
    events: list[tuple[int | None, list[Any]]] = []
    for number, line in lines:
        if not _SIGNS.search(line) and "create" not in line[:40]:
            continue
        ok, value = load_json(line)
        here = context._replace(line=number)
        if not ok:
            if not out.read_text(out, line, here):
                out.note(f"line {number} is no JSON")
        elif isinstance(value, list) and is_event(value):
            events.append((number, value))
        else:
            read_value(out, value, here)
    if events:
        read_events(out, events, context)
    return len(out.items) > before


def _numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1))
