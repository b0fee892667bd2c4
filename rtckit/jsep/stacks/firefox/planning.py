"""Which sections an offer of Firefox has, in which order, and whose each is."""

from rtckit.jsep.capabilities import Capabilities
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.identity import Identity
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.firefox.calls import Calls
from rtckit.jsep.stacks.firefox.capabilities import CAPABILITIES
from rtckit.jsep.stacks.firefox.checks import read_description
from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.transceiver import Transceiver

__all__ = ["Planning", "section_at"]


class Planning(Calls):
    """The plan of an offer."""

    def __init__(
        self,
        configuration: Configuration | None = None,
        identity: Identity | None = None,
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        super().__init__(configuration, identity, capabilities)
        # The sections createOffer gave to what is not associated yet: they stay theirs until a
        # remote offer comes.
        self._levels: dict[Transceiver, int] = {}
        self._proposed_data: int | None = None
        self._levels_before: tuple[dict[Transceiver, int], int | None] = ({}, None)
        # A data section of a remote offer that was taken back is forgotten, but from the second
        # time on it is offered back.
        self._had_data = False
        self._wants_data = False

    def _plan_offer(self) -> list[SectionPlan]:
        """Return the sections of an offer: each level's holder, or the next without a section.

        Media comes before data. A section that was refused goes to the first of its kind that
        has none. Every offer gives new mids to what is not associated.
        """
        plan: list[SectionPlan] = []
        known = self._known_sections()
        while True:
            level = len(plan)
            holder = self._holder(level)
            is_data = level in (self.data_level, self._proposed_data)
            if holder is None and not is_data and level < len(known):
                plan.append(self._plan_recycled(level, known[level].kind))
                continue
            if holder is None and not is_data:
                holder = self._next_free()
                if holder is not None:
                    self._levels[holder] = level
                elif self._needs_data_section():
                    self._proposed_data, is_data = level, True
                else:
                    return plan
            plan.append(self._plan_held(level, holder))

    def _holder(self, level: int) -> Transceiver | None:
        """Return the transceiver of a section; None if it is data, refused or new."""
        for transceiver in self._in_order():
            if transceiver.mid is not None:
                if transceiver.level == level:
                    return transceiver
            elif self._levels.get(transceiver) == level:
                return transceiver
        return None

    def _next_free(self, kind: str | None = None) -> Transceiver | None:
        """Return the first transceiver without a section."""
        for transceiver in self._in_order():
            if (
                transceiver.mid is None
                and transceiver not in self._levels
                and not transceiver.stopping
                and kind in (None, transceiver.kind)
            ):
                return transceiver
        return None

    def _needs_data_section(self) -> bool:
        is_wanted = bool(self.data_channels) or self._wants_data
        return is_wanted and self.data_level is None and self._proposed_data is None

    def _plan_held(self, level: int, holder: Transceiver | None) -> SectionPlan:
        if holder is None:
            mid = self.data_mid if self.data_level == level else None
            return SectionPlan(level, mid or self._new_mid(), "data")
        if holder.stopping:
            return SectionPlan(level, self._last_mid(level), holder.kind, holder, rejected=True)
        return SectionPlan(level, holder.mid or self._new_mid(), holder.kind, holder)

    def _plan_recycled(self, level: int, kind: str) -> SectionPlan:
        """Plan a section that was refused."""
        if kind == "data":
            if self._needs_data_section():
                self._proposed_data = level
                return SectionPlan(level, self._new_mid(), kind, recycled=True)
            return SectionPlan(level, self._last_mid(level), kind, rejected=True)
        holder = self._next_free(kind)
        if holder is None:
            return SectionPlan(level, self._last_mid(level), kind, rejected=True)
        self._levels[holder] = level
        return SectionPlan(level, self._new_mid(), kind, holder, recycled=True)

    def _last_mid(self, level: int) -> str:
        """Return the mid the last answer has at a level: what a refused section keeps."""
        section = section_at(self._last_answer(), level)
        return "" if section is None else section.mid or ""

    def _last_answer(self) -> Description | None:
        """Return the answer of the last completed exchange."""
        answer = self.current_remote if self.is_offerer else self.current_local
        return None if answer is None else read_description(answer.sdp)


def section_at(description: Description | None, level: int) -> Section | None:
    """Return the section at a level; None if there is none."""
    if description is None or level >= len(description.sections):
        return None
    return description.sections[level]
