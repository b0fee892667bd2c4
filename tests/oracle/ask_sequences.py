"""Plays sequences of operations in the real browsers of this machine.

Needs root (a network namespace for the browser) and the browsers; see `rtckit.lab.capabilities`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rtckit.lab.namespaces import Network
from rtckit.lab.players.chromium_player import ChromiumStage
from rtckit.lab.players.firefox_player import FirefoxStage
from rtckit.lab.players.page import BrowserStage
from tests.oracle.sequences import Seen, Steps, seen

_BATCH = 25
_STAGES: dict[str, type[BrowserStage]] = {"chromium": ChromiumStage, "firefox": FirefoxStage}


@asynccontextmanager
async def stage(browser: str) -> AsyncIterator[BrowserStage]:
    """Start a browser in a namespace of its own."""
    with tempfile.TemporaryDirectory(prefix="rtckit-sequences-") as folder, Network() as network:
        kind: type[BrowserStage] = _STAGES[browser]
        async with kind(network.add("player"), Path(folder)) as running:
            yield running


async def play_on(running: BrowserStage, sequences: Sequence[Steps]) -> list[list[Seen]]:
    """Play sequences in a browser that runs."""
    played: list[list[Seen]] = []
    for start in range(0, len(sequences), _BATCH):
        outcomes = await running.perform_all(sequences[start : start + _BATCH])
        played += [[seen(outcome) for outcome in one] for one in outcomes]
    return played


class Browser:
    """A browser that is kept running between questions, for code that does not wait.

    Attributes:
        version: name and version, as ``Chromium 140.0``.
    """

    def __init__(self, browser: str) -> None:
        self._browser = browser
        self._runner = asyncio.Runner()
        self.version = ""

    def __enter__(self) -> Self:
        self._context = stage(self._browser)
        self._stage = self._runner.run(self._context.__aenter__())
        self.version = f"{self._stage.kind} {self._stage.version}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._runner.run(self._context.__aexit__(kind, error, trace))
        finally:
            self._runner.close()

    def play(self, sequences: Sequence[Steps]) -> list[list[Seen]]:
        """Play sequences."""
        return self._runner.run(play_on(self._stage, sequences))
