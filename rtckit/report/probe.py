"""Probes of servers drawn: one block a server and way, its steps with their times, the findings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.frame import render_findings
from rtckit.report.json import answer
from rtckit.report.lint import summarize
from rtckit.report.text import Paint, Styled, clip, columns

__all__ = ["render_pings", "render_probes", "step_event", "to_dict"]

_MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("-", "dim")}


def to_dict(probes: ProbeSet, findings: Sequence[Finding]) -> dict[str, Any]:
    """The JSON shape, schema 1: ``works`` is whether every way that was asked for works."""
    asked = [probe for probe in probes.probes if probe.asked]
    return answer(
        findings,
        works=bool(asked) and all(probe.works for probe in asked),
        servers=[
            probe.to_dict()
            | {
                "asked": probe.asked,
                "allocated": any(step.name == "allocate" and step.ok for step in probe.steps),
                "findings": [
                    finding.rule for finding in findings if finding.location.file == probe.place
                ],
            }
            for probe in probes.probes
        ],
    )


def step_event(probe: ServerProbe, step: Step, t: float) -> dict[str, Any]:
    """One step as an event of ``--format jsonl``, ``t`` seconds after the beginning."""
    return {
        "t": round(t, 6),
        "event": "step",
        "server": probe.server,
        "way": probe.way,
        "interface": probe.interface,
        "remote": None if probe.remote is None else str(probe.remote),
        **step.to_dict(),
    }


def render_probes(
    probes: ProbeSet,
    findings: Sequence[Finding],
    *,
    color: bool,
    width: int,
    verbose: int = 0,
) -> str:
    """The answer of ``rtckit turn check`` for people."""
    paint = Paint(color)
    blocks = [_block(probe, findings, paint, width, verbose) for probe in probes.probes]
    shown = _shown(findings, verbose)
    if shown:
        blocks.append(render_findings(shown, paint=paint, width=width, verbose=verbose))
    blocks.append(_closing(probes, shown, paint))
    return "\n\n".join(blocks)


def _shown(findings: Sequence[Finding], verbose: int) -> list[Finding]:
    return [item for item in findings if verbose or item.severity is not Severity.INFO]


def _block(
    probe: ServerProbe, findings: Sequence[Finding], paint: Paint, width: int, verbose: int
) -> str:
    head = paint(escape_controls(probe.where), "bold") + "  " + _verdict(probe, findings, paint)
    lines = [head]
    if probe.remote is not None:
        ends = f"{probe.remote}" + (f" from {probe.local}" if probe.local is not None else "")
        lines.append(paint("  " + escape_controls(ends), "dim"))
    rows: list[list[str | Styled]] = []
    for step in probe.steps:
        mark, style = _MARKS[step.ok]
        ms = "" if step.ms is None else f"{step.ms:.1f} ms"
        rows.append([Styled(mark, style), step.name, Styled(ms, "dim"), _words(step, verbose)])
    if rows:
        lines.append(columns(rows, paint=paint, right={2}, width=width, flexible={3}, indent="  "))
    return "\n".join(lines)


def _verdict(probe: ServerProbe, findings: Sequence[Finding], paint: Paint) -> str:
    broken = probe.broken_at
    if broken is not None:
        causes = [item.rule for item in findings if item.location.file == probe.place]
        why = f" ({causes[0]})" if causes else ""
        return paint(f"fails at {broken.name}{why}", "bold red")
    skipped = probe.step("allocate")
    if probe.answered and skipped is not None and skipped.ok is None:
        return paint("answers", "green") + ", allocation not tried"
    return paint("works", "bold green") if probe.works else paint("not asked", "yellow")


def _words(step: Step, verbose: int) -> str:
    if step.failure is not None and not step.facts:
        return step.failure.text
    if step.ok is None:
        return step.note
    facts = step.facts
    write = _WRITERS.get(step.name)
    text = write(facts) if write is not None else ""
    if step.failure is not None:
        known = step.failure.text
        text = f"{known}; {text}" if text and step.name in _DATA else known
    if verbose and facts:
        more = ", ".join(f"{key}={value}" for key, value in facts.items())
        text = f"{text} [{more}]" if text else f"[{more}]"
    return text or step.note


def _binding(facts: Mapping[str, Any]) -> str:
    text = f"seen as {facts.get('mapped')}"
    if facts.get("software"):
        text += f", {facts['software']}"
    if facts.get("other_address"):
        text += f", other address {facts['other_address']}"
    return text


def _challenge(facts: Mapping[str, Any]) -> str:
    if facts.get("open"):
        return "granted without credentials"
    text = f"{facts.get('code')}, realm {facts['realm']}" if "realm" in facts else ""
    if facts.get("algorithms"):
        text += f", {facts['algorithms']}"
    return text


def _allocate(facts: Mapping[str, Any]) -> str:
    stale = f", {facts['stale']} stale nonces" if facts.get("stale") else ""
    if "relayed" not in facts:
        return stale.removeprefix(", ")
    return f"relayed {facts['relayed']}, lifetime {facts.get('lifetime')} s{stale}"


def _tls(facts: Mapping[str, Any]) -> str:
    text = f"{facts.get('version')}, certificate for {facts.get('names')}"
    text += f", valid until {facts.get('not_after')}"
    return text + (f", ALPN {facts['alpn']}" if facts.get("alpn") else "")


def _permission(facts: Mapping[str, Any]) -> str:
    return ", ".join(str(peer) for peer in facts.get("allowed", ()))


def _echo(facts: Mapping[str, Any]) -> str:
    sent = facts.get("sent")
    parts = []
    for form in ("send", "channel"):
        there, back = facts.get(f"{form}_there"), facts.get(f"{form}_back")
        if there is None:
            continue
        both = f"{there}/{sent}" if there == back else f"{there}/{sent} there, {back}/{sent} back"
        parts.append(f"{form} {both}")
    if "rtt_ms" in facts:
        parts.append(f"RTT {facts['rtt_ms']:.1f} ms")
    return "; ".join(parts)


def _outside(facts: Mapping[str, Any]) -> str:
    sent = facts.get("sent")
    return f"{facts.get('inbound')}/{sent} in, {facts.get('outbound')}/{sent} out"


_DATA = ("echo", "outside")
_WRITERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "resolve": lambda facts: str(facts.get("addresses", "")),
    "tls": _tls,
    "binding": _binding,
    "challenge": _challenge,
    "redirect": lambda facts: f"to {facts.get('to')}",
    "allocate": _allocate,
    "second": _allocate,
    "permission": _permission,
    "refresh": lambda facts: f"lifetime {facts.get('lifetime')} s",
    "channel": lambda facts: f"0x{facts['channel']:04x}" if "channel" in facts else "",
    "echo": _echo,
    "outside": _outside,
    "tcp-allocate": lambda facts: f"relayed {facts.get('relayed')}",
    "tcp-echo": lambda facts: f"RTT {facts['rtt_ms']:.1f} ms" if "rtt_ms" in facts else "",
}


def _closing(probes: ProbeSet, findings: Sequence[Finding], paint: Paint) -> str:
    asked = [probe for probe in probes.probes if probe.asked]
    good = sum(probe.works for probe in asked)
    style = "bold green" if good == len(asked) else "yellow" if good else "bold red"
    text = paint(f"{good} of {len(asked)} {'works' if good == 1 else 'work'}.", style)
    return f"{text} {summarize(findings)}" if findings else text


# --- pings


def render_pings(
    probes: ProbeSet,
    findings: Sequence[Finding],
    *,
    color: bool,
    width: int,
    verbose: int = 0,
) -> str:
    """The answer of ``rtckit stun ping`` for people: one block a server and place."""
    paint = Paint(color)
    blocks = ["\n".join(_ping_lines(probe, paint, width)) for probe in probes.probes]
    shown = _shown(findings, verbose)
    if shown:
        blocks.append(render_findings(shown, paint=paint, width=width, verbose=verbose))
        blocks.append(summarize(shown))
    return "\n\n".join(blocks)


def _ping_lines(probe: ServerProbe, paint: Paint, width: int) -> list[str]:
    head = paint(escape_controls(probe.where), "bold")
    if probe.remote is not None and probe.remote.ip != probe.host:
        head += paint(f" ({escape_controls(str(probe.remote))})", "dim")
    step = probe.step("binding")
    if step is None or not step.ok:
        broken = probe.broken_at
        why = broken.failure.text if broken is not None and broken.failure else "not asked"
        where = f"{broken.name}: " if broken is not None and broken.name != "binding" else ""
        return [head, "  " + paint(escape_controls(clip(where + why, width - 2)), "bold red")]
    facts = step.facts
    low, mean, high = (facts.get(f"rtt{key}_ms", 0.0) for key in ("_min", "", "_max"))
    answers = f"{facts.get('received')} of {facts.get('sent')} answered"
    style = "green" if facts.get("received") == facts.get("sent") else "yellow"
    rtt = f"RTT {low:.1f} / {mean:.1f} / {high:.1f} ms (min / mean / max)"
    seen = facts.get("mapped_all") or [facts.get("mapped")]
    lines = [head, f"  {paint(answers, style)}, {rtt}"]
    lines.append("  seen as " + escape_controls(", ".join(map(str, seen))))
    about = _server(facts)
    if about:
        lines.append(paint("  " + escape_controls(clip(about, width - 2)), "dim"))
    return lines


def _server(facts: Mapping[str, Any]) -> str:
    parts = [str(facts["software"])] if facts.get("software") else []
    if facts.get("other_address"):
        parts.append(f"RFC 5780 with {facts['other_address']}")
    return ", ".join(parts)
