"""Rules for the lines of a description: their form, their ends, their order (RFC 8866, 5 and 9)."""

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
_DOUBLE_SPACE = re.compile(r"  +")
_ATTRIBUTE_NAME = re.compile(r"[!#-'*+\-.0-9A-Z^-~]+")
# Lines of words, in which a second space or a tab makes another word or none.
_WORDED = ("m=", "o=", "c=", "t=", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=candidate:")


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
    "SDP013",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5", "RFC 8866, 9"),
    subject="sdp",
    levels={"rfc": WARNING},
)
def line_ends(description: LintedDescription) -> Iterator[Hit]:
    """Lines should end with CRLF.

    Why: the grammar asks for CRLF. Receivers should take a bare line feed, and browsers do; a bare
        carriage return ends a line nowhere, and signalling that counts bytes may not agree with
        what an editor did to the ends.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0<LF>
        a=mid:0<LF>
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: write `\\r\\n` at the end of each line.
    """
    bodies, ends, last_end = description.split
    if ends == "\r\n" and last_end in ("\r\n", ""):
        return
    every = ends if isinstance(ends, list) else [ends] * (len(bodies) - 1) + [last_end]
    for end, name in (("\n", "LF"), ("\r", "a bare carriage return")):
        numbers = [number for number, found in enumerate(every, 1) if found == end]
        if not numbers:
            continue
        lines = "every line" if len(numbers) == len(bodies) else f"{len(numbers)} lines"
        lines = "one line" if len(numbers) == 1 < len(bodies) else lines
        number = numbers[0]
        column = len(bodies[number - 1]) + 1
        yield Hit(
            f"{lines} end{'s' if lines[-1] == 'e' else ''} with {name} instead of CRLF",
            Location(description.file, number, column, column + 1),
            severity=ERROR if end == "\r" else None,
        )


@rule(
    "SDP014",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 9",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def last_line_end(description: LintedDescription) -> Iterator[Hit]:
    """The last line must have its line end.

    Why: Chromium refuses a description whose last line is not ended and shows that line as the
        offending one, whatever stands in it. `split` and `join` in scripts, and `trim`, take
        the end away.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0<END>
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: end the last line with `\\r\\n`.
    """
    if description.lines and not description.split.last_end:
        number, column = len(description.lines), len(description.lines[-1]) + 1
        yield Hit(
            "the last line has no line end",
            Location(description.file, number, column, column + 1),
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
    "SDP016",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5", "RFC 8866, 9"),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def null_bytes(description: LintedDescription) -> Iterator[Hit]:
    """There must be no NUL in a line.

    Why: a parser in C ends the text there. Firefox refuses the description; others read on, and
        two ends see two different descriptions.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:a<NUL>b
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:ab
    Fix: take the NUL out; look for a buffer that was sent with its terminator or in UTF-16.
    """
    if "\0" not in description.text:
        return
    for number, body in enumerate(description.lines, 1):
        column = body.find("\0") + 1
        if column:
            yield Hit("NUL", Location(description.file, number, column, column + 1))


@rule(
    "SDP017",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5", "RFC 8866, 5.13"),
    subject="sdp",
    levels={"firefox": ERROR},
)
def non_ascii(description: LintedDescription) -> Iterator[Hit]:
    """Only free text may hold other than ASCII, and Firefox refuses it even there.

    Why: attribute names, tokens and addresses are ASCII; names and information are UTF-8. Firefox
        refuses any other byte in a description, also in the session name.
    Fires on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=Café
        t=0 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=Cafe
        t=0 0
    Fix: write `s=-`, and keep names of people and rooms out of the description.
    """
    if description.text.isascii():
        return
    for number, body in enumerate(description.lines, 1):
        if body.isascii():
            continue
        start = next(i for i, character in enumerate(body) if not character.isascii())
        stop = next((i for i in range(start, len(body)) if body[i].isascii()), len(body))
        foreign = any("\udc80" <= character <= "\udcff" for character in body)
        what = "bytes that are no UTF-8" if foreign else "not ASCII"
        if body[1:2] == "=" and body[0] in LINE_TYPES:
            what += f" in the {LINE_TYPES[body[0]].name} line"
        yield Hit(what, Location(description.file, number, start + 1, stop + 1))


@rule(
    "SDP018",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 9",),
    subject="sdp",
    levels={"aiortc": ERROR},
)
def trailing_blanks(description: LintedDescription) -> Iterator[Hit]:
    """A line should not end with blanks.

    Why: they become part of the value. `a=rtcp-mux ` is not the attribute `rtcp-mux` for a
        parser that compares names: aiortc then takes the section for one without multiplexing.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux<SP>
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
    Fix: remove the blanks.
    """
    text = description.text
    if not any(blank + end in text for blank in " \t" for end in "\r\n") and text[-1:] not in (
        " ",
        "\t",
    ):
        return
    for number, body in enumerate(description.lines, 1):
        kept = len(body.rstrip(" \t"))
        # "s= " is a session without a name; firefox writes "a=msid-semantic:WMS *" without.
        if 0 < kept < len(body) and body != "s= ":
            place = Location(description.file, number, kept + 1, len(body) + 1)
            yield Hit("blanks at the end of the line", place)


@rule(
    "SDP019",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 9",),
    subject="sdp",
    levels={"firefox": WARNING},
)
def separators(description: LintedDescription) -> Iterator[Hit]:
    """Fields must be apart by exactly one space.

    Why: a tab or a second space is another field to some parsers. A tab in an `m=` line makes
        Chromium and aiortc refuse the description; two spaces in an `a=rtpmap` lose the codec.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111  opus/48000/2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
    Fix: write a single space.
    """
    text = description.text
    if "\t" not in text and "  " not in text:
        return
    for number, body in enumerate(description.lines, 1):
        if not body.startswith(_WORDED):
            continue
        inner = body.rstrip(" \t")
        tab = inner.find("\t")
        if tab >= 0:
            yield Hit("a tab between fields", Location(description.file, number, tab + 1, tab + 2))
            continue
        found = _DOUBLE_SPACE.search(inner)
        if found is not None and not body.startswith("a=fmtp:"):
            place = Location(description.file, number, found.start() + 1, found.end() + 1)
            yield Hit(f"{found.end() - found.start()} spaces between fields", place)


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
    "SDP054",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5",),
    subject="sdp",
    levels={"chromium": ERROR, "firefox": ERROR},
)
def byte_order_mark(description: LintedDescription) -> Iterator[Hit]:
    """A description should not begin with a byte order mark.

    Why: the mark makes the first line something else than `v=0`. Editors put it there, and
        browsers refuse the description with a message about its first line that looks right.
    Fires on:
        <BOM>v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Silent on:
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
    Fix: save the file as UTF-8 without a byte order mark.
    """
    if description.document.byte_order_mark:
        yield Hit("a byte order mark before v=", Location(description.file, 1, 1, 2))


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
