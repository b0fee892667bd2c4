"""The rule catalogue drawn: its list, and one rule explained."""

import textwrap
from collections.abc import Sequence
from typing import Any

from rtckit.core.text import escape_controls
from rtckit.report.json import answer
from rtckit.report.text import Paint, Styled, columns, format_count, paragraph, sentence
from rtckit.rules.catalogue import FAMILIES, Rule

__all__ = ["render_list", "render_rule", "rule_to_dict", "rules_to_dict"]

# The id, the severity and the link, each with the gap after it.
_FIXED_WIDTHS = (12, 10, 12)
_SEVERITY_STYLE = {"error": "red", "warning": "yellow", "info": "cyan"}


def render_list(rules: Sequence[Rule], *, color: bool, width: int) -> str:
    """One rule a line, by family: id, severity, layer and title."""
    paint = Paint(color)
    if not rules:
        return "No rules."
    room = max(24, width - sum(_FIXED_WIDTHS))
    rows: list[tuple[str | Styled, ...]] = []
    families = list(dict.fromkeys(rule.family for rule in rules))
    previous = ""
    for rule in sorted(rules, key=lambda rule: families.index(rule.family)):
        if rule.family != previous and len(families) > 1:
            rows.append(("", "", "", Styled(FAMILIES[rule.family], "bold")))
        previous = rule.family
        first, *more = textwrap.wrap(rule.title, room)
        severity = Styled(str(rule.severity), _SEVERITY_STYLE[rule.severity])
        rows.append((Styled(rule.id, "bold"), severity, str(rule.layer), first))
        rows += [("", "", "", line) for line in more]
    table = columns(rows, paint=paint, header=("rule", "severity", "link", "title"))
    return f"{table}\n\n{format_count(len(rules), 'rule')}. Explain one: rtckit explain ID"


def rules_to_dict(rules: Sequence[Rule]) -> dict[str, Any]:
    """The JSON answer of ``rtckit rules``."""
    return answer(rules=[rule.to_dict() for rule in rules])


def render_rule(rule: Rule, *, color: bool, width: int) -> str:
    """All that the rule's docstring says, for a reader who met its id in a report."""
    paint = Paint(color)
    severity = paint.severity(rule.severity, f"{rule.severity}[{rule.id}]")
    parts = [
        severity + paint(f": {rule.title}", "bold"),
        paint("Why", "bold") + "\n" + paragraph(sentence(rule.why), width=width),
        paint("Fires on", "bold") + "\n" + _example(rule.fires_on),
        paint("Silent on", "bold") + "\n" + _example(rule.silent_on),
        paint("Fix", "bold") + "\n" + paragraph(sentence(rule.fix), width=width),
        paint("References", "bold") + "\n" + "\n".join(rule.refs),
        paint(f"Link: {rule.layer}; {_levels(rule)}module: {rule.module}", "dim"),
    ]
    return "\n\n".join(parts)


def _levels(rule: Rule) -> str:
    if not rule.levels:
        return ""
    levels = ", ".join(f"{name} {level}" for name, level in rule.level_names.items())
    return f"by profile: {levels}; "


def _example(text: str) -> str:
    # Examples are cut and pasted: they are shown as they are, never filled.
    lines = "\n".join(escape_controls(line) for line in text.splitlines())
    return textwrap.indent(lines, "    ")


def rule_to_dict(rule: Rule) -> dict[str, Any]:
    """The JSON answer of ``rtckit explain``."""
    return answer(rule=rule.to_dict())
