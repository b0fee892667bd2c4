"""``rtckit pcap summary`` drawn: kinds, flows and problems of one capture or more."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rtckit.core.clock import NANOSECONDS, format_duration
from rtckit.core.errors import UnreadableInput
from rtckit.core.text import escape_controls
from rtckit.report.json import answer
from rtckit.report.text import Paint, Styled, columns, format_bytes, format_count, paragraph

__all__ = ["find_captures", "render_text", "to_dict"]

_SUFFIXES = (".pcap", ".pcapng")
_KINDS = {
    "stun": "STUN",
    "turn_channel": "TURN channel data",
    "dtls": "DTLS",
    "rtp": "RTP",
    "rtcp": "RTCP",
    "sctp": "SCTP",
    "quic": "QUIC",
    "other": "other",
}
_FLOWS_SHOWN = 20
_PROBLEMS_SHOWN = 5

Named = tuple[str, dict[str, Any]]


def find_captures(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """The captures that ``paths`` name: files themselves, and what saved calls (folders) hold.

    Each comes with the name to show. A folder without one is ``UnreadableInput``.
    """
    found: list[tuple[str, Path]] = []
    for path in paths:
        if not path.is_dir():
            found.append((str(path) if path.name != "stdin" else "stdin", path))
            continue
        captures = sorted(entry for entry in path.iterdir() if entry.suffix in _SUFFIXES)
        if not captures:
            raise UnreadableInput(f"{path} holds no capture ({' or '.join(_SUFFIXES)})")
        found += [(str(capture), capture) for capture in captures]
    return found


def to_dict(summaries: Sequence[Named]) -> dict[str, Any]:
    """The JSON answer: the figures of all captures together, and under ``files`` of each.

    ``duration_s`` is that of the longest capture, as captures of one call overlap.
    """
    flows = [{**flow, "file": name} for name, one in summaries for flow in one["flows"]]
    return answer(
        packets=sum(one["packets"] for _, one in summaries),
        kinds=_sum_kinds(summaries),
        flows=flows,
        duration_s=max((one["duration_s"] for _, one in summaries), default=0.0),
        problems=[problem for _, one in summaries for problem in one["problems"]],
        files=[{"file": name, **one} for name, one in summaries],
    )


def _sum_kinds(summaries: Sequence[Named]) -> dict[str, int]:
    total: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
    for _, one in summaries:
        total.update(one["kinds"])
    return dict(total)


def render_text(summaries: Sequence[Named], *, color: bool, width: int, verbose: int) -> str:
    """Each capture with its kinds, flows and problems; flows by packets, the busiest first."""
    paint = Paint(color)
    return "\n\n".join(_render_one(name, one, paint, width, verbose) for name, one in summaries)


def _render_one(name: str, one: dict[str, Any], paint: Paint, width: int, verbose: int) -> str:
    parts = [
        paint(escape_controls(name), "bold")
        + f": {format_count(one['packets'], 'packet')} in {_seconds(one['duration_s'])}"
    ]
    kinds = [
        (label, f"{one['kinds'].get(kind, 0):,}")
        for kind, label in _KINDS.items()
        if one["kinds"].get(kind, 0)
    ]
    if kinds:
        parts.append(columns(kinds, paint=paint, right={1}, indent="  "))
    flows = sorted(one["flows"], key=lambda flow: -flow["packets"])
    shown = flows if verbose else flows[:_FLOWS_SHOWN]
    if shown:
        rows = [
            (
                flow["transport"],
                flow["src"],
                flow["dst"],
                f"{flow['packets']:,}",
                format_bytes(flow["bytes"]),
                _seconds(flow["duration_s"]),
                Styled(_flow_kinds(flow["kinds"]), "dim"),
            )
            for flow in shown
        ]
        header = ("", "from", "to", "packets", "bytes", "for", "kinds")
        parts.append(
            columns(rows, paint=paint, header=header, right={3, 4, 5}, width=width, indent="  ")
        )
    if len(flows) > len(shown):
        hidden = format_count(len(flows) - len(shown), "more flow")
        parts.append(paint(f"  and {hidden}; -v shows them", "dim"))
    problems = one["problems"]
    for problem in problems if verbose else problems[:_PROBLEMS_SHOWN]:
        text = problem["message"] if isinstance(problem, dict) else str(problem)
        lead = "  problem: "
        parts.append(paragraph(text, width=width, indent=" " * len(lead), first=lead))
    if not verbose and len(problems) > _PROBLEMS_SHOWN:
        hidden = format_count(len(problems) - _PROBLEMS_SHOWN, "more problem")
        parts.append(paint(f"  and {hidden}; -v shows them", "dim"))
    return "\n\n".join(parts)


def _seconds(duration_s: float) -> str:
    return format_duration(round(duration_s * NANOSECONDS))


def _flow_kinds(kinds: dict[str, int] | Sequence[str]) -> str:
    if not isinstance(kinds, dict):
        return ", ".join(kinds)
    return ", ".join(f"{kind} {count:,}" for kind, count in kinds.items() if count)
