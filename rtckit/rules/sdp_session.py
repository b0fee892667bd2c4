"""Rules for the lines that describe the session and its times (RFC 8866, 5.2 to 5.6, 5.9 to 5.12).

``c=`` and ``b=``: ``sdp_connection``.
"""

import ipaddress
from collections.abc import Iterator

from rtckit.core.errors import ParseError
from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import ADDRESS_TYPES, address_fault
from rtckit.sdp.fields import parse_timing
from rtckit.sdp.lines import Line, words
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# RFC 9429, 5.2.1: less than 2^63-1, for parsers with signed numbers.
_SESSION_ID_LIMIT = 2**63 - 1


def _missing(description: LintedDescription, before: str) -> int:
    """The number of the first line whose type is none of ``before``: where one was expected."""
    for number, body in enumerate(description.lines, 1):
        if body[1:2] != "=" or body[0] not in before:
            return number
    return max(1, len(description.lines))


def _origin_fields(description: LintedDescription) -> tuple[Line, list[str]] | None:
    """The first ``o=`` line with its fields, when there are six."""
    found = description.find_lines("o")
    if not found:
        return None
    line = found[0][1]
    fields = line.value.rstrip(" \t").split(" ")
    return (line, fields) if len(fields) == 6 and all(fields) else None


@rule(
    "SDP002",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.2",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def origin_line(description: LintedDescription) -> Iterator[Hit]:
    """There must be one `o=` line, of six fields.

    Why: the fields are known by their place, so one too many (a blank in the session id) or too few
        moves all others. Both browsers refuse the description.
    Fires on:
        o=- 7806956 075423448571 2 IN IP4 127.0.0.1
    Silent on:
        o=- 7806956075423448571 2 IN IP4 127.0.0.1
    Fix: write `o=<username> <session id> <version> IN IP4 <address>`, with `-` for no username.
    """
    found = description.find_lines("o")
    if not found:
        yield Hit("no o= line", description.at_line(_missing(description, "v")))
        return
    _, line = found[0]
    fields = line.value.rstrip(" \t").split(" ")
    if len(fields) != 6 or not all(fields):
        message = f"o= has {len([f for f in fields if f])} fields instead of 6"
        if len(fields) == 7 and fields[1].isdigit() and fields[2].isdigit() and fields[3].isdigit():
            message += "; a blank seems to part the session id"
            yield Hit(message, description.at_text(line, f"{fields[1]} {fields[2]}"))
        else:
            yield Hit(message, description.at_line(line))
    for _, again in found[1:]:
        yield Hit(f"a second o= line (first: line {line.number})", description.at_line(again))


@rule(
    "SDP003",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.2", "RFC 8866, 9"),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def session_id_numeric(description: LintedDescription) -> Iterator[Hit]:
    """The session id and version must be decimal numbers.

    Why: receivers compare them to tell an update from a new session. Firefox refuses a description
        whose session id is negative or no number.
    Fires on:
        o=- -5 2 IN IP4 127.0.0.1
    Silent on:
        o=- 5 2 IN IP4 127.0.0.1
    Fix: write digits only; a random 63-bit number is what RFC 9429 recommends for the id.
    """
    origin = _origin_fields(description)
    if origin is None:
        return
    line, fields = origin
    for index, what in ((1, "session id"), (2, "session version")):
        if not (fields[index].isdigit() and fields[index].isascii()):
            place = description.at_word(line, index)
            yield Hit(f"{what} {fields[index][:40]!r} is no number", place)


@rule(
    "SDP004",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.1",),
    subject="sdp",
    levels={"firefox": ERROR},
)
def session_id_size(description: LintedDescription) -> Iterator[Hit]:
    """The session id should fit a signed 64-bit number.

    Why: RFC 8866 sets no limit, parsers do: a larger id reads as negative or not at all, and
        Firefox refuses the description.
    Fires on:
        o=- 9223372036854775808 2 IN IP4 127.0.0.1
    Silent on:
        o=- 9223372036854775806 2 IN IP4 127.0.0.1
    Fix: choose an id below 2^63-1.
    """
    origin = _origin_fields(description)
    if origin is None:
        return
    line, fields = origin
    for index, what in ((1, "session id"), (2, "session version")):
        text = fields[index].lstrip("0")
        if not (text.isdigit() and text.isascii()):
            continue
        if len(text) > 19 or int(text) >= _SESSION_ID_LIMIT:
            place = description.at_word(line, index)
            yield Hit(f"{what} of {len(text)} digits is 2^63-1 or more", place)


@rule(
    "SDP005",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.2",),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING, "aiortc": WARNING},
)
def origin_address(description: LintedDescription) -> Iterator[Hit]:
    """The origin must have network type `IN` and an address of its address type.

    Why: nothing is sent to this address, so browsers hardly look; but the three fields are part of
        what identifies the session, and strict parsers (SIP gateways) check them.
    Fires on:
        o=- 1 1 IN IP4 2001:db8::1
    Silent on:
        o=- 1 1 IN IP6 2001:db8::1
    Fix: write `IN IP4 127.0.0.1`, which tells nothing about the machine.
    """
    origin = _origin_fields(description)
    if origin is None:
        return
    line, fields = origin
    nettype, addrtype, address = fields[3:]
    if nettype != "IN":
        yield Hit(f"network type {nettype[:20]!r} instead of IN", description.at_word(line, 3))
    elif addrtype not in ADDRESS_TYPES:
        yield Hit(f"address type {addrtype[:20]!r}", description.at_word(line, 4))
    else:
        fault = address_fault(addrtype, address)
        if fault:
            yield Hit(fault, description.at_word(line, 5))


@rule(
    "SDP006",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.3",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def session_name_present(description: LintedDescription) -> Iterator[Hit]:
    """There must be one `s=` line.

    Why: the grammar asks for it, and Chromium refuses a description in which it does not follow the
        `o=` line.
    Fires on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        t=0 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Fix: write `s=-` after the `o=` line.
    """
    found = description.find_lines("s")
    if not found:
        yield Hit("no s= line", description.at_line(_missing(description, "vo")))
    for _, again in found[1:]:
        first = found[0][1].number
        yield Hit(f"a second s= line (first: line {first})", description.at_line(again))


@rule(
    "SDP007",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.3", "RFC 9429, 5.2.1"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def session_name_empty(description: LintedDescription) -> Iterator[Hit]:
    """The session name must not be empty.

    Why: the grammar asks for a character, and Chromium refuses an empty name.
    Fires on:
        s=
    Silent on:
        s=-
    Fix: write `s=-`.
    """
    for _, line in description.find_lines("s"):
        if not line.value:
            yield Hit("the session name is empty", description.at_line(line))


@rule(
    "SDP008",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.9", "RFC 9429, 5.2.1"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def timing_present(description: LintedDescription) -> Iterator[Hit]:
    """There must be a `t=` line.

    Why: it means nothing in WebRTC, but the grammar asks for it and both browsers refuse a
        description without it.
    Fires on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: write `t=0 0` after the `s=` line.
    """
    if not description.find_lines("t"):
        yield Hit("no t= line", description.at_line(_missing(description, "vosiuepcb")))


@rule(
    "SDP026",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.9", "RFC 3264, 5", "RFC 9429, 5.2.1"),
    subject="sdp",
)
def timing_form(description: LintedDescription) -> Iterator[Hit]:
    """In offers and answers `t=` should be `0 0`.

    Why: the times are of announcements; a call is now. A stop before the start, or words that are
        no numbers, make a strict parser refuse the description.
    Fires on:
        t=3724394400 3724390000
    Silent on:
        t=0 0
    Fix: write `t=0 0`.
    """
    for _, line in description.find_lines("t"):
        if line.value == "0 0":
            continue
        try:
            timing = parse_timing(line.value, line.number, 3)
        except ParseError as error:
            yield Hit(error.message, description.at_line(line), severity=ERROR)
            continue
        if 0 < timing.stop < timing.start:
            yield Hit(
                "the session ends before it starts", description.at_line(line), severity=ERROR
            )
        elif timing.start or timing.stop:
            yield Hit("times other than 0 0", description.at_line(line))


@rule(
    "SDP027",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.10", "RFC 8866, 5.11"),
    subject="sdp",
)
def repeat_times(description: LintedDescription) -> Iterator[Hit]:
    """`r=` must follow a `t=` line, and `z=` hold pairs of times and offsets.

    Why: both refine the time before them; WebRTC has no use for either (RFC 9429, 5.2.1), so they
        tell of a description that was made for something else.
    Fires on:
        t=0 0
        z=2882844526
    Silent on:
        t=0 0
        r=604800 3600 0 90000
    Fix: remove the line.
    """
    if not (description.find_lines("r") or description.find_lines("z")):
        return
    previous = ""
    for line in description.typed_lines[0][1]:
        if line.type == "r" and previous not in ("t", "r"):
            yield Hit("r= does not follow t= or r=", description.at_line(line))
        elif line.type == "r" and len(words(line.value)) < 3:
            yield Hit("r= has fewer than 3 fields", description.at_line(line))
        elif line.type == "z" and (len(words(line.value)) % 2 or not words(line.value)):
            yield Hit("z= is not made of pairs", description.at_line(line))
        previous = line.type


@rule(
    "SDP028",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.12", "RFC 9429, 5.2.1"),
    subject="sdp",
    levels={"rfc": ERROR},
)
def key_line(description: LintedDescription) -> Iterator[Hit]:
    """A `k=` line should not be written.

    Why: it is obsolete and carries a key in the clear. Browsers ignore it; DTLS makes the keys.
    Fires on:
        k=prompt
    Silent on:
        t=0 0
    Fix: remove the line, and treat the key as public if the description went through a server.
    """
    for _, line in description.find_lines("k"):
        yield Hit("k= is obsolete", description.at_line(line))


@rule(
    "SDP029",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5", "RFC 8866, 5.5", "RFC 8866, 5.6"),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING, "aiortc": WARNING},
)
def contact_lines(description: LintedDescription) -> Iterator[Hit]:
    """`u=` must occur at most once; `u=`, `e=` and `p=` must stand before the media.

    Why: they tell about the session as a whole. In offers and answers they are of no use (RFC 9429,
        5.2.1) and may tell names and addresses of people to the other end.
    Fires on:
        u=https://example.com/a
        u=https://example.com/b
    Silent on:
        u=https://example.com/a
    Fix: remove them.
    """
    for letter in ("u", "e", "p"):
        found = description.find_lines(letter)
        for index, (section, line) in enumerate(found):
            if isinstance(section, MediaSection):
                yield Hit(f"{letter}= in a media section", description.at_line(line))
            elif letter == "u" and index:
                yield Hit("a second u= line", description.at_line(line))


@rule(
    "SDP052",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.1", "RFC 8828, 3"),
    subject="sdp",
)
def address_leak(description: LintedDescription) -> Iterator[Hit]:
    """The origin should not tell an address of the machine.

    Why: nothing is ever sent there, so the only effect of a real address in `o=` is that the other
        end, and every server on the way, learns it, whatever the ICE policy hides.
    Fires on:
        o=- 1 1 IN IP4 192.168.1.17
    Silent on:
        o=- 1 1 IN IP4 127.0.0.1
    Fix: write `127.0.0.1` or `0.0.0.0`.
    """
    origin = _origin_fields(description)
    if origin is None:
        return
    line, fields = origin
    try:
        address = ipaddress.ip_address(fields[5])
    except ValueError:
        return
    if not (address.is_loopback or address.is_unspecified or address.is_multicast):
        scope = "private" if address.is_private else "public"
        yield Hit(f"the {scope} address {fields[5]} in o=", description.at_word(line, 5))
