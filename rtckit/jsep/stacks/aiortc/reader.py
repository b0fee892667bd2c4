"""How aiortc reads a description: what it looks at, in which order, and where Python stops it.

Errors are ordinary Python exceptions on purpose: their names and texts are the prediction. What
aiortc does not look at (line order, unknown attributes, most values) is not looked at here either.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["CandidateLine", "CodecLine", "MediaPart", "Read", "read"]

_MEDIA_LINE = re.compile(r"m=([^ ]+) ([0-9]+) ([A-Z/]+) (.+)$")
_ADDRESS = re.compile(r"IN (?:IP4|IP6) ([^ ]+)$")
_DIRECTIONS = ("inactive", "sendonly", "recvonly", "sendrecv")
_ROLES = {"actpass": "auto", "active": "client", "passive": "server"}
# RFC 5761, 4: payload types that would be taken for RTCP.
_RTCP_CLASH = range(72, 77)
_INTEGER_PARAMETERS = frozenset(
    ("apt", "max-fr", "max-fs", "maxplaybackrate", "minptime", "stereo", "useinbandfec")
)


@dataclass(slots=True)
class CodecLine:
    """One ``a=rtpmap``, with what later ``a=fmtp`` lines add."""

    payload_type: int
    name: str
    clock_rate: int
    parameters: dict[str, str | int | None] = field(default_factory=dict)

    @property
    def is_rtx(self) -> bool:
        """Whether it repeats another codec's packets."""
        return self.name.lower() == "rtx"


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """The parts of ``a=candidate`` that decide whether aiortc takes it."""

    address: str
    type: str


@dataclass(slots=True)
class MediaPart:
    """A media section as aiortc keeps it.

    ``role`` is auto, client or server, and None without ``a=setup``, when aiortc keeps no DTLS
    parameters at all.
    """

    kind: str
    protocol: str
    formats: list[str]
    role: str | None
    ufrag: str | None
    password: str | None
    mid: str = ""
    direction: str | None = None
    rtcp_mux: bool = False
    sctp_port: int | None = None
    end_of_candidates: bool = False
    codecs: list[CodecLine] = field(default_factory=list)
    candidates: list[CandidateLine] = field(default_factory=list)


@dataclass(slots=True)
class Read:
    """A description as aiortc keeps it; ``groups`` are (semantics, members)."""

    media: list[MediaPart] = field(default_factory=list)
    groups: list[tuple[str, list[str]]] = field(default_factory=list)


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


def _group(groups: list[tuple[str, list[str]]], value: str | None) -> None:
    words = _given(value).split()
    if words:
        groups.append((words[0], words[1:]))


def _check_integers(value: str) -> None:
    """An ``a=ssrc-group``: every member is read as a number."""
    for word in value.split()[1:]:
        int(word)


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
    defaults: dict[str, str | None] = {"role": None, "ice-ufrag": None, "ice-pwd": None}
    for line in session:
        _read_session_line(line, result, defaults)
    for lines in parts:
        result.media.append(_read_media(lines, defaults))
    return result


def _read_session_line(line: str, result: Read, defaults: dict[str, str | None]) -> None:
    if line.startswith("v="):
        int(line.strip()[2:])
    elif line.startswith("c="):
        _address(line[2:])
    elif line.startswith("a="):
        name, value = _attribute(line)
        if name == "fingerprint":
            _two(_given(value).split())
        elif name == "group":
            _group(result.groups, value)
        elif name == "msid-semantic":
            _group([], value)
        elif name == "setup":
            defaults["role"] = _role(value)
        elif name in ("ice-ufrag", "ice-pwd"):
            defaults[name] = value


def _read_media(lines: list[str], defaults: dict[str, str | None]) -> MediaPart:
    match = _MEDIA_LINE.match(lines[0])
    if match is None:
        raise AssertionError
    kind, formats = match[1], match[4].split()
    if kind in ("audio", "video"):
        for number in [int(item) for item in formats]:
            if not 0 <= number < 256 or number in _RTCP_CLASH:
                raise AssertionError
    int(match[2])
    part = MediaPart(
        kind, match[3], formats, defaults["role"], defaults["ice-ufrag"], defaults["ice-pwd"]
    )
    for line in lines[1:]:
        if line.startswith("c="):
            _address(line[2:])
        elif line.startswith("a="):
            name, value = _attribute(line)
            reader = _READERS.get(name)
            if reader is not None:
                reader(part, value)
            elif name in _DIRECTIONS:
                part.direction = name
    _read_parameters(part, lines[1:])
    return part


def _read_parameters(part: MediaPart, lines: list[str]) -> None:
    """What needs the codecs: read in a second pass."""
    for line in lines:
        if not line.startswith("a="):
            continue
        name, value = _attribute(line)
        if name == "fmtp":
            payload_type, parameters = _two(_given(value).split(" ", 1))
            number = int(payload_type)
            codec = next((item for item in part.codecs if item.payload_type == number), None)
            if codec is None:
                # next() runs dry inside a coroutine, which Python reports so.
                raise RuntimeError("coroutine raised StopIteration")
            codec.parameters = _parameters(parameters)
        elif name == "rtcp-fb":
            words = _given(value).split(" ", 2)
            for codec in part.codecs:
                if words[0] in ("*", str(codec.payload_type)):
                    words[1]


def _parameters(text: str) -> dict[str, str | int | None]:
    found: dict[str, str | int | None] = {}
    for item in text.split(";"):
        name, equals, value = item.partition("=")
        if not equals:
            found[item] = None
        else:
            found[name] = int(value) if name in _INTEGER_PARAMETERS else value
    return found


# -- attributes of a media section, in the form aiortc expects them --------------------------------


def _candidate(part: MediaPart, value: str | None) -> None:
    words = _given(value).split()
    if len(words) < 8:
        raise AssertionError
    int(words[1])
    int(words[5])
    int(words[3])
    for position in range(8, len(words) - 1, 2):
        if words[position] == "rport":
            int(words[position + 1])
    part.candidates.append(CandidateLine(words[4], words[7]))


def _extmap(part: MediaPart, value: str | None) -> None:
    number, _ = _two(_given(value).split())
    if "/" in number:
        number, _ = _two(number.split("/"))
    int(number)


def _fingerprint(part: MediaPart, value: str | None) -> None:
    _two(_given(value).split())


def _rtcp(part: MediaPart, value: str | None) -> None:
    words = _given(value).split(" ", 1)
    int(words[0])
    if len(words) > 1:
        _address(words[1])


def _rtpmap(part: MediaPart, value: str | None) -> None:
    payload_type, description = _two(_given(value).split(" ", 1))
    words = description.split("/")
    if part.kind == "audio" and len(words) > 2:
        int(words[2])
    clock_rate = int(words[1])
    part.codecs.append(CodecLine(int(payload_type), words[0], clock_rate))


def _sctpmap(part: MediaPart, value: str | None) -> None:
    number, _ = _two(_given(value).split(" ", 1))
    int(number)


def _ssrc(part: MediaPart, value: str | None) -> None:
    number, description = _two(_given(value).split(" ", 1))
    int(number)
    _two(description.split(":", 1))


def _set(name: str) -> Callable[[MediaPart, str | None], None]:
    def put(part: MediaPart, value: str | None) -> None:
        setattr(part, name, value)

    return put


def _setup(part: MediaPart, value: str | None) -> None:
    part.role = _role(value)


def _sctp_port(part: MediaPart, value: str | None) -> None:
    part.sctp_port = _number(value)


def _rtcp_mux(part: MediaPart, value: str | None) -> None:
    part.rtcp_mux = True


def _end_of_candidates(part: MediaPart, value: str | None) -> None:
    part.end_of_candidates = True


_READERS: dict[str, Callable[[MediaPart, str | None], object]] = {
    "candidate": _candidate,
    "end-of-candidates": _end_of_candidates,
    "extmap": _extmap,
    "fingerprint": _fingerprint,
    "ice-pwd": _set("password"),
    "ice-ufrag": _set("ufrag"),
    "max-message-size": lambda part, value: _number(value),
    "mid": _set("mid"),
    "rtcp": _rtcp,
    "rtcp-mux": _rtcp_mux,
    "rtpmap": _rtpmap,
    "sctp-port": _sctp_port,
    "sctpmap": _sctpmap,
    "setup": _setup,
    "ssrc": _ssrc,
    "ssrc-group": lambda part, value: _check_integers(_given(value)),
}
