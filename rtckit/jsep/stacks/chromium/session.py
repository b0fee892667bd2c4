"""The parser: the session lines in the order libwebrtc wants them, then each media section."""

import ipaddress
import re
from functools import lru_cache

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    UNSUPPORTED,
    VIDEO,
    Content,
    Description,
    Extension,
    Transport,
    is_dtls_sctp,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint, decode_fingerprint
from rtckit.jsep.stacks.chromium.lexer import (
    Lines,
    ParseFailed,
    has_attribute,
    int_of,
    is_token,
    not_exactly,
    payload_type_of,
    split_first,
    to_int,
    too_few,
    value_of,
)

_ENCRYPTED = "urn:ietf:params:rtp-hdrext:encrypt"
_ROLES = ("active", "passive", "actpass", "holdconn")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:[01][0-9A-Fa-f]|7[Ff])")
_LINES_KEPT = 256
_USUAL_HEAD = re.compile(
    r"v=[^ \r\n][^\n]*\n"
    r"o=[^ \r\n]+(?: [^ \r\n]*){5}\r?\n"
    r"s=[^\r\n][^\n]*\n"
    r"t=[^ \r\n][^\n]*\n(?=[am]=)"
)
"""The lines before the session attributes of nearly all descriptions."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parse_description(text: str) -> Description:
    """Read a description, one character to a byte.

    Raises:
        ParseFailed: libwebrtc would not read it.
    """
    from rtckit.jsep.stacks.chromium.media import parse_section

    lines = Lines(text)
    description = Description()
    transport = Transport()
    extensions: list[Extension] = []
    _parse_head(lines)
    while (line := lines.next_of("a")) is not None:
        _parse_session_attribute(line, description, transport, extensions)
    while (line := lines.next_of("m")) is not None:
        content = _open_section(line, transport)
        parse_section(lines, line, content, description)
        _close_section(line, content, extensions)
        description.contents.append(content)
    seen: set[tuple[str, str]] = set()
    for content in description.contents:
        for stream in content.streams:
            if stream.track is None:
                continue
            if (stream.first_stream, stream.track) in seen:
                raise lines.fail("Duplicate a=msid lines detected")
            seen.add((stream.first_stream, stream.track))
    if not description.contents and not lines.at_end:
        raise lines.fail("Expects m line.")
    return description


def _parse_head(lines: Lines) -> None:
    """Read the lines before the session attributes, in their order (RFC 8866, 5)."""
    usual = _USUAL_HEAD.match(lines.text)
    if usual is not None:
        lines.pos = usual.end()
        return
    lines.expect("v")
    origin = lines.expect("o")
    if origin.count(" ") != 5:
        raise not_exactly(origin, 6)
    lines.expect("s")
    for kind in "iuep":
        lines.next_of(kind)
    connection = lines.next_of("c")
    if connection is not None:
        check_connection(connection)
    while lines.next_of("b") is not None:
        pass
    lines.expect("t")
    while lines.next_of("r") is not None:
        pass
    while lines.next_of("t") is not None:
        while lines.next_of("r") is not None:
            pass
    lines.next_of("z")
    lines.next_of("k")


def _parse_session_attribute(
    line: str, description: Description, transport: Transport, extensions: list[Extension]
) -> None:
    if has_attribute(line, "group"):
        description.groups.append(_parse_group(line))
    elif has_attribute(line, "ice-ufrag"):
        transport.ufrag = value_of(line, "ice-ufrag")
    elif has_attribute(line, "ice-pwd"):
        transport.pwd = value_of(line, "ice-pwd")
    elif has_attribute(line, "ice-lite"):
        transport.lite = True
    elif has_attribute(line, "ice-options"):
        transport.options += value_of(line, "ice-options").split(" ")
    elif has_attribute(line, "fingerprint"):
        if transport.fingerprint is not None:
            raise ParseFailed(line, "Can't have multiple fingerprint attributes at the same level.")
        transport.fingerprint = parse_fingerprint(line)
    elif has_attribute(line, "setup"):
        transport.role = parse_role(line)
    elif has_attribute(line, "msid-semantic"):
        value_of(line, "msid-semantic")
    elif has_attribute(line, "extmap-allow-mixed"):
        description.allow_mixed = True
    elif has_attribute(line, "extmap"):
        extensions.append(parse_extension(line))
    elif has_attribute(line, "cryptex"):
        description.cryptex = True


def _parse_group(line: str) -> tuple[str, list[str]]:
    """Read a group (RFC 5888, 5); a mid named twice counts once."""
    first, *mids = line[2:].split(" ")
    try:
        semantics = value_of(first, "group")
    except ParseFailed:
        raise ParseFailed(line, "Failed to parse group attribute.") from None
    if not all(is_token(mid) for mid in mids):
        raise ParseFailed(line, "Failed to parse group tag.")
    return semantics, list(dict.fromkeys(mids))


@lru_cache(maxsize=_LINES_KEPT)
def parse_fingerprint(line: str) -> Fingerprint:
    """Read a fingerprint (RFC 8122, 5). Its length is not compared with its algorithm here.

    Raises:
        ParseFailed: it is malformed, or the algorithm is none of the SHA family.
    """
    fields = line[2:].split(" ")
    if len(fields) != 2:
        raise not_exactly(line, 2)
    fingerprint = decode_fingerprint(value_of(fields[0], "fingerprint"), fields[1])
    if fingerprint is None:
        raise ParseFailed(line, "Failed to create fingerprint from the digest.")
    return fingerprint


@lru_cache(maxsize=_LINES_KEPT)
def parse_role(line: str) -> str:
    """Read a DTLS role (RFC 4145, 4), in either case.

    Raises:
        ParseFailed: it is none.
    """
    fields = line[2:].split(":")
    if len(fields) != 2:
        raise not_exactly(line, 2)
    if fields[1].lower() not in _ROLES:
        raise ParseFailed(line, "Invalid attribute value.")
    return fields[1].lower()


@lru_cache(maxsize=_LINES_KEPT)
def parse_extension(line: str) -> Extension:
    """Read a header extension (RFC 8285, 5).

    Raises:
        ParseFailed: it is malformed.
    """
    fields = line[2:].split(" ")
    if len(fields) < 2:
        raise too_few(line, 2)
    number = int_of(line, value_of(fields[0], "extmap").split("/")[0])
    if not 1 <= number <= 255:
        raise ParseFailed(line, "Extension ID is not in valid range.")
    uri, encrypted = fields[1], False
    if uri == _ENCRYPTED:
        if len(fields) < 3:
            raise too_few(line, 3)
        uri, encrypted = fields[2], True
        if uri == _ENCRYPTED:
            raise ParseFailed(line, "Recursive encrypted header.")
    if _CONTROL.search(uri) or _BAD_ESCAPE.search(uri):
        raise ParseFailed(line, "URI contains invalid characters.")
    return Extension(uri, number, encrypted)


@lru_cache(maxsize=_LINES_KEPT)
def check_connection(line: str) -> None:
    """Check a c line: Internet, one address and no multicast, of the family it says.

    Raises:
        ParseFailed: it is none of these.
    """
    parts = split_first(line[2:], " ")
    if parts is None or parts[0] != "IN":
        raise ParseFailed(
            line,
            "Failed to parse the connection data. The network type is not currently supported.",
        )
    parts = split_first(parts[1], " ")
    if parts is None:
        raise ParseFailed(line, "Failed to parse the address type.")
    family, address = parts
    if "/" in address:
        raise ParseFailed(
            line, "Failed to parse the connection data. Multicast is not currently supported."
        )
    actual = address_family(address)
    if actual is not None and actual != family:
        raise ParseFailed(
            line, "Failed to parse the connection data. The address type is mismatching."
        )


def address_family(address: str) -> str | None:
    """Return ``IP4`` or ``IP6``; None for what is a name or nothing."""
    if "%" in address:
        return None
    try:
        return f"IP{ipaddress.ip_address(address).version}"
    except ValueError:
        return None


def _open_section(line: str, session: Transport) -> Content:
    """Read an m line (RFC 8866, 5.14) and begin its section with the transport of the session."""
    kind, protocol, media, sctpmap, sctp_port = _read_m_line(line)
    transport = Transport(
        session.ufrag,
        session.pwd,
        list(session.options),
        session.lite,
        session.role,
        session.fingerprint,
    )
    content = Content(kind, protocol, transport, sctpmap=sctpmap, sctp_port=sctp_port)
    content.media = media
    return content


@lru_cache(maxsize=_LINES_KEPT)
def _read_m_line(line: str) -> tuple[str, str, str, bool, int]:
    """Return the kind and protocol of a section, the media type where it is unknown, and SCTP's.

    Raises:
        ParseFailed: the line is not read.
    """
    fields = line[2:].split(" ")
    if len(fields) < 4:
        raise too_few(line, 4)
    media, port, protocol = fields[:3]
    if to_int(port, 0, 65535) is None:
        raise ParseFailed(line, "The port number is invalid")
    if is_rtp(protocol):
        for text in fields[3:]:
            payload_type_of(line, text)
    elif media in (AUDIO, VIDEO):
        raise ParseFailed(line, "Unsupported protocol for media type")
    if media in (AUDIO, VIDEO):
        kind = media
    else:
        kind = DATA if media == "application" and is_dtls_sctp(protocol) else UNSUPPORTED
    sctpmap, sctp_port = True, 5000
    if kind == DATA:
        number = to_int(fields[3])
        if number is not None:
            sctp_port = number
        elif fields[3] == "webrtc-datachannel":
            sctpmap = False
    return kind, protocol, media if kind == UNSUPPORTED else "", sctpmap, sctp_port


def _close_section(line: str, content: Content, session: list[Extension]) -> None:
    """Settle what depends on the whole section."""
    port_zero = line[2:].split(" ")[1] == "0"
    content.bundle_only = content.bundle_only and port_zero
    content.rejected = content.kind == UNSUPPORTED or (port_zero and not content.bundle_only)
    if content.kind in (AUDIO, VIDEO):
        if session and content.extensions:
            raise ParseFailed(
                "", "The a=extmap MUST be either all session level or all media level."
            )
        if session:
            content.extensions = [*content.extensions, *session]
