"""``rtckit lab run`` and ``rtckit lab down``: use a laboratory that is up, and end it."""

import os
import sys

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.core.errors import ExitCode, NetworkFailure, UsageError

__all__ = ["down", "run"]


@click.command(
    short_help="Run a command on a node of the laboratory.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--name", help="Which laboratory, when several are up.")
@click.argument("node")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@answering
def run(settings: Settings, name: str | None, node: str, command: tuple[str, ...]) -> Answer:
    """Run a command on a node of the laboratory.

    NODE is one of a laboratory that is up: a, b, nat-a, nat-b, server. COMMAND takes the place of
    rtckit: its output, its input and its exit code are its own. Without one it is a shell. It finds
    the servers in RTCKIT_STUN, RTCKIT_TURN and RTCKIT_TURNS, and trusts their certificate by
    SSL_CERT_FILE.

    \b
        rtckit lab run a -- rtckit nat detect 203.0.113.10
        rtckit lab run nat-a -- nft list ruleset
        rtckit lab run b

    Exit code: that of the command; 2 when there is no such laboratory or node.
    """
    from rtckit.lab.running import enter_command, find_running

    if command and command[0] == "--":
        command = command[1:]
    running = find_running(name)
    wanted = list(command) or [os.environ.get("SHELL", "/bin/sh")]
    line = enter_command(running, node, wanted)
    sys.stdout.flush()
    sys.stderr.flush()
    environment = {**os.environ, **running.environment, "RTCKIT_LAB_NODE": node}
    try:
        os.execvpe(line[0], line, environment)
    except FileNotFoundError as error:
        raise UsageError(f"{line[0]} is not on PATH (apt-get install util-linux)") from error
    raise AssertionError("the command has taken the place of this process")


@click.command(short_help="End a laboratory that is up.")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="End all that are up.")
@answering
def down(settings: Settings, name: str | None, everything: bool) -> Answer:
    """End a laboratory that is up.

    Waits until nothing of it is left.

    \b
        rtckit lab down
        rtckit lab down --all

    Exit code: 0 when it is gone, also when none was up; 4 when it does not end.
    """
    from rtckit.lab.running import find_running, list_running, stop

    there = list_running()
    chosen = there if everything or not there else [find_running(name)]
    for running in chosen:
        if not stop(running):
            raise NetworkFailure(f"the laboratory {running.name!r} does not end")
    names = [running.name for running in chosen]
    return Answer(
        text=lambda canvas: f"Gone: {', '.join(names)}." if names else "None was up.",
        data=lambda: {"schema": 1, "findings": [], "ended": names},
        exit_code=ExitCode.CLEAN,
    )
