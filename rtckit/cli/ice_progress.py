"""What happens in ICE, told on stderr while it happens."""

import sys
from typing import TYPE_CHECKING

from rtckit.cli.output import Settings, is_terminal

if TYPE_CHECKING:
    from rtckit.ice.events import Event

__all__ = ["tell_progress"]

_AFTER_S = 1.0
_MATTERS = ("state", "selected", "candidate-error", "gathering", "role")


def tell_progress(settings: Settings, event: "Event") -> None:
    """Say what happened: everything with ``-v``, else what matters once it takes over a second.

    Without ``-v`` only to a terminal; never with ``--quiet``, and not beside JSON lines.
    """
    if settings.quiet or settings.output_format == "jsonl":
        return
    if not settings.verbose and (
        event.t < _AFTER_S or event.event not in _MATTERS or not is_terminal(sys.stderr)
    ):
        return
    from rtckit.analysis.ice_words import say_event
    from rtckit.core.text import escape_controls

    words, _ = say_event(event.event, event.pair, event.detail)
    settings.note(f"{event.t:8.3f} s  {escape_controls(words)}")
