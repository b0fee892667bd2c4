"""What an answer took from its offer: text, JSON and HTML."""

from typing import Any

from rtckit.core.text import escape_controls
from rtckit.report.diff_data import page, place_to_dict
from rtckit.report.json import answer
from rtckit.report.text import Paint, format_count, paragraph
from rtckit.sdp.comparison.answer import AnsweredSection, AnswerView, Taken
from rtckit.sdp.comparison.markup import safe, table

__all__ = ["render_html", "render_text", "to_dict"]

_LABEL = 16
_STATES = {
    "accepted": ("accepted", "green"),
    "rejected": ("rejected", "bold red"),
    "stopped": ("was offered with port 0", "dim"),
    "missing": ("has no answer", "bold red"),
    "extra": ("was not offered", "bold red"),
}


def to_dict(view: AnswerView) -> dict[str, Any]:
    """The JSON answer of ``rtckit sdp diff --answer``."""
    return answer(
        equal=view.whole,
        bundle=_taken(view.bundle),
        faults=list(view.faults),
        media=[
            {
                "index": section.index,
                "kind": section.kind,
                "mid": section.mid,
                "state": section.state,
                "offered_direction": section.offered_direction or None,
                "answered_direction": section.answered_direction or None,
                "flow": section.flow or None,
                "dtls": section.role or None,
                "codecs": {
                    **_taken(section.codecs),
                    "order": list(section.order),
                    "reordered": section.reordered,
                    "renumbered": [
                        {"codec": codec, "offered": offered, "answered": answered}
                        for codec, offered, answered in section.renumbered
                    ],
                },
                "feedback": _taken(section.feedback),
                "extensions": _taken(section.extensions),
                "simulcast": _taken(section.simulcast),
                "faults": list(section.faults),
                "place_offer": place_to_dict(section.place_offer),
                "place_answer": place_to_dict(section.place_answer),
            }
            for section in view.sections
        ],
    )


def _taken(taken: Taken) -> dict[str, list[str]]:
    return {
        "kept": list(taken.kept),
        "dropped": list(taken.dropped),
        "added": list(taken.added),
    }


def _summary(view: AnswerView) -> str:
    accepted = sum(section.state == "accepted" for section in view.sections)
    said = f"{accepted} of {format_count(len(view.sections), 'section')} accepted"
    faults = len(view.faults) + sum(len(section.faults) for section in view.sections)
    if faults:
        said += f", {format_count(faults, 'fault')}"
    return f"{said}; all that was offered was taken" if view.whole else said


def _entries(section: AnsweredSection) -> list[tuple[str, str]]:
    """What there is to tell of a section, as labelled sentences."""
    entries: list[tuple[str, str]] = []
    if section.flow:
        directions = f"offered {section.offered_direction}, answered {section.answered_direction}"
        entries.append(("direction", f"{section.flow} ({directions})"))
    if section.role:
        entries.append(("DTLS", section.role))
    if section.order:
        order = " > ".join(section.order) + (", in another order" if section.reordered else "")
        entries.append(("codecs", order))
    repairs = [item for item in section.codecs.kept if item.startswith("rtx[")]
    if repairs:
        entries.append(("retransmission", ", ".join(item[4:-1] for item in repairs)))
    for name, taken in (
        ("codecs", section.codecs),
        ("feedback", section.feedback),
        ("extensions", section.extensions),
        ("simulcast", section.simulcast),
    ):
        if name in ("extensions", "simulcast") and taken.kept:
            entries.append((name, ", ".join(taken.kept)))
        dropped = [item for item in taken.dropped if item[4:-1] not in taken.dropped]
        if dropped:
            entries.append(("left out" if name == "codecs" else f"no {name}", ", ".join(dropped)))
        if taken.added:
            entries.append((f"new {name}", ", ".join(taken.added)))
    entries += [
        ("renumbered", f"{codec}: offered as {offered}, answered as {answered}")
        for codec, offered, answered in section.renumbered
    ]
    return entries


def render_text(
    view: AnswerView, names: tuple[str, str] = ("offer", "answer"), *, color: bool, width: int
) -> str:
    """Each section of the offer, and what the answer made of it."""
    paint = Paint(color)
    files = " answered by ".join(escape_controls(name) for name in names)
    lines = [paint(files, "bold"), _summary(view)]
    lines += [_fault(text, paint, width) for text in view.faults]
    for section in view.sections:
        state, style = _STATES[section.state]
        mid = "" if section.mid is None else f", mid {section.mid}"
        head = escape_controls(f"media {section.index}: {section.kind or '?'}{mid}")
        places = ", ".join(
            f"{name} line {place.line}"
            for name, place in (("offer", section.place_offer), ("answer", section.place_answer))
            if place
        )
        lines += ["", f"{paint(head, 'bold')}  {paint(state, style)}  {paint(places, 'dim')}"]
        lines += [_fault(text, paint, width) for text in section.faults]
        for label, text in _entries(section):
            lead = f"  {label:<{_LABEL}}"
            body = paragraph(text, width=width, indent=" " * len(lead), first=lead)
            lines.append(paint(body[: len(lead)], "dim") + body[len(lead) :])
    return "\n".join(lines) + "\n"


def _fault(text: str, paint: Paint, width: int) -> str:
    filled = paragraph(text, width=width, indent="    ", first="  ! ")
    return paint(filled, "bold red")


def render_html(view: AnswerView, names: tuple[str, str] = ("offer", "answer")) -> str:
    """The same as a page."""
    rows = [
        f'<tr class="removed"><td class="kind">fault</td><td colspan="3">{safe(text)}</td></tr>'
        for text in view.faults
    ]
    for section in view.sections:
        state = _STATES[section.state][0]
        mid = "" if section.mid is None else f", mid {section.mid}"
        head = safe(f"media {section.index}: {section.kind or '?'}{mid}: {state}")
        rows.append(f'<tr><th scope="rowgroup" colspan="4">{head}</th></tr>')
        rows += [
            f'<tr class="removed"><td class="kind">fault</td><td colspan="3">{safe(text)}</td></tr>'
            for text in section.faults
        ]
        rows += [
            f'<tr><td></td><td>{safe(label)}</td><td colspan="2">{safe(text)}</td></tr>'
            for label, text in _entries(section)
        ]
    body = table(safe(_summary(view)), ("", "what", "what the answer says", ""), rows)
    return page(f"What {names[1]} took from {names[0]}", body)
