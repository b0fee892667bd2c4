"""What a description says about RTP: codecs, header extensions, sources, encodings, streams.

Each ``parse_`` takes the text of a value and where it begins, and raises only
:class:`~rtckit.core.errors.ParseError`. Payload types, rids and stream ids stay text.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.sdp.grammar import ATTRIBUTES, DIRECTIONS
from rtckit.sdp.lines import BLANKS, Span, fault, read_integer, words

__all__ = [
    "STATIC_PAYLOAD_TYPES",
    "Codec",
    "ExtMap",
    "FormatParameters",
    "Msid",
    "MsidSemantic",
    "Rid",
    "RtpMap",
    "Simulcast",
    "SimulcastStream",
    "SsrcAttribute",
    "SsrcGroup",
    "StaticPayloadType",
    "XrBlock",
    "parse_extmap",
    "parse_format_parameters",
    "parse_msid",
    "parse_msid_semantic",
    "parse_rid",
    "parse_rtcp_xr",
    "parse_rtpmap",
    "parse_simulcast",
    "parse_ssrc",
    "parse_ssrc_group",
]

_RTPMAP = re.compile(
    r"([0-9]|[1-9][0-9]|1[01][0-9]|12[0-7]) ([^ \t/]+)"
    r"/([1-9][0-9]{0,9})(?:/([1-9][0-9]{0,9}))?[ \t]*"
)
_ENCODING_NAME = re.compile(r"[^ \t/]+")
_POSITIVE = re.compile(r"[1-9][0-9]{0,9}")


class FormatParameters(dict[str, str | None]):
    """Parameters of ``a=fmtp``: media type parameters, whose names compare without case.

    Names are kept in lower case and looked up in any; a part without ``=`` has the value None
    (``0-15`` of telephone-event, ``111/111`` of red).
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> str | None:
        return super().__getitem__(name.lower())

    def __setitem__(self, name: str, value: str | None) -> None:
        super().__setitem__(name.lower(), value)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """The value of ``name`` in any case, or ``default``."""
        return super().get(name.lower(), default)


class RtpMap(NamedTuple):
    """``a=rtpmap`` (RFC 8866, 6.6); ``channels`` is None where the line has no third part."""

    payload_type: str
    name: str
    clock_rate: int
    channels: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Codec:
    """What a payload type stands for.

    ``clock_rate`` is in hertz. ``channels`` counts audio channels (one where the description says
    nothing: RFC 8866, 6.6) and is None for video. ``rtcp_fb`` holds the feedback for this payload
    type and that for ``*``. ``span`` is the rtpmap's value, or the payload type in the media line
    for a static one.
    """

    payload_type: str
    name: str
    clock_rate: int | None
    channels: int | None
    fmtp: FormatParameters
    rtcp_fb: list[str]
    span: Span
    fmtp_text: str | None = None
    static: bool = False

    @property
    def apt(self) -> str | None:
        """The payload type an ``rtx`` repeats (RFC 4588, 8.1)."""
        return self.fmtp.get("apt")

    def __str__(self) -> str:
        text = f"{self.name}/{self.clock_rate}" if self.clock_rate else self.name
        return f"{text}/{self.channels}" if self.channels and self.channels > 1 else text


class StaticPayloadType(NamedTuple):
    """A payload type that needs no rtpmap; ``channels`` is None for video and where it varies."""

    name: str
    clock_rate: int
    channels: int | None


STATIC_PAYLOAD_TYPES: dict[str, StaticPayloadType] = {
    "0": StaticPayloadType("PCMU", 8000, 1),
    "3": StaticPayloadType("GSM", 8000, 1),
    "4": StaticPayloadType("G723", 8000, 1),
    "5": StaticPayloadType("DVI4", 8000, 1),
    "6": StaticPayloadType("DVI4", 16000, 1),
    "7": StaticPayloadType("LPC", 8000, 1),
    "8": StaticPayloadType("PCMA", 8000, 1),
    "9": StaticPayloadType("G722", 8000, 1),
    "10": StaticPayloadType("L16", 44100, 2),
    "11": StaticPayloadType("L16", 44100, 1),
    "12": StaticPayloadType("QCELP", 8000, 1),
    "13": StaticPayloadType("CN", 8000, 1),
    "14": StaticPayloadType("MPA", 90000, None),
    "15": StaticPayloadType("G728", 8000, 1),
    "16": StaticPayloadType("DVI4", 11025, 1),
    "17": StaticPayloadType("DVI4", 22050, 1),
    "18": StaticPayloadType("G729", 8000, 1),
    "25": StaticPayloadType("CelB", 90000, None),
    "26": StaticPayloadType("JPEG", 90000, None),
    "28": StaticPayloadType("nv", 90000, None),
    "31": StaticPayloadType("H261", 90000, None),
    "32": StaticPayloadType("MPV", 90000, None),
    "33": StaticPayloadType("MP2T", 90000, None),
    "34": StaticPayloadType("H263", 90000, None),
}
"""RFC 3551, 6, tables 4 and 5."""


class ExtMap(NamedTuple):
    """An RTP header extension (RFC 8285, 5); ``direction`` is None where the line has none."""

    id: int
    uri: str
    direction: str | None
    attributes: str
    span: Span


class SsrcAttribute(NamedTuple):
    """``a=ssrc`` (RFC 5576, 4.1): one property of one source; ``value`` is None for a flag."""

    ssrc: int
    attribute: str
    value: str | None
    span: Span


class SsrcGroup(NamedTuple):
    """``a=ssrc-group`` (RFC 5576, 4.2): ``FID`` is media and its retransmission, ``SIM`` layers."""

    semantics: str
    ssrcs: tuple[int, ...]
    span: Span


class Msid(NamedTuple):
    """``a=msid`` (RFC 8830, 2): stream (``-`` for none) and track; the track may be left out."""

    stream: str
    track: str | None
    span: Span


class MsidSemantic(NamedTuple):
    """The legacy ``a=msid-semantic``: ``WMS`` and the streams, ``*`` for all."""

    semantic: str
    streams: tuple[str, ...]
    span: Span


class XrBlock(NamedTuple):
    """One block of RTCP extended reports that is wanted (RFC 3611, 5.1).

    ``value`` is what follows the ``=``, such as ``all`` of ``rcvr-rtt`` or a size in bytes.
    """

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Rid:
    """``a=rid`` (RFC 8851, 4): one encoding, the payload types it may use, and its limits."""

    id: str
    direction: str
    payload_types: tuple[str, ...]
    restrictions: dict[str, str | None]
    span: Span = field(compare=False)


class SimulcastStream(NamedTuple):
    """One alternative of one simulcast stream; ``paused`` is the ``~`` before the rid."""

    rid: str
    paused: bool


class Simulcast(NamedTuple):
    """``a=simulcast`` (RFC 8853, 5.1): for each direction the streams, each a list of alternatives.

    ``text`` is the value as written.
    """

    send: tuple[tuple[SimulcastStream, ...], ...]
    recv: tuple[tuple[SimulcastStream, ...], ...]
    text: str
    span: Span


def parse_rtpmap(value: str, line: int = 1, column: int = 1) -> RtpMap:
    """Read the value of ``a=rtpmap``."""
    found = _RTPMAP.fullmatch(value)
    if found is None:
        raise _rtpmap_fault(value, line, column)
    payload_type, name, clock_rate, channels = found.groups()
    span = Span(line, column, column + len(value))
    return RtpMap(payload_type, name, int(clock_rate), int(channels) if channels else None, span)


def _rtpmap_fault(value: str, line: int, column: int) -> ParseError:
    """What is wrong with the value of an ``a=rtpmap``, and where."""
    payload_type, space, encoding = value.rstrip(BLANKS).partition(" ")
    number = read_integer(payload_type, 127)
    if number is None or payload_type != str(number):
        return fault(f"payload type {payload_type[:40]!r}", line, column, "0 to 127")
    column += len(payload_type) + len(space)
    parts = encoding.split("/")
    if space and len(parts) >= 2 and _ENCODING_NAME.fullmatch(parts[0]):
        column += len(parts[0]) + 1
        if not _POSITIVE.fullmatch(parts[1]):
            return fault(f"clock rate {parts[1][:40]!r}", line, column, "hertz")
        if len(parts) == 3:
            column += len(parts[1]) + 1
            return fault(f"channels {parts[2][:40]!r}", line, column, "a number of channels")
    return fault(f"encoding {encoding[:40]!r}", line, column, ATTRIBUTES["rtpmap"].form)


def parse_format_parameters(text: str) -> FormatParameters:
    """Read what follows the format in ``a=fmtp``; never raises, for any text is some parameters.

    Where a name repeats, the last value counts.
    """
    parameters = FormatParameters()
    for part in text.split(";"):
        name, equals, value = part.strip(BLANKS).partition("=")
        if name:
            parameters[name.rstrip(BLANKS)] = value.lstrip(BLANKS) if equals else None
    return parameters


def parse_extmap(value: str, line: int = 1, column: int = 1) -> ExtMap:
    """Read the value of ``a=extmap``; the id may be any number of up to five digits."""
    entry, space, rest = value.rstrip(BLANKS).partition(" ")
    text, slash, direction = entry.partition("/")
    number = read_integer(text, 99999)
    form = ATTRIBUTES["extmap"].form
    if number is None:
        raise fault(f"extension id {text[:40]!r}", line, column, form)
    if slash and direction not in DIRECTIONS:
        at = column + len(text) + 1
        raise fault(f"extension direction {direction[:40]!r}", line, at, "|".join(DIRECTIONS))
    uri, _, attributes = rest.partition(" ")
    if not space or not uri:
        raise fault("extension without a URI", line, column + len(entry), form)
    span = Span(line, column, column + len(value))
    return ExtMap(number, uri, direction or None, attributes, span)


def parse_ssrc(value: str, line: int = 1, column: int = 1) -> SsrcAttribute:
    """Read the value of ``a=ssrc``."""
    text, space, attribute = value.rstrip(BLANKS).partition(" ")
    ssrc = read_integer(text, 0xFFFF_FFFF)
    if ssrc is None:
        raise fault(f"ssrc {text[:40]!r}", line, column, "a number below 2^32")
    name, colon, content = attribute.partition(":")
    if not space or not name:
        raise fault("ssrc without an attribute", line, column, ATTRIBUTES["ssrc"].form)
    span = Span(line, column, column + len(value))
    return SsrcAttribute(ssrc, name, content if colon else None, span)


def parse_ssrc_group(value: str, line: int = 1, column: int = 1) -> SsrcGroup:
    """Read the value of ``a=ssrc-group``."""
    semantics, *members = words(value) or [""]
    ssrcs = [read_integer(member, 0xFFFF_FFFF) for member in members]
    known = tuple(ssrc for ssrc in ssrcs if ssrc is not None)
    if not semantics or len(known) != len(ssrcs):
        raise fault(f"ssrc-group {value[:40]!r}", line, column, ATTRIBUTES["ssrc-group"].form)
    return SsrcGroup(semantics, known, Span(line, column, column + len(value)))


def parse_msid(value: str, line: int = 1, column: int = 1) -> Msid:
    """Read the value of ``a=msid``."""
    parts = words(value)
    if not 1 <= len(parts) <= 2:
        raise fault(f"msid of {len(parts)} parts", line, column, ATTRIBUTES["msid"].form)
    track = parts[1] if len(parts) == 2 else None
    return Msid(parts[0], track, Span(line, column, column + len(value)))


def parse_msid_semantic(value: str, line: int = 1, column: int = 1) -> MsidSemantic:
    """Read the value of ``a=msid-semantic``; browsers write a space before it."""
    semantic, *streams = words(value) or [""]
    if not semantic:
        form = ATTRIBUTES["msid-semantic"].form
        raise fault("msid-semantic without a semantic", line, column, form)
    return MsidSemantic(semantic, tuple(streams), Span(line, column, column + len(value)))


def parse_rtcp_xr(value: str, line: int = 1, column: int = 1) -> tuple[XrBlock, ...]:
    """Read the value of ``a=rtcp-xr``; it may name no block at all."""
    blocks = []
    for found in re.finditer(r"[^ \t]+", value):
        name, equals, content = found[0].partition("=")
        at = column + found.start()
        if not name or (equals and not content):
            raise fault(f"XR block {found[0][:40]!r}", line, at, ATTRIBUTES["rtcp-xr"].form)
        span = Span(line, at, at + len(found[0]))
        blocks.append(XrBlock(name, content if equals else None, span))
    return tuple(blocks)


def parse_rid(value: str, line: int = 1, column: int = 1) -> Rid:
    """Read the value of ``a=rid``; ``pt=`` may stand anywhere among the parameters."""
    parts = value.strip(BLANKS).split(" ", 2)
    if len(parts) < 2 or parts[1] not in ("send", "recv"):
        raise fault(f"rid {value[:40]!r}", line, column, ATTRIBUTES["rid"].form)
    restrictions: dict[str, str | None] = {}
    payload_types: tuple[str, ...] = ()
    for part in parts[2].split(";") if len(parts) == 3 else ():
        name, equals, content = part.strip(BLANKS).partition("=")
        if name == "pt":
            payload_types = tuple(content.split(","))
        elif name:
            restrictions[name] = content if equals else None
    return Rid(
        parts[0], parts[1], payload_types, restrictions, Span(line, column, column + len(value))
    )


def parse_simulcast(value: str, line: int = 1, column: int = 1) -> Simulcast:
    """Read the value of ``a=simulcast``.

    The ``rid=`` that drafts put before the list is passed over; the ``pt=`` form of older drafts
    names payload types and is not read.
    """
    tokens = words(value)
    form = ATTRIBUTES["simulcast"].form
    found: dict[str, tuple[tuple[SimulcastStream, ...], ...]] = {}
    if len(tokens) not in (2, 4):
        raise fault(f"simulcast of {len(tokens)} parts", line, column, form)
    for direction, text in zip(tokens[::2], tokens[1::2], strict=True):
        if direction not in ("send", "recv") or direction in found:
            raise fault(
                f"simulcast direction {direction[:40]!r}", line, column, "send or recv, once"
            )
        streams = tuple(
            tuple(
                SimulcastStream(rid.removeprefix("~"), rid.startswith("~"))
                for rid in alternatives.split(",")
            )
            for alternatives in text.removeprefix("rid=").split(";")
        )
        if "=" in text.removeprefix("rid=") or any(
            not stream.rid for alternatives in streams for stream in alternatives
        ):
            raise fault(f"simulcast list {text[:40]!r}", line, column, form)
        found[direction] = streams
    span = Span(line, column, column + len(value))
    return Simulcast(found.get("send", ()), found.get("recv", ()), value.strip(BLANKS), span)
