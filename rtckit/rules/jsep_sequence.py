"""Rules for a negotiation and what follows it: order of messages, sections, mids and versions."""

from collections.abc import Iterator

from rtckit.core.findings import Location, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import Step, is_closed, label, named, place_of, steps
from rtckit.rules.lint import LintedDescription, Sequence
from rtckit.sdp.lines import read_integer
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# What gathering adds to a description that is otherwise the same.
_GATHERED = ("a=candidate", "a=end-of-candidates", "c=", "a=rtcp:")


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
    "OA014",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 8", "RFC 9429, 5.2.2"),
    subject="sequence",
    levels={"rfc": ERROR},
)
def origin_changed(sequence: Sequence) -> Iterator[Hit]:
    """The `o=` line of one end should stay the same but for its version.

    Why: another session id is another session. A receiver may take the offer for that of a new
        call; and often it is one, of a page that was loaded again.
    Fires on:
        == offer 1
        o=- 5 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        o=- 6 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        o=- 7 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        o=- 5 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        o=- 6 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: keep the session id; answer a new session with a new connection.
    """
    for step in steps(sequence):
        if step.previous is None:
            continue
        old, new = step.previous.session.origin, step.description.session.origin
        if old is None or new is None:
            continue
        for name, index in (("username", 0), ("session id", 1), ("address", 5)):
            if old[index] != new[index]:
                yield Hit(
                    f"{name} {str(new[index])[:40]!r}, and {str(old[index])[:40]!r} in "
                    f"{label(step.previous)}",
                    _origin_word(step.description, index),
                    severity=INFO if index == 5 else None,
                )
                break


def _origin_word(description: LintedDescription, index: int) -> Location:
    lines = description.find_lines("o")
    return description.at_word(lines[0][1], index) if lines else description.at_line(1)


@rule(
    "OA015",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 8", "RFC 9429, 5.2.2"),
    subject="sequence",
)
def version_of_origin(sequence: Sequence) -> Iterator[Hit]:
    """The version in `o=` should grow with every change.

    Why: a receiver may pass over a description whose version it has had. A version that falls
        tells of an old message that came late, or of two sessions in one.
    Fires on:
        == offer 1
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        o=- 6 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=inactive
    Silent on:
        == offer 1
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        o=- 6 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        o=- 5 3 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=inactive
    Fix: add one to the version in each description that differs from the one before.
    """
    for step in steps(sequence):
        if step.previous is None:
            continue
        old, new = step.previous.session.origin, step.description.session.origin
        if old is None or new is None or old.session_id != new.session_id:
            continue
        before, now = read_integer(old.version), read_integer(new.version)
        if before is None or now is None:
            continue
        place = _origin_word(step.description, 2)
        if now < before:
            yield Hit(f"version {now}, after {before} in {label(step.previous)}", place)
        elif now == before and _lasting(step.previous) != _lasting(step.description):
            yield Hit(
                f"version {now} as in {label(step.previous)}, but the description differs", place
            )
        elif now > before + 1 and step.description.profile == "rfc":
            yield Hit(f"version {now}, after {before} in {label(step.previous)}", place)


def _lasting(description: LintedDescription) -> list[str]:
    """The lines that gathering does not change."""
    return [
        line.partition(" ")[0] + line.partition("/")[2] if line.startswith("m=") else line
        for line in description.lines
        if not line.startswith(_GATHERED)
    ]


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


@rule(
    "OA020",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.6", "RFC 3264, 4"),
    subject="sequence",
)
def answer_without_offer(sequence: Sequence) -> Iterator[Hit]:
    """An answer must follow an offer that is still open.

    Why: a second answer comes from signalling that delivers twice, or from several peers that
        answer one offer. Browsers say "Called in wrong state: stable".
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == pranswer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: give each peer a connection of its own, and deliver each answer once.
    """
    for step in steps(sequence):
        if step.description.is_answer and step.offer is None:
            yield Hit("an answer, with no offer open", step.description.at_line(1))


@rule(
    "OA023",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 4", "RFC 9429, 5.7"),
    subject="sequence",
)
def offers_cross(sequence: Sequence) -> Iterator[Hit]:
    """An offer should be answered before the other end makes one.

    Why: of two offers that cross one is lost: a browser drops its own when it gets another, and if
        both ends do so neither is answered. That is what the polite peer of perfect negotiation is
        for.
    Fires on:
        == offer 1
        o=- 5 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        o=- 6 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        o=- 5 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 3
        o=- 6 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        o=- 5 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        o=- 6 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == offer 2
        o=- 6 2 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: let one end be polite and roll back its offer, and the other ignore the one that crosses.
    """
    waiting: tuple[int, LintedDescription] | None = None
    for step in steps(sequence):
        if step.description.is_offer:
            if waiting is not None and waiting[0] != step.author:
                yield Hit(
                    f"{label(waiting[1])} of the other end is not answered yet",
                    step.description.at_line(1),
                )
            waiting = (step.author, step.description)
        elif step.description.type == "answer":
            waiting = None


@rule(
    "OA024",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 4.1.10",),
    subject="sequence",
    levels={"firefox": ERROR},
)
def provisional_answer(sequence: Sequence) -> Iterator[Hit]:
    """A provisional answer works in some browsers only.

    Why: Firefox has no `pranswer` and throws NotSupportedError, so a call with early media fails
        there before the final answer comes.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == pranswer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: send the final answer at once, with tracks that are inactive or muted.
    """
    for description in sequence.descriptions:
        if description.type == "pranswer":
            yield Hit("a provisional answer", description.at_line(1))
