"""What descriptions do to transceivers in libwebrtc, and which sections it writes for them."""

from collections import deque
from collections.abc import Sequence

from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.chromium.connection import Connection
from rtckit.jsep.stacks.chromium.description import AUDIO, DATA, VIDEO, Description
from rtckit.jsep.stacks.chromium.interface import Interface
from rtckit.jsep.stacks.chromium.options import SectionOptions, Sender
from rtckit.jsep.stacks.chromium.preferences import codecs_of
from rtckit.jsep.transceiver import Encoding, Transceiver

__all__ = ["Applying"]


class Applying(Interface):
    """Sections and transceivers."""

    _native: Connection
    _lines: dict[Transceiver, int]
    _senders: dict[Transceiver, str]
    _extensions: dict[Transceiver, dict[str, int]]

    # A rollback that takes the data section away closes its channels, but they go on asking for
    # negotiation.
    _closed_channels: int = 0

    def _roll_back(self) -> None:
        had_data = self.data_mid
        super()._roll_back()
        if had_data is not None and self.data_mid is None:
            self._closed_channels = len(self.data_channels)
            self._native.lost_data_mid = had_data

    # -- sections -------------------------------------------------------------------------------

    def _plan_offer(self) -> list[SectionPlan]:
        """Return the sections of an offer (RFC 9429, 5.2.1 and 5.2.2).

        What has no section yet gets a new mid each time an offer is made.
        """
        local, remote = self.facts_of(self.local).sections, self.facts_of(self.remote).sections
        current = (
            self.facts_of(self.current_local).sections,
            self.facts_of(self.current_remote).sections,
        )
        plan: list[SectionPlan] = []
        free: deque[int] = deque()
        for level in range(max(len(local), len(remote))):
            section = local[level] if level < len(local) else remote[level]
            was_rejected = any(level < len(each) and each[level].rejected for each in current)
            planned = self._plan_known(section, was_rejected)
            if (
                planned.rejected
                and section.is_media
                and (planned.transceiver is None or was_rejected)
            ):
                free.append(level)
            plan.append(planned)
        for transceiver in self.transceivers:
            if transceiver.mid is None and not transceiver.stopping:
                recycled = bool(free)
                level = free.popleft() if free else len(plan)
                new = SectionPlan(
                    level, self._new_mid(), transceiver.kind, transceiver, recycled=recycled
                )
                plan[level : level + 1] = [new]
                self._lines[transceiver] = level
        if (
            self.data_mid is None
            and self._native.lost_data_mid is None
            and len(self.data_channels) > self._closed_channels
        ):
            plan.append(SectionPlan(len(plan), self._new_mid(), "data"))
        return plan

    def _plan_known(self, section: SectionFacts, was_rejected: bool) -> SectionPlan:
        level, mid = section.index, section.mid or ""
        if section.kind == "data":
            rejected = was_rejected or mid != self.data_mid
            return SectionPlan(level, mid, "data", rejected=rejected)
        transceiver = self.find_by_mid(mid) if section.is_media else None
        if transceiver is None:
            return SectionPlan(level, mid, section.kind, rejected=True)
        self._lines[transceiver] = level
        return SectionPlan(level, mid, transceiver.kind, transceiver, rejected=transceiver.stopping)

    def _offer_sections(self, plan: Sequence[SectionPlan]) -> list[SectionOptions]:
        """Return what an offer is to say."""
        sections = []
        for planned in plan:
            options = self._options(planned.kind, planned.mid, planned.transceiver)
            options.stopped = planned.rejected
            if planned.rejected:
                options.direction = "inactive"
                options.sender = None
            if planned.transceiver is None:
                options.extensions = {}
            sections.append(options)
        return sections

    def _answer_sections(self, offer: Description) -> list[SectionOptions]:
        """Return what an answer is to say."""
        sections = []
        for content in offer.contents:
            media = content.kind in (AUDIO, VIDEO)
            transceiver = self.find_by_mid(content.mid) if media else None
            options = self._options(content.kind, content.mid, transceiver)
            if media:
                options.stopped = transceiver is None or transceiver.stopped
                if options.stopped:
                    options.direction = "inactive"
                    options.sender = None
            elif content.kind == DATA:
                options.stopped = content.rejected or content.mid != self.data_mid
            options.role = self._native.role_of(content.mid)
            sections.append(options)
        return sections

    def _options(self, kind: str, mid: str, transceiver: Transceiver | None) -> SectionOptions:
        options = SectionOptions(kind, mid, "inactive")
        pair = self.credentials.get(mid)
        options.credentials = pair or (self.identity.new_ufrag(), self.identity.new_pwd())
        if transceiver is None:
            return options
        options.direction = transceiver.direction
        options.extensions = self._extensions_of(transceiver)
        if transceiver.codec_preferences:
            options.preferences = codecs_of(transceiver.codec_preferences, kind)
        if transceiver.sends or transceiver.has_sent:
            layers = tuple((e.rid, e.active) for e in transceiver.encodings if e.rid)
            options.sender = Sender(self._sender_id(transceiver), transceiver.stream_ids, layers)
        return options

    def _extensions_of(self, transceiver: Transceiver) -> dict[str, int]:
        """Return the header extensions a transceiver asks for, by the numbers they came by.

        A new one takes after the first of its kind; with layers it asks for two more.
        """
        known = self._extensions.get(transceiver)
        if known is not None:
            return known
        own = self.engine.extensions[transceiver.kind]
        alike = (
            self._extensions[other]
            for other in self.transceivers
            if other.kind == transceiver.kind and not other.stopping and other in self._extensions
        )
        default = {each.uri: each.id for each in own if each.offered}
        taken = dict(next(alike, default))
        if len(transceiver.encodings) > 1:
            taken |= {each.uri: each.id for each in own if each.for_simulcast}
        known = {each.uri: taken[each.uri] for each in own if each.uri in taken}
        self._extensions[transceiver] = known
        return known

    def _note_change(self) -> None:
        for transceiver in self.transceivers:
            self._extensions_of(transceiver)
        super()._note_change()

    def _sender_id(self, transceiver: Transceiver) -> str:
        """Return the id a sender goes by: that of its first track, or one of its own."""
        known = self._senders.get(transceiver)
        if known is None:
            known = transceiver.track_id or self.identity.new_uuid()
            self._senders[transceiver] = known
        return known

    # -- transceivers ---------------------------------------------------------------------------

    def _find_for_local(self, section: SectionFacts) -> Transceiver | None:
        found = self.find_by_mid(section.mid)
        if found is None:
            found = next(
                (t for t in self.transceivers if self._lines.get(t) == section.index), None
            )
        return found

    def _kind_at(self, mid: str, level: int) -> str | None:
        """Return the kind of the transceiver a local section belongs to."""
        found = self._find_for_local(SectionFacts(level, AUDIO, mid))
        return found.kind if found else None

    def _find_for_remote(self, section: SectionFacts) -> Transceiver | None:
        return self.find_by_mid(section.mid)

    def _find_added_by_track(self, section: SectionFacts) -> Transceiver | None:
        """Return a transceiver of addTrack for a section; none where simulcast is asked for."""
        if section.rids_recv or section.rids_send:
            return None
        if section.direction not in ("sendrecv", "recvonly"):
            return None
        return next(
            (
                t
                for t in self.transceivers
                if t.kind == section.kind
                and t.made_by == "addTrack"
                and t.mid is None
                and not t.stopped
            ),
            None,
        )

    def _make_for_remote(self, section: SectionFacts) -> Transceiver | None:
        made = super()._make_for_remote(section)
        if made is not None and section.rids_recv:
            made.encodings = [
                Encoding(rid, rid not in section.paused, 1.0) for rid in section.rids_recv
            ]
        if made is not None:
            self._extensions_of(made)
        return made

    def _take_requested_encodings(self, transceiver: Transceiver, section: SectionFacts) -> None:
        """Layers are taken only by a transceiver made for the section."""

    def _associate(self, transceiver: Transceiver, section: SectionFacts) -> None:
        super()._associate(transceiver, section)
        self._lines[transceiver] = section.index

    def _apply_local(self, sdp_type: str, facts: DescriptionFacts) -> None:
        self._used_mids.update(section.mid for section in facts.sections if section.mid)
        super()._apply_local(sdp_type, facts)
        self._keep_extensions(self._native.local)

    def _apply_remote_data(self, section: SectionFacts, is_answer: bool) -> None:
        lost = self._native.lost_data_mid
        if lost is None or lost == section.mid:
            self._native.lost_data_mid = None
            had_data = self.data_level is not None
            super()._apply_remote_data(section, is_answer)
            self._close_channels(had_data=had_data)

    def _settle_local(self, transceiver: Transceiver, section: SectionFacts) -> None:
        super()._settle_local(transceiver, section)
        if section.rejected:
            transceiver.stop()

    def _apply_local_data(self, section: SectionFacts, is_answer: bool) -> None:
        had_data = self.data_level is not None
        super()._apply_local_data(section, is_answer)
        self._close_channels(had_data=had_data)

    def _close_channels(self, *, had_data: bool) -> None:
        """Close the channels of a data section that is gone: only new ones ask for another."""
        if had_data and self.data_level is None:
            self._closed_channels = len(self.data_channels)

    def _narrow_encodings(self, transceiver: Transceiver, section: SectionFacts) -> None:
        """Pause the layers that were refused; they stand in later offers all the same."""
        if section.rejected or len(transceiver.encodings) < 2:
            return
        taken = section.rids_recv or (transceiver.encodings[0].rid,)
        for encoding in transceiver.encodings:
            if encoding.rid not in taken:
                encoding.active = False
            elif section.rids_recv:
                encoding.active = encoding.rid not in section.paused

    def _apply_remote(self, sdp_type: str, facts: DescriptionFacts) -> None:
        super()._apply_remote(sdp_type, facts)
        self._keep_extensions(self._native.remote)

    def _keep_extensions(self, description: Description | None) -> None:
        """Have each transceiver go on with the header extensions that its section names.

        A rollback does not bring the others back.
        """
        by_mid = {transceiver.mid: transceiver for transceiver in self.transceivers}
        for content in description.contents if description is not None else ():
            transceiver = by_mid.get(content.mid)
            if transceiver is None or content.rejected:
                continue
            named = {each.uri: each.id for each in content.extensions}
            self._extensions[transceiver] = {
                each.uri: named[each.uri]
                for each in self.engine.extensions[content.kind]
                if each.uri in named
            }
