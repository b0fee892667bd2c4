"""Names and numbers, as IANA has them ("STUN Parameters") and as people write them."""

import pytest

from rtckit.wire.stun import (
    AttributeType,
    MessageClass,
    Method,
    attribute_name,
    error_name,
    is_comprehension_required,
    method_name,
)

METHODS = {
    0x001: "Binding",
    0x003: "Allocate",
    0x004: "Refresh",
    0x006: "Send",
    0x007: "Data",
    0x008: "CreatePermission",
    0x009: "ChannelBind",
    0x00A: "Connect",
    0x00B: "ConnectionBind",
    0x00C: "ConnectionAttempt",
}

ATTRIBUTES = {
    0x0001: "MAPPED-ADDRESS",
    0x0006: "USERNAME",
    0x0008: "MESSAGE-INTEGRITY",
    0x0009: "ERROR-CODE",
    0x000A: "UNKNOWN-ATTRIBUTES",
    0x000C: "CHANNEL-NUMBER",
    0x000D: "LIFETIME",
    0x0012: "XOR-PEER-ADDRESS",
    0x0013: "DATA",
    0x0014: "REALM",
    0x0015: "NONCE",
    0x0016: "XOR-RELAYED-ADDRESS",
    0x0017: "REQUESTED-ADDRESS-FAMILY",
    0x0018: "EVEN-PORT",
    0x0019: "REQUESTED-TRANSPORT",
    0x001A: "DONT-FRAGMENT",
    0x001B: "ACCESS-TOKEN",
    0x001C: "MESSAGE-INTEGRITY-SHA256",
    0x001D: "PASSWORD-ALGORITHM",
    0x001E: "USERHASH",
    0x0020: "XOR-MAPPED-ADDRESS",
    0x0022: "RESERVATION-TOKEN",
    0x0024: "PRIORITY",
    0x0025: "USE-CANDIDATE",
    0x0026: "PADDING",
    0x0027: "RESPONSE-PORT",
    0x002A: "CONNECTION-ID",
    0x8000: "ADDITIONAL-ADDRESS-FAMILY",
    0x8001: "ADDRESS-ERROR-CODE",
    0x8002: "PASSWORD-ALGORITHMS",
    0x8003: "ALTERNATE-DOMAIN",
    0x8004: "ICMP",
    0x8022: "SOFTWARE",
    0x8023: "ALTERNATE-SERVER",
    0x8025: "TRANSACTION_TRANSMIT_COUNTER",
    0x8027: "CACHE-TIMEOUT",
    0x8028: "FINGERPRINT",
    0x8029: "ICE-CONTROLLED",
    0x802A: "ICE-CONTROLLING",
    0x802B: "RESPONSE-ORIGIN",
    0x802C: "OTHER-ADDRESS",
    0x802E: "THIRD-PARTY-AUTHORIZATION",
    0x8030: "MOBILITY-TICKET",
    0xC000: "CISCO-STUN-FLOWDATA",
    0xC002: "ENF-NETWORK-STATUS",
    0xC057: "GOOG-NETWORK-INFO",
    0xC058: "GOOG-LAST-ICE-CHECK-RECEIVED",
    0xC059: "GOOG-MISC-INFO",
    0xC05A: "GOOG-OBSOLETE-1",
    0xC05B: "GOOG-CONNECTION-ID",
    0xC05C: "GOOG-DELTA",
    0xC05D: "GOOG-DELTA-ACK",
    0xC060: "GOOG-MESSAGE-INTEGRITY-32",
    0xC070: "DTLS-IN-STUN",
    0xC071: "DTLS-IN-STUN-ACKNOWLEDGEMENT",
}

ERRORS = {
    300: "Try Alternate",
    400: "Bad Request",
    401: "Unauthenticated",
    403: "Forbidden",
    405: "Mobility Forbidden",
    420: "Unknown Attribute",
    437: "Allocation Mismatch",
    438: "Stale Nonce",
    440: "Address Family not Supported",
    441: "Wrong Credentials",
    442: "Unsupported Transport Protocol",
    443: "Peer Address Family Mismatch",
    446: "Connection Already Exists",
    447: "Connection Timeout or Failure",
    486: "Allocation Quota Reached",
    487: "Role Conflict",
    500: "Server Error",
    508: "Insufficient Capacity",
}


@pytest.mark.parametrize(("number", "name"), METHODS.items())
def test_methods(number: int, name: str) -> None:
    assert method_name(number) == name
    assert Method(number).name.replace("_", "") == name.upper()


@pytest.mark.parametrize(("number", "name"), ATTRIBUTES.items())
def test_attributes(number: int, name: str) -> None:
    assert attribute_name(number) == name
    assert AttributeType(number).name == name.replace("-", "_")


@pytest.mark.parametrize(("code", "name"), ERRORS.items())
def test_errors(code: int, name: str) -> None:
    assert error_name(code) == name


def test_numbers_nobody_has_assigned() -> None:
    assert method_name(0x0AB) == "method 0x0ab"
    assert attribute_name(0x7777) == "0x7777"
    assert attribute_name(0xFF) == "0x00ff"
    assert error_name(499) == ""


def test_names_are_unique() -> None:
    names = [attribute_name(kind) for kind in AttributeType]
    assert len(set(names)) == len(names) == len({int(kind) for kind in AttributeType})
    assert len({method_name(method) for method in Method}) == len(Method)


def test_what_browsers_send_beyond_the_registry() -> None:
    assert method_name(0x080) == "GOOG-PING"
    assert attribute_name(0xC001) == "GOOG-NOMINATION"
    assert attribute_name(0x8054) == "CANDIDATE-IDENTIFIER"
    assert attribute_name(0x8050) == "MS-SEQUENCE-NUMBER"


def test_comprehension() -> None:
    assert is_comprehension_required(AttributeType.USE_CANDIDATE)
    assert is_comprehension_required(0x7FFF)
    assert not is_comprehension_required(0x8000)
    assert not is_comprehension_required(AttributeType.SOFTWARE)


def test_classes() -> None:
    assert [item.value for item in MessageClass] == [0, 1, 2, 3]
