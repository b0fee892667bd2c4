"""Rules for an answer against its offer: header extensions, rids and simulcast."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import extensions_of, place_of, rtp_pairs
from rtckit.rules.lint import OfferAnswer
from rtckit.sdp.rtp import Simulcast

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# Faults of one line that are told one by one.
_MOST = 16

_REVERSED = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
    "send": "recv",
    "recv": "send",
}


@rule(
    "OA043",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7", "RFC 9429, 5.3.1"),
    subject="offer-answer",
    levels={"firefox": ERROR},
)
def extension_not_offered(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer should have only the header extensions that were offered.

    Why: the offerer has no use for others and may need the id for one of its own. Firefox refuses
        the answer; Chromium takes it and ignores the extension.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Fix: remove the line, or offer the extension.
    """
    for offered, answered in rtp_pairs(pair):
        asked = extensions_of(offered)
        for uri, extension in extensions_of(answered).items():
            if uri not in asked:
                yield Hit(
                    f"header extension {uri[:80]!r} was not offered in section {offered.index}",
                    pair.answer.at(extension.span),
                )


@rule(
    "OA044",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7",),
    subject="offer-answer",
    levels={"chromium": WARNING},
)
def extension_id_kept(pair: OfferAnswer) -> Iterator[Hit]:
    """A header extension must be answered under the id that was offered.

    Why: one id holds in both directions. Packets would carry, say, the mid where the other end
        reads a time; Firefox refuses the answer, Chromium not always.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: copy the id from the offer.
    """
    for offered, answered in rtp_pairs(pair):
        asked = extensions_of(offered)
        for uri, extension in extensions_of(answered).items():
            before = asked.get(uri)
            # Ids from 4096 are there to be replaced (RFC 8285, 7).
            if before is not None and before.id != extension.id and before.id < 4096:
                yield Hit(
                    f"id {extension.id} for {uri[:80]}, but {before.id} in the offer "
                    f"(line {before.span.line})",
                    pair.answer.at(extension.span),
                )


@rule(
    "OA045",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7",),
    subject="offer-answer",
)
def extension_direction(pair: OfferAnswer) -> Iterator[Hit]:
    """The direction of a header extension should fit the one that was offered.

    Why: an extension offered `sendonly` is only ever received by the answerer, so `sendonly` in the
        answer leaves nobody to read it.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Fix: answer `sendonly` with `recvonly`, the other way round, or `inactive`.
    """
    for offered, answered in rtp_pairs(pair):
        asked = extensions_of(offered)
        for uri, extension in extensions_of(answered).items():
            before = asked.get(uri)
            if before is None or before.direction in (None, "sendrecv"):
                continue
            # Stacks that know no directions answer with none; that takes nothing away.
            reply = extension.direction
            if reply is not None and reply not in (
                _REVERSED[before.direction or "sendrecv"],
                "inactive",
            ):
                yield Hit(
                    f"{reply} answers the extension offered {before.direction} "
                    f"(line {before.span.line})",
                    pair.answer.at(extension.span),
                )


@rule(
    "OA053",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 6",),
    subject="offer-answer",
)
def mixed_extensions_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer should have `a=extmap-allow-mixed` only when it was offered.

    Why: the answerer would mix one- and two-byte header extensions in a stream, which the offerer
        did not say it can read.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap-allow-mixed
    Silent on:
        == offer
        a=extmap-allow-mixed
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap-allow-mixed
    Fix: remove the line, or offer it.
    """
    told = False
    for offered, answered in rtp_pairs(pair):
        if answered.extmap_allow_mixed and not offered.extmap_allow_mixed and not told:
            told = not answered.has("extmap-allow-mixed")
            yield Hit(
                "extmap-allow-mixed was not offered",
                place_of(pair.answer, answered, "extmap-allow-mixed"),
            )


@rule(
    "OA047",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8851, 6.3", "RFC 8851, 6.4"),
    subject="offer-answer",
    levels={"chromium": WARNING},
)
def rid_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """A rid of an answer must be one of the offer, in the opposite direction.

    Why: what the offerer sends the answerer receives. A rid that was not offered is ignored, and
        one with the same direction at both ends has a sender or a receiver only.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h recv
    Fix: copy the rids of the offer, with `send` and `recv` exchanged.
    """
    for offered, answered in rtp_pairs(pair):
        asked = {rid.id: rid for rid in offered.rids}
        for rid in answered.rids:
            before = asked.get(rid.id)
            if before is None:
                yield Hit(
                    f"rid {rid.id[:20]!r} was not offered",
                    pair.answer.at(rid.span),
                    severity=WARNING,
                )
            elif before.direction == rid.direction:
                yield Hit(
                    f"rid {rid.id[:20]!r} is {rid.direction} at both ends",
                    pair.answer.at(rid.span),
                )
            elif added := [name for name in rid.restrictions if name not in before.restrictions]:
                yield Hit(
                    f"rid {rid.id[:20]!r} has the restriction {added[0][:20]!r}, which was not "
                    "offered",
                    pair.answer.at(rid.span),
                    severity=WARNING,
                )
            elif rid.payload_types and not before.payload_types:
                yield Hit(
                    f"rid {rid.id[:20]!r} has payload types, while it was offered without",
                    pair.answer.at(rid.span),
                    severity=WARNING,
                )


def _rids_of(simulcast: Simulcast, direction: str) -> list[str]:
    streams = simulcast.send if direction == "send" else simulcast.recv
    return [choice.rid for stream in streams for choice in stream]


@rule(
    "OA049",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8853, 5.3.2",),
    subject="offer-answer",
    levels={"chromium": WARNING},
)
def simulcast_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """Simulcast must be answered in the opposite direction, with no stream added.

    Why: an answer takes or leaves the streams that were offered. `send` answered with `send` means
        that nobody receives, and then only one layer is sent.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h send
        a=rid:l send
        a=simulcast:send h;l
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rid:h recv
        a=simulcast:recv h
    Fix: exchange `send` and `recv`, and list only rids of the offer.
    """
    for offered, answered in rtp_pairs(pair):
        reply, asked = answered.simulcast, offered.simulcast
        if reply is None:
            continue
        place = place_of(pair.answer, answered, "simulcast")
        if asked is None:
            yield Hit("simulcast was not offered", place)
            continue
        attribute = answered.find("simulcast")
        for direction in ("send", "recv"):
            rids = _rids_of(reply, direction)
            known = frozenset(_rids_of(asked, _REVERSED[direction]))
            if not rids:
                continue
            if not known:
                yield Hit(
                    f"simulcast {direction}, while the offer has no {_REVERSED[direction]}", place
                )
                continue
            added = [rid for rid in dict.fromkeys(rids) if rid not in known]
            for rid in added[:_MOST]:
                where = place
                if attribute is not None:
                    where = pair.answer.at_text(attribute, rid)
                yield Hit(
                    f"simulcast {direction} {rid[:20]!r} was not offered as {_REVERSED[direction]}",
                    where,
                )
