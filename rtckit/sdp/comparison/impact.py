"""What changes mean in practice, in a sentence each.

``a`` is before and ``b`` after; "the writer" is who wrote the descriptions.
"""

from collections.abc import Collection, Sequence

from rtckit.sdp.candidate import Candidate
from rtckit.sdp.media import MediaSection

__all__ = [
    "bundle_impact",
    "candidate_impact",
    "direction_impact",
    "feedback_impact",
    "fingerprint_impact",
    "ice_impact",
    "message_size_impact",
    "port_impact",
    "setup_impact",
]


def what(media: MediaSection) -> str:
    """What a section carries, as the subject of a sentence."""
    return "data" if media.is_data else media.kind or "media"


def port_impact(x: MediaSection, y: MediaSection) -> str:
    """A changed port; zero refuses or stops the section (RFC 3264, 6 and 8.2)."""
    name = what(x)
    if y.rejected and not x.rejected:
        return f"port 0: {name} will be rejected; nothing flows and the slot may be recycled"
    if x.rejected and not y.rejected:
        return f"{name} was rejected and is used again"
    if y.port == 0 or x.port == 0:
        return "bundle-only: the section has no port of its own, that is no rejection"
    if x.ice_ufrag is not None and y.ice_ufrag is not None:
        return "only the default destination: with ICE the candidates say where media goes"
    return f"{name} must be sent to the new port"


_DIRECTIONS = {
    ("sendrecv", "sendonly"): "the writer stops receiving {0} (hold); the peer must stop sending",
    ("sendrecv", "recvonly"): "the writer stops sending {0} and still receives it",
    ("sendrecv", "inactive"): "{0} stops in both directions",
    ("sendonly", "sendrecv"): "the writer now receives {0} too; the peer may send",
    ("sendonly", "recvonly"): "{0} turns round: the writer stops sending and now receives",
    ("sendonly", "inactive"): "the writer stops sending {0}; nothing flows any more",
    ("recvonly", "sendrecv"): "the writer now sends {0} too",
    ("recvonly", "sendonly"): "{0} turns round: the writer stops receiving and now sends",
    ("recvonly", "inactive"): "the writer stops receiving {0}; nothing flows any more",
    ("inactive", "sendrecv"): "{0} starts in both directions",
    ("inactive", "sendonly"): "the writer starts sending {0}",
    ("inactive", "recvonly"): "the writer starts receiving {0}; the peer may send",
}


_SAYS = {
    "sendrecv": "sends and receives",
    "sendonly": "only sends",
    "recvonly": "only receives",
    "inactive": "neither sends nor receives",
}


def direction_impact(x: MediaSection, y: MediaSection, *, same_session: bool) -> str:
    """A changed direction, in words of who sends (RFC 3264, 5.1)."""
    if not same_session:
        first, second = _SAYS.get(x.direction, ""), _SAYS.get(y.direction, "")
        return f"{what(x)}: the first writer {first}, the second {second}"
    return _DIRECTIONS.get((x.direction, y.direction), "").format(what(x))


def ice_impact(ufrag: bool, password: bool, *, had: bool, has: bool, same_session: bool) -> str:
    """Changed ICE credentials; ``ufrag`` and ``password`` tell which of them differ."""
    if not has:
        return "no ICE credentials any more: browsers refuse the description"
    if not had:
        return "ICE credentials where there were none"
    if not same_session:
        return (
            "credentials of another session, as they must be; "
            "within one session this would be an ICE restart"
        )
    if ufrag and password:
        return "ICE restart: both ufrag and pwd are new"
    which = "ufrag" if ufrag else "pwd"
    return (
        f"only the {which} changed: both browsers treat it as a restart, "
        "RFC 8839, 4.4.1.1.1 wants both"
    )


def fingerprint_impact(a: Collection[str], b: Collection[str], *, same_session: bool) -> str:
    """Changed fingerprints (RFC 8842, 3.1)."""
    if not b:
        return "no fingerprint any more: browsers refuse the description"
    if not a:
        return "a fingerprint where there was none: the media can be keyed by DTLS"
    if set(a) & set(b):
        return (
            "the set of fingerprints changed: a new DTLS association (RFC 8842, 3.1), "
            "though a certificate may be the same"
        )
    if not same_session:
        return "another certificate: another peer connection"
    return "the certificate changed: new DTLS association (RFC 8842, 3.1)"


_ROLES = {
    "actpass": "lets the peer choose",
    "active": "is the DTLS client and sends the ClientHello",
    "passive": "is the DTLS server and waits",
    "holdconn": "opens no connection for now",
}


def setup_impact(a: str | None, b: str | None) -> str:
    """A changed DTLS role (RFC 8842, 5; RFC 4145, 4)."""
    if b is None:
        return "no DTLS role: Firefox refuses an offer without one"
    if a is None:
        return f"the writer {_ROLES.get(b, 'says a role')}"
    if "actpass" in (a, b):
        return f"the writer {_ROLES.get(b, 'says a role')}"
    if {a, b} == {"active", "passive"}:
        return (
            f"the DTLS role moved: the writer now {_ROLES[b]}; "
            "that needs a new DTLS association (RFC 8842, 3.1)"
        )
    return f"the writer now {_ROLES.get(b, 'says another role')}"


def bundle_impact(a: Sequence[str], b: Sequence[str]) -> str:
    """A changed BUNDLE group; the first mid is the tag (RFC 9143, 7.2.1)."""
    said = []
    gone = [mid for mid in a if mid not in set(b)]
    new = [mid for mid in b if mid not in set(a)]
    if a and b and a[0] != b[0]:
        said.append(
            f"BUNDLE tag moved from mid {a[0]} to mid {b[0]}: "
            "its ICE and DTLS lines now hold for the group"
        )
    if gone:
        said.append(f"mid {', '.join(gone)} left the bundle and needs a transport of its own")
    if new:
        said.append(f"mid {', '.join(new)} joined the bundle")
    return "; ".join(said) or "the same sections, the same tag"


def candidate_impact(candidate: Candidate, left: Sequence[Candidate], *, added: bool) -> str:
    """A candidate that came or went; ``left`` are those of the description without or with it."""
    kind = candidate.type.lower()
    over = candidate.transport.upper()
    if added:
        return {
            "relay": f"a path through the TURN server, over {over}",
            "srflx": "a path through the NAT: the address a STUN server saw",
        }.get(kind, f"one more path to try: {kind} over {over}")
    if any(item.type.lower() == kind for item in left):
        return f"one {kind} path less"
    return {
        "relay": "no relay candidate left: peers whose NATs cannot be punched will not connect",
        "srflx": "no server-reflexive candidate left: behind a NAT only a relay can help",
        "host": "no host candidate left",
    }.get(kind, f"no {kind} candidate left")


_FEEDBACK = {
    "nack": "lost packets are not asked for again (retransmission no longer possible)",
    "nack pli": "a receiver cannot ask for a key frame with PLI",
    "ccm fir": "a receiver cannot ask for a key frame with FIR",
    "transport-cc": "no transport-wide congestion control: the sender's bandwidth estimate is gone",
    "goog-remb": "no REMB: the receiver's bandwidth estimate is not sent",
    "ccm tmmbr": "no TMMBR: the receiver cannot limit the sender's rate",
}
_FEEDBACK_BACK = {
    "nack": "lost packets can be asked for again",
    "nack pli": "a receiver can ask for a key frame with PLI",
    "ccm fir": "a receiver can ask for a key frame with FIR",
    "transport-cc": "transport-wide congestion control is possible",
    "goog-remb": "the receiver may send its bandwidth estimate (REMB)",
    "ccm tmmbr": "the receiver may limit the sender's rate (TMMBR)",
}


def feedback_impact(gone: Sequence[str], new: Sequence[str]) -> str:
    """Changed RTCP feedback (RFC 4585, 4.2; RFC 5104, 7.1)."""
    said = [_FEEDBACK[item] for item in map(_feedback_name, gone) if item in _FEEDBACK]
    said += [_FEEDBACK_BACK[item] for item in map(_feedback_name, new) if item in _FEEDBACK_BACK]
    return "; ".join(dict.fromkeys(said)) or "other RTCP feedback"


def _feedback_name(feedback: str) -> str:
    words = feedback.lower().split()
    return " ".join(words[:2]) if words[:1] in (["ccm"], ["nack"]) else " ".join(words[:1])


def message_size_impact(a: int | None, b: int | None) -> str:
    """A changed ``a=max-message-size`` (RFC 8841, 6.1: absent is 64K, 0 is any)."""
    before, after = (float("inf") if n == 0 else 65536 if n is None else n for n in (a, b))
    if after < before:
        return f"the writer takes smaller messages: send() of more than {after:.0f} bytes fails"
    if after > before:
        return "the writer takes larger messages"
    return "the same limit said otherwise"
