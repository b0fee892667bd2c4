"""RTCRtpTransceiver.setCodecPreferences of aiortc."""

from collections.abc import Mapping, Sequence

from rtckit.jsep.stacks.aiortc.reader import read_parameters
from rtckit.jsep.stacks.aiortc.records import CodecLine

__all__ = ["read_preferences"]


def read_preferences(
    own: Sequence[CodecLine], kind: str, codecs: Sequence[Mapping[str, object]]
) -> list[CodecLine]:
    """Preferences as codecs, each once.

    Args:
        own: the codecs aiortc has for the kind.
        kind: of the transceiver.
        codecs: RTCRtpCodec dictionaries; the ``sdpFmtpLine`` of ``rtx`` is not looked at.

    Raises:
        ValueError: one that is no capability; aiortc compares them letter for letter.
    """
    known = [_key(codec) for codec in own]
    wanted: list[CodecLine] = []
    for codec in codecs:
        line = _codec(kind, codec)
        if line is None or _key(line) not in known:
            raise ValueError("Codec is not in capabilities")
        if _key(line) not in [_key(item) for item in wanted]:
            wanted.append(line)
    return wanted


def _key(codec: CodecLine) -> tuple[object, ...]:
    parameters = () if codec.is_rtx else tuple(sorted(codec.parameters.items()))
    return codec.name, codec.clock_rate, codec.channels, parameters


def _codec(kind: str, codec: Mapping[str, object]) -> CodecLine | None:
    family, _, name = str(codec.get("mimeType", "")).partition("/")
    if family != kind:
        return None
    channels, clock_rate = codec.get("channels"), codec.get("clockRate")
    text = str(codec.get("sdpFmtpLine") or "")
    return CodecLine(
        0,
        name,
        clock_rate if isinstance(clock_rate, int) else 0,
        channels if isinstance(channels, int) else None,
        parameters=read_parameters(text) if text and name.lower() != "rtx" else {},
    )
