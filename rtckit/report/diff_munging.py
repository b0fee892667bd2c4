"""What an application edited before setLocalDescription: text, JSON and HTML."""

from typing import Any

from rtckit.core.text import escape_controls
from rtckit.report.diff_data import describe_change, page
from rtckit.report.json import answer
from rtckit.report.text import Paint, format_count, paragraph
from rtckit.sdp.comparison.grouping import group_changes, heading, shown_leaf
from rtckit.sdp.comparison.markup import safe, table, value_cell
from rtckit.sdp.comparison.munging import MEASURED, Edit, Munging, Reaction

__all__ = ["render_html", "render_text", "to_dict"]

_RULE = (
    "A description must be set as it was created (RFC 9429, 5.4); what comes of an edit is the "
    f"browser's affair. Told here as measured in {MEASURED[0]} and {MEASURED[1]}."
)
_STYLES = {"refused": "bold red", "ignored": "yellow", "kept": "green", "unknown": "dim"}
_SAYS = {
    "refused": "refuses it",
    "ignored": "takes the description and ignores this",
    "kept": "takes it",
    "unknown": "was not asked",
}


def to_dict(munging: Munging) -> dict[str, Any]:
    """The JSON answer of ``rtckit sdp diff --munging``."""
    return answer(
        equal=not munging.edits,
        relation=munging.diff.relation,
        same_session=munging.diff.same_session,
        changes=[
            {
                **describe_change(edit.change),
                "chromium": edit.chromium._asdict(),
                "firefox": edit.firefox._asdict(),
            }
            for edit in munging.edits
        ],
        refused={
            "chromium": bool(munging.refused_by("chromium")),
            "firefox": bool(munging.refused_by("firefox")),
        },
    )


def _summary(munging: Munging) -> str:
    if not munging.edits:
        return "nothing was edited"
    said = f"{format_count(len(munging.edits), 'edit')}"
    verdicts = [
        f"{name} refuses {format_count(len(found), 'of them', 'of them')}"
        for name, browser in zip(MEASURED, ("chromium", "firefox"), strict=True)
        if (found := munging.refused_by(browser))
    ]
    said += "; " + (", ".join(verdicts) if verdicts else "none that is known to be refused")
    if munging.stale:
        said += "; the two are of different sessions: another or an older description was set"
    return said


def _grouped(munging: Munging) -> list[tuple[Edit, str]]:
    """The edits with the very same one in other sections told once."""
    edits = {id(edit.change): edit for edit in munging.edits}
    grouped = group_changes(edit.change for edit in munging.edits)
    return [(edits[id(item.change)], item.also) for item in grouped]


def render_text(
    munging: Munging, names: tuple[str, str] = ("created", "set"), *, color: bool, width: int
) -> str:
    """Each edit with its values, what it means, and what the browsers do with it."""
    paint = Paint(color)
    lines = [paragraph(_summary(munging), width=width, indent="  ", first="")]
    if not munging.edits:
        return lines[0] + "\n"
    lines += [
        paint(f"--- {escape_controls(names[0])} (created)", "red"),
        paint(f"+++ {escape_controls(names[1])} (set)", "green"),
    ]
    section = ""
    for edit, also in _grouped(munging):
        change = edit.change
        here = heading(munging.diff, change)
        if here != section:
            section = here
            lines += ["", paint(escape_controls(here), "bold")]
        lines.append(
            f"  {paint(escape_controls(shown_leaf(change)), 'bold')}  {change.kind}"
            + (f" ({escape_controls(also)})" if also else "")
        )
        for sign, value, place, style in (
            ("-", change.a, change.place_a, "red"),
            ("+", change.b, change.place_b, "green"),
        ):
            if value is not None:
                at = f"  {place}" if place else ""
                lead = f"      {sign} "
                body = paragraph(value or '""', width=width - len(at), indent=" " * 8, first=lead)
                lines.append(paint(body, style) + paint(at, "dim"))
        if change.impact:
            lines.append(paragraph(change.impact, width=width, indent=" " * 9, first="      => "))
        lines += _reactions(edit, paint, width)
    lines += ["", paragraph(_RULE, width=width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _reactions(edit: Edit, paint: Paint, width: int) -> list[str]:
    if edit.chromium == edit.firefox and edit.chromium.outcome != "refused":
        both = f"      {_both(edit.chromium)}"
        return [paint(both, _STYLES[edit.chromium.outcome])]
    lines = []
    for name, reaction in zip(MEASURED, (edit.chromium, edit.firefox), strict=True):
        text = paragraph(f"{name} {_say(reaction)}", width=width, indent=" " * 8, first=" " * 6)
        lines.append(paint(text, _STYLES[reaction.outcome]))
    return lines


def _both(reaction: Reaction) -> str:
    return {
        "kept": "both browsers take it",
        "ignored": "both browsers take the description and ignore this",
        "unknown": "neither browser was asked about this edit",
    }[reaction.outcome]


def _say(reaction: Reaction) -> str:
    said = _SAYS[reaction.outcome]
    return f"{said}: {reaction.error}: {reaction.message}" if reaction.error else said


def render_html(munging: Munging, names: tuple[str, str] = ("created", "set")) -> str:
    """The same as a page."""
    rows: list[str] = []
    section = ""
    for edit, also in _grouped(munging):
        change = edit.change
        here = heading(munging.diff, change)
        if here != section:
            section = here
            rows.append(f'<tr><th scope="rowgroup" colspan="4">{safe(here)}</th></tr>')
        cells = [
            f'<td class="kind">{change.kind}</td>',
            f"<td><code>{safe(shown_leaf(change))}</code>"
            + (f'<div class="place">{safe(also)}</div></td>' if also else "</td>"),
            f"<td>{value_cell(change.a, change.place_a)}</td>",
            f"<td>{value_cell(change.b, change.place_b)}</td>",
        ]
        rows.append(f'<tr class="{change.kind}">{"".join(cells)}</tr>')
        told = [change.impact] if change.impact else []
        if edit.chromium == edit.firefox and edit.chromium.outcome != "refused":
            told.append(_both(edit.chromium))
        else:
            told += [
                f"{name} {_say(reaction)}"
                for name, reaction in zip(MEASURED, (edit.chromium, edit.firefox), strict=True)
            ]
        said = "<br>".join(safe(line) for line in told)
        rows.append(f'<tr><td class="impact"></td><td class="impact" colspan="3">{said}</td></tr>')
    body = table(safe(_summary(munging)), ("", "what", *names), rows)
    return page("What was edited before setLocalDescription", f"{body}<p>{safe(_RULE)}</p>")
