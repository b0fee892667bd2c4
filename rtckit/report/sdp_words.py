"""What one line of a session description says, in words."""

from collections.abc import Callable

from rtckit.core.address import scope_of
from rtckit.core.errors import ParseError
from rtckit.report.text import format_bytes
from rtckit.sdp import Attribute, MediaSection, Section, parse_candidate
from rtckit.sdp.codec_parameters import (
    av1_parameters,
    h264_parameters,
    h265_parameters,
    opus_parameters,
    vp9_parameters,
)
from rtckit.sdp.fields import (
    Connection,
    parse_bandwidth,
    parse_connection,
    parse_group,
    parse_media_line,
    parse_origin,
    parse_timing,
)
from rtckit.sdp.grammar import ATTRIBUTES, LINE_TYPES
from rtckit.sdp.images import SizeRange, parse_image_attribute
from rtckit.sdp.lines import BLANKS, Line
from rtckit.sdp.rtp import (
    Codec,
    parse_extmap,
    parse_msid,
    parse_msid_semantic,
    parse_rid,
    parse_rtpmap,
    parse_simulcast,
    parse_ssrc,
    parse_ssrc_group,
)
from rtckit.sdp.transport import (
    parse_crypto,
    parse_fingerprint,
    parse_rtcp,
    parse_sctpmap,
    parse_source_filter,
)

__all__ = ["reference_of", "say_line"]

_SETUP = {
    "actpass": "opens the DTLS connection or waits, as the answer says",
    "active": "opens the DTLS connection (DTLS client)",
    "passive": "waits for the DTLS connection (DTLS server)",
    "holdconn": "wants no DTLS connection for now",
}
_GROUPS = {
    "BUNDLE": "share one transport",
    "LS": "are to be played in sync",
    "FID": "are forms of one flow",
}
_SSRC_GROUPS = {
    "FID": "media and its retransmission",
    "FEC": "media and its error correction",
    "FEC-FR": "media and its error correction",
    "SIM": "simulcast layers, from small to large",
}
_FEEDBACK = {
    "nack": "lost packets are asked for again",
    "nack pli": "a new key frame is asked for when pictures are lost",
    "nack sli": "lost slices are reported",
    "nack rpsi": "an intact reference picture is named",
    "ccm fir": "a key frame can be demanded",
    "ccm tmmbr": "a highest bitrate can be demanded",
    "goog-remb": "the receiver estimates the bandwidth (Google)",
    "transport-cc": "arrival times are reported, for the sender to estimate the bandwidth",
}
_CANDIDATE_TYPES = {
    "host": "an address of the machine itself",
    "srflx": "seen by a STUN server",
    "prflx": "seen by the peer",
    "relay": "on a TURN server",
}


def reference_of(line: Line) -> str:
    """Where the standards define the line: ``RFC 8866, 5.1``; empty where nothing does."""
    if line.type == "a":
        name = line.value.partition(":")[0].rstrip(BLANKS)
        rule = ATTRIBUTES.get(name)
        return rule.reference if rule is not None else ""
    known = LINE_TYPES.get(line.type)
    return known.reference if known is not None else ""


def say_line(section: Section, line: Line) -> str:
    """What a line of ``section`` says, in words; secrets are never quoted.

    Text from the description may be in it as written: escape it before it is shown.
    """
    if line.type == "a":
        return _say_attribute(section, line)
    if not line.text.strip(BLANKS):
        return "a blank line, which no description has"
    known = LINE_TYPES.get(line.type)
    if known is None:
        return "no line of SDP: readers ignore it, or refuse the whole"
    teller = _LINES.get(line.type)
    try:
        return teller(line.value) if teller is not None else known.name
    except ParseError:
        return f"{known.name}, unreadable"


def _say_attribute(section: Section, line: Line) -> str:
    name, colon, value = line.value.partition(":")
    name = name.rstrip(BLANKS)
    attribute = Attribute(name, value if colon else None, line.number)
    rule = ATTRIBUTES.get(name)
    if rule is None:
        return "an attribute rtckit does not know: readers ignore it"
    teller = _ATTRIBUTES.get(name)
    if teller is None:
        return rule.says if not colon or not value.strip(BLANKS) else _with_value(name, value)
    try:
        return teller(section, attribute.value or "")
    except ParseError:
        return f"{rule.says}, unreadable"


_QUOTED = frozenset(
    (
        "cat",
        "charset",
        "content",
        "framerate",
        "ice-options",
        "ice-pacing",
        "ice-ufrag",
        "keywds",
        "label",
        "lang",
        "maxptime",
        "mid",
        "ptime",
        "quality",
        "rtcp-xr",
        "sctp-port",
        "sdplang",
        "tls-id",
        "tool",
        "type",
        "x-google-flag",
    )
)


def _with_value(name: str, value: str) -> str:
    says = ATTRIBUTES[name].says
    return f"{says}: {value.strip(BLANKS)}" if name in _QUOTED else says


# -- lines --------------------------------------------------------------------------------------


def _origin(value: str) -> str:
    origin = parse_origin(value)
    who = "" if origin.username == "-" else f" by {origin.username}"
    return f"session {origin.session_id}, version {origin.version} of its description{who}"


def _connection(value: str) -> str:
    return f"media goes to {_address(parse_connection(value))}"


def _address(connection: Connection) -> str:
    if connection.address in ("0.0.0.0", "::"):
        return "no address yet: ICE will tell"
    return f"{connection.address} ({scope_of(connection.address)})"


def _bandwidth(value: str) -> str:
    limit = parse_bandwidth(value)
    bits = limit.bits_per_second
    if bits is None:
        return f"bandwidth of kind {limit.type}: {limit.value}"
    what = {"RS": "RTCP of senders", "RR": "RTCP of receivers", "TIAS": "media without headers"}
    return f"at most {bits / 1000:g} kbit/s for {what.get(limit.type, 'everything with headers')}"


def _timing(value: str) -> str:
    timing = parse_timing(value)
    if not timing.start and not timing.stop:
        return "active without beginning or end"
    return f"active from {timing.start} to {timing.stop or 'no end'} (seconds since 1900)"


def _media(value: str) -> str:
    media = parse_media_line(value)
    count = len(media.formats)
    if media.port == 0:
        port = "port 0: rejected, or only to be bundled"
    elif media.port == 9:
        port = "port 9: none yet, ICE will tell"
    else:
        port = f"port {media.port}"
    formats = f"{count} formats, the preferred first" if count > 1 else media.formats[0]
    return f"a section of {media.kind} over {media.protocol}, {port}; {formats}"


_LINES: dict[str, Callable[[str], str]] = {
    "v": lambda value: f"SDP version {value.strip(BLANKS)}",
    "o": _origin,
    "s": lambda value: "no session name" if value in ("-", " ") else f"the session is {value!r}",
    "c": _connection,
    "b": _bandwidth,
    "t": _timing,
    "m": _media,
    "k": lambda value: "a key in the clear; readers must discard it",
}


# -- attributes ---------------------------------------------------------------------------------


def _group(section: Section, value: str) -> str:
    group = parse_group(value)
    if not group.mids:
        return f"a {group.semantics} group of no section"
    what = _GROUPS.get(group.semantics, f"belong together ({group.semantics})")
    return f"sections {', '.join(group.mids)} {what}"


def _msid_semantic(section: Section, value: str) -> str:
    found = parse_msid_semantic(value)
    named = " ".join(found.streams) or "none"
    return f"streams named in this description, of kind {found.semantic} (legacy): {named}"


def _candidate(section: Section, value: str) -> str:
    item = parse_candidate(value)
    kind = _CANDIDATE_TYPES.get(item.type, "of unknown origin")
    where = "a hidden address" if item.is_mdns else str(scope_of(item.address))
    to = f"{item.transport.upper()} to {item.address} port {item.port}"
    parts = [f"{item.type} candidate ({kind}): {to}, {where}"]
    if item.tcptype is not None:
        parts.append(f"TCP {item.tcptype}")
    if item.related_address is not None:
        parts.append(f"from {item.related_address} port {item.related_port}")
    if item.component != 1:
        parts.append("for RTCP" if item.component == 2 else f"for component {item.component}")
    return ", ".join([*parts, f"priority {item.priority}"])


def _fingerprint(section: Section, value: str) -> str:
    found = parse_fingerprint(value)
    return f"the certificate in the DTLS handshake must have this {found.hash_function} hash"


def _setup(section: Section, value: str) -> str:
    return _SETUP.get(value.strip(BLANKS), "no role that is known")


def _rtpmap(section: Section, value: str) -> str:
    found = parse_rtpmap(value)
    channels = f", {found.channels} channels" if (found.channels or 1) > 1 else ""
    return f"payload type {found.payload_type} is {found.name}, clock of {found.clock_rate} Hz" + (
        channels
    )


def _fmtp(section: Section, value: str) -> str:
    payload_type = value.strip(BLANKS).partition(" ")[0]
    codec = section.find_codec(payload_type) if isinstance(section, MediaSection) else None
    if codec is None:
        return f"parameters of format {payload_type}"
    teller = _CODECS.get(codec.name.lower())
    said = f": {teller(codec)}" if teller is not None else ""
    return f"parameters of {codec.name} ({payload_type}){said}"


def _opus(codec: Codec) -> str:
    found = opus_parameters(codec.fmtp)
    parts = ["stereo" if found.stereo else "mono preferred"]
    parts += [
        name
        for name, said in (
            ("in-band FEC", found.inband_fec),
            ("DTX", found.dtx),
            ("constant bitrate", found.cbr),
        )
        if said
    ]
    if found.max_average_bitrate is not None:
        parts.append(f"at most {found.max_average_bitrate / 1000:g} kbit/s")
    return ", ".join(parts)


def _h264(codec: Codec) -> str:
    found = h264_parameters(codec.fmtp)
    asymmetry = "each side its own level" if found.level_asymmetry_allowed else "one level for both"
    return f"{found.profile_level_id}, packetization mode {found.packetization_mode}, {asymmetry}"


def _h265(codec: Codec) -> str:
    found = h265_parameters(codec.fmtp)
    tier = "high" if found.tier_flag else "main"
    return f"profile {found.profile_id}, level {found.level}, {tier} tier"


def _vp9(codec: Codec) -> str:
    return f"profile {vp9_parameters(codec.fmtp).profile_id}"


def _av1(codec: Codec) -> str:
    found = av1_parameters(codec.fmtp)
    name = found.profile_name or str(found.profile)
    return f"{name} profile, level {found.level}, {'high' if found.tier else 'main'} tier"


_CODECS: dict[str, Callable[[Codec], str]] = {
    "opus": _opus,
    "h264": _h264,
    "h265": _h265,
    "vp9": _vp9,
    "av1": _av1,
    "rtx": lambda codec: f"retransmits payload type {codec.apt}",
    "red": lambda codec: f"carries payload types {codec.fmtp_text} in one packet",
}


def _rtcp_fb(section: Section, value: str) -> str:
    payload_type, _, feedback = " ".join(value.split()).partition(" ")
    words = feedback.split(" ")
    said = _FEEDBACK.get(" ".join(words[:2])) or _FEEDBACK.get(words[0], feedback)
    whose = "every payload type" if payload_type == "*" else f"payload type {payload_type}"
    return f"feedback for {whose}: {said}"


def _imageattr(section: Section, value: str) -> str:
    found = parse_image_attribute(value)
    parts = []
    for verb, sets in (("sends", found.send), ("takes", found.recv)):
        if sets is not None:
            sizes = [f"{_size(item.width)} x {_size(item.height)}" for item in sets]
            parts.append(f"{verb} {' or '.join(sizes) or 'any size'}")
    return f"images of payload type {found.payload_type}: {', '.join(parts)}"


def _size(size: SizeRange) -> str:
    return str(size.low) if size.low == size.high else f"{size.low} to {size.high}"


def _rtcp(section: Section, value: str) -> str:
    found = parse_rtcp(value)
    if found.port == 9 or (section.has("rtcp-mux")):
        return "RTCP has no port of its own in practice: ICE or rtcp-mux decides"
    where = f" at {_address(found.connection)}" if found.connection is not None else ""
    return f"RTCP without rtcp-mux goes to port {found.port}{where}"


def _extmap(section: Section, value: str) -> str:
    found = parse_extmap(value)
    short = found.uri.rsplit("/", 1)[-1].rsplit("rtp-hdrext:", 1)[-1]
    direction = f", {found.direction}" if found.direction else ""
    return f"header extension {found.id} is {short}{direction}"


def _msid(section: Section, value: str) -> str:
    found = parse_msid(value)
    stream = "no stream" if found.stream == "-" else f"stream {found.stream}"
    return f"track {found.track or 'without a name'} of {stream}"


def _ssrc(section: Section, value: str) -> str:
    found = parse_ssrc(value)
    said = f" is {found.value}" if found.attribute == "cname" else ""
    return f"RTP source {found.ssrc}: its {found.attribute}{said}"


def _ssrc_group(section: Section, value: str) -> str:
    found = parse_ssrc_group(value)
    what = _SSRC_GROUPS.get(found.semantics, f"a group of kind {found.semantics}")
    return f"sources {', '.join(map(str, found.ssrcs))}: {what}"


def _rid(section: Section, value: str) -> str:
    found = parse_rid(value)
    limits = [
        name if content is None else f"{name} {content}"
        for name, content in found.restrictions.items()
    ]
    if found.payload_types:
        limits.insert(0, f"payload types {', '.join(found.payload_types)}")
    verb = "sent" if found.direction == "send" else "received"
    return f"encoding {found.id!r}, {verb}" + (f": {', '.join(limits)}" if limits else "")


def _simulcast(section: Section, value: str) -> str:
    found = parse_simulcast(value)
    parts = []
    for verb, streams in (("sends", found.send), ("receives", found.recv)):
        if streams:
            names = [
                " or ".join(
                    item.rid + (" (paused)" if item.paused else "") for item in alternatives
                )
                for alternatives in streams
            ]
            parts.append(f"{verb} {len(streams)} encodings at a time: {', '.join(names)}")
    return "; ".join(parts)


def _max_message_size(section: Section, value: str) -> str:
    number = value.strip(BLANKS)
    if not number.isdecimal() or not number.isascii() or len(number) > 20:
        raise ParseError("no number")
    size = int(number)
    return f"takes messages up to {format_bytes(size)}" if size else "takes messages of any size"


def _sctpmap(section: Section, value: str) -> str:
    return f"data channels on SCTP port {parse_sctpmap(value).port}, in the form of old drafts"


def _crypto(section: Section, value: str) -> str:
    return f"an SRTP key in the clear (SDES), {parse_crypto(value).suite}; not for WebRTC"


def _source_filter(section: Section, value: str) -> str:
    found = parse_source_filter(value)
    verb = "only from" if found.mode == "incl" else "not from"
    return f"multicast to {found.destination} {verb} {', '.join(found.sources)}"


_ATTRIBUTES: dict[str, Callable[[Section, str], str]] = {
    "group": _group,
    "msid-semantic": _msid_semantic,
    "candidate": _candidate,
    "fingerprint": _fingerprint,
    "setup": _setup,
    "rtpmap": _rtpmap,
    "fmtp": _fmtp,
    "rtcp-fb": _rtcp_fb,
    "imageattr": _imageattr,
    "rtcp": _rtcp,
    "extmap": _extmap,
    "msid": _msid,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
    "rid": _rid,
    "simulcast": _simulcast,
    "max-message-size": _max_message_size,
    "sctpmap": _sctpmap,
    "crypto": _crypto,
    "source-filter": _source_filter,
}
