"""Errors, cursor, addresses, text and times."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address, Scope, address_from_bytes, scope_of
from rtckit.core.clock import format_duration, format_time
from rtckit.core.cursor import Cursor
from rtckit.core.errors import ExitCode, MissingCapability, ParseError, RtckitError, UsageError
from rtckit.core.findings import Evidence, Finding, Location, Severity
from rtckit.core.text import escape_controls, mask


def test_exit_codes_are_those_the_documentation_promises() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 70, 130]
    assert ParseError("x").exit_code == 3
    assert UsageError("x").exit_code == 2
    assert MissingCapability("nft", "apt-get install nftables").exit_code == 5
    assert isinstance(MissingCapability("x"), RtckitError)


def test_a_parse_error_says_where_and_what_was_expected() -> None:
    assert str(ParseError("odd", offset=7, expected="even")) == "byte 7: odd (expected even)"
    assert str(ParseError("odd", line=3, column=9)) == "line 3, column 9: odd"
    assert str(ParseError("odd")) == "odd"


def test_cursor_reads_forward_and_names_the_place_it_ran_out() -> None:
    cursor = Cursor(bytes([0, 1, 2, 0, 2, 9, 9, 7]), base=100)
    assert cursor.uint(3, "number") == 258
    assert cursor.vector(2, "name") == b"\t\t"
    assert (cursor.offset, cursor.remaining) == (107, 1)
    with pytest.raises(ParseError, match="byte 107: key cut short: 1 of 4 bytes"):
        cursor.take(4, "key")
    assert cursor.rest() == b"\x07"


@pytest.mark.parametrize(
    ("ip", "scope"),
    [
        ("10.1.2.3", Scope.PRIVATE),
        ("172.31.255.255", Scope.PRIVATE),
        ("172.32.0.0", Scope.PUBLIC),
        ("192.168.0.1", Scope.PRIVATE),
        ("100.64.0.1", Scope.SHARED),
        ("100.128.0.1", Scope.PUBLIC),
        ("169.254.1.1", Scope.LINK_LOCAL),
        ("127.0.0.1", Scope.LOOPBACK),
        ("0.0.0.0", Scope.UNSPECIFIED),
        ("203.0.113.5", Scope.DOCUMENTATION),
        ("224.0.0.251", Scope.MULTICAST),
        ("8.8.8.8", Scope.PUBLIC),
        ("::1", Scope.LOOPBACK),
        ("fe80::1%eth0", Scope.LINK_LOCAL),
        ("fd00::1", Scope.UNIQUE_LOCAL),
        ("2001:db8::1", Scope.DOCUMENTATION),
        ("2606:4700::1", Scope.PUBLIC),
        ("0d5ee0a1-6e6c-4f4e-9d9c-3c0f0a4b8f11.local", Scope.MDNS),
        ("stun.example.org", Scope.NAME),
    ],
)
def test_scopes(ip: str, scope: Scope) -> None:
    assert scope_of(ip) is scope


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.integers(0, 65535))
def test_addresses_are_written_as_rfc_5952_has_them(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    address = address_from_bytes(ip.packed, port)
    assert address == Address(str(ip), port)
    assert address.family == ip.version
    assert str(address) == (f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}")


def test_hostile_text_cannot_reach_the_terminal() -> None:
    assert escape_controls("a\x1b[31mb") == "a\\x1b[31mb"
    assert escape_controls("a\u202eb") == "a\\u202eb"
    assert escape_controls("tab\tnul\0\x9b") == "tab\\x09nul\\x00\\x9b"
    assert escape_controls("grüße 日本") == "grüße 日本"


@given(st.text())
def test_escaped_text_has_no_control_characters(text: str) -> None:
    escaped = escape_controls(text)
    assert all(ord(character) >= 32 and ord(character) != 127 for character in escaped)
    assert not any(0x80 <= ord(character) < 0xA0 for character in escaped)
    assert "\u202e" not in escaped


def test_secrets_show_their_length_only() -> None:
    assert mask("hunter2") == "(7 characters, masked)"
    assert mask("") == ""


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.50 µs"),
        (4_200_000, "4.20 ms"),
        (123_400_000, "123 ms"),
        (12_500_000_000, "12.5 s"),
        (-2_000_000, "-2.00 ms"),
    ],
)
def test_durations(duration: int, text: str) -> None:
    assert format_duration(duration) == text


def test_times_keep_microseconds_and_never_raise() -> None:
    assert format_time(1_767_225_600_123_456_789) == "2026-01-01T00:00:00.123456Z"
    assert format_time(1 << 80).count(".") == 1


def test_finding_has_the_json_shape_scripts_rely_on() -> None:
    finding = Finding(
        "TURN001", Severity.ERROR, "refused", Location("a.pcapng", frame=4), "help",
        refs=("RFC 8656, 7",), evidence=(Evidence("seen", Location("offer.sdp", 3, 1, 5)),),
    )  # fmt: skip
    assert finding.to_dict() == {
        "rule": "TURN001",
        "severity": "error",
        "message": "refused",
        "location": {
            "file": "a.pcapng", "line": None, "column": None, "end_column": None, "frame": 4,
        },
        "help": "help",
        "certainty": "seen",
        "refs": ["RFC 8656, 7"],
        "evidence": [
            {
                "text": "seen",
                "location": {
                    "file": "offer.sdp", "line": 3, "column": 1, "end_column": 5, "frame": None,
                },
            }
        ],
    }  # fmt: skip
    assert str(Location("offer.sdp", 3, 9)) == "offer.sdp:3:9"
    assert str(Location("a.pcapng", frame=4)) == "a.pcapng frame 4"
