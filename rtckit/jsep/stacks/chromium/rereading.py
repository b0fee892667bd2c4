"""A description as the parser reads it from its own text, without the text.

A page sets what was created as text, and libwebrtc parses it again. The outcome of that is known
beforehand but for descriptions with something unusual in them.
"""

from collections.abc import Sequence
from dataclasses import replace

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    VIDEO,
    Codec,
    Content,
    Description,
    Stream,
    Transport,
    is_dtls_sctp,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.keeping import kept_by_items
from rtckit.jsep.stacks.chromium.media import read_codecs
from rtckit.jsep.stacks.chromium.writing import audio_lines, video_lines

__all__ = ["read_back"]


def read_back(made: Description) -> Description | None:
    """Return what the parser makes of the text of a description that was made.

    None where only the parser knows: kinds that are unknown, layers, sections without codecs,
    tracks that stand twice, names with blanks in them.
    """
    read = Description(
        [(semantics, list(mids)) for semantics, mids in made.groups], allow_mixed=made.allow_mixed
    )
    tracks: set[tuple[str, str]] = set()
    for content in made.contents:
        again = _read_back_section(content, made)
        if again is None:
            return None
        for stream in again.streams:
            read.has_msid |= made.has_msid
            read.has_ssrc_msid |= made.has_ssrc_msid
            track = (stream.first_stream, stream.track or "")
            if track in tracks:
                return None
            tracks.add(track)
        read.contents.append(again)
    return read


def _read_back_section(content: Content, made: Description) -> Content | None:
    ours = content.transport
    if content.bundle_only or not content.mid or not ours.options:
        return None
    transport = Transport(ours.ufrag, ours.pwd, list(ours.options))
    if ours.fingerprint is not None:
        transport.fingerprint, transport.role = ours.fingerprint, ours.role
    again = Content(content.kind, content.protocol, transport, content.mid, content.rejected)
    if content.kind == DATA:
        if content.sctpmap or not is_dtls_sctp(content.protocol):
            return None
        again.sctpmap, again.sctp_port = False, content.sctp_port
        again.max_message_size = content.max_message_size
        return again
    if content.kind not in (AUDIO, VIDEO) or not is_rtp(content.protocol) or not content.codecs:
        return None
    if content.simulcast_send or not all(map(_is_plain, content.streams)):
        return None
    again.direction = content.direction
    codecs = (_audio if content.kind == AUDIO else _video)(content.codecs)
    if codecs is None:
        return None
    again.codecs = codecs
    again.extensions = content.extensions
    again.rtcp_mux, again.rtcp_rsize = content.rtcp_mux, content.rtcp_rsize
    again.allow_mixed = content.allow_mixed
    again.xr_round_trip = content.xr_round_trip
    again.net_estimate, again.sframe = content.net_estimate, content.sframe
    if content.streams and made.has_msid:
        again.streams = [_read_back_stream(content.streams[0])]
    elif content.streams:
        return None
    return again


def _is_plain(stream: Stream) -> bool:
    """Whether a track has sources and names that are read as they were written."""
    if not stream.ssrcs or stream.rids or not stream.track or not stream.cname:
        return False
    names = (stream.track, stream.cname, *stream.stream_ids)
    return "-" not in names and all(
        name.isascii() and name.isprintable() and " " not in name and name for name in names
    )


def _read_back_stream(stream: Stream) -> Stream:
    return replace(
        stream,
        stream_ids=list(dict.fromkeys(stream.stream_ids)),
        ssrcs=list(stream.ssrcs),
        groups=[replace(group, ssrcs=list(group.ssrcs)) for group in stream.groups],
    )


@kept_by_items
def _audio(codecs: Sequence[Codec]) -> list[Codec] | None:
    return _read_back_codecs(codecs, AUDIO)


@kept_by_items
def _video(codecs: Sequence[Codec]) -> list[Codec] | None:
    return _read_back_codecs(codecs, VIDEO)


def _read_back_codecs(codecs: Sequence[Codec], kind: str) -> list[Codec] | None:
    numbers = [codec.payload_type for codec in codecs]
    lines = (audio_lines if kind == AUDIO else video_lines)(codecs)
    return read_codecs(kind, tuple(numbers), lines)
