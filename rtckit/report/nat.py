"""How a NAT behaves, drawn: its old name, each fact with how sure it is, what that means."""

from collections.abc import Sequence
from typing import Any

from rtckit.analysis.nat import Confidence, Fact, NatBehavior, Outcome
from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.frame import render_findings
from rtckit.report.json import answer
from rtckit.report.lint import summarize
from rtckit.report.text import Paint, Styled, columns, paragraph

__all__ = ["describe_outcome", "outcome_event", "render_nat", "to_dict"]

_STYLES = {
    Confidence.HIGH: "green",
    Confidence.MEDIUM: "yellow",
    Confidence.LOW: "bold yellow",
    Confidence.NONE: "dim",
}
_HEADLINES = {
    "open": ("no NAT and no filter", "bold green"),
    "full cone": ("full cone: peers behind any NAT can be reached", "bold green"),
    "restricted cone": ("restricted cone: peers behind any NAT can be reached", "bold green"),
    "port restricted cone": (
        "port restricted cone: all but peers behind symmetric NATs can be reached",
        "bold yellow",
    ),
    "symmetric": (
        "symmetric: peers behind port restricted or symmetric NATs need a relay",
        "bold red",
    ),
    "symmetric UDP firewall": (
        "symmetric UDP firewall: no NAT, but nothing comes in unasked",
        "bold yellow",
    ),
    "blocked": ("blocked: UDP is not answered", "bold red"),
    "unknown": ("cannot tell which kind of NAT", "bold yellow"),
}


def to_dict(
    behavior: NatBehavior, findings: Sequence[Finding], *, server: str, interface: str | None
) -> dict[str, Any]:
    """The JSON shape, schema 1; ``server`` is as it was named, ``address`` what was asked."""
    told = behavior.as_json()
    address = told.pop("server")
    return answer(findings, server=server, address=address, interface=interface, **told)


def outcome_event(outcome: Outcome, t: float) -> dict[str, Any]:
    """One test as an event of ``--format jsonl``, ``t`` seconds after the beginning."""
    return {"t": round(t, 6), "event": "test", **outcome.as_json()}


def render_nat(
    behavior: NatBehavior,
    findings: Sequence[Finding],
    *,
    server: str,
    color: bool,
    width: int,
    verbose: int = 0,
) -> str:
    """The answer of ``rtckit nat detect`` for people; with ``verbose`` every test."""
    paint = Paint(color)
    name, style = _HEADLINES[behavior.rfc3489]
    if behavior.translated.value is False and behavior.rfc3489 == "unknown":
        name = "no NAT; whether something filters cannot be told"
    local = behavior.outcomes[0].local.ip if behavior.outcomes else ""
    ends = f"{server} ({behavior.server})" if server != str(behavior.server) else server
    head = paint(escape_controls(ends), "bold") + paint(f"  from {local}", "dim")
    blocks = [f"{head}\n{paint(name, style)}"]
    rows = _rows(behavior, verbose)
    if rows:
        blocks.append(columns(rows, paint=paint, width=width, flexible={3}, indent="  "))
    if verbose:
        blocks.append("\n".join(f"  {describe_outcome(each)}" for each in behavior.outcomes))
    unknown = _unknown(behavior)
    if unknown:
        blocks.append(paragraph(unknown, width=width, indent="  "))
    shown = [item for item in findings if verbose or item.severity is not Severity.INFO]
    if shown:
        blocks.append(render_findings(shown, paint=paint, width=width, verbose=verbose))
    hidden = len(findings) - len(shown)
    closing = summarize(shown) if shown else "Nothing here stands in the way of calls."
    if hidden:
        closing += f"\n{hidden} more worth knowing: -v"
    blocks.append(closing)
    return "\n\n".join(blocks)


def _rows(behavior: NatBehavior, verbose: int) -> list[list[str | Styled]]:
    rows: list[list[str | Styled]] = []
    if behavior.reachable.value is False:
        return rows
    known: list[tuple[str, Fact[Any], str]] = [
        ("mapping", behavior.mapping, str(behavior.mapping.value)),
        ("filtering", behavior.filtering, str(behavior.filtering.value)),
        ("hairpinning", behavior.hairpinning, _yes(behavior.hairpinning.value)),
        ("ports", behavior.allocation, behavior.allocation.value),
        ("addresses", behavior.pooling, behavior.pooling.value),
        ("fragments", behavior.fragments, _yes(behavior.fragments.value, "pass", "dropped")),
        ("rewriting", behavior.rewritten, _yes(behavior.rewritten.value, "yes (ALG)", "none")),
        ("lifetime", behavior.lifetime, _seconds(behavior.lifetime.value)),
    ]
    for name, fact, value in known:
        unknown = fact.confidence is Confidence.NONE
        if unknown and name not in ("mapping", "filtering") and not verbose:
            continue
        sure = "" if unknown else str(fact.confidence)
        why = escape_controls(fact.why)
        rows.append(
            [
                name,
                Styled("cannot tell" if unknown else value, "dim" if unknown else "bold"),
                Styled(sure, _STYLES[fact.confidence]),
                Styled(why, "dim"),
            ]
        )
    return rows


def _yes(value: bool | None, yes: str = "yes", no: str = "no") -> str:
    return "unknown" if value is None else yes if value else no


def _seconds(value: tuple[float, float | None] | None) -> str:
    if value is None:
        return "unknown"
    low, high = value
    return f"{low:g} s or more" if high is None else f"{low:g} to {high:g} s"


def _unknown(behavior: NatBehavior) -> str:
    """What cannot be told and why, in a sentence for each fact that matters."""
    if behavior.reachable.value is False:
        return behavior.reachable.why + "."
    told = []
    for name, fact in (("Mapping", behavior.mapping), ("Filtering", behavior.filtering)):
        if fact.value == "unknown" and fact.why:
            told.append(f"{name}: {fact.why}.")
    return " ".join(told)


def describe_outcome(outcome: Outcome) -> str:
    """One test and what became of it, in a line."""
    test = outcome.test
    asked = [f"change {test.change}"] if test.change else []
    if test.padding:
        asked.append(f"{test.padding} bytes of padding")
    if test.response_port is not None:
        asked.append(f"answer to port {test.response_port} after {test.wait_s:g} s")
    head = f"{test.socket} {outcome.local} > {test.to}"
    if asked:
        head += f" ({', '.join(asked)})"
    if outcome.answer is not None:
        answer = outcome.answer
        mapped = f" sees {answer.mapped}" if answer.mapped else " came back"
        became = f"{answer.source}{mapped}, {answer.rtt_s * 1000:.1f} ms"
    elif outcome.error is not None:
        became = f"{outcome.error[0]} {outcome.error[1]}"
    else:
        became = outcome.refused or "silence"
    times = f", sent {outcome.sent} times" if outcome.sent > 1 else ""
    return escape_controls(f"{head}: {became}{times}")
