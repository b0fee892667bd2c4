"""A command that fails in every way a command can fail."""

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.core import errors


@click.command(short_help="Fail as told.")
@click.argument("how", default="answer")
@answering
def fake(settings: Settings, how: str) -> Answer:
    """Fail as told."""
    settings.note("a note")
    match how:
        case "answer":
            return Answer(
                text=lambda canvas: (
                    f"color={canvas.color} width={canvas.width} verbose={canvas.verbose} → é"
                ),
                data=lambda: {"schema": 1, "findings": []},
                exit_code=errors.ExitCode.FINDINGS,
            )
        case "lines":
            return Answer(text=lambda canvas: "line\n" * 1_000_000, data=dict)
        case "usage":
            raise errors.UsageError("no such thing")
        case "parse":
            raise errors.ParseError("bad\nbyte \x1b[2J", offset=7, expected="a good one")
        case "unreadable":
            raise errors.UnreadableInput("not a capture")
        case "network":
            raise errors.NetworkFailure("nobody answered")
        case "missing":
            raise errors.MissingCapability("coturn", "apt-get install coturn")
        case "file":
            raise FileNotFoundError(2, "No such file or directory", "call.pcapng")
        case "device":
            raise OSError("the device is gone")
        case "interrupt":
            raise KeyboardInterrupt
        case _:
            raise ZeroDivisionError("one over nothing")
