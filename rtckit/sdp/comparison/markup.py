"""Changes as an HTML table: no script, no colours of its own but marks that suit any background.

Every foreign text is escaped; what has no visible form is written out (``\\x1b``).
"""

from collections.abc import Iterable, Sequence
from html import escape

from rtckit.core.text import escape_controls
from rtckit.sdp.comparison.change import Diff, Kind
from rtckit.sdp.comparison.grouping import Grouped, group_changes, heading, shown_leaf, summary
from rtckit.sdp.lines import Span

__all__ = ["STYLE", "changes_table", "safe", "table", "value_cell"]

STYLE = """
.rtckit-diff { color: inherit; font: 0.9rem/1.45 system-ui, sans-serif; max-width: 75rem; }
.rtckit-diff table { border-collapse: collapse; width: 100%; table-layout: fixed; }
.rtckit-diff caption { text-align: left; padding: 0 0 0.6em; }
.rtckit-diff th, .rtckit-diff td { text-align: left; vertical-align: top; padding: 0.35em 0.6em;
  border-top: 1px solid rgba(128, 128, 128, 0.35); overflow-wrap: anywhere; background: none; }
.rtckit-diff th[scope=rowgroup] { padding-top: 1.1em; font-size: 1.05em; }
.rtckit-diff td.kind { font-weight: 600; white-space: nowrap; }
.rtckit-diff tr.added td.kind { color: #2a9d4a; }
.rtckit-diff tr.removed td.kind { color: #e0483e; }
.rtckit-diff tr.changed td.kind { color: #b8860b; }
.rtckit-diff tr.moved td.kind { color: #3b82d0; }
.rtckit-diff code { font: 0.92em ui-monospace, monospace; background: none; color: inherit; }
.rtckit-diff .place { opacity: 0.65; font-size: 0.85em; white-space: nowrap; }
.rtckit-diff .impact { padding-top: 0; border-top: none; }
"""
_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "−", Kind.CHANGED: "~", Kind.MOVED: "↕"}  # noqa: RUF001


def safe(text: str) -> str:
    """Foreign text for HTML."""
    return escape(escape_controls(text), quote=True)


def changes_table(diff: Diff, names: tuple[str, str] = ("a", "b")) -> str:
    """The changes of a diff, with the style they need; ``names`` head the columns of values."""
    rows: list[str] = []
    section: tuple[int | None, int | None] | None = None
    for item in group_changes(diff.changes):
        change = item.change
        if (change.section_a, change.section_b) != section:
            section = (change.section_a, change.section_b)
            said = safe(heading(diff, change))
            rows.append(f'<tr><th scope="rowgroup" colspan="4">{said}</th></tr>')
        rows += _rows(item)
    return table(safe(summary(diff)), ("", "what", *names), rows)


def table(caption: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    """A table in the style of this module; ``caption`` and ``rows`` are HTML, columns are text."""
    heads = "".join(f'<th scope="col">{safe(column)}</th>' for column in columns)
    return (
        f'<div class="rtckit-diff"><style>{STYLE}</style><table>'
        '<colgroup><col style="width:7.5em"><col style="width:22%"><col><col></colgroup>'
        f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _rows(item: Grouped) -> list[str]:
    change = item.change
    also = f'<div class="place">{safe(item.also)}</div>' if item.also else ""
    cells = [
        f'<td class="kind">{_SIGNS[change.kind]} {change.kind}</td>',
        f"<td><code>{safe(shown_leaf(change))}</code>{also}</td>",
        f"<td>{value_cell(change.a, change.place_a)}</td>",
        f"<td>{value_cell(change.b, change.place_b)}</td>",
    ]
    rows = [f'<tr class="{change.kind}">{"".join(cells)}</tr>']
    if change.impact:
        rows.append(
            f'<tr class="{change.kind}"><td class="impact"></td>'
            f'<td class="impact" colspan="3">{safe(change.impact)}</td></tr>'
        )
    return rows


def value_cell(value: str | None, place: Span | None) -> str:
    """A value and its place, as HTML; empty for None."""
    if value is None:
        return ""
    at = f' <span class="place">line {place.line}:{place.column}</span>' if place else ""
    return f"<code>{safe(value)}</code>{at}"
