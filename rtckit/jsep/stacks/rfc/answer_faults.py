"""What is wrong with a remote description beside those before it: RFC 9429, 5.8.3, 5.10, 5.11."""

from collections.abc import Iterator

from rtckit.jsep.matching.directions import answer_direction
from rtckit.jsep.matching.formats import configuration_of
from rtckit.jsep.matching.transport import starts_new_association
from rtckit.jsep.stacks.rfc.faults import named
from rtckit.jsep.stacks.rfc.memory import Agreement, transport_facts
from rtckit.jsep.stacks.rfc.rereading import formats_of
from rtckit.sdp.document import Document
from rtckit.sdp.media import MediaSection

__all__ = ["find_answer_fault", "find_sequence_fault"]

_ROLES = {"active": "passive", "passive": "active"}
_ReadCredentials = tuple[str | None, str | None]


def find_answer_fault(offer: Document, answer: Document) -> str | None:
    """Where an answer is none to this offer (RFC 3264, 6); None if it is one."""
    if len(offer.media) != len(answer.media):
        return f"it has {len(answer.media)} sections, the offer {len(offer.media)} (RFC 3264, 6)"
    groups = [group.mids for group in offer.groups if group.semantics == "BUNDLE"]
    for group in (item.mids for item in answer.groups if item.semantics == "BUNDLE"):
        # One without members bundles nothing; aiortc writes it when all sections are rejected.
        if group and not any(set(group) <= set(offered) for offered in groups):
            return f"the bundle {' '.join(group)[:60]} was not offered (RFC 9143, 7.3)"
    bundled = {mid for item in answer.groups if item.semantics == "BUNDLE" for mid in item.mids}
    for offered, answered in zip(offer.media, answer.media, strict=True):
        fault = next(_answer_faults(offer, offered, answered, bundled), None)
        if fault is not None:
            return f"{named(answered)}: {fault}"
    return None


def _answer_faults(
    offer: Document, offered: MediaSection, answered: MediaSection, bundled: set[str]
) -> Iterator[str]:
    if answered.kind != offered.kind:
        yield f"it answers {offered.kind} (RFC 9429, 5.8.3)"
    if answered.protocol != offered.protocol:
        yield (
            f"protocol {answered.protocol[:40]!r} answers {offered.protocol[:40]!r} "
            "(RFC 9429, 5.8.3)"
        )
    if answered.mid is not None and answered.mid != offered.mid:
        yield f"it answers mid {offered.mid!r} (RFC 5888, 9.1)"
    if answered.rejected:
        return
    if offered.rejected:
        yield "it was offered with port 0 (RFC 3264, 6)"
    if offered.bundle_only and not offered.port and offered.mid not in bundled:
        yield "it is bundle-only and answered outside the bundle (RFC 9143, 6)"
    if not offered.is_rtp:
        return
    direction = answer_direction(offered.direction, answered.direction)
    if direction != answered.direction:
        yield f"{answered.direction} answers {offered.direction} (RFC 3264, 6.1)"
    asking = offer.transport_of(offered)
    if answered.rtcp_mux and not (offered.rtcp_mux or asking.rtcp_mux):
        yield "rtcp-mux was not offered (RFC 5761, 5.1.1)"
    asked = formats_of(offered)
    given = formats_of(answered)
    keys = {configuration_of(item, asked) for item in asked}
    if not any(configuration_of(item, given) in keys for item in given):
        yield "none of its codecs was offered (RFC 3264, 6.1)"
    known = {value.lower() for item in asked for value in item.feedback}
    for item in given:
        for value in item.feedback:
            if value.lower() not in known:
                yield f"feedback {value[:40]!r} was not offered (RFC 9429, 5.11)"


def find_sequence_fault(
    agreed: Agreement, document: Document, own_offer: Document | None
) -> str | None:
    """Where a description breaks with the last exchange; ``own_offer`` is what it answers.

    Multiplexing is kept; ICE is restarted by both ends or none; a DTLS association ends only
    with a restart of ICE, and keeps its roles (RFC 9429, 5.8.3, 5.10 and 5.11).
    """
    for media in document.media:
        if media.rejected:
            continue
        fault = next(_sequence_faults(agreed, document, media, own_offer), None)
        if fault is not None:
            return f"{named(media)}: {fault}"
    return None


def _credentials(document: Document, media: MediaSection) -> _ReadCredentials:
    there = document.transport_of(media)
    return there.ice_ufrag, there.ice_pwd


def _sequence_faults(
    agreed: Agreement, document: Document, media: MediaSection, own_offer: Document | None
) -> Iterator[str]:
    old = agreed.section(agreed.remote, media.index, media.mid)
    answered = agreed.section(agreed.answer, media.index, media.mid)
    if old is None or answered is None:
        return
    there, before = document.transport_of(media), agreed.remote.transport_of(old)
    if media.is_rtp and answered.is_rtp:
        was = answered.rtcp_mux or agreed.answer.transport_of(answered).rtcp_mux
        now = media.rtcp_mux or there.rtcp_mux
        if was and not now:
            yield "RTCP was multiplexed before and is not now (RFC 9429, 5.8.3)"
        if own_offer is not None and now and not was:
            yield "RTCP was not multiplexed before and is now (RFC 9429, 5.8.3)"
    restarts = (there.ice_ufrag, there.ice_pwd) != (before.ice_ufrag, before.ice_pwd)
    if own_offer is not None:
        mine = own_offer.media[media.index]
        kept = agreed.section(agreed.local, media.index, mine.mid)
        if kept is not None:
            asked = _credentials(own_offer, mine) != _credentials(agreed.local, kept)
            if restarts and not asked:
                yield "it restarts ICE, which was not offered (RFC 9429, 5.10)"
            if asked and not restarts:
                yield "ICE was to be restarted, and its credentials are the same (RFC 9429, 5.10)"
    if starts_new_association(transport_facts(before), transport_facts(there)):
        if not restarts:
            yield "another DTLS association without a restart of ICE (RFC 9429, 5.8.3)"
        return
    settled = agreed.answer.transport_of(answered).setup
    if settled in _ROLES:
        role = _ROLES[settled] if agreed.answer is agreed.local else settled
        if there.setup in _ROLES and there.setup != role:
            yield (
                f"it is {role} in a DTLS association that goes on, and says {there.setup} "
                "(RFC 8842, 5.5)"
            )
