"""What a description says of each section, as far as a negotiation is about it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rtckit.core.errors import ParseError
from rtckit.sdp.comparison import Diff, diff
from rtckit.sdp.document import Document, parse
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Simulcast

__all__ = ["OutlinedCodec", "SectionOutline", "compare_texts", "outline"]

_PROTECTING = frozenset(("rtx", "red", "ulpfec", "flexfec", "flexfec-03", "cn", "telephone-event"))


@dataclass(frozen=True, slots=True)
class OutlinedCodec:
    """A codec of a section.

    Attributes:
        payload_type: its number, as written.
        encoding: ``opus/48000/2``.
        is_media: whether media can be sent in it alone: no repair, no tones, no comfort noise.
    """

    payload_type: str
    encoding: str
    is_media: bool


@dataclass(frozen=True, slots=True)
class SectionOutline:
    """A media section in short.

    Attributes:
        index: its place, from 0.
        kind: ``audio``, ``video``, or ``data`` for data channels; else as written.
        mid: its mid, if any.
        rejected: port zero, and not only for BUNDLE.
        direction: as its writer sees it.
        setup: the DTLS role.
        bundled: whether it is in a BUNDLE group.
        codecs: in order.
        send_rids: simulcast layers its writer sends.
        receive_rids: simulcast layers its writer receives.
        credentials: ufrag and password in force for it; None where they are missing.
    """

    index: int
    kind: str
    mid: str | None
    rejected: bool
    direction: str
    setup: str | None
    bundled: bool
    codecs: tuple[OutlinedCodec, ...]
    send_rids: tuple[str, ...]
    receive_rids: tuple[str, ...]
    credentials: tuple[str, str] | None

    def to_dict(self) -> dict[str, Any]:
        """As plain data, without the password."""
        return {
            "index": self.index,
            "kind": self.kind,
            "mid": self.mid,
            "rejected": self.rejected,
            "direction": self.direction,
            "setup": self.setup,
            "bundled": self.bundled,
            "codecs": [f"{codec.payload_type} {codec.encoding}" for codec in self.codecs],
            "send_rids": list(self.send_rids),
            "receive_rids": list(self.receive_rids),
        }


@lru_cache(maxsize=64)
def _document(sdp: str) -> Document | None:
    try:
        return parse(sdp)
    except ParseError:
        return None


@lru_cache(maxsize=256)
def outline(sdp: str) -> tuple[SectionOutline, ...]:
    """The sections of a text; none when it is no description."""
    document = _document(sdp)
    if document is None:
        return ()
    return tuple(_section(document, media) for media in document.media)


def _section(document: Document, media: MediaSection) -> SectionOutline:
    carrier = document.transport_of(media)
    ufrag, pwd = carrier.ice_ufrag, carrier.ice_pwd
    simulcast = media.simulcast
    return SectionOutline(
        media.index,
        "data" if media.is_data else media.kind,
        media.mid,
        media.rejected,
        media.direction,
        media.setup,
        media.mid is not None and any(media.mid in group.mids for group in document.groups),
        tuple(
            OutlinedCodec(
                codec.payload_type,
                _encoding(codec.name, codec.clock_rate, codec.channels),
                codec.name.lower() not in _PROTECTING,
            )
            for codec in media.codecs
        )
        if media.is_rtp
        else (),
        _rids(simulcast, "send"),
        _rids(simulcast, "recv"),
        (ufrag, pwd) if ufrag and pwd else None,
    )


def _encoding(name: str, clock_rate: int | None, channels: int | None) -> str:
    text = name if clock_rate is None else f"{name}/{clock_rate}"
    return f"{text}/{channels}" if channels not in (None, 1) else text


def _rids(simulcast: Simulcast | None, way: str) -> tuple[str, ...]:
    if simulcast is None:
        return ()
    return tuple(stream.rid for alternatives in getattr(simulcast, way) for stream in alternatives)


@lru_cache(maxsize=256)
def compare_texts(before: str, after: str) -> Diff | None:
    """What changed from one description to the next; None when one of them is none."""
    one, other = _document(before), _document(after)
    return None if one is None or other is None else diff(one, other)
