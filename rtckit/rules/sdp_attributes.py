"""Rules for attributes as such: level, number, form, name, direction (RFC 8866, 5.13 and 6)."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.grammar import ATTRIBUTES, DIRECTIONS
from rtckit.sdp.lines import Attribute, read_integer

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_MILLISECONDS = 100_000
# Comparing names is slow, and no honest description has this many unknown ones.
_MOST_UNKNOWN = 16
_REAL = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
# Stacks write these with and without a value, or at both levels.
_LENIENT = frozenset({"rtcp-xr", "msid-semantic", "end-of-candidates"})


@rule(
    "SDP043",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8866, 6.7",),
    subject="sdp",
    levels={"rfc": ERROR},
)
def directions(description: LintedDescription) -> Iterator[Hit]:
    """There should be at most one direction at each level.

    Why: the last one counts in browsers, the first one elsewhere. A script that adds
        `a=recvonly` and leaves `a=sendrecv` gets a call whose ends disagree on who sends, and
        a browser may answer `inactive`.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=sendrecv
        a=recvonly
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=recvonly
    Fix: keep the one that is meant.
    """
    first: dict[int, Attribute] = {}
    again: list[tuple[Attribute, Attribute]] = []
    found = [item for name in DIRECTIONS for item in description.find_all(name)]
    found.sort(key=lambda item: item[1].line)
    for section, attribute in found:
        other = first.setdefault(section.first_line, attribute)
        if other is not attribute:
            again.append((other, attribute))
    for other, attribute in again:
        yield Hit(
            f"{attribute.name} after {other.name} (line {other.line})",
            description.at_name(attribute),
        )


@rule(
    "SDP044",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 8866, 6.7",),
    subject="sdp",
    levels={"aiortc": ERROR},
)
def session_direction(description: LintedDescription) -> Iterator[Hit]:
    """A direction of the session holds for the sections without one.

    Why: browsers heed that; aiortc does not, and fails with such an offer when it makes its answer.
    Fires on:
        a=recvonly
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=recvonly
    Fix: write the direction in each media section.
    """
    session = description.session
    for name in DIRECTIONS:
        for section, attribute in description.find_all(name):
            if section is not session:
                break
            heirs = [
                media.index
                for media in description.media
                if media.is_rtp and not any(media.has(own) for own in DIRECTIONS)
            ]
            if heirs:
                sections = "section" if len(heirs) == 1 else "sections"
                yield Hit(
                    f"{name} of the session holds for media {sections} "
                    + ", ".join(map(str, heirs[:8])),
                    description.at_name(attribute),
                )


@rule(
    "SDP045",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8866, 6.4", "RFC 8866, 6.5"),
    subject="sdp",
)
def packet_times(description: LintedDescription) -> Iterator[Hit]:
    """`a=ptime` and `a=maxptime` should be milliseconds, and ptime the smaller.

    Why: a receiver that cannot read them takes its default; a ptime above maxptime cannot be kept.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ptime:60
        a=maxptime:20
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ptime:20
        a=maxptime:60
    Fix: write numbers, such as `a=ptime:20` and `a=maxptime:120`.
    """
    values: dict[tuple[int, str], int] = {}
    for name in ("maxptime", "ptime"):
        for media, attribute in description.find_in_media(name):
            value = attribute.value or ""
            number = read_integer(value.strip(" \t"), _MILLISECONDS)
            if not number:
                if value:
                    yield Hit(f"{name} {value[:20]!r} is no time", description.at_value(attribute))
                continue
            values[media.first_line, name] = number
            limit = values.get((media.first_line, "maxptime"), number)
            if number > limit:
                yield Hit(f"ptime {number} above maxptime {limit}", description.at_value(attribute))


@rule(
    "SDP046",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8866, 6.13",),
    subject="sdp",
)
def frame_rate(description: LintedDescription) -> Iterator[Hit]:
    """`a=framerate` should be a number of frames a second.

    Why: what is no number is ignored, and the limit with it.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=framerate:30fps
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=framerate:29.97
    Fix: write the number alone.
    """
    for _, attribute in description.find_all("framerate"):
        if attribute.value and not _REAL.fullmatch(attribute.value.strip(" \t")):
            shown = attribute.value[:20]
            yield Hit(f"frame rate {shown!r} is no number", description.at_value(attribute))


@rule(
    "SDP047",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.13", "RFC 8866, 8.2.4"),
    subject="sdp",
)
def attribute_level(description: LintedDescription) -> Iterator[Hit]:
    """An attribute should stand at a level that it has.

    Why: most receivers ignore it at the other level, so it says nothing: `a=ice-lite` in a media
        section makes no agent lite, `a=rtcp-mux` for the session multiplexes nothing.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-lite
    Silent on:
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: move it to its level, into each media section that needs it.
    """
    for attribute in description.session.attributes:
        known = ATTRIBUTES.get(attribute.name)
        # RFC 8842, 4 has tls-id for media, RFC 9429, 5.8.1 reads it for the session too.
        if known and "s" not in known.levels and attribute.name != "tls-id":
            yield Hit(
                f"{attribute.name} at the session level belongs in a media section",
                description.at_name(attribute),
            )
    for name in description.attribute_names:
        known = ATTRIBUTES.get(name)
        if known and known.levels == "s":
            for _, attribute in description.find_in_media(name):
                yield Hit(
                    f"{name} in a media section belongs at the session level",
                    description.at_name(attribute),
                )


@rule(
    "SDP048",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.13",),
    subject="sdp",
)
def attribute_form(description: LintedDescription) -> Iterator[Hit]:
    """An attribute should have a value exactly when it is one of those with values.

    Why: `a=rtcp-mux:1` is another attribute than `a=rtcp-mux` to some parsers, and an attribute
        whose value is missing is an error to most.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid
        a=rtcp-mux:1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=rtcp-mux
    Fix: write the value, or remove the colon and what follows it.
    """
    for name in description.attribute_names:
        known = ATTRIBUTES.get(name)
        if known is None or name in _LENIENT:
            continue
        found = description.find_all(name)
        if not known.form:
            for attribute in [item for _, item in found if item.value is not None]:
                yield Hit(f"{name} takes no value", description.at_value(attribute))
        elif name != "fmtp":  # SDP042
            for attribute in [item for _, item in found if not item.value or item.value.isspace()]:
                yield Hit(
                    f"{name} without its value ({known.form})", description.at(attribute.span)
                )


@rule(
    "SDP049",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.13",),
    subject="sdp",
    levels={"chromium": ERROR, "aiortc": ERROR},
)
def attribute_case(description: LintedDescription) -> Iterator[Hit]:
    """Attribute names should be in lower case.

    Why: names compare with case; `a=RTCP-MUX` is an unknown attribute that is ignored. Firefox is
        more lenient than the others, which then miss rtcp-mux and refuse the description.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=RTCP-MUX
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
    Fix: write it in lower case.
    """
    for name in description.attribute_names:
        if name not in ATTRIBUTES and name.lower() in ATTRIBUTES:
            for _, attribute in description.find_all(name):
                yield Hit(f"attribute {name} is not {name.lower()}", description.at_name(attribute))


@rule(
    "SDP050",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.13",),
    subject="sdp",
)
def attribute_repeated(description: LintedDescription) -> Iterator[Hit]:
    """An attribute with one value should stand once at each level.

    Why: of two that differ one receiver takes the first and another the last. Two `a=ice-ufrag`,
        `a=mid` or `a=setup` lines make a call that fails with some ends only.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=mid:audio
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: keep one.
    """
    for name in description.attribute_names:
        known = ATTRIBUTES.get(name)
        if known is None or known.many or name in DIRECTIONS:
            continue
        found = description.find_all(name)
        for (section, first), (other, again) in pairwise(found):
            if section is other:
                same = "again" if first.value == again.value else "again, with another value"
                yield Hit(f"{name} {same} (first: line {first.line})", description.at(again.span))


@rule(
    "SDP056",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.13",),
    subject="sdp",
)
def attribute_misspelt(description: LintedDescription) -> Iterator[Hit]:
    """An attribute should not be a misspelling of a known one.

    Why: receivers ignore attributes they do not know, so a typing error is never reported: the
        description is accepted and lacks what was meant.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=finger-print:sha-256 00:11
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=x-vendor:1
    Fix: correct the name.
    """
    unknown = [name for name in description.attribute_names if name.lower() not in ATTRIBUTES]
    for name in unknown[:_MOST_UNKNOWN]:
        near = _nearest(name) if 4 <= len(name) <= 30 else None
        if near:
            for _, attribute in description.find_all(name):
                yield Hit(
                    f"unknown attribute {name}, meant {near}?", description.at_name(attribute)
                )


@lru_cache(maxsize=256)
def _nearest(name: str) -> str | None:
    near = get_close_matches(name, ATTRIBUTES, n=1, cutoff=0.85)
    return near[0] if near else None
