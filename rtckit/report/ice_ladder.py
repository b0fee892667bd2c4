"""A simulated ICE session for the terminal: the verdict, the ladder, the pairs, what to change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rtckit.ice.simulation import Message, Simulation
from rtckit.report.text import Paint, Styled, bullet, clip, columns, format_count, paragraph

__all__ = [
    "describe_verdict",
    "pair_rows",
    "render_matrix",
    "render_text",
    "session_marks",
    "shown_messages",
]

MOST_MESSAGES = 40
"""So many messages are drawn unless all are asked for."""

_LANE = 34
_WIDE = 120
_STATE_STYLE = {"succeeded": "green", "failed": "red"}


def render_text(result: Simulation, *, color: bool, width: int, verbose: int = 0) -> str:
    """Return what a simulation came to; ``verbose`` shows every message and every pair."""
    paint = Paint(color)
    parts = [
        _head(result, paint),
        _ladder(result, paint, width, verbose),
        *(_pairs(result, side, paint, width) for side in ("a", "b")),
        "\n".join(_advice(result, paint, width)),
    ]
    return "\n\n".join(part for part in parts if part)


def describe_verdict(result: Simulation) -> tuple[str, ...]:
    """Return the verdict in a few lines, the first of which says yes or no."""
    if not result.connected:
        agent = next((p.agent for p in (result.a, result.b) if p.agent.failure), None)
        said = agent.failure if agent is not None and agent.failure else "no pair was selected"
        return ("They do not connect.", f"{said}.")
    selected = result.a.agent.selected
    assert selected is not None
    local = selected.mapped or selected.local
    lines = [f"They connect: {local} <-> {selected.remote}"]
    time, trips = result.connect_time, result.round_trips
    if time is not None:
        counted = "" if trips is None else f", {trips:.2f} round trips of {result.rtt * 1000:g} ms"
        lines.append(f"{time * 1000:.1f} ms from the exchange of candidates{counted}.")
    if result.lost_at is not None:
        lines.append(f"The connection was lost again after {result.lost_at:.1f} s.")
    return tuple(lines)


def _head(result: Simulation, paint: Paint) -> str:
    def side(name: str) -> str:
        peer = result.peer(name)
        turn = " with TURN" if name in result.options.get("turn_sides", ()) else ""
        gathered = f"gathered in {peer.gathered_at * 1000:.0f} ms"
        return f"  {name}  {peer.nat}{turn}, {gathered}"

    first, *others = describe_verdict(result)
    fine = result.connected and result.lost_at is None
    verdict = [paint(first, "bold green" if fine else "bold red"), *others]
    return "\n".join([*verdict, "", side("a"), side("b")])


# -- the ladder ------------------------------------------------------------------------------------


def shown_messages(result: Simulation, limit: int = MOST_MESSAGES) -> tuple[list[Message], int]:
    """Return the messages to draw, and how many more there are; ``limit`` 0 is all."""
    messages = result.messages()
    if not limit or len(messages) <= limit:
        return messages, 0
    return messages[:limit], len(messages) - limit


def _ladder(result: Simulation, paint: Paint, width: int, verbose: int) -> str:
    messages, more = shown_messages(result, 0 if verbose else MOST_MESSAGES)
    if not messages:
        return ""
    marks = session_marks(result)
    lines = [paint("Ladder", "bold"), f"{'ms':>9}   a{'':{_LANE}}b"]
    for message in messages:
        while marks and marks[0][0] <= message.sent:
            lines.append(_mark(marks.pop(0), paint))
        lines.append(_line(message, paint, width))
    lines += [_mark(mark, paint) for mark in marks]
    if more:
        lines.append(f"{'':9}   and {format_count(more, 'message')} more; -v shows them all")
    return "\n".join(lines)


def _line(message: Message, paint: Paint, width: int) -> str:
    number = f" #{message.pair}" if message.pair is not None else ""
    label = f" {message.what}{number} "
    reach = _LANE - 2 if message.arrived is not None else _LANE * 2 // 3
    shaft = "-" * max(2, reach - len(label) - 2)
    by = "=" if message.relayed else "-"
    drawn = f"--{label}{shaft}".replace("-", by)
    style = "red" if message.why else "bold" if message.what == "nomination" else ""
    if message.arrived is not None:
        lane, after = f"{drawn}>", f"at {message.arrived * 1000:.1f}"
        if message.relayed:
            after += " by the relay"
    else:
        lane = f"{drawn}x"
        again = f" ({message.times} times)" if message.times > 1 else ""
        after = f"{message.why}{again}"
    if message.sender == "b":
        lane = _mirrored(lane, label)
        lane = f"{lane:>{_LANE}}"
    else:
        lane = f"{lane:<{_LANE}}"
    room = max(12, width - _LANE - 17)
    return (
        f"{message.sent * 1000:9.1f}   a{paint(lane, style)}b   {paint(clip(after, room), 'dim')}"
    ).rstrip()


def _mirrored(lane: str, label: str) -> str:
    """Turn an arrow round, but not its words."""
    head, _, tail = lane.partition(label)
    turned = tail[::-1].replace(">", "<")
    return f"{turned}{label}{head[::-1]}"


def session_marks(result: Simulation) -> list[tuple[float, str, str]]:
    """Return when sides selected or failed and when roles changed: time, side, words."""
    found = []
    for peer in (result.a, result.b):
        for event in peer.events:
            if event.t < result.exchanged_at:
                continue
            time = event.t - result.exchanged_at
            if event.event == "selected":
                found.append((time, peer.name, f"{peer.name} selects #{event.pair}"))
            elif event.event == "role":
                role = "controls" if event.detail["controlling"] else "is controlled"
                found.append((time, peer.name, f"{peer.name} {role} now"))
            elif event.event == "state" and event.detail.get("state") == "failed":
                found.append((time, peer.name, f"{peer.name} fails"))
    return sorted(found)


def _mark(mark: tuple[float, str, str], paint: Paint) -> str:
    time, _, said = mark
    style = "red" if said.endswith("fails") else "green" if "selects" in said else "yellow"
    return f"{time * 1000:9.1f}   {paint('* ' + said, style)}"


# -- pairs and advice ------------------------------------------------------------------------------


def pair_rows(result: Simulation, side: str) -> list[Mapping[str, Any]]:
    """Return the pairs of a side, in the order of their priority."""
    return [row for row in result.explain() if row["side"] == side]


def _pairs(result: Simulation, side: str, paint: Paint, width: int) -> str:
    rows = pair_rows(result, side)
    title = paint(f"Pairs of {side}, the best first", "bold")
    if not rows:
        return f"{title}\n  none"
    cells: list[Sequence[str | Styled]] = []
    for row in rows:
        state = "selected" if row["selected"] else row["state"]
        style = "bold green" if row["selected"] else _STATE_STYLE.get(row["state"], "")
        rtt = "" if row["rtt_ms"] is None else f"{row['rtt_ms']:g} ms"
        why = "" if row["selected"] else row["why"] or "works, but is not the best"
        cells.append(
            [
                f"#{row['pair']}",
                Styled(state, style),
                f"{row['local']} -> {row['remote']}",
                str(row["checks"]),
                rtt,
                why,
            ]
        )
    table = columns(
        cells,
        paint=paint,
        header=["", "state", "from -> to", "checks", "rtt", "why not"],
        right=(3, 4),
        width=0,
        indent="  ",
    )
    if max(len(line) for line in table.splitlines()) <= width and not paint.color:
        return f"{title}\n{table}"
    return f"{title}\n" + "\n".join(_stacked(cells, paint, width))


def _stacked(cells: Sequence[Sequence[str | Styled]], paint: Paint, width: int) -> Iterator[str]:
    """Two lines a pair, where one would be too wide."""
    heads = [row[:5] for row in cells]
    table = columns(
        heads,
        paint=paint,
        header=["", "state", "from -> to", "checks", "rtt"],
        right=(3, 4),
        width=width,
        flexible=(2,),
        indent="  ",
    ).splitlines()
    yield table[0]
    for line, row in zip(table[1:], cells, strict=True):
        yield line
        why = str(row[5])
        if why:
            indent = " " * 6
            for piece in paragraph(why, width=width, indent=indent).splitlines():
                yield paint(piece, "dim")


def _advice(result: Simulation, paint: Paint, width: int) -> Iterator[str]:
    advice = result.advice
    if not advice:
        return
    yield paint("What to change" if not result.connected else "To know", "bold")
    for item in advice:
        yield paragraph(item.text, width=width, indent="    ", first=f"  [{item.kind}] ")
        for line in bullet("do:", item.fix, width=width - 4, paint=paint).splitlines():
            yield f"    {line}"


# -- the matrix ------------------------------------------------------------------------------------


def render_matrix(
    names: Sequence[str],
    tables: Mapping[str, Mapping[tuple[str, str], Simulation]],
    *,
    color: bool,
    width: int,
) -> str:
    """Return one table for each title: a in rows, b in columns, the winning types and the time."""
    paint = Paint(color)
    parts = []
    for title, results in tables.items():
        count = sum(result.connected for result in results.values())
        rows: list[Sequence[str | Styled]] = [
            [Styled(a, "bold"), *(_cell(results[a, b], timed=width >= _WIDE) for b in names)]
            for a in names
        ]
        table = columns(rows, paint=paint, header=["a \\ b", *names], width=width, indent="  ")
        parts.append(f"{paint(title, 'bold')}: {count} of {len(results)} connect\n{table}")
    return "\n\n".join(parts)


def _cell(result: Simulation, *, timed: bool) -> Styled:
    if not result.connected or result.pair is None:
        return Styled("no", "red")
    time = result.connect_time or 0.0
    style = "yellow" if "relay" in result.pair else "green"
    said = "-".join(result.pair)
    return Styled(f"{said} {time * 1000:.0f}" if timed else said, style)
