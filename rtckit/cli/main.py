"""``rtckit``: the command table, and how errors become one line and an exit code."""

import os
import sys
from collections.abc import Sequence

import click

import rtckit
from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.core.errors import ExitCode, RtckitError

__all__ = ["TABLE", "cli", "main"]

TABLE = {
    "diagnose": LazyCommand(
        "rtckit.cli.diagnose:diagnose", "Find the first broken link of a call, and why it broke."
    ),
    "pcap": LazyCommand("rtckit.cli.pcap:pcap", "Look into captures."),
    "sdp": LazyCommand("rtckit.cli.sdp:sdp", "Read session descriptions."),
    "jsep": LazyCommand("rtckit.cli.jsep:jsep", "Simulate whole negotiations."),
    "ice": LazyCommand("rtckit.cli.ice:ice", "Gather candidates, connect, simulate (ICE)."),
    "stun": LazyCommand("rtckit.cli.stun:stun", "Ask STUN servers, or be one."),
    "turn": LazyCommand("rtckit.cli.turn:turn", "Check TURN servers."),
    "nat": LazyCommand("rtckit.cli.nat:nat", "Detect how a NAT behaves."),
    "lab": LazyCommand("rtckit.cli.lab:lab", "Networks, NATs and servers to test in."),
    "rules": LazyCommand("rtckit.cli.rules:rules", "List the rules that diagnoses come from."),
    "explain": LazyCommand("rtckit.cli.rules:explain", "Explain a rule: why, examples, fix."),
}
"""Every command and noun, in the order of ``--help``."""

_EPILOG = """\b
Exit codes: 0 clean, 1 findings, 2 usage, 3 unreadable input, 4 network or peer failure,
5 the machine lacks something, 70 a bug in rtckit, 130 interrupted.
"""


@click.group(
    cls=LazyGroup,
    table=TABLE,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(rtckit.__version__, message="rtckit %(version)s")
def cli() -> None:
    """Find out which link of a WebRTC call broke, with the evidence and what to change.

    Start with a capture, a saved call or a session description:

    \b
        rtckit diagnose call.pcapng
        rtckit explain TURN001
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; ``arguments`` default to ``sys.argv``."""
    if arguments is None:
        arguments = sys.argv[1:]
    try:
        code = cli.main(list(arguments), prog_name="rtckit", standalone_mode=False)
        return code if isinstance(code, int) else ExitCode.CLEAN
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        return _report(error, arguments)


def _report(error: Exception, arguments: Sequence[str]) -> ExitCode:
    """One line on stderr for what went wrong, and its exit code."""
    from rtckit.cli.output import discard_stdout, report_error

    if isinstance(error, RtckitError):
        report_error(str(error))
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        discard_stdout()
        return ExitCode.CLEAN
    if isinstance(error, OSError) and error.filename is not None:
        report_error(f"cannot read {os.fsdecode(error.filename)}: {error.strerror or error}")
        return ExitCode.UNREADABLE
    return _report_bug(error, arguments)


def _report_bug(error: Exception, arguments: Sequence[str]) -> ExitCode:
    """Say on stderr that this is rtckit's fault and what to send; the traceback on request."""
    from rtckit.cli.output import report_error

    wants_traceback = bool(os.environ.get("RTCKIT_DEBUG")) or any(
        argument == "--verbose" or (argument[:2] == "-v" and set(argument[1:]) == {"v"})
        for argument in arguments
    )
    if wants_traceback:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    place = ""
    step = error.__traceback__
    while step is not None:
        module = step.tb_frame.f_globals.get("__name__", "")
        if module.startswith("rtckit"):
            place = f" ({module}, line {step.tb_lineno})"
        step = step.tb_next
    report_error(f"a bug in rtckit {rtckit.__version__}, not in your input: {error!r}{place}")
    more = "" if wants_traceback else ", with the traceback that RTCKIT_DEBUG=1 adds"
    report_error(f"please report this line{more}, and the input if it may be shared")
    return ExitCode.BUG
