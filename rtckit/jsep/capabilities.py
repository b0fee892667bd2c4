"""What a peer can send and receive: its codecs, header extensions and limits.

Capabilities are taken from an offer the peer made itself (:meth:`Capabilities.from_offer`), or
stand in a table of its package. Their order is the order of preference.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from rtckit.sdp.document import Document
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec, FormatParameters

__all__ = [
    "DEFAULT_MAX_MESSAGE_SIZE",
    "RESILIENCY_CODECS",
    "Capabilities",
    "CodecCapability",
    "ExtensionCapability",
]

DEFAULT_MAX_MESSAGE_SIZE = 65536
"""The size in bytes that holds where a description says none (RFC 8841, 6.1)."""

RESILIENCY_CODECS = frozenset(("rtx", "red", "ulpfec", "flexfec-03", "flexfec"))
"""Encodings that repeat or protect another one, in lower case; none can stand alone."""

_MEDIA_KINDS = ("audio", "video")


@dataclass(frozen=True, slots=True)
class CodecCapability:
    """A codec with the parameters the peer would offer.

    Attributes:
        kind: ``audio`` or ``video``.
        name: the encoding name, as the peer spells it.
        clock_rate: hertz.
        channels: audio channels; None for video.
        fmtp: the parameters in their order; the value is None for a part without ``=`` (``0-15``
            of telephone-event, ``111/63`` of red). ``apt`` names a payload type of this table.
        feedback: the ``rtcp-fb`` values in their order, such as ``nack pli``.
        payload_type: the number the peer offers it under.
        direction: ``sendrecv``, ``sendonly`` (it can only encode) or ``recvonly``.
        name_channels: whether the peer writes the channels though there is but one.
    """

    kind: str
    name: str
    clock_rate: int
    channels: int | None = None
    fmtp: tuple[tuple[str, str | None], ...] = ()
    feedback: tuple[str, ...] = ()
    payload_type: int = 96
    direction: str = "sendrecv"
    name_channels: bool = False

    @property
    def parameters(self) -> FormatParameters:
        """The parameters by name, as the views of a document have them."""
        parameters = FormatParameters()
        for name, value in self.fmtp:
            parameters[name] = value
        return parameters

    @property
    def fmtp_text(self) -> str:
        """What follows the payload type in ``a=fmtp``; empty without parameters."""
        return ";".join(name if value is None else f"{name}={value}" for name, value in self.fmtp)

    @property
    def encoding(self) -> str:
        """What follows the payload type in ``a=rtpmap``: ``opus/48000/2``, ``VP8/90000``."""
        text = f"{self.name}/{self.clock_rate}"
        if self.channels is None or (self.channels == 1 and not self.name_channels):
            return text
        return f"{text}/{self.channels}"

    @property
    def mime_type(self) -> str:
        """``video/VP8``: the mimeType of RTCRtpCodec."""
        return f"{self.kind}/{self.name}"

    @property
    def apt(self) -> int | None:
        """The payload type in this table that an ``rtx`` repeats (RFC 4588, 8.1)."""
        text = next((value for name, value in self.fmtp if name.lower() == "apt"), None)
        return int(text) if text is not None and text.isascii() and text.isdecimal() else None

    @property
    def is_resiliency(self) -> bool:
        """Whether it only repeats or protects what another codec sends."""
        return self.name.lower() in RESILIENCY_CODECS

    @property
    def sends(self) -> bool:
        """Whether the peer can encode it."""
        return self.direction != "recvonly"

    @property
    def receives(self) -> bool:
        """Whether the peer can decode it."""
        return self.direction != "sendonly"

    def __str__(self) -> str:
        return f"{self.payload_type} {self.encoding}"


@dataclass(frozen=True, slots=True)
class ExtensionCapability:
    """An RTP header extension the peer knows (RFC 8285).

    Attributes:
        kind: ``audio`` or ``video``.
        uri: its name.
        direction: what the peer would do with it in a sendrecv section.
        id: the number the peer offers it under; 0 leaves the choice to the writer.
        attributes: what the peer writes after the URI.
    """

    kind: str
    uri: str
    direction: str = "sendrecv"
    id: int = 0
    attributes: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Everything a peer is able to, in its order of preference.

    Attributes:
        codecs: of both kinds; resiliency codecs stand where the peer puts them.
        extensions: of both kinds.
        max_message_size: the largest data channel message it takes, in bytes; 0 is any size, None
            that it says nothing (RFC 8841, 6).
        sctp_port: the SCTP port it names (RFC 8841, 5).
        extmap_allow_mixed: whether it mixes one- and two-byte header extensions (RFC 8285, 6).
        rtcp_rsize: whether it takes reduced-size RTCP (RFC 5506, 5).
        cryptex: whether it encrypts header extensions whole (draft-ietf-avtcore-cryptex, 4).
        simulcast: whether it can send simulcast (RFC 8853).
        simulcast_receive: whether it can receive simulcast, as an SFU does.
    """

    codecs: tuple[CodecCapability, ...] = ()
    extensions: tuple[ExtensionCapability, ...] = ()
    max_message_size: int | None = DEFAULT_MAX_MESSAGE_SIZE
    sctp_port: int = 5000
    extmap_allow_mixed: bool = True
    rtcp_rsize: bool = True
    cryptex: bool = False
    simulcast: bool = True
    simulcast_receive: bool = False

    def codecs_of(self, kind: str) -> list[CodecCapability]:
        """The codecs of one kind, the preferred first."""
        return [codec for codec in self.codecs if codec.kind == kind]

    def extensions_of(self, kind: str) -> list[ExtensionCapability]:
        """The header extensions of one kind, in order."""
        return [extension for extension in self.extensions if extension.kind == kind]

    def find_codec(self, kind: str, payload_type: int) -> CodecCapability | None:
        """The codec of a kind under this payload type, or None."""
        for codec in self.codecs:
            if codec.kind == kind and codec.payload_type == payload_type:
                return codec
        return None

    @classmethod
    def from_offer(cls, document: Document) -> Self:
        """What the writer of an offer is able to, as far as the offer shows it.

        Best taken from an offer with an audio, a video and a data section, each ``sendrecv``. A
        codec found only in ``recvonly`` sections is one that can only be decoded, and so for
        ``sendonly``; what stands in several sections is taken once. Rejected sections say nothing.
        Whether simulcast can be sent shows only in the extension for rids.
        """
        seen = _Seen()
        for media in document.media:
            if media.kind in _MEDIA_KINDS and media.is_rtp and not media.rejected:
                seen.add_media(media)
        uris = {extension.uri for extension in seen.extensions.values()}
        data = next((media for media in document.media if media.is_data), None)
        rtp = [media for media in document.media if media.is_rtp]
        return cls(
            codecs=tuple(seen.codecs.values()),
            extensions=tuple(seen.extensions.values()),
            max_message_size=DEFAULT_MAX_MESSAGE_SIZE if data is None else data.max_message_size,
            sctp_port=5000 if data is None or data.sctp_port is None else data.sctp_port,
            extmap_allow_mixed=any(media.extmap_allow_mixed for media in rtp),
            rtcp_rsize=any(media.rtcp_rsize for media in rtp),
            cryptex=any(media.has("cryptex") for media in rtp) or document.session.has("cryptex"),
            simulcast="urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in uris,
            simulcast_receive=any(
                media.simulcast is not None and media.simulcast.recv for media in rtp
            ),
        )


@dataclass(slots=True)
class _Seen:
    """Codecs and extensions of the sections so far, by what makes them the same."""

    codecs: dict[tuple[object, ...], CodecCapability] = field(default_factory=dict)
    extensions: dict[tuple[str, str], ExtensionCapability] = field(default_factory=dict)

    def add_media(self, media: MediaSection) -> None:
        direction = "sendrecv" if media.direction == "inactive" else media.direction
        named = {
            (attribute.value or "").partition(" ")[0]
            for attribute in media.find_all("rtpmap")
            if (attribute.value or "").rstrip(" ").endswith("/1")
        }
        for codec in media.codecs:
            capability = _capability(codec, media.kind, direction, codec.payload_type in named)
            if capability is None:
                continue
            key = (media.kind, capability.encoding.lower(), capability.fmtp, codec.payload_type)
            known = self.codecs.get(key)
            self.codecs[key] = capability if known is None else _joined(known, capability)
        for extension in media.extmap:
            self.extensions.setdefault(
                (media.kind, extension.uri),
                ExtensionCapability(
                    media.kind,
                    extension.uri,
                    extension.direction or "sendrecv",
                    extension.id,
                    extension.attributes,
                ),
            )


def _capability(
    codec: Codec, kind: str, direction: str, name_channels: bool
) -> CodecCapability | None:
    if codec.clock_rate is None or not codec.payload_type.isdecimal():
        return None
    fmtp: Iterable[tuple[str, str | None]] = ()
    if codec.fmtp_text is not None:
        fmtp = _ordered_parameters(codec.fmtp_text)
    return CodecCapability(
        kind,
        codec.name,
        codec.clock_rate,
        codec.channels,
        tuple(fmtp),
        tuple(codec.rtcp_fb),
        int(codec.payload_type),
        direction,
        name_channels,
    )


def _ordered_parameters(text: str) -> Iterable[tuple[str, str | None]]:
    """The parameters as spelt, in their order; `FormatParameters` lowers the names."""
    for part in text.split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if name:
            yield name.rstrip(" \t"), value.lstrip(" \t") if equals else None


def _joined(one: CodecCapability, other: CodecCapability) -> CodecCapability:
    """One codec of two sections: what can be done in either."""
    if one.direction == other.direction:
        return one
    return replace(one, direction="sendrecv")
