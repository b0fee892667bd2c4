"""aiortc as a stage for players: a process that keeps connections."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rtckit.lab.peers.aiortc_peer import AiortcPeer
from rtckit.lab.players.player import Operation, Outcome

__all__ = ["AiortcStage"]

_PERFORM_LIMIT_S = 15.0
_SEQUENCE_LIMIT_S = 20.0


class AiortcStage(AiortcPeer):
    """A process of aiortc that keeps named connections, as `BrowserStage` does in a page.

    Outcomes have aiortc's own exceptions: what an RTCPeerConnection of a browser has and that of
    aiortc has not (``removeTrack``, ``restartIce``) is an ``AttributeError``, an argument it does
    not take a ``TypeError``. All methods raise :class:`~rtckit.core.errors.NetworkFailure` when the
    process is gone or silent.
    """

    program: ClassVar[str] = "rtckit.lab.players.aiortc_program"

    async def open(self, name: str, configuration: Mapping[str, Any]) -> None:
        """Make a connection; one of that name is closed first.

        Of an RTCConfiguration ``iceServers``, ``bundlePolicy`` and ``iceTransportPolicy`` count.
        """
        await self.call("open", {"name": name, "configuration": dict(configuration)})

    async def perform(self, name: str, operation: Operation) -> Outcome:
        """Perform one operation on a connection, which is made if there is none of that name."""
        arguments = {"name": name, "operation": dict(operation)}
        outcome: Outcome = await self.call("perform", arguments, _PERFORM_LIMIT_S)
        return outcome

    async def perform_all(
        self, sequences: Sequence[Sequence[Mapping[str, Any]]]
    ) -> list[list[Outcome]]:
        """Play sequences, each with new connections ``a`` and ``b``; see `BrowserStage`."""
        outcomes: list[list[Outcome]] = await self.call(
            "performAll",
            {"sequences": [[dict(step) for step in steps] for steps in sequences]},
            _SEQUENCE_LIMIT_S * max(len(sequences), 1),
        )
        return outcomes

    async def drop(self, name: str) -> None:
        """Close a connection and forget it; harmless when there is none of that name."""
        await self.call("drop", {"name": name})
