"""How aiortc writes a description, line by line."""

import ipaddress
from collections.abc import Iterator

from rtckit.jsep.stacks.aiortc.reader import SOURCE_ATTRIBUTES
from rtckit.jsep.stacks.aiortc.records import CandidateLine, CodecLine, MediaPart, Read

__all__ = ["write"]

_SETUP = {"auto": "actpass", "client": "active", "server": "passive"}


def write(description: Read) -> str:
    """The text, its lines ended by CRLF.

    Raises:
        ValueError: a host that is no address; aiortc reads any name and fails to write it.
    """
    lines = [*_session_lines(description)]
    for part in description.media:
        lines.extend(_media_lines(part))
    return "\r\n".join(lines) + "\r\n"


def _session_lines(description: Read) -> Iterator[str]:
    yield f"v={description.version}"
    yield f"o={description.origin}"
    yield f"s={description.name}"
    if description.host is not None:
        yield f"c={_address(description.host)}"
    yield f"t={description.time}"
    if any(part.ice_lite for part in description.media):
        yield "a=ice-lite"
    for word, members in description.groups:
        # A section without a mid is a member all the same, by the name of Python's None.
        yield f"a=group:{word} {' '.join(map(str, members))}"
    for word, streams in description.msid_semantic:
        yield f"a=msid-semantic:{word} {' '.join(streams)}"


def _media_lines(part: MediaPart) -> Iterator[str]:
    yield f"m={part.kind} {part.port} {part.protocol} {' '.join(part.formats)}"
    if part.host is not None:
        yield f"c={_address(part.host)}"
    if part.direction is not None:
        yield f"a={part.direction}"
    for number, uri in part.extensions:
        yield f"a=extmap:{number} {uri}"
    if part.mid:
        yield f"a=mid:{part.mid}"
    if part.msid:
        yield f"a=msid:{part.msid}"
    if part.rtcp_port is not None:
        host = "" if part.rtcp_host is None else f" {_address(part.rtcp_host)}"
        yield f"a=rtcp:{part.rtcp_port}{host}"
        # Without a=rtcp aiortc does not write a=rtcp-mux either.
        if part.rtcp_mux:
            yield "a=rtcp-mux"
    for semantics, sources in part.groups:
        yield f"a=ssrc-group:{semantics} {' '.join(map(str, sources))}"
    for source in part.sources:
        for name in SOURCE_ATTRIBUTES:
            if name in source.values:
                yield f"a=ssrc:{source.ssrc} {name}:{source.values[name]}"
    for codec in part.codecs:
        yield from _codec_lines(codec)
    yield from _sctp_lines(part)
    yield from _transport_lines(part)


def _codec_lines(codec: CodecLine) -> Iterator[str]:
    number = codec.payload_type
    yield f"a=rtpmap:{number} {codec.encoding}"
    for name, parameter in codec.feedback:
        yield (
            f"a=rtcp-fb:{number} {name} {parameter}" if parameter else f"a=rtcp-fb:{number} {name}"
        )
    parameters = ";".join(
        name if value is None else f"{name}={value}" for name, value in codec.parameters.items()
    )
    if parameters:
        yield f"a=fmtp:{number} {parameters}"


def _sctp_lines(part: MediaPart) -> Iterator[str]:
    for number, description in part.sctpmap.items():
        yield f"a=sctpmap:{number} {description}"
    if part.sctp_port is not None:
        yield f"a=sctp-port:{part.sctp_port}"
    if part.max_message_size is not None:
        yield f"a=max-message-size:{part.max_message_size}"


def _transport_lines(part: MediaPart) -> Iterator[str]:
    for candidate in part.candidates:
        yield f"a=candidate:{_candidate(candidate)}"
    if part.end_of_candidates:
        yield "a=end-of-candidates"
    if part.ufrag is not None:
        yield f"a=ice-ufrag:{part.ufrag}"
    if part.password is not None:
        yield f"a=ice-pwd:{part.password}"
    if part.ice_options is not None:
        yield f"a=ice-options:{part.ice_options}"
    if part.dtls is not None:
        for algorithm, value in part.dtls.fingerprints:
            yield f"a=fingerprint:{algorithm} {value}"
        yield f"a=setup:{_SETUP[part.dtls.role or 'auto']}"


def _candidate(line: CandidateLine) -> str:
    text = (
        f"{line.foundation} {line.component} {line.protocol} {line.priority} {line.address} "
        f"{line.port} typ {line.type}"
    )
    if line.related_address is not None:
        text += f" raddr {line.related_address}"
    if line.related_port is not None:
        text += f" rport {line.related_port}"
    if line.tcp_type is not None:
        text += f" tcptype {line.tcp_type}"
    return text


def _address(host: str) -> str:
    return f"IN IP{ipaddress.ip_address(host).version} {host}"
