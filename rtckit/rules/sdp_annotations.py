"""Rules for what sections say about picture sizes, contents, labels and reports."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import TOKEN, words_of
from rtckit.sdp.lines import Span

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# RFC 6236, 3: [x=640,y=480,q=0.6] with ranges [48:1280], [48:16:1280] and lists [320,640].
_SIZE = (
    r"(?:[1-9][0-9]{0,5}|\[[1-9][0-9]{0,5}(?:(?::[1-9][0-9]{0,5}){1,2}|(?:,[1-9][0-9]{0,5})+)\])"
)
_REAL = r"[0-9]{1,5}(?:\.[0-9]{1,8})?"
_RATIO = rf"(?:{_REAL}|\[{_REAL}(?:-{_REAL}|(?:,{_REAL})+)\])"
_SET = re.compile(
    rf"\[x={_SIZE},y={_SIZE}(?:,(?:sar={_RATIO}|par=\[{_REAL}-{_REAL}\]|q=(?P<q>{_REAL})))*\]"
)
_RANGE = re.compile(r"\[([0-9]+):(?:[0-9]+:)?([0-9]+)\]")
_CONTENTS = frozenset({"slides", "speaker", "sl", "main", "alt"})
_REPORT = re.compile(
    r"(?:pkt-loss-rle|pkt-dup-rle|pkt-rcpt-times)(?:=[0-9]+)?"
    r"|rcvr-rtt=(?:all|sender)(?::[0-9]+)?"
    r"|stat-summary(?:=(?:loss|dup|jitt|TTL|HL)(?:,(?:loss|dup|jitt|TTL|HL))*)?"
    r"|voip-metrics"
)
_REPORTS = (
    "pkt-loss-rle",
    "pkt-dup-rle",
    "pkt-rcpt-times",
    "rcvr-rtt",
    "stat-summary",
    "voip-metrics",
)


@rule(
    "RTP071",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 3.6.1", "RFC 9429, 5.8.2"),
    subject="sdp",
)
def image_sizes(description: LintedDescription) -> Iterator[Hit]:
    """`a=imageattr` must be `send` or `recv` with sizes in brackets.

    Why: the line limits the pictures that are sent. One that cannot be read is ignored, and the
        limit with it. A range goes up: `[48:1280]`.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=imageattr:96 recv [x=1280:48,y=720]
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=imageattr:96 recv [x=[48:1280],y=[48:720],q=1.0]
    Fix: write `a=imageattr:* recv [x=[48:1280],y=[48:720]]`.
    """
    for _, attribute in description.find_in_media("imageattr"):
        direction = False
        for word in words_of(attribute)[1:]:
            if word.text in ("send", "recv"):
                direction = True
            elif not direction:
                yield Hit(f"{word.text[:20]!r} instead of send or recv", description.at(word.span))
                break
            elif word.text != "*" and not _SET.fullmatch(word.text):
                yield Hit(f"sizes {word.text[:60]!r} cannot be read", description.at(word.span))
            else:
                for match in _RANGE.finditer(word.text):
                    if int(match[1]) >= int(match[2]):
                        line, column, _ = word.span
                        span = Span(line, column + match.start(), column + match.end())
                        yield Hit(f"{match.group()} does not go up", description.at(span))


@rule(
    "RTP072",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 3.6.1", "RFC 9429, 3.6.2"),
    subject="sdp",
)
def image_format(description: LintedDescription) -> Iterator[Hit]:
    """`a=imageattr` must name a payload type of its section, and wishes from 0 to 1.

    Why: a limit for a payload type that is not there limits nothing; q, how much a size is wished
        for, is between 0 and 1.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=imageattr:98 recv [x=640,y=480]
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=imageattr:* recv [x=640,y=480,q=0.5]
    Fix: use the payload type of the m= line, or `*`.
    """
    section, formats = -1, frozenset[str]()
    for media, attribute in description.find_in_media("imageattr"):
        if media.rejected:
            continue
        if media.index != section:
            section, formats = media.index, frozenset((*media.media_line.formats, "*"))
        words = words_of(attribute)
        if words and words[0].text not in formats:
            yield Hit(
                f"payload type {words[0].text[:20]} is not in the m= line",
                description.at(words[0].span),
            )
        for word in words[1:]:
            found = _SET.fullmatch(word.text)
            if found and found["q"] and float(found["q"]) > 1:
                line, column, _ = word.span
                span = Span(line, column + found.start("q"), column + found.end("q"))
                yield Hit(f"q={found['q'][:20]} above 1", description.at(span))


@rule(
    "RTP096",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 4796, 5",),
    subject="sdp",
)
def content_unknown(description: LintedDescription) -> Iterator[Hit]:
    """`a=content` should be slides, speaker, sl, main or alt.

    Why: conference systems show shared slides by it; a value they do not know is shown as any other
        video.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=content:screen
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=content:slides
    Fix: use slides for a shared screen, main for the camera.
    """
    for _, attribute in description.find_in_media("content"):
        for value in (attribute.value or "").strip(" \t").split(","):
            if value and value not in _CONTENTS:
                yield Hit(f"content {value[:40]!r}", description.at_text(attribute, value[:80]))


@rule(
    "RTP097",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 4574, 4",),
    subject="sdp",
)
def label_syntax(description: LintedDescription) -> Iterator[Hit]:
    """`a=label` must be a token, and should be that of one section.

    Why: conference control names sections by their labels; with one label for two it means both.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=label:1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=label:1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=label:1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=label:2
    Fix: give each section a label of its own, of letters and digits.
    """
    seen: dict[str, int] = {}
    for media, attribute in description.find_in_media("label"):
        value = (attribute.value or "").strip(" \t")
        if not value:
            continue
        if not TOKEN.fullmatch(value):
            yield Hit(f"label {value[:40]!r} is no token", description.at_value(attribute))
        elif seen.setdefault(value, media.index) != media.index:
            yield Hit(
                f"label {value[:40]!r} is that of media section {seen[value]}",
                description.at_value(attribute),
                severity=INFO,
            )


@rule(
    "RTP099",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 3611, 5.1",),
    subject="sdp",
)
def extended_reports(description: LintedDescription) -> Iterator[Hit]:
    """`a=rtcp-xr` must list reports in the form of the standard.

    Why: a report that is not asked for in its form is not sent: `rcvr-rtt` needs a mode.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-xr:rcvr-rtt
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-xr:rcvr-rtt=all
    Fix: write `a=rtcp-xr:rcvr-rtt=all`.
    """
    known: set[str] = set()
    for _, attribute in description.find_all("rtcp-xr"):
        if attribute.value is None or attribute.value in known:
            continue
        known.add(attribute.value)
        for word in words_of(attribute):
            # Reports of later standards are not known here.
            name = word.text.partition("=")[0]
            if name in _REPORTS and not _REPORT.fullmatch(word.text):
                yield Hit(f"report {word.text[:40]!r}", description.at(word.span))
