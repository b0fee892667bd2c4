"""IP version 4 (RFC 791) and 6 (RFC 8200): headers, extension headers and fragments."""

from collections import OrderedDict
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem

__all__ = [
    "ICMP",
    "ICMPV6",
    "TCP",
    "UDP",
    "Fragment",
    "FragmentReassembler",
    "IpPacket",
    "decode_ip",
    "parse_ip",
]

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58

_FRAGMENT, _AUTHENTICATION = 44, 51
# Extension headers of one shape: next header, length in 8-byte units without the first
# (RFC 6564, 4): hop-by-hop, routing, destination options, mobility, HIP, shim6.
_EXTENSIONS = frozenset((0, 43, 60, 135, 139, 140))
_MAX_EXTENSIONS = 32
_MAX_PIECES = 512  # of one packet; an honest path cuts 64 KiB into 120 at most


class Fragment(NamedTuple):
    """Which part of a packet this is: ``offset`` in bytes; ``more`` when others follow it."""

    identification: int
    offset: int
    more: bool


class IpPacket(NamedTuple):
    """An IP packet without its headers.

    ``source`` and ``destination`` are 4 or 16 bytes; ``length`` is the payload's length on the
    wire, of which ``payload`` holds what was captured; ``fragment`` is ``None`` for a whole packet.
    """

    source: bytes
    destination: bytes
    protocol: int
    payload: bytes
    length: int
    fragment: Fragment | None


def parse_ip(data: bytes) -> IpPacket:
    """A whole IP packet; bytes after its end (a link's padding) are passed over.

    ``ParseError`` for anything that does not follow the grammar, and when it is cut short.
    """
    packet, problems = decode_ip(data)
    if packet is None or problems:
        first = problems[0]
        raise ParseError(first.message, offset=first.offset, expected=first.expected)
    return packet


def decode_ip(
    data: bytes, wire_length: int | None = None
) -> tuple[IpPacket | None, tuple[Problem, ...]]:
    """An IP packet, of which ``data`` may hold the beginning only.

    ``wire_length`` is how many bytes the link carried (all of ``data`` unless told); a packet
    longer than that is a problem, one longer than ``data`` alone is not. Never raises.
    """
    if wire_length is None:
        wire_length = len(data)
    try:
        version = data[0] >> 4 if data else 0
        if version == 4:
            packet, total = _parse_ip4(data, wire_length)
        elif version == 6:
            packet, total = _parse_ip6(data, wire_length)
        else:
            raise ParseError(
                f"IP version {version}" if data else "no bytes", offset=0, expected="4 or 6"
            )
    except ParseError as error:
        return None, (Problem(error.message, offset=error.offset, expected=error.expected),)
    if total > wire_length:
        problem = Problem(
            f"IP packet of {total} bytes in {wire_length}",
            offset=2 if version == 4 else 4,
            expected=f"at most {wire_length} bytes",
        )
        return packet, (problem,)
    return packet, ()


def _cut(what: str, data: bytes, needed: int) -> ParseError:
    return ParseError(
        f"{what} cut short: {len(data)} bytes", offset=len(data), expected=f"{needed} bytes"
    )


def _parse_ip4(data: bytes, wire_length: int) -> tuple[IpPacket, int]:
    """RFC 791, 3.1."""
    if len(data) < 20:
        raise _cut("IPv4 header", data, 20)
    header = (data[0] & 0x0F) * 4
    # A length of 0 is what segmentation offload leaves in packets captured before the card.
    total = int.from_bytes(data[2:4], "big") or wire_length
    if header < 20:
        raise ParseError(f"IPv4 header of {header} bytes", offset=0, expected="20 bytes or more")
    if total < header:
        raise ParseError(
            f"IPv4 packet of {total} bytes", offset=2, expected=f"at least its header's {header}"
        )
    if len(data) < header:
        raise _cut("IPv4 header", data, header)
    flags = int.from_bytes(data[6:8], "big")
    fragment = None
    if flags & 0x3FFF:
        fragment = Fragment(
            int.from_bytes(data[4:6], "big"), (flags & 0x1FFF) * 8, bool(flags & 0x2000)
        )
    return (
        IpPacket(data[12:16], data[16:20], data[9], data[header:total], total - header, fragment),
        total,
    )


def _parse_ip6(data: bytes, wire_length: int) -> tuple[IpPacket, int]:
    """RFC 8200, 3 and 4."""
    if len(data) < 40:
        raise _cut("IPv6 header", data, 40)
    length = int.from_bytes(data[4:6], "big")
    # 0 is a jumbogram (RFC 2675) or what segmentation offload leaves behind.
    total = length + 40 if length else wire_length
    packet = IpPacket(data[8:24], data[24:40], data[6], data[40:total], total - 40, None)
    return _pass_extensions(packet), total


def _pass_extensions(packet: IpPacket) -> IpPacket:
    """An IPv6 packet without its extension headers, up to a fragment header's payload."""
    protocol, payload, length, fragment = (
        packet.protocol,
        packet.payload,
        packet.length,
        packet.fragment,
    )
    for _ in range(_MAX_EXTENSIONS):
        if protocol in _EXTENSIONS:
            size = 8 + payload[1] * 8 if len(payload) > 1 else 8
        elif protocol == _AUTHENTICATION:
            size = 8 + payload[1] * 4 if len(payload) > 1 else 8  # RFC 4302, 2.2
        elif protocol == _FRAGMENT:
            size = 8
        else:
            break
        if size > length:
            raise ParseError(
                f"IPv6 extension header {protocol} of {size} bytes in {length}",
                expected=f"at most {length} bytes",
            )
        if size > len(payload):
            raise ParseError(
                f"IPv6 extension header {protocol} cut short", expected=f"{size} bytes"
            )
        next_protocol = payload[0]
        if protocol == _FRAGMENT:
            place = int.from_bytes(payload[2:4], "big")
            offset, more = place & 0xFFF8, bool(place & 1)
            if offset or more:  # else "atomic": a whole packet (RFC 6946)
                fragment = Fragment(int.from_bytes(payload[4:8], "big"), offset, more)
                protocol, payload, length = next_protocol, payload[8:], length - 8
                break
        protocol, payload, length = next_protocol, payload[size:], length - size
    return packet._replace(protocol=protocol, payload=payload, length=length, fragment=fragment)


class _Partial:
    """A packet some fragments of which have come."""

    __slots__ = ("first", "held", "pieces", "since_ns", "total")

    def __init__(self, since_ns: int) -> None:
        self.since_ns = since_ns
        self.first: IpPacket | None = None
        self.pieces: list[tuple[int, int, bytes]] = []  # offset, end on the wire, captured bytes
        self.total = -1
        self.held = 0


class FragmentReassembler:
    """Puts fragments together again (RFC 791, 3.2; RFC 8200, 4.5), within bounds.

    Where fragments overlap, the bytes that came first stand. A packet whose fragments did not all
    come within ``timeout_ns`` of capture time, or that must make room for others, is dropped and
    counted in ``incomplete``; ``refused`` counts fragments that fit no packet.
    """

    def __init__(
        self,
        *,
        max_packets: int = 1024,
        max_bytes: int = 1 << 23,
        timeout_ns: int = 60_000_000_000,
    ) -> None:
        self._max_packets = max_packets
        self._max_bytes = max_bytes
        self._timeout_ns = timeout_ns
        self._partials: OrderedDict[tuple[bytes, bytes, int, int, int], _Partial] = OrderedDict()
        self._held = 0
        self.incomplete = 0
        self.refused = 0

    @property
    def pending(self) -> int:
        """How many packets still lack fragments."""
        return len(self._partials)

    @property
    def held(self) -> int:
        """About how many bytes of memory they take."""
        return self._held

    def add(self, packet: IpPacket, time_ns: int, interface: int = 0) -> IpPacket | None:
        """Take in a fragment; the whole packet when this one completed it.

        Fragments seen on different interfaces are not mixed. A packet whose fragments were cut
        short by the snap length comes back with the bytes up to the first cut.
        """
        fragment = packet.fragment
        if fragment is None:
            return packet
        self._expire(time_ns)
        end = fragment.offset + packet.length
        if packet.length <= 0 or end > 0xFFFF or (fragment.more and packet.length % 8):
            # RFC 791, 3.2: all fragments but the last are multiples of eight bytes.
            self.refused += 1
            return None
        # IPv4 names the packet by its protocol too; IPv6 does not (RFC 8200, 4.5).
        protocol = packet.protocol if len(packet.source) == 4 else -1
        key = (packet.source, packet.destination, protocol, fragment.identification, interface)
        partial = self._partials.get(key)
        if partial is None:
            partial = self._partials[key] = _Partial(time_ns)
        if not self._insert(partial, packet, fragment, end):
            self.refused += 1
            return None
        whole = self._assemble(partial)
        if whole is not None:
            self._held -= partial.held
            del self._partials[key]
            try:
                return _pass_extensions(whole) if len(whole.source) == 16 else whole
            except ParseError:
                self.refused += 1
                return None
        while len(self._partials) > self._max_packets or self._held > self._max_bytes:
            self._drop_oldest()
        return None

    def finish(self) -> None:
        """Count what is still incomplete when the capture ends."""
        while self._partials:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, partial = self._partials.popitem(last=False)
        self._held -= partial.held
        self.incomplete += 1

    def _expire(self, time_ns: int) -> None:
        while self._partials:
            oldest = next(iter(self._partials.values()))
            if time_ns - oldest.since_ns <= self._timeout_ns:
                return
            self._drop_oldest()

    def _insert(self, partial: _Partial, packet: IpPacket, fragment: Fragment, end: int) -> bool:
        """Add the parts of a fragment that no earlier one holds; false when it contradicts them."""
        if not fragment.more:
            if partial.total >= 0 and partial.total != end:
                return False
            if partial.pieces and partial.pieces[-1][1] > end:
                return False
            partial.total = end
        elif 0 <= partial.total < end:
            return False
        if len(partial.pieces) >= _MAX_PIECES:
            return False
        if fragment.offset == 0 and partial.first is None:
            partial.first = packet
        at = fragment.offset
        new: list[tuple[int, int, bytes]] = []
        for start, stop, _ in (*partial.pieces, (end, end, b"")):
            if at < start:
                upto = min(start, end)
                if at < upto:
                    data = packet.payload[at - fragment.offset : upto - fragment.offset]
                    new.append((at, upto, data))
            at = max(at, stop)
            if at >= end:
                break
        if new:
            partial.pieces = sorted(partial.pieces + new)
            # Each piece costs memory besides its bytes.
            added = sum(len(data) + 128 for _, _, data in new)
            partial.held += added
            self._held += added
        return True

    @staticmethod
    def _assemble(partial: _Partial) -> IpPacket | None:
        """The whole packet, when there are no holes left."""
        if partial.first is None or partial.total < 0:
            return None
        at = 0
        for start, stop, _ in partial.pieces:
            if start != at:
                return None
            at = stop
        if at != partial.total:
            return None
        payload = bytearray()
        for start, stop, data in partial.pieces:
            payload += data
            if len(data) < stop - start:
                break
        return partial.first._replace(payload=bytes(payload), length=partial.total, fragment=None)
