"""Writing an answer: RFC 9429, 5.3.1 (initial) and 5.3.2 (subsequent)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.matching.bundle import BundleAnswer, OfferedSection, answer_bundles
from rtckit.jsep.matching.codecs import Matching, TakenCodec, match_codecs
from rtckit.jsep.matching.extensions import ExtensionKey
from rtckit.jsep.matching.formats import Formats, MediaFormat
from rtckit.jsep.matching.payload_types import PayloadTypes, conflicts_in_bundle
from rtckit.jsep.matching.sctp import DATA_PROTOCOLS, match_data
from rtckit.jsep.matching.simulcast import answer_rids, build_rid, build_simulcast
from rtckit.jsep.matching.transport import match_rtcp_mux
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.rfc.answer_extensions import answer_extensions
from rtckit.jsep.stacks.rfc.answer_transports import AnswerTransports, Reply
from rtckit.jsep.stacks.rfc.codecs import allowed_formats
from rtckit.jsep.stacks.rfc.faults import RTP_PROTOCOLS
from rtckit.jsep.stacks.rfc.lines import (
    CONNECTION,
    codec_lines,
    media_line,
    numbers_text,
    rejected_lines,
    session_lines,
)
from rtckit.jsep.stacks.rfc.memory import Agreement, number_formats
from rtckit.jsep.stacks.rfc.rereading import extmap_of, formats_of, numbers_of
from rtckit.jsep.stacks.rfc.written import facts_of_section
from rtckit.jsep.transceiver import Transceiver
from rtckit.sdp.document import Document
from rtckit.sdp.media import MediaSection

__all__ = ["AnswerWriter"]

_OFFER_ANSWER = "RFC 9429, 5.3.1"
_FEW = 4
"""Sections that were learnt, up to which it pays to remember what is added after them."""
_RID_EXTENSION = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"


class _Lines(NamedTuple):
    """The lines of a section without its transport, in order.

    What a connection takes from its own description never stands in ``formats``: codecs and
    extensions, of which there are many.
    """

    head: list[str]
    formats: Sequence[str] = ()
    tail: Sequence[str] = ()


class _Choice(NamedTuple):
    """The formats of a section; ``learnt`` are those whose numbers are new in the session."""

    matching: Matching
    formats: Formats
    learnt: Formats


class AnswerWriter(AnswerTransports):
    """The part of the peer that writes answers."""

    _offered_numbers: frozenset[int] = frozenset()

    def _write_answer(self) -> str:
        offer = self._document_of(self.remote)
        assert offer is not None
        self._learn_all()
        agreed = self._agreement()
        # One's own formats may be written otherwise, so that none of these is free for them.
        self._offered_numbers = frozenset().union(*map(numbers_of, offer.media))
        replies = [
            self._consider(plan, media, offer, agreed)
            for plan, media in zip(self._plan_answer(), offer.media, strict=True)
        ]
        bundles = self._answer_groups(replies, offer, agreed)
        shared: dict[str, dict[int, ExtensionKey]] = {}
        sections: list[list[str]] = []
        facts: list[SectionFacts | None] = []
        for reply in replies:
            self._explain_reply(reply, bundles)
            if reply.rejected is not None:
                lines = list(rejected_lines(reply.media, reply.mid))
                sections.append(lines)
                facts.append(facts_of_section(reply.media, lines))
                continue
            tag = bundles.tag_of(reply.mid)
            own = self._answer_transport(reply, replies, bundles, offer, agreed)
            if reply.plan.kind == "data":
                parts = _Lines(list(self._answer_data(reply)))
            else:
                ids = shared.setdefault(f"tag {tag}" if tag else f"own {reply.media.index}", {})
                parts = self._answer_media(reply, ids)
            sections.append([*parts.head, *parts.formats, *parts.tail, *own])
            facts.append(facts_of_section(reply.media, [*parts.head, *parts.tail, *own]))
        mixed, everywhere = self._answer_mixed(replies, offer)
        head = session_lines(
            self.identity.session_id,
            self.version,
            _common_options(offer),
            [
                *(("BUNDLE", group) for group in bundles.groups),
                *self._answer_lip_sync(replies, offer),
            ],
            ice_lite=self.configuration.ice_lite,
            allow_mixed=mixed and everywhere,
            times=_times(offer),
        )
        text = "\r\n".join([*head, *chain.from_iterable(sections), ""])
        if None not in facts:
            self._keep_facts(
                text,
                DescriptionFacts(
                    tuple(fact for fact in facts if fact is not None),
                    tuple(bundles.groups),
                    self.configuration.ice_lite,
                ),
            )
        return text

    # -- which sections -------------------------------------------------------------------------

    def _consider(
        self, plan: SectionPlan, media: MediaSection, offer: Document, agreed: Agreement | None
    ) -> Reply:
        """Find out whether a section can be taken by itself, and with which codecs."""
        reply = Reply(plan, media)
        if media.rejected:
            reply.reject("it was offered with port 0", "RFC 3264, 6")
        elif plan.kind == "data":
            self._consider_data(reply)
        elif plan.kind not in ("audio", "video"):
            reply.reject(f"{media.kind[:40]!r} is no kind of media here", "RFC 3264, 6")
        elif media.protocol.upper() not in RTP_PROTOCOLS:
            reply.reject(f"{media.protocol[:40]!r} is not supported", "RFC 9429, 5.1.2")
        elif plan.rejected or plan.transceiver is None:
            reply.reject("its transceiver is stopped", _OFFER_ANSWER)
        else:
            self._consider_mux(reply, offer, agreed)
            self._consider_codecs(reply, plan.transceiver)
        return reply

    def _consider_data(self, reply: Reply) -> None:
        media = reply.media
        if media.protocol.upper() not in DATA_PROTOCOLS:
            reply.reject(f"{media.protocol[:40]!r} is not supported", "RFC 9429, 5.1.2")
        elif reply.plan.rejected:
            reply.reject("there is a data section already", "RFC 9429, 5.2.1")
        else:
            found = match_data(media.protocol, media.formats, media.sctp_port, self._able.sctp_port)
            if not found.taken:
                reply.reject(found.why, *found.refs)

    def _consider_mux(self, reply: Reply, offer: Document, agreed: Agreement | None) -> None:
        there = offer.transport_of(reply.media)
        before = (
            None
            if agreed is None
            else agreed.section(agreed.answer, reply.media.index, reply.media.mid)
        )
        found = match_rtcp_mux(
            reply.media.rtcp_mux or there.rtcp_mux,
            reply.media.rtcp_mux_only or there.rtcp_mux_only,
            self.configuration.rtcp_mux_policy,
            was_muxed=before is not None
            and agreed is not None
            and agreed.answer.transport_of(before).rtcp_mux,
        )
        if not found.taken:
            reply.reject(found.why, *found.refs)

    def _consider_codecs(self, reply: Reply, transceiver: Transceiver) -> None:
        section = self.facts_of(self.remote).sections[reply.media.index]
        reply.direction = self._answer_direction(section, transceiver)
        preferences = transceiver.codec_preferences
        own = allowed_formats(self._able, reply.plan.kind, reply.direction, preferences)
        offered = formats_of(reply.media)
        matching = match_codecs(offered, own, own_order=bool(preferences))
        reply.matching = matching
        if not matching.is_usable:
            reply.reject("none of the offered codecs can be taken", _OFFER_ANSWER)
            return
        chosen = self._choose_formats(own, offered, bool(preferences))
        reply.matching, reply.formats = chosen.matching, chosen.formats

    def _choose_formats(self, own: Formats, offered: Formats, own_order: bool) -> _Choice:
        """What is taken, and behind it what this side can receive besides (RFC 9429, 5.3.1)."""
        numbers = self._memory.numbers
        if len(numbers.bound) <= _FEW:
            found = _choose_anew(own, offered, own_order, numbers.bound, self._offered_numbers)
        else:
            found = _choose(own, offered, own_order, numbers, self._offered_numbers)
        if found.learnt:
            numbers.bind(found.learnt)
        return found

    def _answer_groups(
        self, replies: Sequence[Reply], offer: Document, agreed: Agreement | None
    ) -> BundleAnswer:
        """Choose the bundles, and reject what they reject."""
        groups = [group.mids for group in offer.groups if group.semantics == "BUNDLE"]
        for group in groups:
            members = [reply for reply in replies if reply.mid in group and reply.rejected is None]
            formats = [(reply.media.index, reply.formats) for reply in members if reply.formats]
            for conflict in conflicts_in_bundle(formats):
                first, second = conflict.meanings
                replies[conflict.second].conflict = (
                    f"payload type {conflict.payload_type} is {second}, but {first} in section "
                    f"{conflict.first} of its bundle"
                )
        sections = [_offered_section(reply) for reply in replies]
        bundles = answer_bundles(
            groups,
            sections,
            self.configuration.bundle_policy,
            negotiated={mid for mids in agreed.bundles() for mid in mids} if agreed else (),
        )
        for reply in replies:
            if reply.media.index in bundles.rejected:
                why, refs = bundles.rejected[reply.media.index]
                reply.reject(why, *refs)
        return bundles

    # -- sections -------------------------------------------------------------------------------

    def _answer_data(self, reply: Reply) -> Iterator[str]:
        media = reply.media
        yield media_line(media.kind, 9, media.protocol, media.formats)
        yield CONNECTION
        if media.mid is not None:
            yield f"a=mid:{media.mid}"
        port = self._able.sctp_port if media.sctp_port else 0
        if media.formats and media.formats[0].isdecimal():
            # What old drafts had; format and port are one (RFC 9429, 5.3.1: exactly match).
            yield f"a=sctpmap:{media.formats[0]} webrtc-datachannel 1024"
        else:
            yield f"a=sctp-port:{port}"
        if self._able.max_message_size is not None:
            yield f"a=max-message-size:{self._able.max_message_size}"

    def _answer_media(self, reply: Reply, shared: dict[int, ExtensionKey]) -> _Lines:
        media, plan = reply.media, reply.plan
        transceiver = plan.transceiver
        assert transceiver is not None
        numbers = numbers_text(reply.formats)
        head = [media_line(media.kind, 9, media.protocol, (numbers,)), CONNECTION]
        if media.mid is not None:
            head.append(f"a=mid:{media.mid}")
        head.append(f"a={reply.direction}")
        lines = [*codec_lines(reply.formats)]
        offer = self._document_of(self.remote)
        everywhere = offer is not None and offer.session.has("extmap-allow-mixed")
        if self._able.extmap_allow_mixed and media.extmap_allow_mixed and not everywhere:
            lines.append("a=extmap-allow-mixed")
        lines += self._answer_extensions(reply, shared)
        if self._able.cryptex and (media.has("cryptex") or self._offers_cryptex(offer)):
            lines.append("a=cryptex")
        tail = [*self._msid_lines(plan, transceiver), *self._answer_simulcast(reply, transceiver)]
        return _Lines(head, lines, tail)

    def _offers_cryptex(self, offer: Document | None) -> bool:
        return offer is not None and offer.session.has("cryptex")

    def _answer_extensions(self, reply: Reply, shared: dict[int, ExtensionKey]) -> tuple[str, ...]:
        media, ids = reply.media, self._memory.ids
        found = answer_extensions(
            extmap_of(media), self._able, media.kind, reply.direction, shared, ids
        )
        shared.update(found.meanings)
        ids.bind_all(found.taken)
        if self.explain:
            index, mid = media.index, media.mid
            for item in found.taken:
                self._decide(
                    index, mid, "extension", f"{item.id} {item.uri}", "taken", item.why, *item.refs
                )
            for lost in found.dropped:
                name = f"{lost.offered.id} {lost.offered.uri}"
                self._decide(index, mid, "extension", name, "dropped", lost.why, *lost.refs)
        return found.lines

    def _answer_simulcast(self, reply: Reply, transceiver: Transceiver) -> Iterator[str]:
        media = reply.media
        if not media.rids:
            return
        if not any(item.uri == _RID_EXTENSION for item in media.extmap):
            why = "without the rtp-stream-id header extension only RTCP could tell its packets"
            for rid in media.rids:
                self._decide(
                    media.index, media.mid, "simulcast", rid.id, "dropped", why, "RFC 8853, 5.5"
                )
            return
        sends = reply.direction in ("sendrecv", "sendonly") and self._able.simulcast
        receives = reply.direction in ("sendrecv", "recvonly")
        numbers = {
            str(item.offered.payload_type): str(item.answer.payload_type)
            for item in (reply.matching.taken if reply.matching else ())
            if item.offered is not None
        }
        # Several a=simulcast lines disable it (RFC 8853, 5.3.2).
        simulcast = media.simulcast if len(media.find_all("simulcast")) == 1 else None
        found = answer_rids(
            media.rids,
            simulcast,
            numbers,
            media.formats,
            sendable=[item.rid for item in transceiver.encodings if item.rid] if sends else (),
            receives=receives and self._able.simulcast_receive,
        )
        for rid in found.rids:
            yield f"a=rid:{build_rid(rid)}"
        text = build_simulcast(found.send, found.recv)
        if text:
            yield f"a=simulcast:{text}"
        for rid in found.rids:
            why = f"{rid.direction} here, as the offer has it the other way round"
            self._decide(media.index, media.mid, "simulcast", rid.id, "taken", why, "RFC 8851, 6.3")
        for lost in found.dropped:
            self._decide(
                media.index, media.mid, "simulcast", lost.rid, "dropped", lost.why, *lost.refs
            )

    def _answer_mixed(self, replies: Sequence[Reply], offer: Document) -> tuple[bool, bool]:
        """Whether header extensions may mix, and whether the session level says so."""
        taken = [item for item in replies if item.rejected is None and item.media.is_rtp]
        return (
            self._able.extmap_allow_mixed and bool(taken),
            offer.session.has("extmap-allow-mixed"),
        )

    def _answer_lip_sync(
        self, replies: Sequence[Reply], offer: Document
    ) -> list[tuple[str, list[str]]]:
        """The LS groups that this side's streams allow (RFC 9429, 5.3.1)."""
        transceivers = {
            reply.mid: reply.plan.transceiver
            for reply in replies
            if reply.rejected is None and reply.mid is not None
        }
        found: list[tuple[str, list[str]]] = []
        for group in offer.groups:
            if group.semantics != "LS":
                continue
            members = {
                mid: each for mid in group.mids if (each := transceivers.get(mid)) is not None
            }
            free = {
                mid
                for mid, each in members.items()
                if not each.stream_ids and each.made_by == "setRemoteDescription"
            }
            streams = dict.fromkeys(
                stream for each in members.values() for stream in each.stream_ids
            )
            sets = [
                [mid for mid, each in members.items() if stream in each.stream_ids or mid in free]
                for stream in streams
            ] or [sorted(free, key=list(members).index)]
            best = max(sets, key=len)
            if len(best) > 1:
                found.append(("LS", best))
        return found


@lru_cache(maxsize=256)
def _choose_anew(
    own: Formats,
    offered: Formats,
    own_order: bool,
    bound: tuple[Formats, ...],
    offered_numbers: frozenset[int],
) -> _Choice:
    """`_choose`, where numbers mean what the sections so far made them."""
    numbers = PayloadTypes()
    for formats in bound:
        numbers.bind(formats)
    return _choose(own, offered, own_order, numbers, offered_numbers)


def _choose(
    own: Formats,
    offered: Formats,
    own_order: bool,
    numbers: PayloadTypes,
    offered_numbers: frozenset[int],
) -> _Choice:
    matching = match_codecs(offered, own, own_order=own_order)
    added = _find_added(matching, own, offered, numbers, offered_numbers)
    both = (*matching.taken, *added)
    formats = Formats(item.answer for item in both)
    learnt = formats if added else Formats()
    if own_order:
        formats = Formats(
            item.answer
            for mine in own
            for item in both
            if item.own.payload_type == mine.payload_type
        )
    return _Choice(Matching(both, matching.dropped), formats, learnt)


def _find_added(
    matching: Matching,
    own: Formats,
    offered: Formats,
    numbers: PayloadTypes,
    offered_numbers: frozenset[int],
) -> tuple[TakenCodec, ...]:
    """What this side can receive besides.

    Retransmission is added only where the offer has it, and feedback only of the kinds that the
    section was offered with (RFC 9429, 5.11). Redundancy that was offered in a form that cannot be
    taken is not added in another.
    """
    fixed: dict[int, int] = {}
    for item in matching.taken:
        fixed.setdefault(item.own.payload_type, item.answer.payload_type)
    refused = {item.offered.identity for item in matching.dropped}
    repeats = any(item.identity[0] == "rtx" for item in offered)
    known = frozenset(value.lower() for item in offered for value in item.feedback)
    wanted = [
        mine
        for mine in own
        if mine.payload_type in fixed
        or not mine.is_resiliency
        or (mine.identity[0] == "rtx" and repeats)
        or (mine.identity[0] != "rtx" and mine.identity not in refused)
    ]
    numbered = number_formats(wanted, numbers, offered_numbers, fixed)
    return tuple(
        _added(numbered[mine.payload_type], mine, known)
        for mine in own
        if mine.payload_type in numbered and mine.payload_type not in fixed
    )


@lru_cache(maxsize=1024)
def _added(made: MediaFormat, own: MediaFormat, known: frozenset[str]) -> TakenCodec:
    feedback = tuple(value for value in own.feedback if value.lower() in known)
    why = "not offered, and supported: it may be sent to this peer as well"
    return TakenCodec(replace(made, feedback=feedback), None, own, why, (_OFFER_ANSWER,))


def _offered_section(reply: Reply) -> OfferedSection:
    """A section as BUNDLE sees it; one without ICE credentials lives by its group alone."""
    media = reply.media
    has_transport = bool(media.port) and media.ice_ufrag is not None
    return OfferedSection(
        media.index,
        reply.mid,
        reply.plan.kind,
        has_transport,
        not has_transport and not media.rejected,
        None if reply.rejected is None else reply.rejected[0],
        reply.conflict,
    )


def _times(offer: Document) -> str:
    """The ``t=`` line, which must be that of the offer (RFC 3264, 6)."""
    timing = next(iter(offer.session.timings), None)
    return "0 0" if timing is None else f"{timing.start} {timing.stop}"


def _common_options(offer: Document) -> list[str]:
    """The ICE options of the answer: those of the offer that are known (RFC 9429, 5.3.1)."""
    offered = set(offer.session.ice_options)
    for media in offer.media:
        if not media.rejected:
            offered.update(media.ice_options)
    return [option for option in ("trickle", "ice2") if option in offered]
