"""What became of an offer, and why: each section, codec and extension of it, as a list."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rtckit.core.text import escape_controls
from rtckit.report.text import Paint, display_width, format_count, paragraph

if TYPE_CHECKING:
    from rtckit.jsep.decision import Decision
    from rtckit.sdp import Document

__all__ = ["decision_to_dict", "render_decisions", "render_fragment"]

_STYLES = {"taken": "green", "changed": "yellow", "dropped": "dim", "rejected": "bold red"}
_OUTCOME_WIDTH = max(map(len, _STYLES))
_NAME_WIDTH = 30
_SUBJECTS = {
    "codec": "codecs",
    "extension": "header extensions",
    "feedback": "feedback",
    "bundle": "bundle",
    "simulcast": "simulcast",
    "data": "data channels",
    "attribute": "attributes",
}
"""Those that have a heading of their own; the others are told of the section itself."""

_STYLE = """
.rtckit-decisions{border-collapse:collapse;font:13px/1.45 system-ui,sans-serif;color:#1b1f24;
background:#fff}
.rtckit-decisions td{border:0;padding:1px 10px;text-align:left;vertical-align:top;background:none}
.rtckit-decisions .h td{font-weight:600;padding-top:12px;border-bottom:1px solid #c9d1d9}
.rtckit-decisions .taken{color:#1a6b32}.rtckit-decisions .changed{color:#8a5a00}
.rtckit-decisions .dropped{color:#6a737d}.rtckit-decisions .rejected{color:#b31d28;font-weight:600}
@media (prefers-color-scheme:dark){.rtckit-decisions{color:#e6edf3;background:#0d1117}
.rtckit-decisions .taken{color:#7ee0a0}.rtckit-decisions .changed{color:#e3b341}
.rtckit-decisions .dropped{color:#9aa4ae}.rtckit-decisions .rejected{color:#ff8a80}
.rtckit-decisions .h td{border-color:#30363d}}
"""


def decision_to_dict(decision: "Decision") -> dict[str, Any]:
    """A decision as the JSON answer has it."""
    return {
        "index": decision.index,
        "mid": decision.mid,
        "subject": decision.subject,
        "name": decision.name,
        "outcome": decision.outcome,
        "why": decision.why,
        "refs": list(decision.refs),
    }


def render_decisions(
    decisions: Sequence["Decision"],
    offer: "Document",
    stack: str,
    *,
    is_own: bool = False,
    color: bool = False,
    width: int = 100,
    verbose: int = 0,
) -> str:
    """Tell section by section what a stack took from an offer, what it dropped, and why.

    Feedback is told by kind for all codecs of a section, unless ``verbose``. With ``is_own`` the
    offer is the stack's, and told is why all stands in it.
    """
    drawing = _Drawing(Paint(color), width, verbose)
    drawing.draw(decisions, offer, stack, is_own=is_own)
    return "\n".join(drawing.lines) + "\n"


def render_fragment(decisions: Sequence["Decision"]) -> str:
    """Decisions as a table for a page or a notebook, those of a section together."""
    rows = [f"<style>{_STYLE}</style>", '<table class="rtckit-decisions">']
    place: int | None = -1
    for each in sorted(decisions, key=lambda item: -1 if item.index is None else item.index):
        if each.index != place:
            place = each.index
            mid = "" if each.mid is None else f", mid {each.mid}"
            title = "the session" if place is None else f"section {place}{mid}"
            rows.append(f'<tr class="h"><td colspan="5">{escape(escape_controls(title))}</td></tr>')
        cells = (each.subject, each.name, each.why, "; ".join(each.refs))
        shown = [f"<td>{escape(escape_controls(cell))}</td>" for cell in cells]
        outcome = f'<td class="{escape(each.outcome)}">{escape(each.outcome)}</td>'
        rows.append(f"<tr>{shown[0]}{outcome}{''.join(shown[1:])}</tr>")
    return "".join([*rows, "</table>"])


class _Drawing:
    def __init__(self, paint: Paint, width: int, verbose: int) -> None:
        self.paint = paint
        self.width = width
        self.verbose = verbose
        self.lines: list[str] = []

    def draw(
        self, decisions: Sequence["Decision"], offer: "Document", stack: str, *, is_own: bool
    ) -> None:
        by_section: dict[int | None, list[Decision]] = {}
        for decision in decisions:
            by_section.setdefault(decision.index, []).append(decision)
        summary = f"{stack} offers {format_count(len(offer.media), 'section')}"
        if not is_own:
            summary = _summary(by_section, offer, stack)
        self.lines.append(self.paint(summary, "bold"))
        self.rows(by_section.pop(None, []))
        for media in offer.media:
            told = by_section.pop(media.index, [])
            mid = "" if media.mid is None else f", mid {media.mid}"
            self.heading(f"{media.kind} (section {media.index}{mid})", told)
        for index in sorted(each for each in by_section if each is not None):
            self.heading(f"section {index}, which was not offered", by_section[index])

    def heading(self, title: str, told: Sequence["Decision"]) -> None:
        """A section: its fate in the first line, then what was decided in it."""
        own = next((each for each in told if each.subject == "section"), None)
        line = self.paint(escape_controls(title), "bold")
        if own is not None:
            line += ": " + self.paint(own.outcome, _STYLES.get(own.outcome, ""))
            first = f"{escape_controls(title)}: {own.outcome}"
            why = paragraph(_why(own), width=self.width, indent="    ", first=first + ", ")
            line += why[len(first) :]
        self.lines += ["", line]
        self.rows([each for each in told if each is not own])

    def rows(self, told: Sequence["Decision"]) -> None:
        """Decisions under the headings of what they are about, in their order."""
        plain = [each for each in told if each.subject not in _SUBJECTS]
        for each in plain:
            self.row(each.outcome, f"{each.subject} {each.name}".strip(), _why(each))
        for subject, title in _SUBJECTS.items():
            of_it = [each for each in told if each.subject == subject]
            if not of_it:
                continue
            self.lines.append(f"  {self.paint(title, 'dim')}")
            if subject == "feedback" and not self.verbose:
                for outcome, name, why in _folded_feedback(of_it):
                    self.row(outcome, name, why)
            else:
                for each in of_it:
                    self.row(each.outcome, each.name, _why(each))

    def row(self, outcome: str, name: str, why: str) -> None:
        """Outcome, name and reason; a long name has the reason on the next line."""
        name = escape_controls(name)
        indent = " " * (4 + _OUTCOME_WIDTH + 2)
        painted = self.paint(outcome, _STYLES.get(outcome, ""))
        start = f"    {painted}{' ' * (_OUTCOME_WIDTH - len(outcome) + 2)}{name}"
        if not why:
            self.lines.append(start)
            return
        hanging = indent + " " * (_NAME_WIDTH + 2)
        filled = paragraph(why, width=self.width, indent=hanging)
        room = _NAME_WIDTH - display_width(name)
        if room >= 0:
            self.lines.append(start + " " * (room + 2) + filled[len(hanging) :])
        else:
            self.lines += [start, filled]


def _why(decision: "Decision") -> str:
    refs = "; ".join(decision.refs)
    if not refs:
        return decision.why
    return f"{decision.why} ({refs})" if decision.why else refs


def _summary(by_section: dict[int | None, list["Decision"]], offer: "Document", stack: str) -> str:
    outcomes = {
        index: next((each.outcome for each in told if each.subject == "section"), "taken")
        for index, told in by_section.items()
        if index is not None
    }
    taken = sum(outcome != "rejected" for outcome in outcomes.values())
    return f"{stack} takes {taken} of {format_count(len(offer.media), 'section')}"


def _folded_feedback(told: Iterable["Decision"]) -> Iterator[tuple[str, str, str]]:
    """One row for each kind of feedback with the same fate, and the payload types it is of."""

    def key(decision: "Decision") -> tuple[str, str, str]:
        number, _, kind = decision.name.partition(" ")
        return decision.outcome, kind if number.isdecimal() or number == "*" else "", _why(decision)

    for (outcome, kind, why), group in groupby(sorted(told, key=key), key):
        names = [each.name for each in group]
        if not kind:
            for name in names:
                yield outcome, name, why
            continue
        numbers = ", ".join(dict.fromkeys(name.partition(" ")[0] for name in names))
        yield outcome, kind, f"{why}: {numbers}" if why else numbers
