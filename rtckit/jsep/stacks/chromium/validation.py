"""The checks of a description before anything is done with it, in libwebrtc's order."""

from collections.abc import Iterable, Sequence

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    RTP,
    VIDEO,
    Codec,
    Content,
    Description,
    Extension,
    is_rtp,
)
from rtckit.jsep.stacks.chromium.keeping import kept_by_items
from rtckit.jsep.stacks.chromium.refusal import INVALID_STATE, Refused

_LONGEST_MID = 16
_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
_MOST_SIMULCAST_STREAMS = 3
_GROUP_SIZES = {"FID": 2, "FEC-FR": 2}
_EXPECTED_STATES = {
    ("local", True): ("stable", "have-local-offer"),
    ("local", False): ("have-remote-offer", "have-local-pranswer"),
    ("remote", True): ("stable", "have-remote-offer"),
    ("remote", False): ("have-local-offer", "have-remote-pranswer"),
}

Bundles = dict[str, list[str]]


def bundles_by_mid(description: Description) -> Bundles:
    """Return the BUNDLE group of each mid; the last one for a mid in several."""
    return {mid: group for group in description.bundles for mid in group}


def validate(
    description: Description,
    kind: str,
    side: str,
    signaling_state: str,
    local: Description | None,
    remote: Description | None,
) -> None:
    """Check a description against itself and what is set already.

    Args:
        description: what is to be set.
        kind: ``offer``, ``pranswer`` or ``answer``.
        side: ``local`` or ``remote``.
        signaling_state: where the connection stands.
        local: the local description in force.
        remote: the remote description in force.

    Raises:
        Refused: it is not taken.
    """
    is_offer = kind == "offer"
    if signaling_state not in _EXPECTED_STATES[side, is_offer]:
        raise Refused(f"Called in wrong state: {signaling_state}", INVALID_STATE)
    bundles = bundles_by_mid(description)
    _check_mids(description)
    owners = [
        content.transport
        for content in description.contents
        if not content.rejected and _is_owner(content.mid, bundles.get(content.mid))
    ]
    for transport in owners:
        if transport.fingerprint is None:
            raise Refused("Called with SDP without DTLS fingerprint.")
    _check_cryptex(description, bundles)
    for transport in owners:
        if not transport.ufrag or not transport.pwd:
            raise Refused("Called with SDP without ice-ufrag and ice-pwd.")
    _check_bundled_extensions(description)
    _check_ssrc_groups(description)
    for content in description.contents:
        if (
            not content.rtcp_mux
            and content.mid in bundles
            and not (content.rejected or content.bundle_only)
            and content.media_protocol == RTP
        ):
            raise Refused("rtcp-mux must be enabled when BUNDLE is enabled.")
    _check_payload_types(description)
    _check_order(description, kind, side, local, remote)
    for content in description.contents:
        if content.kind in (AUDIO, VIDEO) and len(content.streams) > 1:
            raise Refused(
                "Media section has more than one track specified with a=ssrc lines which is not "
                "supported with Unified Plan."
            )
    for content in description.contents:
        if (
            (content.simulcast_send or content.simulcast_receive)
            and content.media_protocol == RTP
            and not content.rejected
            and all(extension.uri != _RID_URI for extension in content.extensions)
        ):
            raise Refused(
                f"The media section with MID='{content.mid}' negotiates simulcast but does not "
                "negotiate the RID RTP header extension."
            )
    if side == "remote" and not is_offer and local is not None:
        _check_answer(local, description)


def _is_owner(mid: str, group: list[str] | None) -> bool:
    """Whether a section has a transport of its own: the first of its group, or in none."""
    return group is None or group[0] == mid


def _check_mids(description: Description) -> None:
    mids: set[str] = set()
    for content in description.contents:
        if not content.mid:
            raise Refused("A media section is missing a MID attribute.")
        if len(content.mid) > _LONGEST_MID:
            raise Refused(
                "The MID attribute exceeds the maximum supported length of "
                f"{_LONGEST_MID} characters."
            )
        if content.mid in mids:
            raise Refused(f"Duplicate a=mid value '{content.mid}'.")
        mids.add(content.mid)


def _check_cryptex(description: Description, bundles: Bundles) -> None:
    """Check that the sections of a group agree on encrypted headers (RFC 9335, 4)."""
    if description.cryptex or not any(each.cryptex for each in description.contents):
        return
    for content in description.contents:
        group = bundles.get(content.mid)
        if group is None or content.rejected or not is_rtp(content.protocol):
            continue
        members = (description.content(mid) for mid in group)
        first = next((each for each in members if each and each.kind != DATA), None)
        if first is not None and first.cryptex != content.cryptex:
            raise Refused(
                f"The media section with MID='{content.mid}' is not consistent with the cryptex "
                "level of its bundle"
            )


def _check_bundled_extensions(description: Description) -> None:
    """Check that a number means one extension throughout a group (RFC 8843, 9.5)."""
    for group in description.bundles:
        known: dict[int, Extension] = {}
        for mid in group:
            content = description.content(mid)
            if content is None:
                raise Refused(f"A BUNDLE group contains a MID='{mid}' matching no m= section.")
            if content.rejected or not content.has_codecs:
                continue
            for extension in content.extensions:
                if known.setdefault(extension.id, extension) != extension:
                    raise Refused(
                        "A BUNDLE group contains a codec collision for header extension "
                        f"id={extension.id}. The id must be the same across all bundled media "
                        "descriptions"
                    )


def _check_ssrc_groups(description: Description) -> None:
    for content in description.contents:
        if content.media_protocol != RTP:
            continue
        for stream in content.streams:
            for group in stream.groups:
                number = len(group.ssrcs)
                if number != _GROUP_SIZES.get(group.semantics, number) or (
                    group.semantics == "SIM" and number > _MOST_SIMULCAST_STREAMS
                ):
                    raise Refused(
                        f"The media section with MID='{content.mid}' has a ssrc-group with "
                        f"semantics {group.semantics} and an unexpected number of SSRCs."
                    )


def _check_payload_types(description: Description) -> None:
    """Check that no payload type could be taken for RTCP (RFC 5761, 4)."""
    for content in description.contents:
        if content.media_protocol != RTP or content.rejected or not content.has_codecs:
            continue
        codec = _like_rtcp(content.codecs) if content.rtcp_mux else None
        if codec is not None:
            raise Refused(
                f"The media section with MID='{content.mid}' used an invalid payload type "
                f"{codec.payload_type} for codec '{codec.name}, rtcp-mux:enabled"
            )


@kept_by_items
def _like_rtcp(codecs: Sequence[Codec]) -> Codec | None:
    return next((codec for codec in codecs if 64 <= codec.payload_type <= 95), None)


def _check_order(
    description: Description,
    kind: str,
    side: str,
    local: Description | None,
    remote: Description | None,
) -> None:
    """Check that sections stay where they are (RFC 9429, 5.2.2 and 5.3.1)."""
    if kind != "offer":
        offer = remote if side == "local" else local
        if offer is not None and (
            len(offer.contents) != len(description.contents)
            or not _in_same_order(offer, None, description, kind)
        ):
            raise Refused(
                "The order of m-lines in answer doesn't match order in offer. Rejecting answer."
            )
        return
    current, other = (local, remote) if local is not None else (remote, None)
    if current is not None and not _in_same_order(current, other, description, kind):
        raise Refused(
            "The order of m-lines in subsequent offer doesn't match order from previous "
            "offer/answer."
        )


def _in_same_order(
    current: Description, other: Description | None, new: Description, kind: str
) -> bool:
    """Whether each section has the mid and kind it had, unless a rejected one is used anew."""
    if len(current.contents) > len(new.contents):
        return False
    for place, before in enumerate(current.contents):
        after = new.contents[place]
        second = other.contents[place] if other and place < len(other.contents) else None
        recycled = (
            kind == "offer"
            and not after.rejected
            and (before.rejected or (second is not None and second.rejected))
        )
        if not recycled and (after.mid != before.mid or after.kind != before.kind):
            return False
    return True


def _check_answer(offer: Description, answer: Description) -> None:
    """Check that an answer takes no direction that was not offered (RFC 3264, 6.1)."""
    pairs = [
        (ours, theirs)
        for ours, theirs in zip(offer.contents, answer.contents, strict=True)
        if not theirs.rejected
    ]
    for ours, theirs in pairs:
        if not ours.receives and theirs.sends:
            raise Refused("Incompatible receive direction")
        if not ours.sends and theirs.receives:
            raise Refused("Incompatible send direction")
    for ours, theirs in pairs:
        if theirs.sframe and not ours.sframe:
            raise Refused(
                "Remote answer has a=sframe for a media section but the corresponding offer did "
                "not include a=sframe."
            )


def fill_in_mids(
    description: Description,
    local: Description | None,
    remote: Description | None,
    used: Iterable[str] = (),
) -> None:
    """Give sections without a mid the one of the same place before, or a number not used yet.

    Numbers in the description itself count as free, so that the result may be a duplicate; those
    of descriptions that were set before do not, even if they were taken back.
    """
    known = set(used)
    for each in (local, remote):
        known.update(content.mid for content in (each.contents if each is not None else ()))
    number = 0
    for place, content in enumerate(description.contents):
        if content.mid:
            continue
        before: Content | None = None
        for each in (remote, local):
            if each is not None and place < len(each.contents):
                before = each.contents[place]
        if before is not None:
            description.set_mid(content, before.mid)
            continue
        while str(number) in known:
            number += 1
        description.set_mid(content, str(number))
        number += 1
