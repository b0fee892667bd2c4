"""The stage both browsers are: a page that keeps connections and performs operations on them."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from rtckit.lab.peers.page import BrowserPeer
from rtckit.lab.players.player import Operation, Outcome

__all__ = ["BrowserStage"]

_PERFORM_LIMIT_S = 15.0
_SEQUENCE_LIMIT_S = 20.0
# Chromium refuses a page its 500th connection and counts those that were closed until it has
# collected them.
_CONNECTIONS = 300


class BrowserStage(BrowserPeer):
    """A browser whose page keeps named connections; `perform` does one operation on one of them.

    Operations and outcomes are those of :mod:`rtckit.lab.players.player`. All methods raise
    :class:`~rtckit.core.errors.NetworkFailure` when the page is lost or silent.
    """

    script = files(__package__).joinpath("performer.js")

    async def open(self, name: str, configuration: Mapping[str, Any]) -> None:
        """Make a connection with an RTCConfiguration; one of that name is closed first."""
        await self.call("open", {"name": name, "configuration": dict(configuration)})

    async def perform(self, name: str, operation: Operation) -> Outcome:
        """Perform one operation on a connection, which is made if there is none of that name."""
        arguments = {"name": name, "operation": dict(operation)}
        outcome: Outcome = await self.call("perform", arguments, _PERFORM_LIMIT_S)
        return outcome

    async def perform_all(
        self, sequences: Sequence[Sequence[Mapping[str, Any]]]
    ) -> list[list[Outcome]]:
        """Play sequences, each with new connections ``a`` and ``b``, in one round trip.

        A step is an operation with a ``peer``. Its ``transceiver`` is taken modulo the number
        there is, and its ``description`` may be named by where it comes from:
        ``{"take": PLACE, "type": TYPE}`` with the places ``created`` (what this peer created
        last), ``own`` (its local description), ``other`` (that of the other peer),
        ``other-created``, ``stale`` (the first offer of the other peer) and ``nothing``; without
        a ``type`` it keeps its own, and what is not there is an empty text.
        """
        if 2 * len(sequences) + int(await self.call("made")) > _CONNECTIONS:
            await self.within(self.reload(), "reload", _PERFORM_LIMIT_S)
        outcomes: list[list[Outcome]] = await self.call(
            "performAll",
            {"sequences": [[dict(step) for step in steps] for steps in sequences]},
            _SEQUENCE_LIMIT_S * max(len(sequences), 1),
        )
        return outcomes

    async def drop(self, name: str) -> None:
        """Close a connection and forget it; harmless when there is none of that name."""
        await self.call("drop", {"name": name})
