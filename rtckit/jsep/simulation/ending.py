"""How a negotiation ends: who sends what to whom, in which codec, and whether both agree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rtckit.jsep.simulation.outline import OutlinedCodec, SectionOutline, outline
from rtckit.jsep.transceiver import reverse_of

__all__ = ["Descriptions", "Ending", "Flow", "MediaEnding", "find_ending"]

_SENDING = ("sendrecv", "sendonly")


@dataclass(slots=True)
class Descriptions:
    """The descriptions of one side, by what was set and what it led to.

    A player tells only their types, so the texts are kept here by the rules of W3C webrtc-pc,
    4.4.1.4.

    Attributes:
        current: of the last completed exchange, by ``local`` and ``remote``.
        pending: of the exchange under way.
        history: every local text that was set, in order.
    """

    current: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    def in_force(self, side: str) -> str | None:
        """The text of a side: the pending one, else the current one."""
        return self.pending.get(side, self.current.get(side))

    def note(self, side: str, sdp_type: str, sdp: str, state: str) -> None:
        """Learn that a description was set; ``state`` is the signalling state it led to."""
        if sdp_type == "rollback":
            self.pending.clear()
            return
        if side == "local" and (not self.history or self.history[-1] != sdp):
            self.history.append(sdp)
        if sdp_type == "offer":
            # An offer of one side takes the place of whatever the other had offered.
            self.pending.clear()
        self.pending[side] = sdp
        if state == "stable":
            self.current.update(self.pending)
            self.pending.clear()


@dataclass(frozen=True, slots=True)
class Flow:
    """Media one side sends in the end.

    Attributes:
        codec: what it sends, ``opus/48000/2``; None where the descriptions have none in common.
        payload_type: the number the receiver asked for it under.
        layers: the rids of its simulcast layers.
    """

    codec: str | None
    payload_type: str | None
    layers: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.codec} as {self.payload_type}" if self.codec else "no codec in common"
        return f"{text}, layers {', '.join(self.layers)}" if self.layers else text


@dataclass(frozen=True, slots=True)
class MediaEnding:
    """A section in the end.

    Attributes:
        index: its place.
        kind: ``audio``, ``video`` or ``data``.
        mid: its mid.
        rejected: it is out of use.
        directions: the negotiated direction, by side, as that side sees it; None where nothing
            was negotiated, or a side is no machine.
        flows: what a side sends, by side; only sides that send are in it.
        problems: where both sides do not agree.
    """

    index: int
    kind: str
    mid: str | None
    rejected: bool
    directions: Mapping[str, str | None]
    flows: Mapping[str, Flow]
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "index": self.index,
            "kind": self.kind,
            "mid": self.mid,
            "rejected": self.rejected,
            "directions": dict(self.directions),
            "sends": {
                side: {
                    "codec": flow.codec,
                    "payload_type": flow.payload_type,
                    "layers": list(flow.layers),
                }
                for side, flow in self.flows.items()
            },
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """How a negotiation ends.

    Attributes:
        states: the signalling state, by side.
        media: the sections of the exchange last completed.
        ice_generations: how many ICE credentials each side went through.
        problems: where both sides do not agree, whole descriptions.
    """

    states: Mapping[str, str]
    media: tuple[MediaEnding, ...]
    ice_generations: Mapping[str, int]
    problems: tuple[str, ...] = ()

    @property
    def consistent(self) -> bool:
        """Whether both sides believe the same."""
        return not self.problems and not any(item.problems for item in self.media)

    def sends(self, side: str) -> tuple[str, ...]:
        """The kinds of media a side sends, in the order of the sections; no data."""
        return tuple(item.kind for item in self.media if side in item.flows and item.kind != "data")

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "states": dict(self.states),
            "consistent": self.consistent,
            "media": [item.to_dict() for item in self.media],
            "ice_generations": dict(self.ice_generations),
            "problems": list(self.problems),
        }


def find_ending(
    states: Mapping[str, Mapping[str, Any]], descriptions: Mapping[str, Descriptions]
) -> Ending:
    """Say how it ended.

    Args:
        states: the last state each machine told, by side; a side that is none is not among them.
        descriptions: those each machine holds, by side.
    """
    signaling = {side: str(state["signalingState"]) for side, state in states.items()}
    problems: list[str] = []
    for side, state in signaling.items():
        if state not in ("stable", "closed"):
            problems.append(f"{side} is in {state}: an exchange is not finished")
    if len(states) == 2 and not problems and "closed" not in signaling.values():
        for one, other in (("a", "b"), ("b", "a")):
            mine, theirs = descriptions[one].current, descriptions[other].current
            if not _same(mine.get("local"), theirs.get("remote")):
                problems.append(f"what {one} has set is not what {other} knows of {one}")
    return Ending(
        signaling,
        tuple(_media(states, descriptions)),
        {side: _generations(held.history) for side, held in descriptions.items()},
        tuple(problems),
    )


def _same(one: str | None, other: str | None) -> bool:
    """Whether two texts are one description; candidates may have come to either."""
    if one is None or other is None:
        return one is other
    return one == other or _without_candidates(one) == _without_candidates(other)


_GATHERED = ("a=candidate:", "a=end-of-candidates", "c=", "m=", "a=rtcp:")


def _without_candidates(sdp: str) -> list[str]:
    return [line for line in sdp.splitlines() if not line.startswith(_GATHERED)]


def _generations(history: list[str]) -> int:
    """How many ICE credentials there were: those of the first section in use."""
    seen: list[tuple[str, str]] = []
    for text in history:
        live = (s.credentials for s in outline(text) if not s.rejected and s.credentials)
        credentials = next(live, None)
        if credentials is not None and credentials not in seen:
            seen.append(credentials)
    return len(seen)


def _media(
    states: Mapping[str, Mapping[str, Any]], descriptions: Mapping[str, Descriptions]
) -> list[MediaEnding]:
    held = {side: descriptions[side].current for side in states}
    views = {
        side: (outline(texts.get("local", "")), outline(texts.get("remote", "")))
        for side, texts in held.items()
    }
    count = max((min(len(local), len(remote)) for local, remote in views.values()), default=0)
    return [_section(index, states, views) for index in range(count)]


def _section(
    index: int,
    states: Mapping[str, Mapping[str, Any]],
    views: Mapping[str, tuple[tuple[SectionOutline, ...], tuple[SectionOutline, ...]]],
) -> MediaEnding:
    pairs = {
        side: (local[index], remote[index])
        for side, (local, remote) in views.items()
        if index < len(local) and index < len(remote)
    }
    first = next(iter(pairs.values()))[0]
    rejected = any(local.rejected or remote.rejected for local, remote in pairs.values())
    directions: dict[str, str | None] = {}
    flows: dict[str, Flow] = {}
    problems: list[str] = []
    for side, (local, remote) in pairs.items():
        if first.kind == "data":
            directions[side] = None
            if not rejected:
                flows[side] = Flow("webrtc-datachannel", None)
            continue
        directions[side] = _current_direction(states[side], local)
        if directions[side] in _SENDING and not rejected:
            flows[side] = _flow(local, remote)
            if flows[side].codec is None:
                problems.append(f"{side} has no codec to send in")
    one, other = directions.get("a"), directions.get("b")
    if one and other and not rejected and reverse_of(one) != other:
        problems.append(f"a is {one} and b is {other}")
    return MediaEnding(index, first.kind, first.mid, rejected, directions, flows, tuple(problems))


def _current_direction(state: Mapping[str, Any], section: SectionOutline) -> str | None:
    for item in state["transceivers"]:
        if item["mid"] is not None and item["mid"] == section.mid:
            direction: str | None = item["currentDirection"]
            return direction
    return None


def _flow(local: SectionOutline, remote: SectionOutline) -> Flow:
    """What is sent: the codec the receiver puts first of those both have (RFC 3264, 6.1)."""
    codec = _first_in_common(remote.codecs, local.codecs)
    layers = tuple(rid for rid in local.send_rids if rid in remote.receive_rids)
    if codec is None:
        return Flow(None, None, layers)
    return Flow(codec.encoding, codec.payload_type, layers)


def _first_in_common(
    wanted: tuple[OutlinedCodec, ...], own: tuple[OutlinedCodec, ...]
) -> OutlinedCodec | None:
    known = {codec.encoding.lower() for codec in own}
    return next((c for c in wanted if c.is_media and c.encoding.lower() in known), None)
