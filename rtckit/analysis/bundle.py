"""Opens what people hold: a saved call, a capture, a description, getStats, alone or together.

A file is known by its content, never by its name alone. Descriptions are read before captures,
because passwords, payload types and clock rates stand in them.
"""

import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rtckit.analysis.call import Call
from rtckit.analysis.manifest import Manifest, parse_manifest
from rtckit.analysis.signalling import Description, Signalling, read_signalling_log
from rtckit.analysis.stats import PeerStats, looks_like_stats, parse_stats
from rtckit.analysis.vantage import IcmpUnreachable, Vantage, analyze_datagrams
from rtckit.capture import Capture, open_capture
from rtckit.core.errors import ParseError, UnreadableInput
from rtckit.core.findings import Problem
from rtckit.core.text import escape_controls
from rtckit.sdp.sources import guess_type, read_description, read_descriptions

__all__ = ["Progress", "open_call", "read_capture"]

_CAPTURE_MAGICS = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\xcd\x34",
    b"\x34\xcd\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
)
_KEY_LOG_LABELS = (
    b"CLIENT_RANDOM ",
    b"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
    b"SERVER_HANDSHAKE_TRAFFIC_SECRET ",
    b"CLIENT_TRAFFIC_SECRET_0 ",
    b"SERVER_TRAFFIC_SECRET_0 ",
    b"EXPORTER_SECRET ",
)
_TEXT_LIMIT = 64 * 1024 * 1024

Progress = Callable[[str, int], None]


@dataclass(slots=True)
class _Inputs:
    """Files sorted by what they hold, before anything is analysed."""

    captures: list[tuple[str, Path | BinaryIO, bool]] = field(default_factory=list)
    descriptions: list[Description] = field(default_factory=list)
    logs: list[Signalling] = field(default_factory=list)
    stats: list[PeerStats] = field(default_factory=list)
    manifest: Manifest | None = None
    key_log: str | None = None
    problems: list[Problem] = field(default_factory=list)


def open_call(
    *paths: str | Path, keys: str | Path | None = None, progress: Progress | None = None
) -> Call:
    """A call from a folder (bundle), or from files of it in any order; ``"-"`` is standard input.

    ``progress`` is told (file name, frames read so far). Raises :class:`UnreadableInput` when a
    path cannot be read or holds nothing rtckit knows; files of a folder that hold something else
    are passed over.
    """
    if not paths:
        raise UnreadableInput("no file given")
    inputs = _Inputs()
    for path in paths:
        if str(path) == "-":
            _sort_stream(sys.stdin.buffer, "standard input", inputs)
        elif Path(path).is_dir():
            _sort_folder(Path(path), inputs)
        else:
            _sort_file(Path(path), inputs)
    if keys is not None:
        inputs.key_log = str(keys)
    signalling = _join_signalling(inputs)
    vantages = list(_read_captures(inputs, signalling, progress))
    if inputs.manifest is None:
        _place_vantages(vantages, signalling)
    return Call(
        _call_name(paths),
        inputs.manifest,
        vantages,
        signalling,
        _place_stats(inputs.stats, inputs.manifest, signalling),
        inputs.key_log,
        [*inputs.problems, *signalling.problems],
    )


def _read_captures(
    inputs: _Inputs, signalling: Signalling, progress: Progress | None
) -> Iterator[Vantage]:
    """The captures in turn; one that cannot be read is a problem where others may speak for it."""
    for name, source, strict in inputs.captures:
        side = _side_by_manifest(name, inputs.manifest)
        try:
            yield read_capture(source, name, signalling, side=side, progress=progress)
        except (UnreadableInput, ParseError) as error:
            if strict:
                raise
            inputs.problems.append(Problem(f"{name}: {error}"))


def _call_name(paths: tuple[str | Path, ...]) -> str:
    names = ["standard input" if str(path) == "-" else str(path) for path in paths]
    return escape_controls(", ".join(names))


def read_capture(
    source: Path | BinaryIO,
    name: str,
    signalling: Signalling | None = None,
    side: str | None = None,
    progress: Progress | None = None,
) -> Vantage:
    """One capture file as a vantage point. Raises :class:`UnreadableInput` or ParseError."""
    with open_capture(source) as capture:
        vantage = Vantage(Path(name).stem, name, side)
        told = None if progress is None else (lambda frames: progress(name, frames))
        analyze_datagrams(capture, vantage, signalling or Signalling(), told)
        _finish_capture(capture, vantage)
    return vantage


def _finish_capture(capture: Capture, vantage: Vantage) -> None:
    vantage.frames = capture.frames
    vantage.truncated = capture.truncated
    vantage.problems = [*capture.problems, *vantage.problems]
    vantage.icmp_errors = [
        IcmpUnreachable(
            error.frame, error.time_ns, error.reporter, error.src, error.dst, error.meaning
        )
        for error in capture.icmp_errors
    ]


# -- sorting files by what they hold --------------------------------------------------------------


def _sort_folder(folder: Path, inputs: _Inputs) -> None:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise UnreadableInput(f"{folder}: {error.strerror}") from None
    known = 0
    for path in files:
        try:
            if path.name == "bundle.toml":
                inputs.manifest = parse_manifest(_read_text(path))
            else:
                known += _sort_file(path, inputs, strict=False)
        except (UnreadableInput, ParseError) as error:
            inputs.problems.append(Problem(f"{path}: {error}"))
            known += 1
    if not known:
        raise UnreadableInput(
            f"{folder}: no capture, description or getStats in this folder "
            "(expected *.pcapng or *.pcap, offer.sdp and answer.sdp, *.stats.json)"
        )


def _sort_stream(stream: BinaryIO, name: str, inputs: _Inputs) -> None:
    data = stream.read(4 * _TEXT_LIMIT + 1)
    if len(data) > 4 * _TEXT_LIMIT:
        raise UnreadableInput(f"{name} is over 256 MiB: save it to a file first")
    _sort(data[:4096], name, inputs, True, lambda: data, lambda: io.BytesIO(data))


def _sort_file(path: Path, inputs: _Inputs, strict: bool = True) -> bool:
    """Put a file where it belongs; False when it is nothing known (with ``strict``: an error)."""
    try:
        with path.open("rb") as file:
            if not path.is_file():
                # A pipe can be read once only.
                _sort_stream(file, str(path), inputs)
                return True
            head = file.read(4096)
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None
    return _sort(head, str(path), inputs, strict, lambda: _read_bytes(path), lambda: path)


def _sort(
    head: bytes,
    name: str,
    inputs: _Inputs,
    strict: bool,
    read: Callable[[], bytes],
    source: Callable[[], Path | BinaryIO],
) -> bool:
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if strict and head.startswith(b"\x1f\x8b") and _holds_text(head):
        return _sort_other(read(), name, inputs, f"{name}: gzip, but no capture and no dump in it")
    if head.startswith(_CAPTURE_MAGICS):
        inputs.captures.append((name, source(), strict))
    elif not head:
        raise UnreadableInput(f"{name}: empty file (expected a capture, a description or getStats)")
    elif stripped.startswith(_KEY_LOG_LABELS) or (
        stripped.startswith(b"#") and any(label in head for label in _KEY_LOG_LABELS)
    ):
        inputs.key_log = name
    elif stripped.startswith((b"{", b"[")):
        return _sort_json(read(), name, inputs, strict)
    elif b"v=0" in head or b"\nm=" in head or head.startswith((b"m=", b"v=")):
        inputs.descriptions.append(_read_sdp(read().decode(errors="surrogateescape"), name))
    elif strict:
        return _sort_other(
            read(),
            name,
            inputs,
            f"{name}: neither a capture nor a description nor getStats "
            f"(it begins with {_show(head)}; expected pcap, pcapng, SDP or JSON)",
        )
    else:
        return False
    return True


def _holds_text(head: bytes) -> bool:
    """Whether a gzip stream begins with text, as browsers' dumps do, and not with a capture."""
    try:
        begin = zlib.decompressobj(wbits=31).decompress(head, 64)
    except zlib.error:
        return False
    return bool(begin) and not begin.startswith(_CAPTURE_MAGICS) and begin.isascii()


def _sort_other(data: bytes, name: str, inputs: _Inputs, complaint: str) -> bool:
    """Descriptions inside something else: a browser's dump, a log, a SIP message, base64."""
    try:
        found = read_descriptions(data, name)
    except ParseError:
        raise UnreadableInput(complaint) from None
    if not found.distinct:
        raise UnreadableInput(complaint)
    for item in found.distinct:
        sender = item.sender if item.sender in ("a", "b") else None
        inputs.descriptions.append(
            Description(
                item.type or guess_type(item.document),
                item.document,
                name,
                sender,
                item.time_s,
                item.place.line if item.undone else None,
            )
        )
    return True


def _sort_json(data: bytes, name: str, inputs: _Inputs, strict: bool) -> bool:
    text = data.decode(errors="replace")
    first, _, rest = text.strip().partition("\n")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if rest and _is_json_object(first):
            inputs.logs.append(read_signalling_log(text, name))
            return True
        if strict:
            return _sort_other(data, name, inputs, f"{name}: looks like JSON, but is not: {error}")
        return False
    if looks_like_stats(value):
        inputs.stats.append(parse_stats(text, name))
    elif isinstance(value, dict) and isinstance(value.get("sdp"), str):
        if "t" in value or "from" in value:
            inputs.logs.append(read_signalling_log(text, name))
        else:
            inputs.descriptions.append(_read_sdp(text, name))
    elif strict:
        return _sort_other(
            data,
            name,
            inputs,
            f"{name}: JSON, but neither a description ({{type, sdp}}) nor a getStats() result",
        )
    else:
        return False
    return True


def _is_json_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _show(head: bytes) -> str:
    text = head[:16]
    if text.isascii() and text.decode("ascii").isprintable():
        return repr(text.decode("ascii"))
    return text[:8].hex(" ")


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _TEXT_LIMIT:
            raise UnreadableInput(
                f"{path}: {size} bytes is more than a description, a log or getStats can have"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None


def _read_text(path: Path) -> str:
    return _read_bytes(path).decode(errors="replace")


def _read_sdp(text: str, name: str) -> Description:
    try:
        read = read_description(text)
    except ParseError as error:
        raise UnreadableInput(f"{name}: {error}") from error
    kind = read.type
    if kind is None:
        stem = Path(name).stem.lower()
        kind = next((word for word in ("offer", "answer") if word in stem), None)
    if kind is None:
        setups = {section.setup for section in read.document.media if section.setup}
        if setups == {"actpass"}:
            kind = "offer"
        elif setups and setups <= {"active", "passive"}:
            kind = "answer"
    return Description(kind, read.document, name)


# -- who is who ------------------------------------------------------------------------------------


def _join_signalling(inputs: _Inputs) -> Signalling:
    """Descriptions from files and logs, each once, in order, with their senders."""
    result = Signalling()
    descriptions = list(inputs.descriptions)
    descriptions.sort(key=lambda item: {"offer": 0, None: 1}.get(item.type, 2))
    if len(descriptions) == 2 and [item.type for item in descriptions].count(None) == 2:
        descriptions = [_with(descriptions[0], "offer"), _with(descriptions[1], "answer")]
    for log in inputs.logs:
        result.candidates.extend(log.candidates)
        result.problems.extend(log.problems)
        for logged in log.descriptions:
            text = logged.document.write()
            for index, known in enumerate(descriptions):
                if known.type == logged.type and known.document.write() == text:
                    descriptions[index] = Description(
                        known.type, known.document, known.file, logged.sender, logged.time_s
                    )
                    break
            else:
                descriptions.append(logged)
    if any(item.time_s is not None for item in descriptions):
        descriptions.sort(key=lambda item: item.time_s if item.time_s is not None else 0.0)
    offerer = next(
        (item.sender for item in descriptions if item.type == "offer" and item.sender), "a"
    )
    answerer = "b" if offerer == "a" else "a"
    for item in descriptions:
        sender = item.sender or {"offer": offerer, "answer": answerer, "pranswer": answerer}.get(
            item.type or ""
        )
        result.descriptions.append(
            Description(item.type, item.document, item.file, sender, item.time_s, item.line)
        )
    return result


def _with(description: Description, kind: str) -> Description:
    return Description(kind, description.document, description.file)


def _side_by_manifest(file: str, manifest: Manifest | None) -> str | None:
    """At which end a capture was taken, as ``bundle.toml`` says."""
    peers = manifest.peers.values() if manifest is not None else ()
    return next((peer.side for peer in peers if peer.capture == Path(file).name), None)


def _place_vantages(vantages: list[Vantage], signalling: Signalling) -> None:
    """Guess at which end each capture was taken, from the host candidates that sent checks."""
    for vantage in vantages:
        vantage.side = _side_by_host_candidates(vantage, signalling)
    sides = [vantage.side for vantage in vantages]
    for vantage in vantages:
        # Two captures that claim one end prove nothing.
        if vantage.side is not None and sides.count(vantage.side) > 1:
            vantage.side = None


def _side_by_host_candidates(vantage: Vantage, signalling: Signalling) -> str | None:
    claims = set()
    for side in ("a", "b"):
        hosts = {
            candidate.address
            for candidate, _ in signalling.candidates_of(side)
            if candidate.type == "host"
        }
        for view in vantage.ice:
            if any(address.ip in hosts for address in view.agent(side).addresses):
                claims.add(side)
    return claims.pop() if len(claims) == 1 else None


def _place_stats(
    stats: list[PeerStats], manifest: Manifest | None, signalling: Signalling
) -> dict[str, PeerStats]:
    placed: dict[str, PeerStats] = {}
    for item in stats:
        name = Path(item.file).name
        side = None
        if manifest is not None:
            side = next((p.side for p in manifest.peers.values() if p.stats == name), None)
        side = side or _side_by_ufrag(item, signalling) or item.file
        placed[side] = item
    return placed


def _side_by_ufrag(stats: PeerStats, signalling: Signalling) -> str | None:
    ufrags = {report.get("usernameFragment") for report in stats.of_type("local-candidate")} | {
        report.get("iceLocalUsernameFragment") for report in stats.of_type("transport")
    }
    for credentials in signalling.credentials():
        if credentials.ufrag in ufrags:
            return credentials.description.sender
    return None
