"""A media section read line by line; what its kind does not know is passed over.

Most of a section is the same in every description of a peer. What does not come from chance is
read once, and kept for the next section that says it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from rtckit.jsep.stacks.chromium.codecs import (
    backfill_parameters,
    spread_wildcard,
    static_codecs,
)
from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    VIDEO,
    Codec,
    Content,
    Description,
    Stream,
    Transport,
    is_dtls_sctp,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.lexer import Lines, ParseFailed
from rtckit.jsep.stacks.chromium.media_attributes import (
    COMMON,
    OF_DATA,
    OF_RTP,
    Gathered,
    check_bandwidth,
    name_of,
)
from rtckit.jsep.stacks.chromium.session import check_connection
from rtckit.jsep.stacks.chromium.simulcast import keep_valid_layers

# Lines with what is another value in every description and every section, and nothing else. The
# lines that are left are mostly those of a section read before: what they say is kept.
_CHANCE = re.compile(
    r"(\na=(mid|ice-ufrag|ice-pwd|ice-options|fingerprint|setup|candidate|ssrc-group|ssrc|msid)"
    r"(?=[: \n]|\r\n)[^\n]*)"
)
_WELL_FORMED = re.compile(r"\n(?:(?:s=[^\r\n]|[a-z]=[^ \r\n])[^\n]*\n)*")
_MOST_KEPT = 30_000
"""Characters of a section."""
_KEPT_SECTIONS = 128


def parse_section(lines: Lines, m_line: str, content: Content, description: Description) -> None:
    """Read the lines up to the next m line into a section.

    Raises:
        ParseFailed: libwebrtc would not read it.
    """
    formats = m_line[2:].split(" ")[3:]
    payload_types = tuple(map(int, formats)) if is_rtp(content.protocol) else ()
    gathered = Gathered(payload_types)
    end = lines.text.find("\nm=", lines.pos - 1) + 1 or len(lines.text)
    known: Content | None = None
    parts: list[str] = []
    if end - lines.pos <= _MOST_KEPT:
        # From the end of the m line, to the end of the section's last line.
        parts = _CHANCE.split(lines.text[lines.pos - 1 : end])
        head = (content.kind, content.protocol, content.sctpmap, content.sctp_port)
        known = _read_kept(head, payload_types, "".join(parts[::3]))
    if known is None:
        # Line by line, so that the first one that is wrong is the one to blame.
        own, broken = _section_lines(lines)
        _read_lines(own, content, gathered)
        if broken is not None:
            raise broken
        _settle_codecs(content, gathered)
    else:
        lines.pos = end
        _copy(known, content)
        for line, name in zip(parts[1::3], parts[2::3], strict=True):
            _read_attribute(name, line[1:].removesuffix("\r"), content, gathered)
    _settle_streams(content, gathered)
    description.has_msid |= gathered.has_msid
    description.has_ssrc_msid |= gathered.has_ssrc_msid


def read_codecs(
    kind: str, payload_types: tuple[int, ...], lines: Iterable[str]
) -> list[Codec] | None:
    """Read the codecs of a section out of its lines; None where they are not read."""
    content = Content(kind, "UDP/TLS/RTP/SAVPF", Transport())
    gathered = Gathered(payload_types)
    try:
        _read_lines(lines, content, gathered)
        _settle_codecs(content, gathered)
    except ParseFailed:
        return None
    return content.codecs


def _section_lines(lines: Lines) -> tuple[list[str], ParseFailed | None]:
    """Return the lines of a section, and the failure that ends them if one is malformed."""
    own: list[str] = []
    while not lines.next_is("m"):
        line = lines.next()
        if line is None:
            return own, None if lines.at_end else lines.fail("Invalid SDP line.")
        own.append(line)
    return own, None


def _read_lines(lines: Iterable[str], content: Content, gathered: Gathered) -> None:
    if content.kind == AUDIO and not content.codecs:
        content.codecs = static_codecs(gathered.payload_types)
    for line in lines:
        kind = line[0]
        if kind == "a":
            _read_attribute(name_of(line), line, content, gathered)
        elif kind == "b":
            check_bandwidth(line)
        elif kind == "c":
            check_connection(line)


def _read_attribute(name: str, line: str, content: Content, gathered: Gathered) -> None:
    reader = COMMON.get(name)
    if reader is not None:
        reader(line, content)
    elif content.kind == DATA:
        if name in OF_DATA and is_dtls_sctp(content.protocol):
            OF_DATA[name](line, content)
    elif name in OF_RTP and is_rtp(content.protocol):
        OF_RTP[name](line, content, gathered)


@lru_cache(maxsize=_KEPT_SECTIONS)
def _read_kept(
    head: tuple[str, str, bool, int], payload_types: tuple[int, ...], text: str
) -> Content | None:
    """Read the lines of a section that chance has no part in; None if one is wrong.

    Before each line, and after the last, stands a line feed.

    What is returned is for all sections with these lines: it is not to be changed.
    """
    if not _WELL_FORMED.fullmatch(text):
        return None
    kind, protocol, sctpmap, sctp_port = head
    content = Content(kind, protocol, Transport(), sctpmap=sctpmap, sctp_port=sctp_port)
    gathered = Gathered(payload_types)
    try:
        lines = text.split("\n")[1:-1]
        _read_lines((line.removesuffix("\r") for line in lines), content, gathered)
        _settle_codecs(content, gathered)
    except ParseFailed:
        return None
    return content


def _copy(prototype: Content, content: Content) -> None:
    """Take over what the lines say that chance has no part in."""
    content.bundle_only = prototype.bundle_only
    content.direction = prototype.direction
    content.rtcp_mux = prototype.rtcp_mux
    content.rtcp_rsize = prototype.rtcp_rsize
    content.codecs = prototype.codecs
    content.extensions = prototype.extensions
    content.simulcast_send = list(prototype.simulcast_send)
    content.simulcast_receive = list(prototype.simulcast_receive)
    content.allow_mixed = prototype.allow_mixed
    content.net_estimate = prototype.net_estimate
    content.cryptex = prototype.cryptex
    content.sframe = prototype.sframe
    content.xr_round_trip = prototype.xr_round_trip
    content.sctp_port = prototype.sctp_port
    content.sctp_init = prototype.sctp_init
    content.max_message_size = prototype.max_message_size


def _settle_codecs(content: Content, gathered: Gathered) -> None:
    """Make layers and codecs out of what was gathered, the codecs in the order of the m line."""
    if gathered.simulcast is not None:
        content.simulcast_send, content.simulcast_receive = keep_valid_layers(
            gathered.rids, *gathered.simulcast
        )
    spread_wildcard(content)
    if any(not codec.name for codec in content.codecs):
        raise ParseFailed("", "Failed to parse codecs correctly.")
    if content.kind == AUDIO:
        for name, value in (("maxptime", gathered.maxptime), ("ptime", gathered.ptime)):
            if value:
                for codec in content.codecs:
                    codec.parameters[name] = value
    if content.kind in (AUDIO, VIDEO):
        order = {number: -place for place, number in enumerate(gathered.payload_types)}
        content.codecs.sort(key=lambda codec: order.get(codec.payload_type, 1), reverse=True)
        backfill_parameters(content.codecs)


def _settle_streams(content: Content, gathered: Gathered) -> None:
    """Make tracks out of what was gathered."""
    streams: list[Stream] = []
    if gathered.sources:
        streams = _streams_of_sources(gathered)
    elif content.kind != DATA and gathered.has_msid:
        rids = [layer.rid for layer in content.simulcast_send]
        streams = [Stream(gathered.track or None, list(gathered.stream_ids), rids=rids)]
    for group in gathered.groups:
        for stream in streams:
            if group.ssrcs[0] in stream.ssrcs:
                stream.groups.append(group)
    content.streams = streams


def _streams_of_sources(gathered: Gathered) -> list[Stream]:
    """Put sources of one track into one stream: the track of the section, else of the source."""
    streams: dict[str, Stream] = {}
    for ssrc, source in gathered.sources.items():
        if gathered.has_msid:
            track, ids = gathered.track, list(gathered.stream_ids)
        elif gathered.has_ssrc_msid:
            track, ids = source.track, [source.stream]
        else:
            track, ids = "", ["default"]
        stream = streams.setdefault(track, Stream(track or None))
        stream.ssrcs.append(ssrc)
        stream.stream_ids = ids
        stream.cname = source.cname
    return list(streams.values())
