"""A negotiation as a page of its own: the ladder, each step with its descriptions, the end."""

from rtckit.core.text import escape_controls
from rtckit.jsep.simulation.advice import advise
from rtckit.jsep.simulation.compare import Comparison
from rtckit.jsep.simulation.trace import Call, Trace, TraceStep
from rtckit.report.ladder import STATE_COLOURS, render_fragment
from rtckit.report.simulation import describe_sections
from rtckit.report.simulation_compare import verdict_of
from rtckit.sdp.comparison.markup import changes_table, safe
from rtckit.sdp.secrets import hide_secrets

__all__ = ["render_html"]

_STYLE = """
:root { color-scheme: light; } body { margin: 1.5rem; background: #fff; color: #222;
  font: 15px/1.5 system-ui, sans-serif; max-width: 1120px; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table.steps { border-collapse: collapse; width: 100%; }
.steps > tbody > tr > td { vertical-align: top; padding: 0.45em 0.7em; border-top: 1px solid #ddd; }
.steps .n, .steps .t { color: #6b6b6b; white-space: nowrap; text-align: right; width: 1%; }
.steps .who { font-weight: 700; width: 1%; }
.error { color: #b3261e; } .error p { margin: 0.2em 0; } .means { color: #222; }
.note { color: #6b6b6b; } .state { border-radius: 9px; padding: 0 0.6em; white-space: nowrap; }
pre { background: #f6f6f6; padding: 0.7em; overflow: auto; font: 12px/1.4 ui-monospace, monospace; }
summary { cursor: pointer; } details { margin: 0.2em 0; }
"""


def render_html(trace: Trace, comparison: Comparison | None = None) -> str:
    """A page: no script, nothing loaded; passwords and keys are masked."""
    title = safe(trace.scenario.title)
    rows = "".join(_row(step) for step in trace.steps)
    compared = "" if comparison is None else _comparison(comparison)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"{render_fragment(trace)}<h2>Step by step</h2>"
        f'<table class="steps"><tbody>{rows}</tbody></table>{compared}</body></html>\n'
    )


def _row(step: TraceStep) -> str:
    body = f"<strong>{safe(step.title)}</strong>"
    if step.note:
        body += f'<div class="note">{safe(step.note)}</div>'
    body += "".join(_call(call) for call in step.calls)
    body += "".join(f"<div>{safe(remark)}</div>" for remark in step.remarks)
    body += "".join(
        f'<div class="error">not as the scenario expects: {safe(fault)}</div>'
        for fault in step.faults
    )
    states = " ".join(
        f'<span class="state" style="background:{STATE_COLOURS.get(state, "#ddd")}">'
        f"{safe(side)}: {safe(state)}</span>"
        for side, state in step.states.items()
    )
    return (
        f'<tr><td class="n">{step.number}</td><td class="t">{step.time_ms} ms</td>'
        f'<td class="who">{safe(step.actor or "-")}</td><td>{body}</td><td>{states}</td></tr>'
    )


def _call(call: Call) -> str:
    if not call.ok:
        said = f"<p>{safe(call.op)}: {safe(call.error or '')}</p><p>{safe(call.message or '')}</p>"
        advice = advise(call)
        if advice is not None:
            said += f'<p class="means">means: {safe(advice.means)}<br>do: {safe(advice.fix)}</p>'
        return f'<div class="error">{said}</div>'
    found = call.description
    if found is None or not found.sdp:
        return ""
    said = f"{found.side} {found.type}: {describe_sections(found.sections)}"
    text = "\n".join(escape_controls(hide_secrets(line)) for line in found.sdp.splitlines())
    body = f"<details><summary>the text</summary><pre>{safe_lines(text)}</pre></details>"
    difference = found.diff
    if difference is not None and difference.changes and found.side == "local":
        table = changes_table(difference, ("before", "now"))
        body += f"<details><summary>what changed</summary>{table}</details>"
    return f"<div>{safe(said)}{body}</div>"


def safe_lines(text: str) -> str:
    """Lines for a ``pre``: each escaped by itself."""
    return "\n".join(safe(line) for line in text.split("\n"))


def _comparison(comparison: Comparison) -> str:
    one, other = (safe(name) for name in comparison.names)
    rows = []
    for pair in comparison.steps:
        for item in pair.differences:
            where = f"{item.what} of {item.where}" if item.where else item.what
            rows.append(
                f'<tr><td class="n">{pair.number}</td><td>{safe(pair.title)}<br>'
                f'<span class="note">{safe(where)}</span></td><td>{safe(item.one)}</td>'
                f"<td>{safe(item.other)}</td></tr>"
            )
    table = ""
    if rows:
        table = (
            f'<table class="steps"><thead><tr><th></th><th></th><th>{one}</th><th>{other}</th>'
            f"</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )
    return f"<h2>{one} against {other}</h2><p>{safe(verdict_of(comparison))}.</p>{table}"
