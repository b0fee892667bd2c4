"""``rtckit sdp``: session descriptions."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.sources import read_one

__all__ = ["TABLE", "sdp", "show"]

TABLE = {
    "show": LazyCommand("rtckit.cli.sdp:show", "Show what a session description says."),
    "lint": LazyCommand(
        "rtckit.cli.sdp_lint:lint", "Check descriptions against the standards and the browsers."
    ),
    "diff": LazyCommand("rtckit.cli.sdp_diff:diff", "Compare two descriptions by meaning."),
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
@click.option("--secrets", is_flag=True, help="Show ICE passwords and keys, which are masked.")
@answering
def show(settings: Settings, file: str, secrets: bool) -> Answer:
    """Show what a session description says.

    The session, and each media section with its codecs, transport, direction and candidates. FILE
    is SDP or anything SDP is held in, such as JSON, a log or a browser's dump; `FILE#2` is the
    second description in it, `-` is stdin.

    \b
        rtckit sdp show offer.sdp
        xclip -o | rtckit sdp show -
    """
    from rtckit.report.sdp import render_text, to_dict

    description = read_one(settings, file)
    return Answer(
        text=lambda canvas: render_text(
            description,
            color=canvas.color,
            width=canvas.width,
            verbose=canvas.verbose,
            secrets=secrets,
        ),
        data=lambda: to_dict(description, secrets=secrets),
    )
