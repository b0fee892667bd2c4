"""Rules for the characters of a description: line ends, blanks, bytes that are no text."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Location, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.grammar import LINE_TYPES

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_DOUBLE_SPACE = re.compile(r"  +")
# Lines of words, in which a second space or a tab makes another word or none.
_WORDED = ("m=", "o=", "c=", "t=", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=candidate:")


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
