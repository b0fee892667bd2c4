"""From SIPCC's records to a description: the faults Firefox finds after SIPCC was content.

Fingerprints, rids and simulcast are read only here, section by section, the session level first;
these errors stand behind SIPCC's own, without the space SIPCC puts before its text.
"""

import re
from typing import cast

from rtckit.jsep.stacks.firefox.attributes import (
    ExtMap,
    Feedback,
    Group,
    Msid,
    RtpMap,
    SctpMap,
)
from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.stacks.firefox.fmtp import Fmtp
from rtckit.jsep.stacks.firefox.imageattr import check_imageattr
from rtckit.jsep.stacks.firefox.records import Attribute, Level, MediaLevel, Parsing
from rtckit.jsep.stacks.firefox.rids import Refused, Simulcast, read_rid, read_simulcast
from rtckit.jsep.stacks.firefox.sipcc import parse

_DIRECTIONS = ("inactive", "sendonly", "recvonly", "sendrecv")
_HASHES = {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512", "md5", "md2"}
_DIGEST = re.compile("[0-9A-F]{2}(?::[0-9A-F]{2})*+")
# What says image is taken for text; see the payload types SIPCC knows by name.
_MEDIA = {"audio": "audio", "video": "video", "application": "application", "image": "text"}
_PROTOCOLS = frozenset(
    (
        *("RTP/AVP", "RTP/SAVP", "RTP/AVPF", "RTP/SAVPF", "UDP/TLS/RTP/SAVP"),
        *("UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "DTLS/SCTP"),
        *("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
    )
)
_MEDIA_ONLY = ("mid", "label", "ptime", "maxptime", "sctp-port", "max-message-size")


class Unreadable(Exception):
    """Loading stopped; the reasons are among the errors of the parse."""


def load(text: str) -> tuple[Description | None, list[tuple[int, str]]]:
    """Read a description as Firefox does.

    Returns:
        The description, None if it is refused; and the errors with their lines, in order.
    """
    parsing, is_good = parse(text)
    if not is_good:
        return None, parsing.errors
    try:
        return _load(parsing), parsing.errors
    except Unreadable:
        return None, parsing.errors


def _fail(parsing: Parsing, line: int, message: str, times: int = 1) -> Unreadable:
    parsing.errors.extend([(line, message)] * times)
    return Unreadable()


def _line_of(attribute: Attribute) -> int:
    return attribute.line


def _text(attribute: Attribute | None) -> str | None:
    """Return the value of an attribute whose value is text."""
    return attribute.value if attribute and isinstance(attribute.value, str) else None


def _load(parsing: Parsing) -> Description:
    session = parsing.session
    for name in _MEDIA_ONLY:
        attribute = session.first(name)
        if attribute:
            parsing.errors.append((attribute.line, f"{name} at session level. Ignoring."))
    groups = [a.value for a in session.all("group") if isinstance(a.value, Group)]
    defaults = Section(-1, "", 0, "")
    _load_transport(parsing, session, defaults)
    description = Description(
        bundles=[list(group.mids) for group in groups if group.semantics == "BUNDLE"],
        is_ice_lite=session.first("ice-lite") is not None,
        is_mixed=session.first("extmap-allow-mixed") is not None,
    )
    defaults.is_mixed = description.is_mixed
    for level, media in enumerate(parsing.media):
        description.sections.append(_load_section(parsing, level, media, defaults))
    return description


def _load_transport(parsing: Parsing, level: Level, section: Section) -> None:
    """Load what both levels may hold: ICE, fingerprints, setup, header extensions."""
    section.ice_ufrag = _text(level.first("ice-ufrag")) or section.ice_ufrag
    section.ice_pwd = _text(level.first("ice-pwd")) or section.ice_pwd
    known = _load_fingerprints(parsing, level)
    if known is not None:
        section.fingerprints = known
    section.setup = _text(level.first("setup")) or section.setup
    extensions = [a.value for a in level.all("extmap") if isinstance(a.value, ExtMap)]
    if extensions:
        if section.extensions is not None:
            first = level.first("extmap")
            parsing.errors.append(
                (
                    first.line if first else 0,
                    "extmap attributes in both session and media level",
                )
            )
        section.extensions = extensions


def _load_fingerprints(parsing: Parsing, level: Level) -> int | None:
    """Count the fingerprints of known algorithms; None without any fingerprint.

    Raises:
        Unreadable: a token is missing or is not pairs of capital hexadecimal digits.
    """
    found = level.all("fingerprint")
    known = 0
    for attribute in found:
        value = str(attribute.value)
        token = value.lstrip(" \t")
        if not token:
            raise _fail(parsing, attribute.line, "Empty fingerprint attribute")
        cut = min((i for i in (token.find(" "), token.find("\t")) if i >= 0), default=-1)
        digest = "" if cut < 0 else token[cut:].lstrip(" \t")
        if not digest:
            raise _fail(parsing, attribute.line, "Only one token in fingerprint attribute")
        if _DIGEST.fullmatch(digest) is None:
            raise _fail(parsing, attribute.line, "Malformed fingerprint token")
        known += token[:cut].lower() in _HASHES
    return known if found else None


def _load_section(parsing: Parsing, level: int, media: MediaLevel, defaults: Section) -> Section:
    if media.media is None or media.media not in _MEDIA:
        raise _fail(parsing, media.line, "Unsupported media section type")
    if media.port_count is not None and not 0 <= media.port_count <= 0xFFFF:
        raise _fail(parsing, media.line, "Invalid port count")
    if media.transport not in _PROTOCOLS:
        raise _fail(parsing, media.line, "Unsupported media transport type")
    section = Section(
        level,
        _MEDIA[media.media],
        media.port & 0xFFFF,
        str(media.transport),
        formats=_formats(media),
        ice_ufrag=defaults.ice_ufrag,
        ice_pwd=defaults.ice_pwd,
        fingerprints=defaults.fingerprints,
        setup=defaults.setup,
        extensions=defaults.extensions,
    )
    section.mid = _text(media.first("mid"))
    directions = [media.all(name)[-1] for name in _DIRECTIONS if media.first(name)]
    if directions:
        section.direction = max(directions, key=_line_of).name
    section.is_bundle_only = media.first("bundle-only") is not None
    section.has_rtcp_mux = media.first("rtcp-mux") is not None
    section.has_candidates = media.first("candidate") is not None
    section.has_end_of_candidates = media.first("end-of-candidates") is not None
    port = media.first("sctp-port")
    section.sctp_port = port.value & 0xFFFF if port and isinstance(port.value, int) else 0
    section.sctp_maps = [a.value for a in media.all("sctpmap") if isinstance(a.value, SctpMap)]
    if media.media != "application":
        section.codecs = cast(list[RtpMap], [a.value for a in media.all("rtpmap")])
    section.formats_read = cast(list[Fmtp], [a.value for a in media.all("fmtp")])
    section.feedback = cast(list[Feedback], [a.value for a in media.all("rtcp-fb")])
    section.has_rtcp_rsize = media.first("rtcp-rsize") is not None
    section.is_mixed = defaults.is_mixed or media.first("extmap-allow-mixed") is not None
    section.msids = [a.value for a in media.all("msid") if isinstance(a.value, Msid)]
    size = media.first("max-message-size")
    if size and isinstance(size.value, int):
        section.max_message_size = size.value
    simulcast, rids = _load_rids(parsing, media)
    if media.first("simulcast"):
        section.simulcast = simulcast
    section.rids = rids
    _load_transport(parsing, media, section)
    for direction, versions in (("send", simulcast.send), ("recv", simulcast.receive)):
        for rid in (rid for version in versions for rid in version):
            if rids.get(rid) != direction:
                raise _fail(parsing, media.line, f"No rid attribute for '{rid}'", times=2)
    return section


def _formats(media: MediaLevel) -> list[str]:
    """Return the formats; of a payload type above 255 only the high byte is left."""
    if media.media == "application":
        if media.transport in ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"):
            return ["webrtc-datachannel"] if media.is_data_channel else []
        return [str(media.sctp_port)]
    if media.media == "image":
        return []
    return [str(number >> 8 if number > 0xFF else number) for number in media.payload_types]


def _load_rids(parsing: Parsing, media: MediaLevel) -> tuple[Simulcast, dict[str, str]]:
    """Read imageattr, simulcast and rids.

    Returns:
        The simulcast, empty without one, and the direction of each rid.

    Raises:
        Unreadable: one of them is refused.
    """
    simulcast = Simulcast()
    rids: dict[str, str] = {}
    attributes = [*media.all("imageattr"), *media.all("simulcast")[:1], *media.all("rid")]
    for attribute in attributes:
        value = str(attribute.value)
        try:
            if attribute.name == "imageattr":
                check_imageattr(value)
            elif attribute.name == "simulcast":
                simulcast = read_simulcast(value)
            else:
                rid, direction = read_rid(value)
                rids.setdefault(rid, direction)
        except Refused as reason:
            raise _fail(parsing, attribute.line, str(reason)) from None
    return simulcast, rids
