"""Rules for the streams and tracks that sections belong to (RFC 8830)."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import TOKEN, shared, words_of

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_MAXIMUM_ID = 64


@shared
def _source_msids(description: LintedDescription) -> dict[int, list[tuple[str, int]]]:
    """The ``msid`` of each source, as ``(value, ssrc)``, by the index of the section."""
    found: dict[int, list[tuple[str, int]]] = {}
    if description.has("ssrc"):
        for media in description.rtp_media:
            if media.has("ssrc"):
                for ssrc, attributes in media.ssrcs.items():
                    if "msid" in attributes:
                        value = " ".join(attributes["msid"].split(" "))
                        found.setdefault(media.index, []).append((value, ssrc))
    return found


@rule(
    "BUNDLE023",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8830, 2",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def msid_syntax(description: LintedDescription) -> Iterator[Hit]:
    """An msid must be a stream id, and perhaps a track id after one space.

    Why: both are tokens of up to 64 characters. A line of another form is to be ignored, so that
        the track arrives without its stream; Chromium refuses the description when there are three
        words.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:stream track extra
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:stream track
    Fix: write `a=msid:<stream id> <track id>`, with `-` for a track of no stream.
    """
    for _, attribute in description.find_in_media("msid"):
        words = words_of(attribute)
        if len(words) > 2:
            yield Hit(f"an msid of {len(words)} words", description.at_value(attribute))
            continue
        for word in words:
            if len(word.text) > _MAXIMUM_ID:
                yield Hit(
                    f"an id of {len(word.text)} characters, {_MAXIMUM_ID} are allowed",
                    description.at(word.span),
                    severity=WARNING,
                )
            elif not TOKEN.fullmatch(word.text):
                yield Hit(f"{word.text!r} is no token", description.at(word.span), severity=WARNING)
        if len(words) == 1 and (attribute.value or "").endswith(" "):
            yield Hit("a space, and no track id after it", description.at_value(attribute))


@rule(
    "BUNDLE024",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8830, 2",),
    subject="sdp",
)
def msid_of_two_tracks(description: LintedDescription) -> Iterator[Hit]:
    """The msids of one section must name one track.

    Why: a section carries one track; several lines say that it is in several streams. Chromium
        refuses two track ids in a section.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        a=msid:s2 t2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        a=msid:s2 t1
    Fix: use the same track id in each line; a second track needs a section of its own.
    """
    if not description.has("msid"):
        return
    for media in description.media:
        if not media.has("msid") or len(media.msids) < 2:
            continue
        first = media.msids[0]
        for msid in media.msids[1:]:
            if msid.track != first.track:
                named = [track for track in (first.track, msid.track) if track is not None]
                what = " and ".join(repr(track[:40]) for track in named)
                refused = description.profile == "chromium" and len(named) == 2
                yield Hit(
                    f"the tracks {what} in one section"
                    if len(named) == 2
                    else f"the track {what}, and an msid without it, in one section",
                    description.at(msid.span),
                    severity=ERROR if refused else None,
                )


@rule(
    "BUNDLE025",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.1", "RFC 8830, 3"),
    subject="sdp",
    levels={"rfc": WARNING},
)
def msid_missing(description: LintedDescription) -> Iterator[Hit]:
    """A section that sends should have an msid.

    Why: without one the receiver puts the track into a stream of its own making, so that audio and
        video are no longer one stream, and are not played in step.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=sendrecv
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=sendrecv
        a=msid:- track
    Fix: add a=msid with the id of the stream, or `-`.
    """
    for media in description.rtp_media:
        sends = media.direction in ("sendrecv", "sendonly")
        if sends and not media.has("msid") and media.index not in _source_msids(description):
            yield Hit(f"a {media.direction} section without an msid", description.at_line(media))


@rule(
    "BUNDLE026",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8830, 2", "RFC 5576, 6.4"),
    subject="sdp",
)
def source_msid_conflict(description: LintedDescription) -> Iterator[Hit]:
    """The msid of a source must not contradict that of its section.

    Why: browsers still write the msid twice, at the section and at its sources, for old receivers.
        Where they differ, one receiver finds another stream than the next.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        a=ssrc:1001 cname:c
        a=ssrc:1001 msid:s2 t1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        a=ssrc:1001 cname:c
        a=ssrc:1001 msid:s1 t1
    Fix: leave the source's msid out, or make it the same.
    """
    for index, sources in _source_msids(description).items():
        media = description.media[index]
        msids = {
            msid.stream if msid.track is None else f"{msid.stream} {msid.track}"
            for msid in media.msids
        }
        if not msids:
            continue
        wrong = {ssrc: value for value, ssrc in sources if value not in msids}
        for attribute in media.find_all("ssrc") if wrong else ():
            words = words_of(attribute)
            text = words[0].text if words else ""
            ssrc = int(text) if text.isdigit() and len(text) <= 10 else -1
            if ssrc in wrong and len(words) > 1 and words[1].text.startswith("msid:"):
                yield Hit(
                    f"source {ssrc} says msid {wrong[ssrc][:80]!r}, its section "
                    f"{media.msid or ''!r}",
                    description.at_value(attribute),
                )


@rule(
    "BUNDLE027",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 8830, 2",),
    subject="sdp",
)
def stream_without_section(description: LintedDescription) -> Iterator[Hit]:
    """A stream that `a=msid-semantic` lists should be that of a section.

    Why: the line is left from drafts and nothing reads it any more. A stream in it that no section
        names tells that the description was edited or put together from parts.
    Fires on:
        a=msid-semantic: WMS s1 s2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
    Silent on:
        a=msid-semantic: WMS s1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
    Fix: leave the line out, or list the streams of the a=msid lines.
    """
    lines = description.session.find_all("msid-semantic")
    if not lines:
        return
    streams = {"*"}
    for media in description.media:
        if media.has("msid"):
            streams.update(msid.stream for msid in media.msids)
    for sources in _source_msids(description).values():
        streams.update(value.partition(" ")[0] for value, _ in sources)
    for attribute in lines:
        for word in words_of(attribute)[1:]:
            if word.text not in streams:
                yield Hit(
                    f"no section belongs to the stream {word.text[:40]!r}",
                    description.at(word.span),
                )


@rule(
    "BUNDLE029",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8830, 2",),
    subject="sdp",
    levels={"chromium": ERROR},
)
def track_in_two_sections(description: LintedDescription) -> Iterator[Hit]:
    """Two sections must not have the same stream and track.

    Why: the receiver could not tell their tracks apart. Chromium refuses the description.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=msid:s1 t1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=msid:s1 t2
    Fix: give each track its id.
    """
    if not description.has("msid"):
        return
    seen: dict[tuple[str, str], int] = {}
    for media in description.media:
        for msid in media.msids if media.has("msid") else ():
            if msid.track is None:
                continue
            first = seen.setdefault((msid.stream, msid.track), media.index)
            if first != media.index:
                yield Hit(
                    f"stream {msid.stream[:40]!r} and track {msid.track[:40]!r} are also those of "
                    f"media section {first}",
                    description.at(msid.span),
                )


@rule(
    "BUNDLE030",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.1", "RFC 8830, 2"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def tracks_of_plan_b(description: LintedDescription) -> Iterator[Hit]:
    """The sources of one section must belong to one track.

    Why: several tracks in a section are Plan B, the way of Chromium before 2021. Chromium now
        refuses such a section, others take its first track.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:video
        a=ssrc:1001 cname:c
        a=ssrc:1001 msid:s1 t1
        a=ssrc:1002 cname:c
        a=ssrc:1002 msid:s2 t2
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:video
        a=ssrc:1001 cname:c
        a=ssrc:1001 msid:s1 t1
        a=ssrc:1002 cname:c
        a=ssrc:1002 msid:s1 t1
    Fix: give each track a section of its own, as browsers do (Unified Plan).
    """
    for index, sources in _source_msids(description).items():
        first, _ = sources[0]
        others = {str(ssrc): value for value, ssrc in sources if value != first}
        told: set[str] = set()
        for attribute in description.media[index].find_all("ssrc") if others else ():
            words = words_of(attribute)
            if len(words) < 2 or not words[1].text.startswith("msid:"):
                continue
            value = others.get(words[0].text)
            if value is not None and value not in told:
                told.add(value)
                yield Hit(
                    f"track {value[:80]!r} in the section of {first[:80]!r} (Plan B)",
                    description.at_value(attribute),
                )
