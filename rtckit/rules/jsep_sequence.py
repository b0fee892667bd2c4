"""Rules for a negotiation: its sections, their order, their mids, and closed ones."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import Step, is_closed, named, place_of, steps
from rtckit.rules.lint import Sequence
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity


def _kept_sections(step: Step) -> Iterator[tuple[MediaSection, MediaSection]]:
    """The sections that were negotiated and still open, with what they are now."""
    if step.agreed is None or not step.description.is_offer:
        return
    before = step.agreed.offer.media
    for old, new in zip(before, step.description.media, strict=False):
        if not is_closed(step.agreed, old.index):
            yield old, new


@rule(
    "OA011",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 8", "RFC 9429, 5.2.2"),
    subject="sequence",
)
def sections_removed(sequence: Sequence) -> Iterator[Hit]:
    """A new offer must have at least the media sections of the one before.

    Why: a section keeps its place for the whole session, also when it is no longer used. Both
        browsers refuse the offer, Chromium with "The order of m-lines in subsequent offer doesn't
        match order from previous offer/answer".
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 0 UDP/TLS/RTP/SAVPF 96
    Fix: keep a section that is no longer used, with port 0 and without its attributes.
    """
    for step in steps(sequence):
        if step.agreed is None or not step.description.is_offer:
            continue
        before, now = step.agreed.offer.media, step.description.media
        if len(now) >= len(before):
            continue
        mids = {media.mid for media in now if media.mid is not None}
        gone = [media for media in before if media.mid is not None and media.mid not in mids]
        if len(gone) != len(before) - len(now):
            gone = before[len(now) :]
        yield Hit(
            f"{len(now)} media sections, after {len(before)}: "
            f"{', '.join(named(media) for media in gone[:4])} is gone",
            step.description.at_end(),
        )


@rule(
    "OA012",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.2", "RFC 3264, 8"),
    subject="sequence",
)
def sections_reordered(sequence: Sequence) -> Iterator[Hit]:
    """A section must stay of its kind, unless it was closed and is used anew.

    Why: sections of successive offers are matched by their order. Both browsers refuse an offer in
        which an open section turns into another kind, as it does when sections change places.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == offer 2
        m=video 9 UDP/TLS/RTP/SAVPF 96
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
    Fix: keep the order; add sections at the end, or in the place of one that has port 0.
    """
    for step in steps(sequence):
        for old, new in _kept_sections(step):
            if old.kind != new.kind:
                yield Hit(
                    f"section {new.index} is {new.kind[:20] or 'nothing'} and was "
                    f"{old.kind[:20] or 'nothing'} while in use",
                    step.description.at_word(new, 0),
                )


@rule(
    "OA013",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.2",),
    subject="sequence",
    levels={"firefox": WARNING},
)
def mid_changed(sequence: Sequence) -> Iterator[Hit]:
    """A section in use must keep its mid, and no other section may take it.

    Why: packets and candidates on the way name the section by its mid. Chromium refuses an offer
        that renames one; Firefox accepts it, so the two ends may part here.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:audio
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:1
    Fix: keep `a=mid`; give a new section a mid that the session has not had.
    """
    for step in steps(sequence):
        changed = set()
        for old, new in _kept_sections(step):
            if old.mid != new.mid and not (new.rejected and new.mid is None):
                changed.add(new.index)
                said = "no mid" if new.mid is None else f"mid {new.mid[:40]!r}"
                was = "none" if old.mid is None else repr(old.mid[:40])
                yield Hit(
                    f"section {new.index} has {said}, and had {was}",
                    place_of(step.description, new, "mid"),
                )
        if step.agreed is None or not step.description.is_offer:
            continue
        had = {media.mid: media.index for media in step.agreed.offer.media if media.mid}
        for media in step.description.media:
            if media.mid in had and had[media.mid] != media.index and media.index not in changed:
                yield Hit(
                    f"mid {media.mid[:40]!r} was that of section {had[media.mid]}",
                    place_of(step.description, media, "mid"),
                )


@rule(
    "OA017",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.2",),
    subject="sequence",
)
def mid_of_recycled(sequence: Sequence) -> Iterator[Hit]:
    """A section that takes the place of a closed one should have a mid of its own.

    Why: late packets and candidates of the old section would count for the new one. Chromium uses
        closed places anew, Firefox appends a section, so both orders must be expected.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:2
    Fix: give the new section a mid that the session has not had.
    """
    for step in steps(sequence):
        if step.agreed is None or not step.description.is_offer:
            continue
        for old, new in zip(step.agreed.offer.media, step.description.media, strict=False):
            if new.rejected or new.mid is None or new.mid != old.mid:
                continue
            if is_closed(step.agreed, new.index):
                yield Hit(
                    f"section {new.index} is used anew under the mid {new.mid[:40]!r} of the "
                    "closed one",
                    place_of(step.description, new, "mid"),
                )


@rule(
    "OA018",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.2",),
    subject="sequence",
    levels={"rfc": WARNING},
)
def msid_of_closed(sequence: Sequence) -> Iterator[Hit]:
    """A section that is closed should lose its `a=msid`.

    Why: the line says that the section belongs to a stream, while it will never carry a track
        again. Some stacks keep a dead track in the stream for it.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s t
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        a=msid:s t
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s t
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        m=audio 0 UDP/TLS/RTP/SAVPF 0
    Fix: remove `a=msid` from sections with port 0.
    """
    for step in steps(sequence):
        for _, new in _kept_sections(step):
            if new.rejected and new.has("msid"):
                yield Hit(
                    f"msid in section {new.index}, which is closed",
                    place_of(step.description, new, "msid"),
                )
