"""Why a section or a codec stands in an answer, or does not."""

import importlib
from dataclasses import dataclass

__all__ = ["Decision", "Decisions"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing a peer decided while it wrote a description.

    Attributes:
        index: the media section, from 0; None for the session.
        mid: its mid, if it has one.
        subject: ``section``, ``codec``, ``extension``, ``feedback``, ``simulcast``, ``direction``,
            ``setup``, ``bundle``, ``data`` or ``attribute``.
        name: what it is about: ``96 VP8/90000``, a URI, a rid; empty for the section itself.
        outcome: ``taken``, ``dropped``, ``changed`` or ``rejected``.
        why: a sentence for people, without a full stop.
        refs: sources, as ``RFC 6184, 8.2.2``.
    """

    index: int | None
    mid: str | None
    subject: str
    name: str
    outcome: str
    why: str
    refs: tuple[str, ...] = ()


class Decisions(list[Decision]):
    """All that was decided about a description, in order; a notebook shows it as a table."""

    def _repr_html_(self) -> str:
        # By name and when asked for: drawing is above this layer, and costs nothing until then.
        drawing = importlib.import_module("rtckit.report.decisions")
        fragment: str = drawing.render_fragment(self)
        return fragment
