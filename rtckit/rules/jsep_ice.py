"""Rules for ICE in a pair and a negotiation: restarts, and two lite ends (RFC 8445; RFC 8839)."""

from collections.abc import Iterator

from rtckit.core.findings import Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import OfferAnswer, Sequence
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity


def _own(media: MediaSection, name: str) -> str | None:
    attribute = media.find(name)
    return attribute.value if attribute is not None else None


@rule(
    "ICE005",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 4.4.1.1.1",),
    subject="sequence",
)
def credentials_change_together(sequence: Sequence) -> Iterator[Hit]:
    """A new username fragment needs a new password, and the other way round.

    Why: an ICE restart changes both. Both browsers take the change of one for a restart, other
        agents go on with the old credentials, and then the checks of one end fail.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=ice-pwd:asd88fgpdd777uzjYhagZg
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
    Fix: restart with `restartIce()` or `createOffer({iceRestart: true})`; change neither by hand.
    """
    for before, after in sequence.successions:
        for old, new in zip(before.media, after.media, strict=False):
            if old.rejected or new.rejected or old.mid != new.mid:
                continue
            values = (old.ice_ufrag, new.ice_ufrag, old.ice_pwd, new.ice_pwd)
            if None in values or (values[0] == values[1]) == (values[2] == values[3]):
                continue
            changed, kept = ("ice-pwd", "ice-ufrag")
            if values[0] != values[1]:
                changed, kept = kept, changed
            attribute = new.find(changed) or after.session.find(changed)
            place = after.at_value(attribute) if attribute else after.at_line(new)
            yield Hit(f"{changed} of media section {new.index} is new, {kept} is not", place)


@rule(
    "ICE006",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 9143, 10", "RFC 8839, 4.4.1.1.1"),
    subject="sequence",
)
def restart_of_bundle(sequence: Sequence) -> Iterator[Hit]:
    """All sections of a bundle must restart ICE together.

    Why: they share one transport. Sections that still show the old credentials ask for a transport
        that is gone, and which one counts depends on the receiver.
    Fires on:
        == offer 1
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:8hhY
        == offer 2
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:9uB6
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:8hhY
    Silent on:
        == offer 1
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:8hhY
        == offer 2
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:9uB6
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:9uB6
    Fix: write the new credentials into every section of the bundle, or into the tagged one alone.
    """
    for before, after in sequence.successions:
        stale: dict[str, list[MediaSection]] = {}
        restarted: set[str] = set()
        for old, new in zip(before.media, after.media, strict=False):
            was, now = _own(old, "ice-ufrag"), _own(new, "ice-ufrag")
            if was is None or now is None or old.mid != new.mid or new.rejected:
                continue
            tag = after.document.transport_of(new).mid
            if tag is None or before.document.transport_of(old).mid != tag:
                continue
            if was != now:
                restarted.add(tag)
            else:
                stale.setdefault(tag, []).append(new)
        for tag, sections in stale.items():
            for media in sections if tag in restarted else ():
                attribute = media.find("ice-ufrag")
                if attribute is not None:
                    yield Hit(
                        f"section {media.index} keeps its ice-ufrag while its bundle restarts",
                        after.at_value(attribute),
                    )


@rule(
    "ICE026",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.3", "RFC 8445, 6.1.1"),
    subject="offer-answer",
)
def both_lite(exchange: OfferAnswer) -> Iterator[Hit]:
    """The two ends should not both be ICE lite.

    Why: a lite agent sends no checks, so no path is tested and nothing finds one through a NAT.
        They agree only when both have public addresses; the offerer is controlling.
    Fires on:
        == offer
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: let one of them be a full agent.
    """
    ours, theirs = exchange.offer.session.find("ice-lite"), exchange.answer.session.find("ice-lite")
    if ours is not None and theirs is not None:
        yield Hit(
            "both ends are ICE lite",
            exchange.answer.at_name(theirs),
            (Evidence("the offer", exchange.offer.at_name(ours)),),
        )
