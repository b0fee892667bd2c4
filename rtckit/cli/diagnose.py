"""``rtckit diagnose``: the main job."""

from pathlib import Path

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.sources import STDIN, check_stdin_once, open_stdin
from rtckit.core.errors import ExitCode

__all__ = ["diagnose"]


@click.command(short_help="Find the first broken link of a call, and why it broke.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The NSS key log (SSLKEYLOGFILE) of the call, where it is not beside the capture.",
)
@answering
def diagnose(settings: Settings, paths: tuple[str, ...], keys: Path | None) -> Answer:
    """Find the first broken link of a call, and why it broke.

    PATH is a saved call (a folder), a capture (pcap or pcapng), or a session description (SDP, or
    the JSON of an RTCSessionDescription); several belong to one call. `-` is stdin.

    The chain is signalling, ICE, DTLS, SRTP, media and data. Each link is ok, failed, degraded or
    unknown; findings show the frames or lines they come from. What is missing is said, with what it
    would have shown.

    \b
        rtckit diagnose captures/ice-failed
        rtckit diagnose call.pcapng offer.sdp answer.sdp
        tcpdump -i any -w - udp | rtckit diagnose -

    Exit code: 0 when no link is broken, 1 when one is.
    """
    from rtckit.analysis.bundle import open_call
    from rtckit.report.diagnosis import render_text, to_dict
    from rtckit.rules.diagnosis import diagnose as diagnose_call

    check_stdin_once(paths)
    if STDIN in paths:
        open_stdin(settings)
    with settings.progress() as progress:
        diagnosis = diagnose_call(open_call(*paths, keys=keys, progress=progress))
    return Answer(
        text=lambda canvas: render_text(
            diagnosis, color=canvas.color, width=canvas.width, verbose=canvas.verbose
        ),
        data=lambda: to_dict(diagnosis),
        exit_code=ExitCode.CLEAN if diagnosis.broken is None else ExitCode.FINDINGS,
    )
