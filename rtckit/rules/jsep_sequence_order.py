"""Rules for a negotiation: order of messages, and the origin and version that tell them apart."""

from collections.abc import Iterator

from rtckit.core.findings import Location, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import label, steps
from rtckit.rules.lint import LintedDescription, Sequence
from rtckit.sdp.lines import read_integer

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# What gathering adds to a description that is otherwise the same.
_GATHERED = ("a=candidate", "a=end-of-candidates", "c=", "a=rtcp:")


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
