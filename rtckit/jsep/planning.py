"""Which sections an offer or an answer has: RFC 9429, 5.2.1, 5.2.2 and 5.3.1, before any codec."""

from rtckit.jsep.facts import SectionFacts
from rtckit.jsep.peer_state import PeerState, SectionPlan
from rtckit.jsep.transceiver import Transceiver, intersect, reverse_of

__all__ = ["Planning"]


class Planning(PeerState):
    """The plans of descriptions; each step of them may be overridden."""

    # -- mids -----------------------------------------------------------------------------------

    def _new_mid(self) -> str:
        """Return a mid that stood in no description: the next number (RFC 9429, 5.2.1)."""
        while str(self._next_mid) in self._used_mids:
            self._next_mid += 1
        mid = str(self._next_mid)
        self._used_mids.add(mid)
        return mid

    def _mid_for(self, transceiver: Transceiver) -> str:
        """Return the mid an offer proposes for a transceiver that has none.

        The proposal is kept, so that the same offer made again has the same mids.
        """
        if transceiver.proposed_mid is None:
            transceiver.proposed_mid = self._new_mid()
        return transceiver.proposed_mid

    # -- offers ---------------------------------------------------------------------------------

    def _plan_offer(self) -> list[SectionPlan]:
        """Return the sections of an offer made now.

        First what the descriptions in force have, in place; then each transceiver that has no
        section, in the order of getTransceivers(), in a section that was rejected or at the end;
        then the data section, if there is none and a channel needs it.
        """
        plan = self._plan_existing()
        for transceiver in self.transceivers:
            if transceiver.mid is None and not transceiver.stopping:
                level = self._free_level(plan, transceiver)
                new = SectionPlan(
                    len(plan) if level is None else level,
                    self._mid_for(transceiver),
                    transceiver.kind,
                    transceiver,
                    recycled=level is not None,
                )
                if level is None:
                    plan.append(new)
                else:
                    plan[level] = new
        if self.data_channels and not any(
            section.kind == "data" and not section.rejected for section in plan
        ):
            plan.append(self._plan_data(len(plan)))
        return plan

    def _plan_existing(self) -> list[SectionPlan]:
        """Return the sections of the descriptions in force, each kept or rejected."""
        return [self._plan_kept(section) for section in self._known_sections()]

    def _known_sections(self) -> tuple[SectionFacts, ...]:
        """Return the sections to keep the order of: those of the longer description in force."""
        local = self.facts_of(self.local).sections
        remote = self.facts_of(self.remote).sections
        return local if len(local) >= len(remote) else remote

    def _plan_kept(self, section: SectionFacts) -> SectionPlan:
        level = section.index
        transceiver = self.find_by_level(level)
        if transceiver is not None and transceiver.mid is not None:
            # A transceiver that is stopping counts as stopped here (W3C, createOffer).
            return SectionPlan(
                level,
                transceiver.mid,
                transceiver.kind,
                transceiver,
                rejected=transceiver.stopping or transceiver.stopped,
            )
        mid = section.mid
        if self.data_level == level and self.data_mid is not None:
            return SectionPlan(level, self.data_mid, "data")
        return SectionPlan(level, mid if mid is not None else "", section.kind, rejected=True)

    def _free_level(self, plan: list[SectionPlan], transceiver: Transceiver) -> int | None:
        """Return the index of a section a transceiver may take over; None if there is none.

        That is one with port zero in the current local or remote description, of any kind, which
        is not a live one's again (RFC 9429, 5.2.2).
        """
        current = (
            self.facts_of(self.current_local).sections,
            self.facts_of(self.current_remote).sections,
        )
        for section in plan:
            if section.rejected and not section.recycled:
                level = section.level
                if any(level < len(s) and s[level].rejected for s in current):
                    return level
        return None

    def _plan_data(self, level: int) -> SectionPlan:
        """Return a new data section; its mid is proposed anew each time until it is set."""
        return SectionPlan(level, self.data_mid or self._new_mid(), "data")

    # -- answers --------------------------------------------------------------------------------

    def _plan_answer(self) -> list[SectionPlan]:
        """Return the sections of an answer made now: those of the remote offer, in its order.

        Rejected is what the offer rejects, what nobody can take (a kind that is unknown, a second
        data section) and what belongs to a stopped transceiver. One that is only stopping takes
        part (W3C webrtc-pc, 5.4, ``stop``). Writers reject more: what has no codec in common.
        """
        plan = []
        for section in self.facts_of(self.remote).sections:
            level = section.index
            transceiver = self.find_by_level(level) if section.is_media else None
            mid = section.mid
            if mid is None and transceiver is not None:
                mid = transceiver.mid
            if section.kind == "data":
                taken = level == self.data_level
                mid = self.data_mid if mid is None else mid
            else:
                taken = transceiver is not None and not transceiver.stopped
            plan.append(
                SectionPlan(
                    level, mid or "", section.kind, transceiver, section.rejected or not taken
                )
            )
        return plan

    def _answer_direction(self, section: SectionFacts, transceiver: Transceiver) -> str:
        """Return what of an offered direction a transceiver takes, from this side."""
        return intersect(reverse_of(section.direction), transceiver.direction)
