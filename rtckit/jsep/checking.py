"""Whether a description may be set: by the stack's verdict model, else by the first rules."""

from rtckit.core.errors import ParseError
from rtckit.jsep.applying import Applying
from rtckit.jsep.facts import DescriptionFacts
from rtckit.jsep.refusals import PeerError
from rtckit.jsep.states import SDP_TYPES, next_state
from rtckit.jsep.verdict import SET_REMOTE, STACKS, Case, stack_of

__all__ = ["Checking"]

_CREATORS = {"offer": "createOffer", "pranswer": "createAnswer", "answer": "createAnswer"}


class Checking(Applying):
    """The checks before a description is applied."""

    def _check(self, side: str, sdp_type: str, sdp: str) -> None:
        """Refuse a description that cannot be set; nothing is changed by it.

        A stack with a verdict model is asked for its verdict. The base checks the order of
        calls, that a local text is unchanged, and the sections against those before.

        Raises:
            PeerError: with the name and the words of the stack.
        """
        if self.stack in STACKS:
            case = Case(sdp_type, sdp, self.state(), side, stop_at=SET_REMOTE)
            verdict = stack_of(self.stack).predict(case)
            if not verdict.accepts:
                raise PeerError(verdict.error or "OperationError", verdict.message or "")
            return
        self._check_order(side, sdp_type)
        if sdp_type == "rollback":
            return
        if side == "local":
            self._check_unchanged(sdp_type, sdp)
        try:
            facts = self._read(sdp)
        except ParseError as error:
            raise self._say("syntax", side=side, type=sdp_type, reason=error) from None
        self._check_sections(side, sdp_type, facts)

    def _check_order(self, side: str, sdp_type: str) -> None:
        """Refuse a type the state does not allow (RFC 9429, 5.5 and 5.6)."""
        if sdp_type not in SDP_TYPES:
            raise self._say("bad-type", type=sdp_type)
        if next_state(self.signaling_state, side, sdp_type) is None:
            raise self._say("wrong-type", side=side, type=sdp_type)

    def _check_unchanged(self, sdp_type: str, sdp: str) -> None:
        """Refuse a local description that is not the one created last (RFC 9429, 5.4)."""
        created = self.created_offer if sdp_type == "offer" else self.created_answer
        if sdp != created:
            raise self._say("modified", type=sdp_type, creator=_CREATORS[sdp_type])

    def _check_sections(self, side: str, sdp_type: str, facts: DescriptionFacts) -> None:
        """Refuse sections that do not fit those before (RFC 9429, 5.2.2 and 5.8.3)."""
        if side == "local":
            return
        if sdp_type == "offer":
            reason = self._find_order_fault(facts)
        else:
            reason = _find_answer_fault(self.facts_of(self.pending_local), facts)
        reason = reason or self._find_fault(facts)
        if reason is not None:
            raise self._say("invalid", side=side, type=sdp_type, reason=reason)

    def _find_fault(self, facts: DescriptionFacts) -> str | None:
        """Say what is wrong with a remote description by itself; None if nothing is."""
        mids = [section.mid for section in facts.sections if section.mid is not None]
        if len(set(mids)) < len(mids):
            return "a mid stands twice"
        if self.configuration.rtcp_mux_policy == "require":
            for section in facts.sections:
                if section.is_media and not section.rejected and not section.rtcp_mux:
                    return f"section {section.index} lacks rtcp-mux"
        return None

    def _find_order_fault(self, facts: DescriptionFacts) -> str | None:
        """Say where a remote offer departs from the sections in force (RFC 3264, 8).

        One that replaces an offer is held against that one, as if an answer had come between
        (W3C webrtc-pc, 4.4.1.4, step 4.2).
        """
        local = self.facts_of(self.pending_remote or self.current_local).sections
        remote = self.facts_of(self.pending_remote or self.current_remote).sections
        if len(facts.sections) < len(local):
            return f"it has {len(facts.sections)} sections, there were {len(local)}"
        for old, theirs, new in zip(local, remote, facts.sections, strict=False):
            if old.rejected or theirs.rejected:
                continue
            if new.kind != old.kind:
                return f"section {new.index} was {old.kind}, is {new.kind}"
            if new.mid is not None and old.mid is not None and new.mid != old.mid:
                return f"section {new.index} had mid {old.mid}, has {new.mid}"
        return None


def _find_answer_fault(offer: DescriptionFacts, answer: DescriptionFacts) -> str | None:
    """Say where an answer departs from its offer (RFC 3264, 6; RFC 9429, 5.8.3)."""
    if len(offer.sections) != len(answer.sections):
        return f"it has {len(answer.sections)} sections, the offer {len(offer.sections)}"
    for offered, answered in zip(offer.sections, answer.sections, strict=True):
        index = offered.index
        if offered.kind != answered.kind:
            return f"section {index} is {answered.kind}, was offered as {offered.kind}"
        if offered.mid is not None and answered.mid not in (None, offered.mid):
            return f"section {index} has mid {answered.mid}, was offered as {offered.mid}"
        if offered.rejected and not answered.rejected:
            return f"section {index} was offered as rejected and is not"
    return None
