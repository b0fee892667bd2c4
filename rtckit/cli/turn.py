"""``rtckit turn``: check TURN servers."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "turn"]

TABLE: dict[str, LazyCommand] = {
    "check": LazyCommand("rtckit.cli.turn_check:check", "Check TURN servers step by step."),
}
"""The verbs of ``rtckit turn``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Check TURN servers.")
def turn() -> None:
    """Check TURN servers (RFC 8656)."""
