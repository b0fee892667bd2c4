"""Rules for VP8, VP9, AV1 and H.265 (RFC 7741, RFC 9628, the AV1 RTP specification, RFC 7798)."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import codecs_by_name, parameter_faults, parameter_place

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_CLOCKED = ("vp8", "vp9", "h264", "h265", "av1")
_VP9 = {"profile-id": range(4)}
_RECEIVER = {"max-fr": range(1, 1 << 31), "max-fs": range(1, 1 << 31)}
_AV1 = {"profile": range(3), "level-idx": (*range(24), 31), "tier": range(2)}
_H265 = {
    "profile-space": range(4),
    "profile-id": range(32),
    "tier-flag": range(2),
    "level-id": range(256),
    "max-recv-level-id": range(256),
}


@rule(
    "CODEC007",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 9628, 6",),
    subject="sdp",
)
def vp9_profile(description: LintedDescription) -> Iterator[Hit]:
    """The profile-id of VP9 must be 0, 1, 2 or 3.

    Why: it tells depth of colour and sampling. Chromium drops the codec when it is anything else;
        Firefox does not look at it.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 98
        a=rtpmap:98 VP9/90000
        a=fmtp:98 profile-id=4
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 98
        a=rtpmap:98 VP9/90000
        a=fmtp:98 profile-id=0
    Fix: use profile-id=0, the one that everybody has, or leave it out.
    """
    yield from parameter_faults(description, "vp9", _VP9)


@rule(
    "CODEC008",
    WARNING,
    layer=Layer.MEDIA,
    refs=("AV1 RTP, 7.2",),
    subject="sdp",
)
def av1_parameters(description: LintedDescription) -> Iterator[Hit]:
    """The profile, level-idx and tier of AV1 must be in their ranges.

    Why: they say which streams the receiver can decode. Profiles are 0 to 2, tiers 0 and 1; an
        index of the level (0 to 23, or 31) is no level: 5 is level 3.1.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 45
        a=rtpmap:45 AV1/90000
        a=fmtp:45 level-idx=51;profile=0;tier=0
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 45
        a=rtpmap:45 AV1/90000
        a=fmtp:45 level-idx=5;profile=0;tier=0
    Fix: use level-idx=5;profile=0;tier=0, which are also what absence means.
    """
    yield from parameter_faults(description, "av1", _AV1)


@rule(
    "CODEC009",
    WARNING,
    layer=Layer.MEDIA,
    refs=("AV1 RTP, 7.2.1",),
    subject="sdp",
    levels={"chromium": ERROR, "firefox": ERROR},
)
def av1_name(description: LintedDescription) -> Iterator[Hit]:
    """The name of AV1 must be `AV1`.

    Why: AV1X was the name while the format was a draft. No browser knows it any more: the codec is
        dropped.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 45
        a=rtpmap:45 AV1X/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 45
        a=rtpmap:45 AV1/90000
    Fix: write AV1/90000.
    """
    for _, codec in codecs_by_name(description).get("av1x", ()):
        yield Hit("AV1X, the draft's name of AV1", description.at(codec.span))


@rule(
    "CODEC010",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 7741, 6.2.1", "RFC 9628, 6.1.1", "RFC 6184, 8.2.1", "RFC 7798, 7.2.1"),
    subject="sdp",
    levels={"rfc": ERROR, "firefox": ERROR},
)
def video_clock(description: LintedDescription) -> Iterator[Hit]:
    """The clock of video must be 90000.

    Why: every video format of WebRTC counts its timestamps in 90 kHz. Firefox drops a codec with
        another clock; Chromium takes it and answers 90000.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/8000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
    Fix: write 90000.
    """
    for name in _CLOCKED:
        for _, codec in codecs_by_name(description).get(name, ()):
            if codec.clock_rate != 90000:
                yield Hit(
                    f"{codec.name} with a clock of {codec.clock_rate}", description.at(codec.span)
                )


@rule(
    "CODEC011",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 7741, 6.1", "RFC 9628, 6"),
    subject="sdp",
)
def receiver_limits(description: LintedDescription) -> Iterator[Hit]:
    """The limits max-fs and max-fr of VP8 and VP9 must be numbers, and stand together.

    Why: they tell size and rate of the frames that the receiver can decode. One without the other
        is no limit, and is ignored by some senders.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=fmtp:96 max-fs=3600
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=fmtp:96 max-fs=3600;max-fr=30
    Fix: give both: max-fs in macroblocks of 16 by 16 pixels, max-fr in frames a second.
    """
    for name in ("vp8", "vp9"):
        yield from parameter_faults(description, name, _RECEIVER)
        for media, codec in codecs_by_name(description).get(name, ()):
            size, rate = "max-fs" in codec.fmtp, "max-fr" in codec.fmtp
            if size != rate:
                yield Hit(
                    "max-fs without max-fr" if size else "max-fr without max-fs",
                    parameter_place(description, media, codec, "max-fs" if size else "max-fr"),
                )


@rule(
    "CODEC025",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 7798, 7.1",),
    subject="sdp",
)
def h265_parameters(description: LintedDescription) -> Iterator[Hit]:
    """The parameters of H.265 must be in their ranges.

    Why: profile, tier and mode must be the same at both ends, and one that cannot be read matches
        nothing. Browsers have profile 1, tier 0 and the mode SRST.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 49
        a=rtpmap:49 H265/90000
        a=fmtp:49 level-id=93;profile-id=1;tier-flag=0;tx-mode=single
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 49
        a=rtpmap:49 H265/90000
        a=fmtp:49 level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST
    Fix: use level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST; level-id is thirty times the level.
    """
    yield from parameter_faults(description, "h265", _H265)
    for media, codec in codecs_by_name(description).get("h265", ()):
        mode = codec.fmtp.get("tx-mode")
        if "tx-mode" in codec.fmtp and mode not in ("SRST", "MRST", "MRMT"):
            yield Hit(
                f"tx-mode {(mode or '')[:40]!r}",
                parameter_place(description, media, codec, "tx-mode"),
            )
