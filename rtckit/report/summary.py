"""``rtckit pcap summary`` drawn: kinds, flows and problems of one capture or more.

A capture comes as :meth:`rtckit.analysis.summary.Summary.to_dict` gives it.
"""

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

_SUFFIXES = (".pcap", ".pcapng", ".pcap.gz", ".pcapng.gz")
_KINDS = {
    "stun": "STUN",
    "turn_channel": "TURN channel",
    "dtls": "DTLS",
    "rtp": "RTP",
    "rtcp": "RTCP",
    "sctp": "SCTP",
    "quic": "QUIC",
    "other": "other",
}
_FLOWS_SHOWN = 20
_PROBLEMS_SHOWN = 5


def find_captures(path: Path) -> list[Path]:
    """``path`` itself, or the captures in it when it is a folder.

    A folder without one is :class:`UnreadableInput`.
    """
    if not path.is_dir():
        return [path]
    captures = sorted(entry for entry in path.iterdir() if entry.name.endswith(_SUFFIXES))
    if not captures:
        raise UnreadableInput(f"{path}: no capture in this folder ({', '.join(_SUFFIXES)})")
    return captures


def to_dict(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON answer: all captures together, and under ``files`` the figures of each.

    ``duration_s`` is that of the longest, as captures of one call overlap.
    """
    several = len(summaries) > 1
    return answer(
        packets=sum(one["packets"] for one in summaries),
        kinds=_sum(_KINDS, (one["kinds"] for one in summaries)),
        relayed=_sum((), (one["relayed"] for one in summaries)),
        flows=[{"file": one["file"], **flow} for one in summaries for flow in one["flows"]],
        duration_s=max((one["duration_s"] for one in summaries), default=0.0),
        truncated=any(one["truncated"] for one in summaries),
        problems=[
            f"{one['file']}: {problem}" if several else problem
            for one in summaries
            for problem in one["problems"]
        ],
        files=[
            {name: value for name, value in one.items() if name not in _NOT_OF_A_FILE}
            for one in summaries
        ],
    )


_NOT_OF_A_FILE = ("schema", "findings", "flows")


def _sum(names: Iterable[str], counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter(dict.fromkeys(names, 0))
    for one in counts:
        total.update(one)
    return dict(total)


def render_text(
    summaries: Sequence[dict[str, Any]], *, color: bool, width: int, verbose: int
) -> str:
    """Each capture with its kinds, flows and problems; 20 flows and 5 problems unless verbose."""
    paint = Paint(color)
    return "\n\n".join(_render_one(one, paint, width, verbose) for one in summaries)


def _render_one(one: dict[str, Any], paint: Paint, width: int, verbose: int) -> str:
    head = paint(escape_controls(one["file"]), "bold")
    parts = [f"{head}: {format_count(one['packets'], 'packet')} in {_seconds(one['duration_s'])}"]
    if one["packets"]:
        parts.append(_render_kinds(one["kinds"], one["relayed"], paint))
    flows = one["flows"]
    shown = flows if verbose else flows[:_FLOWS_SHOWN]
    if shown:
        header = ("", "between", "and", "→", "←", "bytes", "for", "what")
        parts.append(
            columns(
                [_flow_row(flow) for flow in shown],
                paint=paint,
                header=header,
                right={3, 4, 5, 6},
                width=width,
                flexible={7},
                indent="  ",
            )
        )
    if len(flows) > len(shown):
        hidden = format_count(len(flows) - len(shown), "more flow")
        parts.append(paint(f"  and {hidden}; -v shows them", "dim"))
    if one["problems"]:
        parts.append(_render_problems(one["problems"], paint, width, verbose))
    return "\n\n".join(parts)


def _render_kinds(kinds: dict[str, int], relayed: dict[str, int], paint: Paint) -> str:
    rows = [
        (label, _count(kinds.get(kind)), _count(relayed.get(kind)))
        for kind, label in _KINDS.items()
        if kinds.get(kind) or relayed.get(kind)
    ]
    if not relayed:
        return columns([row[:2] for row in rows], paint=paint, right={1}, indent="  ")
    header = ("", "packets", "inside TURN")
    return columns(rows, paint=paint, header=header, right={1, 2}, indent="  ")


def _count(count: int | None) -> str:
    return f"{count:,}" if count else "-"


def _flow_row(flow: dict[str, Any]) -> tuple[str | Styled, ...]:
    kinds = sorted(flow["kinds"], key=lambda kind: -flow["kinds"][kind])
    return (
        Styled("relayed" if flow["relayed"] else flow["transport"], "dim"),
        flow["src"],
        flow["dst"],
        f"{flow['packets_forward']:,}",
        f"{flow['packets_backward']:,}",
        format_bytes(flow["bytes"]),
        _seconds(flow["duration_s"]),
        Styled(", ".join(_KINDS.get(kind, kind) for kind in kinds), "dim"),
    )


def _render_problems(problems: Sequence[str], paint: Paint, width: int, verbose: int) -> str:
    lead = "  problem: "
    indent = " " * len(lead)
    shown = problems if verbose else problems[:_PROBLEMS_SHOWN]
    lines = [paragraph(problem, width=width, indent=indent, first=lead) for problem in shown]
    if len(problems) > len(shown):
        hidden = format_count(len(problems) - len(shown), "more problem")
        lines.append(paint(f"  and {hidden}; -v shows them", "dim"))
    return "\n".join(lines)


def _seconds(duration_s: float) -> str:
    return format_duration(round(duration_s * NANOSECONDS))
