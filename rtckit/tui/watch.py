"""The screen of ``rtckit ice watch``: candidates, check list, events and a verdict, live."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.filter import Monochrome
from textual.widgets import DataTable, Footer, Input, Static

from rtckit.analysis.ice_feed import IceFeed
from rtckit.analysis.ice_table import IceTable, LogEntry
from rtckit.analysis.ice_verdict import judge
from rtckit.core.text import escape_controls
from rtckit.ice.events import Event
from rtckit.report.ice_privacy import AddressMask
from rtckit.report.ice_watch import render_text
from rtckit.report.text import clip
from rtckit.tui.event_log import EventLog
from rtckit.tui.panes import SORTS, CandidatesPane, ChecksPane, PairPane, VerdictPane
from rtckit.tui.screens import ExportScreen, HelpScreen
from rtckit.tui.source import LiveSource, ReplaySource, Source
from rtckit.tui.theme import THEME, VERDICT_STYLES

__all__ = ["WatchApp"]

_TICK_S = 0.1
_PANES = ("candidates", "checks", "log", "verdict")


class WatchApp(App[None]):
    """Watches a source of ICE events.

    Args:
        source: a recording or a session that runs.
        private: begin with addresses masked.
        folder: where exports go unless a path is given.
        color: False for no colours at all; None as the environment wants it.
        ticking: False leaves it to the caller to :meth:`pump`, so that pictures are repeatable.
    """

    CSS_PATH = "watch.tcss"
    TITLE = "rtckit ice watch"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar = [
        Binding("q", "quit", "Quit"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("p,space", "pause", "Pause", tooltip="stop the screen; events are kept meanwhile"),
        Binding("slash", "filter", "Filter", key_display="/",
                tooltip="show only what holds a word; Esc shows all again"),
        Binding("s", "sort", "Sort", tooltip="sort the check list by the next column"),
        Binding("S", "reverse", "Reverse", show=False, tooltip="turn the order round"),
        Binding("m", "mask", "Mask", tooltip="hide addresses behind pseudonyms"),
        Binding("e", "export", "Export", tooltip="write events, picture and text to files"),
        Binding("v", "side", "View", tooltip="look at the other end, where the feed tells of it"),
        Binding("z", "zoom", "Zoom", tooltip="give the whole screen to one pane, or take it back"),
        Binding("l", "only_pair", "Log", show=False,
                tooltip="only events of the pair under the cursor in the log"),
        Binding("plus,equals_sign", "speed(1)", "Faster", show=False, tooltip="play faster"),
        Binding("minus", "speed(-1)", "Slower", show=False, tooltip="play slower"),
        Binding("n,full_stop", "step", "Step", show=False, tooltip="pause, and play one event"),
        Binding("r", "rewind", "Rewind", show=False, tooltip="play from the beginning"),
        Binding("f", "finish", "Finish", show=False, tooltip="play to the end at once"),
        Binding("1", "pane(0)", "Candidates", show=False, tooltip="go to the candidates"),
        Binding("2", "pane(1)", "Checks", show=False, tooltip="go to the check list"),
        Binding("3", "pane(2)", "Events", show=False, tooltip="go to the event log"),
        Binding("4", "pane(3)", "Verdict", show=False, tooltip="go to the verdict"),
        Binding("escape", "leave", "Back", show=False, tooltip="end the filter or the zoom"),
    ]  # fmt: skip

    def __init__(
        self,
        source: Source,
        *,
        private: bool = False,
        folder: Path | None = None,
        color: bool | None = None,
        ticking: bool = True,
    ) -> None:
        super().__init__()
        self.source = source
        self.feed = IceFeed()
        self.mask = AddressMask(on=private)
        self.paused = False
        self.sort = SORTS[0]
        self.reverse = False
        self.needle = ""
        self.side = ""
        self.only_pair = False
        self.error: Exception | None = None
        self._folder = folder or Path.cwd()
        self._color = color
        self._ticking = ticking
        self._held: list[Event] = []
        self._drawn: tuple[object, ...] = ()
        self._last_tick = 0.0
        self._now = source.now
        self._log_cache: tuple[tuple[object, ...], list[LogEntry]] = ((), [])

    def compose(self) -> ComposeResult:
        """The panes."""
        yield Static(id="head")
        with Horizontal(id="top"):
            yield CandidatesPane(self.mask, id="candidates")
            yield VerdictPane(id="verdict")
        yield ChecksPane(self.mask, id="checks")
        with Horizontal(id="bottom"):
            yield EventLog(self.mask, id="log")
            yield PairPane(id="pair")
        with Vertical(id="filter-line"):
            yield Input(placeholder="a word of what to show; Enter keeps it, Esc shows all",
                        id="filter")  # fmt: skip
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin."""
        self.register_theme(THEME)
        self.theme = "rtckit"
        self.animation_level = "none"
        if self._color is False and not self.no_color:
            self._filters.append(Monochrome())
        titles = {"candidates": "Candidates", "checks": "Check list", "log": "Events"}
        for name, title in {**titles, "verdict": "Verdict and advice", "pair": "Pair"}.items():
            self.query_one(f"#{name}").border_title = title
        self.query_one("#filter", Input).cursor_blink = False
        self.query_one("#checks").focus()
        if isinstance(self.source, LiveSource):
            self._listen(self.source)
        if self._ticking:
            self._last_tick = time.monotonic()
            self.set_interval(_TICK_S, self._tick)
        self.call_after_refresh(self.redraw)

    @work
    async def _listen(self, source: LiveSource) -> None:
        await source.run()
        self.error = source.error

    def _tick(self) -> None:
        now = time.monotonic()
        elapsed, self._last_tick = now - self._last_tick, now
        self.pump(elapsed)

    # -- events ----------------------------------------------------------------------------------

    def pump(self, elapsed: float) -> None:
        """Take the events of ``elapsed`` seconds, and draw what changed."""
        if not self.paused:
            self.take(self.source.poll(elapsed))
            return
        if self.source.live:
            self._held += self.source.poll(elapsed)
        self.redraw()

    def take(self, events: Iterable[Event]) -> None:
        """Take events, and draw what changed."""
        self.feed.apply_all(events)
        self._now = self.source.now
        self.redraw()

    @property
    def table(self) -> IceTable:
        """The end that is shown."""
        sides = self.feed.sides
        return self.feed.table(self.side if self.side in sides else sides[0])

    def redraw(self) -> None:
        """Draw every pane whose content changed."""
        table = self.table
        moves = bool(table.pairs_in("in-progress")) and not self.source.finished
        state = (
            *(table.version, table.side, len(self.feed.sides), self.mask.on, self.sort),
            *(self.reverse, self.needle, self.only_pair, self.paused),
            *(self.query_one(f"#{name}").size for name in (*_PANES, "pair")),
            self._now if moves else 0,
        )
        self._draw_head()
        if state == self._drawn:
            return
        self._drawn = state
        needle, now = self.needle.lower(), self._now
        self.query_one("#candidates", CandidatesPane).refresh_rows(table, needle)
        checks = self.query_one("#checks", ChecksPane)
        checks.refresh_rows(table, needle, now, self.sort, self.reverse)
        order = f"by {self.sort}{', turned round' if self.reverse else ''}"
        checks.border_title = f"Check list, {order}"
        self.query_one("#verdict", VerdictPane).refresh_verdict(judge(table), self.mask)
        self._draw_pair()
        self._draw_log(table, needle)

    def _draw_head(self) -> None:
        verdict = judge(self.table).word
        sign, style = VERDICT_STYLES.get(verdict, VERDICT_STYLES["new"])
        speed = f" {self.source.player.speed:g}x" if isinstance(self.source, ReplaySource) else ""
        flags = [f"t {self._now:.3f} s{speed}"]
        sides = self.feed.sides
        if len(sides) > 1:
            side = self.table.side
            flags.insert(
                0, f"{clip(escape_controls(side), 16)} ({sides.index(side) + 1} of {len(sides)})"
            )
        if self.paused:
            held = f", {len(self._held)} new" if self._held else ""
            flags.append(f"PAUSED{held}")
        elif self.source.finished:
            flags.append("over")
        if self.mask.on:
            flags.append("MASKED")
        right = Text.assemble((f"{sign} {verdict}  ", style), "  ".join(flags) + " ")
        room = max(self.size.width - right.cell_len - 2, 0)
        title = clip(escape_controls(self.mask.text(self.source.title)), room)
        gap = " " * max(self.size.width - right.cell_len - 1 - Text(title).cell_len, 0)
        self.query_one("#head", Static).update(
            Text.assemble(" ", (title, "bold"), gap, right), layout=False
        )

    def _draw_pair(self) -> None:
        table = self.table
        key = self.query_one("#checks", ChecksPane).current_key
        pair = table.pairs.get(int(key)) if key is not None else None
        self.query_one("#pair", PairPane).refresh_pair(table, pair, self._now, self.mask)

    def _draw_log(self, table: IceTable, needle: str) -> None:
        log = self.query_one("#log", EventLog)
        pair = self.query_one("#checks", ChecksPane).current_key if self.only_pair else None
        key = (id(table), table.version, needle, pair, self.mask.on)
        if key != self._log_cache[0]:
            entries = [entry for entry in table.log if self._is_wanted(entry, needle, pair)]
            self._log_cache = (key, entries)
        log.show(self._log_cache[1])
        what = f"Events of pair #{pair}" if pair is not None else "Events"
        log.border_title = f"{what} ({len(self._log_cache[1])} of {table.version})"

    def _is_wanted(self, entry: LogEntry, needle: str, pair: str | None) -> bool:
        if pair is not None and str(entry.pair) != pair:
            return False
        return not needle or needle in self.mask.text(entry.text).lower()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another pair is under the cursor."""
        if event.data_table.id == "checks":
            self._draw_pair()
            if self.only_pair:
                self._draw_log(self.table, self.needle.lower())

    def on_resize(self) -> None:
        """Columns follow the width."""
        self.call_after_refresh(self.redraw)

    # -- keys ------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the help."""
        shown = [binding for binding in self.BINDINGS if isinstance(binding, Binding)]
        self.push_screen(HelpScreen(shown))

    def action_help_quit(self) -> None:
        """Leave at Ctrl-C too, as everywhere else; Textual only tells of the other key."""
        self.exit()

    def action_pause(self) -> None:
        """Stop the screen, or let it go on with what came meanwhile."""
        self.paused = not self.paused
        held, self._held = self._held, []
        self.take(held)

    def action_filter(self) -> None:
        """Ask for a word."""
        self.query_one("#filter-line").add_class("-shown")
        self.query_one("#filter", Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is written."""
        if event.input.id == "filter":
            self.needle = event.value.strip()
            self.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, and go back to the panes."""
        if event.input.id == "filter":
            if not self.needle:
                self.query_one("#filter-line").remove_class("-shown")
            self.query_one("#checks").focus()

    def action_leave(self) -> None:
        """End the filter, or the zoom."""
        if self.screen.maximized is not None:
            self.screen.minimize()
            return
        self.query_one("#filter", Input).value = ""
        self.query_one("#filter-line").remove_class("-shown")
        self.query_one("#checks").focus()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        self.redraw()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.reverse = not self.reverse
        self.redraw()

    def action_mask(self) -> None:
        """Hide addresses, or show them."""
        self.mask.on = not self.mask.on
        self.redraw()

    def action_side(self) -> None:
        """Look at the other end."""
        sides = self.feed.sides
        self.side = sides[(sides.index(self.table.side) + 1) % len(sides)]
        self.redraw()

    def action_zoom(self) -> None:
        """Give the screen to the pane in focus, or take it back."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif self.focused is not None and self.focused.id in _PANES:
            self.screen.maximize(self.focused)
        self.call_after_refresh(self.redraw)

    def action_only_pair(self) -> None:
        """Show the events of one pair alone, or all."""
        self.only_pair = not self.only_pair
        self.redraw()

    def action_pane(self, number: int) -> None:
        """Go to a pane."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        self.query_one(f"#{_PANES[number]}").focus()

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        if isinstance(self.source, ReplaySource):
            self.source.player.change_speed(by)
            self._draw_head()

    def action_step(self) -> None:
        """Play the next event."""
        if isinstance(self.source, ReplaySource):
            self.paused = True
            self.take(self.source.player.step())

    def action_rewind(self) -> None:
        """Play from the beginning."""
        if isinstance(self.source, ReplaySource):
            self.source.player.rewind()
            self.feed = IceFeed()
            self._now = self.source.now
            self.redraw()

    def action_finish(self) -> None:
        """Play to the end."""
        if isinstance(self.source, ReplaySource):
            self.take(self.source.player.finish())

    # -- export ----------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Ask for a name, and write what is shown to files."""
        self.push_screen(ExportScreen(str(self._folder / "ice-watch"), self.mask.on), self._export)

    def _export(self, stem: str | None) -> None:
        if stem is not None:
            self.call_after_refresh(self._write_export, stem)

    def _write_export(self, stem: str) -> None:
        try:
            written = self.export(Path(stem))
        except OSError as error:
            self.notify(f"cannot write {stem}: {error.strerror}", severity="error", markup=False)
            return
        names = ", ".join(path.name for path in written)
        self.notify(f"written: {names}", markup=False)

    def export(self, stem: Path) -> list[Path]:
        """Write the events, a picture and a text; masked when the screen is. Raises ``OSError``."""
        events = [json.dumps(self.mask.event(event.as_json())) for event in self.feed.events]
        text = render_text(self.feed, mask=self.mask, width=160, verbose=2, now=self._now)
        picture = self.export_screenshot(title=self.TITLE)
        written = []
        for suffix, content in ((".jsonl", "\n".join(events)), (".svg", picture), (".txt", text)):
            path = stem.with_name(stem.name + suffix)
            path.write_text(content + "\n", encoding="utf-8", errors="backslashreplace")
            written.append(path)
        return written
