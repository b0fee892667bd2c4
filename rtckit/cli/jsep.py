"""``rtckit jsep``: whole negotiations, simulated or between real browsers."""

import difflib
import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.cli.sources import STDIN, read_bytes
from rtckit.core.errors import ExitCode, ParseError, UnreadableInput, UsageError

if TYPE_CHECKING:
    from rtckit.jsep.simulation import Comparison, Scenario, Trace

__all__ = ["TABLE", "jsep", "list_scenarios", "show", "simulate"]

TABLE = {
    "simulate": LazyCommand("rtckit.cli.jsep:simulate", "Play a negotiation step by step."),
    "list": LazyCommand("rtckit.cli.jsep:list_scenarios", "List the scenarios of the library."),
    "show": LazyCommand("rtckit.cli.jsep:show", "Show a scenario of the library."),
}
"""The verbs of ``rtckit jsep``."""

_STACKS = ("rfc", "chromium", "firefox", "aiortc")
_PROGRAMS = ("chromium", "firefox", "aiortc")
_REAL = {"a": ("a",), "b": ("b",), "both": ("a", "b")}


@click.group(cls=LazyGroup, table=TABLE, short_help="Simulate whole negotiations.")
def jsep() -> None:
    """Simulate whole negotiations (offer/answer, RFC 9429)."""


@click.command(short_help="Play a negotiation step by step.")
@click.argument("scenario")
@click.option("--a", "a", type=click.Choice(_STACKS), help="The stack of side a.")
@click.option("--b", "b", type=click.Choice(_STACKS), help="The stack of side b.")
@click.option(
    "--real",
    type=click.Choice(list(_REAL)),
    help="Play it with real peers on these sides too, and compare.",
)
@click.option("--seed", type=click.IntRange(0), help="What chance depends on.")
@functools.partial(answering, formats=("text", "json", "jsonl", "svg", "html"))
def simulate(
    settings: Settings,
    scenario: str,
    a: str | None,
    b: str | None,
    real: str | None,
    seed: int | None,
) -> Answer:
    """Play a negotiation step by step.

    SCENARIO is a name of the library (`rtckit jsep list`) or a TOML file, `-` is stdin. Each step
    tells the signalling states, what changed in the descriptions, and of an error the text that
    stack shows, what it means and what to do. In the end: who sends what to whom.

    --real plays it a second time with real peers (chromium, firefox or aiortc) in place of the
    simulated ones, and compares the two step by step.

    \b
        rtckit jsep simulate glare --a chromium --b firefox
        rtckit jsep simulate call.toml --format svg -o ladder.svg
        rtckit jsep simulate glare-polite-callee --a chromium --b firefox --real both

    Exit code: 0 when all went as the scenario expects, 1 when something did not, or a real peer
    did otherwise than the simulated one.
    """
    from rtckit.jsep.simulation import simulate as run

    played = _read_scenario(settings, scenario)
    for side, stack in (("a", a), ("b", b)):
        setup = played.peers[side]
        if stack is not None and setup.fixed and stack != setup.stack:
            settings.note(f"rtckit: {side} is {setup.name or setup.stack} here and stays so")
    played = played.between(a, b, seed)
    simulated = run(played)
    if real is None:
        return _answer(simulated)
    return _compare(settings, simulated, played, _REAL[real])


def _read_scenario(settings: Settings, name: str) -> "Scenario":
    from rtckit.jsep.simulation import library_names, parse_scenario, read_library

    library = library_names()
    if name != STDIN and name in library and not Path(name).is_file():
        return read_library(name)
    if name != STDIN and not Path(name).exists() and "/" not in name and "." not in name:
        near = difflib.get_close_matches(name, library, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `rtckit jsep list` names them"
        raise UsageError(f"no scenario and no file {name!r}{hint}")
    shown = "stdin" if name == STDIN else name
    try:
        text = read_bytes(settings, name).decode("utf-8")
        return parse_scenario(text, shown)
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{shown}: no text in UTF-8, at byte {error.start}") from error
    except ParseError as error:
        raise UnreadableInput(f"{shown}: {error}") from error


def _answer(trace: "Trace") -> Answer:
    return Answer(
        text=lambda canvas: _text(trace, canvas),
        data=trace.to_dict,
        exit_code=ExitCode.CLEAN if trace.as_expected else ExitCode.FINDINGS,
        forms={
            "jsonl": lambda canvas: _lines(trace.events()),
            "svg": lambda canvas: _svg(trace),
            "html": lambda canvas: _html(trace, None),
        },
    )


def _compare(
    settings: Settings, simulated: "Trace", scenario: "Scenario", sides: tuple[str, ...]
) -> Answer:
    """Play it with real peers too, and hold the two traces against each other."""
    from rtckit.jsep.simulation import compare_traces
    from rtckit.lab.play import play_for_real

    sides = tuple(s for s in sides if not scenario.peers[s].fixed) or sides
    for side in sides:
        setup = scenario.peers[side]
        if setup.stack not in _PROGRAMS:
            hint = "" if setup.fixed else f": choose one with --{side} {' or '.join(_PROGRAMS)}"
            raise UsageError(f"side {side} is {setup.name or setup.stack}, no real peer{hint}")
    settings.note(f"rtckit: playing it with {_say_real(scenario, sides)}")

    def tell(side: str, method: str) -> None:
        if settings.verbose:
            settings.note(f"rtckit: {side} {method}")

    trace = play_for_real(scenario, real=sides, progress=tell)
    comparison = compare_traces(simulated, trace)

    def data() -> dict[str, Any]:
        return {**trace.to_dict(), "comparison": comparison.to_dict()}

    fine = comparison.equal and trace.as_expected
    return Answer(
        text=lambda canvas: _compared_text(trace, comparison, canvas),
        data=data,
        exit_code=ExitCode.CLEAN if fine else ExitCode.FINDINGS,
        forms={
            "jsonl": lambda canvas: _lines(
                [*trace.events(), {"event": "comparison", **comparison.to_dict()}]
            ),
            "svg": lambda canvas: _svg(trace),
            "html": lambda canvas: _html(trace, comparison),
        },
    )


def _say_real(scenario: "Scenario", sides: tuple[str, ...]) -> str:
    return " and ".join(f"a real {scenario.peers[side].stack}" for side in sides)


def _text(trace: "Trace", canvas: Canvas) -> str:
    from rtckit.report.simulation import render_text

    return render_text(trace, color=canvas.color, width=canvas.width, verbose=canvas.verbose)


def _compared_text(trace: "Trace", comparison: "Comparison", canvas: Canvas) -> str:
    from rtckit.report.simulation_compare import render_text

    compared = render_text(
        comparison, color=canvas.color, width=canvas.width, verbose=canvas.verbose
    )
    return f"{_text(trace, canvas)}\n{compared}"


def _svg(trace: "Trace") -> str:
    from rtckit.report.ladder import render_svg

    return render_svg(trace)


def _html(trace: "Trace", comparison: "Comparison | None") -> str:
    from rtckit.report.simulation_html import render_html

    return render_html(trace, comparison)


def _lines(events: "Sequence[dict[str, Any]] | Any") -> str:
    return "\n".join(json.dumps(event, ensure_ascii=True) for event in events)


@click.command("list", short_help="List the scenarios of the library.")
@answering
def list_scenarios(settings: Settings) -> Answer:
    """List the scenarios of the library."""
    from rtckit.jsep.simulation import library_names, read_library
    from rtckit.report.text import Paint, Styled, columns

    found = {name: read_library(name) for name in library_names()}

    def draw(canvas: Canvas) -> str:
        rows: list[list[str | Styled]] = [
            [Styled(name, "bold"), item.title] for name, item in found.items()
        ]
        table = columns(rows, paint=Paint(canvas.color), width=canvas.width)
        return f"{table}\n\nrtckit jsep simulate NAME plays one, rtckit jsep show NAME shows it."

    return Answer(
        text=draw,
        data=lambda: {
            "schema": 1,
            "findings": [],
            "scenarios": [
                {"name": name, "title": item.title, "explanation": item.explanation}
                for name, item in found.items()
            ],
        },
    )


@click.command(short_help="Show a scenario of the library.")
@click.argument("name")
@answering
def show(settings: Settings, name: str) -> Answer:
    """Show a scenario of the library.

    It is a file to begin your own with.

    \b
        rtckit jsep show glare > mine.toml
    """
    from rtckit.jsep.simulation import library_names, library_text, read_library

    if name not in library_names():
        near = difflib.get_close_matches(name, library_names(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"no scenario {name!r} in the library{hint}")
    scenario = read_library(name)
    text = library_text(name)
    return Answer(
        text=lambda canvas: text,
        data=lambda: {
            "schema": 1,
            "findings": [],
            "name": name,
            "title": scenario.title,
            "explanation": scenario.explanation,
            "toml": text,
        },
    )
