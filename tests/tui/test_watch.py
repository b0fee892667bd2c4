"""Every key and pane of the ICE screen, by Textual's pilot: no terminal and no clock."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from rtckit.analysis.ice_feed import read_events
from rtckit.ice.events import Event
from rtckit.tui.event_log import EventLog
from rtckit.tui.panes import CandidatesPane, ChecksPane, PairPane, VerdictPane, sparkline
from rtckit.tui.screens import ExportScreen, HelpScreen
from rtckit.tui.source import LiveSource, ReplaySource
from rtckit.tui.watch import WatchApp

SMALL, LARGE = (80, 24), (120, 40)


def play(
    events: list[Event],
    work: Callable[[WatchApp, Pilot[None]], Awaitable[None]],
    *,
    size: tuple[int, int] = LARGE,
    finish: bool = True,
    **options: Any,
) -> None:
    """Run a test on a screen that has played all events, or none with ``finish=False``."""

    async def run() -> None:
        app = WatchApp(ReplaySource("a title", events), ticking=False, **options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            if finish:
                await pilot.press("f")
                await pilot.pause()
            await work(app, pilot)

    asyncio.run(run())


async def eventually(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait for what is true a moment later, on a busy machine more than one."""
    for _ in range(50):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true")


def rows(app: WatchApp, pane: str) -> list[list[str]]:
    """What a table shows."""
    table = app.query_one(f"#{pane}", ChecksPane if pane == "checks" else CandidatesPane)
    return [[str(cell) for cell in table.get_row_at(number)] for number in range(table.row_count)]


def text_of(app: WatchApp, name: str) -> str:
    """What a text pane shows."""
    return str(app.query_one(f"#{name}", Static).content)


def log_lines(app: WatchApp) -> list[str]:
    """What the log holds."""
    return [entry.text for entry in app.query_one("#log", EventLog).entries]


def head(app: WatchApp) -> str:
    """The first line."""
    return text_of(app, "head")


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20), (200, 60)])
def test_every_pane_shows_its_part(relayed: list[Event], size: tuple[int, int]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        candidates = rows(app, "candidates")
        assert [cell.strip() for cell in candidates[0][:2]] == ["local", "✕ none"]
        assert {row[1] for row in candidates[1:]} == {"host", "srflx", "prflx", "relay"}
        checks = rows(app, "checks")
        assert [row[0] for row in checks] == ["1", "3", "2", "5", "4", "6"]
        assert checks[3][1] == "★ selected"
        assert "● connected" in head(app)
        assert "Connected through a TURN relay" in text_of(app, "verdict-text")
        assert log_lines(app)[-1] == "result: connected"
        assert text_of(app, "pair").startswith("#1 ◐ in progress")

    play(relayed, work, size=size)


def test_the_widths_of_columns_add_up_to_the_screen(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        for size in (SMALL, (100, 30), (160, 50)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            app.pump(0)
            checks = app.query_one("#checks", ChecksPane)
            assert sum(column.width for column in checks.ordered_columns) == size[0]

    play(relayed, work)


def test_a_frozen_moment_says_what_each_pair_waits_for(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        app.pump(0.6)
        await pilot.pause()
        assert text_of(app, "pair").startswith("#1 ◐ in progress  attempt 2 of 7, again in 980 ms")
        app.pump(0.1)
        await pilot.pause()
        assert "attempt 2 of 7, again in 880 ms" in text_of(app, "pair")

    play(relayed, work, finish=False)


def test_pause_stops_and_goes_on(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        app.pump(0.1)
        seen = app.feed.version
        await pilot.press("p")
        assert "PAUSED" in head(app)
        app.pump(1.0)
        assert app.feed.version == seen
        await pilot.press("space")
        assert "PAUSED" not in head(app)
        app.pump(1.0)
        assert app.feed.version > seen

    play(relayed, work, finish=False)


def test_step_rewind_finish_and_speed(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("n")
        first = app.feed.version
        assert first > 0
        assert app.paused
        await pilot.press("full_stop")
        assert app.feed.version > first
        await pilot.press("plus", "plus")
        assert "5x" in head(app)
        await pilot.press("minus", "minus", "minus")
        assert "0.5x" in head(app)
        await pilot.press("f")
        assert app.feed.version == len(relayed)
        await pilot.press("r")
        assert app.feed.version == 0
        assert rows(app, "checks") == []
        assert "No pair yet" in text_of(app, "pair")

    play(relayed, work, finish=False)


def test_sorting_goes_through_the_columns_and_turns_round(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        seen = {}
        for _ in range(5):
            title = str(app.query_one("#checks").border_title)
            seen[title] = [row[0] for row in rows(app, "checks")]
            await pilot.press("s")
        assert seen == {
            "Check list, by priority": ["1", "3", "2", "5", "4", "6"],
            "Check list, by state": ["5", "4", "6", "1", "2", "3"],
            "Check list, by number": ["1", "2", "3", "4", "5", "6"],
            "Check list, by round trip": ["6", "5", "4", "1", "2", "3"],
            "Check list, by sent": ["5", "1", "2", "3", "6", "4"],
        }
        await pilot.press("S")
        assert [row[0] for row in rows(app, "checks")] == ["6", "4", "5", "2", "3", "1"]
        assert "turned round" in str(app.query_one("#checks").border_title)

    play(relayed, work)


def test_the_cursor_stays_on_its_pair_when_the_order_changes(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down", "down")
        await pilot.pause()
        assert text_of(app, "pair").startswith("#5 ★ selected  selected: data goes here")
        assert "RTT 93.3 ms (80.0 to 129.8, mean" in text_of(app, "pair")
        await pilot.press("s")
        await pilot.pause()
        assert text_of(app, "pair").startswith("#5 ")

    play(relayed, work)


def test_a_filter_is_written_kept_and_ended(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        everything = len(log_lines(app))
        await pilot.press("slash", *"SRFLX")
        await pilot.pause()
        assert [row[0] for row in rows(app, "checks")] == ["3", "4"]
        assert {row[1] for row in rows(app, "candidates")} == {"srflx"}
        assert 0 < len(log_lines(app)) < everything
        assert all("srflx" in line for line in log_lines(app))
        await pilot.press("enter")
        assert app.focused is app.query_one("#checks")
        assert len(rows(app, "checks")) == 2
        await pilot.press("escape")
        await pilot.pause()
        assert len(rows(app, "checks")) == 6
        assert not app.query_one("#filter-line").has_class("-shown")

    play(relayed, work)


def test_keys_are_letters_while_a_filter_is_written(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"qpmsez")
        assert app.query_one("#filter", Input).value == "qpmsez"
        assert not app.paused
        assert not app.mask.on
        await pilot.press("escape")
        assert app.needle == ""

    play(relayed, work)


def test_masking_hides_every_address_everywhere(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        assert "192.168.1.10" in app.export_screenshot()
        await pilot.press("m")
        await pilot.pause()
        assert "MASKED" in head(app)
        picture = app.export_screenshot().replace("&#160;", " ")
        for secret in ("192.168.", "198.51.", "203.0.113.", "example.org"):
            assert secret not in picture
        assert "lan-1:50000" in picture
        await pilot.press("m")
        await pilot.pause()
        assert "192.168.1.10" in app.export_screenshot()

    play(relayed, work)


def test_a_filter_finds_what_is_shown_not_what_is_masked(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"192.168")
        await pilot.pause()
        assert rows(app, "candidates") == []
        assert log_lines(app) == []

    play(relayed, work, private=True)


def test_the_other_end_is_shown(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        assert "a (1 of 2)" in head(app)
        await pilot.press("v")
        await pilot.pause()
        assert "b (2 of 2)" in head(app)
        assert app.table.side == "b"
        assert len(rows(app, "checks")) == len(app.feed.table("b").pairs)
        await pilot.press("v")
        assert "a (1 of 2)" in head(app)

    play(relayed, work)


def test_one_pane_gets_the_screen_and_gives_it_back(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("z")
        await pilot.pause()
        assert app.screen.maximized is app.query_one("#checks")
        assert app.query_one("#checks").size.height > 15
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen.maximized is None

    play(relayed, work, size=SMALL)


def test_number_keys_and_tab_go_to_the_panes(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        for key, name in zip("1234", ("candidates", "checks", "log", "verdict"), strict=True):
            await pilot.press(key)
            assert app.focused is app.query_one(f"#{name}")
        reached = set()
        for _ in range(4):
            await pilot.press("tab")
            assert app.focused is not None
            reached.add(app.focused.id)
        assert {"candidates", "checks", "log", "verdict"} <= reached

    play(relayed, work)


def test_the_log_follows_until_somebody_scrolls_up(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        log = app.query_one("#log", EventLog)
        app.pump(0.7)
        await eventually(pilot, lambda: log.max_scroll_y > 0 and log.is_at_end)
        await pilot.press("3", "home")
        await eventually(pilot, lambda: log.scroll_offset.y == 0)
        app.pump(60.0)
        await pilot.pause()
        assert log.scroll_offset.y == 0
        await pilot.press("end")
        await eventually(pilot, lambda: log.is_at_end)

    play(relayed, work, finish=False)


def test_the_log_can_be_of_one_pair(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("l")
        await pilot.pause()
        log = app.query_one("#log", EventLog)
        assert str(log.border_title).startswith("Events of pair #1 (")
        assert {entry.pair for entry in log.entries} == {1}
        await pilot.press("down")
        await pilot.pause()
        assert {entry.pair for entry in log.entries} == {3}
        await pilot.press("l")
        await pilot.pause()
        assert len({entry.pair for entry in log.entries}) > 3

    play(relayed, work)


def test_the_help_names_every_key_and_closes(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        for close in ("escape", "question_mark"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            shown = str(app.screen.query_one("#help-text", Static).content)
            for words in ("pseudonyms", "play faster", "next column", "whole screen", "✕ failed"):
                assert words in shown
            await pilot.press("down", close)
            await pilot.pause()
            assert not isinstance(app.screen, HelpScreen)

    play(relayed, work, size=SMALL)


def test_export_writes_events_picture_and_text(relayed: list[Event], tmp_path: Path) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("e")
        assert isinstance(app.screen, ExportScreen)
        assert app.screen.query_one(Input).value == str(tmp_path / "ice-watch")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()

    play(relayed, work, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ice-watch.jsonl",
        "ice-watch.svg",
        "ice-watch.txt",
    ]
    written = read_events((tmp_path / "ice-watch.jsonl").read_text(encoding="utf-8"))
    assert [event.as_json() for event in written] == [event.as_json() for event in relayed]
    assert "Connected through a TURN relay" in (tmp_path / "ice-watch.txt").read_text("utf-8")
    assert (tmp_path / "ice-watch.svg").read_text("utf-8").startswith("<svg")


def test_what_is_exported_in_private_is_private(relayed: list[Event], tmp_path: Path) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        app.export(tmp_path / "x")

    play(relayed, work, private=True)
    foundations = {
        value for event in relayed if isinstance(value := event.detail.get("foundation"), str)
    }
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        for secret in ("192.168.", "198.51.", "203.0.113.", "example.org", *foundations):
            assert secret not in text, path.name
    for line in (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines():
        json.loads(line)


def test_an_export_that_cannot_be_written_is_told(relayed: list[Event], tmp_path: Path) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("e")
        app.screen.query_one(Input).value = str(tmp_path / "no" / "folder" / "x")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert any("cannot write" in note.message for note in app._notifications)
        await pilot.press("e", "escape")
        await pilot.pause()
        assert not isinstance(app.screen, ExportScreen)

    play(relayed, work, folder=tmp_path)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving_is_one_key(relayed: list[Event], key: str) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        assert app._exit

    play(relayed, work)


def test_no_color_leaves_signs_and_words(
    relayed: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        assert app.no_color
        assert rows(app, "checks")[3][1] == "★ selected"
        assert "● connected" in head(app)

    play(relayed, work)


def test_color_never_is_heeded(relayed: list[Event]) -> None:
    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        names = [type(line_filter).__name__ for line_filter in app._filters]
        assert "Monochrome" in names

    play(relayed, work, color=False)


HOSTILE = "\x1b[31m[bold red]x[/bold red]\u202e[@click=app.quit]y[/]\r\n\x00"


def test_hostile_text_is_shown_escaped_and_is_no_markup() -> None:
    detail = {"local": HOSTILE, "remote": HOSTILE, "why": HOSTILE, "state": "failed"}
    events = [
        Event(0.0, "engine", None, {"engine": HOSTILE, "side": HOSTILE}),
        Event(0.0, "local-candidate", None, {"side": HOSTILE, "type": HOSTILE, "address": HOSTILE}),
        Event(
            0.1, "candidate-error", None, {"side": HOSTILE, "server": HOSTILE, "reason": HOSTILE}
        ),
        Event(0.2, "pair", 1, {"side": HOSTILE, **detail}),
        Event(0.2, "pair", 2**40, {"side": HOSTILE, **detail}),
        Event(0.3, HOSTILE, 1, {"side": HOSTILE, HOSTILE: HOSTILE}),
        Event(0.4, "finding", None, {"side": HOSTILE, "message": HOSTILE, "rule": HOSTILE}),
        Event(0.5, "state", None, {"side": HOSTILE, "state": "failed", "why": HOSTILE}),
        Event(float("nan"), "state", None, {"state": HOSTILE}),
        Event(float("inf"), "sent", 1, {}),
    ]

    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        app.take(events)
        await pilot.pause()
        for keys in (["m"], ["l"], ["question_mark", "escape"], ["z", "z"], ["v"]):
            await pilot.press(*keys)
            await pilot.pause()
        picture = app.export_screenshot()
        for control in ("\x1b", "\x00", "\u202e"):
            assert control not in picture
        assert "[bold" in picture.replace("&#160;", " ")
        assert text_of(app, "verdict-text").count("[bold red]") >= 1

    play([], work, finish=False)


@pytest.mark.parametrize("title", ["[/]", "[link=x", HOSTILE])
def test_a_hostile_title_is_only_a_title(title: str) -> None:
    async def run() -> None:
        app = WatchApp(ReplaySource(title, []), ticking=False)
        async with app.run_test(size=SMALL) as pilot:
            await pilot.pause()
            assert "\x1b" not in head(app)

    asyncio.run(run())


def test_thousands_of_events_stay_smooth() -> None:
    events = []
    for number in range(20_000):
        pair = number % 100 + 1
        detail: dict[str, Any] = {"rtt": 0.01 * (number % 7)}
        if number < 100:
            detail = {"state": "in-progress", "local": f"host udp 10.0.0.1:{number}"}
            detail |= {"remote": f"host udp 10.0.0.2:{number}", "priority": number}
        events.append(Event(number / 1000, "pair" if number < 100 else "response", pair, detail))

    async def work(app: WatchApp, pilot: Pilot[None]) -> None:
        app.pump(0.1)
        await pilot.pause()
        slowest = 0.0
        for _ in range(20):
            began = time.process_time()
            app.pump(0.5)
            slowest = max(slowest, time.process_time() - began)
            await pilot.pause()
        assert app.feed.version > 10_000
        # 500 events and a redraw of a hundred pairs take some 20 ms of the processor; what is
        # quadratic in the events would be far above the bound.
        assert slowest < 0.5

    play(events, work, finish=False)


# -- live sources ---------------------------------------------------------------------------------


def test_a_live_session_is_taken_as_it_comes_and_its_end_is_seen() -> None:
    gate = asyncio.Event()

    async def session() -> AsyncGenerator[Event, None]:
        yield Event(0.0, "local-candidate", None, {"candidate": "host udp 192.0.2.1:5"})
        await gate.wait()
        yield Event(1.0, "state", None, {"state": "failed", "why": "no way"})

    async def run() -> None:
        source = LiveSource("live", session())
        app = WatchApp(source, ticking=False)
        async with app.run_test(size=SMALL) as pilot:
            await pilot.pause(0.05)
            app.pump(0.1)
            assert len(rows(app, "candidates")) == 1
            await pilot.press("p")
            gate.set()
            await pilot.pause(0.05)
            app.pump(0.1)
            assert app.feed.version == 1
            assert "1 new" in head(app)
            await pilot.press("p")
            assert app.feed.version == 2
            assert "Failed" in str(app.query_one("#verdict-text", Static).content)
            await pilot.press("n", "plus", "r", "f")
            assert source.finished

    asyncio.run(run())


def test_a_live_session_that_breaks_says_so_on_the_screen() -> None:
    async def session() -> AsyncGenerator[Event, None]:
        yield Event(0.0, "gathering", None, {"state": "started"})
        raise OSError(98, "Address already in use")

    async def run() -> None:
        app = WatchApp(LiveSource("live", session()), ticking=False)
        async with app.run_test(size=SMALL) as pilot:
            await pilot.pause(0.05)
            app.pump(0.1)
            await pilot.pause()
            assert "Address already in use" in str(app.query_one("#verdict-text", Static).content)
            assert isinstance(app.error, OSError)

    asyncio.run(run())


def test_bars_go_from_the_least_to_the_most() -> None:
    assert sparkline([], 8) == ""
    assert sparkline([5.0, 5.0], 8) == "▃▃"
    assert sparkline([0.0, 1.0], 8) == "▁█"
    assert len(sparkline(list(range(50)), 8)) == 8


def test_panes_are_what_the_screen_says() -> None:
    assert PairPane.can_focus is False
    assert VerdictPane.can_focus is True
