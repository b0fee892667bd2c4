"""A peer that follows the standards, and nothing else."""

from collections.abc import Sequence
from typing import ClassVar

from rtckit.core.errors import ParseError
from rtckit.jsep.facts import DescriptionFacts
from rtckit.jsep.plan_b import find_plan_b, to_unified_plan
from rtckit.jsep.refusals import WORDS
from rtckit.jsep.stacks.rfc.answer import AnswerWriter
from rtckit.jsep.stacks.rfc.answer_faults import find_answer_fault, find_sequence_fault
from rtckit.jsep.stacks.rfc.codecs import matches_preference
from rtckit.jsep.stacks.rfc.faults import find_description_fault, find_syntax_fault
from rtckit.jsep.stacks.rfc.offer import OfferWriter
from rtckit.jsep.transceiver import Transceiver
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp.document import parse

__all__ = ["RfcPeer"]


class RfcPeer(OfferWriter, AnswerWriter):
    """RFC 9429 to the letter.

    A remote description is refused for the first thing that is wrong with it: with
    ``OperationError`` when it cannot be read (W3C webrtc-pc, ``sdp-syntax-error``), with
    ``InvalidAccessError`` when what it says cannot be; the message names the section, and the RFC
    and section of the rule. What is merely unknown is rejected in the answer.

    Attributes:
        converts_plan_b: an offer in Plan B is set as its unified plan; the answer then has a
            section for each track (see `rtckit.jsep.plan_b`).
    """

    converts_plan_b: bool = False

    stack: ClassVar[str] = "rfc"
    words: ClassVar[dict[str, tuple[str, str]]] = {
        **WORDS,
        "malformed": ("OperationError", "the {side} {type} is not well formed: {reason}"),
    }

    def set_remote_description(self, description: TypedSdp) -> None:
        """Set a description of the other side; see `PeerConnection.set_remote_description`."""
        if self.converts_plan_b and description.type == "offer":
            description = _converted(description)
        super().set_remote_description(description)

    def _write_answer(self) -> str:
        text = super()._write_answer()
        offer = self._document_of(self.remote) if self.explain else None
        found = None if offer is None else find_plan_b(offer)
        if found is not None:
            why = "; ".join(found.signs)
            if found.is_certain:
                why += "; only the first track of a section is told apart from the others"
            self._decide(None, None, "section", "Plan B", "taken", why, "RFC 9429, 5.2.1")
        return text

    def _check(self, side: str, sdp_type: str, sdp: str) -> None:
        super()._check(side, sdp_type, sdp)
        if side == "local" or sdp_type == "rollback":
            return
        document = self._document(sdp)
        reason = find_syntax_fault(document)
        if reason is not None:
            raise self._say("malformed", side=side, type=sdp_type, reason=reason)
        offer = None if sdp_type == "offer" else self._document_of(self.pending_local)
        reason = find_description_fault(
            document,
            is_answer=offer is not None,
            mux_policy=self.configuration.rtcp_mux_policy,
        )
        if reason is None and offer is not None:
            reason = find_answer_fault(offer, document)
        agreed = self._agreement()
        if reason is None and agreed is not None:
            reason = find_sequence_fault(agreed, document, offer)
        if reason is not None:
            raise self._say("invalid", side=side, type=sdp_type, reason=reason)

    def _find_fault(self, facts: DescriptionFacts) -> str | None:
        """Only what is not told of better later: a mid that stands twice."""
        mids = [section.mid for section in facts.sections if section.mid is not None]
        if len(set(mids)) == len(mids):
            return None
        twice = next((mid for mid in mids if mids.count(mid) > 1), None)
        return None if twice is None else f"mid {twice[:20]!r} stands twice (RFC 5888, 4)"

    def _check_codec_preferences(
        self,
        transceiver: Transceiver,
        codecs: Sequence[dict[str, object]],
    ) -> None:
        """Refuse what is no capability, and preferences without a codec for media (W3C, 5.4)."""
        known = self._able.codecs_of(transceiver.kind)
        usable = False
        for preference in codecs:
            found = [codec for codec in known if matches_preference(codec, preference)]
            if not found and not str(preference.get("mimeType", "")).lower().endswith("/rtx"):
                raise self._say("bad-codec", codec=preference.get("mimeType"))
            usable = usable or any(not codec.is_resiliency for codec in found)
        if not usable:
            raise self._say("no-codec")


def _converted(offer: TypedSdp) -> TypedSdp:
    """An offer in unified plan; the offer itself where it is none or cannot be read."""
    try:
        document = parse(offer.sdp)
    except ParseError:
        return offer
    if find_plan_b(document) is None:
        return offer
    return TypedSdp(offer.type, to_unified_plan(document).document.text)
