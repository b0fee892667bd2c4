"""The answer aiortc writes to the offer it was given."""

from rtckit.jsep.stacks.aiortc.connection import (
    Connection,
    InvalidStateError,
    Transport,
    none_has_no,
)
from rtckit.jsep.stacks.aiortc.records import MediaPart, Read
from rtckit.jsep.stacks.aiortc.sections import and_direction, sctp_part, transceiver_part

__all__ = ["create_answer"]


def create_answer(connection: Connection) -> Read:
    """The answer: one section for each of the offer, none of them rejected, all in one bundle.

    A section offered with port 0 is answered like any other, and the bundle holds every section
    whatever the offer grouped; a section that cannot be answered makes the whole answer fail.

    Raises:
        InvalidStateError: closed, or no offer to answer.
        AttributeError: a section has no transceiver, no SCTP transport or no transport.
        ValueError: the offer gave a section no direction.
    """
    connection.assert_open()
    state = connection.signaling_state
    if state not in ("have-remote-offer", "have-local-pranswer"):
        raise InvalidStateError(f'Cannot create answer in signaling state "{state}"')
    description = connection.new_description()
    offer = connection.remote
    if offer is None:
        raise none_has_no("media")
    for offered in offer.media:
        part, transport = _answer_part(connection, offered)
        if part.dtls is not None:
            part.dtls.role = "client" if transport.role == "auto" else transport.role
        description.media.append(part)
    description.groups.append(("BUNDLE", [part.mid for part in description.media]))
    return description


def _answer_part(connection: Connection, offered: MediaPart) -> tuple[MediaPart, Transport]:
    if not offered.is_media:
        sctp = connection.sctp
        if sctp is None:
            raise none_has_no("mid")
        return sctp_part(connection, sctp, sctp.mid), _found(sctp.transport)
    # By mid alone: two kinds that share a mid get the same transceiver.
    transceiver = connection.by_mid(offered.mid)
    if transceiver is None:
        raise none_has_no("direction")
    direction = and_direction(transceiver.direction, transceiver.offered)
    part = transceiver_part(connection, transceiver, direction, transceiver.mid)
    return part, _found(transceiver.transport)


def _found(transport: Transport | None) -> Transport:
    """The transport of a section that could be written, which has one."""
    if transport is None:
        raise none_has_no("_role")
    return transport
