"""``rtckit lab``: the network laboratory."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "lab"]

TABLE: dict[str, LazyCommand] = {
    "doctor": LazyCommand(
        "rtckit.cli.lab_doctor:doctor", "What this machine can do for the laboratory."
    ),
    "up": LazyCommand("rtckit.cli.lab_up:up", "Build a laboratory, and keep it up."),
    "run": LazyCommand("rtckit.cli.lab_run:run", "Run a command on a node of the laboratory."),
    "down": LazyCommand("rtckit.cli.lab_run:down", "End a laboratory that is up."),
}
"""The verbs of ``rtckit lab``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Networks, NATs and servers to test in.")
def lab() -> None:
    """Networks, NATs and servers to test in, made of Linux namespaces."""
