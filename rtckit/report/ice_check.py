"""How two ends connected, or why they did not, as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rtckit.analysis.ice_verdict import IceVerdict
from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.frame import render_findings
from rtckit.report.text import Paint, Styled, bullet, columns, sentence

__all__ = ["render_check"]

_STATE_STYLES = {"succeeded": "green", "failed": "red", "in-progress": "yellow"}
_MOST_PAIRS = 12
_ADVICE_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def render_check(
    result: Mapping[str, Any],
    verdict: IceVerdict,
    findings: Sequence[Finding],
    *,
    color: bool,
    width: int,
    verbose: int = 0,
) -> str:
    """The answer of ``rtckit ice check``.

    Args:
        result: of `rtckit.live.check.CheckResult.as_json`.
        verdict: of the events.
        findings: of the rules for servers.
        color: with escapes for a terminal.
        width: cells a line.
        verbose: 1 shows every pair, and findings that are only to know.
    """
    paint = Paint(color)
    return "\n".join(_lines(result, verdict, findings, paint, width, verbose))


def _lines(
    result: Mapping[str, Any],
    verdict: IceVerdict,
    findings: Sequence[Finding],
    paint: Paint,
    width: int,
    verbose: int,
) -> Iterator[str]:
    connected = bool(result["connected"])
    headline = verdict.headline
    if not connected and result["failure"] and str(result["failure"]) not in headline:
        headline = f"Not connected: {result['failure']}"
    yield paint(escape_controls(headline), "bold green" if connected else "bold red")
    selected = result["selected"]
    if selected is not None:
        yield f"  here   {_candidate(selected['local'])}"
        yield f"  there  {_candidate(selected['remote'])}"
    yield f"  {_times(result['timings_ms'])}"
    role = "controlling" if result["controlling"] else "controlled"
    yield paint(f"  {result['role']}, {role}, engine {result['engine']}", "dim")
    pairs = result["pairs"]
    if pairs and (verbose or not connected or len(pairs) > 1):
        yield ""
        yield _pairs(pairs, paint, width, verbose)
    shown = [item for item in findings if verbose or item.severity is not Severity.INFO]
    if shown:
        yield ""
        yield render_findings(shown, paint=paint, width=width, verbose=verbose)
    causes = result["causes"]
    if causes:
        yield ""
        for cause in causes:
            text = f"{sentence(str(cause['text']))}. {sentence(str(cause['fix']))}."
            yield bullet("cause", text, width=width, paint=paint, style="bold red")
    # What the causes say already is not said twice.
    told = [
        item
        for item in verdict.advice
        if not causes or (item.severity != "error" and not item.rule.startswith("CHECK"))
    ]
    if told:
        yield ""
        for advice in told:
            rule = f" ({advice.rule})" if advice.rule else ""
            yield bullet(
                advice.severity,
                advice.text + rule,
                width=width,
                paint=paint,
                style=_ADVICE_STYLES.get(advice.severity, "bold"),
            )


def _candidate(entry: Mapping[str, Any]) -> str:
    text = str(entry["candidate"])
    if entry.get("interface"):
        text += f" on {entry['interface']}"
    if entry.get("server"):
        text += f" by {entry['server']}"
    return escape_controls(text)


def _times(timings: Mapping[str, float | None]) -> str:
    said = [
        f"{name} {value:.1f} ms"
        for name, value in timings.items()
        if value is not None and name != "total"
    ]
    total = timings.get("total")
    if total is not None:
        said.append(f"{total:.1f} ms in all")
    return "time   " + ", ".join(said)


def _pairs(pairs: Sequence[Mapping[str, Any]], paint: Paint, width: int, verbose: int) -> str:
    rows: list[list[str | Styled]] = []
    shown = pairs if verbose else pairs[:_MOST_PAIRS]
    for entry in shown:
        rtt = entry["rtt_ms"]
        mark = "*" if entry["selected"] else ""
        state = str(entry["state"])
        rows.append(
            [
                f"{mark}#{entry['pair']}",
                Styled(state, _STATE_STYLES.get(state, "")),
                str(entry["local"]["candidate"]),
                str(entry["remote"]["candidate"]),
                str(entry["requests_sent"]),
                str(entry["responses_received"]),
                str(entry["requests_received"]),
                "" if rtt is None else f"{rtt:.1f} ms",
                str(entry["why"] or ""),
            ]
        )
    header = ("pair", "state", "here", "there", "sent", "answered", "asked", "RTT", "why")
    table = columns(
        rows,
        paint=paint,
        header=header,
        right={4, 5, 6, 7},
        width=width,
        flexible={2, 3, 8},
        indent="  ",
    )
    left = len(pairs) - len(shown)
    return table + (f"\n  and {left} more (-v shows them)" if left else "")
