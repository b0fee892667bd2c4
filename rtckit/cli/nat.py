"""``rtckit nat``: detect how a NAT behaves."""

import click

from rtckit.cli.lazy import LazyCommand, LazyGroup

__all__ = ["TABLE", "nat"]

TABLE: dict[str, LazyCommand] = {
    "detect": LazyCommand(
        "rtckit.cli.nat_detect:detect", "Find out how a NAT maps, filters and hairpins."
    ),
}
"""The verbs of ``rtckit nat``."""


@click.group(cls=LazyGroup, table=TABLE, short_help="Detect how a NAT behaves.")
def nat() -> None:
    """Detect how a NAT behaves (RFC 4787, RFC 5780)."""
