"""The attributes of a media section, each read by its name as libwebrtc reads it.

What a data section or an RTP section does not know is passed over, whatever it says.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from rtckit.jsep.stacks.chromium.candidate import check_candidate_line
from rtckit.jsep.stacks.chromium.codecs import (
    backfill_parameters,
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
    VIDEO,
    Content,
    Description,
    SsrcGroup,
    Stream,
    Transport,
    is_dtls_sctp,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.lexer import (
    Lines,
    ParseFailed,
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

    payload_types: tuple[int, ...]
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


# Lines with what is another value in every description and every section, and nothing else. The
# lines that are left are mostly those of a section read before: what they say is kept.
_CHANCE = frozenset(
    (
        *("mid", "ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup", "candidate"),
        *("ssrc", "ssrc-group", "msid"),
    )
)
_MOST_KEPT_LINES = 500
_KEPT_SECTIONS = 128


def parse_section(lines: Lines, m_line: str, content: Content, description: Description) -> None:
    """Read the lines up to the next m line into a section.

    Raises:
        ParseFailed: libwebrtc would not read it.
    """
    formats = m_line[2:].split(" ")[3:]
    own, broken = _section_lines(lines)
    payload_types = tuple(map(int, formats)) if is_rtp(content.protocol) else ()
    chance: list[str] = []
    said: list[str] = []
    for line in own:
        (chance if _name_of(line) in _CHANCE else said).append(line)
    known = None
    if broken is None and len(said) <= _MOST_KEPT_LINES:
        known = _read_kept(
            (content.kind, content.protocol, content.sctpmap, content.sctp_port),
            payload_types,
            tuple(said),
        )
    if known is None:
        # Line by line, so that the first one that is wrong is the one to blame.
        gathered = _Gathered(payload_types)
        _read_lines(own, content, gathered)
        if broken is not None:
            raise broken
        _settle_codecs(content, gathered)
    else:
        _copy(known, content)
        gathered = _Gathered(payload_types)
        _read_lines(chance, content, gathered)
    _settle_streams(content, gathered)
    description.has_msid |= gathered.has_msid
    description.has_ssrc_msid |= gathered.has_ssrc_msid


def _section_lines(lines: Lines) -> tuple[list[str], ParseFailed | None]:
    """Return the lines of a section, and the failure that ends them if one is malformed."""
    own = []
    while not lines.next_is("m"):
        line = lines.next()
        if line is None:
            return own, None if lines.at_end else lines.fail("Invalid SDP line.")
        own.append(line)
    return own, None


def _name_of(line: str) -> str:
    """Return the name of an attribute: what stands before a colon or a space."""
    if line[0] != "a":
        return ""
    name = line[2:].partition(":")[0]
    return name.partition(" ")[0] if " " in name else name


def _read_lines(lines: Iterable[str], content: Content, gathered: _Gathered) -> None:
    if content.kind == AUDIO and not content.codecs:
        content.codecs = static_codecs(gathered.payload_types)
    for line in lines:
        kind = line[0]
        if kind == "a":
            name = _name_of(line)
            reader = _COMMON.get(name)
            if reader is not None:
                reader(line, content)
            elif content.kind == DATA:
                if name in _DATA and is_dtls_sctp(content.protocol):
                    _DATA[name](line, content)
            elif name in _RTP and is_rtp(content.protocol):
                _RTP[name](line, content, gathered)
        elif kind == "b":
            _check_bandwidth(line)
        elif kind == "c":
            check_connection(line)


@lru_cache(maxsize=_KEPT_SECTIONS)
def _read_kept(
    head: tuple[str, str, bool, int], payload_types: tuple[int, ...], lines: tuple[str, ...]
) -> Content | None:
    """Read the lines of a section that chance has no part in; None if one is wrong.

    What is returned is for all sections with these lines: it is not to be changed.
    """
    kind, protocol, sctpmap, sctp_port = head
    content = Content(kind, protocol, Transport(), sctpmap=sctpmap, sctp_port=sctp_port)
    gathered = _Gathered(payload_types)
    try:
        _read_lines(lines, content, gathered)
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
    content.codecs = list(prototype.codecs)
    content.extensions = list(prototype.extensions)
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


def _check_bandwidth(line: str) -> None:
    """Check a b line (RFC 8866, 5.8); kinds other than AS and TIAS are passed over."""
    parts = split_first(line[2:], ":")
    if parts is None:
        raise ParseFailed(line, "b= syntax error, does not match b=<modifier>:<bandwidth-value>.")
    kind, value = parts
    if kind in ("AS", "TIAS") and int_of(line, value) < 0:
        raise ParseFailed(line, f"b={kind} value can't be negative.")


# -- what each attribute does, by its name ------------------------------------------------------


def _parse_mid(line: str, content: Content) -> None:
    content.mid = token_value_of(line, "mid")


def _parse_bundle_only(line: str, content: Content) -> None:
    content.bundle_only = True


def _parse_candidate(line: str, content: Content) -> None:
    check_candidate_line(line)


def _parse_ufrag(line: str, content: Content) -> None:
    content.transport.ufrag = value_of(line, "ice-ufrag")


def _parse_pwd(line: str, content: Content) -> None:
    content.transport.pwd = value_of(line, "ice-pwd")


def _parse_ice_options(line: str, content: Content) -> None:
    content.transport.options += value_of(line, "ice-options").split(" ")


def _parse_fingerprint(line: str, content: Content) -> None:
    content.transport.fingerprint = parse_fingerprint(line)


def _parse_setup(line: str, content: Content) -> None:
    content.transport.role = parse_role(line)


_COMMON: dict[str, Callable[[str, Content], None]] = {
    "mid": _parse_mid,
    "bundle-only": _parse_bundle_only,
    "candidate": _parse_candidate,
    "ice-ufrag": _parse_ufrag,
    "ice-pwd": _parse_pwd,
    "ice-options": _parse_ice_options,
    "fmtp": parse_fmtp,
    "fingerprint": _parse_fingerprint,
    "setup": _parse_setup,
}
"""The attributes every kind of section has."""


def _parse_sctp_port(line: str, content: Content) -> None:
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


def _parse_max_message_size(line: str, content: Content) -> None:
    fields = line[2:].split(":")
    if len(fields) < 2:
        raise too_few(line, 2)
    size = to_int(fields[1], 0)
    if size is None:
        raise ParseFailed(line, "Invalid SCTP max message size.")
    content.max_message_size = size


def _parse_sctp_init(line: str, content: Content) -> None:
    value = value_of(line, "sctp-init")
    body = value.rstrip("=")
    if len(value) % 4 or len(value) - len(body) > 2 or body.strip(_BASE64):
        raise ParseFailed(line, "Base64 decoding of sctp-init failed.")
    content.sctp_init = True


_DATA: dict[str, Callable[[str, Content], None]] = {
    "sctp-port": _parse_sctp_port,
    "max-message-size": _parse_max_message_size,
    "sctp-init": _parse_sctp_init,
}
"""The attributes of a data section (RFC 8841)."""


def _parse_rtcp_mux(line: str, content: Content, gathered: _Gathered) -> None:
    content.rtcp_mux = True


def _parse_rtcp_rsize(line: str, content: Content, gathered: _Gathered) -> None:
    content.rtcp_rsize = True


def _parse_net_estimate(line: str, content: Content, gathered: _Gathered) -> None:
    content.net_estimate = True


def _parse_rtcp_xr(line: str, content: Content, gathered: _Gathered) -> None:
    formats = (split_first(line, ":") or ("", ""))[1].split(" ")
    if any(text.startswith("rcvr-rtt=") for text in formats):
        content.xr_round_trip = True


def _parse_sframe(line: str, content: Content, gathered: _Gathered) -> None:
    content.sframe = True


def _gather_ssrc_group(line: str, content: Content, gathered: _Gathered) -> None:
    gathered.groups.append(_parse_ssrc_group(line))


def _gather_ssrc(line: str, content: Content, gathered: _Gathered) -> None:
    _parse_ssrc(line, gathered)


def _gather_rtpmap(line: str, content: Content, gathered: _Gathered) -> None:
    parse_rtpmap(line, content, gathered.payload_types)


def _gather_maxptime(line: str, content: Content, gathered: _Gathered) -> None:
    gathered.maxptime = value_of(line, "maxptime")


def _gather_packetization(line: str, content: Content, gathered: _Gathered) -> None:
    parse_packetization(line, content)


def _gather_rtcp_fb(line: str, content: Content, gathered: _Gathered) -> None:
    parse_rtcp_fb(line, content)


def _gather_ptime(line: str, content: Content, gathered: _Gathered) -> None:
    gathered.ptime = value_of(line, "ptime")


def _parse_direction(line: str, content: Content, gathered: _Gathered) -> None:
    content.direction = _name_of(line)


def _parse_allow_mixed(line: str, content: Content, gathered: _Gathered) -> None:
    content.allow_mixed = True


def _parse_extmap(line: str, content: Content, gathered: _Gathered) -> None:
    content.extensions.append(parse_extension(line))


def _parse_google_flag(line: str, content: Content, gathered: _Gathered) -> None:
    value_of(line, "x-google-flag")


def _gather_msid(line: str, content: Content, gathered: _Gathered) -> None:
    _parse_msid(line, gathered)
    gathered.has_msid = True


def _gather_rid(line: str, content: Content, gathered: _Gathered) -> None:
    rid = parse_rid(line[len("a=rid:") :])
    if rid is not None:
        gathered.rids.append(rid)


def _gather_simulcast(line: str, content: Content, gathered: _Gathered) -> None:
    value = line[len("a=simulcast:") :]
    if not value:
        raise ParseFailed(line, "Simulcast attribute is empty.")
    if gathered.simulcast is not None:
        raise ParseFailed(line, "Multiple Simulcast attributes specified.")
    gathered.simulcast = parse_simulcast(line, value)


def _parse_cryptex(line: str, content: Content, gathered: _Gathered) -> None:
    content.cryptex = True


_RTP: dict[str, Callable[[str, Content, _Gathered], None]] = {
    "rtcp-mux": _parse_rtcp_mux,
    "rtcp-rsize": _parse_rtcp_rsize,
    "remote-net-estimate": _parse_net_estimate,
    "rtcp-xr": _parse_rtcp_xr,
    "sframe": _parse_sframe,
    "ssrc-group": _gather_ssrc_group,
    "ssrc": _gather_ssrc,
    "rtpmap": _gather_rtpmap,
    "maxptime": _gather_maxptime,
    "packetization": _gather_packetization,
    "rtcp-fb": _gather_rtcp_fb,
    "ptime": _gather_ptime,
    **dict.fromkeys(("sendonly", "recvonly", "inactive", "sendrecv"), _parse_direction),
    "extmap-allow-mixed": _parse_allow_mixed,
    "extmap": _parse_extmap,
    "x-google-flag": _parse_google_flag,
    "msid": _gather_msid,
    "rid": _gather_rid,
    "simulcast": _gather_simulcast,
    "cryptex": _parse_cryptex,
}
"""The attributes of an RTP section."""


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


def _settle_codecs(content: Content, gathered: _Gathered) -> None:
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


def _settle_streams(content: Content, gathered: _Gathered) -> None:
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
