"""The media sections aiortc writes, from its transceivers and its SCTP transport."""

from rtckit.jsep.stacks.aiortc.connection import (
    AiortcTransceiver,
    Connection,
    SctpTransport,
    Transport,
    none_has_no,
)
from rtckit.jsep.stacks.aiortc.reader import DIRECTIONS
from rtckit.jsep.stacks.aiortc.records import Dtls, MediaPart, Source

__all__ = ["add_transport", "and_direction", "or_direction", "sctp_part", "transceiver_part"]

_HOST = "0.0.0.0"
_PORT = 9
_OUTBOUND_STREAMS = 65535


def and_direction(one: str | None, other: str | None) -> str:
    """What both directions allow; ``ValueError`` when one is missing."""
    return DIRECTIONS[_bits(one) & _bits(other)]


def or_direction(one: str, other: str) -> str:
    """What either direction allows."""
    return DIRECTIONS[_bits(one) | _bits(other)]


def _bits(direction: str | None) -> int:
    if direction not in DIRECTIONS:
        raise ValueError(f"{direction!r} is not in list")
    return DIRECTIONS.index(direction)


def transceiver_part(
    connection: Connection, transceiver: AiortcTransceiver, direction: str, mid: str | None
) -> MediaPart:
    """A section for a transceiver; ``AttributeError`` when it has no transport."""
    part = MediaPart(
        transceiver.kind,
        _PORT,
        "UDP/TLS/RTP/SAVPF",
        [str(codec.payload_type) for codec in transceiver.codecs],
        None,
        None,
        None,
        mid=mid,
        direction=direction,
        # aiortc writes a stream and a track for every section, whether it sends or not.
        msid=f"{connection.stream_id} {transceiver.sender_id}",
        rtcp_port=_PORT,
        rtcp_host=_HOST,
        rtcp_mux=True,
        extensions=transceiver.extensions,
        codecs=transceiver.codecs,
        sources=[Source(transceiver.ssrc, {"cname": connection.cname})],
    )
    if any(codec.is_rtx for codec in transceiver.codecs):
        part.sources.append(Source(transceiver.rtx_ssrc, {"cname": connection.cname}))
        part.groups.append(("FID", [transceiver.ssrc, transceiver.rtx_ssrc]))
    add_transport(connection, part, transceiver.transport)
    return part


def sctp_part(connection: Connection, sctp: SctpTransport | None, mid: str | None) -> MediaPart:
    """A section for the data channels; ``AttributeError`` without SCTP or without a transport."""
    if sctp is None:
        raise none_has_no("port")
    port = connection.capabilities.sctp_port
    legacy = connection.sctp_legacy
    part = MediaPart(
        "application",
        _PORT,
        "DTLS/SCTP" if legacy else "UDP/DTLS/SCTP",
        [str(port) if legacy else "webrtc-datachannel"],
        None,
        None,
        None,
        mid=mid,
        sctpmap={port: f"webrtc-datachannel {_OUTBOUND_STREAMS}"} if legacy else {},
        sctp_port=None if legacy else port,
        max_message_size=connection.capabilities.max_message_size,
    )
    add_transport(connection, part, sctp.transport)
    return part


def add_transport(connection: Connection, part: MediaPart, transport: Transport | None) -> None:
    """Put in the addresses, credentials and fingerprints of a transport.

    Without candidates the address is the discard port, as in a call that never gathered any.
    """
    if transport is None:
        raise none_has_no("transport")
    part.candidates = []
    part.end_of_candidates = transport.gathered
    part.ice_lite = False
    part.ufrag, part.password = connection.ufrag, connection.password
    part.host, part.port = _HOST, _PORT
    if part.dtls is None:
        part.dtls = Dtls(role="auto")
    part.dtls.fingerprints = connection.fingerprints
