"""Chromium as a stage for players."""

from rtckit.core.errors import NetworkFailure
from rtckit.lab.peers.chromium import ChromiumPeer
from rtckit.lab.players.page import BrowserStage

__all__ = ["ChromiumStage"]


class ChromiumStage(BrowserStage, ChromiumPeer):
    """A Chromium whose page keeps connections."""

    async def _evaluate(self, expression: str) -> str:
        from playwright.async_api import Error

        try:
            return await super()._evaluate(expression)
        except Error as error:
            raise NetworkFailure(f"{self.kind}: {error.message}") from error
