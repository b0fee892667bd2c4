"""Whether Firefox finds that an exchange is needed: W3C webrtc-pc, 4.7.3, in its reading."""

from rtckit.jsep.facts import SectionFacts
from rtckit.jsep.peer_state import PeerState
from rtckit.jsep.transceiver import Transceiver, intersect, reverse_of

__all__ = ["is_negotiation_needed"]

_SENDING = ("sendrecv", "sendonly")


def is_negotiation_needed(peer: PeerState, *, wants_data: bool = False) -> bool:
    """Return what Firefox says of a connection in the stable state.

    Args:
        peer: the connection.
        wants_data: it wants a data section though the page has made no channel.
    """
    if peer.credentials_to_replace:
        return True
    if (peer.data_channels or wants_data) and peer.data_level is None:
        return True
    local = peer.facts_of(peer.current_local).sections
    remote = peer.facts_of(peer.current_remote).sections
    for transceiver in peer.transceivers:
        if transceiver.stopped:
            continue
        level = transceiver.level
        if transceiver.stopping or transceiver.mid is None or level is None:
            return True
        if level >= min(len(local), len(remote)):
            return True
        if _has_changed(transceiver, local[level], remote[level], is_offerer=peer.is_offerer):
            return True
    return False


def _has_changed(
    transceiver: Transceiver,
    local: SectionFacts,
    remote: SectionFacts,
    *,
    is_offerer: bool | None,
) -> bool:
    """Whether a transceiver wants other streams or another direction than the exchange gave it.

    That a section has no msid at all is nothing to Firefox.
    """
    if transceiver.direction in _SENDING and set(local.stream_ids) != set(transceiver.stream_ids):
        return True
    direction = "inactive" if transceiver.direction == "stopped" else transceiver.direction
    if is_offerer:
        return direction not in (local.direction, reverse_of(remote.direction))
    return local.direction != intersect(direction, reverse_of(remote.direction))
