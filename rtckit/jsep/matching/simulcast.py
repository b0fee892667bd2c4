"""Simulcast and rids: what an answer takes of them (RFC 8851, 6; RFC 8853, 5.3)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rtckit.sdp.rtp import Rid, Simulcast, SimulcastStream

__all__ = [
    "RESTRICTIONS",
    "DroppedRid",
    "RidAnswer",
    "answer_rids",
    "build_rid",
    "build_simulcast",
    "find_rid_fault",
    "is_stricter",
]

RESTRICTIONS = frozenset(
    ("max-width", "max-height", "max-fps", "max-fs", "max-br", "max-pps", "max-bpp", "depend")
)
"""The restrictions of RFC 8851, 5."""

_REVERSED = {"send": "recv", "recv": "send"}
_RID_REFS = ("RFC 8851, 6.2.2",)


@dataclass(frozen=True, slots=True)
class DroppedRid:
    """A rid of the offer that is not in the answer, and why."""

    rid: str
    why: str
    refs: tuple[str, ...] = _RID_REFS


@dataclass(frozen=True, slots=True)
class RidAnswer:
    """The rids of a section of an answer.

    Attributes:
        rids: those taken, with the direction and the payload types of the answer.
        send: the simulcast streams to send, each a list of alternatives.
        recv: those to receive.
        dropped: the others.
    """

    rids: tuple[Rid, ...] = ()
    send: tuple[tuple[SimulcastStream, ...], ...] = ()
    recv: tuple[tuple[SimulcastStream, ...], ...] = ()
    dropped: tuple[DroppedRid, ...] = ()


def find_rid_fault(rid: Rid, rids: Sequence[Rid], formats: Collection[str]) -> str | None:
    """What is wrong with a rid of an offer, in the order of RFC 8851, 6.2.2; None if nothing.

    ``rids`` are all of the section, ``formats`` the payload types of its ``m=`` line.
    """
    if sum(other.id == rid.id for other in rids) > 1:
        return "it stands twice in the section"
    if rid.payload_types and not any(item in formats for item in rid.payload_types):
        return "none of its payload types is in the section"
    if rid.direction == "recv":
        unknown = [name for name in rid.restrictions if name not in RESTRICTIONS]
        if unknown:
            return f"the restriction {unknown[0][:40]!r} is not known"
    depended = (rid.restrictions.get("depend") or "").split(",")
    names = [other.id for other in rids]
    missing = [name for name in depended if name and names.count(name) != 1]
    if missing:
        return f"it depends on {missing[0][:20]!r}, which is no rid of the section"
    return None


def answer_rids(
    rids: Sequence[Rid],
    simulcast: Simulcast | None,
    numbers: Mapping[str, str],
    formats: Collection[str],
    *,
    sendable: Collection[str] = (),
    receives: bool = False,
) -> RidAnswer:
    """Answer the rids and the simulcast of an offered section.

    Args:
        rids: those of the offer.
        simulcast: that of the offer.
        numbers: the payload types of the answer by those of the offer.
        formats: the payload types of the offered ``m=`` line.
        sendable: the rids the answerer has encodings for; it sends no others.
        receives: whether the answerer takes simulcast, as an SFU does. A JSEP endpoint does not
            (RFC 9429, 3.7).

    What is sent and received is exchanged; nothing is added, ``pt=`` only loses payload types, and
    a rid that is not in ``a=simulcast`` is taken if its direction is possible.
    """
    taken: dict[str, Rid] = {}
    dropped: dict[str, DroppedRid] = {}
    for rid in rids:
        fault = find_rid_fault(rid, rids, formats)
        if fault is None and rid.direction == "send" and not receives:
            dropped[rid.id] = DroppedRid(
                rid.id, "simulcast is sent and not received", ("RFC 9429, 3.7",)
            )
            continue
        if fault is None and rid.direction == "recv" and rid.id not in sendable:
            fault = "there is no encoding of that name to send"
        kept = tuple(numbers[item] for item in rid.payload_types if item in numbers)
        if fault is None and rid.payload_types and not kept:
            fault = "none of its payload types is taken"
        if fault is not None:
            dropped[rid.id] = DroppedRid(rid.id, fault)
            continue
        taken[rid.id] = Rid(
            rid.id, _REVERSED[rid.direction], kept, dict(rid.restrictions), rid.span
        )
    taken = _without_lost(taken, dropped)
    if simulcast is None:
        return RidAnswer(tuple(taken.values()), dropped=tuple(dropped.values()))
    return RidAnswer(
        tuple(taken.values()),
        _kept_streams(simulcast.recv, taken, "send"),
        _kept_streams(simulcast.send, taken, "recv"),
        tuple(dropped.values()),
    )


def _without_lost(taken: dict[str, Rid], dropped: dict[str, DroppedRid]) -> dict[str, Rid]:
    """Drop what depends on a rid that was dropped, and what depends on that."""
    while True:
        lost = [
            rid.id
            for rid in taken.values()
            if any(
                name and name not in taken
                for name in (rid.restrictions.get("depend") or "").split(",")
            )
        ]
        if not lost:
            return taken
        for name in lost:
            dropped[name] = DroppedRid(name, "what it depends on is not taken")
        taken = {name: rid for name, rid in taken.items() if name not in lost}


def _kept_streams(
    streams: Sequence[Sequence[SimulcastStream]], taken: Mapping[str, Rid], direction: str
) -> tuple[tuple[SimulcastStream, ...], ...]:
    """The streams with an alternative left, in order; ``~`` stays (RFC 8853, 5.3.2)."""
    found = []
    for choices in streams:
        kept = tuple(
            choice
            for choice in choices
            if choice.rid in taken and taken[choice.rid].direction == direction
        )
        if kept:
            found.append(kept)
    return tuple(found)


def is_stricter(name: str, offered: str | None, answered: str | None) -> bool:
    """Whether a restriction may be answered so: as it was offered, or more restrictive.

    The limits are upper ones, so less is stricter; one offered without a value leaves it to the
    answerer (RFC 8851, 6.1 and 6.3). ``depend`` cannot change.
    """
    if offered is None or offered == answered:
        return True
    if answered is None or name == "depend":
        return False
    try:
        return 0 < float(answered) <= float(offered)
    except ValueError:
        return False


def build_rid(rid: Rid) -> str:
    """The value of ``a=rid`` (RFC 8851, 4)."""
    parts = [f"pt={','.join(rid.payload_types)}"] if rid.payload_types else []
    parts += [
        name if value is None else f"{name}={value}" for name, value in rid.restrictions.items()
    ]
    head = f"{rid.id} {rid.direction}"
    return f"{head} {';'.join(parts)}" if parts else head


def build_simulcast(
    send: Sequence[Sequence[SimulcastStream]], recv: Sequence[Sequence[SimulcastStream]]
) -> str:
    """The value of ``a=simulcast``; empty without streams (RFC 8853, 5.1)."""
    parts = []
    for direction, streams in (("send", send), ("recv", recv)):
        if streams:
            text = ";".join(
                ",".join(f"{'~' * choice.paused}{choice.rid}" for choice in choices)
                for choices in streams
            )
            parts.append(f"{direction} {text}")
    return " ".join(parts)
