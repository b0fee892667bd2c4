"""What the machine needs to know of a description, out of libwebrtc's own reading of it."""

from collections.abc import Sequence

from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    UNSUPPORTED,
    VIDEO,
    Content,
    Description,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.simulcast import Layer

__all__ = ["facts_of"]


def facts_of(description: Description) -> DescriptionFacts:
    """Return the facts of a description that was read."""
    return DescriptionFacts(
        tuple(_facts_of(content, at) for at, content in enumerate(description.contents)),
        tuple(tuple(group) for group in description.bundles),
        any(content.transport.lite for content in description.contents),
    )


def _facts_of(content: Content, index: int) -> SectionFacts:
    stream = content.streams[0] if content.streams else None
    sent, requested = content.simulcast_send, content.simulcast_receive
    return SectionFacts(
        index=index,
        kind=content.media if content.kind == UNSUPPORTED else content.kind,
        mid=content.mid,
        rejected=content.rejected,
        direction=content.direction,
        has_msid=stream is not None,
        stream_ids=tuple(stream.stream_ids) if stream else (),
        track_id=stream.track if stream else None,
        rids_send=_first_of_each(sent),
        rids_recv=_first_of_each(requested),
        paused=frozenset(layer.rid for layer in (*sent, *requested) if layer.paused),
        ufrag=content.transport.ufrag,
        pwd=content.transport.pwd,
        rtcp_mux=content.rtcp_mux,
        is_rtp=content.kind in (AUDIO, VIDEO)
        or (content.kind != DATA and is_rtp(content.protocol)),
    )


def _first_of_each(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the rid of the first alternative of each stream, in the order of the streams."""
    if not layers:
        return ()
    first = {layer.stream: layer.rid for layer in reversed(layers)}
    return tuple(first[place] for place in sorted(first))
