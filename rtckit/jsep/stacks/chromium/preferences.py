"""setCodecPreferences: what it takes, and the codecs its dictionaries stand for."""

from collections.abc import Sequence

from rtckit.jsep.stacks.chromium.capabilities import Engine
from rtckit.jsep.stacks.chromium.codec_matching import has_media, is_preferred
from rtckit.jsep.stacks.chromium.description import AUDIO, Codec
from rtckit.jsep.stacks.chromium.formats import RESILIENCY

__all__ = ["codecs_of", "find_preference_fault"]


def codecs_of(preferences: Sequence[dict[str, object]], kind: str) -> tuple[Codec, ...]:
    """Return dictionaries of RTCRtpCodec as codecs, without payload types."""
    return tuple(_codec_of(each, kind) for each in preferences)


def _codec_of(preference: dict[str, object], kind: str) -> Codec:
    name = str(preference.get("mimeType", "")).partition("/")[2]
    parameters = {}
    for part in str(preference.get("sdpFmtpLine") or "").split(";"):
        key, equals, value = part.partition("=")
        if part:
            parameters[key if equals else ""] = value if equals else key
    channels = preference.get("channels")
    return Codec(
        -1,
        name,
        int(str(preference.get("clockRate") or 0)),
        int(str(channels)) if channels is not None else (1 if kind == AUDIO else 0),
        parameters,
    )


def find_preference_fault(
    preferences: Sequence[dict[str, object]], kind: str, engine: Engine
) -> str | None:
    """Return the code of what is wrong with preferences; None if nothing is.

    ``no-codec`` for a list without media, ``bad-codec`` for one that is no capability.
    """
    codecs = codecs_of(preferences, kind)
    if not has_media(codecs):
        return "no-codec"
    known = (*engine.codecs(kind, "sendrecv"), *engine.all_codecs(kind))
    for preference, codec in zip(preferences, codecs, strict=True):
        media = str(preference.get("mimeType", "")).partition("/")[0].lower()
        if media != kind or not any(
            is_preferred(each, codec, kind) or _is_same_resiliency(each, codec) for each in known
        ):
            return "bad-codec"
    return None


def _is_same_resiliency(codec: Codec, preference: Codec) -> bool:
    """Whether a preference names a codec that repeats or protects; its parameters do not count."""
    return codec.key in RESILIENCY and codec.key == preference.key
