"""Whole negotiations of a real peer with a simulated one, and the text of all it made in them.

The partner is one of rtckit's peers, so that what it says is the same wherever it is said again;
the real peer is asked live. Kept of a negotiation are the operations of the real peer, with each
remote description as it was given, and what came of them: the exception, or the description that
was made.
"""

import random
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rtckit.jsep import peer_connection
from rtckit.jsep.identity import Identity
from rtckit.jsep.simulation.player import SimulatedPlayer
from tests.oracle import recorded
from tests.oracle.answers import Masks, masked

__all__ = ["Made", "Negotiation", "draw", "read_set", "replay", "without_numbers", "write_set"]

Operation: TypeAlias = dict[str, Any]
Perform: TypeAlias = Callable[[Operation], Awaitable[Mapping[str, Any]]]

PARTNERS = ("chromium", "chromium", "firefox", "firefox", "aiortc", "rfc")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_CODECS: Sequence[Sequence[str]] = (
    ["video/VP9"],
    ["video/H264", "video/VP8"],
    ["video/AV1", "video/VP9"],
    ["audio/opus"],
    ["audio/PCMU", "audio/opus"],
    ["audio/G722"],
    [],
)
_ENCODINGS: Sequence[Sequence[Mapping[str, Any]]] = (
    [{"rid": "q"}, {"rid": "h"}, {"rid": "f"}],
    [{"rid": "h"}, {"rid": "l", "scaleResolutionDownBy": 2}],
    [{"rid": "q", "scaleResolutionDownBy": 4}, {"rid": "f", "active": False}],
    [{"rid": "only"}],
    [{"active": False}],
)
_MADE = ("createOffer", "createAnswer")
_NUMBERED = re.compile(r"(^a=[a-z-]+:|apt=|(?<=\d )(?=\d+/\d+$)|/)(\d+)(?![0-9a-zA-Z])")
_STREAMS = re.compile(r"(a=msid-semantic: WMS)([^\r\n]*)")


@dataclass(frozen=True)
class Made:
    """What came of an operation: a description with chance values masked, or an exception."""

    description: str | None = None
    error: str | None = None
    message: str | None = None


@dataclass
class Negotiation:
    """The operations of one peer and what came of each.

    Values made up by chance are masked throughout the negotiation: the same value has the same
    mask in every description of it.
    """

    name: str
    operations: list[Operation] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)


class _Recorder:
    """Performs operations of the peer that is asked, and keeps them."""

    def __init__(self, perform: Perform, name: str) -> None:
        self.perform = perform
        self.kept = Negotiation(name)
        self.masks = Masks()
        self.transceivers: list[Mapping[str, Any]] = []

    async def do(self, operation: Operation) -> Mapping[str, Any]:
        outcome = await self.perform(operation)
        self.transceivers = outcome["state"]["transceivers"]
        self.kept.operations.append(operation)
        self.kept.made.append(_made(operation, outcome, self.masks))
        return outcome


def _made(operation: Operation, outcome: Mapping[str, Any], masks: Masks) -> Made:
    if not outcome["ok"]:
        return Made(None, outcome["error"], recorded.masked(outcome["message"]))
    found = outcome["description"] if operation["op"] in _MADE else None
    return Made(_STREAMS.sub(_count, masked(found["sdp"], masks)) if found else None)


def _count(found: re.Match[str]) -> str:
    """Leave of the streams, which are sorted by what chance named them, how many there are."""
    return found[1] + " STREAM" * len(found[2].split())


async def draw(perform: Perform, name: str) -> Negotiation:
    """Play a negotiation that a name decides with a real peer, and return what is kept of it."""
    generator = random.Random(name)
    partner = generator.choice(PARTNERS)
    other = SimulatedPlayer(peer_connection(partner, identity=Identity(name)))
    recorder = _Recorder(perform, f"{name}-{partner}")
    play = _Play(generator, recorder, other)
    for _ in range(generator.randint(1, 3)):
        await play.change_own(adding=True)
    for _ in range(generator.randint(0, 2)):
        play.change_other(adding=True)
    for _ in range(generator.randint(2, 5)):
        if not await play.exchange():
            break
        for _ in range(generator.randint(0, 3)):
            if generator.random() < 0.65:
                await play.change_own()
            else:
                play.change_other()
    return recorder.kept


class _Play:
    """The steps of a negotiation."""

    def __init__(self, generator: random.Random, own: _Recorder, other: SimulatedPlayer) -> None:
        self.generator = generator
        self.own = own
        self.other = other

    async def change_own(self, *, adding: bool = False) -> None:
        await self.own.do(self._change(len(self.own.transceivers), adding=adding))

    def change_other(self, *, adding: bool = False) -> None:
        self.other.perform(self._change(len(self.other.peer.transceivers), adding=adding))

    def _change(self, transceivers: int, *, adding: bool) -> Operation:
        pick = self.generator.choice
        kind = pick(("audio", "video", "video"))
        drawn = self.generator.random()
        if not adding and transceivers and drawn < 0.6:
            return self._change_one(transceivers)
        if drawn < 0.68 and not adding:
            return {"op": "restartIce"}
        if drawn > 0.85:
            return {"op": "createDataChannel", "label": "d"}
        if drawn > 0.75 or (adding and drawn < 0.4):
            return {"op": "addTrack", "kind": kind, "streams": pick((["s"], [], ["s", "t"]))}
        operation: Operation = {"op": "addTransceiver", "kind": kind}
        operation |= {"direction": pick(_DIRECTIONS), "track": self.generator.random() < 0.5}
        operation["streams"] = pick((["s"], []))
        if kind == "video" and self.generator.random() < 0.3:
            operation["sendEncodings"] = pick(_ENCODINGS)
        return operation

    def _change_one(self, transceivers: int) -> Operation:
        pick = self.generator.choice
        operation: Operation = {"transceiver": self.generator.randrange(transceivers)}
        operation["op"] = pick(
            ("removeTrack", "stop", "stop", "setDirection", "replaceTrack", "setCodecPreferences")
        )
        if operation["op"] == "setDirection":
            operation["direction"] = pick(_DIRECTIONS)
        elif operation["op"] == "replaceTrack":
            operation["track"] = self.generator.random() < 0.5
        elif operation["op"] == "setCodecPreferences":
            operation["codecs"] = pick(_CODECS)
        return operation

    async def exchange(self) -> bool:
        """Have one side offer; whether it went well."""
        drawn = self.generator.random()
        if drawn < 0.1:
            return await self._offer() and await self._own("local", _ROLLBACK)
        if drawn < 0.2:
            return await self._glare()
        if drawn < 0.6:
            return await self._offer() and self._get("offer") and await self._be_answered()
        offered = self._make("offer")
        if offered is None or not await self._own("remote", offered):
            return False
        if drawn < 0.68:
            back = self.generator.choice(("local", "remote"))
            return await self._own(back, _ROLLBACK) and self._roll_back()
        return await self._answer()

    async def _glare(self) -> bool:
        if not await self._offer():
            return False
        offered = self._make("offer")
        return offered is not None and await self._own("remote", offered) and await self._answer()

    async def _offer(self) -> bool:
        restart = self.generator.random() < 0.1
        return await self._create("createOffer", iceRestart=restart)

    async def _answer(self) -> bool:
        return await self._create("createAnswer") and self._get("answer")

    async def _create(self, op: str, **more: object) -> bool:
        outcome = await self.own.do({"op": op, **more})
        if not outcome["ok"]:
            return False
        self.sent = outcome["description"]
        return await self._own("local", {"type": self.sent["type"], "sdp": ""})

    async def _be_answered(self) -> bool:
        answered = self._make("answer")
        return answered is not None and await self._own("remote", answered)

    async def _own(self, side: str, description: Operation) -> bool:
        operation = {"op": f"set{side.capitalize()}Description", "description": description}
        return bool((await self.own.do(operation))["ok"])

    def _make(self, kind: str) -> Operation | None:
        """Have the partner make and set a description."""
        outcome = self.other.perform({"op": f"create{kind.capitalize()}"})
        made: Operation | None = outcome["description"]
        if made is None:
            return None
        outcome = self.other.perform({"op": "setLocalDescription", "description": made})
        return made if outcome["ok"] else None

    def _get(self, kind: str) -> bool:
        """Give the partner what was made last."""
        assert self.sent["type"] == kind
        operation = {"op": "setRemoteDescription", "description": self.sent}
        return bool(self.other.perform(operation)["ok"])

    def _roll_back(self) -> bool:
        operation = {"op": "setLocalDescription", "description": _ROLLBACK}
        return bool(self.other.perform(operation)["ok"])


_ROLLBACK: Operation = {"type": "rollback", "sdp": ""}


def replay(stack: str, negotiation: Negotiation) -> list[Made]:
    """Do the same with a simulated peer, and return what comes of each operation."""
    player = SimulatedPlayer(peer_connection(stack, identity=Identity(negotiation.name)))
    masks = Masks()
    streams = Identity(f"streams of {negotiation.name}")
    frame = "{{{}}}" if stack == "firefox" else "{}"
    named: defaultdict[str, str] = defaultdict(lambda: frame.format(streams.new_uuid()))
    made = []
    for operation in negotiation.operations:
        told = dict(operation)
        if "streams" in operation:
            told["streams"] = [named[name] for name in operation["streams"]]
        made.append(_made(operation, player.perform(told), masks))
    return made


def without_numbers(text: str) -> str:
    """The text with each payload type replaced by its place in the m line of its section."""
    return "\r\nm=".join(_without_numbers(section) for section in text.split("\r\nm="))


def _without_numbers(section: str) -> str:
    first, *lines = section.split("\r\n")
    formats = first.split(" ")[3:]
    places = {number: f"#{place}" for place, number in enumerate(formats)}
    if first.startswith("v=") or not formats or not formats[0].isdecimal():
        return section

    def placed(found: re.Match[str]) -> str:
        return found[1] + places.get(found[2], found[2])

    shown = [" ".join([*first.split(" ")[:3], *places.values()])]
    for line in lines:
        if line.startswith(("a=rtpmap:", "a=rtcp-fb:", "a=fmtp:")):
            line = _NUMBERED.sub(placed, line)
        shown.append(line)
    return "\r\n".join(shown)


# -- files --------------------------------------------------------------------------------------


def write_set(name: str, version: str, kept: Sequence[Negotiation]) -> int:
    """Write a set and return its size; each line of a description is kept once."""
    lines: dict[str, int] = {}

    def pack(text: str | None) -> list[int] | None:
        if text is None:
            return None
        return [lines.setdefault(line, len(lines)) for line in text.split("\r\n")]

    entries = []
    for each in kept:
        steps = []
        for operation, made in zip(each.operations, each.made, strict=True):
            packed = dict(operation)
            if operation.get("description"):
                given = operation["description"]
                packed["description"] = {"type": given["type"], "sdp": pack(given["sdp"])}
            steps.append([packed, pack(made.description), made.error, made.message])
        entries.append([each.name, steps])
    content = {"version": version, "negotiations": entries, "lines": list(lines)}
    return recorded.write(name, content)


def read_set(name: str) -> tuple[str, list[Negotiation]]:
    """Read a set: the version of the peer that was asked, and the negotiations."""
    content = recorded.read(name)
    return content["version"], list(_unpack(content["negotiations"], content["lines"]))


def _unpack(entries: Sequence[Any], lines: Sequence[str]) -> Iterator[Negotiation]:
    def text(numbers: Sequence[int] | None) -> str | None:
        return None if numbers is None else "\r\n".join(lines[number] for number in numbers)

    for name, steps in entries:
        kept = Negotiation(name)
        for packed, description, error, message in steps:
            operation = dict(packed)
            if operation.get("description"):
                given = operation["description"]
                operation["description"] = {"type": given["type"], "sdp": text(given["sdp"])}
            kept.operations.append(operation)
            kept.made.append(Made(text(description), error, message))
        yield kept
