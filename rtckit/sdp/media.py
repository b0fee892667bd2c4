"""A media section: an ``m=`` line and what follows it up to the next one."""

import re
from functools import lru_cache
from typing import ClassVar

from rtckit.sdp.candidate import Candidate, decode_candidate
from rtckit.sdp.fields import MediaLine, decode_media_line
from rtckit.sdp.grammar import ATTRIBUTES
from rtckit.sdp.images import ImageAttribute, parse_image_attribute
from rtckit.sdp.lines import BLANKS, Span, SplitText, words
from rtckit.sdp.rtp import (
    STATIC_PAYLOAD_TYPES,
    Codec,
    FormatParameters,
    Msid,
    Rid,
    RtpMap,
    Simulcast,
    SsrcAttribute,
    SsrcGroup,
    parse_format_parameters,
    parse_msid,
    parse_rid,
    parse_rtpmap,
    parse_simulcast,
    parse_ssrc,
    parse_ssrc_group,
)
from rtckit.sdp.section import Section
from rtckit.sdp.transport import (
    Crypto,
    RemoteCandidate,
    Rtcp,
    SctpMap,
    parse_crypto,
    parse_remote_candidates,
    parse_rtcp,
    parse_sctpmap,
)
from rtckit.sdp.view import view

__all__ = ["MediaSection"]

_DECIMAL = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,10})?")

# An rtcp-fb line for every format is copied to each codec; no honest description has this many.
_MAXIMUM_WILDCARD_FEEDBACK = 64
_DATA_LAYERS = frozenset(("SCTP", "DTLS"))


@lru_cache(maxsize=64)
def _layers(protocol: str) -> frozenset[str]:
    """The protocols that a transport protocol names; each section is asked for them often."""
    return frozenset(protocol.upper().split("/"))


class MediaSection(Section):
    """One media section. ``index`` counts from 0, as ``sdpMLineIndex`` does."""

    _ALWAYS_READ = ("stray_lines", "media_line", "undefined_formats")
    _READ_BY: ClassVar[dict[str, str]] = {
        **Section._READ_BY,
        "mid": "mid",
        "msid": "msids",
        "candidate": "candidates",
        "rtcp": "rtcp",
        "sctp-port": "sctp_port",
        "sctpmap": "sctpmap",
        "max-message-size": "max_message_size",
        "crypto": "crypto",
        "rtpmap": "_rtpmaps",
        "fmtp": "_fmtp",
        "rtcp-fb": "_rtcp_fb",
        "ssrc": "ssrc_attributes",
        "ssrc-group": "ssrc_groups",
        "rid": "rids",
        "simulcast": "simulcast",
        "remote-candidates": "remote_candidates",
        "imageattr": "image_attributes",
        "framerate": "frame_rate",
        "ptime": "packet_time",
        "maxptime": "maximum_packet_time",
        "quality": "quality",
        "label": "label",
        "content": "contents",
        "x-google-flag": "google_flags",
    }

    def __init__(
        self, split: SplitText, start: int, stop: int, parent: Section, index: int
    ) -> None:
        super().__init__(split, start, stop, parent)
        self.index = index

    def __repr__(self) -> str:
        return f"<MediaSection {self.index}: {self.kind} mid={self.mid!r} line {self.first_line}>"

    # -- the m= line ----------------------------------------------------------------------------

    @view
    def media_line(self) -> MediaLine:
        """The fields of the ``m=`` line, as far as they could be read."""
        number = self._start + 1
        media, faults = decode_media_line(self._split.bodies[self._start][2:], number, 3)
        for message, column, end, expected in faults:
            self._note(message, Span(number, column, end), expected)
        return media

    @property
    def kind(self) -> str:
        """``audio``, ``video``, ``application``..."""
        return self.media_line.kind

    @property
    def port(self) -> int | None:
        """The port; None when it is no number from 0 to 65535."""
        return self.media_line.port

    @property
    def protocol(self) -> str:
        """The transport protocol, such as ``UDP/TLS/RTP/SAVPF`` or ``UDP/DTLS/SCTP``."""
        return self.media_line.protocol

    @property
    def formats(self) -> list[str]:
        """The formats: payload types, or the application of a data section."""
        return list(self.media_line.formats)

    @property
    def is_rtp(self) -> bool:
        """Whether the section carries RTP."""
        return "RTP" in _layers(self.protocol)

    @property
    def is_data(self) -> bool:
        """Whether the section carries data channels (SCTP over DTLS, RFC 8841, 4)."""
        return _layers(self.protocol) >= _DATA_LAYERS

    @property
    def rejected(self) -> bool:
        """Whether the port is zero and that is no mere wish for BUNDLE (RFC 9143, 6)."""
        return self.port == 0 and not self.bundle_only

    @property
    def bundle_only(self) -> bool:
        """Whether the section is to be taken only into a bundle."""
        return self.has("bundle-only")

    # -- identification -------------------------------------------------------------------------

    @view
    def mid(self) -> str | None:
        """The section's name in groups and in RTP (RFC 5888, 4)."""
        return self._text("mid")

    @view
    def msids(self) -> list[Msid]:
        """The streams and tracks this section belongs to."""
        return self._read_all("msid", parse_msid)

    @property
    def msid(self) -> str | None:
        """The first msid as written: ``<stream> <track>``."""
        if not self.msids:
            return None
        stream, track, _ = self.msids[0]
        return stream if track is None else f"{stream} {track}"

    # -- ICE and transport ----------------------------------------------------------------------

    @view
    def candidates(self) -> list[Candidate]:
        """The candidates that could be read, in order."""
        candidates = []
        for attribute in self.find_all("candidate"):
            span = attribute.value_span
            candidate, problems = decode_candidate(attribute.value or "", span.line, span.column)
            self._noted.extend(problems)
            if candidate is not None:
                candidates.append(candidate)
        return candidates

    @view
    def remote_candidates(self) -> list[RemoteCandidate]:
        """The other side's candidates in use (RFC 8839, 5.2), of all lines."""
        lines = self._read_all("remote-candidates", parse_remote_candidates)
        return [candidate for line in lines for candidate in line]

    @view
    def rtcp(self) -> Rtcp | None:
        """Where RTCP goes when it is not multiplexed."""
        return self._read_first("rtcp", parse_rtcp)

    @property
    def rtcp_mux(self) -> bool:
        """Whether RTCP shares the port of RTP (RFC 5761, 5.1.1)."""
        return self.has("rtcp-mux")

    @property
    def rtcp_mux_only(self) -> bool:
        """Whether RTCP can do nothing else (RFC 8858, 3)."""
        return self.has("rtcp-mux-only")

    @property
    def rtcp_rsize(self) -> bool:
        """Whether RTCP packets may be reduced-size (RFC 5506, 5)."""
        return self.has("rtcp-rsize")

    @view
    def sctp_port(self) -> int | None:
        """The SCTP port, from ``a=sctp-port`` or the ``a=sctpmap`` of old drafts."""
        if self.has("sctp-port"):
            return self._number("sctp-port", 65535)
        return self.sctpmap[0].port if self.sctpmap else None

    @view
    def sctpmap(self) -> list[SctpMap]:
        """The data channel lines of old drafts."""
        return self._read_all("sctpmap", parse_sctpmap)

    @view
    def max_message_size(self) -> int | None:
        """The largest message taken, in bytes; 0 is any size, None was not said (RFC 8841, 6)."""
        return self._number("max-message-size")

    @view
    def crypto(self) -> list[Crypto]:
        """The SDES keys, which no WebRTC description should have."""
        return self._read_all("crypto", parse_crypto)

    # -- codecs ---------------------------------------------------------------------------------

    @view
    def codecs(self) -> list[Codec]:
        """The codecs in the order of the ``m=`` line, each payload type once.

        Payload types without an rtpmap are those of RFC 3551; any other is left out and listed in
        ``problems``. Of a section that is not RTP there are none.
        """
        if not self.is_rtp:
            return []
        codecs = []
        for payload_type in dict.fromkeys(self.media_line.formats):
            rtpmap = self._rtpmaps.get(payload_type)
            static = STATIC_PAYLOAD_TYPES.get(payload_type)
            if rtpmap is not None:
                name, clock_rate = rtpmap.name, rtpmap.clock_rate
                channels, span = rtpmap.channels, rtpmap.span
                if channels is None and self.kind == "audio":
                    channels = 1
            elif static is not None:
                name, clock_rate, channels = static
                span = self._format_span(payload_type)
            else:
                continue
            text = self._fmtp.get(payload_type)
            codecs.append(
                Codec(
                    payload_type,
                    name,
                    clock_rate,
                    channels,
                    FormatParameters() if text is None else parse_format_parameters(text),
                    self._feedback(payload_type),
                    span,
                    text,
                    rtpmap is None,
                )
            )
        return codecs

    @view
    def undefined_formats(self) -> list[str]:
        """Payload types that neither a readable rtpmap nor RFC 3551 gives a meaning."""
        formats = self.media_line.formats
        undefined = [item for item in formats if item not in STATIC_PAYLOAD_TYPES]
        if not undefined or not self.is_rtp:
            return []
        rtpmaps = self._rtpmaps
        undefined = [item for item in dict.fromkeys(undefined) if item not in rtpmaps]
        for payload_type in undefined:
            self._note_format(payload_type)
        return undefined

    def find_codec(self, payload_type: str | int) -> Codec | None:
        """The codec of a payload type, or None."""
        return self._codecs_by_payload_type.get(str(payload_type))

    @view
    def _codecs_by_payload_type(self) -> dict[str, Codec]:
        return {codec.payload_type: codec for codec in self.codecs}

    def _note_format(self, payload_type: str) -> None:
        span = self._format_span(payload_type)
        known = payload_type in self._damaged_rtpmaps
        why = "an unreadable rtpmap" if known else "no rtpmap"
        shown = payload_type[:40]
        self._note(f"payload type {shown} has {why}", span, ATTRIBUTES["rtpmap"].form)

    def _format_span(self, payload_type: str) -> Span:
        line, column, end = self.media_line.span
        return self._format_spans.get(payload_type, Span(line, column, end))

    @view
    def _format_spans(self) -> dict[str, Span]:
        """Where each format stands in the ``m=`` line."""
        text = self._split.bodies[self._start]
        spans: dict[str, Span] = {}
        position = 2
        for index, token in enumerate(words(text[2:])):
            position = text.index(token, position)
            if index >= 3:
                place = Span(self._start + 1, position + 1, position + 1 + len(token))
                spans.setdefault(token, place)
            position += len(token)
        return spans

    @view
    def _damaged_rtpmaps(self) -> set[str]:
        """Payload types whose rtpmap could not be read."""
        stated = {
            (attribute.value or "").partition(" ")[0] for attribute in self.find_all("rtpmap")
        }
        return stated - self._rtpmaps.keys()

    @view
    def _rtpmaps(self) -> dict[str, RtpMap]:
        rtpmaps: dict[str, RtpMap] = {}
        for rtpmap in self._read_all("rtpmap", parse_rtpmap):
            rtpmaps.setdefault(rtpmap.payload_type, rtpmap)
        return rtpmaps

    @view
    def _fmtp(self) -> dict[str, str]:
        """The parameters of each format as written."""
        found: dict[str, str] = {}
        for attribute in self.find_all("fmtp"):
            payload_type, space, text = (attribute.value or "").strip(BLANKS).partition(" ")
            if not payload_type or not space:
                self._note("fmtp without parameters", attribute.span, ATTRIBUTES["fmtp"].form)
            else:
                found.setdefault(payload_type, text.strip(BLANKS))
        return found

    def _feedback(self, payload_type: str) -> list[str]:
        own, every = self._rtcp_fb.get(payload_type), self._rtcp_fb.get("*")
        if not every:
            return own or []
        return list(dict.fromkeys([*(own or ()), *every[:_MAXIMUM_WILDCARD_FEEDBACK]]))

    @view
    def _rtcp_fb(self) -> dict[str, list[str]]:
        """The feedback of each payload type and of ``*`` (RFC 4585, 4.2)."""
        found: dict[str, list[str]] = {}
        for attribute in self.find_all("rtcp-fb"):
            value = " ".join(words(attribute.value or ""))
            payload_type, space, feedback = value.partition(" ")
            if not space:
                self._note("rtcp-fb without feedback", attribute.span, ATTRIBUTES["rtcp-fb"].form)
            else:
                found.setdefault(payload_type, []).append(feedback)
        return found

    # -- what the media is ----------------------------------------------------------------------

    @view
    def image_attributes(self) -> list[ImageAttribute]:
        """The image sizes of each payload type (RFC 6236)."""
        return self._read_all("imageattr", parse_image_attribute)

    @view
    def frame_rate(self) -> float | None:
        """The highest frame rate, frames a second (RFC 8866, 6.13)."""
        return self._decimal("framerate")

    @view
    def packet_time(self) -> float | None:
        """``a=ptime``: audio in each packet, milliseconds (RFC 8866, 6.4)."""
        return self._decimal("ptime")

    @view
    def maximum_packet_time(self) -> float | None:
        """``a=maxptime``: most audio in a packet, milliseconds (RFC 8866, 6.5)."""
        return self._decimal("maxptime")

    @view
    def quality(self) -> int | None:
        """The wished picture quality, 10 the best (RFC 8866, 6.14)."""
        return self._number("quality", 10)

    def _decimal(self, name: str) -> float | None:
        """The first attribute's value as a number above zero, perhaps with a fraction."""
        attribute = self.find(name)
        if attribute is None:
            return None
        text = (attribute.value or "").strip(BLANKS)
        number = float(text) if _DECIMAL.fullmatch(text) else 0.0
        if not number:
            self._note(f"{name} {text[:40]!r}", attribute.span, ATTRIBUTES[name].form)
            return None
        return number

    @view
    def label(self) -> str | None:
        """The label that other protocols name this section by (RFC 4574, 4)."""
        return self._text("label")

    @view
    def contents(self) -> list[str]:
        """What the media shows: ``slides``, ``speaker``, ``sl``, ``main``... (RFC 4796, 5)."""
        text = self._text("content") or ""
        return [item for part in text.split(",") if (item := part.strip(BLANKS))]

    @view
    def google_flags(self) -> list[str]:
        """The values of ``a=x-google-flag``, such as ``conference``."""
        return [text for item in self.find_all("x-google-flag") if (text := item.value)]

    # -- RTP sources and encodings --------------------------------------------------------------

    @view
    def ssrc_attributes(self) -> list[SsrcAttribute]:
        """Every ``a=ssrc`` line, in order."""
        return self._read_all("ssrc", parse_ssrc)

    @view
    def ssrcs(self) -> dict[int, dict[str, str]]:
        """Each source's attributes; a flag has an empty value, a repeated one its first."""
        sources: dict[int, dict[str, str]] = {}
        for item in self.ssrc_attributes:
            sources.setdefault(item.ssrc, {}).setdefault(item.attribute, item.value or "")
        return sources

    @view
    def ssrc_groups(self) -> list[SsrcGroup]:
        """Sources that belong together."""
        return self._read_all("ssrc-group", parse_ssrc_group)

    @view
    def rids(self) -> list[Rid]:
        """The encodings the section names."""
        return self._read_all("rid", parse_rid)

    @view
    def simulcast(self) -> Simulcast | None:
        """The encodings sent or received together."""
        return self._read_first("simulcast", parse_simulcast)
