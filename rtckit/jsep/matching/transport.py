"""Roles of the two ends below RTP and SCTP: DTLS, ICE, and how RTCP is carried."""

from rtckit.jsep.matching.outcome import Match

__all__ = [
    "answer_setup",
    "dtls_client",
    "ice_controlling",
    "is_ice_restart",
    "match_rtcp_mux",
    "starts_new_association",
]

_ANSWERS = {
    "actpass": ("active", "passive"),
    "active": ("passive",),
    "passive": ("active",),
}


def answer_setup(
    offered: str | None, *, established: str | None = None, preferred: str = "active"
) -> str | None:
    """The ``a=setup`` of an answer; None when the offer cannot be answered.

    ``holdconn`` cannot: it is not for DTLS over UDP (RFC 8842, 5.1).

    Args:
        offered: the value of the offer; None counts as ``active``, the default (RFC 4145, 4.1).
        established: the role one has in a DTLS association that goes on: it is kept (RFC 8842,
            5.3). An offer that insists on that same role cannot be answered.
        preferred: the role to take where the offer leaves the choice (RFC 9429, 5.3.1).
    """
    allowed = _ANSWERS.get(offered or "active", ())
    if established is not None:
        return established if established in allowed else None
    if preferred in allowed:
        return preferred
    return allowed[0] if allowed else None


def dtls_client(offered: str, answered: str) -> str | None:
    """Which end starts the DTLS handshake, ``offerer`` or ``answerer``; None if they disagree."""
    if answered not in _ANSWERS.get(offered, ()):
        return None
    return "answerer" if answered == "active" else "offerer"


def starts_new_association(
    before: tuple[str | None, frozenset[str]], now: tuple[str | None, frozenset[str]]
) -> bool:
    """Whether a description asks for a new DTLS association (RFC 8842, 3.1).

    Each argument is a ``tls-id`` and the set of fingerprints of the same end. A change of either
    does; without ``tls-id`` in both descriptions only the fingerprints tell.
    """
    if before[0] is not None and now[0] is not None and before[0] != now[0]:
        return True
    return before[1] != now[1]


def ice_controlling(is_offerer: bool, own_lite: bool, peer_lite: bool) -> bool:
    """Whether this end is the controlling agent (RFC 8445, 6.1.1).

    The offerer is; but with one lite agent the full one always is.
    """
    if own_lite != peer_lite:
        return peer_lite
    return is_offerer


def is_ice_restart(
    before: tuple[str | None, str | None], now: tuple[str | None, str | None]
) -> bool:
    """Whether ufrag and pwd ask for a restart: both changed (RFC 8839, 4.4.1.1.1)."""
    return None not in before and None not in now and before != now


def match_rtcp_mux(offered: bool, offered_only: bool, policy: str, *, was_muxed: bool) -> Match:
    """Whether RTCP shares the port of RTP in the answer.

    Args:
        offered: ``a=rtcp-mux`` stands in the offer.
        offered_only: ``a=rtcp-mux-only`` stands in it.
        policy: one's own rtcpMuxPolicy, ``require`` or ``negotiate``.
        was_muxed: it was negotiated before, which cannot be undone (RFC 9429, 5.8.3).

    ``taken`` is False when the section has to be rejected; ``parameters`` holds ``rtcp-mux`` when
    the answer has that line (RFC 5761, 5.1.1; RFC 8858, 4.3).
    """
    if offered:
        why = "the offer can do nothing else" if offered_only else "offered"
        return Match(True, (("rtcp-mux", None),), why, ("RFC 5761, 5.1.1",))
    if was_muxed:
        why = "RTCP was multiplexed before, and there is no port for it"
        return Match(False, (), why, ("RFC 9429, 5.8.3",))
    if offered_only:
        why = "rtcp-mux-only stands without rtcp-mux"
        return Match(False, (), why, ("RFC 8858, 4.1",))
    if policy == "require":
        return Match(False, (), "rtcp-mux is required and was not offered", ("RFC 9429, 5.8.3",))
    return Match(True, (), "not offered: RTCP has a port of its own", ("RFC 5761, 5.1.1",))
