"""The process behind aiortc's players: operations in from stdin, outcomes on stdout, one a line.

Run as ``python -m rtckit.lab.players.aiortc_program KEYLOG``; ends when stdin does. It keeps any
number of named connections; the calls are those of ``performer.js``, with the same arguments and
answers. A method of RTCPeerConnection that aiortc lacks fails as Python says it does.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import aiortc
from aiortc.sdp import candidate_from_sdp

from rtckit.lab.peers.aiortc_program import log_secrets
from rtckit.lab.peers.fake_media import MovingPicture, Tone

__all__ = ["Performer"]

_LINE_LIMIT = 16 << 20
_LIMIT_S = 5.0
_PICTURE = (64, 48, 5)
_ENDLESS = "the coroutine does not end"

Operation: TypeAlias = Mapping[str, Any]
Description: TypeAlias = dict[str, str]


class Performer:
    """One connection of aiortc and what became of the operations on it.

    Attributes:
        connection: the RTCPeerConnection.
        created: what createOffer or createAnswer returned last.
        first_offer: the first offer it made or set.
    """

    def __init__(self, configuration: Mapping[str, Any] | None = None) -> None:
        given = configuration or {}
        servers = [aiortc.RTCIceServer(**server) for server in given.get("iceServers", ())]
        made = aiortc.RTCConfiguration(iceServers=servers)
        if "bundlePolicy" in given:
            made.bundlePolicy = type(made.bundlePolicy)(given["bundlePolicy"])
        if "iceTransportPolicy" in given:
            made.iceTransportPolicy = type(made.iceTransportPolicy)(given["iceTransportPolicy"])
        # Of any type: some of the methods called on it are not there.
        self.connection: Any = aiortc.RTCPeerConnection(made)
        self.created: Description | None = None
        self.first_offer: Description | None = None
        self._events: list[str] = []
        self._tracks: list[Any] = []
        self._close_failed = False
        self.connection.on("signalingstatechange", self._note_state)
        self.connection.on("track", self._note_track)

    def _note_state(self) -> None:
        self._events.append(f"signalingstatechange:{self.connection.signalingState}")

    def _note_track(self, track: Any) -> None:
        for transceiver in self.connection.getTransceivers():
            if transceiver.receiver.track is track:
                self._events.append(f"track:{transceiver.mid}")

    async def perform(self, operation: Operation) -> dict[str, Any]:
        """Perform an operation; what aiortc refuses is an outcome."""
        outcome: dict[str, Any] = {"ok": True, "error": None, "message": None, "description": None}
        try:
            made = _METHODS[operation["op"]](self, operation)
            if asyncio.iscoroutine(made):
                made = await _within_limit(made)
            outcome["description"] = made
        except Exception as error:
            outcome.update(ok=False, error=type(error).__name__, message=str(error))
        # The task that connects begins on the next turns.
        for _ in range(3):
            await asyncio.sleep(0)
        outcome["events"], self._events = self._events, []
        outcome["state"] = self.state()
        return outcome

    async def end(self) -> None:
        """Close the connection and stop its tracks, whatever state it is in."""
        with contextlib.suppress(Exception):
            await _within_limit(self._close({}))
        for track in self._tracks:
            track.stop()

    # -- what there is to see ----------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What a page could read; the four descriptions by aiortc's private names."""
        connection = self.connection
        return {
            "signalingState": connection.signalingState,
            "currentLocal": self._type_of("currentLocal"),
            "currentRemote": self._type_of("currentRemote"),
            "pendingLocal": self._type_of("pendingLocal"),
            "pendingRemote": self._type_of("pendingRemote"),
            "transceivers": [
                {
                    "mid": transceiver.mid,
                    "kind": transceiver.kind,
                    "direction": transceiver.direction,
                    "currentDirection": transceiver.currentDirection,
                    "stopped": transceiver.stopped,
                }
                for transceiver in connection.getTransceivers()
            ],
            "sctp": connection.sctp is not None,
        }

    def _type_of(self, which: str) -> str | None:
        description = getattr(self.connection, f"_RTCPeerConnection__{which}Description")
        return None if description is None else description.type

    def local(self) -> Description | None:
        """The local description, if it can be written."""
        try:
            return _plain(self.connection.localDescription)
        except ValueError:
            return None

    # -- operations --------------------------------------------------------------------------------

    def _add_track(self, operation: Operation) -> None:
        self.connection.addTrack(self._new_track(operation["kind"]))

    def _remove_track(self, operation: Operation) -> None:
        sender = self._transceiver(operation).sender
        self.connection.removeTrack(sender)

    def _add_transceiver(self, operation: Operation) -> None:
        kind = operation["kind"]
        named: dict[str, Any] = {"direction": operation.get("direction") or "sendrecv"}
        if operation.get("sendEncodings"):
            named["sendEncodings"] = operation["sendEncodings"]
        what = self._new_track(kind) if operation.get("track") else kind
        self.connection.addTransceiver(what, **named)

    def _create_data_channel(self, operation: Operation) -> None:
        self.connection.createDataChannel(operation["label"])

    async def _stop(self, operation: Operation) -> None:
        await self._transceiver(operation).stop()

    def _set_direction(self, operation: Operation) -> None:
        self._transceiver(operation).direction = operation["direction"]

    def _replace_track(self, operation: Operation) -> None:
        transceiver = self._transceiver(operation)
        track = self._new_track(transceiver.kind) if operation.get("track", True) else None
        transceiver.sender.replaceTrack(track)

    def _set_codec_preferences(self, operation: Operation) -> None:
        transceiver = self._transceiver(operation)
        transceiver.setCodecPreferences(codecs_named(operation["codecs"], transceiver.kind))

    def _restart_ice(self, _: Operation) -> None:
        self.connection.restartIce()

    async def _create_offer(self, operation: Operation) -> Description | None:
        named = {"iceRestart": True} if operation.get("iceRestart") else {}
        self.created = _plain(await self.connection.createOffer(**named))
        self.first_offer = self.first_offer or self.created
        return self.created

    async def _create_answer(self, _: Operation) -> Description | None:
        self.created = _plain(await self.connection.createAnswer())
        return self.created

    async def _set_local_description(self, operation: Operation) -> Description | None:
        given = operation.get("description")
        await self.connection.setLocalDescription(_typed(given) if given else None)
        local = self.local()
        if local is not None and local["type"] == "offer":
            self.first_offer = self.first_offer or local
        return local

    async def _set_remote_description(self, operation: Operation) -> None:
        await self.connection.setRemoteDescription(_typed(operation["description"]))

    async def _add_ice_candidate(self, operation: Operation) -> None:
        text = operation.get("candidate")
        candidate = candidate_from_sdp(text.removeprefix("candidate:")) if text else None
        if candidate is not None:
            candidate.sdpMid = operation.get("sdpMid")
            candidate.sdpMLineIndex = operation.get("sdpMLineIndex")
        await self.connection.addIceCandidate(candidate)

    async def _close(self, _: Operation) -> None:
        # Closed half-way, aiortc has every later call wait for the first one to end.
        if self._close_failed:
            raise TimeoutError(_ENDLESS)
        try:
            await self.connection.close()
        except BaseException:
            self._close_failed = True
            raise

    def _get_state(self, _: Operation) -> None:
        pass

    def _transceiver(self, operation: Operation) -> Any:
        index, known = operation["transceiver"], self.connection.getTransceivers()
        if not 0 <= index < len(known):
            raise IndexError(f"no transceiver {index}")
        return known[index]

    def _new_track(self, kind: str) -> Any:
        track = Tone() if kind == "audio" else MovingPicture(*_PICTURE)
        self._tracks.append(track)
        return track


_METHODS: Mapping[str, Callable[[Performer, Operation], Any]] = {
    "addTrack": Performer._add_track,
    "removeTrack": Performer._remove_track,
    "addTransceiver": Performer._add_transceiver,
    "createDataChannel": Performer._create_data_channel,
    "stop": Performer._stop,
    "setDirection": Performer._set_direction,
    "replaceTrack": Performer._replace_track,
    "setCodecPreferences": Performer._set_codec_preferences,
    "restartIce": Performer._restart_ice,
    "createOffer": Performer._create_offer,
    "createAnswer": Performer._create_answer,
    "setLocalDescription": Performer._set_local_description,
    "setRemoteDescription": Performer._set_remote_description,
    "addIceCandidate": Performer._add_ice_candidate,
    "close": Performer._close,
    "getState": Performer._get_state,
}


def codecs_named(types: Sequence[str], kind: str) -> list[Any]:
    """The capabilities that MIME types stand for; what repeats other codecs follows them."""
    known = [
        codec
        for each in ("audio", "video")
        for codec in aiortc.RTCRtpSender.getCapabilities(each).codecs
    ]
    chosen: list[Any] = []
    for wanted in types:
        found = [codec for codec in known if codec.mimeType.lower() == wanted.lower()]
        chosen += found or [aiortc.RTCRtpCodecCapability(mimeType=wanted, clockRate=90000)]
    named = {codec.mimeType.lower() for codec in chosen}
    following = [
        codec
        for codec in known
        if codec.mimeType.lower() == f"{kind}/rtx" and codec.mimeType.lower() not in named
    ]
    return [*chosen, *following] if chosen else []


async def _within_limit(waiting: Any) -> Any:
    """Wait for a coroutine; of one that does not end, the error says so."""
    try:
        return await asyncio.wait_for(waiting, _LIMIT_S)
    except TimeoutError:
        raise TimeoutError(_ENDLESS) from None


def _plain(description: Any) -> Description | None:
    return None if description is None else {"type": description.type, "sdp": description.sdp}


def _typed(given: Mapping[str, str]) -> Any:
    return aiortc.RTCSessionDescription(sdp=given.get("sdp", ""), type=given["type"])


class Program:
    """Named connections and the calls on them."""

    def __init__(self) -> None:
        self.performers: dict[str, Performer] = {}

    async def open(self, name: str, configuration: Mapping[str, Any] | None = None) -> Performer:
        """Make a connection in place of one of that name."""
        await self.drop(name)
        self.performers[name] = made = Performer(configuration)
        return made

    async def drop(self, name: str) -> None:
        """Close a connection and forget it."""
        performer = self.performers.pop(name, None)
        if performer is not None:
            await performer.end()

    async def perform(self, name: str, operation: Operation) -> dict[str, Any]:
        """Perform an operation on a connection, which is made if there is none."""
        performer = self.performers.get(name) or await self.open(name)
        return await performer.perform(operation)

    async def perform_all(self, steps: Sequence[Operation]) -> list[dict[str, Any]]:
        """Play a sequence with new connections ``a`` and ``b``."""
        peers = {name: await self.open(name) for name in "ab"}
        outcomes = []
        for step in steps:
            own, other = peers[step["peer"]], peers["b" if step["peer"] == "a" else "a"]
            outcomes.append(await own.perform(resolved(step, own, other)))
        for name in peers:
            await self.drop(name)
        return outcomes

    async def answer_call(self, name: str, given: dict[str, Any]) -> Any:
        """Route a call; ``KeyError`` for one that is unknown."""
        if name == "ready":
            return True
        if name == "open":
            await self.open(given["name"], given["configuration"])
            return None
        if name == "perform":
            return await self.perform(given["name"], given["operation"])
        if name == "performAll":
            return [await self.perform_all(steps) for steps in given["sequences"]]
        if name == "drop":
            return await self.drop(given["name"])
        raise KeyError(name)


def resolved(step: Operation, own: Performer, other: Performer) -> dict[str, Any]:
    """Write out a step's description and bring its transceiver into range, as the page does."""
    operation = {key: value for key, value in step.items() if key != "peer"}
    if "transceiver" in operation:
        operation["transceiver"] %= max(len(own.connection.getTransceivers()), 1)
    named = operation.get("description")
    if named and "take" in named:
        places: dict[str, Callable[[], Description | None]] = {
            "created": lambda: own.created,
            "own": own.local,
            "other": other.local,
            "other-created": lambda: other.created,
            "stale": lambda: other.first_offer,
            "nothing": lambda: None,
        }
        taken = places[named["take"]]()
        kind = named.get("type") or (taken["type"] if taken else "offer")
        operation["description"] = {"type": kind, "sdp": taken["sdp"] if taken else ""}
    return operation


async def serve() -> None:
    """Answer calls until stdin ends."""
    program = Program()
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        try:
            result = await program.answer_call(request["call"], request["with"])
            answer = {"result": result}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for name in list(program.performers):
        await program.drop(name)


if __name__ == "__main__":
    with Path(sys.argv[1]).open("wb", buffering=0) as key_log:
        log_secrets(key_log)
        asyncio.run(serve())
