"""A media format in one shape, wherever it comes from, and what makes two of them the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rtckit.jsep.capabilities import RESILIENCY_CODECS, CodecCapability
from rtckit.jsep.matching import av1, h264, h265, vp9
from rtckit.jsep.matching.outcome import Match, Parameters
from rtckit.sdp.rtp import Codec, FormatParameters

__all__ = [
    "Configuration",
    "Formats",
    "Match",
    "MediaFormat",
    "Parameters",
    "as_formats",
    "configuration_among",
    "configuration_of",
    "configurations_of",
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
        parameters: ``fmtp`` by name in any case; not to be changed.
        identity: name in lower case, clock rate, channels: what has to be equal at the least.
        apt: the payload type an ``rtx`` repeats; None without a number (RFC 4588, 8.1).
    """

    kind: str
    payload_type: int
    name: str
    clock_rate: int
    channels: int | None
    fmtp: Parameters
    feedback: tuple[str, ...]
    encoding: str

    parameters: FormatParameters = field(init=False, repr=False, compare=False)
    identity: tuple[str, int, int | None] = field(init=False, repr=False, compare=False)
    apt: int | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parameters = _by_name(self.fmtp)
        text = parameters.get("apt") or ""
        number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else None
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "identity", (self.name.lower(), self.clock_rate, self.channels))
        object.__setattr__(self, "apt", number)

    def __hash__(self) -> int:
        # The rest hardly ever tells two of them apart, and hashing it takes long.
        return hash((self.payload_type, self.encoding))

    @property
    def is_resiliency(self) -> bool:
        """Whether it only repeats or protects another format."""
        return self.name.lower() in RESILIENCY_CODECS

    @property
    def carried(self) -> tuple[str, ...]:
        """The payload types in the parameters of a ``red``: ``111/111`` (RFC 2198, 5)."""
        text = next((name for name, value in self.fmtp if value is None), "")
        return tuple(text.split("/")) if text else ()

    def __str__(self) -> str:
        return f"{self.payload_type} {self.encoding}"


class Formats(tuple[MediaFormat, ...]):
    """The formats of a section, in order; hashed once, for much is remembered by them."""

    _hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = super().__hash__()
        return self._hash


def as_formats(items: Iterable[MediaFormat]) -> Formats:
    """Formats of a section as `Formats`."""
    return items if isinstance(items, Formats) else Formats(items)


@lru_cache(maxsize=1024)
def _by_name(fmtp: Parameters) -> FormatParameters:
    parameters = FormatParameters()
    for name, value in fmtp:
        parameters[name] = value
    return parameters


@lru_cache(maxsize=1024)
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
    return _format(
        kind,
        int(codec.payload_type),
        codec.name,
        codec.clock_rate,
        codec.channels if kind == "audio" else None,
        codec.fmtp_text,
        tuple(codec.rtcp_fb),
        str(codec),
    )


@lru_cache(maxsize=2048)
def _format(
    kind: str,
    payload_type: int,
    name: str,
    clock_rate: int,
    channels: int | None,
    fmtp: str | None,
    feedback: tuple[str, ...],
    encoding: str,
) -> MediaFormat:
    """Descriptions repeat each other's lines: what was read once is kept."""
    parameters = ordered_parameters(fmtp)
    return MediaFormat(
        kind, payload_type, name, clock_rate, channels, parameters, feedback, encoding
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


def configuration_of(
    item: MediaFormat, others: Iterable[MediaFormat] = (), *, numbered: bool = True
) -> Configuration:
    """What a format stands for, whatever its payload type.

    ``others`` are the formats of the same section: the configuration of an ``rtx`` or a ``red``
    contains that of what it repeats or carries, and, unless ``numbered`` is False, the number it
    has there. Two formats with the same configuration may share a payload type in a bundle (RFC
    9143, 9.1.1), and a payload type keeps its configuration for the whole session (RFC 3264,
    8.3.2).
    """
    if item.identity[0] not in ("rtx", "red"):
        return _configuration(item, {}, 0, numbered)
    return configuration_among(item, {other.payload_type: other for other in others}, numbered)


def configuration_among(
    item: MediaFormat, others: Mapping[int, MediaFormat], numbered: bool = True
) -> Configuration:
    """`configuration_of`, of one whose section is at hand by payload type."""
    return _configuration(item, others, 2, numbered)


@lru_cache(maxsize=256)
def configurations_of(formats: Formats) -> tuple[Configuration, ...]:
    """What each format of a section stands for."""
    return tuple(configuration_of(item, formats) for item in formats)


def _configuration(
    item: MediaFormat, known: Mapping[int, MediaFormat], depth: int, numbered: bool
) -> Configuration:
    name = item.identity[0]
    identity = (item.kind, *item.identity)
    if name in _CONFIGURATIONS:
        return identity + _parameters_configuration(name, item.fmtp)
    numbers: list[int | None] = []
    # An rtx of an rtx means nothing, and a hostile one may repeat itself.
    if name == "rtx" and depth:
        numbers = [item.apt]
    elif name == "red" and depth:
        numbers = [
            int(part) if part.isdecimal() and len(part) < 4 else None for part in item.carried
        ]
    inner: list[Configuration] = []
    for number in numbers:
        found = None if number is None else known.get(number)
        inside = () if found is None else _configuration(found, known, depth - 1, numbered)
        inner.append((number, inside) if numbered or found is None else (inside,))
    return (*identity, *inner)


@lru_cache(maxsize=1024)
def _parameters_configuration(name: str, fmtp: Parameters) -> tuple[object, ...]:
    return _CONFIGURATIONS[name](_by_name(fmtp))
