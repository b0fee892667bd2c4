"""Draws the pictures of ``rtckit ice watch`` in ``docs/images``, from the feeds of the tests.

Run it after a change of the screen, and look at the pictures::

    .venv/bin/python scripts/screenshots.py
"""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot  # noqa: E402

from rtckit.analysis.ice_feed import read_events  # noqa: E402
from rtckit.tui.source import ReplaySource  # noqa: E402
from rtckit.tui.watch import WatchApp  # noqa: E402

FEEDS = ROOT / "tests" / "tui" / "feeds"
IMAGES = ROOT / "docs" / "images"
RELAYED, FAILED = "symmetric, port restricted, with TURN", "symmetric, port restricted"

# Name, feed, title, size, keys, private, seconds played (None for all).
PICTURES: tuple[tuple[str, str, str, tuple[int, int], tuple[str, ...], bool, float | None], ...] = (
    ("ice-watch", "relayed", RELAYED, (120, 40), ("down",) * 3, False, None),
    ("ice-watch-checking", "relayed", RELAYED, (120, 40), (), False, 0.6),
    ("ice-watch-failed", "failed", FAILED, (120, 40), (), False, None),
    ("ice-watch-small", "relayed", RELAYED, (80, 24), ("down",) * 3, False, None),
    ("ice-watch-private", "relayed", RELAYED, (80, 24), ("down",) * 3, True, None),
    ("ice-watch-help", "relayed", RELAYED, (80, 24), ("question_mark",), False, None),
)


async def settle(app: WatchApp, pilot: Pilot[None]) -> None:
    """Wait until everything is where it stays, on a busy machine too."""
    for _ in range(3):
        await pilot.pause()
        app.redraw()
    await pilot.pause()


async def draw(
    feed: str,
    title: str,
    size: tuple[int, int],
    keys: tuple[str, ...],
    private: bool,
    played: float | None,
) -> str:
    """A picture of the screen as SVG."""
    events = read_events((FEEDS / f"{feed}.jsonl").read_text(encoding="utf-8"))
    app = WatchApp(ReplaySource(title, events), private=private, ticking=False)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot)
        app.pump(1e9 if played is None else played)
        await settle(app, pilot)
        if keys:
            await pilot.press(*keys)
            await settle(app, pilot)
        return app.export_screenshot(title="rtckit ice watch")


def main() -> None:
    """Draw all of them."""
    IMAGES.mkdir(exist_ok=True)
    for name, *how in PICTURES:
        picture = asyncio.run(draw(*how))  # type: ignore[arg-type]
        (IMAGES / f"{name}.svg").write_text(picture, encoding="utf-8")
        sys.stdout.write(f"docs/images/{name}.svg\n")


if __name__ == "__main__":
    main()
