"""A media format in one shape, wherever it comes from, and what makes two of them the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rtckit.jsep.capabilities import RESILIENCY_CODECS, CodecCapability
from rtckit.jsep.matching import av1, h264, h265, vp9
from rtckit.jsep.matching.outcome import Match, Parameters
from rtckit.sdp.rtp import Codec, FormatParameters

__all__ = [
    "Configuration",
    "Match",
    "MediaFormat",
    "Parameters",
    "configuration_of",
    "format_of_capability",
    "format_of_codec",
    "ordered_parameters",
]

Configuration = tuple[object, ...]
"""What a payload type stands for; equal for formats that take each other's packets."""

_CONFIGURATIONS = {
    "h264": h264.configuration,
    "h265": h265.configuration,
    "vp9": vp9.configuration,
    "av1": av1.configuration,
}


class _Identity(NamedTuple):
    name: str
    clock_rate: int
    channels: int | None


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """A payload type and everything said about it.

    Attributes:
        kind: ``audio`` or ``video``.
        payload_type: 0 to 127.
        name: the encoding name as spelt.
        clock_rate: hertz.
        channels: audio channels, 1 where nothing is said (RFC 8866, 6.6); None for video.
        fmtp: the parameters in their order; None for a part without ``=``.
        feedback: the ``rtcp-fb`` values.
        encoding: what follows the payload type in ``a=rtpmap``.
    """

    kind: str
    payload_type: int
    name: str
    clock_rate: int
    channels: int | None
    fmtp: Parameters
    feedback: tuple[str, ...]
    encoding: str

    @property
    def parameters(self) -> FormatParameters:
        """The parameters by name in any case."""
        parameters = FormatParameters()
        for name, value in self.fmtp:
            parameters[name] = value
        return parameters

    @property
    def identity(self) -> tuple[str, int, int | None]:
        """Name in lower case, clock rate, channels: what has to be equal at the least."""
        return _Identity(self.name.lower(), self.clock_rate, self.channels)

    @property
    def is_resiliency(self) -> bool:
        """Whether it only repeats or protects another format."""
        return self.name.lower() in RESILIENCY_CODECS

    @property
    def apt(self) -> int | None:
        """The payload type an ``rtx`` repeats; None without a number (RFC 4588, 8.1)."""
        text = self.parameters.get("apt") or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else None

    @property
    def carried(self) -> tuple[str, ...]:
        """The payload types in the parameters of a ``red``: ``111/111`` (RFC 2198, 5)."""
        text = next((name for name, value in self.fmtp if value is None), "")
        return tuple(text.split("/")) if text else ()

    def __str__(self) -> str:
        return f"{self.payload_type} {self.encoding}"


def ordered_parameters(text: str | None) -> Parameters:
    """The parameters of an ``a=fmtp`` as spelt, in their order; the last of a name counts."""
    found: dict[str, tuple[str, str | None]] = {}
    for part in (text or "").split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if name:
            name = name.rstrip(" \t")
            found[name.lower()] = (name, value.lstrip(" \t") if equals else None)
    return tuple(found.values())


def format_of_codec(kind: str, codec: Codec) -> MediaFormat | None:
    """The format of a codec in a description; None where its number or clock rate is none."""
    if codec.clock_rate is None or not codec.payload_type.isdecimal():
        return None
    return MediaFormat(
        kind,
        int(codec.payload_type),
        codec.name,
        codec.clock_rate,
        codec.channels if kind == "audio" else None,
        ordered_parameters(codec.fmtp_text),
        tuple(codec.rtcp_fb),
        str(codec),
    )


def format_of_capability(codec: CodecCapability) -> MediaFormat:
    """The format a capability would be offered as."""
    return MediaFormat(
        codec.kind,
        codec.payload_type,
        codec.name,
        codec.clock_rate,
        (codec.channels or 1) if codec.kind == "audio" else None,
        codec.fmtp,
        codec.feedback,
        codec.encoding,
    )


def configuration_of(item: MediaFormat, others: Iterable[MediaFormat] = ()) -> Configuration:
    """What a format stands for, whatever its payload type.

    ``others`` are the formats of the same section: the configuration of an ``rtx`` or a ``red``
    contains that of what it repeats or carries. Two formats with the same configuration may share
    a payload type in a bundle (RFC 9143, 9.1.1), and a payload type keeps its configuration for the
    whole session (RFC 3264, 8.3.2).
    """
    return _configuration(item, {other.payload_type: other for other in others}, 2)


def _configuration(
    item: MediaFormat, known: Mapping[int, MediaFormat], depth: int
) -> Configuration:
    name = item.name.lower()
    identity = (item.kind, name, item.clock_rate, item.channels)
    if name in _CONFIGURATIONS:
        return (*identity, *_CONFIGURATIONS[name](item.parameters))
    inner: tuple[object, ...] = ()
    # An rtx of an rtx means nothing, and a hostile one may repeat itself.
    if name == "rtx" and depth:
        inner = (_carried(item.apt, known, depth - 1),)
    elif name == "red" and depth:
        numbers = [
            int(part) if part.isdecimal() and len(part) < 4 else None for part in item.carried
        ]
        inner = tuple(_carried(number, known, depth - 1) for number in numbers)
    return (*identity, *inner)


def _carried(number: int | None, known: Mapping[int, MediaFormat], depth: int) -> Configuration:
    found = None if number is None else known.get(number)
    return (number,) if found is None else _configuration(found, known, depth)
