"""What makes two codecs the same one, whatever payload type they go by.

Name, clock rate, channels, and the parameters that name another bitstream (the profile of H264),
not those that tune one (``useinbandfec``).
"""

from collections.abc import Mapping
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.sdp.codec_parameters import parse_profile_level_id
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec

__all__ = ["CodecId", "CodecTable", "h264_profile"]

_SIGNIFICANT: dict[str, dict[str, str]] = {
    "h264": {"packetization-mode": "0"},  # RFC 6184, 8.2.2; the profile is read below
    "h265": {"profile-space": "0", "profile-id": "1", "tier-flag": "0", "tx-mode": "srst"},
    "vp9": {"profile-id": "0"},  # RFC 9628, 6
    "av1": {"profile": "0"},  # AV1 RTP specification, 7.2.1
    "multiopus": {"channel_mapping": "", "num_streams": "", "coupled_streams": ""},
}
"""The parameters that tell one format from another, and what each is when it is not said."""

_DEFAULTS: dict[str, dict[str, str]] = {
    "h264": {"packetization-mode": "0", "level-asymmetry-allowed": "0"},  # RFC 6184, 8.1
    "h265": {"profile-space": "0", "profile-id": "1", "tier-flag": "0", "tx-mode": "srst"},
    "vp9": {"profile-id": "0"},
    "av1": {"profile": "0", "level-idx": "5", "tier": "0"},
    "telephone-event": {"events": "0-15"},  # RFC 4733, 2.5.1.1
    "opus": {  # RFC 7587, 6.1
        "maxplaybackrate": "48000",
        "sprop-maxcapturerate": "48000",
        "stereo": "0",
        "sprop-stereo": "0",
        "cbr": "0",
        "useinbandfec": "0",
        "usedtx": "0",
    },
}
"""What parameters are when they are not said; saying so changes nothing."""


def h264_profile(profile_level_id: str | None) -> str:
    """The sub-profile a ``profile-level-id`` names; the text itself when it names none.

    Absent is Baseline (RFC 6184, 8.1). The level is no part of it.
    """
    if profile_level_id is None:
        return "baseline"
    text = profile_level_id.strip().lower()
    try:
        profile = parse_profile_level_id(text).profile
    except ParseError:
        return text
    return profile.lower() if profile else text[:4]


class CodecId(NamedTuple):
    """What must agree for two codecs to be the same one.

    ``repairs`` is the codec that an ``rtx`` repeats; text that could not be resolved stays text.
    """

    name: str
    clock_rate: int | None
    channels: int | None
    significant: tuple[tuple[str, str], ...]
    repairs: "CodecId | str | None"

    def details(self) -> list[str]:
        """The significant parameters for people; an H264 profile by its name alone."""
        named = self.name == "h264"
        return [
            value if named and key == "profile" else f"{key}={value}"
            for key, value in self.significant
        ]

    def __str__(self) -> str:
        text = f"{self.name}/{self.clock_rate}" if self.clock_rate else self.name
        if self.channels and self.channels > 1:
            text += f"/{self.channels}"
        if self.repairs is not None:
            return f"{text} for {self.repairs}"
        return f"{text} ({', '.join(self.details())})" if self.significant else text


class CodecTable:
    """The codecs of one section: the identity and the parameters of each payload type."""

    def __init__(self, media: MediaSection) -> None:
        self.media = media
        self.codecs = media.codecs
        self.ids: dict[str, CodecId] = {}
        self._called: dict[str, str] = {}
        self.place = {codec.payload_type: n for n, codec in enumerate(self.codecs)}
        for codec in self.codecs:
            self.ids[codec.payload_type] = self._identify(codec, follow=True)
        self.parameters = {codec.payload_type: self._parameters(codec) for codec in self.codecs}

    def repairs(self, codec: Codec) -> Codec | None:
        """The codec an ``rtx`` repeats; None for any other codec, and where there is none."""
        if not isinstance(self.ids[codec.payload_type].repairs, CodecId):
            return None
        return self.media.find_codec(codec.apt) if codec.apt else None

    def call_as(self, codec: Codec, name: str) -> None:
        """Let :meth:`meaning` say ``name`` of a codec: that of its partner in the other section."""
        if str(codec) != name:
            self._called[codec.payload_type] = name
            for other in self.codecs:
                if other.name.lower() == "red":
                    self.parameters[other.payload_type] = self._parameters(other)

    def _identify(self, codec: Codec, *, follow: bool) -> CodecId:
        name = codec.name.lower()
        significant = tuple(
            (parameter, (codec.fmtp.get(parameter) or default).lower())
            for parameter, default in _SIGNIFICANT.get(name, {}).items()
        )
        if name == "h264":
            profile = ("profile", h264_profile(codec.fmtp.get("profile-level-id")))
            significant = (profile, *significant)
        repairs: CodecId | str | None = None
        if name == "rtx":
            target = self.media.find_codec(codec.apt) if codec.apt else None
            if follow and target is not None and target.name.lower() != "rtx":
                repairs = self._identify(target, follow=False)
            else:
                repairs = f"apt={codec.apt}"
        return CodecId(name, codec.clock_rate, codec.channels, significant, repairs)

    def _parameters(self, codec: Codec) -> Mapping[str, str]:
        """The parameters with their defaults, payload types in them replaced by what they mean."""
        name = codec.name.lower()
        found = dict(_DEFAULTS.get(name, {}))
        for parameter, value in codec.fmtp.items():
            if (
                name == "rtx"
                and parameter == "apt"
                and isinstance(self.ids[codec.payload_type].repairs, CodecId)
            ):
                continue
            if value is None and "/" in parameter and name == "red":
                meant = "/".join(self.meaning(part) for part in parameter.split("/"))
                found["encodings"] = meant
            elif value is None and name == "telephone-event":
                found["events"] = parameter
            else:
                found[parameter] = value if value is not None else ""
        if name == "h264" and "profile-level-id" in found:
            found["profile-level-id"] = found["profile-level-id"].lower()
        return found

    def show_parameter(self, codec: Codec, parameter: str) -> str | None:
        """The value of a parameter; one that holds without being said is marked so."""
        value = self.parameters[codec.payload_type].get(parameter)
        default = _DEFAULTS.get(codec.name.lower(), {}).get(parameter)
        if value is not None and value == default and parameter not in codec.fmtp:
            return f"{value} (default)"
        return value

    def meaning(self, payload_type: str) -> str:
        """What a payload type stands for here; the number itself when nothing is said of it."""
        codec = self.media.find_codec(payload_type)
        if codec is None:
            return payload_type
        return self._called.get(payload_type, str(codec))
