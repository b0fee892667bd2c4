"""Collecting changes: where they belong, what kind they are, and what of a value may be shown."""

import re
from collections.abc import Callable, Iterable

from rtckit.core.text import mask
from rtckit.sdp.comparison.change import Change, Kind
from rtckit.sdp.lines import Attribute, Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.secrets import hide_secrets
from rtckit.sdp.section import Section

__all__ = ["Recorder", "place_of", "show_attribute"]

_SECRET_NAME = re.compile(r"pwd|passw|crypto|key|secret|token|identity", re.IGNORECASE)


def show_attribute(attribute: Attribute) -> str:
    """An attribute as ``name:value``, its value masked when the name sounds like a secret's.

    A damaged line may hold the secret in what counts as its name; of that the first word is left.
    """
    name, value, _ = attribute
    if _SECRET_NAME.search(name):
        word = name.split(maxsplit=1)[0] if name.split() else ""
        hidden = value if value is not None else name[len(word) :].strip()
        return f"{word}:{mask(hidden)}" if hidden else word
    return hide_secrets(name if value is None else f"{name}:{value}")


def place_of(section: Section | None, *names: str) -> Span | None:
    """Where the first of ``names`` stands: in the section, else at the session level."""
    while section is not None:
        for name in names:
            attribute = section.find(name)
            if attribute is not None:
                return attribute.span
        section = section._parent
    return None


class Recorder:
    """The changes found so far, and the section they are looked for in."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.base = "session"
        self.volatile = False
        self._sections: tuple[int | None, int | None] = (None, None)

    def enter(
        self, x: MediaSection | None, y: MediaSection | None, *, volatile: bool = False
    ) -> None:
        """From now on changes are of this pair of sections; ``volatile``: none of them counts."""
        section = x or y
        self.base = "session" if section is None else f"media[{section.index}]"
        self.volatile = volatile
        self._sections = (x.index if x else None, y.index if y else None)

    def add(
        self,
        leaf: str,
        a: str | None,
        b: str | None,
        places: tuple[Span | None, Span | None] = (None, None),
        impact: str = "",
        *,
        kind: Kind | None = None,
        volatile: bool = False,
    ) -> None:
        """Note a change; without ``kind`` a missing value tells it."""
        if kind is None:
            kind = Kind.CHANGED
            if (a is None) != (b is None):
                kind = Kind.ADDED if a is None else Kind.REMOVED
        path = f"{self.base}.{leaf}" if leaf else self.base
        self.changes.append(
            Change(path, kind, a, b, *places, impact, volatile or self.volatile, *self._sections)
        )

    def path_of_all_media(
        self, a: str, b: str, places: tuple[Span | None, Span | None], impact: str
    ) -> None:
        """Note that the media sections stand in another order, at the path ``media``."""
        self.changes.append(Change("media", Kind.MOVED, a, b, *places, impact))

    def compare(
        self,
        leaf: str,
        a: object,
        b: object,
        places: tuple[Span | None, Span | None] = (None, None),
        impact: str = "",
        *,
        volatile: bool = False,
    ) -> None:
        """Note a change when two plain values differ; None is a missing value."""
        if a != b:
            self.add(leaf, _shown(a), _shown(b), places, impact, volatile=volatile)

    def flag(
        self, leaf: str, x: Section, y: Section, a: bool, b: bool, added: str, removed: str
    ) -> None:
        """Note a property attribute that only one side has."""
        if a != b:
            name = leaf.replace("_", "-")
            self.add(
                leaf,
                name if a else None,
                name if b else None,
                (place_of(x, name) if a else None, place_of(y, name) if b else None),
                added if b else removed,
            )

    def compare_sets(
        self,
        leaf: str,
        a: Iterable[str],
        b: Iterable[str],
        places: tuple[Span | None, Span | None],
        impact: Callable[[list[str], list[str]], str],
    ) -> None:
        """Note as one change what only one of two sets has; ``impact`` gets what went and came."""
        left, right = dict.fromkeys(a), dict.fromkeys(b)
        gone = [item for item in left if item not in right]
        new = [item for item in right if item not in left]
        if gone or new:
            said = impact(gone, new)
            self.add(leaf, ", ".join(gone) or None, ", ".join(new) or None, places, said)


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)
