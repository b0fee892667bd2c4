"""Descriptions as Firefox writes them: the attributes of a level in one fixed order of types."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rtckit.jsep.stacks.firefox.attributes import ExtMap
from rtckit.jsep.stacks.firefox.capabilities import Codec

_EOL = "\r\n"


@dataclass(slots=True)
class SectionText:
    """A media section about to be written.

    Attributes:
        media: ``audio``, ``video`` or ``application``.
        port: 9, or 0 for a section that is refused or bundle-only.
        protocol: as in the m= line.
        direction: the direction attribute.
        formats: of a data section and of a refused one; the others have those of their codecs.
        codecs: the codecs in order.
        sent: those of the sender where they are others: preferences do not touch it. Of them only
            the feedback is written, before that of ``codecs``.
        sent_fmtps: what is written of the parameters of those sent all the same.
        extensions: the header extensions.
        is_bundle_only: it has a=bundle-only.
        is_mixed: it has a=extmap-allow-mixed.
        ice: username fragment and password.
        msids: the value of each a=msid.
        rids: the rids of the layers it sends.
        ssrcs: its sources, those of retransmissions too.
        cname: the CNAME of all of them.
        pairs: each source with that of its retransmissions.
        sctp: the lines for SCTP.
        maps: the lines a=rtpmap or a=sctpmap that are not of ``codecs``.
    """

    media: str
    port: int
    protocol: str
    direction: str
    mid: str | None = None
    formats: tuple[str, ...] = ()
    codecs: Sequence[Codec] = ()
    sent: Sequence[Codec] = ()
    sent_fmtps: tuple[str, ...] = ()
    extensions: Iterable[ExtMap] = ()
    is_bundle_only: bool = False
    is_mixed: bool = False
    ice: tuple[str, str] | None = None
    msids: Sequence[str] = ()
    rids: Sequence[str] = ()
    has_rtcp_mux: bool = False
    has_rtcp_rsize: bool = False
    setup: str | None = None
    ssrcs: Sequence[int] = ()
    cname: str = ""
    pairs: Sequence[tuple[int, int]] = ()
    sctp: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()

    def write(self) -> str:
        """Return the text of the section."""
        written = write_codecs(tuple(self.codecs), tuple(self.sent))
        formats = (*self.formats, *written.formats)
        lines = [
            f"m={self.media} {self.port} {self.protocol} {' '.join(formats)}",
            "c=IN IP4 0.0.0.0",
        ]
        if self.is_bundle_only:
            lines.append("a=bundle-only")
        lines.append(f"a={self.direction}")
        for number, direction, uri in self.extensions:
            shown = f"{number}/{direction}" if direction else str(number)
            lines.append(f"a=extmap:{shown} {uri}")
        if self.is_mixed:
            lines.append("a=extmap-allow-mixed")
        lines += self.sent_fmtps
        lines += written.fmtps
        if self.ice is not None:
            lines.append(f"a=ice-pwd:{self.ice[1]}")
            lines.append(f"a=ice-ufrag:{self.ice[0]}")
        if self.mid is not None:
            lines.append(f"a=mid:{self.mid}")
        lines += [f"a=msid:{msid}" for msid in self.msids]
        lines += [f"a=rid:{rid} send" for rid in self.rids]
        lines += written.feedback
        if self.has_rtcp_mux:
            lines.append("a=rtcp-mux")
        if self.has_rtcp_rsize:
            lines.append("a=rtcp-rsize")
        lines += self.maps
        lines += written.maps
        if self.setup is not None:
            lines.append(f"a=setup:{self.setup}")
        if self.rids:
            lines.append(f"a=simulcast:send {';'.join(self.rids)}")
        lines += [f"a=ssrc:{ssrc} cname:{self.cname}" for ssrc in self.ssrcs]
        lines += [f"a=ssrc-group:FID {ssrc} {rtx}" for ssrc, rtx in self.pairs]
        lines += self.sctp
        return _EOL.join(lines) + _EOL


class WrittenCodecs(NamedTuple):
    """The formats of codecs, and their lines."""

    formats: tuple[str, ...]
    fmtps: tuple[str, ...]
    feedback: tuple[str, ...]
    maps: tuple[str, ...]


@lru_cache(maxsize=256)
def write_codecs(codecs: tuple[Codec, ...], sent: tuple[Codec, ...]) -> WrittenCodecs:
    """Write codecs, each with its retransmissions behind it, and the feedback of those sent."""
    formats: list[str] = []
    fmtps: list[str] = []
    feedback: list[str] = []
    maps: list[str] = []
    for codec in codecs:
        payload_type = codec.payload_type
        formats.append(payload_type)
        maps.append(f"a=rtpmap:{payload_type} {codec.encoding}")
        if codec.fmtp:
            fmtps.append(f"a=fmtp:{payload_type} {codec.fmtp}")
        if codec.rtx:
            formats.append(codec.rtx)
            maps.append(f"a=rtpmap:{codec.rtx} rtx/{codec.clock_rate}")
            fmtps.append(f"a=fmtp:{codec.rtx} apt={payload_type}")
    for codec in (*sent, *codecs):
        for kind, parameter in codec.feedback:
            feedback.append(f"a=rtcp-fb:{codec.payload_type} {kind} {parameter}".rstrip())
    return WrittenCodecs(tuple(formats), tuple(fmtps), tuple(dict.fromkeys(feedback)), tuple(maps))


def write_session(
    session_id: str,
    version: int,
    fingerprint: str,
    bundles: Sequence[Sequence[str]],
    *,
    is_mixed: bool = False,
) -> str:
    """Return the session level of a description.

    Args:
        session_id: the session id.
        version: the session version.
        fingerprint: hash function and digest of the certificate.
        bundles: the mids of each BUNDLE group.
        is_mixed: the offer has a=extmap-allow-mixed at this level.
    """
    lines = [
        "v=0",
        f"o=mozilla...THIS_IS_SDPARTA-99.0 {session_id} {version} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
    ]
    if is_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append(f"a=fingerprint:{fingerprint}")
    lines += [f"a=group:BUNDLE {' '.join(mids)}" for mids in bundles]
    lines += ["a=ice-options:trickle", "a=msid-semantic:WMS *"]
    return _EOL.join(lines) + _EOL
