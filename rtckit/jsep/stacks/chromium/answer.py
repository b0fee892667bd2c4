"""What createAnswer makes of an offer, as far as it decides what happens next.

Only what setLocalDescription then looks at: which sections are kept, their groups, DTLS roles.
"""

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    UNSUPPORTED,
    VIDEO,
    Content,
    Description,
    Transport,
)
from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint
from rtckit.jsep.stacks.chromium.formats import is_usable
from rtckit.jsep.stacks.chromium.refusal import INTERNAL, Refused

_PROTOCOLS = (
    "",
    *(
        f"{prefix}RTP/SAVP{suffix}"
        for prefix in ("", "UDP/TLS/", "TCP/TLS/")
        for suffix in ("", "F")
    ),
    "RTP/AVP",
    "RTP/AVPF",
)
OWN_FINGERPRINT = Fingerprint("sha-256", bytes(32))
"""Stands for the certificate of a connection that has shown none yet."""


def create_answer(offer: Description, roles: dict[str, str]) -> Description:
    """Return the answer to an offer that is set.

    Args:
        offer: the remote description.
        roles: the DTLS role negotiated for a section before, by mid.

    Raises:
        Refused: there is no answer to it.
    """
    answer = Description(cryptex=offer.cryptex)
    group_of = {mid: place for place, group in enumerate(offer.bundles) for mid in reversed(group)}
    groups: list[list[str]] = [[] for _ in offer.bundles]
    for content in offer.contents:
        place = group_of.get(content.mid)
        leads = place is None or not groups[place]
        transport = _answer_transport(
            content.transport,
            required=leads and not content.rejected,
            role=roles.get(content.mid),
        )
        if transport is None:
            missing = {AUDIO: "", VIDEO: "", UNSUPPORTED: "unsupported "}.get(content.kind, "data ")
            raise Refused(
                f"Failed to create transport answer, {missing}transport is missing", INTERNAL
            )
        kept = Content(content.kind, content.protocol, transport, content.mid)
        kept.rtcp_mux = content.rtcp_mux
        kept.rejected = content.rejected or not _has_usable_codec(content)
        kept.sctp_port = content.sctp_port
        answer.contents.append(kept)
        if place is not None and not kept.rejected:
            groups[place].append(content.mid)
    answer.groups = [("BUNDLE", group) for group in groups]
    return answer


def _answer_transport(offer: Transport, *, required: bool, role: str | None) -> Transport | None:
    """Return our side of a transport; None if the offer leaves DTLS no way."""
    ours = Transport("a" * 4, "a" * 24)
    if offer.fingerprint is None:
        return None if required else ours
    if offer.role == "holdconn":
        return None
    ours.fingerprint = OWN_FINGERPRINT
    if offer.role in ("active", "passive"):
        ours.role = "passive" if offer.role == "active" else "active"
    else:
        ours.role = "passive" if role == "passive" else "active"
    return ours


def _has_usable_codec(content: Content) -> bool:
    if content.kind in (AUDIO, VIDEO):
        if content.protocol not in _PROTOCOLS:
            return False
        return any(is_usable(codec, content.kind) for codec in content.codecs)
    return content.kind != UNSUPPORTED
