"""``rtckit pcap``: captures."""

from pathlib import Path

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.sources import STDIN, check_stdin_once, open_stdin

__all__ = ["TABLE", "pcap", "summary"]

TABLE = {
    "summary": LazyCommand("rtckit.cli.pcap:summary", "Count what a capture holds, by kind."),
}
"""The verbs of ``rtckit pcap``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Look into captures.")
def pcap() -> None:
    """Look into captures (pcap and pcapng)."""


@click.command(short_help="Count what a capture holds, by kind.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@answering
def summary(settings: Settings, files: tuple[str, ...]) -> Answer:
    """Count what a capture holds, by kind.

    Packets by protocol (STUN, TURN channel data, DTLS, RTP, RTCP), the flows that carry them, how
    long they last, and what could not be read. FILE is a pcap or pcapng file, or a saved call,
    which stands for its captures. `-` is stdin.

    \b
        rtckit pcap summary call.pcapng
        rtckit pcap summary --format json call.pcapng | jq .kinds
    """
    from rtckit.analysis.summary import summarize
    from rtckit.report.summary import find_captures, render_text, to_dict

    check_stdin_once(files)
    summaries = []
    with settings.progress() as progress:
        for name in files:
            if name == STDIN:
                summaries.append(summarize(open_stdin(settings), progress=progress).to_dict())
                continue
            for path in find_captures(Path(name)):
                summaries.append(summarize(path, progress=progress).to_dict())
    return Answer(
        text=lambda canvas: render_text(
            summaries, color=canvas.color, width=canvas.width, verbose=canvas.verbose
        ),
        data=lambda: to_dict(summaries),
    )
