"""Two traces of one scenario, simulated and real, as text."""

from collections.abc import Iterator

from rtckit.core.text import escape_controls
from rtckit.jsep.simulation.compare import Comparison, StepPair
from rtckit.report.text import Paint, format_count, paragraph

__all__ = ["render_text", "verdict_of"]


def render_text(
    comparison: Comparison, *, color: bool = False, width: int = 100, verbose: int = 0
) -> str:
    """Step by step, both alike or what differs; steps that are equal only with ``verbose``."""
    return "\n".join(_draw(comparison, Paint(color), width, verbose)) + "\n"


def verdict_of(comparison: Comparison) -> str:
    """The outcome in a sentence."""
    one, other = comparison.names
    count = format_count(len(comparison.steps), "step")
    if comparison.equal:
        return f"{one} and {other} are equal in all of {count}"
    different = [pair for pair in comparison.steps if not pair.equal]
    where = f"{format_count(len(different), 'step')} of {len(comparison.steps)}"
    if comparison.alike:
        return f"{one} and {other} differ in {where}, only in the wording of errors"
    first = comparison.first
    assert first is not None
    return f"{one} and {other} differ in {where}, first in step {first.number}"


def _draw(comparison: Comparison, paint: Paint, width: int, verbose: int) -> Iterator[str]:
    one, other = (escape_controls(name) for name in comparison.names)
    yield paint(f"{one} against {other}", "bold")
    for pair in comparison.steps:
        if pair.equal and not verbose:
            continue
        yield from _step(pair, (one, other), paint, width)
    style = "green" if comparison.equal else "yellow" if comparison.alike else "bold red"
    yield paint(paragraph(verdict_of(comparison) + ".", width=width), style)


def _step(pair: StepPair, names: tuple[str, str], paint: Paint, width: int) -> Iterator[str]:
    mark = paint("=", "green") if pair.equal else paint("~" if pair.alike else "x", "bold red")
    title = escape_controls(f"{pair.actor or '-'} {pair.title}")
    yield f"{pair.number:>4} {mark} {title}"
    margin = max(len(name) for name in names) + 1
    for item in pair.differences:
        where = f"{item.what} of {item.where}" if item.where else item.what
        yield f"         {escape_controls(where)}"
        for name, text in zip(names, (item.one, item.other), strict=True):
            lead = f"           {name}:".ljust(12 + margin)
            yield paragraph(text or '""', width=width, indent=" " * len(lead), first=lead)
