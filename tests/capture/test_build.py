"""Packets built: dpkt reads them and computes the same checksums."""

import io

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.capture import LinkType, PcapngWriter, build_udp_packet, open_capture
from rtckit.capture.ip import IpPacket, parse_ip
from rtckit.core.address import Address

_ports = st.integers(0, 65535)
_pairs = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)),
    st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6)),
)


@given(_pairs, _ports, _ports, st.binary(max_size=200))
def test_round_trip_and_checksums(
    ips: tuple[object, object], sport: int, dport: int, payload: bytes
) -> None:
    src, dst = Address(str(ips[0]), sport), Address(str(ips[1]), dport)
    data = build_udp_packet(src, dst, payload)
    packet = parse_ip(data)
    assert (
        packet
        == IpPacket(
            ips[0].packed,  # type: ignore[attr-defined]
            ips[1].packed,  # type: ignore[attr-defined]
            17,
            data[-8 - len(payload) :],
            8 + len(payload),
            None,
        )
    )
    theirs = dpkt.ip.IP(data) if len(packet.source) == 4 else dpkt.ip6.IP6(data)
    assert (theirs.data.sport, theirs.data.dport, theirs.data.data) == (sport, dport, payload)
    ours = (theirs.data.sum, getattr(theirs, "sum", 0))
    if len(packet.source) == 4:
        theirs.sum = 0
    theirs.data.sum = 0
    bytes(theirs)  # dpkt computes both here
    assert (theirs.data.sum or 0xFFFF, getattr(theirs, "sum", 0)) == ours

    file = io.BytesIO()
    writer = PcapngWriter(file)
    writer.add_interface(LinkType.RAW)
    writer.write(5, data)
    (datagram,) = open_capture(io.BytesIO(file.getvalue()))
    assert datagram == (1, 5, "udp", src, dst, payload, len(payload), 0)


@pytest.mark.parametrize(
    ("src", "dst", "size"),
    [
        (Address("192.0.2.1", 1), Address("2001:db8::1", 1), 0),
        (Address("host.local", 1), Address("192.0.2.1", 1), 0),
        (Address("192.0.2.1", 65536), Address("192.0.2.1", 1), 0),
        (Address("192.0.2.1", 1), Address("192.0.2.1", -1), 0),
        (Address("192.0.2.1", 1), Address("192.0.2.1", 1), 65508),
        (Address("2001:db8::1", 1), Address("2001:db8::2", 1), 65528),
    ],
)
def test_what_cannot_be_built(src: Address, dst: Address, size: int) -> None:
    with pytest.raises(ValueError):
        build_udp_packet(src, dst, bytes(size))


@pytest.mark.parametrize(("ip", "size"), [("192.0.2.1", 65507), ("2001:db8::1", 65527)])
def test_the_longest_fit(ip: str, size: int) -> None:
    data = build_udp_packet(Address(ip, 1), Address(ip, 2), bytes(size))
    assert parse_ip(data).length == size + 8
