"""``rtckit sdp diff``: two descriptions compared by meaning."""

import functools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.cli.sources import STDIN, check_stdin_once, open_stdin
from rtckit.core.errors import ExitCode, ParseError, UnreadableInput, UsageError

if TYPE_CHECKING:
    from rtckit.sdp.sources import Description

__all__ = ["diff"]

_WIDEST_OF_OTHERS = 120
_WIDEST = 240


@click.command(short_help="Compare two descriptions by meaning.")
@click.argument("a")
@click.argument("b")
@click.option("--all", "every", is_flag=True, help="Count volatile values too, such as SSRCs.")
@click.option(
    "--munging", is_flag=True, help="A is what createOffer or createAnswer gave, B what was set."
)
@click.option("--answer", "answered", is_flag=True, help="A is an offer, B the answer to it.")
@functools.partial(answering, formats=("text", "json", "html"))
def diff(settings: Settings, a: str, b: str, every: bool, munging: bool, answered: bool) -> Answer:
    """Compare two descriptions by meaning.

    Sections are matched by mid, codecs by what they are, candidates by address, header extensions
    by URI. Each change comes with its place in both files and what it means in practice. What is
    new in every description (session version, SSRCs, msid, cname) is left out unless --all.

    A and B are SDP or any form rtckit reads one from; `-` is stdin.

    \b
        rtckit sdp diff offer-1.sdp offer-2.sdp
        rtckit sdp diff --answer offer.sdp answer.sdp
        rtckit sdp diff --munging created.sdp set.sdp --format json

    Exit code: 0 when they say the same, 1 when they differ.
    """
    if munging and answered:
        raise UsageError("--munging and --answer exclude each other")
    check_stdin_once((a, b))
    names = (_name(a), _name(b))
    one, other = _read(settings, a), _read(settings, b)
    if answered:
        return _answer(one, other, names)
    if munging:
        return _munging(one, other, names, every)
    from rtckit.report.diff import render_text
    from rtckit.report.diff_data import render_html, to_dict
    from rtckit.sdp.comparison import diff as compare

    found = compare(one, other, fold=not every)
    return Answer(
        text=lambda canvas: render_text(
            found,
            names=names,
            color=canvas.color,
            width=_width(canvas),
            verbose=canvas.verbose,
        ),
        data=lambda: to_dict(found),
        exit_code=ExitCode.CLEAN if found.equal else ExitCode.FINDINGS,
        forms={"html": lambda canvas: render_html(found, names)},
    )


def _answer(one: "Description", other: "Description", names: tuple[str, str]) -> Answer:
    from rtckit.report.diff_answer import render_html, render_text, to_dict
    from rtckit.sdp.comparison.answer import compare_answer

    found = compare_answer(one.document, other.document)
    return Answer(
        text=lambda canvas: render_text(found, names, color=canvas.color, width=_width(canvas)),
        data=lambda: to_dict(found),
        exit_code=ExitCode.CLEAN if found.whole else ExitCode.FINDINGS,
        forms={"html": lambda canvas: render_html(found, names)},
    )


def _munging(
    one: "Description", other: "Description", names: tuple[str, str], every: bool
) -> Answer:
    from rtckit.report.diff_munging import render_html, render_text, to_dict
    from rtckit.sdp.comparison.munging import find_munging

    found = find_munging(one.document, other.document, fold=not every)
    return Answer(
        text=lambda canvas: render_text(found, names, color=canvas.color, width=_width(canvas)),
        data=lambda: to_dict(found),
        exit_code=ExitCode.FINDINGS if found.edits else ExitCode.CLEAN,
        forms={"html": lambda canvas: render_html(found, names)},
    )


def _read(settings: Settings, path: str) -> "Description":
    from rtckit.sdp.sources import read_description

    data = open_stdin(settings).read() if path == STDIN else Path(path).read_bytes()
    try:
        description = read_description(data)
    except ParseError as error:
        raise UnreadableInput(f"{path}: {error}") from error
    if description.undone:
        settings.note(f"{path}: read through {', '.join(description.undone)}")
    return description


def _name(path: str) -> str:
    return "stdin" if path == STDIN else path


def _width(canvas: Canvas) -> int:
    """The canvas's width; where that is the most text is filled to, what the terminal has."""
    if canvas.width < _WIDEST_OF_OTHERS:
        return canvas.width
    return max(canvas.width, min(_WIDEST, shutil.get_terminal_size().columns))
