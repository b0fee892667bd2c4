"""``rtckit sdp``: session descriptions."""

import functools

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.cli.sources import read_one

__all__ = ["TABLE", "sdp", "show"]

TABLE = {
    "show": LazyCommand("rtckit.cli.sdp:show", "Show what a session description says."),
    "lint": LazyCommand(
        "rtckit.cli.sdp_lint:lint", "Check descriptions against the standards and the browsers."
    ),
    "diff": LazyCommand("rtckit.cli.sdp_diff:diff", "Compare two descriptions by meaning."),
    "answer": LazyCommand(
        "rtckit.cli.sdp_answer:answer", "Predict what a stack answers to an offer."
    ),
    "offer": LazyCommand("rtckit.cli.sdp_offer:offer", "Write the offer that a stack makes."),
    "convert": LazyCommand(
        "rtckit.cli.sdp_convert:convert", "Write a description in another form."
    ),
    "anonymize": LazyCommand(
        "rtckit.cli.sdp_convert:anonymize",
        "Replace addresses, keys and names so that it can be shown.",
    ),
}
"""The verbs of ``rtckit sdp``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Read session descriptions.")
def sdp() -> None:
    """Read session descriptions (SDP)."""


@click.command(short_help="Show what a session description says.")
@click.argument("file")
@click.option(
    "--annotate", is_flag=True, help="Explain each line, with the section that defines it."
)
@click.option("--secrets", is_flag=True, help="Show ICE passwords and keys, which are masked.")
@functools.partial(answering, formats=("text", "json", "html"))
def show(settings: Settings, file: str, annotate: bool, secrets: bool) -> Answer:
    """Show what a session description says.

    The session, and each media section with its codecs, transport, direction and candidates. FILE
    is SDP or anything SDP is held in, such as JSON, a log or a browser's dump; `FILE#2` is the
    second description in it, `-` is stdin. HTML is always line by line.

    \b
        rtckit sdp show offer.sdp
        rtckit sdp show --annotate offer.sdp
        rtckit sdp show --format html -o offer.html offer.sdp
        xclip -o | rtckit sdp show -
    """
    from rtckit.report import sdp as anatomy
    from rtckit.report import sdp_annotate as listing

    description = read_one(settings, file)

    def draw(canvas: Canvas) -> str:
        color, width = canvas.color, canvas.width
        if annotate:
            return listing.render_text(description, color=color, width=width, secrets=secrets)
        return anatomy.render_text(
            description, color=color, width=width, verbose=canvas.verbose, secrets=secrets
        )

    to_dict = listing.to_dict if annotate else anatomy.to_dict
    return Answer(
        text=draw,
        data=lambda: to_dict(description, secrets=secrets),
        forms={"html": lambda canvas: listing.render_html(description, secrets=secrets)},
    )
