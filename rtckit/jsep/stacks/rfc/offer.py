"""Writing an offer: RFC 9429, 5.2.1 (initial) and 5.2.2 (subsequent)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rtckit.jsep.matching.bundle import is_bundle_only
from rtckit.jsep.matching.extensions import build_extmap
from rtckit.jsep.matching.formats import (
    Configuration,
    MediaFormat,
    as_formats,
    configuration_of,
)
from rtckit.jsep.matching.simulcast import build_simulcast
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.rfc.codecs import allowed_formats
from rtckit.jsep.stacks.rfc.lines import (
    BUNDLED_MUX,
    CONNECTION,
    DATA_FORMAT,
    DATA_PROTOCOL,
    RTP_PROTOCOL,
    Transport,
    format_lines,
    longest_packet,
    media_line,
    rejected_lines,
    session_lines,
)
from rtckit.jsep.stacks.rfc.memory import Agreement, number_formats
from rtckit.jsep.stacks.rfc.rereading import formats_of
from rtckit.jsep.stacks.rfc.writer import Writer
from rtckit.jsep.transceiver import Transceiver, intersect
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import SimulcastStream

__all__ = ["OfferWriter"]

_ICE_OPTIONS = ("trickle", "ice2")


@dataclass(slots=True)
class _Groups:
    """The bundles of an offer: the mids of each, the mids without a transport of their own."""

    groups: list[list[str]] = field(default_factory=list)
    bundled: set[str] = field(default_factory=set)
    bundle_only: set[str] = field(default_factory=set)
    was_with: dict[str, tuple[str, ...]] = field(default_factory=dict)


class OfferWriter(Writer):
    """The part of the peer that writes offers."""

    def _write_offer(self) -> str:
        agreed = self._agreement()
        self._learn_all()
        groups = self._group_offer(agreed)
        lines: list[str] = []
        for plan in self.offer_plan:
            if plan.rejected:
                lines += self._offer_rejected(plan)
            elif plan.kind == "data":
                lines += self._offer_data(plan, groups, agreed)
            else:
                lines += self._offer_media(plan, groups, agreed)
        named = [("BUNDLE", group) for group in groups.groups if group]
        head = session_lines(
            self.identity.session_id,
            self.version,
            _ICE_OPTIONS,
            [*named, *self._offer_lip_sync(agreed)],
            ice_lite=self.configuration.ice_lite,
            allow_mixed=self._able.extmap_allow_mixed
            and any(plan.kind in ("audio", "video") for plan in self.offer_plan),
        )
        return "".join(f"{line}\r\n" for line in (*head, *lines))

    # -- bundles --------------------------------------------------------------------------------

    def _group_offer(self, agreed: Agreement | None) -> _Groups:
        """Put the sections into bundles: those agreed, and what is new into the first."""
        found = _Groups()
        alive = {plan.mid: plan for plan in self.offer_plan if not plan.rejected}
        known: set[str] = set()
        if agreed is not None:
            for mids in agreed.bundles():
                group = [mid for mid in mids if mid in alive and not alive[mid].recycled]
                found.groups.append(group)
                found.bundled.update(group[1:])
                found.was_with.update((mid, mids) for mid in group)
                self._explain_group(group)
            known = {
                media.mid or ""
                for media in agreed.answer.media
                if not media.rejected and media.mid in alive
            }
            known |= {plan.mid for plan in alive.values() if self._is_unnamed(agreed, plan)}
        added = [plan for plan in alive.values() if plan.mid not in known]
        living = next((group for group in found.groups if group), None)
        if living is not None:
            # Once there is a bundle nothing is bundle-only (RFC 9429, 5.2.2).
            living += [plan.mid for plan in added]
            found.bundled.update(plan.mid for plan in added)
            found.was_with.update((plan.mid, found.was_with[living[0]]) for plan in added)
        elif added:
            found.groups = [[plan.mid for plan in added]]
            self._mark_bundle_only(added, found)
        return found

    def _is_unnamed(self, agreed: Agreement, plan: SectionPlan) -> bool:
        """Whether a section was agreed by a peer that knows no mids."""
        media = agreed.section(agreed.answer, plan.level, None)
        return media is not None and media.mid is None and not plan.recycled

    def _mark_bundle_only(self, added: Sequence[SectionPlan], found: _Groups) -> None:
        policy = self.configuration.bundle_policy
        kinds: set[str] = set()
        for place, plan in enumerate(added):
            if is_bundle_only(policy, place == 0, plan.kind not in kinds) and place:
                found.bundled.add(plan.mid)
                found.bundle_only.add(plan.mid)
                self._decide(
                    plan.level,
                    plan.mid,
                    "bundle",
                    "",
                    "taken",
                    f"bundle-only: policy {policy} wants no transport of its own for it",
                    "RFC 9429, 4.1.1",
                )
            kinds.add(plan.kind)

    def _explain_group(self, group: Sequence[str]) -> None:
        if group:
            why = f"sections {', '.join(group)} go on sharing the transport of {group[0]}"
            self._decide(None, None, "bundle", "", "taken", why, "RFC 9429, 5.2.2")

    def _offer_lip_sync(self, agreed: Agreement | None) -> list[tuple[str, list[str]]]:
        """The LS groups: streams of more than one transceiver (RFC 9429, 5.2.1 and 5.2.2)."""
        alive = {plan.mid for plan in self.offer_plan if not plan.rejected}
        members: dict[str, list[str]] = {}
        for plan in self.offer_plan:
            if plan.transceiver is not None and not plan.rejected:
                for stream in plan.transceiver.stream_ids:
                    members.setdefault(stream, []).append(plan.mid)
        found = [mids for mids in members.values() if len(mids) > 1]
        if agreed is not None:
            for group in agreed.answer.groups:
                kept = [mid for mid in group.mids if mid in alive]
                known = any(set(kept) <= set(mids) for mids in found)
                if group.semantics == "LS" and len(kept) > 1 and not known:
                    found.append(kept)
        unique = {tuple(mids): mids for mids in found}
        return [("LS", mids) for mids in unique.values()]

    # -- sections -------------------------------------------------------------------------------

    def _offer_rejected(self, plan: SectionPlan) -> Iterator[str]:
        """A section that is over: port zero, and nothing said (RFC 9429, 5.2.2)."""
        # Only what a description in force has can be rejected.
        media = self._known_section(plan.level)
        assert media is not None
        yield from rejected_lines(media, plan.mid)
        why = "its transceiver is stopped" if plan.transceiver else "it was rejected before"
        self._decide(plan.level, plan.mid, "section", "", "rejected", why, "RFC 9429, 5.2.2")

    def _known_section(self, level: int) -> MediaSection | None:
        for description in (self.local, self.remote):
            document = self._document_of(description)
            if document is not None and level < len(document.media):
                return document.media[level]
        return None

    def _offer_data(
        self, plan: SectionPlan, groups: _Groups, agreed: Agreement | None
    ) -> Iterator[str]:
        port = 0 if plan.mid in groups.bundle_only else 9
        yield media_line("application", port, DATA_PROTOCOL, [DATA_FORMAT])
        yield CONNECTION
        yield f"a=mid:{plan.mid}"
        yield f"a=sctp-port:{self._able.sctp_port}"
        if self._able.max_message_size is not None:
            yield f"a=max-message-size:{self._able.max_message_size}"
        yield from self._offer_transport(plan, groups, agreed)
        self._explain_section(plan, agreed)

    def _offer_media(
        self, plan: SectionPlan, groups: _Groups, agreed: Agreement | None
    ) -> Iterator[str]:
        transceiver = plan.transceiver
        assert transceiver is not None
        direction = transceiver.direction
        formats = self._offer_formats(plan, transceiver, agreed)
        port = 0 if plan.mid in groups.bundle_only else 9
        numbers = [item.payload_type for item in formats]
        yield media_line(plan.kind, port, RTP_PROTOCOL, numbers)
        yield CONNECTION
        yield f"a=mid:{plan.mid}"
        yield f"a={direction}"
        yield from format_lines(as_formats(formats))
        longest = longest_packet(formats)
        if longest is not None:
            yield f"a=maxptime:{longest}"
        yield from self._offer_extensions(plan.kind, direction)
        if self._able.cryptex:
            yield "a=cryptex"
        yield from self._msid_lines(plan, transceiver)
        yield from self._rid_lines(transceiver)
        yield from self._offer_transport(plan, groups, agreed)
        self._explain_section(plan, agreed)
        if self.explain:
            for item in formats:
                self._decide(
                    plan.level,
                    plan.mid,
                    "codec",
                    str(item),
                    "taken",
                    "supported",
                    "RFC 9429, 5.2.1",
                )

    def _explain_section(self, plan: SectionPlan, agreed: Agreement | None) -> None:
        if not self.explain:
            return
        if plan.recycled:
            why = "a new section in the place of a rejected one"
        elif agreed is not None and agreed.section(agreed.local, plan.level, plan.mid):
            why = "it was agreed before and goes on"
        else:
            why = "a data channel was created" if plan.kind == "data" else "it has a transceiver"
        self._decide(plan.level, plan.mid, "section", "", "taken", why, "RFC 9429, 5.2.2")

    def _offer_formats(
        self, plan: SectionPlan, transceiver: Transceiver, agreed: Agreement | None
    ) -> list[MediaFormat]:
        """The formats with the numbers they had; in the order of the last answer (5.2.2)."""
        preferences = transceiver.codec_preferences
        own = allowed_formats(self._able, plan.kind, transceiver.direction, preferences)
        prior: dict[Configuration, int] = {}
        if not plan.recycled:
            prior = self._prior_numbers(plan.level, plan.mid)
            answered = (
                None if agreed is None else agreed.section(agreed.answer, plan.level, plan.mid)
            )
            if answered is not None and not preferences:
                own = as_formats(_ordered_as(own, formats_of(answered)))
        found = list(number_formats(own, self._memory.numbers, (), {}, prior).values())
        self._memory.numbers.bind(found)
        return found

    def _prior_numbers(self, level: int, mid: str) -> dict[Configuration, int]:
        """The numbers of a section in the descriptions in force; this side's own go first."""
        found: dict[Configuration, int] = {}
        for description in (self.local, self.remote):
            document = self._document_of(description)
            if document is None or level >= len(document.media):
                continue
            media = document.media[level]
            if media.rejected or (media.mid is not None and media.mid != mid):
                continue
            formats = formats_of(media)
            for item in formats:
                found.setdefault(configuration_of(item, formats), item.payload_type)
        return found

    def _offer_extensions(self, kind: str, direction: str) -> Iterator[str]:
        taken: set[int] = set()
        for item in self._able.extensions_of(kind):
            shown: str | None = None
            if item.direction != "sendrecv":
                shown = item.direction
                if direction != "inactive":
                    shown = intersect(shown, direction)
                    if shown == "inactive":
                        continue
                    shown = None if shown == direction else shown
            key = (item.uri, item.attributes)
            number = self._memory.ids.choose(key, item.id, taken)
            if number is None:
                continue
            taken.add(number)
            self._memory.ids.bind(number, key)
            yield f"a=extmap:{build_extmap(number, item.uri, shown, item.attributes)}"

    def _rid_lines(self, transceiver: Transceiver) -> Iterator[str]:
        """``a=rid`` for each encoding with a name, ``a=simulcast`` for several (5.2.1)."""
        rids = [encoding.rid for encoding in transceiver.encodings if encoding.rid is not None]
        if not transceiver.sends or not rids or not self._able.simulcast:
            return
        for rid in rids:
            yield f"a=rid:{rid} send"
        if len(rids) > 1:
            streams = tuple((SimulcastStream(rid, False),) for rid in rids)
            yield f"a=simulcast:{build_simulcast(streams, ())}"

    # -- transports -----------------------------------------------------------------------------

    def _offer_transport(
        self, plan: SectionPlan, groups: _Groups, agreed: Agreement | None
    ) -> Iterator[str]:
        """The transport's lines, in the section that has it; ``a=bundle-only`` where wanted."""
        mid = plan.mid
        if mid in groups.bundle_only:
            yield "a=bundle-only"
        if mid in groups.bundled:
            if plan.kind != "data":
                yield BUNDLED_MUX
            return
        members = groups.was_with.get(mid, ())
        ufrag, pwd = self._credentials_for(mid, members)
        in_group = next((group for group in groups.groups if mid in group), [mid])
        # Sections of media may be bundled into the data section, but not at first (5.2.2).
        carries_rtp = plan.kind != "data" or any(
            other.kind in ("audio", "video")
            for other in self.offer_plan
            if members and other.mid in in_group
        )
        answered = self._answered_transport(agreed, plan, members)
        mux = rsize = only = rtcp = False
        if carries_rtp and answered is not None:
            mux, rsize, rtcp = answered.rtcp_mux, answered.rtcp_rsize, not answered.rtcp_mux
        elif carries_rtp:
            mux, rsize = True, self._able.rtcp_rsize
            # A section that was agreed before cannot become one that only multiplexes.
            only = rtcp = plan.kind != "data" or not members
            only = only and self.configuration.rtcp_mux_policy == "require"
        yield from Transport(
            ufrag,
            pwd,
            self.identity.fingerprint,
            "actpass",
            self._tls_id_for(mid, members),
            rtcp,
            mux,
            only,
            rsize,
        ).lines()

    def _answered_transport(
        self, agreed: Agreement | None, plan: SectionPlan, members: Sequence[str]
    ) -> MediaSection | None:
        """The section with the transport's lines in the last answer, if that carried RTP."""
        if agreed is None or plan.recycled:
            return None
        document = agreed.answer
        named = [document.find_media(mid) for mid in (plan.mid, *members)]
        shared = [media for media in named if media is not None and not media.rejected]
        if any(media.is_rtp for media in shared):
            return document.transport_of(shared[0])
        media = agreed.section(document, plan.level, plan.mid)
        return media if media is not None and media.is_rtp else None


def _ordered_as(own: Sequence[MediaFormat], answered: Sequence[MediaFormat]) -> list[MediaFormat]:
    """One's own formats in the order of an answer, what it has not behind them."""
    ranks: dict[Configuration, int] = {}
    for item in answered:
        ranks.setdefault(configuration_of(item, answered, numbered=False), len(ranks))
    last = len(ranks)
    return sorted(
        own, key=lambda item: ranks.get(configuration_of(item, own, numbered=False), last)
    )
