"""What createAnswer makes of an offer, as far as it decides what happens next.

Only what setLocalDescription then looks at: which sections are kept, their groups, DTLS roles.
"""

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    UNSUPPORTED,
    VIDEO,
    Codec,
    Content,
    Description,
    Transport,
)
from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint
from rtckit.jsep.stacks.chromium.refusal import INTERNAL, Refused

_AUDIO = {
    ("opus", 48000, 2),
    ("g722", 8000, 1),
    ("pcmu", 8000, 1),
    ("pcma", 8000, 1),
    ("telephone-event", 48000, 1),
    ("telephone-event", 8000, 1),
}
_VIDEO = ("vp8", "vp9", "h264", "av1", "h265")
_VP9_PROFILES = ("0", "1", "2", "3")
_AV1_PROFILES = ("0", "1")
_H264_PROFILES = ("42", "4d", "64", "f4")
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
    if content.kind == AUDIO:
        return any(
            (codec.key, codec.clock_rate, max(codec.channels, 1)) in _AUDIO
            for codec in content.codecs
        )
    if content.kind == VIDEO:
        return any(_is_usable_video(codec) for codec in content.codecs)
    return content.kind != UNSUPPORTED


def _is_usable_video(codec: Codec) -> bool:
    if codec.key not in _VIDEO:
        return False
    if codec.key == "vp9":
        return codec.parameters.get("profile-id") in _VP9_PROFILES
    if codec.key == "av1":
        return codec.parameters.get("profile") in _AV1_PROFILES
    if codec.key == "h264":
        profile = codec.parameters.get("profile-level-id", "42e01f")
        return len(profile) == 6 and profile[:2].lower() in _H264_PROFILES
    return True
