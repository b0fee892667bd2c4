"""``rtckit sdp lint``: descriptions, pairs and negotiations checked against the rules."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.cli.sources import STDIN, check_stdin_once, open_stdin
from rtckit.core.errors import ExitCode, ParseError, UnreadableInput, UsageError

if TYPE_CHECKING:
    from rtckit.jsep import State, Verdict
    from rtckit.rules.lint import Linted, LintedDescription, Sequence
    from rtckit.sdp import Description

__all__ = ["lint"]

_PROFILES = ("rfc", "jsep", "chromium", "firefox", "aiortc")
_STACKS = ("chromium", "firefox", "aiortc")
_FORMATS = ("full", "concise", "json", "sarif", "github")


@click.command(short_help="Check descriptions against the standards and the browsers.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--type", "kind", type=click.Choice(["offer", "answer"]), help="What FILE is.")
@click.option("--offer", metavar="FILE", help="The offer that FILE answers.")
@click.option("--sequence", is_flag=True, help="The files are all descriptions of one session.")
@click.option(
    "--profile",
    type=click.Choice(_PROFILES),
    default="jsep",
    show_default=True,
    help="By whose measure: the standards to the letter, WebRTC, or one stack.",
)
@click.option("--select", multiple=True, metavar="ID", help="Only these rules or families.")
@click.option("--ignore", multiple=True, metavar="ID", help="Not these rules or families.")
@click.option(
    "--stack",
    type=click.Choice(_STACKS),
    help="Tell what this stack will do with the last description.",
)
@functools.partial(answering, formats=_FORMATS)
def lint(
    settings: Settings,
    files: tuple[str, ...],
    kind: str | None,
    offer: str | None,
    sequence: bool,
    profile: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    stack: str | None,
) -> Answer:
    """Check descriptions against the standards and the browsers.

    One FILE is a description, two are an offer and its answer; with --sequence any number are the
    descriptions of one session in their order, offer and answer by turns. Each is SDP or any form
    rtckit reads one from; `-` is stdin.

    --select and --ignore take rule ids and families, also several with commas. --stack adds the
    verdict of a browser: which step fails, and its message.

    \b
        rtckit sdp lint offer.sdp
        rtckit sdp lint offer.sdp answer.sdp --profile firefox
        rtckit sdp lint answer.sdp --offer offer.sdp --stack chromium
        rtckit sdp lint --sequence offer1.sdp answer1.sdp offer2.sdp

    Exit code: 0 when there is nothing but information, 1 when there are errors or warnings or the
    stack refuses, 3 when a file holds no description.
    """
    from rtckit.rules.lint import lint as run

    names = files if offer is None else (offer, *files)
    _check(files, kind, offer, sequence)
    check_stdin_once(names)
    described = [
        _describe(settings, name, _type_of(kind, offer, sequence, len(names), place), place)
        for place, name in enumerate(names)
    ]
    for description in described:
        description.profile = profile
    subject = _subject(described, sequence)
    findings = run(subject, profile, _split(select), _split(ignore))
    verdict = None if stack is None else (stack, _verdict(subject, stack))
    failed = any(finding.severity.rank < 2 for finding in findings) or (
        verdict is not None and not verdict[1].accepts
    )
    sources = {item.file or "": item.lines for item in described}

    def full(canvas: Canvas) -> str:
        from rtckit.report.lint import render_full
        from rtckit.report.text import Paint

        return render_full(
            findings,
            paint=Paint(canvas.color),
            width=canvas.width,
            sources=sources,
            verdict=verdict,
            verbose=canvas.verbose,
        )

    def concise(canvas: Canvas) -> str:
        from rtckit.report.lint import render_concise

        return render_concise(findings)

    def data() -> dict[str, object]:
        from rtckit.report.lint import to_dict

        types = {item.file or "": item.type for item in described}
        return to_dict(findings, profile=profile, verdict=verdict, types=types)

    def sarif(canvas: Canvas) -> str:
        import rtckit
        from rtckit.report.sarif import render_sarif
        from rtckit.rules.catalogue import all_rules

        return render_sarif(findings, all_rules(), version=rtckit.__version__)

    def github(canvas: Canvas) -> str:
        from rtckit.report.github import render_github

        return render_github(findings)

    return Answer(
        text=full,
        data=data,
        exit_code=ExitCode.FINDINGS if failed else ExitCode.CLEAN,
        forms={"concise": concise, "sarif": sarif, "github": github},
    )


def _check(files: tuple[str, ...], kind: str | None, offer: str | None, sequence: bool) -> None:
    if offer is not None and (sequence or len(files) != 1 or kind == "offer"):
        raise UsageError("--offer goes with one FILE, its answer")
    if kind is not None and len(files) > 1:
        raise UsageError("--type goes with one FILE; two are an offer and its answer")
    if len(files) > 2 and not sequence:
        raise UsageError("more than two files: say --sequence when they are of one session")


def _split(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for text in names for name in text.split(",") if name.strip())


def _type_of(
    kind: str | None, offer: str | None, sequence: bool, count: int, place: int
) -> str | None:
    """What a file is by the way it was named, or None; by turns in a sequence."""
    if kind is not None or (count == 1 and not sequence):
        return "answer" if offer is not None and place else kind
    return ("offer", "answer")[place % 2]


def _describe(settings: Settings, path: str, kind: str | None, place: int) -> "LintedDescription":
    from rtckit.rules.lint import LintedDescription

    name = "stdin" if path == STDIN else path
    description = _read(settings, path, name)
    told = description.type if description.type != "rollback" else None
    return LintedDescription(description.document, told or kind, name, index=place)


def _read(settings: Settings, path: str, name: str) -> "Description":
    from rtckit.sdp import read_description

    data = open_stdin(settings).read() if path == STDIN else Path(path).read_bytes()
    try:
        description = read_description(data)
    except ParseError as error:
        raise UnreadableInput(f"{name}: {error}") from error
    if description.undone:
        undone = ", ".join(description.undone)
        settings.note(f"{name}: read through {undone}; lines are those of the SDP inside")
    return description


def _subject(described: "list[LintedDescription]", sequence: bool) -> "Linted":
    from rtckit.rules.lint import OfferAnswer, Sequence

    if sequence:
        return Sequence(described)
    return described[0] if len(described) == 1 else OfferAnswer(described[0], described[1])


def _verdict(subject: "Linted", stack: str) -> "Verdict":
    """What ``stack`` does with the last description, having gone through those before it."""
    from rtckit.jsep import State, predict_verdict
    from rtckit.rules.lint import LintedDescription, OfferAnswer, Sequence

    if isinstance(subject, LintedDescription):
        if subject.is_answer and subject.type_told:
            raise UsageError("what a stack does with an answer depends on the offer: --offer FILE")
        return predict_verdict(subject.document.text, stack, "offer", State())
    if isinstance(subject, OfferAnswer):
        subject = Sequence([subject.offer, subject.answer])
    last = subject.descriptions[-1]
    return predict_verdict(last.document.text, stack, last.type or "offer", _state(subject))


def _state(sequence: "Sequence") -> "State":
    """The connection of the end that gets the last description, just before."""
    from rtckit.jsep import State, TypedSdp

    us = 1 - sequence.authors[-1]
    current: dict[bool, TypedSdp | None] = {True: None, False: None}
    pending: dict[bool, TypedSdp | None] = {True: None, False: None}
    created: dict[str, str] = {}
    signaling, offerer, offered = "stable", None, None
    for author, item in zip(sequence.authors, sequence.descriptions[:-1], strict=False):
        ours, kind = author == us, item.type or "offer"
        set_now = TypedSdp(kind, item.document.text)
        if ours:
            created["offer" if kind == "offer" else "answer"] = set_now.sdp
        if kind == "answer" and offered is not None:
            current = {ours: set_now, not ours: offered}
            pending = {True: None, False: None}
            signaling, offerer, offered = "stable", not ours, None
            continue
        pending[ours] = set_now
        whose = "local" if ours else "remote"
        signaling = f"have-{whose}-{'offer' if kind == 'offer' else 'pranswer'}"
        offered = set_now if kind == "offer" else offered
    return State(
        signaling_state=signaling,
        current_local=current[True],
        current_remote=current[False],
        pending_local=pending[True],
        pending_remote=pending[False],
        created_offer=created.get("offer"),
        created_answer=created.get("answer"),
        is_offerer=offerer,
    )
