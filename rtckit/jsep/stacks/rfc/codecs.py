"""Which codecs a section of this peer may have: capabilities, preferences, directions."""

from collections.abc import Sequence

from rtckit.jsep.capabilities import Capabilities, CodecCapability
from rtckit.jsep.matching.directions import sends_and_receives
from rtckit.jsep.matching.formats import Formats, format_of_capability, ordered_parameters

__all__ = ["allowed_formats", "matches_preference"]

_MOST_KEPT = 64
_KEPT: dict[tuple[int, str, str], tuple[Capabilities, Formats]] = {}


def allowed_formats(
    capabilities: Capabilities,
    kind: str,
    direction: str,
    preferences: Sequence[dict[str, object]] = (),
) -> Formats:
    """The formats of a section, the preferred first (RFC 9429, 5.2.1).

    Without preferences all that can be sent or received as the direction has it (RFC 3264, 5.1).
    Preferences give the order, and exclude what they do not name; the ``rtx`` of a codec follows
    it when they name ``rtx`` at all (W3C webrtc-pc, setCodecPreferences). Preferences that exclude
    everything count as none.
    """
    if not preferences:
        return _all_formats(capabilities, kind, direction)
    codecs = [codec for codec in capabilities.codecs_of(kind) if _is_possible(codec, direction)]
    chosen = _preferred(codecs, preferences) or codecs
    return Formats(format_of_capability(codec) for codec in chosen)


def _all_formats(capabilities: Capabilities, kind: str, direction: str) -> Formats:
    """The formats without preferences; kept, for most peers of a process are able to the same."""
    key = (id(capabilities), kind, direction)
    known = _KEPT.get(key)
    if known is None or known[0] is not capabilities:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        codecs = capabilities.codecs_of(kind)
        made = Formats(
            format_of_capability(each) for each in codecs if _is_possible(each, direction)
        )
        known = _KEPT[key] = (capabilities, made)
    return known[1]


def _is_possible(codec: CodecCapability, direction: str) -> bool:
    sends, receives = sends_and_receives(direction)
    if not sends and not receives:
        return True
    return (not sends or codec.sends) and (not receives or codec.receives)


def _preferred(
    codecs: Sequence[CodecCapability], preferences: Sequence[dict[str, object]]
) -> list[CodecCapability]:
    repeats = any(_name(item).endswith("/rtx") for item in preferences)
    rtx = {codec.apt: codec for codec in codecs if codec.name.lower() == "rtx"}
    chosen: dict[int, CodecCapability] = {}
    for item in preferences:
        for codec in codecs:
            if codec.name.lower() == "rtx" or not matches_preference(codec, item):
                continue
            chosen.setdefault(codec.payload_type, codec)
            if repeats and codec.payload_type in rtx:
                repeat = rtx[codec.payload_type]
                chosen.setdefault(repeat.payload_type, repeat)
    return list(chosen.values())


def _name(preference: dict[str, object]) -> str:
    return str(preference.get("mimeType", "")).lower()


def matches_preference(codec: CodecCapability, preference: dict[str, object]) -> bool:
    """Whether an RTCRtpCodec names a capability; what it does not say does not matter."""
    if _name(preference) != codec.mime_type.lower():
        return False
    if preference.get("clockRate") not in (None, codec.clock_rate):
        return False
    if preference.get("channels") not in (None, codec.channels or 1):
        return False
    text = preference.get("sdpFmtpLine")
    if not text:
        return True
    wanted = {name.lower(): value for name, value in ordered_parameters(str(text))}
    return wanted == {name.lower(): value for name, value in codec.fmtp}
