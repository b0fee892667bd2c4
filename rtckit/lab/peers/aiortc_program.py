"""The process behind an aiortc peer: reads calls from stdin, answers on stdout, one JSON a line.

Run as ``python -m rtckit.lab.peers.aiortc_program KEYLOG``; ends when stdin does. The calls are
those of ``page.js``, with the same arguments and answers.
"""

import asyncio
import dataclasses
import enum
import hashlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import aiortc
from aiortc.rtcdtlstransport import RTCCertificate

from rtckit.lab.peers.fake_media import MovingPicture, Tone
from rtckit.lab.peers.peer import file_content

_LINE_LIMIT = 4 << 20
_HIGH_WATER = 256 * 1024


def log_secrets(log: BinaryIO) -> None:
    """Have every DTLS connection write its secrets; aiortc itself has no option for it."""
    certificate_class: Any = RTCCertificate
    create = certificate_class._create_ssl_context

    def write_line(_: Any, line: bytes) -> None:
        log.write(line + b"\n")

    def create_and_log(certificate: Any, *positional: Any, **named: Any) -> Any:
        context = create(certificate, *positional, **named)
        context.set_keylog_callback(write_line)
        return context

    certificate_class._create_ssl_context = create_and_log


def plain(value: Any) -> Any:
    """A statistics value as JSON has it; times as milliseconds since 1970."""
    if isinstance(value, datetime):
        return value.timestamp() * 1000
    return value.value if isinstance(value, enum.Enum) else value


class Channel:
    """A data channel and what came in over it."""

    def __init__(self, channel: Any, note: Callable[..., None]) -> None:
        self.channel = channel
        self.texts: list[str] = []
        self.files: list[dict[str, Any]] = []
        self._note = note
        self._incoming: tuple[str, list[bytes]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        channel.on("message", self._receive)
        channel.on("open", lambda: note("datachannel open", label=channel.label, id=channel.id))
        channel.on("close", lambda: note("datachannel close", label=channel.label))

    def _receive(self, data: str | bytes) -> None:
        # An exception in here would take aiortc's DTLS transport down with it.
        if isinstance(data, bytes):
            if self._incoming:
                self._incoming[1].append(data)
            return
        try:
            message = json.loads(data)
        except ValueError:
            message = None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "file":
            self._incoming = (str(message.get("name")), [])
        elif kind == "end" and self._incoming:
            name, parts = self._incoming
            self._incoming = None
            whole = b"".join(parts)
            digest = hashlib.sha256(whole).hexdigest()
            file = {"name": name, "size": len(whole), "sha256": digest}
            self.files.append(file)
            self._note("file received", label=self.channel.label, **file)
            task = asyncio.create_task(self.send(json.dumps({"type": "received", **file})))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self.texts.append(data)
            self._note("message", label=self.channel.label, length=len(data))

    async def send(self, data: str | bytes) -> None:
        """Send once the channel is open and its buffer has room."""
        while self.channel.readyState == "connecting" or (
            self.channel.readyState == "open" and self.channel.bufferedAmount > _HIGH_WATER
        ):
            await asyncio.sleep(0.005)
        self.channel.send(data)


class Program:
    """One peer connection and the calls on it."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.happened: list[dict[str, Any]] = []
        self.channels: dict[str, Channel] = {}
        self.frames = {"audio": 0, "video": 0}
        self._readers: set[asyncio.Task[None]] = set()

    def note(self, event: str, **detail: Any) -> None:
        """Remember an event with its time."""
        now = datetime.now(UTC).timestamp()
        self.happened.append({"time": round(now, 3), "event": event, **detail})

    def ready(self) -> bool:
        """Answer at all."""
        return True

    def create(self, ice_servers: list[dict[str, Any]], policy: str) -> None:
        """Make the connection."""
        configuration = aiortc.RTCConfiguration(
            iceServers=[aiortc.RTCIceServer(**server) for server in ice_servers]
        )
        configuration.iceTransportPolicy = type(configuration.iceTransportPolicy)(policy)
        self.connection = connection = aiortc.RTCPeerConnection(configuration)
        for name, attribute in (
            ("signalingstatechange", "signalingState"),
            ("icegatheringstatechange", "iceGatheringState"),
            ("iceconnectionstatechange", "iceConnectionState"),
            ("connectionstatechange", "connectionState"),
        ):
            connection.on(name, self._state_noter(name, attribute))
        connection.on("track", self._receive_track)
        connection.on("datachannel", self._adopt)

    def _state_noter(self, name: str, attribute: str) -> Callable[[], None]:
        return lambda: self.note(name, state=getattr(self.connection, attribute))

    def _receive_track(self, track: Any) -> None:
        self.note("track", kind=track.kind)
        task = asyncio.create_task(self._count_frames(track))
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    async def _count_frames(self, track: Any) -> None:
        try:
            while True:
                await track.recv()
                self.frames[track.kind] += 1
        except aiortc.mediastreams.MediaStreamError:
            self.note("track ended", kind=track.kind)

    def _adopt(self, channel: Any) -> None:
        self.note("datachannel", label=channel.label)
        self.channels[channel.label] = Channel(channel, self.note)

    def add_media(self, media: dict[str, Any]) -> None:
        """Add a tone and a moving picture."""
        if media["audio"]:
            self.connection.addTrack(Tone())
        if media["video"]:
            picture = MovingPicture(media["width"], media["height"], media["frameRate"])
            self.connection.addTrack(picture)

    def add_channel(self, label: str, protocol: str) -> None:
        """Open a channel."""
        channel = self.connection.createDataChannel(label, protocol=protocol)
        self.channels[label] = Channel(channel, self.note)

    async def offer(self) -> str:
        """The offer; setting it gathers all candidates."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def answer(self, sdp: str, media: dict[str, Any]) -> str:
        """The answer to an offer."""
        offer = aiortc.RTCSessionDescription(sdp=sdp, type="offer")
        await self.connection.setRemoteDescription(offer)
        self.add_media(media)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return str(self.connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        """Take the answer."""
        answer = aiortc.RTCSessionDescription(sdp=sdp, type="answer")
        await self.connection.setRemoteDescription(answer)

    async def send_file(self, label: str, name: str, size: int, seed: int, chunk: int) -> None:
        """Send a file in messages of ``chunk`` bytes."""
        channel = self.channels[label]
        content = file_content(size, seed)
        await channel.send(json.dumps({"type": "file", "name": name, "size": size}))
        for at in range(0, size, chunk):
            await channel.send(content[at : at + chunk])
        await channel.send(json.dumps({"type": "end", "name": name}))
        self.note("file sent", label=label, name=name, size=size)

    async def flow(self) -> dict[str, Any]:
        """States and counters."""
        stats = await self.connection.getStats()
        return {
            "connection": self.connection.connectionState,
            "ice": self.connection.iceConnectionState,
            "audioPackets": sum(
                report.packetsReceived
                for report in stats.values()
                if report.type == "inbound-rtp" and report.kind == "audio"
            ),
            "framesDecoded": self.frames["video"],
            "channels": {
                label: {"state": each.channel.readyState, "texts": each.texts, "files": each.files}
                for label, each in self.channels.items()
            },
        }

    def stop_sending(self) -> None:
        """Take the tracks from the senders; their counters stay."""
        for sender in self.connection.getSenders():
            track = sender.track
            if track:
                sender.replaceTrack(None)
                track.stop()
        self.note("stopped sending")

    async def stats(self) -> dict[str, dict[str, Any]]:
        """All statistics."""
        return {
            key: {name: plain(value) for name, value in dataclasses.asdict(report).items()}
            for key, report in (await self.connection.getStats()).items()
        }

    async def close(self) -> None:
        """Close the connection."""
        if self.connection:
            await self.connection.close()
        self.note("closed")

    async def answer_call(self, name: str, given: dict[str, Any]) -> Any:
        """Route a call as the page script names it; ``KeyError`` for one that is unknown."""
        routes: dict[str, Callable[[], Any]] = {
            "ready": self.ready,
            "create": lambda: self.create(given["iceServers"], given["iceTransportPolicy"]),
            "addMedia": lambda: self.add_media(given),
            "addChannel": lambda: self.add_channel(given["label"], given["protocol"]),
            "offer": self.offer,
            "answer": lambda: self.answer(given["sdp"], given["media"]),
            "accept": lambda: self.accept(given["sdp"]),
            "say": lambda: self.channels[given["label"]].send(given["text"]),
            "sendFile": lambda: self.send_file(**given),
            "flow": self.flow,
            "stopSending": self.stop_sending,
            "stats": self.stats,
            "events": lambda: self.happened,
            "close": self.close,
        }
        outcome = routes[name]()
        return await outcome if asyncio.iscoroutine(outcome) else outcome


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
    await program.close()


if __name__ == "__main__":
    with Path(sys.argv[1]).open("wb", buffering=0) as key_log:
        log_secrets(key_log)
        asyncio.run(serve())
