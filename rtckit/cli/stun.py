"""``rtckit stun``: ask STUN servers, and be one."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "stun"]

TABLE: dict[str, LazyCommand] = {}
"""The verbs of ``rtckit stun``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Ask STUN servers, or be one.")
def stun() -> None:
    """Ask STUN servers, or be one (RFC 8489)."""
