"""Candidates and what their servers said, as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.frame import render_findings
from rtckit.report.text import Paint, Styled, columns, format_count

__all__ = ["candidate_table", "render_gathering"]

_TYPE_STYLES = {"host": "green", "srflx": "cyan", "prflx": "cyan", "relay": "magenta"}


def candidate_table(candidates: Sequence[Mapping[str, Any]], paint: Paint, width: int) -> str:
    """A table of candidates as their ``as_json`` has them, ``rtt_ms`` where it is known."""
    rows: list[list[str | Styled]] = []
    for entry in sorted(candidates, key=lambda entry: -int(entry["priority"])):
        tcptype = f" {entry['tcptype']}" if entry.get("tcptype") else ""
        address = str(entry["address"])
        shown = f"[{address}]:{entry['port']}" if ":" in address else f"{address}:{entry['port']}"
        rtt = entry.get("rtt_ms")
        rows.append(
            [
                Styled(str(entry["type"]), _TYPE_STYLES.get(str(entry["type"]), "")),
                f"{entry['transport']}{tcptype}",
                f"{entry['name']} ({shown})" if entry.get("name") else shown,
                str(entry.get("interface") or ""),
                str(entry.get("server") or ""),
                "" if rtt is None else f"{rtt:.1f} ms",
                str(entry["priority"]),
            ]
        )
    header = ("type", "via", "address", "interface", "server", "RTT", "priority")
    return columns(
        rows, paint=paint, header=header, right={5, 6}, width=width, flexible={2, 4}, indent="  "
    )


def render_gathering(
    candidates: Sequence[Mapping[str, Any]],
    servers: Sequence[Mapping[str, Any]],
    errors: Sequence[Mapping[str, Any]],
    findings: Sequence[Finding],
    *,
    elapsed_ms: float,
    color: bool,
    width: int,
    verbose: int = 0,
) -> str:
    """The answer of ``rtckit ice gather``.

    Args:
        candidates: as their events have them.
        servers: the ``server`` events of what answered.
        errors: the ``candidate-error`` events.
        findings: of the rules for servers.
        elapsed_ms: how long it took.
        color: with escapes for a terminal.
        width: cells a line.
        verbose: 1 shows findings that are only to know, and evidence in full.
    """
    paint = Paint(color)
    blocks = [
        "\n".join(_candidates(candidates, elapsed_ms, paint, width)),
        "\n".join(_servers(servers, errors, paint, width)),
    ]
    shown = [item for item in findings if verbose or item.severity is not Severity.INFO]
    if shown:
        blocks.append(render_findings(shown, paint=paint, width=width, verbose=verbose))
    blocks += [
        paint("error: ", "bold red") + escape_controls(str(error["reason"]))
        for error in errors
        if error["server"] is None
    ]
    return "\n\n".join(block for block in blocks if block)


def _candidates(
    candidates: Sequence[Mapping[str, Any]], elapsed_ms: float, paint: Paint, width: int
) -> Iterator[str]:
    count = format_count(len(candidates), "candidate")
    yield paint(f"{count} in {elapsed_ms:.1f} ms", "bold")
    if candidates:
        yield candidate_table(candidates, paint, width)


def _servers(
    servers: Sequence[Mapping[str, Any]],
    errors: Sequence[Mapping[str, Any]],
    paint: Paint,
    width: int,
) -> Iterator[str]:
    rows: list[list[str | Styled]] = [
        [
            Styled("✓", "green"),
            str(entry["server"]),
            str(entry["interface"]),
            str(entry["step"]),
            f"{entry['rtt_ms']:.1f} ms",
            f"relays at {entry['relayed']}"
            if entry.get("relayed")
            else f"sees {entry.get('mapped')}",
        ]
        for entry in servers
    ]
    for entry in errors:
        if entry["server"] is None:
            continue
        code = entry["code"]
        known = f"{code} " if code != 701 and str(code) not in str(entry["reason"]) else ""
        rows.append(
            [
                Styled("✗", "bold red"),
                str(entry["server"]),
                str(entry["interface"]),
                str(entry["step"]),
                f"{entry['elapsed_ms']:.1f} ms",
                f"{known}{entry['reason']}",
            ]
        )
    if rows:
        yield paint("Servers", "bold")
        yield columns(rows, paint=paint, right={4}, width=width, flexible={1, 5}, indent="  ")
