"""``rtckit rules`` and ``rtckit explain``: the catalogue."""

from typing import TYPE_CHECKING

import click

from rtckit.cli.output import Answer, Settings, answering

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["explain", "rules"]


@click.command(short_help="List the rules that diagnoses come from.")
@click.option("--family", metavar="F", help="Only this family, such as TURN or DTLS.")
@answering
def rules(settings: Settings, family: str | None) -> Answer:
    """List the rules that diagnoses come from.

    Each has an id (a family and three digits) that never changes its meaning, a severity, and the
    link of the call it speaks of. `rtckit explain ID` tells the rest.
    """
    from rtckit.core.errors import UsageError
    from rtckit.report.rules import render_list, rules_to_dict
    from rtckit.rules.catalogue import FAMILIES, all_rules

    listed = all_rules()
    if family is not None:
        if family.upper() not in FAMILIES:
            raise UsageError(f"no rule family {family!r}; the families: {', '.join(FAMILIES)}")
        listed = tuple(rule for rule in listed if rule.family == family.upper())
    return Answer(
        text=lambda canvas: render_list(listed, color=canvas.color, width=canvas.width),
        data=lambda: rules_to_dict(listed),
    )


def _complete_id(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list["CompletionItem"]:
    from click.shell_completion import CompletionItem

    from rtckit.rules.catalogue import all_rules

    return [
        CompletionItem(rule.id, help=rule.title)
        for rule in all_rules()
        if rule.id.startswith(incomplete.upper())
    ]


@click.command(short_help="Explain a rule: why, examples, fix.")
@click.argument("rule_id", metavar="ID", shell_complete=_complete_id)
@answering
def explain(settings: Settings, rule_id: str) -> Answer:
    """Explain a rule: why, examples, fix.

    Prints why the rule matters, an example on which it fires and one on which it stays silent, what
    to change, and the standards it rests on.

    \b
        rtckit explain TURN001
    """
    from rtckit.report.rules import render_rule, rule_to_dict
    from rtckit.rules.catalogue import find_rule

    found = find_rule(rule_id)
    return Answer(
        text=lambda canvas: render_rule(found, color=canvas.color, width=canvas.width),
        data=lambda: rule_to_dict(found),
    )
