"""Rules for the encodings that a section names (RFC 8851)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import Word, shared, words_of
from rtckit.sdp.lines import Attribute, Span
from rtckit.sdp.media import MediaSection

__all__ = ["RidLine", "rids_by_section"]

ERROR, WARNING, INFO = Severity

_RID = re.compile(r"[A-Za-z0-9_\-]+")
_WHOLE = re.compile(r"[0-9]+")
_BITS = re.compile(r"[0-9]+\.[0-9]{1,4}")
_WHOLE_LIMITS = frozenset({"max-width", "max-height", "max-fps", "max-fs", "max-br", "max-pps"})
_ID = re.compile(r"[^,;]+")


class RidLine(NamedTuple):
    """An ``a=rid`` line as words: its section, id, direction, and parameters with their places."""

    media: MediaSection
    attribute: Attribute
    id: Word
    direction: str
    parameters: list[Word]


@shared
def _rids(description: LintedDescription) -> list[RidLine]:
    found = []
    for media in description.rtp_media if description.has("rid") else ():
        for attribute in media.find_all("rid"):
            words = words_of(attribute)
            if not words:
                continue
            parameters = []
            # Parameters have no spaces in the grammar; a space after a semicolon is common.
            for word in words[2:]:
                line, column, _ = word.span
                for match in re.finditer(r"[^;]+", word.text):
                    span = Span(line, column + match.start(), column + match.end())
                    parameters.append(Word(match.group(), span))
            direction = words[1].text if len(words) > 1 else ""
            found.append(RidLine(media, attribute, words[0], direction, parameters))
    return found


@shared
def rids_by_section(description: LintedDescription) -> dict[int, dict[str, RidLine]]:
    """The first line of each rid, by the index of its section."""
    found: dict[int, dict[str, RidLine]] = {}
    for line in _rids(description):
        found.setdefault(line.media.index, {}).setdefault(line.id.text, line)
    return found


@rule(
    "RTP051",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 10", "RFC 8852, 3"),
    subject="sdp",
    levels={"firefox": ERROR},
)
def rid_characters(description: LintedDescription) -> Iterator[Hit]:
    """A rid should consist of letters and digits.

    Why: one standard also allows `-` and `_`, the one for packets does not. Firefox refuses them.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:layer_1 send
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:layer1 send
    Fix: use letters and digits only.
    """
    for line in _rids(description):
        text = line.id.text
        if text.isalnum() and text.isascii():
            continue
        yield Hit(
            f"rid {text[:40]!r} has other characters than letters and digits",
            description.at(line.id.span),
            severity=None if _RID.fullmatch(text) else ERROR,
        )


@rule(
    "RTP052",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 4", "RFC 8851, 6.2.2"),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def rid_form(description: LintedDescription) -> Iterator[Hit]:
    """A rid must be declared once, with `send` or `recv`.

    Why: a line of another form is discarded, and of a rid that is declared twice all lines are. The
        encoding is then not there; Firefox refuses the description.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h sendonly
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
    Fix: write `a=rid:<id> send` or `a=rid:<id> recv`, one line for each id.
    """
    first = rids_by_section(description)
    for line in _rids(description):
        if line.direction not in ("send", "recv"):
            words = words_of(line.attribute)
            place = words[1].span if len(words) > 1 else line.id.span
            shown = repr(line.direction[:20]) if line.direction else "nothing"
            yield Hit(f"{shown} instead of send or recv", description.at(place))
        elif first[line.media.index][line.id.text] is not line:
            yield Hit(f"rid {line.id.text[:40]!r} again", description.at(line.id.span))


@rule(
    "RTP053",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 6.2.2", "RFC 8851, 4"),
    subject="sdp",
)
def rid_payload_types(description: LintedDescription) -> Iterator[Hit]:
    """The payload types of a rid must be in the m= line.

    Why: others are discarded; when none is left, the encoding is.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send pt=98
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send pt=96
    Fix: name payload types of the section, or leave pt= out for all of them.
    """
    section, formats = -1, frozenset[str]()
    for line in _rids(description):
        if line.media.index != section:
            section, formats = line.media.index, frozenset(line.media.media_line.formats)
        for parameter in line.parameters:
            if not parameter.text.startswith("pt="):
                continue
            number, column, _ = parameter.span
            for match in _ID.finditer(parameter.text, 3):
                if match.group() not in formats:
                    span = Span(number, column + match.start(), column + match.end())
                    yield Hit(
                        f"payload type {match.group()[:20]} is not in the m= line",
                        description.at(span),
                    )


@rule(
    "RTP054",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 5", "RFC 8851, 10"),
    subject="sdp",
)
def rid_restrictions(description: LintedDescription) -> Iterator[Hit]:
    """The limits of a rid must be numbers.

    Why: a line that cannot be read is discarded, and the encoding with it. Widths, heights, rates
        and sizes are whole numbers; max-bpp is a decimal from 0.0001 to 48.0.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send max-width=1280px;max-fps=30
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send max-width=1280;max-fps=30
    Fix: write the number alone, in pixels, frames a second or bits a second.
    """
    for line in _rids(description):
        for parameter in line.parameters:
            name, equals, value = parameter.text.partition("=")
            if name in _WHOLE_LIMITS:
                wrong = bool(equals) and not _WHOLE.fullmatch(value)
            elif name == "max-bpp":
                wrong = bool(equals) and not (
                    _BITS.fullmatch(value) and len(value) < 20 and 0.0001 <= float(value) <= 48
                )
            else:
                wrong = name in ("depend", "pt") and not value
            if wrong:
                yield Hit(
                    f"{name} {value[:40]!r} is no such value"
                    if value
                    else f"{name} without a value",
                    description.at(parameter.span),
                )


@rule(
    "RTP055",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 5", "RFC 8851, 6.2.2"),
    subject="sdp",
)
def rid_dependencies(description: LintedDescription) -> Iterator[Hit]:
    """A rid must depend on rids of its section, and not on itself.

    Why: a line whose dependency is not there is discarded; a circle can never be decoded.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:base send
        a=rid:top send depend=bass
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:base send
        a=rid:top send depend=base
    Fix: name the rid of the encoding that the other is built on.
    """
    needs: dict[tuple[int, str], list[Word]] = {}
    for line in _rids(description):
        known = rids_by_section(description)[line.media.index]
        for parameter in line.parameters:
            if not parameter.text.startswith("depend="):
                continue
            number, column, _ = parameter.span
            for match in _ID.finditer(parameter.text, len("depend=")):
                span = Span(number, column + match.start(), column + match.end())
                if match.group() not in known:
                    yield Hit(f"no rid {match.group()[:40]!r} here", description.at(span))
                else:
                    needs.setdefault((line.media.index, line.id.text), []).append(
                        Word(match.group(), span)
                    )
    for word in _closing(needs):
        yield Hit(f"rid {word.text[:40]!r} depends on itself in the end", description.at(word.span))


def _closing(needs: dict[tuple[int, str], list[Word]]) -> Iterator[Word]:
    """Each dependency that closes a circle; every edge is looked at once."""
    done: set[tuple[int, str]] = set()
    for start in needs:
        if start in done:
            continue
        path: dict[tuple[int, str], Iterator[Word]] = {start: iter(needs[start])}
        while path:
            node = next(reversed(path))
            for word in path[node]:
                other = (node[0], word.text)
                if other in path:
                    yield word
                elif other in needs and other not in done:
                    path[other] = iter(needs[other])
                    break
            else:
                done.add(node)
                del path[node]
