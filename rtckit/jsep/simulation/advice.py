"""What an error of a connection means, and what to do about it.

The texts differ from stack to stack, and say what was checked, not what went wrong. What went
wrong follows from the method, the description handed over and the state it met; only where the
description itself is refused do the words of the error count.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rtckit.jsep.simulation.trace import Call

__all__ = ["Advice", "advise"]


class Advice(NamedTuple):
    """Two sentences, or more, for people."""

    means: str
    fix: str


_GLARE = (
    "use perfect negotiation (W3C webrtc-pc, 10.7): the polite side rolls back, the other ignores"
)
_BY_STATE: dict[tuple[str, str | None, str], Advice] = {
    ("setRemoteDescription", "answer", "stable"): Advice(
        "an answer came, and no offer of this side is open: it was answered already, or rolled "
        "back. Two peers on one connection, or a message delivered twice, look the same",
        "answer each offer once, name in the answer the offer it is for, and drop one that comes "
        "late; use a connection of its own for each remote peer",
    ),
    ("setRemoteDescription", "answer", "have-remote-offer"): Advice(
        "both sides offered, and this one took the other's offer in between: the answer is to an "
        "offer that is no more",
        _GLARE,
    ),
    ("setRemoteDescription", "offer", "have-local-offer"): Advice(
        "glare: both sides offered, and this stack does not roll its own offer back by itself",
        _GLARE + "; where there is no rollback, let only one side make offers",
    ),
    ("setRemoteDescription", "offer", "have-local-pranswer"): Advice(
        "an offer came while the last one was only answered provisionally",
        "answer finally first (RFC 9429, 4.1.10.1)",
    ),
    ("createAnswer", None, "stable"): Advice(
        "there is no offer to answer: it was answered already, or is not set yet",
        "call createAnswer once, after setRemoteDescription with the offer has resolved",
    ),
    ("createAnswer", None, "have-local-offer"): Advice(
        "this side has made an offer itself, so there is none of the other side to answer",
        "wait for the answer, or set the remote offer first: " + _GLARE,
    ),
    ("setLocalDescription", "answer", "stable"): Advice(
        "there is no remote offer that this could be the answer to",
        "set the offer first, then create the answer and set it once",
    ),
    ("setLocalDescription", "offer", "have-remote-offer"): Advice(
        "while this offer was made, one of the other side was set",
        "call setLocalDescription() without an argument, which makes what the state asks for; and "
        + _GLARE,
    ),
    ("createOffer", None, "have-remote-offer"): Advice(
        "an offer of the other side waits for an answer",
        "answer it, or roll it back, before making an offer",
    ),
}

_ROLLBACK = Advice(
    "there is nothing to roll back: no offer is open",
    "roll back only in have-local-offer and have-remote-offer (RFC 9429, 5.7)",
)
_CLOSED = Advice(
    "the connection is closed for good",
    "make a new connection; drop what arrives for the old one",
)
_MUNGED = Advice(
    "the description is not the one this side created last: it was edited, or created before "
    "something else changed",
    "set what createOffer or createAnswer returned last, as it is (RFC 9429, 5.4); "
    "`rtckit sdp diff --munging` tells the edits",
)
_EARLY_CANDIDATE = Advice(
    "a candidate came before the description it belongs to",
    "keep candidates until setRemoteDescription has resolved, then add them in order",
)
_STRAY_CANDIDATE = Advice(
    "the candidate is for a section that the remote description does not have: it belongs to an "
    "offer that was ignored, rolled back or never came",
    "send candidates after their description, and forgive those of an offer that was ignored",
)

_SDES = Advice(
    "the description brings SRTP keys of its own (SDES, a=crypto) and no DTLS fingerprint: "
    "browsers take keys from DTLS alone (RFC 8827, 6.5)",
    "put a gateway that speaks DTLS-SRTP between, or turn DTLS on at the peer",
)

_BY_TEXT: tuple[tuple[str, Advice], ...] = (
    (
        r"page is lost",
        Advice(
            "the process of the page ends, a fault of the browser: it fetches the fingerprint of "
            "every section, and of one there is none",
            "write a=fingerprint at the session level or in every section",
        ),
    ),
    (
        r"ice restart|restarts ice",
        Advice(
            "ICE credentials changed where nobody restarted ICE, or in some sections of a bundle "
            "and not in others",
            "change them with an offer, in all sections of the bundle together, and answer with "
            "new ones then and only then (RFC 8839, 4.4.1.1.1)",
        ),
    ),
    (
        r"extension id|header extension|rtp extension",
        Advice(
            "an id stands for two header extensions: in sections of one bundle, or before and now",
            "keep the ids that were agreed on, the same in every section (RFC 8285, 7)",
        ),
    ),
    (
        r"plan b|more than one track|multiple tracks|ssrc lines which is not supported",
        Advice(
            "the description is in Plan B: several tracks in one section. Browsers read only "
            "unified plan, one track a section",
            "have the peer write unified plan (RFC 9429, 5.2.1)",
        ),
    ),
    (
        r"rtcp-mux",
        Advice(
            "RTCP is on a port of its own; browsers take only one port for both",
            "write a=rtcp-mux in every section (RFC 8834, 4.5)",
        ),
    ),
    (
        r"fingerprint|dtls",
        Advice(
            "the description has no DTLS fingerprint in force, so no keys can be agreed on",
            "write a=fingerprint at the session level or in every section (RFC 8842, 4)",
        ),
    ),
    (
        r"m-line|m-sections?|m= section|media type|number of media|mid of",
        Advice(
            "the sections are not those of the description before, or of the offer: sections are "
            "never dropped or reordered, only rejected with port 0",
            "keep every section at its place with its mid (RFC 9429, 5.2.2); "
            "`rtckit sdp diff` shows what moved",
        ),
    ),
    (
        r"setup|role|actpass|passive|active",
        Advice(
            "both sides cannot agree who opens the DTLS connection",
            "offer a=setup:actpass, answer active, and keep the role afterwards (RFC 8842, 5)",
        ),
    ),
    (
        r"direction|set send|set recv",
        Advice(
            "the direction of the answer does not fit the offer",
            "answer sendonly with recvonly or inactive, and so on (RFC 3264, 6.1)",
        ),
    ),
    (
        r"codec|payload type|format",
        Advice(
            "codecs or payload types do not fit: none in common, or one number for two things",
            "`rtckit sdp lint --stack` names the section and the codec",
        ),
    ),
    (
        r"bundle",
        Advice(
            "the BUNDLE group is not the one agreed on",
            "answer a subset of the offered group, and take no section out of it later "
            "(RFC 9143, 7.3)",
        ),
    ),
    (
        r"ice-?(ufrag|pwd)|ufrag",
        Advice(
            "ICE credentials are missing or malformed",
            "write a=ice-ufrag and a=ice-pwd in every section that is in use (RFC 8839, 5.4)",
        ),
    ),
)


def advise(call: "Call") -> Advice | None:
    """Say what a failed call means; None when it went well, or nothing is known."""
    if call.ok:
        return None
    state, op, given = call.state_before, call.op, call.given_type
    if state == "closed":
        return _CLOSED
    if given == "rollback":
        return _ROLLBACK
    if op == "addIceCandidate":
        held = call.outcome["state"]
        early = not (held["currentRemote"] or held["pendingRemote"])
        return _EARLY_CANDIDATE if early else _STRAY_CANDIDATE
    about_state = call.error == "InvalidStateError" or op == "createAnswer"
    if about_state and (op, given, state) in _BY_STATE:
        return _BY_STATE[op, given, state]
    text = call.message or ""
    sdp = (call.operation.get("description") or {}).get("sdp") or ""
    if "a=crypto:" in sdp and "a=fingerprint:" not in sdp:
        return _SDES
    if op == "setLocalDescription" and call.error == "InvalidModificationError":
        return _MUNGED
    for pattern, advice in _BY_TEXT:
        if re.search(pattern, text, re.IGNORECASE):
            return advice
    if op in ("setLocalDescription", "setRemoteDescription"):
        return Advice(
            "this stack does not take the description",
            "`rtckit sdp lint --stack` names the line and the rule",
        )
    return None
