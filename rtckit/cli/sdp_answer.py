"""``rtckit sdp answer``: what a stack answers to an offer, and why."""

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.cli.sources import (
    check_stdin_once,
    choose_description,
    read_one,
    read_sources,
    tell_undone,
)
from rtckit.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rtckit.core.findings import Finding
    from rtckit.jsep import Capabilities, OfferRefused
    from rtckit.jsep.simulation.advice import Advice
    from rtckit.sdp import Description, Document

__all__ = ["STACKS", "answer", "read_capabilities"]

STACKS = ("rfc", "chromium", "firefox", "aiortc")
"""The stacks that answer and offer, as `rtckit.jsep.STACK_NAMES` has them."""

_NUMBERED = re.compile(r".+#\d{1,6}")


@click.command(short_help="Predict what a stack answers to an offer.")
@click.argument("offer", metavar="OFFER")
@click.option(
    "--stack",
    type=click.Choice(STACKS),
    default="rfc",
    show_default=True,
    help="Who answers: the standards to the letter, or one stack.",
)
@click.option(
    "--send",
    multiple=True,
    metavar="KINDS",
    help="Tracks the page adds before: audio,video; a kind named twice is added twice.",
)
@click.option(
    "--direction",
    "directions",
    multiple=True,
    metavar="[MID=]DIRECTION",
    help="What the page sets the transceivers' direction to, all or the one of a mid.",
)
@click.option(
    "--capabilities", metavar="FILE", help="An offer the peer made itself: all that it is able to."
)
@click.option("--explain", is_flag=True, help="Tell why each part was taken, dropped or rejected.")
@click.option(
    "--seed", default="0", show_default=True, help="What the values that a peer makes up come from."
)
@functools.partial(answering, formats=("text", "json"))
def answer(
    settings: Settings,
    offer: str,
    stack: str,
    send: tuple[str, ...],
    directions: tuple[str, ...],
    capabilities: str | None,
    explain: bool,
    seed: str,
) -> Answer:
    """Predict what a stack answers to an offer.

    Prints the answer of a new connection: without tracks of its own unless --send names some, with
    the codecs and extensions that were recorded for the stack's version here, or those of
    --capabilities. ICE credentials, certificate and sources are made up from --seed.

    --explain tells instead, for each section, codec and extension, what became of it and why. An
    offer that the stack refuses is told in the stack's own words, with the step that fails and
    what is wrong.

    OFFER is SDP or any form rtckit reads one from; `FILE#2` is the second description in it, `-`
    is stdin.

    \b
        rtckit sdp answer offer.sdp --stack firefox
        rtckit sdp answer offer.sdp --stack chromium --send audio,video --explain
        rtckit sdp answer offer.sdp --capabilities their-offer.sdp

    Exit code: 0 with an answer, 1 when the stack refuses the offer.
    """
    from rtckit.jsep import OfferRefused
    from rtckit.jsep import answer as answer_as
    from rtckit.jsep import explain_answer as explain_as
    from rtckit.jsep.decision import Decisions

    check_stdin_once((offer, capabilities or ""))
    kinds = _kinds(send)
    wanted = _directions(directions)
    description = _read_offer(settings, offer)
    able = None if capabilities is None else read_capabilities(settings, capabilities)
    document = description.document
    try:
        if explain:
            made, decisions = explain_as(
                document, stack, kinds, direction=wanted, capabilities=able, seed=seed
            )
        else:
            decisions = Decisions()
            made = answer_as(document, stack, kinds, direction=wanted, capabilities=able, seed=seed)
    except OfferRefused as refused:
        return _refusal(document, offer, stack, refused)
    except ValueError as error:
        raise UsageError(str(error)) from error

    def draw(canvas: Canvas) -> str:
        if not explain:
            return made.text
        from rtckit.report.decisions import render_decisions

        return render_decisions(
            decisions,
            document,
            stack,
            color=canvas.color,
            width=canvas.width,
            verbose=canvas.verbose,
        )

    def data() -> dict[str, Any]:
        from rtckit.jsep import Verdict
        from rtckit.report.decisions import decision_to_dict
        from rtckit.report.json import answer as as_json
        from rtckit.report.lint import verdict_to_dict

        return as_json(
            verdict=verdict_to_dict(stack, Verdict(True)),
            type="answer",
            sdp=made.text,
            decisions=[decision_to_dict(each) for each in decisions] if explain else None,
        )

    return Answer(text=draw, data=data)


def read_capabilities(settings: Settings, file: str) -> "Capabilities":
    """What the peer that made the offer in a file is able to."""
    from rtckit.jsep import Capabilities

    return Capabilities.from_offer(read_one(settings, file).document)


def _read_offer(settings: Settings, file: str) -> "Description":
    """The offer in a file of any form: the first that is called one, else what there is."""
    if _NUMBERED.fullmatch(file) and not Path(file).exists():
        description = read_one(settings, file)
    else:
        sources = read_sources(settings, file)
        kind = "offer" if any(each.type == "offer" for each in sources.distinct) else None
        description = choose_description(settings, sources, kind=kind)
    tell_undone(settings, description.undone)
    if description.type not in (None, "offer"):
        raise UsageError(f"{file} holds no offer, but a description of type {description.type}")
    return description


def _kinds(send: "Sequence[str]") -> list[str]:
    kinds = [kind.strip() for text in send for kind in text.split(",") if kind.strip()]
    for kind in kinds:
        if kind not in ("audio", "video"):
            raise UsageError(f"--send {kind}: a track is audio or video")
    return kinds


def _directions(given: "Sequence[str]") -> "str | Mapping[str, str] | None":
    from rtckit.jsep.transceiver import DIRECTIONS

    by_mid: dict[str, str] = {}
    for text in given:
        mid, equals, direction = text.rpartition("=")
        if direction not in DIRECTIONS:
            raise UsageError(f"--direction {text}: one of {', '.join(DIRECTIONS)}")
        if not equals:
            if len(given) > 1:
                raise UsageError("--direction for all and for a mid exclude each other")
            return direction
        by_mid[mid] = direction
    return by_mid or None


def _refusal(document: "Document", file: str, stack: str, refused: "OfferRefused") -> Answer:
    """The stack's words, what they mean, and the errors a lint finds in the offer."""
    from rtckit.jsep import Verdict

    verdict = Verdict(False, refused.stage, refused.name, refused.message)
    name = "stdin" if file == "-" else file
    findings = _errors(document, name, stack)
    advice = _advise(document, refused)
    if findings and advice is not None and "sdp lint" in advice.fix:
        # The lint it sends people to is told below.
        advice = None

    def draw(canvas: Canvas) -> str:
        from rtckit.report.frame import render_findings
        from rtckit.report.lint import verdict_text
        from rtckit.report.text import Paint, bullet

        paint = Paint(canvas.color)
        parts = [verdict_text(stack, verdict, paint=paint, width=canvas.width)]
        if advice is not None:
            parts[0] += "\n  " + bullet("means:", advice.means, width=canvas.width, paint=paint)
            parts[0] += "\n  " + bullet("do:", advice.fix, width=canvas.width, paint=paint)
        if findings:
            drawn = render_findings(
                findings,
                paint=paint,
                width=canvas.width,
                sources={name: [line.text for line in document.lines]},
                verbose=canvas.verbose,
            )
            parts.append(drawn)
        return "\n\n".join(parts)

    def data() -> dict[str, Any]:
        from rtckit.report.json import answer as as_json
        from rtckit.report.lint import verdict_to_dict

        return as_json(
            findings,
            verdict=verdict_to_dict(stack, verdict),
            means=advice and advice.means,
            fix=advice and advice.fix,
            type=None,
            sdp=None,
            decisions=None,
        )

    return Answer(text=draw, data=data, exit_code=ExitCode.FINDINGS)


def _advise(document: "Document", refused: "OfferRefused") -> "Advice | None":
    from rtckit.jsep.simulation.advice import advise
    from rtckit.jsep.simulation.trace import Call

    state = "stable" if refused.stage == "setRemoteDescription" else "have-remote-offer"
    given = {
        "setRemoteDescription": {"type": "offer", "sdp": document.text},
        "setLocalDescription": {"type": "answer", "sdp": ""},
    }.get(refused.stage)
    outcome = {"ok": False, "error": refused.name, "message": refused.message, "events": []}
    return advise(Call("b", {"op": refused.stage, "description": given}, outcome, state))


def _errors(document: "Document", name: str, stack: str) -> "list[Finding]":
    """The errors of a lint by the measure of the stack."""
    from rtckit.core.findings import Severity
    from rtckit.rules.lint import LintedDescription, lint

    described = LintedDescription(document, "offer", name)
    return [each for each in lint(described, stack) if each.severity is Severity.ERROR]
