"""``rtckit ice simulate``: connect two ends behind any NATs, in virtual time."""

import functools
import json
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rtckit.ice.simulation import Simulation

__all__ = ["simulate"]

_SIDES = ("a", "b", "both")


@click.command(short_help="Connect two ends behind any NATs, in virtual time.")
@click.option("--a", "a", default="open", show_default=True, help="The controlling end.")
@click.option("--b", "b", default="open", show_default=True, help="The other end.")
@click.option(
    "--turn",
    type=click.Choice(_SIDES),
    is_flag=False,
    flag_value="both",
    help="Who has a TURN server; without a value both.",
)
@click.option(
    "--turn-transport",
    type=click.Choice(["udp", "tcp", "tls"]),
    default="tls",
    show_default=True,
    help="How the TURN server is reached.",
)
@click.option(
    "--loss", type=click.FloatRange(0, 100), default=0.0, help="Percent of the packets lost."
)
@click.option(
    "--rtt",
    type=click.FloatRange(0, 60_000),
    default=80.0,
    show_default=True,
    help="Milliseconds from one end to the other and back.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="What chance depends on.")
@click.option(
    "--nomination",
    type=click.Choice(["regular", "aggressive"]),
    default="regular",
    show_default=True,
    help="How the controlling end chooses.",
)
@click.option("--same-lan", is_flag=True, help="Both ends are behind the NAT of a.")
@click.option(
    "--hold",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    help="Seconds to go on after they connected, to see whether it holds.",
)
@click.option("--matrix", is_flag=True, help="Try six kinds of NAT against each other instead.")
@functools.partial(answering, formats=("text", "json", "jsonl", "svg", "html"))
def simulate(
    settings: Settings,
    a: str,
    b: str,
    turn: str | None,
    turn_transport: str,
    loss: float,
    rtt: float,
    seed: int,
    nomination: str,
    same_lan: bool,
    hold: float,
    matrix: bool,
) -> Answer:
    """Connect two ends behind any NATs, in virtual time.

    The same agents that connect real ends are played on a virtual network: nothing is sent, and
    the same options give the same course. The answer tells whether they connect, over which pair,
    after how many round trips, why each other pair failed, and what to change.

    An end is the name of its NAT: open, full cone, restricted, port restricted, symmetric,
    firewall, udp blocked, web only, cgnat; or mapping and filtering of RFC 4787, as EI/APD. A NAT
    may stand behind another one ("full cone behind symmetric"). After plus signs follows what else
    there is: hairpin, random ports, lifetime=30, ipv6, ipv6 firewall, ipv6 only, tcp, lite,
    isolated, dead=3.

    \b
        rtckit ice simulate --a symmetric --b "port restricted"
        rtckit ice simulate --a "udp blocked" --b symmetric --turn --loss 5
        rtckit ice simulate --a "symmetric+ipv6" --b "cgnat+ipv6" --format svg -o ladder.svg
        rtckit ice simulate --matrix

    Exit code: 0 when they connect (and hold), 1 when they do not; with --matrix always 0.
    """
    common: dict[str, Any] = {
        "turn_transport": turn_transport,
        "loss": loss / 100,
        "rtt": rtt / 1000,
        "seed": seed,
        "nomination": nomination,
    }
    if matrix:
        if settings.output_format in ("svg", "html"):
            raise UsageError("--matrix is written as text, json or jsonl")
        return _matrix(settings, turn, common)
    from rtckit.ice.simulate import simulate as run

    try:
        result = run(a, b, turn=turn or False, same_lan=same_lan, hold=hold, **common)
    except ValueError as error:
        raise UsageError(str(error)) from error
    fine = result.connected and result.lost_at is None
    return Answer(
        text=lambda canvas: _text(result, canvas),
        data=lambda: {"schema": 1, "findings": [], **result.as_json()},
        exit_code=ExitCode.CLEAN if fine else ExitCode.FINDINGS,
        forms={
            "jsonl": lambda canvas: _lines(_events(result)),
            "svg": lambda canvas: _svg(result),
            "html": lambda canvas: _html(result),
        },
    )


def _text(result: "Simulation", canvas: Canvas) -> str:
    from rtckit.report.ice_ladder import render_text

    return render_text(result, color=canvas.color, width=canvas.width, verbose=canvas.verbose)


def _svg(result: "Simulation") -> str:
    from rtckit.report.ice_ladder_svg import render_svg

    return render_svg(result)


def _html(result: "Simulation") -> str:
    from rtckit.report.ice_ladder_html import render_html

    return render_html(result)


def _events(result: "Simulation") -> list[dict[str, Any]]:
    """Return the events of both agents in order, then the result."""
    events = sorted(
        (event.t, peer.name, number, event)
        for peer in (result.a, result.b)
        for number, event in enumerate(peer.events)
    )
    lines = [{"side": name, **event.as_json()} for _, name, _, event in events]
    return [*lines, {"event": "result", **result.as_json()}]


def _lines(entries: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(entry, ensure_ascii=True) for entry in entries)


def _matrix(settings: Settings, turn: str | None, common: dict[str, Any]) -> Answer:
    """Play every kind of NAT against every other, without and with a TURN server."""
    from rtckit.ice.simulate import MATRIX
    from rtckit.ice.simulate import simulate as run

    titles: dict[str, bool | str] = {"Without TURN": False, "With TURN": turn or "both"}
    tables: dict[str, dict[tuple[str, str], Simulation]] = {}
    for title, who in titles.items():
        tables[title] = {(a, b): run(a, b, turn=who, **common) for a in MATRIX for b in MATRIX}

    def draw(canvas: Canvas) -> str:
        from rtckit.report.ice_ladder import render_matrix

        return render_matrix(MATRIX, tables, color=canvas.color, width=canvas.width)

    def cells() -> list[dict[str, Any]]:
        return [
            {
                "a": a,
                "b": b,
                "turn": bool(titles[title]),
                "connected": result.connected,
                "pair": list(result.pair) if result.connected and result.pair else None,
                "connect_time_ms": _milliseconds(result.connect_time),
                "round_trips": result.round_trips and round(result.round_trips, 2),
            }
            for title, results in tables.items()
            for (a, b), result in results.items()
        ]

    return Answer(
        text=draw,
        data=lambda: {"schema": 1, "findings": [], "matrix": cells()},
        forms={"jsonl": lambda canvas: _lines([{"event": "cell", **cell} for cell in cells()])},
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
