"""ICMP errors about UDP datagrams: messages by hand after RFC 792 and RFC 4443."""

import io
import struct

import pytest

from rtckit.capture import IcmpError, open_capture
from rtckit.capture.icmp import decode_icmp_error
from rtckit.core.address import Address
from tests.strategies.capture import A4, A6, B4, B6, capture_of, ethernet, ip4, ip6, tcp, udp

R4 = bytes([10, 0, 0, 1])


def icmp4(kind: int, code: int, quoted: bytes, rest: int = 0) -> bytes:
    return struct.pack("!BBHI", kind, code, 0, rest) + quoted


def wrap4(message: bytes) -> bytes:
    total = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(message), 0, 64, 1, 0)
    return ethernet(total + R4 + A4 + message)


def wrap6(message: bytes) -> bytes:
    head = struct.pack("!IHBB", 0x60000000, len(message), 58, 64)
    return ethernet(head + B6 + A6 + message, 0x86DD)


def test_port_unreachable_with_eight_bytes_quoted() -> None:
    # RFC 792 asks for the header and 64 bits of the datagram, no more.
    quoted = ip4(udp(bytes(1000)))[:28]
    with open_capture(io.BytesIO(capture_of([wrap4(icmp4(3, 3, quoted))]))) as capture:
        assert list(capture) == []
    assert capture.statistics["icmp"] == 1
    (error,) = capture.icmp_errors
    assert error == IcmpError(
        1,
        1_700_000_000_000_000_000,
        3,
        3,
        "10.0.0.1",
        Address("192.0.2.1", 5000),
        Address("198.51.100.7", 6000),
    )
    assert error.meaning == "port unreachable"
    assert not capture.problems


def test_icmpv6_port_unreachable() -> None:
    message = struct.pack("!BBHI", 1, 4, 0, 0) + ip6(udp(b"hello"))
    with open_capture(io.BytesIO(capture_of([wrap6(message)]))) as capture:
        assert list(capture) == []
    (error,) = capture.icmp_errors
    assert error.reporter == "2001:db8::ff"
    assert error.src == Address("2001:db8::1", 5000)
    assert error.meaning == "port unreachable"


@pytest.mark.parametrize(
    ("kind", "code", "rest", "meaning", "mtu"),
    [
        (3, 0, 0, "network unreachable", 0),
        (3, 1, 0, "host unreachable", 0),
        (3, 4, 1400, "fragmentation needed", 1400),
        (3, 13, 0, "administratively prohibited", 0),
        (3, 99, 0, "destination unreachable, code 99", 0),
        (11, 0, 0, "time to live exceeded", 0),
        (12, 0, 0, "parameter problem, code 0", 0),
    ],
)
def test_meanings(kind: int, code: int, rest: int, meaning: str, mtu: int) -> None:
    error = decode_icmp_error(icmp4(kind, code, ip4(udp(b"x")), rest), R4)
    assert error is not None
    assert (error.meaning, error.mtu) == (meaning, mtu)


def test_packet_too_big_has_an_mtu() -> None:
    message = struct.pack("!BBHI", 2, 0, 0, 1280) + ip6(udp(b"x"))
    error = decode_icmp_error(message, B6)
    assert error is not None
    assert (error.meaning, error.mtu) == ("packet too big", 1280)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        icmp4(8, 0, bytes(40)),  # an echo request
        icmp4(5, 1, ip4(udp(b"x"))),  # a redirect
        icmp4(3, 3, ip4(tcp(b"x", 1))),
        icmp4(3, 3, ip4(udp(b"x"))[:22]),  # no ports
        icmp4(3, 3, ip6(udp(b"x"))),
        icmp4(3, 3, b"garbage"),
    ],
)
def test_what_is_no_error_about_udp(message: bytes) -> None:
    assert decode_icmp_error(message, R4) is None


def test_the_list_is_bounded() -> None:
    frame = wrap4(icmp4(3, 3, ip4(udp(b"x"), A4, B4)))
    with open_capture(io.BytesIO(capture_of([frame] * 1200))) as capture:
        assert list(capture) == []
    assert len(capture.icmp_errors) == 1000
    assert capture.statistics["icmp"] == 1200
