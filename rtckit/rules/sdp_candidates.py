"""Rules for single candidates in descriptions (RFC 8839, 5.1; RFC 6544, 4.5; mDNS names).

A candidate that browsers cannot read they drop, often without a word; the call then lacks a path.
"""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.lines import read_integer, words

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_FOUNDATION = re.compile(r"[A-Za-z0-9+/]{1,32}")
_TYPES = ("host", "srflx", "prflx", "relay")
_TCP_TYPES = ("active", "passive", "so")
_UUID_4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.local", re.IGNORECASE
)
_DOTTED = re.compile(r"[0-9.]+")
_HIGHEST_PRIORITY = 2**31 - 1


@rule(
    "ICE008",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.1",),
    subject="sdp",
    levels={"firefox": WARNING},
)
def candidate_fields(description: LintedDescription) -> Iterator[Hit]:
    """A candidate must have its eight fields, with `typ` the seventh.

    Why: fields are known by their place. Chromium refuses the description, Firefox drops the
        candidate silently.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: write `<foundation> <component> <transport> <priority> <address> <port> typ <type>`.
    """
    for _, attribute in description.find_in_media("candidate"):
        fields = words(attribute.value or "")
        if len(fields) >= 8 and fields[6] == "typ":
            continue
        if fields[:1] and fields[0].startswith("candidate:"):
            yield Hit("candidate: written twice", description.at_word(attribute, 0))
        elif len(fields) > 6 and fields[6] != "typ":
            what = f"{fields[6][:20]!r} where typ belongs"
            yield Hit(what, description.at_word(attribute, 6))
        else:
            yield Hit(
                f"candidate of {len(fields)} fields instead of 8 or more",
                description.at_value(attribute),
            )


@rule("ICE009", WARNING, layer=Layer.ICE, refs=("RFC 8839, 5.1",), subject="sdp")
def foundation(description: LintedDescription) -> Iterator[Hit]:
    """A foundation should be 1 to 32 letters, digits, `+` and `/`.

    Why: it is compared as text, so browsers take any; a strict parser refuses the candidate.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:host-1 1 udp 2130706431 192.0.2.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:host1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: use other characters, or number the foundations.
    """
    for line in description.candidates:
        text = line.words[0]
        if not _FOUNDATION.fullmatch(text):
            what = f"of {len(text)} characters" if len(text) > 32 else repr(text)
            yield Hit(f"foundation {what}", description.at_word(line.attribute, 0))


@rule("ICE010", WARNING, layer=Layer.ICE, refs=("RFC 8839, 5.1", "RFC 9429, 5.2.1"), subject="sdp")
def component(description: LintedDescription) -> Iterator[Hit]:
    """A component should be 1, or 2 for RTCP where it is not multiplexed.

    Why: a candidate of another component belongs to nothing. Browsers accept and ignore it, so when
        it is the only one the call never connects.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        a=candidate:1 2 udp 2130706430 192.0.2.1 50001 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: write component 1.
    """
    firsts = {line.media.index for line in description.candidates if line.words[1] == "1"}
    for line in description.candidates:
        text = line.words[1]
        if text == "1":
            continue
        place = description.at_word(line.attribute, 1)
        number = read_integer(text)
        if number is None or not 1 <= number <= 256:
            yield Hit(f"component {text[:20]!r} is not 1 to 256", place, severity=ERROR)
        elif number > 2 or not line.media.is_rtp:
            yield Hit(f"component {number} has no use", place)
        # An offerer may gather for RTCP in case multiplexing is refused.
        elif line.media.rtcp_mux and (description.is_answer or line.media.index not in firsts):
            yield Hit("component 2 although RTCP shares the port of RTP", place)


@rule(
    "ICE011",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.1", "RFC 8445, 5.1.2"),
    subject="sdp",
)
def priority(description: LintedDescription) -> Iterator[Hit]:
    """A priority should be a number from 1 to 2147483647.

    Why: pairs are ordered by it. Chromium refuses what does not fit 32 bits; a priority of 0 is
        taken, though no agent computes one.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 4294967296 192.0.2.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: compute it by RFC 8445, 5.1.2.1.
    """
    for line in description.candidates:
        text = line.words[3]
        number = read_integer(text)
        if number is None or not 1 <= number <= _HIGHEST_PRIORITY:
            refused = number is None or number >= 2**32
            yield Hit(
                f"priority {text[:20]} is not 1 to 2147483647",
                description.at_word(line.attribute, 3),
                severity=ERROR if refused else None,
            )


@rule("ICE012", INFO, layer=Layer.ICE, refs=("RFC 8445, 5.1.2.1",), subject="sdp")
def priority_formula(description: LintedDescription) -> Iterator[Hit]:
    """The last byte of a priority is 256 less the component.

    Why: every agent uses the recommended formula, so another value tells of a candidate that was
        written or changed by hand, or of a component that was changed alone.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706430 192.0.2.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: compute it as 2^24 type preference + 2^8 local preference + 256 - component.
    """
    for line in description.candidates:
        number, part = read_integer(line.words[3], _HIGHEST_PRIORITY), read_integer(line.words[1])
        if number and part and part <= 256 and number & 0xFF != (256 - part) & 0xFF:
            yield Hit(
                f"priority {number} ends in {number & 0xFF}, component {part} gives {256 - part}",
                description.at_word(line.attribute, 3),
            )


@rule(
    "ICE013",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.1", "RFC 6544, 4.5"),
    subject="sdp",
    levels={"firefox": WARNING},
)
def candidate_port(description: LintedDescription) -> Iterator[Hit]:
    """A candidate's port must be a number from 1 to 65535, and 9 for active TCP.

    Why: nothing can be sent to port 0. An active TCP candidate only opens connections, so it writes
        9 (discard) for the port that it does not know.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 65536 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 65535 typ host
    Fix: write the port that was bound.
    """
    for line in description.candidates:
        text = line.words[5]
        number = read_integer(text, 65535)
        active = line.words[2] not in ("udp", "UDP") and line.extension("tcptype") == "active"
        if number and (number == 9 or not active):
            continue
        place = description.at_word(line.attribute, 5)
        if number is None:
            yield Hit(f"port {text[:20]!r} is not 0 to 65535", place)
        elif number == 0:
            yield Hit("port 0", place, severity=INFO if active else WARNING)
        elif active and number != 9 and line.words[7] == "host":
            yield Hit(f"port {number} of an active TCP candidate, not 9", place, severity=INFO)


@rule(
    "ICE014",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.1",),
    subject="sdp",
    levels={"chromium": ERROR},
)
def candidate_type(description: LintedDescription) -> Iterator[Hit]:
    """A candidate should be of type host, srflx, prflx or relay.

    Why: Chromium refuses a description with another type, others drop the candidate.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ local
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: write the type it has. `local`, `stun` and `relay` were those of ICE before the standard.
    """
    for line in description.candidates:
        kind = line.words[7]
        if kind not in _TYPES:
            yield Hit(f"candidate type {kind[:20]!r}", description.at_word(line.attribute, 7))


@rule("ICE015", WARNING, layer=Layer.ICE, refs=("RFC 8839, 5.1",), subject="sdp")
def related_address(description: LintedDescription) -> Iterator[Hit]:
    """A candidate should have `raddr` and `rport` unless it is a host candidate.

    Why: they are for diagnosis and nothing is sent there, but the grammar's text makes them a duty,
        and without them no one sees which interface or allocation the candidate comes from.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 1694498815 192.0.2.1 50000 typ srflx
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 1694498815 192.0.2.1 50000 typ srflx raddr 0.0.0.0 rport 9
    Fix: write them; to hide them write `raddr 0.0.0.0 rport 9`.
    """
    for line in description.candidates:
        kind = line.words[7]
        if kind not in _TYPES:
            continue
        address, port = line.extension("raddr"), line.extension("rport")
        if kind == "host":
            if address is not None:
                where = line.words.index("raddr", 8)
                place = description.at_word(line.attribute, where)
                yield Hit("a host candidate with raddr", place)
        elif address is None or port is None:
            missing = "raddr" if address is None else "rport"
            place = description.at_word(line.attribute, 7)
            yield Hit(f"{kind} candidate without {missing}", place)
        elif read_integer(port, 65535) is None:
            where = line.words.index("rport", 8) + 1
            yield Hit(f"rport {port[:20]!r}", description.at_word(line.attribute, where))


@rule(
    "ICE016",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 6544, 4.5",),
    subject="sdp",
    levels=dict.fromkeys(("chromium", "firefox", "aiortc"), WARNING),
)
def tcp_type(description: LintedDescription) -> Iterator[Hit]:
    """A TCP candidate must say with `tcptype` who opens the connection.

    Why: active pairs with passive only. Without it the candidate has no peer, and browsers take it
        for what they will; with a transport other than UDP and TCP nothing is paired.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 tcp 1518280447 192.0.2.1 443 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 tcp 1518280447 192.0.2.1 443 typ host tcptype passive
    Fix: add `tcptype passive` for a listening port.
    """
    for line in description.candidates:
        transport = line.words[2].lower()
        if transport == "udp":
            continue
        if transport != "tcp":
            yield Hit(
                f"transport {line.words[2][:20]!r} is not udp or tcp",
                description.at_word(line.attribute, 2),
                severity=WARNING,
            )
            continue
        kind = line.extension("tcptype")
        if kind is None:
            yield Hit("TCP candidate without tcptype", description.at_word(line.attribute, 2))
        elif kind not in _TCP_TYPES:
            where = line.words.index("tcptype", 8) + 1
            yield Hit(f"tcptype {kind[:20]!r}", description.at_word(line.attribute, where))


@rule("ICE017", WARNING, layer=Layer.ICE, refs=("RFC 8839, 5.1",), subject="sdp")
def extension_pairs(description: LintedDescription) -> Iterator[Hit]:
    """What follows a candidate's type should be names with values.

    Why: a name without a value shifts what comes after it, so a later `tcptype` or `raddr` is not
        found.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host generation
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host generation 0
    Fix: write the value, or remove the name.
    """
    for line in description.candidates:
        if len(line.words) % 2:
            last = len(line.words) - 1
            yield Hit(
                f"{line.words[-1][:20]!r} has no value", description.at_word(line.attribute, last)
            )


@rule("ICE018", WARNING, layer=Layer.ICE, refs=("RFC 8839, 5.1",), subject="sdp")
def name_candidate(description: LintedDescription) -> Iterator[Hit]:
    """A candidate's address should not be a name, except one under `.local`.

    Why: agents must ignore candidates with names. Browsers do so without a word, and the call lacks
        the path that was meant.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 sfu.example.com 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: resolve the name on the server and write its addresses.
    """
    for line in description.candidates:
        address = line.words[4]
        if _is_name(address) and not address.lower().endswith(".local"):
            yield Hit(
                f"the name {address[:60]} instead of an address",
                description.at_word(line.attribute, 4),
            )


def _is_name(address: str) -> bool:
    return ":" not in address and not _DOTTED.fullmatch(address)


@rule(
    "ICE019",
    INFO,
    layer=Layer.ICE,
    refs=("draft-ietf-mmusic-mdns-ice-candidates, 3.1.1",),
    subject="sdp",
)
def mdns_name(description: LintedDescription) -> Iterator[Hit]:
    """An mDNS name that hides an address is a version 4 UUID and `.local`.

    Why: another name under `.local` is a host name, which tells who the machine is, and browsers
        may not resolve it.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 annas-laptop.local 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 50000 typ host
    Fix: generate a random UUID for each address.
    """
    for line in description.candidates:
        address = line.words[4]
        if address.lower().endswith(".local") and not _UUID_4.fullmatch(address):
            yield Hit(
                f"mDNS name {address[:60]} is not <UUID 4>.local",
                description.at_word(line.attribute, 4),
            )


@rule("ICE034", ERROR, layer=Layer.ICE, refs=("RFC 8839, 5.1",), subject="sdp")
def bad_address(description: LintedDescription) -> Iterator[Hit]:
    """A candidate's address must be an IP address that exists.

    Why: browsers take `999.1.1.1` for a name, accept the candidate and drop it when they cannot
        resolve it; the call lacks the path, and nothing says why. 0.0.0.0 cannot be sent to.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 999.1.1.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: write the address that was bound.
    """
    for line in description.candidates:
        what = _address_fault(line.words[4])
        if what is not None:
            yield Hit(what, description.at_word(line.attribute, 4))


@lru_cache(maxsize=1024)
def _address_fault(text: str) -> str | None:
    if _is_name(text):
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return f"{text[:60]!r} is no IP address"
    return f"nothing can be sent to {text}" if address.is_unspecified else None
