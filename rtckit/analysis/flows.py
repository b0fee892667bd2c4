"""Flows: what went between two transport addresses at one vantage point."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rtckit.analysis.decode import FlowKey, Packet, Relay, flow_key
from rtckit.core.address import Address
from rtckit.wire.demux import Kind

__all__ = ["MEDIA_KINDS", "Direction", "Flow", "FlowTable"]

MEDIA_KINDS = frozenset({Kind.DTLS, Kind.RTP, Kind.RTCP})
"""What runs over a selected candidate pair besides STUN."""

_FLOW_LIMIT = 100_000


@dataclass(slots=True)
class Direction:
    """One direction of a flow; ``bytes`` counts transport payload."""

    packets: int = 0
    bytes: int = 0
    media_packets: int = 0
    media_bytes: int = 0
    first_media_ns: int | None = None
    last_media_ns: int | None = None


@dataclass(slots=True)
class Flow:
    """Both directions between two addresses; ``src`` sent the first packet seen.

    ``relay`` is set where the flow runs inside a TURN allocation. Times are nanoseconds since 1970.
    """

    transport: str
    src: Address
    dst: Address
    first_frame: int
    first_ns: int
    last_ns: int
    relay: Relay | None = None
    kinds: Counter[Kind] = field(default_factory=Counter)
    forward: Direction = field(default_factory=Direction)
    backward: Direction = field(default_factory=Direction)

    @property
    def packets(self) -> int:
        """Packets of both directions."""
        return self.forward.packets + self.backward.packets

    @property
    def bytes(self) -> int:
        """Payload bytes of both directions."""
        return self.forward.bytes + self.backward.bytes

    @property
    def duration_ns(self) -> int:
        """From the first to the last packet."""
        return self.last_ns - self.first_ns

    def direction_from(self, src: Address) -> Direction:
        """The direction whose packets ``src`` sent."""
        return self.forward if src == self.src else self.backward


class FlowTable:
    """All flows of one vantage point, in order of their first packet."""

    def __init__(self) -> None:
        self._flows: dict[tuple[FlowKey, Address | None], Flow] = {}
        self.overflowed = 0
        """Packets of flows beyond the limit, which are not told apart."""

    def __iter__(self) -> Iterator[Flow]:
        return iter(self._flows.values())

    def __len__(self) -> int:
        return len(self._flows)

    def find(
        self, transport: str, one: Address, other: Address, relay_client: Address | None = None
    ) -> Flow | None:
        """The flow between two addresses, whichever sent first; inside an allocation if given."""
        return self._flows.get((flow_key(transport, one, other), relay_client))

    def feed(self, packet: Packet) -> Flow | None:
        """Count a packet; the flow it belongs to."""
        key = (
            flow_key(packet.transport, packet.src, packet.dst),
            packet.relay.client if packet.relay else None,
        )
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= _FLOW_LIMIT:
                self.overflowed += 1
                return None
            flow = self._flows[key] = Flow(
                packet.transport,
                packet.src,
                packet.dst,
                packet.frame,
                packet.time_ns,
                packet.time_ns,
                packet.relay,
            )
        flow.kinds[packet.kind] += 1
        if packet.time_ns > flow.last_ns:
            flow.last_ns = packet.time_ns
        direction = flow.forward if packet.src == flow.src else flow.backward
        direction.packets += 1
        direction.bytes += packet.length
        if packet.kind in MEDIA_KINDS:
            direction.media_packets += 1
            direction.media_bytes += packet.length
            if direction.first_media_ns is None:
                direction.first_media_ns = packet.time_ns
            direction.last_media_ns = packet.time_ns
        return flow
