"""Rules for the lines of a description: their form and their order (RFC 8866, 5 and 9)."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Location, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.grammar import LINE_TYPES, SESSION_LINE_ORDER, is_known
from rtckit.sdp.lines import Line

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# r= and z= belong to the t= before them (SDP027).
_SESSION_RANK = {letter: rank for rank, letter in enumerate("vosiuepcbtka")} | {"r": 9, "z": 9}
_MEDIA_RANK = {letter: rank for rank, letter in enumerate("micbka")}
_ATTRIBUTE_NAME = re.compile(r"[!#-'*+\-.0-9A-Z^-~]+")


@rule(
    "SDP001",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.1",),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def version_line(description: LintedDescription) -> Iterator[Hit]:
    """The first line must be `v=0`.

    Why: the version line is how a receiver knows that this is SDP. Chromium refuses a description
        that begins with anything but a `v=` line, Firefox also another version.
    Fires on:
        v=1
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Fix: begin with `v=0`. Blank lines, quotes and indentation before it have to go, too.
    """
    if not description.lines:
        return
    first = description.lines[0]
    if first.rstrip(" \t") == "v=0":
        return
    if first[:2] == "v=":
        place = description.at_word(Line(1, first, ""), 0)
        yield Hit(f"version {first[2:].strip()[:20]!r} instead of 0", place)
        return
    message = "the description does not begin with v=0"
    number = next((n for n, body in enumerate(description.lines, 1) if body[:2] == "v="), None)
    if number is not None:
        message += f"; its v= line is line {number}"
    yield Hit(message, description.at_line(1))


@rule(
    "SDP009",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5", "RFC 9429, 5.8.1"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": INFO},
)
def session_line_order(description: LintedDescription) -> Iterator[Hit]:
    """Session-level lines must keep their order.

    Why: the order of line types is fixed so that a parser may be simple, and simple parsers are
        what the browsers have: they look for each type at its place only and call a line that
        comes late an error, or skip it.
    Fires on:
        v=0
        s=-
        o=- 1 1 IN IP4 127.0.0.1
        t=0 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Fix: write the session-level lines in the order v, o, s, i, u, e, p, c, b, t, r, z, k, a.
    """
    section, lines = description.typed_lines[0]
    attributes = section.attributes
    first_attribute = attributes[0].line if attributes else len(description.lines) + 1
    highest, letter = -1, ""
    for line in lines:
        rank = _SESSION_RANK.get(line.type)
        if rank is None:
            continue
        if line.number > first_attribute:
            yield Hit(
                f"{line.type}= comes after an attribute (line {first_attribute})",
                description.at_line(line),
            )
        elif rank < highest:
            yield Hit(f"{line.type}= comes after {letter}=", description.at_line(line))
        else:
            highest, letter = rank, line.type


@rule(
    "SDP010",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5", "RFC 9429, 5.8.2"),
    subject="sdp",
    levels={"rfc": ERROR},
)
def media_line_order(description: LintedDescription) -> Iterator[Hit]:
    """The lines of a media section should keep their order.

    Why: the grammar fixes it. Browsers take the two or three line types of a media section in any
        order, but gateways and SIP stacks with a generated parser refuse them.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        b=AS:64
        c=IN IP4 0.0.0.0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 0.0.0.0
        b=AS:64
    Fix: after `m=` write i, c, b, k and then the attributes.
    """
    for section, lines in description.typed_lines[1:]:
        if len(lines) < 2:
            continue
        attributes = section.attributes
        first_attribute = attributes[0].line if attributes else len(description.lines) + 1
        highest, letter = -1, ""
        for line in lines:
            rank = _MEDIA_RANK.get(line.type)
            if rank is None:
                if line.type in _SESSION_RANK:
                    yield Hit(
                        f"{line.type}= belongs before the first m= line", description.at_line(line)
                    )
            elif line.number > first_attribute:
                yield Hit(
                    f"{line.type}= comes after an attribute (line {first_attribute})",
                    description.at_line(line),
                )
            elif rank < highest:
                yield Hit(f"{line.type}= comes after {letter}=", description.at_line(line))
            else:
                highest, letter = rank, line.type


@rule(
    "SDP011",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def line_form(description: LintedDescription) -> Iterator[Hit]:
    """A line must be a letter, an equals sign and a value.

    Why: a parser that meets another form gives up there, at best with the number of the line; most
        often such a line is half of one that a mailer, a log or an editor broke in two.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111
        opus/48000/2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
    Fix: join the line with the one before it if it was broken, or remove it.
    """
    for _, line in description.find_lines(""):
        text = line.text
        if not text.strip(" \t"):
            continue  # SDP015
        if text[:1] in " \t":
            yield Hit("blanks before the line type", _from(description, line, 1))
        elif text[1:].lstrip(" \t")[:1] == "=" and text[0].isalpha():
            yield Hit(f"blanks before the equals sign of {text[0]}=", _from(description, line, 1))
        else:
            yield Hit("no SDP line: it has no <letter>=", description.at_line(line))
    if "= " in description.text:
        for number, body in enumerate(description.lines, 1):
            if body[1:3] == "= " and body[0] != "s":
                place = Location(description.file, number, 3, 4)
                yield Hit(f"a blank after {body[0]}=", place)


def _from(description: LintedDescription, line: Line, start: int) -> Location:
    """The blanks of a line from its ``start``, as a place."""
    text = line.text
    if text[:1] not in " \t":
        stop = text.index("=")
        return Location(description.file, line.number, start + 1, stop + 1)
    stop = len(text) - len(text.lstrip(" \t"))
    return Location(description.file, line.number, start, stop + 1)


@rule(
    "SDP012",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def unknown_line_type(description: LintedDescription) -> Iterator[Hit]:
    """The letter of a line must be one that SDP has.

    Why: unknown attributes are ignored, unknown letters are not: the standard has a receiver
        ignore or refuse the whole description, and both browsers refuse it.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        x=whatever
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=x-whatever
    Fix: remove the line, or make it an attribute (`a=`). Letters are lower case.
    """
    for letter in description.line_letters:
        if letter and letter not in LINE_TYPES:
            known = letter.lower() in LINE_TYPES
            for _, line in description.find_lines(letter):
                hint = f", meant {letter.lower()}=?" if known else f"; known: {SESSION_LINE_ORDER}m"
                yield Hit(
                    f"unknown line type {letter!r}{hint}",
                    Location(description.file, line.number, 1, 2),
                )


@rule(
    "SDP015",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 9",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def blank_lines(description: LintedDescription) -> Iterator[Hit]:
    """There must be no blank line.

    Why: Chromium refuses the description. Firefox takes a blank line for its end: it reads nothing
        that follows, and may so answer with no media at all and report no error.
    Fires on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0

        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: remove the line.
    """
    for _, line in description.find_lines(""):
        if not line.text.strip(" \t"):
            rest = len(description.lines) - line.number
            after = f"; {rest} lines follow it" if rest > 1 else ""
            yield Hit(f"blank line{after}", description.at_line(line))


@rule(
    "SDP053",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 9",),
    subject="sdp",
)
def attribute_names(description: LintedDescription) -> Iterator[Hit]:
    """An attribute should have a name that is a token.

    Why: `a=` and `a=:value` name nothing, and a name with a blank or a slash is cut elsewhere by
        every parser. Receivers ignore an attribute they do not know, so the line is lost silently.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp mux
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
    Fix: correct the name, or put a colon between the name and its value.
    """
    for name in description.attribute_names:
        if _ATTRIBUTE_NAME.fullmatch(name):
            continue
        for _, attribute in description.find_all(name):
            what = f"attribute name {name[:40]!r} is no token" if name else "attribute without name"
            if is_known(name.partition("=")[0]):
                what = f"an equals sign instead of a colon after {name.partition('=')[0]}"
            yield Hit(what, description.at_name(attribute))


@rule(
    "SDP055",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14",),
    subject="sdp",
)
def no_media(description: LintedDescription) -> Iterator[Hit]:
    """A description without media sections negotiates nothing.

    Why: a browser's createOffer gives one when nothing was added before it: no transceiver, no
        track, no data channel. The call succeeds and carries nothing, and ICE never starts.
    Fires on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: add tracks, transceivers or a data channel before createOffer.
    """
    if not description.media:
        yield Hit("no media section", description.at_end())
