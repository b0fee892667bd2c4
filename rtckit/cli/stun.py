"""``rtckit stun``: ask STUN servers, and be one."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "stun"]

TABLE: dict[str, LazyCommand] = {
    "ping": LazyCommand(
        "rtckit.cli.stun_ping:ping",
        "Ask STUN servers for the round trip and the address they see.",
    ),
    "serve": LazyCommand("rtckit.cli.stun_serve:serve", "Be a STUN server."),
}
"""The verbs of ``rtckit stun``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Ask STUN servers, or be one.")
def stun() -> None:
    """Ask STUN servers, or be one (RFC 8489)."""
