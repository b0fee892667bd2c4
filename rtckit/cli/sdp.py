"""``rtckit sdp``: session descriptions."""

from pathlib import Path

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.sources import STDIN, open_stdin

__all__ = ["TABLE", "sdp", "show"]

TABLE = {
    "show": LazyCommand("rtckit.cli.sdp:show", "Show what a session description says."),
    "diff": LazyCommand("rtckit.cli.sdp_diff:diff", "Compare two descriptions by meaning."),
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
    is SDP or the JSON of an RTCSessionDescription; `-` is stdin.

    \b
        rtckit sdp show offer.sdp
        xclip -o | rtckit sdp show -
    """
    from rtckit.report.sdp import render_text, to_dict
    from rtckit.sdp import read_description

    data = open_stdin(settings).read() if file == STDIN else Path(file).read_bytes()
    description = read_description(data)
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
