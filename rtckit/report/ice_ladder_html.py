"""A simulated ICE session as a page: the ladder, every pair with its fate, what to change."""

from rtckit.ice.simulation import Simulation
from rtckit.report import ice_ladder_svg
from rtckit.report.ice_ladder import pair_rows
from rtckit.sdp.comparison.markup import safe

__all__ = ["render_fragment", "render_html"]

_STYLE = """
.rtckit-ice { font: 0.9rem/1.5 system-ui, sans-serif; max-width: 1120px; }
.rtckit-ice table { border-collapse: collapse; width: 100%; margin: 0.6em 0 1.4em; }
.rtckit-ice caption { text-align: left; font-weight: 600; padding: 0.4em 0; }
.rtckit-ice th, .rtckit-ice td { text-align: left; vertical-align: top; padding: 0.3em 0.7em;
  border-top: 1px solid rgba(128, 128, 128, 0.35); background: none; }
.rtckit-ice td.s { white-space: nowrap; }
.rtckit-ice td.n { text-align: right; white-space: nowrap; }
.rtckit-ice .selected { color: #2a7d3f; font-weight: 600; }
.rtckit-ice .failed { color: #b3261e; }
.rtckit-ice code { font: 0.92em ui-monospace, monospace; background: none; color: inherit; }
"""
_PAGE = """
:root { color-scheme: light; } body { margin: 1.5rem; background: #fff; color: #222; }
"""


def render_html(result: Simulation) -> str:
    """Return a page: no script, nothing loaded."""
    title = safe(f"ICE between {result.a.nat} and {result.b.nat}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_PAGE}</style></head><body>"
        f"{render_fragment(result)}</body></html>\n"
    )


def render_fragment(result: Simulation) -> str:
    """Return the ladder and the tables, as notebooks show them."""
    ladder = ice_ladder_svg.render_fragment(result)
    tables = "".join(_pairs(result, side) for side in ("a", "b"))
    advice = "".join(
        f"<li><strong>{safe(item.kind)}</strong>: {safe(item.text)}<br>Do: {safe(item.fix)}</li>"
        for item in result.advice
    )
    title = "To know" if result.connected else "What to change"
    listed = f"<h2>{title}</h2><ul>{advice}</ul>" if advice else ""
    return f'<style>{_STYLE}</style><div class="rtckit-ice">{ladder}{tables}{listed}</div>'


def _pairs(result: Simulation, side: str) -> str:
    rows = []
    for row in pair_rows(result, side):
        state = "selected" if row["selected"] else row["state"]
        rtt = "" if row["rtt_ms"] is None else f"{row['rtt_ms']:g} ms"
        why = "" if row["selected"] else row["why"] or "works, but is not the best"
        rows.append(
            f'<tr><td class="n">#{row["pair"]}</td><td class="s {safe(state)}">{safe(state)}</td>'
            f"<td><code>{safe(row['local'])}</code></td><td><code>{safe(row['remote'])}</code></td>"
            f'<td class="n">{row["checks"]}</td><td class="n">{rtt}</td><td>{safe(why)}</td></tr>'
        )
    head = "".join(
        f"<th>{name}</th>" for name in ("", "state", "from", "to", "checks", "rtt", "why not")
    )
    return (
        f"<table><caption>Pairs of {side}, the best first</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
