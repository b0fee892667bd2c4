"""What performs the operations of one peer, whatever it is made of.

An operation is a method of RTCPeerConnection under its W3C name with its arguments as JSON
(``{"op": "setLocalDescription", "description": None}``); an outcome tells what came of it: ``ok``,
``error`` and ``message`` of the exception, the ``description`` made, the ``events`` since the last
operation and the ``state``. Simulated players take and give the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from rtckit.core.errors import NetworkFailure

__all__ = ["OPERATIONS", "ConnectionPlayer", "Operation", "Outcome", "Player", "Stage"]

Operation: TypeAlias = Mapping[str, Any]
Outcome: TypeAlias = dict[str, Any]

OPERATIONS = (
    "addTrack",
    "removeTrack",
    "addTransceiver",
    "createDataChannel",
    "stop",
    "setDirection",
    "replaceTrack",
    "setCodecPreferences",
    "restartIce",
    "createOffer",
    "createAnswer",
    "setLocalDescription",
    "setRemoteDescription",
    "addIceCandidate",
    "close",
    "getState",
)
"""What ``op`` may be."""


class Player(Protocol):
    """One peer connection that is told what to do."""

    async def perform(self, operation: Operation) -> Outcome:
        """Perform one operation; what the stack refuses is an outcome, not an exception.

        Raises:
            NetworkFailure: the program behind it is gone or does not answer.
        """
        ...

    async def close(self) -> None:
        """Close the connection and forget it; harmless when that was done."""
        ...


class Stage(Protocol):
    """A running program that keeps any number of named peer connections."""

    async def open(self, name: str, configuration: Mapping[str, Any]) -> None:
        """Make a connection with an RTCConfiguration; one of that name is closed first."""
        ...

    async def perform(self, name: str, operation: Operation) -> Outcome:
        """Perform an operation on a connection, as `Player.perform`."""
        ...

    async def drop(self, name: str) -> None:
        """Close a connection and forget it."""
        ...


class ConnectionPlayer:
    """A player made of one connection of a stage."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name
        self._turn = asyncio.Lock()
        self._is_open = True

    @classmethod
    async def opened(
        cls, stage: Stage, name: str, configuration: Mapping[str, Any] | None = None
    ) -> "ConnectionPlayer":
        """Open a connection on a stage and return its player."""
        await stage.open(name, configuration or {})
        return cls(stage, name)

    async def perform(self, operation: Operation) -> Outcome:
        """Perform one operation; see `Player`."""
        if operation.get("op") not in OPERATIONS:
            raise ValueError(f"no such operation: {operation.get('op')!r}")
        if not self._is_open:
            raise NetworkFailure(f"the connection {self._name} was given up")
        async with self._turn:
            return await self._stage.perform(self._name, operation)

    async def close(self) -> None:
        """Close the connection; see `Player`."""
        if self._is_open:
            self._is_open = False
            await self._stage.drop(self._name)
