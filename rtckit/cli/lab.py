"""``rtckit lab``: the network laboratory."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "lab"]

TABLE: dict[str, LazyCommand] = {}
"""The verbs of ``rtckit lab``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Networks, NATs and servers to test in.")
def lab() -> None:
    """Networks, NATs and servers to test in, made of Linux namespaces."""
