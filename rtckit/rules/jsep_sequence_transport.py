"""Rules for a negotiation: ICE restarts and bundles."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import (
    Step,
    bundled,
    label,
    named,
    place_of,
    section_at,
    steps,
    transport,
)
from rtckit.rules.lint import LintedDescription, Sequence
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

Credentials = tuple[str | None, str | None]


def _credentials(description: LintedDescription, media: MediaSection) -> Credentials:
    own = transport(description, media)
    return own.ice_ufrag, own.ice_pwd


def _transports(step: Step) -> Iterator[tuple[MediaSection, MediaSection]]:
    """The transports of a description that its writer had agreed on before, then and now."""
    if step.own is None:
        return
    for new in step.description.media:
        old = section_at(step.own, new.index)
        if old is None or new.rejected or old.mid != new.mid:
            continue
        if transport(step.description, new) is new:
            yield old, new


def _restarts(step: Step) -> Iterator[MediaSection]:
    """The transports for which a description has new ICE credentials."""
    for old, new in _transports(step):
        before, now = _credentials(step.own or step.description, old), (new.ice_ufrag, new.ice_pwd)
        if None not in before and None not in now and before[0] != now[0] and before[1] != now[1]:
            yield new


@rule(
    "OA019",
    INFO,
    layer=Layer.ICE,
    refs=("RFC 8839, 4.4.1.1.1", "RFC 8842, 3.1"),
    subject="sequence",
)
def ice_restart(sequence: Sequence) -> Iterator[Hit]:
    """The offer restarts ICE.

    Why: candidates and checks begin anew, while media goes on over the old path until a new one is
        found. The DTLS association stays, if the fingerprints and roles do.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
    Fix: nothing, if it is meant.
    """
    for step in steps(sequence):
        if not step.description.is_offer:
            continue
        for media in _restarts(step):
            kept = step.own is not None and (
                [item[:2] for item in media.fingerprints]
                == [
                    item[:2]
                    for item in transport(step.own, step.own.media[media.index]).fingerprints
                ]
            )
            yield Hit(
                f"{named(media)} restarts ICE"
                + (": the DTLS association goes on" if kept else ": a new DTLS association begins"),
                place_of(step.description, media, "ice-ufrag"),
            )


@rule(
    "OA056",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 4.4.2.1", "RFC 9429, 5.3.2"),
    subject="sequence",
)
def restart_answered(sequence: Sequence) -> Iterator[Hit]:
    """An ICE restart must be answered with new credentials.

    Why: an answer with the old ones goes on with the old checks, which the offerer has ended. It
        also tells of an answer that was kept and sent again.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ab3d
        a=ice-pwd:Kq2wpcNd77uzjYhagZg123
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ab3d
        a=ice-pwd:Kq2wpcNd77uzjYhagZg123
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ab3d
        a=ice-pwd:Kq2wpcNd77uzjYhagZg123
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ef5g
        a=ice-pwd:Zz9wpcNd77uzjYhagZg456
    Fix: create the answer after the offer was set.
    """
    offered: dict[int, MediaSection] = {}
    offer_restarts: set[int] = set()
    for step in steps(sequence):
        if step.description.is_offer:
            offered = {media.index: media for media in _restarts(step)}
            offer_restarts = set(offered)
            continue
        if step.offer is None or step.own is None or step.peer is None:
            continue
        for old, new in _transports(step):
            before, now = _credentials(step.own, old), (new.ice_ufrag, new.ice_pwd)
            asking = section_at(step.offer, new.index)
            if asking is None or None in now or None in before:
                continue
            restarts = transport(step.offer, asking).index in offer_restarts
            if restarts and before == now:
                yield Hit(
                    f"{named(new)} keeps its ICE credentials, while {label(step.offer)} restarts",
                    place_of(step.description, new, "ice-ufrag"),
                )


@rule(
    "OA057",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 9429, 5.3.2", "RFC 8839, 4.4.2"),
    subject="sequence",
)
def restart_in_answer(sequence: Sequence) -> Iterator[Hit]:
    """An answer must keep its ICE credentials when the offer does.

    Why: only an offer can restart ICE. With new credentials in the answer alone the offerer checks
        with a password that the running session does not know.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ab3d
        a=ice-pwd:Kq2wpcNd77uzjYhagZg123
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ef5g
        a=ice-pwd:Zz9wpcNd77uzjYhagZg456
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ab3d
        a=ice-pwd:Kq2wpcNd77uzjYhagZg123
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:Ab3d
        a=ice-pwd:Kq2wpcNd77uzjYhagZg123
    Fix: answer on the same connection; restart with an offer of one's own.
    """
    for step in steps(sequence):
        if step.offer is None or step.own is None or step.peer is None:
            continue
        for old, new in _transports(step):
            asking, asked = section_at(step.offer, new.index), section_at(step.peer, new.index)
            if asking is None or asked is None:
                continue
            theirs = _credentials(step.peer, asked), _credentials(step.offer, asking)
            before, now = _credentials(step.own, old), (new.ice_ufrag, new.ice_pwd)
            if None in before or None in now or None in theirs[0]:
                continue
            if theirs[0] == theirs[1] and before[0] != now[0]:
                yield Hit(
                    f"{named(new)} has new ICE credentials, although {label(step.offer)} does not "
                    "restart ICE",
                    place_of(step.description, new, "ice-ufrag"),
                )


@rule(
    "OA027",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 4.4.1.1.1", "RFC 8839, 4.4.2.1"),
    subject="sequence",
)
def ice_lite_changed(sequence: Sequence) -> Iterator[Hit]:
    """`a=ice-lite` should not come or go without an ICE restart.

    Why: it settles which end checks and chooses the path. Browsers accept the change and keep the
        roles they have, so the two ends may differ about them.
    Fires on:
        == offer 1
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: keep the line in every description of the same agent.
    """
    for step in steps(sequence):
        if step.own is None:
            continue
        was, now = step.own.session.ice_lite, step.description.session.ice_lite
        if was == now or any(_restarts(step)):
            continue
        attribute = step.description.session.find("ice-lite")
        yield Hit(
            f"ice-lite is {'new' if now else 'gone'} since {label(step.own)}",
            step.description.at_line(1 if attribute is None else attribute),
        )


@rule(
    "BUNDLE020",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.2", "RFC 9143, 7.3.2"),
    subject="sequence",
)
def bundle_members_kept(sequence: Sequence) -> Iterator[Hit]:
    """A section that was bundled should stay so while it is in use.

    Why: its transport is gone since the bundle was agreed. Chromium cannot answer an offer without
        the group: "Answer cannot remove m= section from already-established BUNDLE group".
    Fires on:
        == offer 1
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer 1
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        == offer 1
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer 1
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == offer 2
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: list every section that was in the group of the last answer and is not rejected.
    """
    for step in steps(sequence):
        if step.agreed is None:
            continue
        was, now = bundled(step.agreed.answer), bundled(step.description)
        for media in step.description.media:
            if media.rejected or media.mid is None or media.mid not in was or media.mid in now:
                continue
            if section_at(step.agreed.answer, media.index) is None:
                continue
            yield Hit(
                f"{named(media)} left its BUNDLE group"
                + (": there is no group any more" if not now else ""),
                place_of(step.description, media, "mid"),
                severity=ERROR if not now or step.description.is_answer else None,
            )


@rule(
    "OA058",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 7.5", "RFC 9143, 7.3.1"),
    subject="sequence",
)
def bundle_tag_moved(sequence: Sequence) -> Iterator[Hit]:
    """Another section leads the BUNDLE group.

    Why: the ICE and DTLS lines of the first section listed are those of the group. The offer may
        choose another one, but the browsers differ: Chromium answers in the old order, Firefox
        follows the offer.
    Fires on:
        == offer 1
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer 1
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == offer 2
        a=group:BUNDLE 1 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        == offer 1
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer 1
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == offer 2
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: keep the order of the group, with new sections at its end.
    """
    for step in steps(sequence):
        if step.agreed is None or not step.description.is_offer:
            continue
        was, now = step.agreed.answer.document.bundle[:1], step.description.document.bundle[:1]
        old = step.description.document.find_media(was[0]) if was else None
        if was and now and was != now and old is not None and not old.rejected:
            groups = step.description.session.find_all("group")
            for attribute in [item for item in groups if (item.value or "")[:6] == "BUNDLE"][:1]:
                yield Hit(
                    f"{now[0][:40]!r} leads the group, and {was[0][:40]!r} did in "
                    f"{label(step.agreed.answer)}",
                    step.description.at_word(attribute, 1),
                )
