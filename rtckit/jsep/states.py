"""Signalling states, and which description leads from which to which (W3C webrtc-pc, 4.3.1, 4.4.1).

The tables are the only statement of these rules: the machine runs by them and the diagram in the
documentation is drawn from them.
"""

__all__ = [
    "ANSWER_STATES",
    "CLOSED",
    "IMPLICIT_ROLLBACK",
    "IMPLICIT_TYPES",
    "OFFER_STATES",
    "SDP_TYPES",
    "SIDES",
    "SIGNALING_STATES",
    "STABLE",
    "TRANSITIONS",
    "next_state",
]

STABLE = "stable"
HAVE_LOCAL_OFFER = "have-local-offer"
HAVE_REMOTE_OFFER = "have-remote-offer"
HAVE_LOCAL_PRANSWER = "have-local-pranswer"
HAVE_REMOTE_PRANSWER = "have-remote-pranswer"
CLOSED = "closed"

SIGNALING_STATES = (
    STABLE,
    HAVE_LOCAL_OFFER,
    HAVE_REMOTE_OFFER,
    HAVE_LOCAL_PRANSWER,
    HAVE_REMOTE_PRANSWER,
    CLOSED,
)
"""RTCSignalingState, every value."""

SDP_TYPES = ("offer", "pranswer", "answer", "rollback")
"""RTCSdpType, every value."""

SIDES = ("local", "remote")
"""``local`` is setLocalDescription, ``remote`` is setRemoteDescription."""

TRANSITIONS: dict[tuple[str, str, str], str] = {
    # An offer may be replaced by another of the same side (RFC 9429, 5.5 and 5.6).
    (STABLE, "local", "offer"): HAVE_LOCAL_OFFER,
    (STABLE, "remote", "offer"): HAVE_REMOTE_OFFER,
    (HAVE_LOCAL_OFFER, "local", "offer"): HAVE_LOCAL_OFFER,
    (HAVE_REMOTE_OFFER, "remote", "offer"): HAVE_REMOTE_OFFER,
    # Provisional answers may follow one another before the final one.
    (HAVE_LOCAL_OFFER, "remote", "pranswer"): HAVE_REMOTE_PRANSWER,
    (HAVE_REMOTE_PRANSWER, "remote", "pranswer"): HAVE_REMOTE_PRANSWER,
    (HAVE_REMOTE_OFFER, "local", "pranswer"): HAVE_LOCAL_PRANSWER,
    (HAVE_LOCAL_PRANSWER, "local", "pranswer"): HAVE_LOCAL_PRANSWER,
    (HAVE_LOCAL_OFFER, "remote", "answer"): STABLE,
    (HAVE_REMOTE_PRANSWER, "remote", "answer"): STABLE,
    (HAVE_REMOTE_OFFER, "local", "answer"): STABLE,
    (HAVE_LOCAL_PRANSWER, "local", "answer"): STABLE,
    # Either setter rolls back the offer of either side (RFC 9429, 5.7), but not a provisional
    # answer: there W3C webrtc-pc, 4.4.1.4, step 2, is narrower.
    (HAVE_LOCAL_OFFER, "local", "rollback"): STABLE,
    (HAVE_LOCAL_OFFER, "remote", "rollback"): STABLE,
    (HAVE_REMOTE_OFFER, "local", "rollback"): STABLE,
    (HAVE_REMOTE_OFFER, "remote", "rollback"): STABLE,
}
"""The state after a description of a type was set on a side; what is missing is refused."""

IMPLICIT_ROLLBACK = (HAVE_LOCAL_OFFER, "remote", "offer")
"""The one illegal step that is made legal by a rollback first (W3C, setRemoteDescription)."""

OFFER_STATES = frozenset({STABLE, HAVE_LOCAL_OFFER})
"""Where createOffer is allowed (W3C webrtc-pc, 4.4.2, createOffer)."""

ANSWER_STATES = frozenset({HAVE_REMOTE_OFFER, HAVE_LOCAL_PRANSWER})
"""Where createAnswer is allowed (W3C webrtc-pc, 4.4.2, createAnswer)."""

IMPLICIT_TYPES: dict[str, str] = {
    STABLE: "offer",
    HAVE_LOCAL_OFFER: "offer",
    HAVE_REMOTE_PRANSWER: "offer",
    HAVE_REMOTE_OFFER: "answer",
    HAVE_LOCAL_PRANSWER: "answer",
}
"""What setLocalDescription without an argument makes (W3C webrtc-pc, 4.4.2)."""


def next_state(state: str, side: str, sdp_type: str) -> str | None:
    """Return the state after a description is set; None where that is not allowed."""
    return TRANSITIONS.get((state, side, sdp_type))
