"""The track of a section that is sent: its sources and their groups, or its simulcast layers."""

from dataclasses import replace

from rtckit.jsep.stacks.chromium.description import Content, SsrcGroup, Stream
from rtckit.jsep.stacks.chromium.options import Making, Sender
from rtckit.jsep.stacks.chromium.simulcast import Layer

__all__ = ["add_sender"]


def add_sender(content: Content, sender: Sender | None, making: Making) -> None:
    """Give a section the track of its sender: known sources if there are, else new ones.

    A video track with rtx among its codecs gets a second source for it (RFC 4588); one with layers
    has no sources in the description, only rids (RFC 8853).
    """
    if sender is None:
        return
    known = making.streams.get(sender.track)
    if known is not None:
        content.streams = [replace(known, stream_ids=list(sender.stream_ids))]
    elif sender.layers:
        rids = [rid for rid, _ in sender.layers]
        stream = Stream(sender.track, list(sender.stream_ids), rids=rids)
        stream.cname = making.identifiers.cname
        content.streams = [stream]
    else:
        content.streams = [_new_stream(content, sender, making)]
    making.streams.setdefault(sender.track, content.streams[0])
    # A single layer with a rid is no simulcast, but its rid line stands all the same.
    if len(sender.layers) > 1:
        content.simulcast_send = [
            Layer(rid, not active, place) for place, (rid, active) in enumerate(sender.layers)
        ]


def _new_stream(content: Content, sender: Sender, making: Making) -> Stream:
    ssrcs = [making.identifiers.new_ssrc()]
    groups = []
    if any(codec.key == "rtx" for codec in content.codecs):
        ssrcs.append(making.identifiers.new_ssrc())
        groups.append(SsrcGroup("FID", list(ssrcs)))
    return Stream(sender.track, list(sender.stream_ids), ssrcs, groups, making.identifiers.cname)
