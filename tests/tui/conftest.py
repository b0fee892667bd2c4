"""A screen that looks the same everywhere: no theme, colour or size of a person's terminal."""

from pathlib import Path

import pytest

from rtckit.analysis.ice_feed import read_events
from rtckit.ice.events import Event

FEEDS = Path(__file__).parent / "feeds"


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def relayed() -> list[Event]:
    """A session that connects through a relay, and keeps consent for 150 seconds."""
    return read_events((FEEDS / "relayed.jsonl").read_text(encoding="utf-8"))


@pytest.fixture
def failed() -> list[Event]:
    """A session of two NATs that cannot connect."""
    return read_events((FEEDS / "failed.jsonl").read_text(encoding="utf-8"))
