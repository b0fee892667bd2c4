"""The attributes of a media section, in the order libwebrtc looks for them.

Each line is tried against the names in turn. What a data section or an RTP section does not know
is passed over, whatever it says.
"""

from dataclasses import dataclass, field

from rtckit.jsep.stacks.chromium.candidate import check_candidate_line
from rtckit.jsep.stacks.chromium.codecs import (
    parse_fmtp,
    parse_packetization,
    parse_rtcp_fb,
    parse_rtpmap,
    spread_wildcard,
    static_codecs,
)
from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    Content,
    Description,
    SsrcGroup,
    Stream,
    is_dtls_sctp,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.lexer import (
    Lines,
    ParseFailed,
    has_attribute,
    int_of,
    not_exactly,
    split_first,
    to_int,
    token_value_of,
    tokens,
    too_few,
    unsigned_of,
    value_of,
)
from rtckit.jsep.stacks.chromium.session import (
    check_connection,
    parse_extension,
    parse_fingerprint,
    parse_role,
)
from rtckit.jsep.stacks.chromium.simulcast import (
    Layer,
    Rid,
    keep_valid_layers,
    parse_rid,
    parse_simulcast,
)

_MOST_SSRCS = 32
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(slots=True)
class _Source:
    """What the ssrc lines say of one source."""

    cname: str = ""
    stream: str = ""
    track: str = ""


@dataclass(slots=True)
class _Gathered:
    """What only makes sense when the whole section is read."""

    payload_types: list[int]
    sources: dict[int, _Source] = field(default_factory=dict)
    groups: list[SsrcGroup] = field(default_factory=list)
    stream_ids: list[str] = field(default_factory=list)
    track: str = ""
    has_msid: bool = False
    has_ssrc_msid: bool = False
    rids: list[Rid] = field(default_factory=list)
    simulcast: tuple[list[Layer], list[Layer]] | None = None
    ptime: str = ""
    maxptime: str = ""


def parse_section(lines: Lines, m_line: str, content: Content, description: Description) -> None:
    """Read the lines up to the next m line into a section.

    Raises:
        ParseFailed: libwebrtc would not read it.
    """
    formats = m_line[2:].split(" ")[3:]
    gathered = _Gathered([int(text) for text in formats] if is_rtp(content.protocol) else [])
    if content.kind == AUDIO:
        content.codecs = static_codecs(gathered.payload_types)
    while not lines.next_is("m"):
        line = lines.next()
        if line is None:
            if lines.at_end:
                break
            raise lines.fail("Invalid SDP line.")
        if line[0] == "b":
            _check_bandwidth(line)
        elif line[0] == "c":
            check_connection(line)
        elif line[0] == "a" and not _parse_common(line, content):
            if content.kind == DATA:
                _parse_data(line, content)
            elif is_rtp(content.protocol):
                _parse_rtp(line, content, gathered)
    _settle(content, gathered)
    description.has_msid |= gathered.has_msid
    description.has_ssrc_msid |= gathered.has_ssrc_msid


def _check_bandwidth(line: str) -> None:
    """Check a b line (RFC 8866, 5.8); kinds other than AS and TIAS are passed over."""
    parts = split_first(line[2:], ":")
    if parts is None:
        raise ParseFailed(line, "b= syntax error, does not match b=<modifier>:<bandwidth-value>.")
    kind, value = parts
    if kind in ("AS", "TIAS") and int_of(line, value) < 0:
        raise ParseFailed(line, f"b={kind} value can't be negative.")


def _parse_common(line: str, content: Content) -> bool:
    """Read an attribute every kind of section has; False if it is none of them."""
    transport = content.transport
    if has_attribute(line, "mid"):
        content.mid = token_value_of(line, "mid")
    elif has_attribute(line, "bundle-only"):
        content.bundle_only = True
    elif has_attribute(line, "candidate"):
        check_candidate_line(line)
    elif has_attribute(line, "ice-ufrag"):
        transport.ufrag = value_of(line, "ice-ufrag")
    elif has_attribute(line, "ice-pwd"):
        transport.pwd = value_of(line, "ice-pwd")
    elif has_attribute(line, "ice-options"):
        transport.options += value_of(line, "ice-options").split(" ")
    elif has_attribute(line, "fmtp"):
        parse_fmtp(line, content)
    elif has_attribute(line, "fingerprint"):
        transport.fingerprint = parse_fingerprint(line)
    elif has_attribute(line, "setup"):
        transport.role = parse_role(line)
    else:
        return False
    return True


def _parse_data(line: str, content: Content) -> None:
    """Read an attribute of a data section (RFC 8841)."""
    if not is_dtls_sctp(content.protocol):
        return
    if has_attribute(line, "sctp-port"):
        if content.sctpmap:
            raise ParseFailed(line, "sctp-port attribute can't be used with sctpmap.")
        fields = line[2:].split(":")
        if len(fields) < 2:
            fields = line[2:].split(" ")
        if len(fields) < 2:
            raise too_few(line, 2)
        port = to_int(fields[1], 0, 65535)
        if port is None:
            raise ParseFailed(line, "Invalid sctp port value.")
        content.sctp_port = port
    elif has_attribute(line, "max-message-size"):
        fields = line[2:].split(":")
        if len(fields) < 2:
            raise too_few(line, 2)
        size = to_int(fields[1], 0)
        if size is None:
            raise ParseFailed(line, "Invalid SCTP max message size.")
        content.max_message_size = size
    elif has_attribute(line, "sctp-init"):
        value = value_of(line, "sctp-init")
        body = value.rstrip("=")
        if len(value) % 4 or len(value) - len(body) > 2 or body.strip(_BASE64):
            raise ParseFailed(line, "Base64 decoding of sctp-init failed.")
        content.sctp_init = True


def _parse_rtp(line: str, content: Content, gathered: _Gathered) -> None:
    """Read an attribute of an RTP section."""
    if has_attribute(line, "rtcp-mux"):
        content.rtcp_mux = True
    elif has_attribute(line, "rtcp-rsize"):
        content.rtcp_rsize = True
    elif has_attribute(line, "remote-net-estimate"):
        content.net_estimate = True
    elif has_attribute(line, "rtcp-xr"):
        formats = (split_first(line, ":") or ("", ""))[1].split(" ")
        if any(text.startswith("rcvr-rtt=") for text in formats):
            content.xr_round_trip = True
    elif has_attribute(line, "sframe"):
        content.sframe = True
    elif has_attribute(line, "ssrc-group"):
        gathered.groups.append(_parse_ssrc_group(line))
    elif has_attribute(line, "ssrc"):
        _parse_ssrc(line, gathered)
    elif has_attribute(line, "rtpmap"):
        parse_rtpmap(line, content, gathered.payload_types)
    elif has_attribute(line, "maxptime"):
        gathered.maxptime = value_of(line, "maxptime")
    elif has_attribute(line, "packetization"):
        parse_packetization(line, content)
    elif has_attribute(line, "rtcp-fb"):
        parse_rtcp_fb(line, content)
    elif has_attribute(line, "ptime"):
        gathered.ptime = value_of(line, "ptime")
    else:
        _parse_rtp_rest(line, content, gathered)


def _parse_rtp_rest(line: str, content: Content, gathered: _Gathered) -> None:
    for direction in ("sendonly", "recvonly", "inactive", "sendrecv"):
        if has_attribute(line, direction):
            content.direction = direction
            return
    if has_attribute(line, "extmap-allow-mixed"):
        content.allow_mixed = True
    elif has_attribute(line, "extmap"):
        content.extensions.append(parse_extension(line))
    elif has_attribute(line, "x-google-flag"):
        value_of(line, "x-google-flag")
    elif has_attribute(line, "msid"):
        _parse_msid(line, gathered)
        gathered.has_msid = True
    elif has_attribute(line, "rid"):
        rid = parse_rid(line[len("a=rid:") :])
        if rid is not None:
            gathered.rids.append(rid)
    elif has_attribute(line, "simulcast"):
        value = line[len("a=simulcast:") :]
        if not value:
            raise ParseFailed(line, "Simulcast attribute is empty.")
        if gathered.simulcast is not None:
            raise ParseFailed(line, "Multiple Simulcast attributes specified.")
        gathered.simulcast = parse_simulcast(line, value)
    elif has_attribute(line, "cryptex"):
        content.cryptex = True


def _parse_ssrc_group(line: str) -> SsrcGroup:
    """Read a group of sources (RFC 5576, 4.2)."""
    fields = line[2:].split(" ")
    if len(fields) < 2:
        raise too_few(line, 2)
    if len(fields) - 1 > _MOST_SSRCS:
        raise ParseFailed(line, "Too many SSRCs in ssrc-group")
    semantics = value_of(fields[0], "ssrc-group")
    ssrcs: list[int] = []
    for text in fields[1:]:
        ssrc = unsigned_of(line, text)
        if ssrc in ssrcs:
            raise ParseFailed(line, "Duplicate SSRC in ssrc-group")
        ssrcs.append(ssrc)
    return SsrcGroup(semantics, ssrcs)


def _parse_ssrc(line: str, gathered: _Gathered) -> None:
    """Read an attribute of a source (RFC 5576, 4.1)."""
    parts = split_first(line[2:], " ")
    if parts is None:
        raise not_exactly(line, 2)
    ssrc = unsigned_of(line, value_of(parts[0], "ssrc"))
    attribute = split_first(parts[1], ":")
    if attribute is None:
        raise ParseFailed(
            line,
            f"Failed to get the ssrc attribute value from {parts[1]}. "
            "Expected format <attribute>:<value>.",
        )
    source = gathered.sources.setdefault(ssrc, _Source())
    name, value = attribute
    if name == "cname":
        source.cname = value
    elif name == "msid":
        fields = value.split(" ")
        if len(fields) > 2:
            raise ParseFailed(line, 'Expected format "msid:<identifier>[ <appdata>]".')
        source.stream = fields[0]
        if len(fields) == 2:
            source.track = fields[1]
        gathered.has_ssrc_msid = True


def _parse_msid(line: str, gathered: _Gathered) -> None:
    """Read the stream and track of a section (RFC 8830); ``-`` means no stream."""
    fields = tokens(line[2:], " ")
    if not 1 <= len(fields) <= 2:
        raise ParseFailed(line, "Expected a stream ID and optionally a track ID")
    if len(fields) == 1:
        if line.endswith(" "):
            raise ParseFailed(line, "Missing track ID in msid attribute.")
        fields.append(gathered.track)
    if gathered.track and gathered.track != fields[1]:
        raise ParseFailed(line, "Two different track IDs in msid attribute in one m= section")
    gathered.track = fields[1]
    stream = value_of(fields[0], "msid")
    if not stream:
        raise ParseFailed(line, "Missing stream ID in msid attribute.")
    if stream != "-" and stream not in gathered.stream_ids:
        gathered.stream_ids.append(stream)


def _settle(content: Content, gathered: _Gathered) -> None:
    """Make rids, tracks and codecs out of what was gathered."""
    send_rids: list[str] = []
    if gathered.simulcast is not None:
        content.simulcast_send, content.simulcast_receive = keep_valid_layers(
            gathered.rids, *gathered.simulcast
        )
        send_rids = [layer.rid for layer in content.simulcast_send]
    streams: list[Stream] = []
    if gathered.sources:
        streams = _streams_of_sources(gathered)
    elif content.kind != DATA and gathered.has_msid:
        streams = [Stream(gathered.track or None, list(gathered.stream_ids), rids=list(send_rids))]
    for group in gathered.groups:
        for stream in streams:
            if group.ssrcs[0] in stream.ssrcs:
                stream.groups.append(group)
    content.streams = streams
    spread_wildcard(content)
    if any(not codec.name for codec in content.codecs):
        raise ParseFailed("", "Failed to parse codecs correctly.")
    if content.kind == AUDIO:
        for name, value in (("maxptime", gathered.maxptime), ("ptime", gathered.ptime)):
            if value:
                for codec in content.codecs:
                    codec.parameters[name] = value


def _streams_of_sources(gathered: _Gathered) -> list[Stream]:
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
