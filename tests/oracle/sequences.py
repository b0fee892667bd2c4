"""Random sequences of operations on two peers, and what of their outcomes is compared.

A sequence is a list of steps as `rtckit.lab.players.page.BrowserStage.perform_all` takes them:
operations of peer ``a`` or ``b`` in which descriptions are named by where they come from. Most
steps bring a negotiation on; about a quarter are drawn without a thought for what is legal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st

Step: TypeAlias = dict[str, Any]
Steps: TypeAlias = list[Step]
Outcome: TypeAlias = Mapping[str, Any]

LENGTH = 12
"""The most steps a sequence has."""

LEGAL_SHARE = 0.76
"""The share of steps that are meant to bring the negotiation on."""

_CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host"
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_CODECS: Sequence[Sequence[str]] = (
    ["video/VP9"],
    ["video/H264", "video/VP8"],
    ["video/AV1", "video/VP9"],
    ["audio/opus"],
    ["audio/PCMU", "audio/opus"],
    ["audio/G722"],
    [],
    ["video/rtx"],
    ["video/nothing"],
)
_ENCODINGS: Sequence[Sequence[Mapping[str, Any]]] = (
    [{"rid": "h"}, {"rid": "l", "scaleResolutionDownBy": 2}],
    [{"rid": "q", "scaleResolutionDownBy": 4}, {"rid": "f", "active": False}],
    [{"rid": "only"}],
    [{"active": False}],
)
_BAD_ENCODINGS: Sequence[Sequence[Mapping[str, Any]]] = (
    [{"rid": "h"}, {}],
    [{"rid": "h"}, {"rid": "h"}],
    [{"rid": "#"}],
    [{"rid": ""}],
    [{"scaleResolutionDownBy": 0.5}],
    [{"rid": "a-b"}, {"rid": "c"}],
)
_CANDIDATES: Sequence[Mapping[str, Any]] = (
    {"candidate": _CANDIDATE, "sdpMid": "0"},
    {"candidate": _CANDIDATE, "sdpMLineIndex": 0},
    {"candidate": _CANDIDATE, "sdpMid": "9"},
    {"candidate": _CANDIDATE, "sdpMLineIndex": 7},
    {"candidate": _CANDIDATE},
    {"candidate": "candidate:garbage", "sdpMid": "0"},
    {"candidate": "", "sdpMid": "0"},
    {"candidate": None},
)


_NEXT = {
    ("stable", "local", "offer"): "have-local-offer",
    ("have-local-offer", "local", "offer"): "have-local-offer",
    ("stable", "remote", "offer"): "have-remote-offer",
    ("have-remote-offer", "remote", "offer"): "have-remote-offer",
    ("have-local-offer", "remote", "offer"): "have-remote-offer",
    ("have-remote-offer", "local", "answer"): "stable",
    ("have-remote-offer", "local", "pranswer"): "have-local-pranswer",
    ("have-local-pranswer", "local", "answer"): "stable",
    ("have-local-pranswer", "local", "pranswer"): "have-local-pranswer",
    ("have-local-offer", "remote", "answer"): "stable",
    ("have-local-offer", "remote", "pranswer"): "have-remote-pranswer",
    ("have-remote-pranswer", "remote", "answer"): "stable",
    ("have-remote-pranswer", "remote", "pranswer"): "have-remote-pranswer",
}


@dataclass
class _Side:
    """What the generator believes of a peer; wrong beliefs only make a step less legal.

    ``answered`` tells whether the local description is an answer to the other's last offer.
    """

    state: str = "stable"
    created: str | None = None
    offered: bool = False
    current: str | None = None
    pending: str | None = None
    answered: bool = False
    transceivers: int = 0

    @property
    def local(self) -> str | None:
        return self.pending or self.current

    def set(self, where: str, kind: str) -> bool:
        """Believe that a description of a kind was set; whether that was legal."""
        if kind == "rollback":
            if not self.state.startswith(f"have-{where}"):
                return False
            self.state, self.pending = "stable", None
            return True
        following = _NEXT.get((self.state, where, kind))
        if following is None:
            return False
        self.state = following
        if where == "local":
            self.pending, self.created = kind, None
            self.offered |= kind == "offer"
            self.answered = kind != "offer"
        elif kind == "offer":
            self.pending = None
        if following == "stable":
            self.current, self.pending = self.local, None
        return True


class _Maker:
    """Draws one sequence."""

    def __init__(self, random: Random, legal_share: float) -> None:
        self.random = random
        self.legal_share = legal_share
        self.sides = {"a": _Side(), "b": _Side()}

    def steps(self) -> Steps:
        steps = [self.media("a")] if self.random.random() < 0.9 else []
        length = LENGTH - min(self.random.randrange(LENGTH - 2) for _ in range(2))
        while len(steps) < length:
            steps.append(self.step())
        return steps

    def step(self) -> Step:
        if self.random.random() < self.legal_share:
            return self.legal()
        peer = self.random.choice("ab")
        return self.random.choice(
            (
                *(self.any_local,) * 4,
                *(self.any_remote,) * 5,
                *(self.any_media,) * 3,
                *(self.create,) * 2,
                self.candidate,
                self.rare,
            )
        )(peer)

    # -- steps that bring the negotiation on ----------------------------------------------------

    def legal(self) -> Step:
        a, b = (self.sides[peer].state for peer in "ab")
        if "closed" in (a, b):
            return self.any_media("b" if a == "closed" else "a")
        if self.random.random() < 0.2:
            return self.media(self.random.choice("ab"))
        if a == b == "stable":
            return self.begin(self.random.choice("aab"))
        for peer in "ab":
            if self.sides[peer].state in ("have-remote-offer", "have-local-pranswer"):
                return self.respond(peer)
        for peer, other in ("ab", "ba"):
            if self.sides[peer].state != "stable":
                if self.random.random() < 0.06:
                    return self.set_local(peer, {"take": "nothing", "type": "rollback"})
                back = self.sides[other].answered or self.sides[other].state != "stable"
                return self.set_remote(peer if back else other, {"take": "other"})
        return self.begin("a")

    def begin(self, peer: str) -> Step:
        if self.sides[peer].created == "offer":
            return self.set_local(peer, {"take": "created"})
        if self.random.random() < 0.6:
            return self.set_local(peer, None)
        return self.create(peer, "createOffer")

    def respond(self, peer: str) -> Step:
        if self.sides[peer].created == "answer":
            as_pranswer = self.random.random() < 0.15
            return self.set_local(
                peer, {"take": "created", **({"type": "pranswer"} if as_pranswer else {})}
            )
        drawn = self.random.random()
        if drawn < 0.06:
            return self.set_remote(peer, {"take": "nothing", "type": "rollback"})
        return self.set_local(peer, None) if drawn < 0.55 else self.create(peer, "createAnswer")

    def media(self, peer: str) -> Step:
        side = self.sides[peer]
        kind = self.random.choice(("audio", "video"))
        if side.transceivers and self.random.random() < 0.45:
            return self.change(peer)
        drawn = self.random.random()
        if drawn < 0.2:
            return {"peer": peer, "op": "createDataChannel", "label": "d"}
        side.transceivers += 1
        if drawn < 0.6:
            streams = self.random.choice((["s"], [], ["s", "t"]))
            return {"peer": peer, "op": "addTrack", "kind": kind, "streams": streams}
        step: Step = {"peer": peer, "op": "addTransceiver", "kind": kind}
        step["direction"] = self.random.choice(_DIRECTIONS)
        step["track"] = self.random.random() < 0.5
        step["streams"] = self.random.choice((["s"], []))
        if self.random.random() < 0.3:
            step["sendEncodings"] = self.random.choice(_ENCODINGS)
        return step

    def change(self, peer: str) -> Step:
        step: Step = {"peer": peer, "transceiver": self.random.randrange(4)}
        step["op"] = self.random.choice(
            ("removeTrack", "stop", "setDirection", "setDirection", "replaceTrack", "codecs")
        )
        if step["op"] == "setDirection":
            step["direction"] = self.random.choice(_DIRECTIONS)
        elif step["op"] == "replaceTrack":
            step["track"] = self.random.random() < 0.5
        elif step["op"] == "codecs":
            step |= {"op": "setCodecPreferences", "codecs": self.random.choice(_CODECS)}
        return step

    # -- any step -------------------------------------------------------------------------------

    def any_media(self, peer: str) -> Step:
        drawn = self.random.random()
        if drawn < 0.5:
            return self.change(peer)
        if drawn < 0.6:
            return {"peer": peer, "op": "restartIce"}
        if drawn < 0.75:
            step = {"peer": peer, "op": "addTransceiver", "kind": "video", "track": drawn < 0.67}
            return step | {"sendEncodings": self.random.choice(_BAD_ENCODINGS)}
        return self.media(peer)

    def any_local(self, peer: str) -> Step:
        return self.set_local(peer, self.any_description(("created", "created", "own", "other")))

    def any_remote(self, peer: str) -> Step:
        side, other = self.sides[peer], self.sides["b" if peer == "a" else "a"]
        there = {
            "own": side.local,
            "created": side.created,
            "other-created": other.created,
            "stale": other.offered,
            "nothing": self.random.random() < 0.1,
        }
        places = ["other" if other.local else "nothing"] * 3
        places += [place for place, is_there in there.items() if is_there]
        return self.set_remote(peer, self.any_description(places) or {"take": places[0]})

    def any_description(self, places: Sequence[str]) -> Step | None:
        drawn = self.random.random()
        if drawn < 0.12:
            return {"take": "nothing", "type": "rollback"}
        if drawn < 0.2:
            return None
        description = {"take": self.random.choice(places)}
        if self.random.random() < 0.35:
            description["type"] = self.random.choice(("offer", "pranswer", "answer", "pranswer"))
        return description

    def candidate(self, peer: str) -> Step:
        return {"peer": peer, "op": "addIceCandidate", **self.random.choice(_CANDIDATES)}

    def rare(self, peer: str) -> Step:
        drawn = self.random.random()
        if drawn < 0.4:
            self.sides[peer].state = "closed"
            return {"peer": peer, "op": "close"}
        if drawn < 0.5:
            return {"peer": peer, "op": "addTransceiver", "kind": "text"}
        if drawn < 0.6:
            step = {"peer": peer, "op": "addTransceiver", "kind": "audio"}
            return step | {"direction": self.random.choice(("sideways", "stopped"))}
        if drawn < 0.7:
            return {"peer": peer, "op": "setDirection", "transceiver": 0, "direction": "stopped"}
        return self.candidate(peer)

    def create(self, peer: str, op: str | None = None) -> Step:
        op = op or self.random.choice(("createOffer", "createAnswer"))
        step: Step = {"peer": peer, "op": op}
        if op == "createOffer":
            step["iceRestart"] = self.random.random() < 0.15
        side = self.sides[peer]
        answers = side.state in ("have-remote-offer", "have-local-pranswer")
        if answers == (op == "createAnswer") and side.state != "closed":
            side.created = "answer" if answers else "offer"
            side.offered |= not answers
        return step

    # -- descriptions, with what is believed of them --------------------------------------------

    def set_local(self, peer: str, description: Step | None) -> Step:
        side = self.sides[peer]
        answers = side.state in ("have-remote-offer", "have-local-pranswer")
        kind = "answer" if answers else "offer"
        if description:
            taken = side.created if description["take"] == "created" else side.local
            kind = description.get("type") or taken or "offer"
        if side.set("local", kind) and kind == "offer":
            self.sides["b" if peer == "a" else "a"].answered = False
        return {"peer": peer, "op": "setLocalDescription", "description": description}

    def set_remote(self, peer: str, description: Step) -> Step:
        other = self.sides["b" if peer == "a" else "a"]
        taken = {"other": other.local, "other-created": other.created}.get(description["take"])
        kind = description.get("type") or taken
        if kind == "rollback" or (kind and taken):
            self.sides[peer].set("remote", kind)
        return {"peer": peer, "op": "setRemoteDescription", "description": description}


def make_sequence(random: Random, legal_share: float = LEGAL_SHARE) -> Steps:
    """Draw a sequence of 3 to `LENGTH` steps, that share of them meant to be legal."""
    return _Maker(random, legal_share).steps()


def make_sequences(count: int, seed: int, legal_share: float = LEGAL_SHARE) -> list[Steps]:
    """Draw so many sequences; the same for the same seed."""
    return [make_sequence(Random(f"{seed}/{number}"), legal_share) for number in range(count)]


sequences = st.randoms(use_true_random=False).map(make_sequence)
"""A hypothesis strategy of the same sequences."""


# -- what is compared ---------------------------------------------------------------------------


class Seen(NamedTuple):
    """Of an outcome what is compared.

    ``types`` are the four description slots (current local and remote, pending local and
    remote); a transceiver is ``(mid, direction, currentDirection, stopped)``.
    """

    error: str | None
    message: str | None
    signaling: str
    types: tuple[str | None, ...]
    transceivers: tuple[tuple[str | None, str, str | None, bool], ...]
    events: tuple[str, ...]
    sctp: bool = False

    @property
    def directions(self) -> tuple[str, ...]:
        """The current direction of each transceiver, the preferred one where there is none."""
        return tuple(f"{t[1]}/{t[2]}" for t in self.transceivers)


_SLOTS = ("currentLocal", "currentRemote", "pendingLocal", "pendingRemote")


def seen(outcome: Outcome) -> Seen:
    """Reduce an outcome to what is compared."""
    state = outcome["state"]
    return Seen(
        None if outcome["ok"] else outcome["error"],
        None if outcome["ok"] else outcome["message"],
        state["signalingState"],
        tuple(state[slot] for slot in _SLOTS),
        tuple(
            (t["mid"], t["direction"], t["currentDirection"], bool(t["stopped"]))
            for t in state["transceivers"]
        ),
        tuple(outcome["events"]),
        bool(state["sctp"]),
    )


def resolved(
    step: Step, own: Mapping[str, Any], other: Mapping[str, Any], transceivers: int
) -> Step:
    """Write out a step's description and bring its transceiver into range, as the page does.

    ``own`` and ``other`` are the descriptions of the peers: ``local``, ``created`` and ``first``
    (offer), each with type and sdp or None.
    """
    operation = {key: value for key, value in step.items() if key != "peer"}
    if "transceiver" in step:
        operation["transceiver"] = step["transceiver"] % max(transceivers, 1)
    named = step.get("description")
    if named:
        taken: Mapping[str, Any] | None = {
            "created": own["created"],
            "own": own["local"],
            "other": other["local"],
            "other-created": other["created"],
            "stale": other["first"],
            "nothing": None,
        }[named["take"]]
        operation["description"] = {
            "type": named.get("type") or (taken["type"] if taken else "offer"),
            "sdp": taken["sdp"] if taken else "",
        }
    return operation


def play(
    steps: Sequence[Step],
    perform: Callable[[str, Step], Outcome],
    local: Callable[[str], Mapping[str, Any] | None],
) -> list[Seen]:
    """Play a sequence with peers that do not wait.

    Args:
        steps: the sequence.
        perform: performs an operation of a peer.
        local: the local description of a peer now.
    """
    places: dict[str, dict[str, Any]] = {
        name: {"local": None, "created": None, "first": None} for name in "ab"
    }
    counts = {"a": 0, "b": 0}
    played = []
    for step in steps:
        peer = step["peer"]
        own, other = places[peer], places["b" if peer == "a" else "a"]
        outcome = perform(peer, resolved(step, own, other, counts[peer]))
        counts[peer] = len(outcome["state"]["transceivers"])
        own["local"] = local(peer)
        if outcome["ok"] and step["op"] in ("createOffer", "createAnswer"):
            own["created"] = outcome["description"]
        made = outcome["description"] if outcome["ok"] else None
        if made and made["type"] == "offer" and own["first"] is None:
            own["first"] = made
        played.append(seen(outcome))
    return played
