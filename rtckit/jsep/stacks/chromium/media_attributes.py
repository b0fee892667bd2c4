"""The attributes of a media section, each read by its name as libwebrtc reads it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rtckit.jsep.stacks.chromium.candidate import check_candidate_line
from rtckit.jsep.stacks.chromium.codecs import (
    parse_fmtp,
    parse_packetization,
    parse_rtcp_fb,
    parse_rtpmap,
)
from rtckit.jsep.stacks.chromium.description import Content, SsrcGroup
from rtckit.jsep.stacks.chromium.lexer import (
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
from rtckit.jsep.stacks.chromium.session import parse_extension, parse_fingerprint, parse_role
from rtckit.jsep.stacks.chromium.simulcast import Layer, Rid, parse_rid, parse_simulcast

__all__ = ["COMMON", "OF_DATA", "OF_RTP", "Gathered", "Source", "check_bandwidth", "name_of"]

_MOST_SSRCS = 32
_SSRCS = 2**32
_CNAME = re.compile(r"a=ssrc:([0-9]{1,10}) cname:([^:][^\n]*)")
"""The line of a source that is in every description, but for the odd ones."""
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(slots=True)
class Source:
    """What the ssrc lines say of one source."""

    cname: str = ""
    stream: str = ""
    track: str = ""


@dataclass(slots=True)
class Gathered:
    """What only makes sense when the whole section is read."""

    payload_types: tuple[int, ...]
    sources: dict[int, Source] = field(default_factory=dict)
    groups: list[SsrcGroup] = field(default_factory=list)
    stream_ids: list[str] = field(default_factory=list)
    track: str = ""
    has_msid: bool = False
    has_ssrc_msid: bool = False
    rids: list[Rid] = field(default_factory=list)
    simulcast: tuple[list[Layer], list[Layer]] | None = None
    ptime: str = ""
    maxptime: str = ""


def name_of(line: str) -> str:
    """Return the name of an attribute: what stands before a colon or a space."""
    if line[0] != "a":
        return ""
    name = line[2:].partition(":")[0]
    return name.partition(" ")[0] if " " in name else name


def check_bandwidth(line: str) -> None:
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


COMMON: dict[str, Callable[[str, Content], None]] = {
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


OF_DATA: dict[str, Callable[[str, Content], None]] = {
    "sctp-port": _parse_sctp_port,
    "max-message-size": _parse_max_message_size,
    "sctp-init": _parse_sctp_init,
}
"""The attributes of a data section (RFC 8841)."""


def _parse_rtcp_mux(line: str, content: Content, gathered: Gathered) -> None:
    content.rtcp_mux = True


def _parse_rtcp_rsize(line: str, content: Content, gathered: Gathered) -> None:
    content.rtcp_rsize = True


def _parse_net_estimate(line: str, content: Content, gathered: Gathered) -> None:
    content.net_estimate = True


def _parse_rtcp_xr(line: str, content: Content, gathered: Gathered) -> None:
    formats = (split_first(line, ":") or ("", ""))[1].split(" ")
    if any(text.startswith("rcvr-rtt=") for text in formats):
        content.xr_round_trip = True


def _parse_sframe(line: str, content: Content, gathered: Gathered) -> None:
    content.sframe = True


def _gather_ssrc_group(line: str, content: Content, gathered: Gathered) -> None:
    gathered.groups.append(_parse_ssrc_group(line))


def _gather_ssrc(line: str, content: Content, gathered: Gathered) -> None:
    _parse_ssrc(line, gathered)


def _gather_rtpmap(line: str, content: Content, gathered: Gathered) -> None:
    parse_rtpmap(line, content, gathered.payload_types)


def _gather_maxptime(line: str, content: Content, gathered: Gathered) -> None:
    gathered.maxptime = value_of(line, "maxptime")


def _gather_packetization(line: str, content: Content, gathered: Gathered) -> None:
    parse_packetization(line, content)


def _gather_rtcp_fb(line: str, content: Content, gathered: Gathered) -> None:
    parse_rtcp_fb(line, content)


def _gather_ptime(line: str, content: Content, gathered: Gathered) -> None:
    gathered.ptime = value_of(line, "ptime")


def _parse_direction(line: str, content: Content, gathered: Gathered) -> None:
    content.direction = name_of(line)


def _parse_allow_mixed(line: str, content: Content, gathered: Gathered) -> None:
    content.allow_mixed = True


def _parse_extmap(line: str, content: Content, gathered: Gathered) -> None:
    content.extensions.append(parse_extension(line))


def _parse_google_flag(line: str, content: Content, gathered: Gathered) -> None:
    value_of(line, "x-google-flag")


def _gather_msid(line: str, content: Content, gathered: Gathered) -> None:
    _parse_msid(line, gathered)
    gathered.has_msid = True


def _gather_rid(line: str, content: Content, gathered: Gathered) -> None:
    rid = parse_rid(line[len("a=rid:") :])
    if rid is not None:
        gathered.rids.append(rid)


def _gather_simulcast(line: str, content: Content, gathered: Gathered) -> None:
    value = line[len("a=simulcast:") :]
    if not value:
        raise ParseFailed(line, "Simulcast attribute is empty.")
    if gathered.simulcast is not None:
        raise ParseFailed(line, "Multiple Simulcast attributes specified.")
    gathered.simulcast = parse_simulcast(line, value)


def _parse_cryptex(line: str, content: Content, gathered: Gathered) -> None:
    content.cryptex = True


OF_RTP: dict[str, Callable[[str, Content, Gathered], None]] = {
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


def _parse_ssrc(line: str, gathered: Gathered) -> None:
    """Read an attribute of a source (RFC 5576, 4.1)."""
    plain = _CNAME.match(line)
    if plain is not None and (ssrc := int(plain[1])) < _SSRCS:
        source = gathered.sources.get(ssrc)
        if source is None:
            source = gathered.sources[ssrc] = Source()
        source.cname = plain[2]
        return
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
    source = gathered.sources.setdefault(ssrc, Source())
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


def _parse_msid(line: str, gathered: Gathered) -> None:
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
