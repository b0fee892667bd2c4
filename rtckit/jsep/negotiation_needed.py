"""Whether an exchange is needed: W3C webrtc-pc, 4.7.3, "check if negotiation is needed"."""

from rtckit.jsep.facts import SectionFacts
from rtckit.jsep.peer_state import PeerState
from rtckit.jsep.transceiver import Transceiver, intersect, reverse_of

__all__ = ["is_negotiation_needed"]


def is_negotiation_needed(peer: PeerState) -> bool:
    """Return what the algorithm says of a connection in the stable state."""
    if peer.credentials_to_replace:
        return True
    local = peer.facts_of(peer.current_local)
    if peer.data_channels and not any(section.kind == "data" for section in local.sections):
        return True
    return any(_needs_negotiation(peer, transceiver) for transceiver in peer.transceivers)


def _needs_negotiation(peer: PeerState, transceiver: Transceiver) -> bool:
    if transceiver.stopping and not transceiver.stopped:
        return True
    local = peer.section_of(transceiver, peer.current_local)
    remote = peer.section_of(transceiver, peer.current_remote)
    if transceiver.stopped:
        if transceiver.mid is None:
            return False
        return not any(section is not None and section.rejected for section in (local, remote))
    if local is None:
        return True
    if transceiver.sends and not _names_streams(local, transceiver):
        return True
    return _direction_changed(peer, transceiver, local, remote)


def _names_streams(section: SectionFacts, transceiver: Transceiver) -> bool:
    """Whether the msid lines of a section are those of the sender's streams."""
    return section.has_msid and set(section.stream_ids) == set(transceiver.stream_ids)


def _direction_changed(
    peer: PeerState,
    transceiver: Transceiver,
    local: SectionFacts,
    remote: SectionFacts | None,
) -> bool:
    """Whether the direction in force is another than the preferred one would give."""
    assert peer.current_local is not None
    if peer.current_local.type == "offer":
        theirs = None if remote is None else reverse_of(remote.direction)
        return transceiver.direction not in (local.direction, theirs)
    offered = "sendrecv" if remote is None else reverse_of(remote.direction)
    return local.direction != intersect(transceiver.direction, offered)
