"""The transports of an answer, and why its sections came out so."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rtckit.jsep.matching.bundle import BundleAnswer
from rtckit.jsep.matching.codecs import Matching
from rtckit.jsep.matching.formats import Formats
from rtckit.jsep.matching.transport import answer_setup, starts_new_association
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.rfc.lines import BUNDLED_MUX, Transport
from rtckit.jsep.stacks.rfc.memory import Agreement, transport_facts
from rtckit.jsep.stacks.rfc.writer import Writer
from rtckit.jsep.transceiver import Transceiver, reverse_of
from rtckit.sdp.document import Document
from rtckit.sdp.media import MediaSection

__all__ = ["AnswerTransports", "Reply"]

_OFFER_ANSWER = "RFC 9429, 5.3.1"


@dataclass(slots=True)
class Reply:
    """What becomes of one offered section."""

    plan: SectionPlan
    media: MediaSection
    rejected: tuple[str, tuple[str, ...]] | None = None
    direction: str = "sendrecv"
    matching: Matching | None = None
    formats: Formats = field(default_factory=Formats)
    conflict: str | None = None

    @property
    def mid(self) -> str | None:
        """The mid of the offer; None if it has none."""
        return self.media.mid

    def reject(self, why: str, *refs: str) -> None:
        """Reject the section, unless it is already."""
        if self.rejected is None:
            self.rejected = (why, refs)


class AnswerTransports(Writer):
    """The part of the peer that answers transports, and that explains answers."""

    # -- transports -----------------------------------------------------------------------------

    def _answer_transport(
        self,
        reply: Reply,
        replies: Sequence[Reply],
        bundles: BundleAnswer,
        offer: Document,
        agreed: Agreement | None,
    ) -> list[str]:
        """The transport's lines, in the section that has it; ``a=rtcp-mux`` in all."""
        tag = bundles.tag_of(reply.mid)
        media, plan = reply.media, reply.plan
        if tag is not None and tag != reply.mid:
            # A bundle always multiplexes (RFC 9143, 9.3).
            return [BUNDLED_MUX] if media.is_rtp else []
        members = next((group for group in bundles.groups if tag in group), ())
        together = [item for item in replies if item is reply or item.mid in members]
        carried = [item for item in together if item.rejected is None and item.media.is_rtp]
        there = offer.transport_of(media) if tag is None else media
        before = self._transport_before(media, agreed)
        goes_on = before is not None and not starts_new_association(
            transport_facts(before), transport_facts(there)
        )
        role = self._established_role(media, agreed) if goes_on else None
        setup = answer_setup(there.setup, established=role) or "active"
        self._explain_setup(plan, there.setup, setup, role)
        had = _members_before(plan.mid, agreed)
        ufrag, pwd = self._answer_credentials(plan.mid, had, before, there)
        tls_id = None
        if there.tls_id is not None:
            new = before is not None and not goes_on and before.tls_id != there.tls_id
            tls_id = self._tls_id_for(plan.mid, had, new=new)
        mux = any(item.media.rtcp_mux for item in (*together, reply)) or there.rtcp_mux
        rsize = there.rtcp_rsize or (
            not there.is_rtp and any(item.media.rtcp_rsize for item in carried)
        )
        return list(
            Transport(
                ufrag,
                pwd,
                self.identity.fingerprint,
                setup,
                tls_id,
                bool(carried) and not mux,
                bool(carried) and mux,
                False,
                bool(carried) and rsize and self._able.rtcp_rsize,
            ).lines()
        )

    def _transport_before(
        self, media: MediaSection, agreed: Agreement | None
    ) -> MediaSection | None:
        """What the other side said of this transport in the last exchange."""
        if agreed is None:
            return None
        old = agreed.section(agreed.remote, media.index, media.mid)
        return None if old is None else agreed.remote.transport_of(old)

    def _established_role(self, media: MediaSection, agreed: Agreement | None) -> str | None:
        """This side's DTLS role of the last exchange: ``active`` or ``passive``."""
        if agreed is None:
            return None
        old = agreed.section(agreed.answer, media.index, media.mid)
        setup = None if old is None else agreed.answer.transport_of(old).setup
        if setup not in ("active", "passive"):
            return None
        if not agreed.is_offerer:
            return setup
        return "passive" if setup == "active" else "active"

    def _answer_credentials(
        self,
        mid: str,
        had: Sequence[str],
        before: MediaSection | None,
        there: MediaSection,
    ) -> tuple[str, str]:
        """The credentials that go on, or new ones where the offer restarts ICE (5.3.2)."""
        if before is not None and (before.ice_ufrag, before.ice_pwd) != (
            there.ice_ufrag,
            there.ice_pwd,
        ):
            old = {
                (section.ufrag, section.pwd)
                for section in self.facts_of(self.current_local).sections
            }
            for name in (mid, *had):
                if self.credentials.get(name) in old:
                    del self.credentials[name]
        return self._credentials_for(mid, had)

    # -- explanations ---------------------------------------------------------------------------

    def _explain_reply(self, reply: Reply, bundles: BundleAnswer) -> None:
        if not self.explain:
            return
        index, mid = reply.media.index, reply.mid
        if reply.rejected is not None:
            why, refs = reply.rejected
            self._decide(index, mid, "section", "", "rejected", why, *refs)
        else:
            tag = bundles.tag_of(mid)
            why = "with a transport of its own"
            if tag is not None:
                why = "it carries the bundle" if tag == mid else f"bundled with section {tag}"
            if index in bundles.moved:
                why = f"outside its bundle: {bundles.moved[index]}"
            self._decide(index, mid, "section", "", "taken", why, _OFFER_ANSWER)
            if reply.matching is not None and reply.plan.transceiver is not None:
                self._explain_direction(reply, reply.plan.transceiver)
        if reply.matching is None:
            return
        for item in reply.matching.taken if reply.rejected is None else ():
            self._decide(index, mid, "codec", str(item.answer), "taken", item.why, *item.refs)
            for value in item.offered.feedback if item.offered is not None else ():
                if value not in item.answer.feedback:
                    name = f"{item.answer.payload_type} {value}"
                    why = "not supported"
                    self._decide(index, mid, "feedback", name, "dropped", why, "RFC 4585, 4.2")
        for lost in reply.matching.dropped:
            self._decide(index, mid, "codec", str(lost.offered), "dropped", lost.why, *lost.refs)

    def _explain_direction(self, reply: Reply, transceiver: Transceiver) -> None:
        offered = reply.media.direction
        why = f"{offered} was offered, the transceiver is {transceiver.direction}"
        same = reply.direction == reverse_of(offered)
        self._decide(
            reply.media.index,
            reply.mid,
            "direction",
            reply.direction,
            "taken" if same else "changed",
            why,
            "RFC 3264, 6.1",
            _OFFER_ANSWER,
        )

    def _explain_setup(
        self, plan: SectionPlan, offered: str | None, setup: str, role: str | None
    ) -> None:
        if role is not None:
            why = f"the DTLS association goes on, and this side is {role} in it"
            refs = "RFC 8842, 5.3"
        elif offered == "actpass":
            why, refs = "the offer leaves the choice, and active saves a round trip", _OFFER_ANSWER
        else:
            why, refs = f"{offered or 'nothing'} was offered", "RFC 4145, 4.1"
        self._decide(plan.level, plan.mid, "setup", setup, "taken", why, refs)


def _members_before(mid: str, agreed: Agreement | None) -> tuple[str, ...]:
    """The sections that shared a transport with this one in the last exchange."""
    groups = [] if agreed is None else agreed.bundles()
    return next((group for group in groups if mid in group), ())
