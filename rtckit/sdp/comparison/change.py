"""What a comparison finds: changes, each with its place in both descriptions and its meaning."""

from dataclasses import dataclass, field
from enum import StrEnum

from rtckit.sdp.document import Document
from rtckit.sdp.lines import Span

__all__ = ["Change", "Diff", "Kind"]


class Kind(StrEnum):
    """What happened to the thing a path names."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two descriptions.

    ``path`` names the thing: ``session...`` or ``media[i]...``, where ``i`` is the section's index
    in the first description (in the second for a section only that one has). ``a`` and ``b`` are
    its values as text, None where it is missing; a secret is masked in them already. Places are
    None where nothing stands for the value. ``impact`` says what the change means in practice.
    ``volatile`` marks what differs from one description to the next without meaning anything.
    ``section_a`` and ``section_b`` are the indices of the media section, None at session level.
    """

    path: str
    kind: Kind
    a: str | None
    b: str | None
    place_a: Span | None
    place_b: Span | None
    impact: str
    volatile: bool = False
    section_a: int | None = None
    section_b: int | None = None

    @property
    def leaf(self) -> str:
        """The path without the section: ``direction`` of ``media[1].direction``."""
        base, dot, rest = self.path.partition("].")
        return rest if dot and base.startswith("media[") else self.path


@dataclass(frozen=True, slots=True)
class Diff:
    """Two descriptions compared by meaning.

    ``changes`` are those that count, in the order of the sections; ``folded`` are the volatile ones
    that were left out of them. ``same_session`` tells whether both are of one session by their
    ``o=`` lines (RFC 8866, 5.2), ``relation`` says it in words.
    """

    a: Document = field(repr=False)
    b: Document = field(repr=False)
    relation: str
    same_session: bool
    changes: tuple[Change, ...]
    folded: tuple[Change, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing that counts is different."""
        return not self.changes

    def __bool__(self) -> bool:
        return bool(self.changes)

    def find(self, path: str) -> list[Change]:
        """The changes at ``path`` or below it: ``media[1]``, ``media[1].codecs``..."""
        return [
            change
            for change in self.changes
            if change.path == path or change.path.startswith((path + ".", path + "["))
        ]

    def _repr_html_(self) -> str:
        """The changes as an HTML table, for notebooks."""
        from rtckit.sdp.comparison.markup import changes_table

        return changes_table(self)
