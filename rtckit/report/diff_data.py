"""Two descriptions compared, as plain data and as a page: JSON and HTML of ``rtckit sdp diff``.

Secrets were masked when the changes were made.
"""

from typing import Any

from rtckit.report.json import answer
from rtckit.sdp.comparison import Change, Diff
from rtckit.sdp.comparison.markup import changes_table, safe
from rtckit.sdp.lines import Span

__all__ = ["describe_change", "page", "place_to_dict", "render_html", "to_dict"]


def to_dict(diff: Diff) -> dict[str, Any]:
    """The JSON answer of ``rtckit sdp diff``; ``folded`` holds the volatile differences."""
    return answer(
        equal=diff.equal,
        relation=diff.relation,
        same_session=diff.same_session,
        changes=[describe_change(change) for change in diff.changes],
        folded=[describe_change(change) for change in diff.folded],
    )


def describe_change(change: Change) -> dict[str, Any]:
    """One change as plain data; lines and columns count from 1, null where nothing stands."""
    return {
        "path": change.path,
        "kind": str(change.kind),
        "a": change.a,
        "b": change.b,
        "impact": change.impact,
        "place_a": place_to_dict(change.place_a),
        "place_b": place_to_dict(change.place_b),
        "media_a": change.section_a,
        "media_b": change.section_b,
        "volatile": change.volatile,
    }


def place_to_dict(place: Span | None) -> dict[str, int] | None:
    """A place as plain data, or None."""
    return None if place is None else place._asdict()


def render_html(diff: Diff, names: tuple[str, str] = ("a", "b")) -> str:
    """A page of its own: no script, nothing loaded, the reader's light or dark theme."""
    return page(f"{names[0]} and {names[1]} compared", changes_table(diff, names))


def page(title: str, body: str) -> str:
    """An HTML page around ``body``; ``title`` is text."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}</title>"
        "<style>:root { color-scheme: light dark; } body { margin: 1.5rem; }</style>"
        f"</head><body>{body}</body></html>\n"
    )
