"""What the screen of ``rtckit ice watch`` shows, as text: for pipes, files and plain terminals."""

from dataclasses import asdict
from typing import Any

from rtckit.analysis.ice_feed import IceFeed
from rtckit.analysis.ice_table import IceTable
from rtckit.analysis.ice_verdict import judge
from rtckit.analysis.ice_waiting import say_why
from rtckit.report.ice_privacy import AddressMask
from rtckit.report.text import Paint, Styled, columns, paragraph

__all__ = ["render_headlines", "render_text", "to_dict"]

_STATE_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "in-progress": "cyan",
    "waiting": "yellow",
    "frozen": "dim",
}
_MOST_LINES = 40
_WORD_STYLES = {"connected": "bold green", "failed": "bold red", "disconnected": "bold red"}


def render_text(
    feed: IceFeed,
    *,
    mask: AddressMask | None = None,
    color: bool = False,
    width: int = 100,
    verbose: int = 0,
    now: float | None = None,
) -> str:
    """The tables of a feed, one end after the other; with ``verbose`` the event log too."""
    mask = mask or AddressMask(on=False)
    paint = Paint(color)
    parts = []
    for side in feed.sides:
        parts.append(_render_table(feed.table(side), mask, paint, width, verbose, now))
    return "\n\n".join(parts)


def render_headlines(feed: IceFeed, mask: AddressMask, *, color: bool = False) -> str:
    """One line for each end: how it stands."""
    paint = Paint(color)
    rows: list[list[str | Styled]] = []
    for side in feed.sides:
        verdict = judge(feed.table(side))
        style = _WORD_STYLES.get(verdict.word, "bold")
        rows.append([*([side] if side else []), Styled(mask.text(verdict.headline), style)])
    return columns(rows, paint=paint)


def to_dict(feed: IceFeed, mask: AddressMask | None = None) -> dict[str, Any]:
    """The same as JSON has it: each end with its verdict, candidates, pairs and errors."""
    ends = []
    for side in feed.sides:
        table = feed.table(side)
        verdict = judge(table)
        pairs = [
            {
                "pair": pair.number,
                "local": pair.local,
                "remote": pair.remote,
                "state": pair.state,
                "priority": pair.priority,
                "nominated": pair.nominated,
                "selected": pair.selected,
                "sent": pair.sent,
                "retransmissions": pair.retransmissions,
                "received": pair.received,
                "rtts_ms": [round(rtt, 3) for rtt in pair.rtts],
                "why": say_why(table, pair),
            }
            for pair in table.checklist
        ]
        ends.append(
            {
                "side": side or None,
                "state": table.state,
                "controlling": table.controlling,
                "verdict": verdict.word,
                "headline": verdict.headline,
                "advice": [asdict(advice) for advice in verdict.advice],
                "local": [asdict(row) for row in table.local.values()],
                "remote": [asdict(row) for row in table.remote.values()],
                "errors": [asdict(error) for error in table.errors],
                "pairs": pairs,
            }
        )
    masked: dict[str, Any] = (mask or AddressMask(on=False)).event({"ends": ends})
    return masked


def _render_table(
    table: IceTable, mask: AddressMask, paint: Paint, width: int, verbose: int, now: float | None
) -> str:
    verdict = judge(table)
    role = {True: "controlling", False: "controlled", None: ""}[table.controlling]
    name = ", ".join(part for part in (table.side, role) if part)
    title: list[list[str | Styled]] = [[Styled(name, "bold")]]
    lines = [columns(title, paint=paint)] if name else []
    head: list[list[str | Styled]] = [
        [Styled(mask.text(verdict.headline), _WORD_STYLES.get(verdict.word, "bold"))]
    ]
    lines.append(columns(head, paint=paint, width=width))
    for advice in verdict.advice:
        rule = f" ({advice.rule})" if advice.rule else ""
        text = mask.text(advice.text) + rule
        lines.append(paragraph(f"{advice.severity}: {text}", width=width, indent="  "))
    lines += _candidates(table, mask, paint, width)
    if table.pairs:
        lines += ["", _pairs(table, mask, paint, width, now)]
    if verbose:
        lines += ["", *_log(table, mask, paint, width, verbose)]
    return "\n".join(lines)


def _candidates(table: IceTable, mask: AddressMask, paint: Paint, width: int) -> list[str]:
    rows: list[list[str | Styled]] = []
    for row in [*table.local.values(), *table.remote.values()]:
        rtt = "" if row.rtt_ms is None else f"{row.rtt_ms:.1f}"
        address = mask.address(row.address)
        host = f"[{address}]" if ":" in address else address
        server = "learned from a check" if row.learned else mask.text(row.server)
        rows.append(
            [row.where, row.type, row.transport, f"{host}:{row.port}", row.interface, server, rtt]
        )
    for error in table.errors:
        code = "" if error.code is None else f"{error.code} "
        what = Styled(mask.text(code + error.reason), "red")
        rows.append(["local", "none", error.transport, what, error.interface,
                     mask.text(error.server), ""])  # fmt: skip
    if not rows:
        return []
    header = ("end", "type", "over", "address", "on", "from", "RTT ms")
    return ["", columns(rows, paint=paint, header=header, right={6}, width=width, flexible={3, 5})]


def _pairs(table: IceTable, mask: AddressMask, paint: Paint, width: int, now: float | None) -> str:
    rows: list[list[str | Styled]] = []
    reasons: list[list[str | Styled]] = []
    for pair in table.checklist:
        state = "selected" if pair.selected else pair.state
        rtt = "" if pair.rtt_ms is None else f"{pair.rtt_ms:.1f}"
        rows.append(
            [
                str(pair.number),
                Styled(state, _STATE_STYLES.get(pair.state, "")),
                mask.text(pair.local.replace(" udp ", " ")),
                mask.text(pair.remote.replace(" udp ", " ")),
                str(pair.sent),
                str(pair.received),
                str(pair.retransmissions),
                rtt,
            ]
        )
        reasons.append([f"#{pair.number}", mask.text(say_why(table, pair, now))])
    header = ("#", "state", "local", "remote", "sent", "got", "again", "RTT ms")
    shown = columns(
        rows, paint=paint, header=header, right={0, 4, 5, 6, 7}, width=width, flexible={2, 3}
    )
    return f"{shown}\n\n{columns(reasons, paint=paint, width=width)}"


def _log(table: IceTable, mask: AddressMask, paint: Paint, width: int, verbose: int) -> list[str]:
    entries = list(table.log)
    kept = entries if verbose > 1 else entries[-_MOST_LINES:]
    rows: list[list[str | Styled]] = [
        [f"{entry.t:.4f}", Styled(mask.text(entry.text), "red" if entry.level == "bad" else "")]
        for entry in kept
    ]
    left = len(entries) - len(kept)
    more = [f"({left} events before; -vv shows all)"] if left else []
    return [*more, columns(rows, paint=paint, right={0}, width=width, flexible={1})]
