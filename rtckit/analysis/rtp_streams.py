"""RTP streams: one synchronisation source in one direction (RFC 3550).

Only the RTP header is read, which SRTP leaves in clear, so everything here holds for encrypted
media too. Loss counts sequence numbers that never came; duplicates are counted apart and never
hide loss. Jitter is that of RFC 3550, A.8, over all packets in order of arrival, and needs the
clock rate, which only a description knows (or a static payload type).
"""

from collections import Counter
from dataclasses import dataclass, field

from rtckit.analysis.decode import Packet
from rtckit.core.address import Address
from rtckit.core.clock import NANOSECONDS

__all__ = ["RtpStream"]

_HISTORY = 4096
_WRAP = 1 << 16
# RFC 3550, A.1: beyond these the source has restarted rather than lost or reordered packets. The
# misorder is ten times the RFC's, because retransmissions without rtx arrive a round trip late.
_MAX_DROPOUT = 3000
_MAX_MISORDER = 1000


@dataclass(slots=True)
class RtpStream:
    """Counts of one SSRC in one direction at one vantage point.

    ``bytes`` counts UDP payload; ``header_bytes`` RTP headers with their extensions;
    ``payload_bytes`` what follows them, which in SRTP includes the authentication tag. Packets
    with the P bit are counted in ``padded_packets``: their padding is inside the encryption.
    """

    ssrc: int
    src: Address
    dst: Address
    vantage: str
    sender: str | None = None
    first_frame: int = 0
    last_frame: int = 0
    first_ns: int = 0
    last_ns: int = 0
    packets: int = 0
    bytes: int = 0
    header_bytes: int = 0
    payload_bytes: int = 0
    padded_packets: int = 0
    padded_bytes: int = 0
    markers: int = 0
    duplicates: int = 0
    reordered: int = 0
    restarts: int = 0
    longest_gap_ns: int = 0
    payload_types: Counter[int] = field(default_factory=Counter)
    clock_rate: int | None = None
    codec: str | None = None
    kind: str | None = None
    mid: str | None = None
    relayed: bool = False
    _expected_before: int = 0
    _base: int = -1
    _highest: int = -1
    _seen: set[int] = field(default_factory=set)
    _jitter: float = 0.0
    _transit: float | None = None
    _first_arrival: int = 0

    def feed(self, packet: Packet) -> None:
        """Count one packet; ``packet.rtp`` must be its header."""
        header = packet.rtp
        if header is None:
            return
        if not self.packets:
            self.first_frame, self.first_ns = packet.frame, packet.time_ns
            self.relayed = packet.relay is not None
        elif packet.time_ns - self.last_ns > self.longest_gap_ns:
            self.longest_gap_ns = packet.time_ns - self.last_ns
        self.last_frame, self.last_ns = packet.frame, packet.time_ns
        self.src, self.dst = packet.src, packet.dst
        self.packets += 1
        self.bytes += packet.length
        self.header_bytes += header.header_length
        payload = packet.length - header.header_length
        self.payload_bytes += payload
        if header.padding:
            self.padded_packets += 1
            self.padded_bytes += payload
        self.markers += header.marker
        self.payload_types[header.payload_type] += 1
        if self._count_sequence(header.sequence) and self.clock_rate:
            self._measure_jitter(packet.time_ns, header.timestamp, self.clock_rate)

    def _count_sequence(self, sequence: int) -> bool:
        """Whether the packet is new, not a duplicate."""
        if self._base < 0:
            self._base = self._highest = sequence + _WRAP
            self._seen.add(self._highest)
            return True
        step = (sequence - self._highest) & 0xFFFF
        if step < _MAX_DROPOUT:
            extended = self._highest + step
        elif step >= _WRAP - _MAX_MISORDER:
            extended = self._highest + step - _WRAP
        else:
            # The source began anew: what was expected so far stays counted.
            self.restarts += 1
            self._expected_before += self._highest - self._base + 1
            self._base = self._highest = sequence + _WRAP
            self._seen = {self._highest}
            self._transit = None
            return True
        if extended in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(extended)
        if extended > self._highest:
            self._highest = extended
            if len(self._seen) > 2 * _HISTORY:
                floor = extended - _HISTORY
                self._seen = {number for number in self._seen if number > floor}
        else:
            self.reordered += 1
            self._base = min(self._base, extended)
        return True

    def _measure_jitter(self, time_ns: int, timestamp: int, clock_rate: int) -> None:
        if self._transit is None:
            self._first_arrival = time_ns
        arrival = (time_ns - self._first_arrival) * clock_rate / NANOSECONDS
        transit = arrival - timestamp
        if self._transit is not None:
            difference = transit - self._transit
            # The 32-bit timestamp wraps every few hours, or minutes, of media.
            if difference > 1 << 31:
                difference -= 1 << 32
            elif difference < -(1 << 31):
                difference += 1 << 32
            self._jitter += (abs(difference) - self._jitter) / 16.0
        self._transit = transit

    @property
    def payload_type(self) -> int:
        """The payload type most packets carry."""
        return self.payload_types.most_common(1)[0][0]

    @property
    def expected(self) -> int:
        """How many packets the sequence numbers speak of."""
        return self._expected_before + (self._highest - self._base + 1 if self.packets else 0)

    @property
    def lost(self) -> int:
        """Sequence numbers that never came."""
        return max(0, self.expected - (self.packets - self.duplicates))

    @property
    def loss_fraction(self) -> float:
        """Lost of expected, 0 to 1."""
        return self.lost / self.expected if self.expected else 0.0

    @property
    def jitter_ms(self) -> float | None:
        """Interarrival jitter in milliseconds; None while the clock rate is unknown.

        Retransmissions carry the timestamps of what they repeat (RFC 4588, 4): they have no jitter.
        """
        if not self.clock_rate or self.packets < 2 or (self.codec or "").lower() == "rtx":
            return None
        return self._jitter * 1000 / self.clock_rate

    @property
    def duration_ns(self) -> int:
        """From the first to the last packet."""
        return self.last_ns - self.first_ns

    @property
    def bitrate_bps(self) -> float | None:
        """UDP payload bits per second between the first and the last packet."""
        if self.duration_ns <= 0:
            return None
        return self.bytes * 8 * NANOSECONDS / self.duration_ns
