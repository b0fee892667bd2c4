"""Which transceiver a media section falls to, and which mid it gets: JSEP as Firefox keeps it."""

from dataclasses import dataclass, field

from rtckit.jsep.stacks.firefox.checks import Rejected, bundled_mids
from rtckit.jsep.stacks.firefox.description import Description, Section


@dataclass(slots=True)
class Transceiver:
    """A transceiver, or the one data channel connection that counts as one.

    Attributes:
        media: its kind.
        level: the index of its section; None while it has none.
        mid: None while it is not associated.
        can_recycle: its section was refused, and another may take its place.
    """

    media: str
    level: int | None = None
    mid: str | None = None
    can_recycle: bool = False


@dataclass(slots=True)
class Transceivers:
    """All transceivers of a connection and the mids that were used."""

    items: list[Transceiver] = field(default_factory=list)
    used_mids: set[str] = field(default_factory=set)

    @classmethod
    def after(cls, local: Description | None, answer: Description | None) -> "Transceivers":
        """Return the transceivers a description in force has left, one a section.

        Args:
            local: the description whose sections they belong to.
            answer: the answer of the exchange, in which a refused section frees its place.
        """
        found = cls()
        for section in local.sections if local else ():
            refused = (
                answer is not None
                and section.level < len(answer.sections)
                and answer.sections[section.level].is_disabled
            )
            mid = None if refused else section.mid
            found.items.append(Transceiver(section.media, section.level, mid, refused))
            if section.mid is not None:
                found.used_mids.add(section.mid)
        return found

    def at_level(self, level: int) -> Transceiver | None:
        """Return the transceiver of a section."""
        return next((item for item in self.items if item.level == level), None)

    def with_mid(self, mid: str) -> Transceiver | None:
        """Return the transceiver of a mid."""
        return next((item for item in self.items if item.mid == mid), None)

    def apply_remote(self, remote: Description) -> None:
        """Find or make a transceiver for each section of a remote description.

        There is one data channel connection only: a second section takes it from the first.
        """
        for section in remote.sections:
            transceiver = self._for_remote(section)
            if section.is_disabled:
                continue
            if section.mid is not None:
                transceiver.mid = section.mid
            if transceiver.mid is None:
                transceiver.mid = self._new_mid()
            self.used_mids.add(transceiver.mid)

    def _for_remote(self, section: Section) -> Transceiver:
        present = self.at_level(section.level)
        if present is not None:
            if not present.can_recycle:
                return present
            present.mid = None
            present.level = None
        if section.media == "application":
            for item in self.items:
                if item.media == "application":
                    item.level = section.level
                    item.can_recycle = False
                    return item
        made = Transceiver(section.media, section.level)
        self.items.append(made)
        return made

    def _new_mid(self) -> str:
        number = 0
        while str(number) in self.used_mids:
            number += 1
        return str(number)

    def check_bundle(self, answer: Description) -> None:
        """Check that each mid of the answer's BUNDLE groups has a transceiver.

        Raises:
            Rejected: the first in the order of their bytes has none.
        """
        for mid in sorted(bundled_mids(answer)):
            if self.with_mid(mid) is None:
                raise Rejected("OperationError", f"No transceiver for bundled mid {mid}")
