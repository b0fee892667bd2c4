"""``rtckit sdp offer``: the first offer of a stack."""

import functools
from typing import Any

import click

from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.cli.sdp_answer import STACKS, read_capabilities
from rtckit.core.errors import ExitCode, UsageError

__all__ = ["offer"]

_MOST = 1000


@click.command(short_help="Write the offer that a stack makes.")
@click.option(
    "--audio",
    is_flag=False,
    flag_value=1,
    default=0,
    type=click.IntRange(0, _MOST),
    metavar="[N]",
    help="An audio transceiver, or N of them.",
)
@click.option(
    "--video",
    is_flag=False,
    flag_value=1,
    default=0,
    type=click.IntRange(0, _MOST),
    metavar="[N]",
    help="A video transceiver, or N of them.",
)
@click.option("--data", is_flag=True, help="A data channel.")
@click.option("--simulcast", metavar="RIDS", help="Encodings of each video, as q,h,f.")
@click.option("--sendonly", "direction", flag_value="sendonly", help="Only send.")
@click.option("--recvonly", "direction", flag_value="recvonly", help="Only receive.")
@click.option("--inactive", "direction", flag_value="inactive", help="Neither, for now.")
@click.option(
    "--stack",
    type=click.Choice(STACKS),
    default="rfc",
    show_default=True,
    help="Who offers: the standards to the letter, or one stack.",
)
@click.option(
    "--capabilities", metavar="FILE", help="An offer the peer made itself: all that it is able to."
)
@click.option("--explain", is_flag=True, help="Tell why each part stands in it.")
@click.option(
    "--seed", default="0", show_default=True, help="What the values that a peer makes up come from."
)
@functools.partial(answering, formats=("text", "json"))
def offer(
    settings: Settings,
    audio: int,
    video: int,
    data: bool,
    simulcast: str | None,
    direction: str | None,
    stack: str,
    capabilities: str | None,
    explain: bool,
    seed: str,
) -> Answer:
    """Write the offer that a stack makes.

    As a page gets it from createOffer on a new connection: with the transceivers asked for, audio
    before video, sending and receiving unless told otherwise, and the codecs and extensions that
    were recorded for the stack's version here, or those of --capabilities. ICE credentials,
    certificate and sources are made up from --seed. --explain tells instead why each section,
    codec and extension stands in it.

    \b
        rtckit sdp offer --audio --video --data --stack chromium
        rtckit sdp offer --video --simulcast q,h,f --sendonly --stack firefox
        rtckit sdp offer --audio 2 --recvonly | rtckit sdp answer - --stack aiortc
        rtckit sdp offer --video --data --stack firefox --explain

    Exit code: 0 with an offer, 1 when the stack refuses to make it.
    """
    from rtckit.jsep import PeerError
    from rtckit.jsep import explain_offer as explain_as

    rids = [] if simulcast is None else [rid.strip() for rid in simulcast.split(",")]
    if not (audio or video or data):
        raise UsageError("nothing to offer: name --audio, --video or --data")
    if rids and not video:
        raise UsageError("--simulcast is of video: add --video")
    able = None if capabilities is None else read_capabilities(settings, capabilities)
    try:
        made, decisions = explain_as(
            stack,
            audio,
            video,
            data,
            simulcast=rids,
            direction=direction or "sendrecv",
            capabilities=able,
            seed=seed,
        )
    except PeerError as error:
        return _refusal(stack, error.name, error.message)

    def draw(canvas: Canvas) -> str:
        if not explain:
            return made.text
        from rtckit.report.decisions import render_decisions

        return render_decisions(
            decisions,
            made,
            stack,
            is_own=True,
            color=canvas.color,
            width=canvas.width,
            verbose=canvas.verbose,
        )

    def as_data() -> dict[str, Any]:
        from rtckit.report.decisions import decision_to_dict
        from rtckit.report.json import answer as as_json

        told = [decision_to_dict(each) for each in decisions] if explain else None
        return as_json(
            stack=stack, type="offer", sdp=made.text, error=None, message=None, decisions=told
        )

    return Answer(text=draw, data=as_data)


def _refusal(stack: str, name: str, message: str) -> Answer:
    """The exception that a page would see."""

    def draw(canvas: Canvas) -> str:
        from rtckit.report.text import Paint, paragraph

        head = Paint(canvas.color)(f"{stack}: {name}", "bold red")
        return head + "\n" + paragraph(message, width=canvas.width, indent="    ")

    def as_data() -> dict[str, Any]:
        from rtckit.report.json import answer as as_json

        return as_json(stack=stack, type=None, sdp=None, error=name, message=message)

    return Answer(text=draw, data=as_data, exit_code=ExitCode.FINDINGS)
