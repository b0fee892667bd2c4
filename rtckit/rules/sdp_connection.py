"""Rules for ``c=`` and ``b=`` lines: address and bandwidth (RFC 8866, 5.7 and 5.8)."""

import ipaddress
from collections.abc import Iterator

from rtckit.core.errors import ParseError
from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import ADDRESS_TYPES, address_fault
from rtckit.sdp.fields import parse_bandwidth, parse_connection
from rtckit.sdp.lines import Line, read_integer, words
from rtckit.sdp.section import Section

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_KNOWN_BANDWIDTHS = ("CT", "AS", "TIAS", "RS", "RR")


@rule(
    "SDP020",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.7", "RFC 9429, 5.8.2"),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def connection_present(description: LintedDescription) -> Iterator[Hit]:
    """There must be a `c=` line at the session level or in every media section.

    Why: ICE finds the addresses, yet Firefox refuses a description in which a section has no `c=`
        line, also a rejected one.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 0.0.0.0
        a=mid:0
    Fix: write `c=IN IP4 0.0.0.0` after each `m=` line.
    """
    if not description.media:
        return
    having = {section.first_line for section, _ in description.find_lines("c")}
    if description.session.first_line in having:
        return
    for media in description.media:
        if media.first_line not in having:
            yield Hit(
                f"media section {media.index} ({media.kind[:20]}) has no c= line, nor has the "
                "session",
                description.at_line(media),
            )


@rule(
    "SDP021",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.7",),
    subject="sdp",
)
def connection_repeated(description: LintedDescription) -> Iterator[Hit]:
    """There should be at most one `c=` line at each level.

    Why: several are for the layers of a multicast. Of others a receiver takes the first or the
        last, so two receivers may take different ones.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 0.0.0.0
        c=IN IP4 192.0.2.1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 0.0.0.0
    Fix: keep one.
    """
    previous: Section | None = None
    for section, line in description.find_lines("c"):
        if section is previous:
            address = words(line.value)[-1:] or [""]
            if section is description.session or not _is_multicast(address[0].split("/")[0]):
                yield Hit("a second c= line at this level", description.at_line(line))
        previous = section


def _is_multicast(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_multicast
    except ValueError:
        return False


@rule(
    "SDP022",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.7",),
    subject="sdp",
)
def connection_ttl(description: LintedDescription) -> Iterator[Hit]:
    """Only an IPv4 multicast address has a TTL, and it must have one.

    Why: what follows the slash is a TTL, a number of addresses, or both, depending on the kind of
        address. With a unicast address it means nothing, and aiortc cannot read it.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 192.0.2.1/127
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 233.252.0.1/127
    Fix: write `c=IN IP4 0.0.0.0`; WebRTC has no multicast.
    """
    for _, line in description.find_lines("c"):
        if "/" not in line.value and "IP4 2" not in line.value:
            continue
        try:
            connection = parse_connection(line.value, line.number, 3)
        except ParseError:
            continue  # SDP023
        place = description.at_word(line, 2)
        multicast = _is_multicast(connection.address)
        if connection.addrtype == "IP4" and multicast:
            if connection.ttl is None:
                yield Hit(f"multicast address {connection.address} without a TTL", place)
            elif connection.ttl > 255:
                yield Hit(f"TTL {connection.ttl} above 255", place)
        elif not multicast and "/" in line.value:
            yield Hit("a TTL or a number of addresses with a unicast address", place)


@rule(
    "SDP023",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.7", "RFC 9429, 5.8.2"),
    subject="sdp",
)
def connection_form(description: LintedDescription) -> Iterator[Hit]:
    """A `c=` line must be `IN`, `IP4` or `IP6`, and an address of that type.

    Why: browsers check the line although they use no address from it, and refuse the description;
        stacks without ICE send their media there.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP40.0.0.0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 0.0.0.0
    Fix: write `c=IN IP4 <address>` or `c=IN IP6 <address>`.
    """
    for _, line in description.find_lines("c"):
        if line.value == "IN IP4 0.0.0.0":
            continue
        fields = words(line.value)
        if len(fields) == 2 and fields[1][:3] in ADDRESS_TYPES and len(fields[1]) > 3:
            kind, address = fields[1][:3], fields[1][3:]
            message = f"no blank between the address type {kind} and {address[:40]!r}"
            yield Hit(message, description.at_word(line, 1))
        elif len(fields) != 3:
            yield Hit(f"c= has {len(fields)} fields instead of 3", description.at_line(line))
        elif fields[0] != "IN":
            yield Hit(
                f"network type {fields[0][:20]!r} instead of IN", description.at_word(line, 0)
            )
        elif fields[1] not in ADDRESS_TYPES:
            hint = f", meant {fields[1].upper()}?" if fields[1].upper() in ADDRESS_TYPES else ""
            yield Hit(f"address type {fields[1][:20]!r}{hint}", description.at_word(line, 1))
        else:
            fault = address_fault(fields[1], fields[2].split("/")[0])
            if fault:
                # Browsers read the form and use no address.
                yield Hit(fault, description.at_word(line, 2), severity=WARNING)


@rule(
    "SDP024",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.8", "RFC 3890, 6.2.2", "RFC 3556, 2"),
    subject="sdp",
    levels={"chromium": ERROR},
)
def bandwidth_form(description: LintedDescription) -> Iterator[Hit]:
    """A `b=` line should be a known type, a colon and a number.

    Why: an unknown type is ignored, so the limit that was meant does not hold. `AS` and `CT` count
        kilobits a second, `TIAS`, `RS` and `RR` bits.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        b=AS:1.5M
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        b=AS:1500
    Fix: write `b=AS:<kilobits a second>` or `b=TIAS:<bits a second>`.
    """
    for _, line in description.find_lines("b"):
        kind, colon, amount = line.value.partition(":")
        number = read_integer(amount.rstrip(" \t"))
        if not kind or not colon or number is None:
            what = (
                f"bandwidth {amount[:40]!r} is no number" if colon else "bandwidth without a colon"
            )
            place = description.at_text(line, amount) if colon else description.at_line(line)
            yield Hit(what, place)
        elif kind not in _KNOWN_BANDWIDTHS:
            known = kind.upper() in _KNOWN_BANDWIDTHS
            hint = f", meant {kind.upper()}?" if known else ""
            yield Hit(
                f"unknown bandwidth type {kind[:20]!r}{hint}",
                description.at_text(line, kind),
                severity=None if known else INFO,
            )


@rule(
    "SDP025",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 3890, 6.2.2",),
    subject="sdp",
)
def bandwidth_agreement(description: LintedDescription) -> Iterator[Hit]:
    """`b=AS` and `b=TIAS` of a section should say about the same.

    Why: one receiver heeds `AS` (kilobits), another `TIAS` (bits). Where they differ a thousandfold
        someone took one unit for the other; otherwise video is limited in one browser only.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        b=AS:2000
        b=TIAS:2000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        b=AS:2000
        b=TIAS:1900000
    Fix: write the same limit in both: `TIAS` without, `AS` with the headers below RTP.
    """
    limits: dict[tuple[int, str], tuple[int, Line]] = {}
    for section, line in description.find_lines("b"):
        try:
            bandwidth = parse_bandwidth(line.value, line.number, 3)
        except ParseError:
            continue
        limits[section.first_line, bandwidth.type] = (bandwidth.value, line)
    for (first_line, kind), (value, line) in limits.items():
        if kind != "TIAS" or (first_line, "AS") not in limits:
            continue
        kilobits = limits[first_line, "AS"][0]
        if not value / 2 <= kilobits * 1000 <= value * 2:
            yield Hit(
                f"b=TIAS:{value} is {value / 1000:g} kbit/s, but b=AS says {kilobits} kbit/s",
                description.at_line(line),
            )
