"""Applying a remote description to the media engine: codec lists and the streams to receive."""

from collections.abc import Sequence

from rtckit.jsep.stacks.chromium.description import AUDIO, VIDEO, Codec, Content, Extension, Stream
from rtckit.jsep.stacks.chromium.formats import RESILIENCY, is_decodable
from rtckit.jsep.stacks.chromium.keeping import kept_by_items
from rtckit.jsep.stacks.chromium.lexer import to_int
from rtckit.jsep.stacks.chromium.refusal import Refused

_GROUPS = ("FID", "FEC-FR", "SIM")


def check_remote_codecs(content: Content) -> None:
    """Check the codecs of a remote section.

    Raises:
        Refused: the engine could not send with them.
    """
    if content.kind == VIDEO and not (
        video_codecs_are_valid(content.codecs)
        and any(codec.key not in RESILIENCY for codec in content.codecs)
    ):
        raise Refused(
            "Failed to set remote video description send parameters for m-section with "
            f"mid='{content.mid}'."
        )


def check_remote_streams(content: Content, known: list[Stream]) -> None:
    """Check the streams of a remote section, all but those it had in the description before.

    Raises:
        Refused: the engine could not receive one.
    """
    for stream in content.streams:
        if not stream.ssrcs or any(stream.ssrcs[0] in old.ssrcs for old in known):
            continue
        valid = _video_stream_is_valid if content.kind == VIDEO else _audio_stream_is_valid
        if not valid(stream):
            raise Refused(
                f"Failed to add remote stream ssrc: {stream.ssrcs[0]} to "
                f"{{mid: {content.mid}, media_type: {content.kind}}}"
            )


def check_local_codecs(content: Content) -> None:
    """Check that a local section promises only what can be received.

    Raises:
        Refused: it names a codec there is no decoder for.
    """
    if content.kind == VIDEO:
        valid = video_codecs_are_valid(content.codecs) and (
            not content.receives or _video_is_decodable(content.codecs)
        )
    else:
        valid = _audio_is_decodable(content.codecs)
    if not valid:
        raise Refused(
            f"Failed to set local {content.kind} description recv parameters for m-section with "
            f"mid='{content.mid}'."
        )


def check_local_streams(content: Content, known: list[Stream]) -> None:
    """Check the streams of a local section, all but those it sends already.

    Raises:
        Refused: the engine could not send one.
    """
    if content.kind != VIDEO:
        return
    for stream in content.streams:
        if not stream.ssrcs or any(stream.ssrcs[0] in old.ssrcs for old in known):
            continue
        if not _video_stream_is_valid(stream):
            raise Refused(
                f"Failed to add send stream ssrc: {stream.ssrcs[0]} into m-section with "
                f"mid='{content.mid}'"
            )


@kept_by_items
def deduplicated(extensions: Sequence[Extension]) -> list[Extension]:
    """Return the extensions a channel uses: the first of each URI, the encrypted one if there is,
    in the order of their URIs.
    """
    kept: dict[str, Extension] = {}
    for extension in sorted(extensions, key=lambda each: not each.encrypted):
        kept.setdefault(extension.uri, extension)
    return sorted(kept.values(), key=lambda each: each.uri)


@kept_by_items
def _video_is_decodable(codecs: Sequence[Codec]) -> bool:
    return all(codec.key in RESILIENCY or is_decodable(codec, VIDEO) for codec in codecs)


@kept_by_items
def _audio_is_decodable(codecs: Sequence[Codec]) -> bool:
    return all(is_decodable(codec, AUDIO) for codec in codecs)


@kept_by_items
def video_codecs_are_valid(codecs: Sequence[Codec]) -> bool:
    """Whether every rtx belongs to a codec of the list, and no bit rate limits are reversed."""
    kinds = {codec.payload_type: codec.key for codec in codecs}
    for codec in codecs:
        if codec.key in RESILIENCY:
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
