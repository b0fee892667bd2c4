"""Rules for Opus, G.711, G.722, comfort noise and telephone events."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import codecs_by_name, parameter_faults, parameter_place, shared

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_OPUS = {
    "maxplaybackrate": range(8000, 48001),
    "sprop-maxcapturerate": range(8000, 48001),
    "maxaveragebitrate": range(6000, 510001),
    "stereo": range(2),
    "sprop-stereo": range(2),
    "cbr": range(2),
    "useinbandfec": range(2),
    "usedtx": range(2),
}
_NOT_SPEECH = frozenset({"telephone-event", "cn", "red", "rtx", "ulpfec", "flexfec", "flexfec-03"})
_EVENTS = re.compile(r"[0-9]{1,3}(?:-[0-9]{1,3})?(?:,[0-9]{1,3}(?:-[0-9]{1,3})?)*")


@shared
def _speech_clocks(description: LintedDescription) -> dict[int, set[int | None]]:
    """The clocks of the codecs that carry sound, by the index of the section."""
    found: dict[int, set[int | None]] = {}
    for name, codecs in codecs_by_name(description).items():
        if name not in _NOT_SPEECH:
            for media, codec in codecs:
                if media.kind == "audio":
                    found.setdefault(media.index, set()).add(codec.clock_rate)
    return found


@rule(
    "CODEC012",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 7587, 7",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def opus_rtpmap(description: LintedDescription) -> Iterator[Hit]:
    """The rtpmap of Opus must be `opus/48000/2`.

    Why: whatever is sent, mono or narrowband, it is signalled so. Chromium and Firefox drop the
        codec without a word when anything else is there, and fall back to G.711.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
    Fix: write opus/48000/2; for mono leave stereo=1 out of the fmtp line.
    """
    for _, codec in codecs_by_name(description).get("opus", ()):
        if codec.clock_rate != 48000 or codec.channels != 2:
            yield Hit(f"{codec} instead of opus/48000/2", description.at(codec.span))


@rule(
    "CODEC013",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 7587, 6.1",),
    subject="sdp",
)
def opus_parameters(description: LintedDescription) -> Iterator[Hit]:
    """The parameters of Opus must be in their ranges.

    Why: a value out of range is ignored. Rates are in hertz and bits a second: 64 is no bit rate,
        64000 is.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 maxaveragebitrate=64;stereo=true
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 maxaveragebitrate=64000;stereo=1
    Fix: maxplaybackrate and sprop-maxcapturerate are 8000 to 48000, maxaveragebitrate 6000 to
        510000; stereo, sprop-stereo, cbr, useinbandfec and usedtx are 0 or 1.
    """
    yield from parameter_faults(description, "opus", _OPUS)


@rule(
    "CODEC015",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 3551, 4.5.2",),
    subject="sdp",
)
def g722_clock(description: LintedDescription) -> Iterator[Hit]:
    """The clock of G722 must be 8000.

    Why: it samples at 16 kHz, but the first standard said 8000 by mistake, and so it stays. With
        16000 browsers drop the codec.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 9
        a=rtpmap:9 G722/16000
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 9
        a=rtpmap:9 G722/8000
    Fix: write G722/8000.
    """
    for _, codec in codecs_by_name(description).get("g722", ()):
        if codec.clock_rate != 8000:
            yield Hit(f"G722 with a clock of {codec.clock_rate}", description.at(codec.span))


@rule(
    "CODEC021",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 4733, 2.4.1", "RFC 4733, 2.5.1.2"),
    subject="sdp",
)
def telephone_events(description: LintedDescription) -> Iterator[Hit]:
    """Telephone events must be a list of numbers, at the clock of an audio codec.

    Why: keys are sent in the stream of the sound, with its timestamps. The list of events has no
        `events=` before it and no spaces in it.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 101
        a=rtpmap:101 telephone-event/8000
        a=fmtp:101 events=0-15
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 101
        a=rtpmap:101 telephone-event/8000
        a=fmtp:101 0-15
    Fix: write `a=fmtp:<payload type> 0-15`, and a telephone-event with the clock of each codec.
    """
    for media, codec in codecs_by_name(description).get("telephone-event", ()):
        events = codec.fmtp_text
        if events and (not _EVENTS.fullmatch(events) or not _ascending(events)):
            yield Hit(
                f"events {events[:40]!r} are no list of numbers",
                parameter_place(description, media, codec),
            )
        clocks = _speech_clocks(description).get(media.index)
        if clocks and codec.clock_rate not in clocks:
            yield Hit(
                f"no audio codec has the clock {codec.clock_rate} of these events",
                description.at(codec.span),
                severity=INFO,
            )


def _ascending(events: str) -> bool:
    for part in events.split(","):
        first, _, last = part.partition("-")
        if int(last or first) > 255 or int(first) > int(last or first):
            return False
    return True


@rule(
    "CODEC022",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 3389, 4", "RFC 3389, 5.1"),
    subject="sdp",
)
def comfort_noise_clock(description: LintedDescription) -> Iterator[Hit]:
    """Comfort noise must have the clock of an audio codec.

    Why: it fills the pauses of a codec, in its stream. With a clock that no codec has it can never
        be used; payload type 13 always has 8000.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 105
        a=rtpmap:105 CN/16000
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 13
        a=rtpmap:13 CN/8000
    Fix: remove it, or give it the clock of the codec it belongs to.
    """
    for media, codec in codecs_by_name(description).get("cn", ()):
        clocks = _speech_clocks(description).get(media.index)
        if codec.payload_type == "13" and codec.clock_rate != 8000:
            yield Hit(
                f"payload type 13 with a clock of {codec.clock_rate}", description.at(codec.span)
            )
        elif clocks and codec.clock_rate not in clocks:
            yield Hit(
                f"no audio codec has the clock {codec.clock_rate} of this comfort noise",
                description.at(codec.span),
            )


@rule(
    "CODEC024",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 3551, 4.5.14", "RFC 3551, 6"),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING, "aiortc": WARNING},
)
def g711_rate(description: LintedDescription) -> Iterator[Hit]:
    """G.711 should have a clock of 8000 and one channel.

    Why: others are allowed under a dynamic payload type, and no browser has them.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 100
        a=rtpmap:100 PCMU/16000
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtpmap:0 PCMU/8000
    Fix: use PCMU/8000, or another codec for wideband and stereo.
    """
    for name in ("pcmu", "pcma"):
        for _, codec in codecs_by_name(description).get(name, ()):
            if codec.clock_rate != 8000 or (codec.channels or 1) != 1:
                yield Hit(f"{codec}, which browsers do not have", description.at(codec.span))
