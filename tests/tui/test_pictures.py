"""How the screen looks: snapshots at fixed sizes, and the pictures of the manual."""

import asyncio
import html
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.pilot import Pilot

from rtckit.ice.events import Event
from rtckit.tui.source import ReplaySource
from rtckit.tui.watch import WatchApp

ROOT = Path(__file__).resolve().parents[2]


def load_script() -> ModuleType:
    """The script that draws the pictures of the manual."""
    path = ROOT / "scripts" / "screenshots.py"
    specification = importlib.util.spec_from_file_location("screenshots", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


SCREENSHOTS = load_script()


def text_of(picture: str) -> list[str]:
    """The words of an SVG picture, piece by piece."""
    pieces = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    return [html.unescape(piece).replace("\xa0", " ").rstrip() for piece in pieces]


@pytest.mark.parametrize("picture", SCREENSHOTS.PICTURES, ids=lambda picture: str(picture[0]))
def test_the_manual_shows_the_screen_as_it_is(picture: tuple[Any, ...]) -> None:
    name, *how = picture
    shown = (ROOT / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8")
    drawn = asyncio.run(SCREENSHOTS.draw(*how))
    assert text_of(shown) == text_of(drawn), "run scripts/screenshots.py, and look at the pictures"


def screen(events: list[Event], **options: Any) -> WatchApp:
    """A screen that plays nothing by itself."""
    return WatchApp(ReplaySource("a session", events), ticking=False, **options)


async def finish(pilot: Pilot[None]) -> None:
    """Play to the end."""
    app = pilot.app
    assert isinstance(app, WatchApp)
    await SCREENSHOTS.settle(app, pilot)
    await pilot.press("f")
    await SCREENSHOTS.settle(app, pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_a_connected_session(snap_compare: Any, relayed: list[Event], size: Any) -> None:
    assert snap_compare(screen(relayed), terminal_size=size, run_before=finish)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_a_failed_session(snap_compare: Any, failed: list[Event], size: Any) -> None:
    assert snap_compare(screen(failed), terminal_size=size, run_before=finish)


def test_addresses_hidden(snap_compare: Any, relayed: list[Event]) -> None:
    app = screen(relayed, private=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=finish)


def test_nothing_yet(snap_compare: Any) -> None:
    assert snap_compare(screen([]), terminal_size=(80, 24))
