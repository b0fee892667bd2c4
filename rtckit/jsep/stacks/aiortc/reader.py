"""How aiortc reads a description: what it looks at, in which order, and where Python stops it.

Errors are ordinary Python exceptions on purpose: their names and texts are the prediction. What
aiortc does not look at (line order, unknown attributes, most values) is not looked at here either.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rtckit.jsep.stacks.aiortc.records import (
    CandidateLine,
    CodecLine,
    Dtls,
    MediaPart,
    Parameters,
    Read,
    Source,
)

__all__ = ["CandidateLine", "CodecLine", "MediaPart", "Read", "read", "read_candidate"]

DIRECTIONS = ("inactive", "sendonly", "recvonly", "sendrecv")
"""In aiortc's order: the position is the set of (receives, sends) in two bits."""

SOURCE_ATTRIBUTES = ("cname", "msid", "mslabel", "label")
"""The attributes of a source that aiortc keeps, in the order it writes them."""

_MEDIA_LINE = re.compile(r"m=([^ ]+) ([0-9]+) ([A-Z/]+) (.+)$")
_ADDRESS = re.compile(r"IN (?:IP4|IP6) ([^ ]+)$")
_ROLES = {"actpass": "auto", "active": "client", "passive": "server"}
# RFC 5761, 4: payload types that would be taken for RTCP.
_RTCP_CLASH = range(72, 77)
_INTEGER_PARAMETERS = frozenset(
    ("apt", "max-fr", "max-fs", "maxplaybackrate", "minptime", "stereo", "useinbandfec")
)


@dataclass(slots=True)
class _Defaults:
    """What the session level says for every section."""

    fingerprints: list[tuple[str, str]] = field(default_factory=list)
    role: str | None = None
    ufrag: str | None = None
    password: str | None = None
    ice_lite: bool = False
    ice_options: str | None = None


def _given(value: str | None) -> str:
    """A value that aiortc goes on to split; without one Python has this to say."""
    if value is None:
        raise AttributeError("'NoneType' object has no attribute 'split'")
    return value


def _number(value: str | None) -> int:
    if value is None:
        raise TypeError(
            "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
        )
    return int(value)


_CODEC_STARTS = ("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:")
_MOST_KEPT = 128
_LONGEST_KEPT = 20_000
_CODECS: dict[tuple[str, tuple[str, ...]], list[CodecLine]] = {}
"""The codecs of sections that were read without an error, by their kind and lines."""


def _two(parts: list[str]) -> tuple[str, str]:
    first, second = parts
    return first, second


def _attribute(line: str) -> tuple[str, str | None]:
    name, colon, value = line[2:].partition(":")
    return name, value if colon else None


def _address(value: str) -> str:
    match = _ADDRESS.match(value)
    if match is None:
        raise AssertionError
    return match[1]


def _role(value: str | None) -> str:
    if value not in _ROLES:
        raise KeyError(value)
    return _ROLES[value]


def _words(value: str | None) -> tuple[str, list[str]] | None:
    """A group: its first word and the others."""
    words = _given(value).split()
    return (words[0], words[1:]) if words else None


def read(text: str) -> Read:
    """The description; any of Python's own exceptions where aiortc would stop."""
    session: list[str] = []
    parts: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("m="):
            parts.append([line])
        else:
            (parts[-1] if parts else session).append(line)
    result = Read()
    defaults = _Defaults()
    for line in session:
        _read_session_line(line, result, defaults)
    for lines in parts:
        result.media.append(_read_media(lines, defaults))
    return result


def _read_session_line(line: str, result: Read, defaults: _Defaults) -> None:
    if line.startswith("v="):
        result.version = int(line.strip()[2:])
    elif line.startswith("o="):
        result.origin = line.strip()[2:]
    elif line.startswith("s="):
        result.name = line.strip()[2:]
    elif line.startswith("c="):
        result.host = _address(line[2:])
    elif line.startswith("t="):
        result.time = line.strip()[2:]
    elif line.startswith("a="):
        _read_session_attribute(*_attribute(line), result, defaults)


def _read_session_attribute(
    name: str, value: str | None, result: Read, defaults: _Defaults
) -> None:
    if name == "fingerprint":
        defaults.fingerprints.append(_two(_given(value).split()))
    elif name == "group":
        if group := _words(value):
            result.groups.append((group[0], list(group[1])))
    elif name == "msid-semantic":
        if group := _words(value):
            result.msid_semantic.append(group)
    elif name == "setup":
        defaults.role = _role(value)
    elif name == "ice-ufrag":
        defaults.ufrag = value
    elif name == "ice-pwd":
        defaults.password = value
    elif name == "ice-options":
        defaults.ice_options = value
    elif name == "ice-lite":
        defaults.ice_lite = True


def _read_media(lines: list[str], defaults: _Defaults) -> MediaPart:
    match = _MEDIA_LINE.match(lines[0])
    if match is None:
        raise AssertionError
    kind, formats = match[1], match[4].split()
    if kind in ("audio", "video"):
        numbers = [int(item) for item in formats]
        for number in numbers:
            if not 0 <= number < 256 or number in _RTCP_CLASH:
                raise AssertionError
        formats = [str(number) for number in numbers]
    dtls = Dtls(list(defaults.fingerprints), defaults.role)
    part = MediaPart(
        kind,
        int(match[2]),
        match[3],
        formats,
        dtls,
        defaults.ufrag,
        defaults.password,
        defaults.ice_lite,
        defaults.ice_options,
    )
    later: list[tuple[str, str | None]] = []
    of_codecs = tuple([line for line in lines if line.startswith(_CODEC_STARTS)])
    known = _CODECS.get((kind, of_codecs))
    rest = lines[1:]
    if known is not None:
        rest = [line for line in rest if not line.startswith(_CODEC_STARTS)]
        part.codecs = [codec.copy() for codec in known]
    for line in rest:
        start = line[:2]
        if start == "c=":
            part.host = _address(line[2:])
        elif start == "a=":
            name, value = _attribute(line)
            reader = _READERS.get(name)
            if reader is not None:
                reader(part, value)
            elif name in DIRECTIONS:
                part.direction = name
            elif name in ("fmtp", "rtcp-fb"):
                later.append((name, value))
    if dtls.role is None:
        part.dtls = None
    if later:
        _read_parameters(part, later)
    if known is None and sum(map(len, of_codecs)) <= _LONGEST_KEPT:
        if len(_CODECS) >= _MOST_KEPT:
            _CODECS.clear()
        _CODECS[kind, of_codecs] = [codec.copy() for codec in part.codecs]
    return part


def _read_parameters(part: MediaPart, attributes: list[tuple[str, str | None]]) -> None:
    """What needs the codecs: read in a second pass."""
    numbered: dict[int, list[CodecLine]] = {}
    for codec in part.codecs:
        numbered.setdefault(codec.payload_type, []).append(codec)
    named = {str(number): codecs for number, codecs in numbered.items()}
    named["*"] = part.codecs
    for name, value in attributes:
        if name == "fmtp":
            payload_type, parameters = _two(_given(value).split(" ", 1))
            found = numbered.get(int(payload_type))
            if found is None:
                # next() runs dry inside a coroutine, which Python reports so.
                raise RuntimeError("coroutine raised StopIteration")
            found[0].parameters = read_parameters(parameters)
        else:
            words = _given(value).split(" ", 2)
            for codec in named.get(words[0], ()):
                codec.feedback.append((words[1], words[2] if len(words) > 2 else None))


def read_parameters(text: str) -> Parameters:
    """The parameters of an ``a=fmtp``; ``ValueError`` where a number is none."""
    found: Parameters = {}
    for item in text.split(";"):
        name, equals, value = item.partition("=")
        if not equals:
            found[item] = None
        else:
            found[name] = int(value) if name in _INTEGER_PARAMETERS else value
    return found


def read_candidate(text: str) -> CandidateLine:
    """The value of an ``a=candidate``; ``AssertionError`` or ``ValueError`` as aiortc raises."""
    words = text.split()
    if len(words) < 8:
        raise AssertionError
    component, port, priority = int(words[1]), int(words[5]), int(words[3])
    related: dict[str, str] = {}
    related_port = None
    for position in range(8, len(words) - 1, 2):
        name, value = words[position], words[position + 1]
        if name == "rport":
            related_port = int(value)
        related[name] = value
    return CandidateLine(
        words[0],
        component,
        words[2],
        priority,
        words[4],
        port,
        words[7],
        related.get("raddr"),
        related_port,
        related.get("tcptype"),
    )


# -- attributes of a media section, in the form aiortc expects them --------------------------------


def _candidate(part: MediaPart, value: str | None) -> None:
    part.candidates.append(read_candidate(_given(value)))


def _extmap(part: MediaPart, value: str | None) -> None:
    number, uri = _two(_given(value).split())
    if "/" in number:
        number, _ = _two(number.split("/"))
    part.extensions.append((int(number), uri))


def _fingerprint(part: MediaPart, value: str | None) -> None:
    pair = _two(_given(value).split())
    if part.dtls is not None:
        part.dtls.fingerprints.append(pair)


def _rtcp(part: MediaPart, value: str | None) -> None:
    words = _given(value).split(" ", 1)
    part.rtcp_port = int(words[0])
    if len(words) > 1:
        part.rtcp_host = _address(words[1])


def _rtpmap(part: MediaPart, value: str | None) -> None:
    payload_type, description = _two(_given(value).split(" ", 1))
    words = description.split("/")
    channels = None
    if part.kind == "audio":
        channels = int(words[2]) if len(words) > 2 else 1
    clock_rate = int(words[1])
    name = words[0]
    if "/" in part.kind:
        # aiortc keeps "kind/name" and takes what is between the first two slashes for the name.
        name = part.kind.split("/")[1]
    part.codecs.append(CodecLine(int(payload_type), name, clock_rate, channels))


def _sctpmap(part: MediaPart, value: str | None) -> None:
    number, description = _two(_given(value).split(" ", 1))
    part.sctpmap[int(number)] = description


def _ssrc(part: MediaPart, value: str | None) -> None:
    number, description = _two(_given(value).split(" ", 1))
    ssrc = int(number)
    name, word = _two(description.split(":", 1))
    source = next((item for item in part.sources if item.ssrc == ssrc), None)
    if source is None:
        source = Source(ssrc)
        part.sources.append(source)
    if name in SOURCE_ATTRIBUTES:
        source.values[name] = word


def _ssrc_group(part: MediaPart, value: str | None) -> None:
    if group := _words(value):
        part.groups.append((group[0], [int(word) for word in group[1]]))


def _set(name: str) -> Callable[[MediaPart, str | None], None]:
    def put(part: MediaPart, value: str | None) -> None:
        setattr(part, name, value)

    return put


def _setup(part: MediaPart, value: str | None) -> None:
    role = _role(value)
    if part.dtls is not None:
        part.dtls.role = role


def _sctp_port(part: MediaPart, value: str | None) -> None:
    part.sctp_port = _number(value)


def _max_message_size(part: MediaPart, value: str | None) -> None:
    part.max_message_size = _number(value)


def _rtcp_mux(part: MediaPart, value: str | None) -> None:
    part.rtcp_mux = True


def _end_of_candidates(part: MediaPart, value: str | None) -> None:
    part.end_of_candidates = True


_READERS: dict[str, Callable[[MediaPart, str | None], object]] = {
    "candidate": _candidate,
    "end-of-candidates": _end_of_candidates,
    "extmap": _extmap,
    "fingerprint": _fingerprint,
    "ice-options": _set("ice_options"),
    "ice-pwd": _set("password"),
    "ice-ufrag": _set("ufrag"),
    "max-message-size": _max_message_size,
    "mid": _set("mid"),
    "msid": _set("msid"),
    "rtcp": _rtcp,
    "rtcp-mux": _rtcp_mux,
    "rtpmap": _rtpmap,
    "sctp-port": _sctp_port,
    "sctpmap": _sctpmap,
    "setup": _setup,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
}
