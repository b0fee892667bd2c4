"""``rtckit ice``: gather candidates, connect, simulate."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "ice"]

TABLE: dict[str, LazyCommand] = {
    "gather": LazyCommand(
        "rtckit.cli.ice_gather:gather", "Gather candidates from interfaces and servers."
    ),
    "check": LazyCommand(
        "rtckit.cli.ice_check:check", "Connect two ends, or one end to any ICE agent."
    ),
    "watch": LazyCommand(
        "rtckit.cli.ice_watch:watch", "Watch ICE on the screen: live, a capture, or a simulation."
    ),
    "simulate": LazyCommand(
        "rtckit.cli.ice_simulate:simulate", "Connect two ends behind any NATs, in virtual time."
    ),
}
"""The verbs of ``rtckit ice``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Gather candidates, connect, simulate (ICE).")
def ice() -> None:
    """Gather candidates, connect two ends, simulate NATs (ICE, RFC 8445)."""
