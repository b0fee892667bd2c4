"""Rules for simulcast (RFC 8853)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import Word, codecs_by_name, extension_uris, shared, words_of
from rtckit.rules.sdp_rids import rids_by_section
from rtckit.sdp.lines import Attribute, Span
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
_REPAIRED_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
_ID = re.compile(r"[^,;]+")


class _Listed(NamedTuple):
    """One rid of a simulcast line: its direction, whether it begins paused, and its place."""

    direction: str
    rid: str
    paused: bool
    span: Span


@shared
def _simulcasts(
    description: LintedDescription,
) -> list[tuple[MediaSection, Attribute, list[_Listed], str | None]]:
    """Each simulcast line with its rids, and what is wrong with its form."""
    found = []
    for media, attribute in description.find_in_media("simulcast"):
        if not media.rejected and attribute.value:
            listed, fault = _read_simulcast(words_of(attribute))
            found.append((media, attribute, listed, fault))
    return found


def _read_simulcast(words: list[Word]) -> tuple[list[_Listed], str | None]:
    listed: list[_Listed] = []
    fault = None if words else "an empty simulcast line"
    directions: set[str] = set()
    for position in range(0, len(words), 2):
        direction = words[position].text
        if direction not in ("send", "recv"):
            return listed, fault or f"{direction[:20]!r} instead of send or recv"
        if direction in directions:
            fault = fault or f"{direction} twice"
        directions.add(direction)
        if position + 1 == len(words):
            return listed, fault or f"no rids after {direction}"
        text, (line, column, _) = words[position + 1]
        if text.startswith(("rid=", "pt=")):
            return listed, fault
        if not all(rid.removeprefix("~") for rid in re.split("[,;]", text)):
            fault = fault or "an empty place in the list of rids"
        for match in _ID.finditer(text):
            rid = match.group()
            paused = rid.startswith("~")
            start = column + match.start() + paused
            if rid != "~":
                listed.append(
                    _Listed(
                        direction, rid[paused:], paused, Span(line, start, column + match.end())
                    )
                )
    return listed, fault


@rule(
    "RTP061",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8853, 5.2",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def simulcast_repeated(description: LintedDescription) -> Iterator[Hit]:
    """A section must have at most one simulcast line.

    Why: both directions go into one line. Chromium refuses a second line.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l recv
        a=simulcast:send h
        a=simulcast:recv l
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l recv
        a=simulcast:send h recv l
    Fix: write one line, `a=simulcast:send h recv l`.
    """
    section = -1
    for media, attribute, _, _ in _simulcasts(description):
        if media.index == section:
            yield Hit("a second simulcast line", description.at(attribute.span))
        section = media.index


@rule(
    "RTP062",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 5.8.3", "RFC 8853, 5.2"),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def simulcast_of_unknown_rid(description: LintedDescription) -> Iterator[Hit]:
    """The rids of a simulcast line must be declared, with the same direction.

    Why: what is not declared is no stream. Firefox refuses the description; Chromium takes it and
        receives one layer less.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=simulcast:send h;l
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Fix: add `a=rid:<id> send` for each rid of the send list, `recv` for the other one.
    """
    for media, _, listed, _ in _simulcasts(description):
        known = rids_by_section(description).get(media.index, {})
        for item in listed:
            line = known.get(item.rid)
            if line is None:
                yield Hit(f"no a=rid for {item.rid[:40]!r}", description.at(item.span))
            elif line.direction in ("send", "recv") and line.direction != item.direction:
                yield Hit(
                    f"rid {item.rid[:40]!r} is declared {line.direction} "
                    f"(line {line.attribute.line}) and listed under {item.direction}",
                    description.at(item.span),
                )


@rule(
    "RTP063",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8853, 5.1", "RFC 8853, 5.2"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def simulcast_form(description: LintedDescription) -> Iterator[Hit]:
    """A simulcast line must be `send` or `recv` and a list of rids, each once.

    Why: streams are apart by semicolons, alternatives of one stream by commas. Both browsers refuse
        other directions, and none sends two streams of one rid.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=simulcast:sendonly h
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Fix: write `a=simulcast:send h;m;l`, with a rid for each stream, or `recv`.
    """
    for _, attribute, listed, fault in _simulcasts(description):
        if fault is not None:
            yield Hit(fault, description.at_value(attribute))
        seen: set[str] = set()
        for item in listed:
            if item.rid in seen:
                yield Hit(f"rid {item.rid[:40]!r} is listed twice", description.at(item.span))
            seen.add(item.rid)


@rule(
    "RTP065",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 4", "RFC 8852, 3.3", "RFC 9429, 5.2.1"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def rid_extension_missing(description: LintedDescription) -> Iterator[Hit]:
    """A simulcast section must have the rtp-stream-id header extension.

    Why: the rid in the packets is what tells the layers apart; their SSRCs are not signalled.
        Chromium refuses simulcast without the extension. With retransmission the repaired rid is
        needed too, or lost packets of a layer cannot be repaired before its SSRC is known.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Fix: add a=extmap with urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id, and with
        repaired-rtp-stream-id where there is rtx.
    """
    lines = _simulcasts(description)
    if not lines:
        return
    repaired = {media.index for media, _ in codecs_by_name(description).get("rtx", ())}
    for media, attribute, _, _ in lines:
        uris = extension_uris(description, media)
        if _RID_URI not in uris:
            # Without any rid there is no simulcast, and RTP062 tells so.
            yield Hit(
                "simulcast without the rtp-stream-id header extension",
                description.at(attribute.span),
                severity=None if media.has("rid") else WARNING,
            )
        elif media.index in repaired and _REPAIRED_URI not in uris:
            yield Hit(
                "simulcast and rtx without the repaired-rtp-stream-id header extension",
                description.at(attribute.span),
                severity=WARNING,
            )


@rule(
    "RTP066",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 8853, 5.2",),
    subject="sdp",
    levels={"rfc": WARNING},
)
def simulcast_paused(description: LintedDescription) -> Iterator[Hit]:
    """A simulcast stream that begins paused needs the pause feedback.

    Why: `~` says that the stream does not run yet, and by the standard a pause message starts it.
        Browsers write `~` for an inactive encoding without having the message; such a stream starts
        when its sender wants to, and a receiver that waits for it sees nothing.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;~l
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtcp-fb:* ccm pause
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;~l
    Fix: nothing if the encoding is meant to be off; else make it active before the offer.
    """
    for media, _, listed, _ in _simulcasts(description):
        paused = [item for item in listed if item.paused]
        if paused and not any(
            " ccm pause" in (line.value or "") for line in media.find_all("rtcp-fb")
        ):
            yield Hit(
                f"rid {paused[0].rid[:40]!r} begins paused, and there is no ccm pause",
                description.at(paused[0].span),
            )


@rule(
    "RTP067",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8853, 5.1",),
    subject="sdp",
    levels={"firefox": ERROR},
)
def simulcast_of_drafts(description: LintedDescription) -> Iterator[Hit]:
    """The simulcast line should not have the form of old drafts.

    Why: drafts wrote `rid=` before the list, or listed payload types. Nothing writes that since
        2018, and a reader of today takes `rid=h` for the name of a rid.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast: send rid=h;l
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Fix: write the rids alone.
    """
    for _, attribute, _, _ in _simulcasts(description):
        for word in words_of(attribute)[1::2]:
            if word.text.startswith(("rid=", "pt=")):
                yield Hit(f"{word.text[:40]!r} in the form of a draft", description.at(word.span))


@rule(
    "RTP068",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 5.2.1",),
    subject="sdp",
)
def simulcast_of_one(description: LintedDescription) -> Iterator[Hit]:
    """Simulcast of one stream is none.

    Why: WebRTC writes the line when there is more than one encoding. With a single one it is mostly
        what was left when the others were removed.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=simulcast:send h
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Fix: leave the simulcast line out, or list the other encodings.
    """
    if description.is_answer:
        return
    for _, attribute, listed, fault in _simulcasts(description):
        if len(listed) == 1 and fault is None:
            yield Hit(
                f"simulcast of the rid {listed[0].rid[:40]!r} alone",
                description.at_value(attribute),
            )
