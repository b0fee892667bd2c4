"""Rules for an answer against its offer: its sections, their names and their directions."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import named, place_of
from rtckit.rules.lint import LintedDescription, OfferAnswer
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_REPLIES = {
    "sendrecv": ("sendrecv", "sendonly", "recvonly", "inactive"),
    "sendonly": ("recvonly", "inactive"),
    "recvonly": ("sendonly", "inactive"),
    "inactive": ("inactive",),
}
_DIRECTIONS = tuple(_REPLIES)
# With more sections than this the only one of a kind is not looked for.
_FEW = 64


def _elsewhere(media: MediaSection, description: LintedDescription) -> str:
    """Where a section with the same mid or the only one of its kind stands in a description."""
    found = description.document.find_media(media.mid) if media.mid else None
    same = [] if found is None else [found]
    if not same and len(description.media) <= _FEW:
        same = [other for other in description.media if other.kind == media.kind]
    if len(same) != 1 or same[0].index == media.index:
        return ""
    return f"; in the offer that is section {same[0].index} (line {same[0].first_line})"


@rule(
    "OA001",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 6", "RFC 9429, 5.8.3"),
    subject="offer-answer",
)
def section_count(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must have as many media sections as its offer.

    Why: sections are matched by their order alone. Both browsers refuse the answer, Chromium with
        "The order of m-lines in answer doesn't match order in offer".
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: answer every section in the order of the offer; refuse one with port 0, add none.
    """
    offered, answered = pair.offer.media, pair.answer.media
    counts = f"the answer has {len(answered)} media sections, the offer {len(offered)}"
    if len(answered) < len(offered):
        mids = {media.mid for media in answered if media.mid is not None}
        missing = [media for media in offered if media.mid is not None and media.mid not in mids]
        if len(missing) != len(offered) - len(answered):
            missing = offered[len(answered) :]
        names = ", ".join(f"{named(media)} of line {media.first_line}" for media in missing[:4])
        yield Hit(f"{counts}: nothing answers {names}", pair.answer.at_end())
    elif len(answered) > len(offered):
        extra = answered[len(offered)]
        yield Hit(f"{counts}: nothing was offered for {named(extra)}", pair.answer.at_line(extra))


@rule(
    "OA002",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 6.1", "RFC 9429, 5.8.3"),
    subject="offer-answer",
)
def section_kind(pair: OfferAnswer) -> Iterator[Hit]:
    """A section must be answered by one of its own kind.

    Why: the first section of the answer answers the first one offered, whatever its mid says. Both
        browsers refuse an answer whose sections changed places.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
    Fix: put the sections of the answer in the order of the offer.
    """
    for offered, answered in pair.pairs:
        if offered.kind != answered.kind:
            yield Hit(
                f"section {answered.index} is {answered.kind[:20] or 'nothing'}, but "
                f"{offered.kind[:20] or 'nothing'} in the offer (line {offered.first_line})"
                + _elsewhere(answered, pair.offer),
                pair.answer.at_word(answered, 0),
            )


@rule(
    "OA003",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.3.1", "RFC 9429, 5.8.3"),
    subject="offer-answer",
    levels={"chromium": WARNING, "firefox": WARNING},
)
def section_protocol(pair: OfferAnswer) -> Iterator[Hit]:
    """A section must be answered with the protocol that was offered.

    Why: the protocol says whether media is encrypted and how feedback is timed. Both browsers take
        `RTP/AVP` for DTLS all the same, while a gateway that means it sends plain RTP.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 RTP/AVP 0
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: copy the protocol from the section that is answered.
    """
    for offered, answered in pair.pairs:
        if offered.kind == answered.kind and offered.protocol != answered.protocol:
            yield Hit(
                f"protocol {answered.protocol[:40]!r} answers {offered.protocol[:40]!r} "
                f"(offer, line {offered.first_line})",
                pair.answer.at_word(answered, 2),
                severity=WARNING if answered.rejected else None,
            )


@rule(
    "OA004",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.3.1", "RFC 5888, 9.1"),
    subject="offer-answer",
)
def section_mid(pair: OfferAnswer) -> Iterator[Hit]:
    """A section must be answered with the mid that was offered.

    Why: candidates, BUNDLE groups and RTP packets name the section by it. Both browsers refuse a
        changed mid; a missing one they take, unless a group names it.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:audio
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: copy `a=mid` from the section that is answered, and write none where there is none.
    """
    for offered, answered in pair.pairs:
        if offered.mid == answered.mid:
            continue
        if answered.mid is None:
            if not answered.rejected:
                yield Hit(
                    f"section {answered.index} lacks the mid {offered.mid[:40]!r} of the offer"
                    if offered.mid
                    else "mid missing",
                    pair.answer.at_line(answered),
                    severity=WARNING,
                )
        elif offered.mid is None:
            yield Hit(
                f"mid {answered.mid[:40]!r}, while the section was offered without one",
                place_of(pair.answer, answered, "mid"),
                severity=WARNING,
            )
        else:
            yield Hit(
                f"mid {answered.mid[:40]!r} answers {offered.mid[:40]!r}"
                + _elsewhere(answered, pair.offer),
                place_of(pair.answer, answered, "mid"),
            )


@rule(
    "OA007",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 6.1",),
    subject="offer-answer",
)
def direction_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must send and take only what the offer lets it.

    Why: `sendonly` is answered `recvonly` or `inactive`, and the other way round. Both browsers
        refuse any other answer, Chromium with "Incompatible send direction".
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=recvonly
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=recvonly
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=recvonly
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=sendonly
    Fix: mirror the direction of the offer, and narrow it if need be.
    """
    for offered, answered in pair.accepted:
        if not (offered.is_rtp and answered.is_rtp):
            continue
        allowed = _REPLIES.get(offered.direction, _DIRECTIONS)
        if answered.direction in allowed:
            continue
        own = [found for name in _DIRECTIONS if (found := answered.find(name)) is not None]
        stated = own or [
            found for name in _DIRECTIONS if (found := pair.answer.session.find(name)) is not None
        ]
        said = "" if stated else " (no direction is said)"
        yield Hit(
            f"{answered.direction}{said} answers {offered.direction}; allowed: "
            + ", ".join(allowed),
            pair.answer.at_line(stated[-1] if stated else answered),
        )


@rule(
    "OA008",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 8.2", "RFC 9143, 7.3"),
    subject="offer-answer",
)
def closed_section_accepted(pair: OfferAnswer) -> Iterator[Hit]:
    """A section offered with port 0 must be answered with port 0.

    Why: port 0 without `a=bundle-only` closes the section: the offerer neither sends nor listens
        there, so media for it goes nowhere.
    Fires on:
        == offer
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 0 UDP/TLS/RTP/SAVPF 0
    Fix: answer it with port 0.
    """
    for offered, answered in pair.pairs:
        if offered.rejected and answered.port != 0:
            yield Hit(
                f"{named(answered)} is accepted, but was offered with port 0 "
                f"(offer, line {offered.first_line})",
                pair.answer.at_word(answered, 1),
            )


@rule(
    "OA010",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 6",),
    subject="offer-answer",
    levels={"rfc": ERROR},
)
def answered_times(pair: OfferAnswer) -> Iterator[Hit]:
    """The `t=` line of an answer should be that of the offer.

    Why: when a session takes place is not negotiated. Browsers do not look at it; SIP proxies may.
    Fires on:
        == offer
        t=0 0
        == answer
        t=3724394400 0
    Silent on:
        == offer
        t=0 0
        == answer
        t=0 0
    Fix: write `t=0 0` in both.
    """
    offered = [timing[:2] for timing in pair.offer.session.timings]
    answered = [timing[:2] for timing in pair.answer.session.timings]
    if offered and answered and offered[0] != answered[0]:
        yield Hit(
            f"t={answered[0][0]} {answered[0][1]} answers t={offered[0][0]} {offered[0][1]}",
            pair.answer.at(pair.answer.session.timings[0].span),
        )


@rule(
    "OA029",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 6",),
    subject="offer-answer",
)
def section_refused(pair: OfferAnswer) -> Iterator[Hit]:
    """The answer refuses a section that was offered.

    Why: it may mean to, yet often there was only no common codec, or no `a=sctp-port` for data
        channels, and neither end is told of it.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        == answer
        m=video 0 UDP/TLS/RTP/SAVPF 96
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
    Fix: nothing, if it is meant; else compare the codecs and what the answerer supports.
    """
    for offered, answered in pair.pairs:
        if answered.rejected and not offered.rejected:
            what = "no data channel can open" if offered.is_data else "nothing is sent for it"
            yield Hit(f"{named(offered)} is refused: {what}", pair.answer.at_word(answered, 1))


@rule(
    "OA033",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 6",),
    subject="offer-answer",
)
def offer_echoed(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must come from the other end.

    Why: signalling that sends messages to everybody gives the offerer its own offer back. The
        answer then has the offer's session id, and Chromium says "Answerer must use either active
        or passive value for setup attribute".
    Fires on:
        == offer
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
        == answer
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
    Silent on:
        == offer
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
        == answer
        o=- 6 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:active
    Fix: do not deliver a message to its sender, and send on what `createAnswer` gave.
    """
    offered, answered = pair.offer.session.origin, pair.answer.session.origin
    if offered is None or answered is None or offered[:3] != answered[:3]:
        return
    ends = [
        {(media.ice_ufrag, media.ice_pwd) for media in description.media if media.ice_ufrag}
        for description in (pair.offer, pair.answer)
    ]
    if ends[0] != ends[1]:
        return
    roles = {media.setup for media in pair.answer.media if not media.rejected}
    same = pair.offer.text == pair.answer.text
    if same or ends[0] or "actpass" in roles:
        what = "the answer is the offer itself" if same else "the answer was made from the offer"
        yield Hit(
            f"{what}: session id {answered.session_id[:40]} of the same o= line"
            + (", and the same ICE credentials" if ends[0] else ""),
            pair.answer.at(answered.span),
        )
