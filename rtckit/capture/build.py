"""Builds packets: UDP over IP from addresses and a payload, for captures that rtckit writes.

The packets have no link header: write them with link type ``RAW``.
"""

import ipaddress
import struct

from rtckit.capture.ip import UDP
from rtckit.core.address import Address

__all__ = ["build_udp_packet"]

_HOPS = 64


def build_udp_packet(src: Address, dst: Address, payload: bytes) -> bytes:
    """An IPv4 or IPv6 packet with one UDP datagram, checksums computed.

    ``ValueError`` when an address is no IP address, the two differ in family, a port does not fit
    16 bits, or the payload is too long for one packet.
    """
    source, destination = ipaddress.ip_address(src.ip), ipaddress.ip_address(dst.ip)
    if source.version != destination.version:
        raise ValueError(f"{src.ip} and {dst.ip} are of different families")
    if not (0 <= src.port <= 0xFFFF and 0 <= dst.port <= 0xFFFF):
        raise ValueError(f"port {src.port} or {dst.port} is no port")
    length = 8 + len(payload)
    if length > 0xFFFF - (20 if source.version == 4 else 0):
        raise ValueError(f"{len(payload)} bytes are too long for one packet")
    ends = source.packed + destination.packed
    pseudo = ends + struct.pack("!IHBB", length, 0, 0, UDP)
    header = struct.pack("!HHHH", src.port, dst.port, length, 0)
    # RFC 768: a computed checksum of zero is sent as all ones.
    checksum = _checksum(pseudo + header + payload) or 0xFFFF
    datagram = header[:6] + struct.pack("!H", checksum) + payload
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, UDP, _HOPS) + ends + datagram
    fields = struct.pack("!BBHIBB", 0x45, 0, 20 + length, 0, _HOPS, UDP)
    head_sum = _checksum(fields + bytes(2) + ends)
    return fields + struct.pack("!H", head_sum) + ends + datagram


def _checksum(data: bytes) -> int:
    """RFC 1071: the ones' complement of the ones' complement sum of 16-bit words."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
