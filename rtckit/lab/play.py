"""Plays the scenarios of `rtckit.jsep.simulation` with real peers, at one end or at both.

The same generator that a simulation is made by is driven here, its operations performed by real
browsers and aiortc. Each program runs in a network namespace with nothing but a loopback
interface: descriptions are exchanged as in life, and ICE finds nothing to connect.
"""

import asyncio
import importlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtckit.core.errors import UsageError
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.simulation import make_player, read_library
from rtckit.jsep.simulation.player import SimulatedPlayer
from rtckit.jsep.simulation.run import Play, play
from rtckit.jsep.simulation.scenario import Scenario
from rtckit.jsep.simulation.trace import Trace
from rtckit.lab.capabilities import require
from rtckit.lab.namespaces import Network
from rtckit.lab.players.player import ConnectionPlayer, Operation, Outcome, Player

if TYPE_CHECKING:
    from rtckit.lab.peers.peer import Peer

__all__ = ["REAL_STACKS", "Stages", "play_for_real", "play_with"]

REAL_STACKS = ("chromium", "firefox", "aiortc")
"""The stacks there is a program for."""

_STAGES = {
    "chromium": ("rtckit.lab.players.chromium_player", "ChromiumStage"),
    "firefox": ("rtckit.lab.players.firefox_player", "FirefoxStage"),
    "aiortc": ("rtckit.lab.players.aiortc_player", "AiortcStage"),
}
Progress = Callable[[str, str], None]


class _Simulated:
    """A simulated player among real ones."""

    def __init__(self, player: SimulatedPlayer) -> None:
        self._player = player

    async def perform(self, operation: Operation) -> Outcome:
        return dict(self._player.perform(operation))

    async def close(self) -> None:
        pass


async def play_with(
    run: Play, players: Mapping[str, Player], progress: Progress | None = None
) -> Trace:
    """Drive a scenario that `rtckit.jsep.simulation.run.play` began.

    Args:
        run: the generator, not yet started.
        players: who performs the operations of each side.
        progress: told of each operation before it is performed: the side and the method.

    Raises:
        NetworkFailure: a program is gone or does not answer.
    """
    try:
        side, operation = next(run)
        while True:
            if progress is not None:
                progress(side, operation["op"])
            side, operation = run.send(await players[side].perform(operation))
    except StopIteration as stop:
        trace: Trace = stop.value
        return trace


class Stages:
    """The programs of real peers, each started when first needed and ended on leaving.

    Several scenarios may be played with the same programs, one after the other. Raises
    :class:`~rtckit.core.errors.MissingCapability` for a program this machine does not have, with
    how to get it.
    """

    def __init__(self) -> None:
        self._opened = AsyncExitStack()
        self._running: dict[str, Any] = {}
        self._network: Network | None = None
        self._folder = Path()

    async def __aenter__(self) -> "Stages":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def get(self, stack: str) -> Any:
        """The stage of a stack (`rtckit.lab.players.player.Stage`), running."""
        if stack not in self._running:
            require(["netns", stack])
            if self._network is None:
                self._folder = Path(
                    self._opened.enter_context(
                        tempfile.TemporaryDirectory(
                            prefix="rtckit-play-", ignore_cleanup_errors=True
                        )
                    )
                )
                self._network = self._opened.enter_context(Network())
            module, name = _STAGES[stack]
            stage_class: Callable[..., Peer] = getattr(importlib.import_module(module), name)
            folder = self._folder / stack
            folder.mkdir()
            stage = stage_class(self._network.add(stack), folder)
            self._running[stack] = await self._opened.enter_async_context(stage)
        return self._running[stack]

    async def play(
        self,
        scenario: Scenario,
        real: Sequence[str] = ("a", "b"),
        progress: Progress | None = None,
    ) -> Trace:
        """Play a scenario; see `play_for_real`."""
        sides = _real_sides(scenario, real)
        require([*(["netns"] if sides else []), *(scenario.peers[side].stack for side in sides)])
        players: dict[str, Player] = {}
        try:
            for side in scenario.machines:
                players[side] = await self._player(scenario, side, side in sides)
            return await play_with(play(scenario, sides), players, progress)
        finally:
            for player in players.values():
                await player.close()

    async def _player(self, scenario: Scenario, side: str, is_real: bool) -> Player:
        if not is_real:
            return _Simulated(make_player(scenario, side))
        setup = scenario.peers[side]
        stage = await self.get(setup.stack)
        return await ConnectionPlayer.opened(stage, side, _dictionary(setup.configuration))


def play_for_real(
    scenario: Scenario | str,
    a: str | None = None,
    b: str | None = None,
    *,
    real: Sequence[str] = ("a", "b"),
    progress: Progress | None = None,
) -> Trace:
    """Play a scenario with real peers.

    Args:
        scenario: a scenario, or the name of one in the library.
        a: the stack of side ``a``; None for the scenario's own.
        b: the same of side ``b``.
        real: which sides are real. Sides that are scripted, or fixed to a stack without a
            program, are not; the trace tells which were.
        progress: told of each operation: the side and the method.

    Raises:
        KeyError: there is no scenario of that name.
        ValueError: there is no stack of that name.
        UsageError: a side shall be real, yet its stack is no program (``rfc``).
        MissingCapability: this machine lacks the program, or cannot make network namespaces.
        NetworkFailure: a program is gone or does not answer.
    """
    if isinstance(scenario, str):
        scenario = read_library(scenario)
    between = scenario.between(a, b)

    async def run() -> Trace:
        async with Stages() as stages:
            return await stages.play(between, real, progress)

    return asyncio.run(run())


def _real_sides(scenario: Scenario, wanted: Sequence[str]) -> tuple[str, ...]:
    sides = []
    for side in scenario.machines:
        setup = scenario.peers[side]
        if side not in wanted:
            continue
        if setup.stack in REAL_STACKS:
            sides.append(side)
        elif not setup.fixed:
            raise UsageError(
                f"side {side} is {setup.stack}, and there is no such program to play it "
                f"(one of {', '.join(REAL_STACKS)})"
            )
    return tuple(sides)


def _dictionary(configuration: Configuration) -> dict[str, Any]:
    """The RTCConfiguration dictionary; what is left at its default is left out."""
    default = Configuration()
    names = {
        "bundlePolicy": "bundle_policy",
        "rtcpMuxPolicy": "rtcp_mux_policy",
        "iceTransportPolicy": "ice_transport_policy",
    }
    return {
        name: getattr(configuration, attribute)
        for name, attribute in names.items()
        if getattr(configuration, attribute) != getattr(default, attribute)
    }
