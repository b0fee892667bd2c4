"""Codecs and header extensions for new offers: what real peers offer, and what they might."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Codec", "audio_codecs", "extensions", "feedback_of", "video_codecs"]

_OPUS = (
    *("minptime=10;useinbandfec=1",) * 4,
    *("maxplaybackrate=48000;stereo=1;useinbandfec=1",) * 2,
    *("", "useinbandfec=0", "stereo=1;sprop-stereo=1;useinbandfec=1", "useinbandfec=1;usedtx=1"),
    *("maxaveragebitrate=64000;cbr=1;useinbandfec=1", "maxplaybackrate=16000", "minptime=20"),
    *("sprop-maxcapturerate=16000;maxplaybackrate=16000;stereo=0", "maxptime=60;ptime=40"),
    "minptime=10; useinbandfec=1; x-google-min-bitrate=20",
)
_EVENTS = ("", "", "0-15", "0-16", "0-11,16", "0-15,66,70")
_OTHER_AUDIO = (
    *("ISAC/16000", "ISAC/32000", "ILBC/8000", "L16/44100/2", "L16/48000", "speex/16000"),
    *("G7221/16000", "AMR-WB/16000", "multiopus/48000/6", "X-LYRA/48000/2", "MPA/90000"),
)
_AUDIO_FMTP = {
    "ILBC/8000": "mode=20",
    "multiopus/48000/6": "channel_mapping=0,4,1,2,3,5;coupled_streams=2;num_streams=4",
    "AMR-WB/16000": "octet-align=1;mode-change-capability=2",
}
_H264_PROFILES = (
    *("42001f", "42e01f", "4d001f", "64001f") * 3,
    *("42E01F", "640c1f", "42c01f", "42e00a", "42e00b", "420034", "42e034", "64002a", "640033"),
    *("f4001f", "4d801f", "58a01f", "58f01f", "4d0032", "42f01f", "64081f", "42100b", "640c34"),
    *("zz001f", "42e0", "6e001f", "42e0ff", ""),
)
_H264_MORE = (
    *("",) * 8,
    *(";max-fs=3600;max-mbps=108000", ";max-br=2000", ";sprop-parameter-sets=Z0IAH5WoFAFuQA=="),
    ";x-google-start-bitrate=800",
)
_VP8 = ("", "", "", "max-fs=12288;max-fr=60", "max-fr=30", "max-fs=3600", "x-google-max-bitrate=9")
_VP9 = ("", "profile-id=0", "profile-id=0", "profile-id=1", "profile-id=2", "profile-id=3")
_AV1 = (
    *("", "level-idx=5;profile=0;tier=0", "profile=0", "profile=1", "level-idx=8;profile=0;tier=0"),
    *("level-idx=5;profile=1;tier=0", "level-idx=9;tier=1", "profile=2", "level-idx=31;profile=0"),
)
_H265 = (
    *("", "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST", "level-id=156;profile-id=1"),
    *("level-id=180;profile-id=2;tier-flag=0;tx-mode=SRST", "profile-id=1;tier-flag=1"),
)
_OTHER_VIDEO = ("H263/90000", "H263-1998/90000", "VP10/90000", "X-UC/90000", "JPEG/90000")

_FULL_FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
_RARE_FEEDBACK = (
    *("ccm tmmbr", "nack rpsi", "nack sli", "goog-lntf", "rrtr", "ack rpsi", "trr-int 100"),
    *("ack ccfb", "ccm vbcm 97", "app", "nack app"),
)

_AUDIO_EXTENSIONS = (
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:csrc-audio-level",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02",
)
_VIDEO_EXTENSIONS = (
    "urn:ietf:params:rtp-hdrext:toffset",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "urn:3gpp:video-orientation",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
    "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
    "http://www.webrtc.org/experiments/rtp-hdrext/generic-frame-descriptor-00",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "http://tools.ietf.org/html/draft-ietf-avtext-framemarking-07",
    "http://www.webrtc.org/experiments/rtp-hdrext/corruption-detection",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-frame-tracking-id",
)
_UNKNOWN_EXTENSIONS = ("urn:example:params:hdrext:tag", "https://example.org/ext#1", "urn:x")


@dataclass(frozen=True)
class Codec:
    """A codec of an offer: payload type, encoding, parameters, feedback, what it belongs to."""

    payload_type: int
    encoding: str
    fmtp: str = ""
    feedback: tuple[str, ...] = ()
    of: int | None = None
    has_rtpmap: bool = True

    def lines(self) -> Iterator[str]:
        """Its attribute lines, as Chromium orders them."""
        if self.has_rtpmap:
            yield f"a=rtpmap:{self.payload_type} {self.encoding}"
        for each in self.feedback:
            yield f"a=rtcp-fb:{self.payload_type} {each}"
        if self.fmtp:
            yield f"a=fmtp:{self.payload_type} {self.fmtp}"


@dataclass
class Numbers:
    """Payload types of one session, none given twice."""

    generator: random.Random
    dynamic: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        upper, lower = list(range(96, 128)), list(range(35, 64))
        if self.generator.random() < 0.5:
            self.generator.shuffle(upper)
            self.generator.shuffle(lower)
        self.dynamic = [*upper, *lower]

    def take(self) -> int:
        """The next free one."""
        return self.dynamic.pop(0)


def feedback_of(generator: random.Random) -> tuple[str, ...]:
    """A set of feedback as a video codec has it."""
    way = generator.random()
    if way < 0.5:
        return _FULL_FEEDBACK
    found = [each for each in _FULL_FEEDBACK if generator.random() < 0.7]
    if way > 0.8:
        generator.shuffle(found)
    if way > 0.85:
        found.insert(generator.randint(0, len(found)), generator.choice(_RARE_FEEDBACK))
    if way > 0.97 and found:
        found.append(found[0])
    return tuple(found)


def audio_codecs(generator: random.Random, numbers: Numbers) -> list[Codec]:
    """The audio codecs of an offer, in some order."""
    found: list[Codec] = []
    few = generator.random() < 0.25
    twcc = ("transport-cc",) if generator.random() < 0.5 else ()

    def wanted(chance: float) -> bool:
        return generator.random() < (chance / 3 if few else chance)

    if generator.random() < 0.94:
        encoding = generator.choice(("opus/48000/2",) * 12 + ("opus/48000", "OPUS/48000/2"))
        more = ("nack",) if generator.random() < 0.08 else ()
        opus = Codec(numbers.take(), encoding, generator.choice(_OPUS), twcc + more)
        found.append(opus)
        if wanted(0.35):
            number = numbers.take()
            blocks = generator.choice((f"{opus.payload_type}/{opus.payload_type}",) * 4 + ("", "0"))
            place = generator.choice((0, 1, 1))
            found.insert(place, Codec(number, "red/48000/2", blocks, of=opus.payload_type))
        if wanted(0.1):
            found.append(Codec(numbers.take(), encoding, generator.choice(_OPUS), twcc))
    for number, encoding, chance in (
        *((9, "G722/8000", 0.5), (0, "PCMU/8000", 0.75), (8, "PCMA/8000", 0.7)),
        *((13, "CN/8000", 0.35), (18, "G729/8000", 0.12), (4, "G723/8000", 0.06)),
        *((3, "GSM/8000", 0.06), (10, "L16/44100/2", 0.05)),
    ):
        if wanted(chance):
            given = number if generator.random() < 0.93 else numbers.take()
            spelt = encoding + ("/1" if generator.random() < 0.1 and "/2" not in encoding else "")
            has_rtpmap = given != number or generator.random() < 0.9
            found.append(Codec(given, spelt, feedback=twcc * (wanted(0.2)), has_rtpmap=has_rtpmap))
    for rate, chance in ((16000, 0.12), (32000, 0.12), (48000, 0.06)):
        if wanted(chance):
            found.append(Codec(numbers.take(), f"CN/{rate}"))
    for rate, chance in ((48000, 0.4), (32000, 0.1), (16000, 0.15), (8000, 0.6)):
        if wanted(chance):
            events = generator.choice(_EVENTS)
            found.append(Codec(numbers.take(), f"telephone-event/{rate}", events))
    if wanted(0.2):
        encoding = generator.choice(_OTHER_AUDIO)
        found.append(Codec(numbers.take(), encoding, _AUDIO_FMTP.get(encoding, "")))
    if not found:
        found.append(Codec(0, "PCMU/8000"))
    if generator.random() < 0.3:
        generator.shuffle(found)
    return found


def video_codecs(generator: random.Random, numbers: Numbers) -> list[Codec]:
    """The video codecs of an offer with their retransmission and protection, in some order."""
    bases: list[tuple[str, str]] = []
    for encoding, forms, chance, most in (
        ("VP8/90000", _VP8, 0.85, 1),
        ("H264/90000", (), 0.8, 4),
        ("VP9/90000", _VP9, 0.7, 2),
        ("AV1/90000", _AV1, 0.6, 2),
        ("H265/90000", _H265, 0.25, 2),
    ):
        if generator.random() < chance:
            for _ in range(generator.randint(1, most)):
                fmtp = generator.choice(forms) if forms else _h264(generator)
                entry = (encoding, fmtp)
                if entry not in bases or generator.random() < 0.05:
                    bases.append(entry)
    if generator.random() < 0.12:
        bases.append((generator.choice(_OTHER_VIDEO), ""))
    if not bases:
        bases.append(("VP8/90000", ""))
    if generator.random() < 0.5:
        generator.shuffle(bases)
    with_rtx = generator.random() < 0.85
    one_feedback = feedback_of(generator)
    same = generator.random() < 0.7
    found: list[Codec] = []
    for encoding, fmtp in bases:
        feedback = one_feedback if same else feedback_of(generator)
        codec = Codec(numbers.take(), encoding, fmtp, feedback)
        found.append(codec)
        if with_rtx and generator.random() < 0.93:
            found.append(_rtx(generator, numbers, codec.payload_type))
    found += _protection(generator, numbers, with_rtx, one_feedback)
    if generator.random() < 0.1:
        generator.shuffle(found)
    return found


def _h264(generator: random.Random) -> str:
    profile = generator.choice(_H264_PROFILES)
    parts = []
    asymmetry = generator.choice(("1", "1", "1", "1", "0", ""))
    mode = generator.choice(("0", "1", "1", "1", "", "2"))
    if asymmetry:
        parts.append(f"level-asymmetry-allowed={asymmetry}")
    if mode:
        parts.append(f"packetization-mode={mode}")
    if profile:
        parts.append(f"profile-level-id={profile}")
    if generator.random() < 0.2:
        generator.shuffle(parts)
    return ";".join(parts) + (generator.choice(_H264_MORE) if parts else "")


def _rtx(generator: random.Random, numbers: Numbers, of: int) -> Codec:
    way = generator.random()
    said = f"apt={of}" if way < 0.99 else generator.choice(("apt=34", "", f"apt={of};rtx-time=200"))
    if 0.9 < way < 0.95:
        said = f"apt={of};rtx-time=3000"
    return Codec(numbers.take(), "rtx/90000", said, of=of)


def _protection(
    generator: random.Random, numbers: Numbers, with_rtx: bool, feedback: tuple[str, ...]
) -> Iterator[Codec]:
    if generator.random() < 0.5:
        # Firefox offers feedback for these too.
        spoken = feedback if generator.random() < 0.3 else ()
        red = Codec(numbers.take(), "red/90000", feedback=spoken)
        yield red
        if with_rtx and generator.random() < 0.7:
            yield _rtx(generator, numbers, red.payload_type)
        if generator.random() < 0.85:
            yield Codec(numbers.take(), "ulpfec/90000", feedback=spoken)
    elif generator.random() < 0.15:
        yield Codec(numbers.take(), "ulpfec/90000")
    if generator.random() < 0.15:
        name = generator.choice(("flexfec-03/90000", "flexfec-03/90000", "flexfec/90000"))
        yield Codec(numbers.take(), name, "repair-window=10000000")


def extensions(generator: random.Random, kind: str) -> list[str]:
    """The URIs of the header extensions of a kind, in some order."""
    known = _AUDIO_EXTENSIONS if kind == "audio" else _VIDEO_EXTENSIONS
    chance = generator.choice((0.0, 0.3, 0.5, 0.7, 0.9))
    found = [each for each in known if generator.random() < chance]
    if generator.random() < 0.1:
        found.append(generator.choice(_UNKNOWN_EXTENSIONS))
    if generator.random() < 0.03:
        found.append(generator.choice(_VIDEO_EXTENSIONS))
    if generator.random() < 0.4:
        generator.shuffle(found)
    return list(dict.fromkeys(found))
