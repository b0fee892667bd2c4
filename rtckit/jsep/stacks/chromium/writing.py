"""The text of a description, line for line as Chromium writes it."""

from collections.abc import Sequence

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    UNSUPPORTED,
    VIDEO,
    Codec,
    Content,
    Description,
    Stream,
)
from rtckit.jsep.stacks.chromium.keeping import kept_by_items

__all__ = ["audio_lines", "video_lines", "write_description"]

_ENCRYPTED = "urn:ietf:params:rtp-hdrext:encrypt"
_DEFAULT_MESSAGE_SIZE = 65536
_NOT_FORMAT = ("ptime", "maxptime")
"""Parameters with lines of their own."""


def write_description(description: Description, session_id: str, version: int) -> str:
    """Return the text of a description; lines end with CRLF.

    Args:
        description: what to write.
        session_id: the sess-id of ``o=``.
        version: the sess-version of ``o=``.
    """
    lines = ["v=0", f"o=- {session_id} {version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += [" ".join((f"a=group:{semantics}", *mids)) for semantics, mids in description.groups]
    if description.allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append(" ".join(("a=msid-semantic: WMS", *_first_streams(description))))
    for content in description.contents:
        _write_section(lines, content, description)
    lines.append("")
    return "\r\n".join(lines)


def _first_streams(description: Description) -> list[str]:
    """Return the streams of the first audio and the first video section, sorted."""
    streams: set[str] = set()
    for kind in (AUDIO, VIDEO):
        first = next((each for each in description.contents if each.kind == kind), None)
        for stream in first.streams if first else ():
            streams.update(stream.stream_ids)
    return sorted(streams)


def _write_section(lines: list[str], content: Content, description: Description) -> None:
    port = 0 if content.rejected or content.bundle_only else 9
    lines.append(
        f"m={content.media or _MEDIA[content.kind]} {port} {content.protocol} {_formats(content)}"
    )
    lines.append("c=IN IP4 0.0.0.0")
    if content.kind != DATA:
        lines.append("a=rtcp:9 IN IP4 0.0.0.0")
    transport = content.transport
    lines.append(f"a=ice-ufrag:{transport.ufrag}")
    lines.append(f"a=ice-pwd:{transport.pwd}")
    if transport.options:
        lines.append(f"a=ice-options:{' '.join(transport.options)}")
    if transport.fingerprint is not None:
        lines.append(f"a=fingerprint:{transport.fingerprint}")
        if transport.role is not None:
            lines.append(f"a=setup:{transport.role}")
    lines.append(f"a=mid:{content.mid}")
    if content.bundle_only:
        lines.append("a=bundle-only")
    if content.kind == DATA:
        _write_data(lines, content)
    else:
        _write_media(lines, content, description)


_MEDIA = {AUDIO: "audio", VIDEO: "video", DATA: "application", UNSUPPORTED: ""}


def _formats(content: Content) -> str:
    if content.kind == DATA:
        return str(content.sctp_port) if content.sctpmap else "webrtc-datachannel"
    return " ".join([str(codec.payload_type) for codec in content.codecs]) or "0"


def _write_data(lines: list[str], content: Content) -> None:
    if content.sctpmap:
        lines.append(f"a=sctpmap:{content.sctp_port} webrtc-datachannel 65535")
        return
    lines.append(f"a=sctp-port:{content.sctp_port}")
    if content.max_message_size != _DEFAULT_MESSAGE_SIZE:
        lines.append(f"a=max-message-size:{content.max_message_size}")


def _write_media(lines: list[str], content: Content, description: Description) -> None:
    if content.allow_mixed:
        lines.append("a=extmap-allow-mixed")
    for extension in content.extensions:
        encrypted = f"{_ENCRYPTED} " if extension.encrypted else ""
        lines.append(f"a=extmap:{extension.id} {encrypted}{extension.uri}")
    lines.append(f"a={content.direction}")
    stream = content.streams[0] if content.streams else None
    if stream is not None and description.has_msid:
        lines += [f"a=msid:{name} {stream.track}" for name in stream.stream_ids or ("-",)]
    if content.rtcp_mux:
        lines.append("a=rtcp-mux")
    if content.rtcp_rsize:
        lines.append("a=rtcp-rsize")
    if content.xr_round_trip:
        lines.append("a=rtcp-xr:rcvr-rtt=all")
    if content.net_estimate:
        lines.append("a=remote-net-estimate")
    if content.sframe:
        lines.append("a=sframe")
    lines += (audio_lines if content.kind == AUDIO else video_lines)(content.codecs)
    if stream is not None:
        _write_sources(lines, stream, with_msid=description.has_ssrc_msid)
        lines += [f"a=rid:{rid} send" for rid in stream.rids]
    if content.simulcast_send:
        layers = (f"~{each.rid}" if each.paused else each.rid for each in content.simulcast_send)
        lines.append(f"a=simulcast:send {';'.join(layers)}")


@kept_by_items
def audio_lines(codecs: Sequence[Codec]) -> list[str]:
    """Return the lines of the codecs of an audio section."""
    return _codec_lines(codecs, AUDIO)


@kept_by_items
def video_lines(codecs: Sequence[Codec]) -> list[str]:
    """Return the lines of the codecs of a video section."""
    return _codec_lines(codecs, VIDEO)


def _codec_lines(codecs: Sequence[Codec], kind: str) -> list[str]:
    lines: list[str] = []
    for codec in codecs:
        _write_codec(lines, codec, kind)
    return lines


def _write_codec(lines: list[str], codec: Codec, kind: str) -> None:
    number = codec.payload_type
    channels = f"/{codec.channels}" if kind == AUDIO and codec.channels > 1 else ""
    lines.append(f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}")
    for name, value in codec.feedback:
        lines.append(
            f"a=rtcp-fb:{number} {name} {value}" if value else f"a=rtcp-fb:{number} {name}"
        )
    parameters = [
        f"{name}={value}" if name else value
        for name, value in sorted(codec.parameters.items())
        if name not in _NOT_FORMAT
    ]
    if parameters:
        lines.append(f"a=fmtp:{number} {';'.join(parameters)}")


def _write_sources(lines: list[str], stream: Stream, *, with_msid: bool) -> None:
    for group in stream.groups:
        lines.append(f"a=ssrc-group:{group.semantics} {' '.join(map(str, group.ssrcs))}")
    for ssrc in stream.ssrcs:
        lines.append(f"a=ssrc:{ssrc} cname:{stream.cname}")
        if with_msid:
            lines.append(f"a=ssrc:{ssrc} msid:{stream.first_stream or '-'} {stream.track}")
