"""Changes as people read them: the same one in many sections told once."""

from collections.abc import Iterable
from typing import NamedTuple

from rtckit.sdp.comparison.change import Change, Diff
from rtckit.sdp.comparison.rtp import extension_name

__all__ = ["Grouped", "group_changes", "heading", "shown_leaf", "summary"]


class Grouped(NamedTuple):
    """A change, and in words where else the very same one happened."""

    change: Change
    also: str


def group_changes(changes: Iterable[Change]) -> list[Grouped]:
    """Fold changes that say the same of several sections, or of several things in one.

    The first stays in its place, the others are named with it.
    """
    groups: dict[object, list[Change]] = {}
    for change in changes:
        aspect = change.leaf
        if aspect.startswith("codecs.") and not aspect.endswith("]"):
            aspect = aspect.rpartition(".")[2]
        key = (aspect, change.kind, change.a, change.b, change.impact)
        groups.setdefault(key, []).append(change)
    return [Grouped(found[0], _also(found)) for found in groups.values()]


def _also(found: list[Change]) -> str:
    if len(found) == 1:
        return ""
    first = found[0]
    leaves = [change.leaf for change in found if change.section_a == first.section_a]
    sections = list(
        dict.fromkeys(
            change.section_a if change.section_a is not None else change.section_b
            for change in found[1:]
            if change.section_a != first.section_a or change.section_b != first.section_b
        )
    )
    said = []
    things = [_codec_of(leaf) for leaf in leaves[1:]]
    if things:
        said.append("also of " + _few(things, len(things)))
    if sections:
        said.append("also in media " + _few([str(n) for n in sections], len(sections)))
    return "; ".join(said)


def _codec_of(leaf: str) -> str:
    """The codec a leaf like ``codecs.VP8.fmtp.max-fs`` is about."""
    return leaf.removeprefix("codecs.").partition(".fmtp.")[0].removesuffix(".rtcp_fb")


def shown_leaf(change: Change) -> str:
    """The leaf for people: header extensions by the last part of their URI."""
    leaf = change.leaf.removeprefix("session.")
    head, bracket, rest = leaf.partition("extmap[")
    if bracket and not head:
        uri, end, after = rest.rpartition("]")
        return f"extmap[{extension_name(uri)}{end}{after}"
    return leaf


def _few(names: list[str], count: int) -> str:
    shown = names[:6]
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def heading(diff: Diff, change: Change) -> str:
    """The section a change is in, for people: ``media 1: video, mid 1``."""
    if change.section_a is None and change.section_b is None:
        return "session"
    if change.section_a is not None:
        media, index = diff.a.media[change.section_a], change.section_a
    else:
        index = change.section_b or 0
        media = diff.b.media[index]
    text = f"media {index}: {media.kind or '?'}"
    if media.mid is not None:
        text += f", mid {media.mid}"
    if change.section_a is not None and change.section_b not in (None, change.section_a):
        text += f" (media {change.section_b} in the other)"
    return text


def summary(diff: Diff) -> str:
    """How much is different, in a line: the relation, the changes, what was folded."""
    count = len(diff.changes)
    said = "the same" if not count else "1 change" if count == 1 else f"{count} changes"
    folded = len(diff.folded)
    if folded:
        differences = "1 volatile difference" if folded == 1 else f"{folded} volatile differences"
        said += f", {differences} left out"
    return f"{said}; {diff.relation}"
