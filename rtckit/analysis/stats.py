"""A peer's own account: the reports of getStats() (W3C webrtc-stats).

Reads ``{id: report}`` and ``[report, ...]``, as browsers and aiortc give them. Absent members stay
absent; nothing is made up. ``bytesSent`` counts RTP payload without headers and padding.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rtckit.core.address import Address
from rtckit.core.errors import ParseError

__all__ = ["PeerStats", "SelectedPair", "StreamStats", "looks_like_stats", "parse_stats"]

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SelectedPair:
    """The candidate pair a peer says it uses, from its own point of view."""

    local: Address | None
    remote: Address | None
    local_type: str | None
    remote_type: str | None
    rtt_s: float | None


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One ``inbound-rtp`` or ``outbound-rtp`` report.

    ``packets`` and ``bytes`` are packetsSent/bytesSent or packetsReceived/bytesReceived;
    ``jitter_s`` is in seconds as the specification has it.
    """

    ssrc: int
    direction: str  # "outbound" or "inbound"
    kind: str | None
    packets: int | None
    bytes: int | None
    header_bytes: int | None
    lost: int | None
    jitter_s: float | None
    report: Report = field(repr=False, compare=False, default_factory=dict)

    def number(self, name: str) -> float | None:
        """A numeric member of the report, such as ``framesDecoded``."""
        value = self.report.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class PeerStats:
    """All reports of one peer."""

    file: str
    reports: dict[str, Report]

    def of_type(self, *types: str) -> Iterator[Report]:
        """The reports of these types."""
        for report in self.reports.values():
            if report.get("type") in types:
                yield report

    def _transport(self, name: str) -> str | None:
        for report in self.of_type("transport"):
            value = report.get(name)
            if isinstance(value, str) and value:
                return value
        return None

    @property
    def ice_role(self) -> str | None:
        """``controlling`` or ``controlled``."""
        role = self._transport("iceRole")
        return role if role != "unknown" else None

    @property
    def dtls_role(self) -> str | None:
        """``client`` or ``server``."""
        role = self._transport("dtlsRole")
        return role if role != "unknown" else None

    @property
    def dtls_state(self) -> str | None:
        """``connected``, ``failed`` and the like."""
        return self._transport("dtlsState")

    @property
    def tls_version(self) -> str | None:
        """Four upper-case hexadecimal digits: ``FEFD`` is DTLS 1.2, ``FEFC`` 1.3."""
        return self._transport("tlsVersion")

    @property
    def dtls_cipher(self) -> str | None:
        """The cipher suite's name as the peer spells it."""
        return self._transport("dtlsCipher")

    @property
    def srtp_cipher(self) -> str | None:
        """The SRTP protection profile as the peer spells it."""
        return self._transport("srtpCipher")

    @property
    def selected_pair(self) -> SelectedPair | None:
        """The pair named by the transport, or the one marked selected, or nominated and in use."""
        pairs = list(self.of_type("candidate-pair"))
        chosen_id = self._transport("selectedCandidatePairId")
        chosen = next((pair for pair in pairs if pair.get("id") == chosen_id), None)
        chosen = chosen or next((pair for pair in pairs if pair.get("selected") is True), None)
        if chosen is None:
            used = [
                pair
                for pair in pairs
                if pair.get("nominated") is True and pair.get("state") == "succeeded"
            ]
            chosen = max(used, key=lambda pair: _count(pair, "bytesSent") or 0, default=None)
        if chosen is None:
            return None
        local = self.reports.get(str(chosen.get("localCandidateId")), {})
        remote = self.reports.get(str(chosen.get("remoteCandidateId")), {})
        rtt = chosen.get("currentRoundTripTime")
        return SelectedPair(
            _address(local),
            _address(remote),
            local.get("candidateType"),
            remote.get("candidateType"),
            float(rtt) if isinstance(rtt, int | float) else None,
        )

    @property
    def streams(self) -> list[StreamStats]:
        """Every RTP stream the peer reports, sent and received."""
        found = []
        for report in self.of_type("inbound-rtp", "outbound-rtp"):
            ssrc = report.get("ssrc")
            if not isinstance(ssrc, int):
                continue
            outbound = report["type"] == "outbound-rtp"
            suffix = "Sent" if outbound else "Received"
            jitter = report.get("jitter")
            found.append(
                StreamStats(
                    ssrc,
                    "outbound" if outbound else "inbound",
                    report.get("kind") or report.get("mediaType"),
                    _count(report, f"packets{suffix}"),
                    _count(report, f"bytes{suffix}"),
                    _count(report, f"headerBytes{suffix}"),
                    _count(report, "packetsLost"),
                    float(jitter) if isinstance(jitter, int | float) else None,
                    report,
                )
            )
        return found

    @property
    def data_channels(self) -> list[Report]:
        """The data channels' reports."""
        return list(self.of_type("data-channel"))


def _count(report: Report, name: str) -> int | None:
    value = report.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _address(candidate: Report) -> Address | None:
    host = candidate.get("address") or candidate.get("ip")
    port = candidate.get("port")
    return Address(host, port) if isinstance(host, str) and isinstance(port, int) else None


def looks_like_stats(value: object) -> bool:
    """Whether decoded JSON has the shape of a getStats() result."""
    reports = list(value.values()) if isinstance(value, dict) else value
    return (
        isinstance(reports, list)
        and bool(reports)
        and all(isinstance(item, dict) and isinstance(item.get("type"), str) for item in reports)
        and any("timestamp" in item or "id" in item for item in reports)
    )


def parse_stats(text: str, file: str) -> PeerStats:
    """Reports from JSON text; :class:`ParseError` when it is not JSON or not getStats()."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ParseError(
            f"not JSON: {error}", line=line, column=getattr(error, "colno", None), expected="JSON"
        ) from None
    if not looks_like_stats(value):
        raise ParseError(
            "JSON, but no getStats() result", line=1, expected="{id: report} or [report, ...]"
        )
    reports = (
        value
        if isinstance(value, dict)
        else {str(item.get("id", number)): item for number, item in enumerate(value)}
    )
    return PeerStats(file, reports)
