"""What setting a description does to an aiortc connection, step by step.

The steps are in aiortc's order, for one that fails leaves behind what those before it did: a
local answer that fails to be applied has changed the signalling state already.
"""

from rtckit.jsep.stacks.aiortc.answering import create_answer
from rtckit.jsep.stacks.aiortc.codecs import common_codecs, preferred_codecs
from rtckit.jsep.stacks.aiortc.connection import (
    AiortcTransceiver,
    Connection,
    InvalidStateError,
    OperationError,
    SctpTransport,
    Transport,
    TypedRead,
    none_has_no,
)
from rtckit.jsep.stacks.aiortc.offering import create_offer
from rtckit.jsep.stacks.aiortc.reader import read
from rtckit.jsep.stacks.aiortc.records import MediaPart, Read
from rtckit.jsep.stacks.aiortc.sections import add_transport, and_direction
from rtckit.jsep.stacks.aiortc.writing import write
from rtckit.jsep.transceiver import reverse_of

__all__ = ["TYPES", "check_type", "set_local", "set_remote", "validate"]

TYPES = ("offer", "pranswer", "answer", "rollback")
"""The types a description can have; aiortc looks no further at a rollback than at an offer."""

_ALLOWED = {
    ("local", "offer"): ("stable", "have-local-offer"),
    ("local", "answer"): ("have-remote-offer", "have-local-pranswer"),
    ("remote", "offer"): ("stable", "have-remote-offer"),
    ("remote", "answer"): ("have-local-offer", "have-remote-pranswer"),
}


def check_type(kind: str) -> None:
    """Refuse what is no type, as making an RTCSessionDescription does."""
    if kind not in TYPES:
        raise ValueError(f"'type' must be in {list(TYPES)} (got '{kind}')")


def validate(description: Read, kind: str, side: str, state: str, offer: Read | None) -> None:
    """The checks aiortc makes before it applies anything.

    Args:
        description: what is set.
        kind: its type.
        side: ``local`` or ``remote``.
        state: the signalling state.
        offer: what an answer is compared with: the description in force of the other side.
    """
    allowed = _ALLOWED.get((side, kind))
    if allowed is not None and state not in allowed:
        raise InvalidStateError(f'Cannot handle {kind} in signaling state "{state}"')
    answering = kind in ("answer", "pranswer")
    for part in description.media:
        if not part.ufrag or not part.password:
            raise ValueError("ICE username fragment or password is missing")
        if answering and _role(part) not in ("client", "server"):
            raise ValueError("DTLS setup attribute must be 'active' or 'passive' for an answer")
        if part.is_media and not part.rtcp_mux:
            raise ValueError("RTCP mux is not enabled")
    if answering:
        if offer is None:
            raise none_has_no("media")
        if [(p.kind, p.mid) for p in description.media] != [(p.kind, p.mid) for p in offer.media]:
            raise ValueError("Media sections in answer do not match offer")


def _role(part: MediaPart) -> str | None:
    if part.dtls is None:
        # aiortc keeps no DTLS parameters without a role, and asks them for it all the same.
        raise none_has_no("role")
    return part.dtls.role


# -- the other side's description ------------------------------------------------------------------


def set_remote(connection: Connection, text: str, kind: str) -> None:
    """Set a description of the other side; any of Python's exceptions where aiortc stops.

    A closed connection goes as far as the check of its state; a rollback is read like any
    description and kept as the pending one, without undoing a thing.
    """
    description = read(text)
    validate(description, kind, "remote", connection.signaling_state, connection.local)
    tracks: list[AiortcTransceiver] = []
    for index, part in enumerate(description.media):
        connection.seen_mids.add(part.mid)
        transport: Transport | None = None
        if part.is_media:
            transport = _apply_media(connection, description, part, index, kind, tracks)
        elif part.kind == "application":
            transport = _apply_sctp(connection, part, index)
        if transport is not None:
            if kind == "offer" and _role(part) == "client":
                transport.role = "server"
            elif kind == "answer":
                transport.role = "server" if _role(part) == "client" else "client"
    _bundle(connection, description)
    for transceiver in tracks:
        connection.events.append(f"track:{transceiver.mid}")
    if kind in ("offer", "answer"):
        connection.enter("have-remote-offer" if kind == "offer" else "stable")
    if kind == "answer":
        connection.current_remote = TypedRead(kind, description, text)
        connection.pending_remote = None
    else:
        connection.pending_remote = TypedRead(kind, description, text)


def _apply_media(
    connection: Connection,
    description: Read,
    part: MediaPart,
    index: int,
    kind: str,
    tracks: list[AiortcTransceiver],
) -> Transport | None:
    transceiver = next(
        (
            item
            for item in connection.transceivers
            if item.kind == part.kind and item.mid in (None, part.mid)
        ),
        None,
    )
    if transceiver is None:
        transceiver = connection.new_transceiver(
            part.kind, "recvonly", made_by="setRemoteDescription"
        )
    if transceiver.mid is None:
        transceiver.mid, transceiver.level = part.mid, index
    common = preferred_codecs(
        common_codecs(connection.codecs_of(part.kind), part.codecs), transceiver.preferred
    )
    if not common:
        raise OperationError(f"Failed to set remote {part.kind} description send parameters")
    transceiver.codecs = common
    known = [uri for _, uri in connection.extensions_of(part.kind)]
    transceiver.extensions = [item for item in part.extensions if item[1] in known]
    direction = reverse_of(part.direction) if part.direction is not None else None
    if kind in ("answer", "pranswer"):
        transceiver.current_direction = direction
    else:
        transceiver.offered = direction
    if direction in ("recvonly", "sendrecv") and not transceiver.is_receiving:
        transceiver.remote_track_id = _track_id(description, part)
        transceiver.is_receiving = True
        tracks.append(transceiver)
    return transceiver.transport


def _track_id(description: Read, part: MediaPart) -> str | None:
    """The track's id, when ``a=msid-semantic`` knows its stream."""
    if part.msid is None or " " not in part.msid:
        return None
    words = part.msid.split()
    for semantics, streams in description.msid_semantic:
        if semantics == "WMS" and (words[0] in streams or "*" in streams):
            return words[1]
    return None


def _apply_sctp(connection: Connection, part: MediaPart, index: int) -> Transport | None:
    sctp = connection.sctp or connection.new_sctp()
    if sctp.mid is None:
        sctp.mid, sctp.level = part.mid, index
    connection.sctp_legacy = part.protocol == "DTLS/SCTP"
    if connection.sctp_legacy:
        int(part.formats[0])
    return sctp.transport


def _bundle(connection: Connection, description: Read) -> None:
    """Put the sections of the first bundle on the transport of its first member.

    A first member that no section has leaves the others without any. Transceivers that share a
    transport by the bundle policy stay on it, even though it is discarded.
    """
    members = next((names for word, names in description.groups if word == "BUNDLE"), None)
    if not members:
        return
    primary = None
    leader = connection.by_mid(members[0])
    if leader is not None:
        primary = leader.transport
    sctp = connection.sctp
    if sctp is not None and sctp.mid == members[0]:
        primary = sctp.transport
    discarded: list[Transport] = []
    users: list[AiortcTransceiver | SctpTransport] = [*connection.transceivers]
    if sctp is not None:
        users.append(sctp)
    for item in users:
        if item.mid in members[1:] and not item.bundled:
            if item.transport is not None:
                discarded.append(item.transport)
            item.transport = primary
            item.bundled = True
    for transport in discarded:
        transport.gathers = False
        if transport in connection.transports:
            connection.transports.remove(transport)


# -- the own description ---------------------------------------------------------------------------


def set_local(connection: Connection, text: str | None, kind: str = "offer") -> None:
    """Set an own description, made here when ``text`` is None.

    Raises:
        InvalidStateError: closed, or the wrong state for the type.
        AttributeError: a section has no transceiver at its index, or no transport.
        ValueError: for an answer, a transceiver that no offer ever mentioned.
    """
    connection.assert_open()
    if text is None:
        answering = connection.signaling_state == "have-remote-offer"
        made = create_answer(connection) if answering else create_offer(connection)
        kind, text = "answer" if answering else "offer", write(made)
    description = read(text)
    validate(description, kind, "local", connection.signaling_state, connection.remote)
    if kind in ("offer", "answer"):
        connection.enter("have-local-offer" if kind == "offer" else "stable")
    for index, part in enumerate(description.media):
        connection.seen_mids.add(part.mid)
        if part.is_media:
            _at(connection, index).mid = part.mid
        elif part.kind == "application":
            if connection.sctp is None:
                raise none_has_no("mid")
            connection.sctp.mid = part.mid
    if kind == "answer":
        _set_roles(connection, description)
    if kind in ("answer", "pranswer"):
        for transceiver in connection.transceivers:
            transceiver.current_direction = and_direction(
                transceiver.direction, transceiver.offered
            )
    for transport in connection.transports:
        transport.gathered = True
    for index, part in enumerate(description.media):
        if part.is_media:
            add_transport(connection, part, _at(connection, index).transport)
        elif part.kind == "application" and connection.sctp is not None:
            add_transport(connection, part, connection.sctp.transport)
    if kind == "answer":
        connection.current_local = TypedRead(kind, description, text)
        connection.pending_local = None
    else:
        connection.pending_local = TypedRead(kind, description, text)


def _set_roles(connection: Connection, description: Read) -> None:
    for index, part in enumerate(description.media):
        if part.is_media:
            transport = _at(connection, index).transport
        elif part.kind == "application" and connection.sctp is not None:
            transport = connection.sctp.transport
        else:
            continue
        if transport is None:
            raise none_has_no("_set_role")
        transport.role = _role(part) or "auto"


def _at(connection: Connection, index: int) -> AiortcTransceiver:
    transceiver = connection.by_level(index)
    if transceiver is None:
        raise none_has_no("_set_mid")
    return transceiver
