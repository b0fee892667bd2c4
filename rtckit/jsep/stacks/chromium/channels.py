"""Applying a remote description to the media engine: codec lists and the streams to receive."""

from rtckit.jsep.stacks.chromium.description import VIDEO, Codec, Content, Stream
from rtckit.jsep.stacks.chromium.lexer import to_int
from rtckit.jsep.stacks.chromium.refusal import Refused

_GROUPS = ("FID", "FEC-FR", "SIM")
_FEC = ("red", "ulpfec", "flexfec-03")


def apply_remote_content(content: Content, known: list[Stream]) -> None:
    """Take the codecs and streams of a section that is not rejected.

    Args:
        content: the section.
        known: the streams it had in the description before.

    Raises:
        Refused: the engine does not take them.
    """
    if content.kind == VIDEO and not video_codecs_are_valid(content.codecs):
        raise Refused(
            "Failed to set remote video description send parameters for m-section with "
            f"mid='{content.mid}'."
        )
    for stream in content.streams:
        if not stream.ssrcs or any(stream.ssrcs[0] in old.ssrcs for old in known):
            continue
        valid = _video_stream_is_valid if content.kind == VIDEO else _audio_stream_is_valid
        if not valid(stream):
            raise Refused(
                f"Failed to add remote stream ssrc: {stream.ssrcs[0]} to "
                f"{{mid: {content.mid}, media_type: {content.kind}}}"
            )


def video_codecs_are_valid(codecs: list[Codec]) -> bool:
    """Whether every rtx belongs to a codec of the list, and no bit rate limits are reversed."""
    kinds = {codec.payload_type: codec.key for codec in codecs}
    for codec in codecs:
        if codec.key == "rtx" or codec.key in _FEC:
            continue
        low = to_int(codec.parameters.get("x-google-min-bitrate", ""))
        high = to_int(codec.parameters.get("x-google-max-bitrate", ""))
        if low is not None and high is not None and high < low:
            return False
    for codec in codecs:
        if codec.key != "rtx":
            continue
        original = to_int(codec.parameters.get("apt", ""), 0, 127)
        if original is None or kinds.get(original, "rtx") in ("rtx", "ulpfec", "flexfec-03"):
            return False
    return True


def _audio_stream_is_valid(stream: Stream) -> bool:
    return len(stream.ssrcs) == 1


def _video_stream_is_valid(stream: Stream) -> bool:
    """Whether the groups of a stream name its own sources, once each, and cover all of them."""
    seen = [(group.ssrcs[0], group.semantics) for group in stream.groups]
    if len(set(seen)) != len(seen):
        return False
    simulcast = next((g for g in stream.groups if g.semantics == "SIM"), None)
    primaries = simulcast.ssrcs if simulcast else stream.ssrcs[:1]
    for semantics in ("FID", "FEC-FR"):
        pairs = {
            group.ssrcs[0]: group.ssrcs[1]
            for group in reversed(stream.groups)
            if group.semantics == semantics and len(group.ssrcs) > 1
        }
        secondaries = [pairs[ssrc] for ssrc in primaries if ssrc in pairs]
        if any(ssrc not in stream.ssrcs for ssrc in secondaries):
            return False
        if secondaries and len(secondaries) != len(primaries):
            return False
    return all(
        ssrc in stream.ssrcs
        for group in stream.groups
        if group.semantics in _GROUPS
        for ssrc in group.ssrcs
    )
