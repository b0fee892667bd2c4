"""Pseudonyms: the same for the same address, telling nothing but its kind."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.report.ice_privacy import AddressMask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("host udp 192.168.1.10:50000", "host udp lan-1:50000"),
        ("host udp [fd77::1]:46685", "host udp [lan-1]:46685"),
        ("srflx udp 198.51.100.1:49788", "srflx udp wan-1:49788"),
        ("10.0.0.1 -> 10.0.0.2, back to 10.0.0.1", "lan-1 -> lan-2, back to lan-1"),
        ("turns:turn.example.org:5349?transport=tcp", "turns:name-1:5349?transport=tcp"),
        ("stun:[2606:4700::1]:3478", "stun:wan-1:3478"),
        ("0d2e5a8c-9c3c-4b1d-8e0a-3f5f5b1a2c3d.local:5", "name-1:5"),
        ("fe80::1%eth0", "lan-1"),
        ("100.64.3.4 is shared", "lan-1 is shared"),
        ("127.0.0.1:5 and 0.0.0.0:9 tell nothing", "127.0.0.1:5 and 0.0.0.0:9 tell nothing"),
        ("at 12:34:56, version 1.2.3, 720.0 ms", "at 12:34:56, version 1.2.3, 720.0 ms"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert AddressMask().text(text) == shown


def test_one_mask_has_one_name_for_an_address() -> None:
    mask = AddressMask()
    assert mask.text("192.0.2.1:5") == "wan-1:5"
    assert mask.address("192.0.2.1") == "wan-1"
    assert mask.event({"address": "192.0.2.1", "port": 5}) == {"address": "wan-1", "port": 5}
    assert mask.address("192.0.2.2") == "wan-2"


def test_events_lose_addresses_names_and_foundations_at_any_depth() -> None:
    event = {
        "event": "local-candidate",
        "candidate": "host udp 192.168.7.8:9",
        "address": "192.168.7.8",
        "name": "printer.example",
        "foundation": "16572de626da4e5384a0ce2d0d93678a",
        "sdp": "v=0 a=ice-pwd:hunter2",
        "detail": [{"local": "192.168.7.8"}, {"foundation": ["a", "b"]}],
    }
    masked = AddressMask().event(event)
    text = json.dumps(masked)
    for secret in ("192.168", "printer", "16572", "hunter2", '"a"'):
        assert secret not in text
    assert masked["candidate"] == "host udp lan-1:9"
    assert masked["address"] == "lan-1"


def test_a_mask_that_is_off_changes_nothing() -> None:
    mask = AddressMask(on=False)
    assert mask.text("10.0.0.1") == "10.0.0.1"
    assert mask.address("10.0.0.1") == "10.0.0.1"
    assert mask.event({"address": "10.0.0.1"}) == {"address": "10.0.0.1"}


@given(st.ip_addresses().filter(lambda ip: not (ip.is_loopback or ip.is_unspecified)))
def test_no_address_survives(ip: object) -> None:
    mask = AddressMask()
    host = f"[{ip}]" if ":" in str(ip) else str(ip)
    for text in (f"host udp {host}:5", f"answered from {host}:5 instead", f"stun:{host}:5"):
        assert str(ip) not in mask.text(text)
    assert str(ip) not in mask.address(str(ip))


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    mask = AddressMask()
    assert isinstance(mask.text(text), str)
    assert isinstance(mask.address(text), str)
