"""Which transceiver a media section falls to, and which mid it gets: JSEP as Firefox keeps it."""

from dataclasses import dataclass, field

from rtckit.jsep.stacks.firefox.checks import Rejected, bundled_mids
from rtckit.jsep.stacks.firefox.description import Description


@dataclass(slots=True)
class Transceiver:
    """A transceiver, or the one data channel connection that counts as one.

    Attributes:
        media: its kind.
        level: the index of its section.
        mid: None while it is not associated.
        can_recycle: its section was refused, and another may take its place.
    """

    media: str
    level: int
    mid: str | None = None
    can_recycle: bool = False


@dataclass(slots=True)
class Transceivers:
    """All transceivers of a connection by the level of their section, and the mids used."""

    by_level: dict[int, Transceiver] = field(default_factory=dict)
    used_mids: set[str] = field(default_factory=set)
    _next_mid: int = 0

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
            found.by_level[section.level] = Transceiver(section.media, section.level, mid, refused)
            if section.mid is not None:
                found.used_mids.add(section.mid)
        return found

    def apply_remote(self, remote: Description) -> None:
        """Find or make a transceiver for each section of a remote description.

        There is one data channel connection only: a second section takes it from the first.
        """
        data = next((t for t in self.by_level.values() if t.media == "application"), None)
        for section in remote.sections:
            transceiver = self.by_level.get(section.level)
            if transceiver is None or transceiver.can_recycle:
                if section.media == "application" and data is not None:
                    transceiver = self._move(data, section.level)
                else:
                    transceiver = Transceiver(section.media, section.level)
                    self.by_level[section.level] = transceiver
            if section.media == "application":
                data = transceiver
            if section.is_disabled:
                continue
            if section.mid is not None:
                transceiver.mid = section.mid
            if transceiver.mid is None:
                transceiver.mid = self._new_mid()
            self.used_mids.add(transceiver.mid)

    def _move(self, transceiver: Transceiver, level: int) -> Transceiver:
        """Give a transceiver another section; the one it had is left without."""
        del self.by_level[transceiver.level]
        if transceiver.can_recycle:
            transceiver.mid = None
            transceiver.can_recycle = False
        transceiver.level = level
        self.by_level[level] = transceiver
        return transceiver

    def _new_mid(self) -> str:
        """Make up a mid: the next number that is not one."""
        while str(self._next_mid) in self.used_mids:
            self._next_mid += 1
        return str(self._next_mid)

    def check_bundle(self, answer: Description) -> None:
        """Check that each mid of the answer's BUNDLE groups has a transceiver.

        Raises:
            Rejected: the first in the order of their bytes has none.
        """
        mids = {transceiver.mid for transceiver in self.by_level.values()}
        for mid in sorted(bundled_mids(answer)):
            if mid not in mids:
                raise Rejected("OperationError", f"No transceiver for bundled mid {mid}")
