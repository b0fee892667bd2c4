"""The panes besides the log: candidates, check list, the pair under the cursor, the verdict.

Foreign text is only ever put into `rich.text.Text`, escaped: never parsed as markup.
"""

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Static
from textual.widgets.data_table import RowKey

from rtckit.analysis.ice_table import CandidateError, CandidateRow, IceTable, PairRow
from rtckit.analysis.ice_verdict import IceVerdict
from rtckit.analysis.ice_waiting import say_why
from rtckit.core.text import escape_controls
from rtckit.report.ice_privacy import AddressMask
from rtckit.report.text import clip
from rtckit.tui.theme import SEVERITY_STYLES, STATE_STYLES, VERDICT_STYLES, say_state

__all__ = ["SORTS", "CandidatesPane", "ChecksPane", "PairPane", "VerdictPane", "sparkline"]

SORTS = ("priority", "state", "number", "round trip", "sent")
_STATE_ORDER = ("succeeded", "in-progress", "waiting", "frozen", "failed")
_BARS = "▁▂▃▄▅▆▇█"
_ROOMY = 6

Cells = tuple[Text, ...]


def sparkline(values: Sequence[float], width: int) -> str:
    """The last ``width`` values as bars, from the least to the most of them."""
    shown = list(values)[-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    span = high - low
    if span <= 0:
        return _BARS[2] * len(shown)
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in shown)


class _Table(DataTable[Text]):
    """A table whose rows are replaced as a whole, the cursor staying on its row."""

    def __init__(self, mask: AddressMask, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(cursor_type="row", cell_padding=0, id=id)
        self.mask = mask
        self._shown: dict[str, Cells] = {}
        self._widths: tuple[int, ...] = ()

    def layout_columns(self, columns: Sequence[tuple[str, int]]) -> None:
        """Set the columns' names and widths, where they changed."""
        widths = tuple(width for _, width in columns)
        if widths == self._widths:
            return
        self._widths = widths
        self._shown = {}
        self.clear(columns=True)
        for name, width in columns:
            self.add_column(Text(name, "bold"), width=width, key=name)

    def show(self, rows: dict[str, Cells]) -> None:
        """Show rows by their keys: changed cells are replaced, another order is drawn anew."""
        if list(rows) == list(self._shown):
            names = [column.key for column in self.ordered_columns]
            for key, cells in rows.items():
                for name, old, new in zip(names, self._shown[key], cells, strict=True):
                    if old != new or old.spans != new.spans or old.style != new.style:
                        self.update_cell(key, name, new)
        else:
            self._draw_anew(rows)
        self._shown = rows

    def _draw_anew(self, rows: dict[str, Cells]) -> None:
        cursor, scroll = self.current_key, self.scroll_offset.y
        self.clear()
        for key, cells in rows.items():
            self.add_row(*cells, key=key)
        if cursor in rows:
            self.move_cursor(row=self.get_row_index(RowKey(cursor)), scroll=False)
            self.scroll_to(y=scroll, animate=False, immediate=True)

    @property
    def current_key(self) -> str | None:
        """The key of the row under the cursor."""
        keys = list(self._shown)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    def cell(self, text: str, width: int, style: Style | str = "") -> Text:
        """Foreign text as a cell: masked, escaped and cut."""
        return Text(clip(escape_controls(self.mask.text(text)), max(width - 1, 1)), style)


class CandidatesPane(_Table):
    """Candidates of both ends, and what servers gave none."""

    def refresh_rows(self, table: IceTable, needle: str) -> None:
        """Show the candidates of a table that hold ``needle``."""
        width = max(self.size.width, 40)
        address = max(min(width - 45, 44) * 3 // 5, 22)
        server = max(width - 7 - 10 - address - 8 - 7, 6)
        widths = (7, 10, address, 8, server, 7)
        names = ("end", "type", "address", "on", "from", "RTT ms")
        self.layout_columns(list(zip(names, widths, strict=True)))
        rows: dict[str, Cells] = {}
        for number, error in enumerate(table.errors):
            cells = self._error(error, widths)
            if _holds(cells, needle):
                rows[f"error {number}"] = cells
        shown = [*table.local.items(), *table.remote.items()]
        for key, row in sorted(shown, key=lambda item: (item[1].where, -item[1].priority)):
            cells = self._candidate(row, widths)
            if _holds(cells, needle):
                rows[f"{row.where} {key}"] = cells
        self.show(rows)

    def _candidate(self, row: CandidateRow, widths: Sequence[int]) -> Cells:
        kind = row.type if row.transport == "udp" else f"{row.type} {row.transport}"
        style = Style() if row.where == "local" else Style(dim=True)
        rtt = "" if row.rtt_ms is None else f"{row.rtt_ms:.1f}"
        address = self.mask.address(row.address)
        host = f"[{address}]" if ":" in address else address
        server = "learned from a check" if row.learned else row.server
        texts = (row.where, kind, f"{host}:{row.port}", row.interface, server, rtt)
        return tuple(
            self.cell(text, width, style) for text, width in zip(texts, widths, strict=True)
        )

    def _error(self, error: CandidateError, widths: Sequence[int]) -> Cells:
        sign, style = SEVERITY_STYLES["error"]
        what = " ".join(
            part for part in ("" if error.code is None else str(error.code), error.reason) if part
        )
        took = "" if error.elapsed_ms is None else f"{error.elapsed_ms:.0f}"
        texts = ("local", f"{sign} none", what, error.interface, error.server, took)
        return tuple(
            self.cell(text, width, style) for text, width in zip(texts, widths, strict=True)
        )


class ChecksPane(_Table):
    """The check list."""

    def refresh_rows(
        self, table: IceTable, needle: str, now: float, sort: str, reverse: bool
    ) -> None:
        """Show the pairs of a table that hold ``needle``, in an order of `SORTS`."""
        width = max(self.size.width, 40)
        wide = width >= 100
        columns = _wide_columns(width) if wide else _narrow_columns(width)
        self.layout_columns(columns)
        rows: dict[str, Cells] = {}
        for pair in sort_pairs(list(table.pairs.values()), sort, reverse):
            cells = self._pair(table, pair, now, columns, wide)
            if _holds(cells, needle):
                rows[str(pair.number)] = cells
        self.show(rows)

    def _pair(
        self,
        table: IceTable,
        pair: PairRow,
        now: float,
        columns: Sequence[tuple[str, int]],
        wide: bool,
    ) -> Cells:
        state = STATE_STYLES["selected" if pair.selected else pair.state]
        rtt = "" if pair.rtt_ms is None else f"{pair.rtt_ms:.1f}"
        texts = {
            "#": str(pair.number),
            "state": say_state(pair.state, pair.selected),
            "pair": f"{pair.local_type or '?'} → {pair.remote_type or '?'}",
            "local": _without_transport(pair.local),
            "remote": _without_transport(pair.remote),
            "sent": str(pair.sent),
            "got": str(pair.received),
            "again": str(pair.retransmissions),
            "RTT ms": rtt,
            "history": sparkline(pair.rtts, 8),
            "priority": str(pair.priority),
            "why": say_why(table, pair, now),
        }
        styles = {"state": state, "why": state if pair.state == "failed" else Style()}
        return tuple(self.cell(texts[name], width, styles.get(name, "")) for name, width in columns)


def _narrow_columns(width: int) -> list[tuple[str, int]]:
    fixed = [("#", 4), ("state", 14), ("pair", 15), ("sent", 5), ("got", 4), ("again", 6)]
    fixed.append(("RTT ms", 8))
    return [*fixed, ("why", max(width - sum(cells for _, cells in fixed), 12))]


def _wide_columns(width: int) -> list[tuple[str, int]]:
    fixed = [("sent", 5), ("got", 4), ("again", 6), ("RTT ms", 8), ("history", 9)]
    if width >= 150:
        fixed.append(("priority", 20))
    left = width - sum(cells for _, cells in fixed) - 4 - 14
    end = max(min(left * 3 // 8, 52), 18)
    begin = [("#", 4), ("state", 14), ("local", end), ("remote", end)]
    return [*begin, *fixed, ("why", max(left - 2 * end, 12))]


def _without_transport(candidate: str) -> str:
    """``host udp 1.2.3.4:5`` as ``host 1.2.3.4:5``; TCP is told."""
    kind, _, rest = candidate.partition(" ")
    transport, _, address = rest.partition(" ")
    return f"{kind} {address}" if transport == "udp" else candidate


def _holds(cells: Cells, needle: str) -> bool:
    return not needle or any(needle in cell.plain.lower() for cell in cells)


def sort_pairs(pairs: list[PairRow], sort: str, reverse: bool) -> list[PairRow]:
    """Pairs in an order of `SORTS`, the selected one first where states decide."""
    keys = {
        "priority": lambda pair: (-pair.priority, pair.number),
        "state": lambda pair: (not pair.selected, _STATE_ORDER.index(pair.state), pair.number),
        "number": lambda pair: (pair.number,),
        "round trip": lambda pair: (pair.rtt_ms is None, pair.rtt_ms or 0.0, pair.number),
        "sent": lambda pair: (-pair.sent, pair.number),
    }
    return sorted(pairs, key=keys[sort], reverse=reverse)


class PairPane(Static):
    """Everything of one pair: who, why, counters, and its round trips as bars."""

    def refresh_pair(
        self, table: IceTable, pair: PairRow | None, now: float, mask: AddressMask
    ) -> None:
        """Show a pair of a table."""
        width = max(self.size.width, 20)
        if pair is None:
            words = "No pair is chosen." if table.pairs else "No pair yet."
            self.update(Text(words, "dim"), layout=False)
            return
        style = STATE_STYLES["selected" if pair.selected else pair.state]
        lines = [
            Text.assemble(
                (f"#{pair.number} ", "bold"),
                (f"{say_state(pair.state, pair.selected)}  ", style),
                escape_controls(mask.text(say_why(table, pair, now))),
            ),
            Text(escape_controls(mask.text(f"{pair.local} → {pair.remote}"))),
        ]
        numbers = (
            f"sent {pair.sent}, again {pair.retransmissions}, got {pair.received}, "
            f"priority {pair.priority}"
        )
        if self.size.height < _ROOMY:
            room = width - lines[1].cell_len - 3
            lines[1].append(f"  {_say_round_trips(pair, room)}" if pair.rtts else "")
            lines.append(Text(numbers))
        else:
            lines += [Text(numbers), Text(_say_round_trips(pair, 0))]
            if pair.rtts:
                lines.append(Text(sparkline(pair.rtts, width), style))
            if pair.error and pair.state != "failed":
                lines.append(Text(f"last error: {escape_controls(mask.text(pair.error))}"))
        self.update(Text("\n").join(lines), layout=False)


def _say_round_trips(pair: PairRow, width: int) -> str:
    """Figures, and bars where they fit in beside them."""
    if not pair.rtts:
        return "no round trip was measured"
    least, most = min(pair.rtts), max(pair.rtts)
    mean = sum(pair.rtts) / len(pair.rtts)
    figures = f"RTT {pair.rtts[-1]:.1f} ms ({least:.1f} to {most:.1f}, mean {mean:.1f})"
    if 0 < width < len(figures):
        figures = f"RTT {pair.rtts[-1]:.1f} ms"
    bars = sparkline(pair.rtts, width - len(figures) - 1) if width > len(figures) + 1 else ""
    return f"{figures} {bars}".rstrip()


class VerdictPane(VerticalScroll, can_focus=True):
    """How it stands, in one line, and what to do."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._shown = Text()

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(id="verdict-text")

    def refresh_verdict(self, verdict: IceVerdict, mask: AddressMask) -> None:
        """Show a verdict."""
        sign, style = VERDICT_STYLES.get(verdict.word, VERDICT_STYLES["new"])
        lines = [
            Text.assemble(
                (f"{sign} ", style), (escape_controls(mask.text(verdict.headline)), style)
            )
        ]
        for advice in verdict.advice:
            mark, colour = SEVERITY_STYLES.get(advice.severity, SEVERITY_STYLES["info"])
            rule = f" ({escape_controls(advice.rule)})" if advice.rule else ""
            words = escape_controls(mask.text(advice.text))
            lines.append(Text.assemble((f"{mark} ", colour), f"{words}{rule}"))
        text = Text("\n").join(lines)
        if text != self._shown or text.spans != self._shown.spans:
            self._shown = text
            self.query_one("#verdict-text", Static).update(text)
