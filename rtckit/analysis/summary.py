"""What is in a capture at a glance: kinds of packets and the flows between addresses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rtckit.analysis.bundle import Progress, read_capture
from rtckit.analysis.flows import Flow
from rtckit.analysis.vantage import Vantage
from rtckit.core.clock import NANOSECONDS
from rtckit.wire.demux import Kind

__all__ = ["KINDS", "Summary", "summarize"]

KINDS = ("stun", "turn_channel", "dtls", "rtp", "rtcp", "sctp", "quic", "other")
"""The kinds of the JSON output, in the order they are shown."""

_NAMES = {
    Kind.STUN: "stun",
    Kind.TURN_CHANNEL: "turn_channel",
    Kind.DTLS: "dtls",
    Kind.RTP: "rtp",
    Kind.RTCP: "rtcp",
    Kind.QUIC: "quic",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """A capture's counts; ``vantage`` holds everything else that was read."""

    vantage: Vantage

    @property
    def kinds(self) -> dict[str, int]:
        """Packets on the wire by kind; the values add up to ``packets``."""
        counts = dict.fromkeys(KINDS, 0)
        for kind, count in self.vantage.kinds.items():
            counts[_NAMES.get(kind, "other")] += count
        return counts

    @property
    def relayed(self) -> dict[str, int]:
        """What TURN messages carried inside, by kind."""
        counts: dict[str, int] = {}
        for kind, count in self.vantage.relayed_kinds.items():
            name = _NAMES.get(kind, "other")
            counts[name] = counts.get(name, 0) + count
        return counts

    @property
    def flows(self) -> list[Flow]:
        """The flows, busiest first."""
        return sorted(self.vantage.flows, key=lambda flow: (-flow.bytes, flow.first_frame))

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape, schema 1."""
        vantage = self.vantage
        return {
            "schema": 1,
            "findings": [],
            "file": vantage.file,
            "frames": vantage.frames,
            "packets": vantage.packets,
            "kinds": self.kinds,
            "relayed": self.relayed,
            "flows": [_flow_to_dict(flow) for flow in self.flows],
            "duration_s": vantage.duration_ns / NANOSECONDS,
            "truncated": vantage.truncated,
            "problems": [str(problem) for problem in vantage.problems],
        }


def _flow_to_dict(flow: Flow) -> dict[str, Any]:
    kinds: dict[str, int] = {}
    for kind, count in flow.kinds.items():
        name = _NAMES.get(kind, "other")
        kinds[name] = kinds.get(name, 0) + count
    return {
        "src": str(flow.src),
        "dst": str(flow.dst),
        "transport": flow.transport,
        "relayed": flow.relay is not None,
        "packets": flow.packets,
        "bytes": flow.bytes,
        "packets_forward": flow.forward.packets,
        "packets_backward": flow.backward.packets,
        "kinds": kinds,
        "first_frame": flow.first_frame,
        "duration_s": flow.duration_ns / NANOSECONDS,
    }


def summarize(
    source: str | Path | BinaryIO, name: str | None = None, progress: Progress | None = None
) -> Summary:
    """The summary of one capture. Raises :class:`~rtckit.core.errors.UnreadableInput`."""
    if isinstance(source, str):
        source = Path(source)
    label = name or (str(source) if isinstance(source, Path) else "standard input")
    return Summary(read_capture(source, label, progress=progress))
