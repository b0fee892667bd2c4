"""What every peer can do, whatever it is made of.

A peer is a program in a namespace that makes one peer connection. Drivers differ only in how they
start it and how a call reaches it (:meth:`Peer.call`); calls and answers are the same JSON
for all: the page script of the browsers and the aiortc program implement them.
"""

import abc
import asyncio
import os
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Namespace

__all__ = ["IceServer", "Media", "Peer", "PeerSettings", "file_content"]

_GATHERING_LIMIT_S = 8.0
_CALL_MARGIN_S = 12.0


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server as the W3C dictionary has it."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The ``RTCIceServer`` dictionary."""
        entry: dict[str, Any] = {"urls": list(self.urls)}
        if self.username:
            entry |= {"username": self.username, "credential": self.credential}
        return entry


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """How a peer makes its connection: the servers it knows, and ``all`` or ``relay``."""

    ice_servers: tuple[IceServer, ...] = ()
    policy: str = "all"


@dataclass(frozen=True, slots=True)
class Media:
    """What a peer sends. Sizes in pixels, frames a second, bits a second."""

    audio: bool = True
    video: bool = True
    width: int = 320
    height: int = 240
    frame_rate: int = 15
    max_bitrate: int = 300_000

    def to_dict(self) -> dict[str, Any]:
        """The arguments of the ``addMedia`` call."""
        return {
            "audio": self.audio,
            "video": self.video,
            "width": self.width,
            "height": self.height,
            "frameRate": self.frame_rate,
            "maxBitrate": self.max_bitrate,
        }


class Peer(abc.ABC):
    """One peer. ``kind`` is its name for people; ``version`` is known once it runs.

    ``key_log`` is where it writes its TLS secrets (NSS format), ``None`` for a peer that cannot.
    Every method raises :class:`NetworkFailure` when the peer refuses or does not answer in time.
    """

    kind = ""

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        self.namespace = namespace
        self.directory = directory
        self.version = ""
        self.key_log: Path | None = None

    def environment(self) -> dict[str, str]:
        """The environment of its program: what it wants to keep goes into its own folder."""
        private = {"HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"}
        return {**os.environ, **dict.fromkeys(private, str(self.directory))}

    @property
    def short_version(self) -> str:
        """The part of the version by which people call it."""
        return self.version

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @abc.abstractmethod
    async def start(self) -> None:
        """Start the program and wait until it takes calls."""

    @abc.abstractmethod
    async def stop(self) -> None:
        """End the program; harmless when it never started."""

    @abc.abstractmethod
    async def _invoke(self, name: str, arguments: dict[str, Any]) -> Any:
        """Pass one call to the program and return its answer."""

    async def call(
        self, name: str, arguments: dict[str, Any] | None = None, limit_s: float = _CALL_MARGIN_S
    ) -> Any:
        """Make one call with a time limit in seconds."""
        return await self.within(self._invoke(name, arguments or {}), name, limit_s)

    async def within(self, awaitable: Awaitable[Any], what: str, limit_s: float) -> Any:
        """Wait for ``awaitable``; :class:`NetworkFailure` names the peer and ``what`` timed out."""
        try:
            async with asyncio.timeout(limit_s):
                return await awaitable
        except TimeoutError as error:
            raise NetworkFailure(f"{self.kind}: {what} took over {limit_s:g} s") from error

    async def create(self, settings: PeerSettings) -> None:
        """Make the peer connection."""
        servers = [server.to_dict() for server in settings.ice_servers]
        await self.call("create", {"iceServers": servers, "iceTransportPolicy": settings.policy})

    async def add_media(self, media: Media) -> None:
        """Add fake tracks to send."""
        await self.call("addMedia", media.to_dict())

    async def add_channel(self, label: str, protocol: str = "") -> None:
        """Open a reliable, ordered data channel."""
        await self.call("addChannel", {"label": label, "protocol": protocol})

    async def offer(self) -> str:
        """An offer with all candidates in it (gathering is waited for, up to a limit)."""
        return str(
            await self.call(
                "offer", {"gatherSeconds": _GATHERING_LIMIT_S}, _GATHERING_LIMIT_S + _CALL_MARGIN_S
            )
        )

    async def answer(self, offer: str, media: Media) -> str:
        """Take an offer, add tracks, and return the answer with all candidates in it."""
        arguments = {"sdp": offer, "media": media.to_dict(), "gatherSeconds": _GATHERING_LIMIT_S}
        return str(await self.call("answer", arguments, _GATHERING_LIMIT_S + _CALL_MARGIN_S))

    async def accept(self, answer: str) -> None:
        """Take the answer to the own offer."""
        await self.call("accept", {"sdp": answer})

    async def say(self, label: str, text: str) -> None:
        """Send a text message over a channel."""
        await self.call("say", {"label": label, "text": text})

    async def send_file(self, label: str, name: str, size: int, seed: int) -> None:
        """Send :func:`file_content` in 16 kB messages, between two JSON texts that describe it."""
        arguments = {"label": label, "name": name, "size": size, "seed": seed, "chunk": 16384}
        await self.call("sendFile", arguments)

    async def flow(self) -> dict[str, Any]:
        """Where the call stands: states, counters of what arrived, channels and files."""
        answer: dict[str, Any] = await self.call("flow")
        return answer

    async def stop_sending(self) -> None:
        """Send no more media, yet keep the senders and their statistics."""
        await self.call("stopSending")

    async def stats(self) -> dict[str, dict[str, Any]]:
        """``getStats()`` as ``{id: report}``."""
        answer: dict[str, dict[str, Any]] = await self.call("stats")
        return answer

    async def events(self) -> list[dict[str, Any]]:
        """What happened at the peer; each has ``time`` (seconds since 1970) and ``event``."""
        answer: list[dict[str, Any]] = await self.call("events")
        return answer

    async def close(self) -> None:
        """Close the peer connection."""
        await self.call("close")


def file_content(size: int, seed: int) -> bytes:
    """``size`` bytes of a xorshift32 sequence, low byte first: the same in every peer."""
    words = []
    state = seed & 0xFFFFFFFF or 1
    for _ in range((size + 3) // 4):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        words.append(state.to_bytes(4, "little"))
    return b"".join(words)[:size]
