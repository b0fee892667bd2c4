"""Firefox as a stage for players."""

from rtckit.lab.peers.firefox import FirefoxPeer
from rtckit.lab.players.page import BrowserStage

__all__ = ["FirefoxStage"]


class FirefoxStage(BrowserStage, FirefoxPeer):
    """A Firefox whose page keeps connections."""
