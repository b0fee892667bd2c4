"""What the standards say about NATs in a row and between two ends; worked out by hand."""

import itertools

import pytest

from rtckit.lab.nat import Behavior, Nat, parse_nat
from rtckit.lab.theory import can_connect, can_connect_directly, composed

EI = Behavior.ENDPOINT_INDEPENDENT
AD = Behavior.ADDRESS_DEPENDENT
APD = Behavior.ADDRESS_AND_PORT_DEPENDENT
KINDS = ["open", "full cone", "restricted", "port restricted", "symmetric", "udp blocked"]
# Ford, Srisuresh and Kegel, "Peer-to-Peer Communication Across Network Address Translators":
# punching fails where one maps by destination and the other filters by port.
HOPELESS = {("port restricted", "symmetric"), ("symmetric", "symmetric")}


@pytest.mark.parametrize(("a", "b"), itertools.product(KINDS, KINDS))
def test_six_kinds_against_each_other(a: str, b: str) -> None:
    nats = parse_nat(a), parse_nat(b)
    expected = "udp blocked" not in (a, b) and tuple(sorted((a, b))) not in HOPELESS
    assert can_connect_directly(*nats) is expected
    assert can_connect(*nats, turn=False) is expected
    assert can_connect(*nats, turn=True)


@pytest.mark.parametrize(
    ("near", "far", "mapping", "filtering"),
    [
        ("full cone", "full cone", EI, EI),
        ("full cone", "restricted", EI, AD),
        ("port restricted", "full cone", EI, APD),
        ("symmetric", "full cone", APD, APD),
        ("full cone", "symmetric", APD, APD),
        ("AD/EI", "EI/AD", AD, AD),
    ],
)
def test_two_in_a_row_are_as_strict_as_the_stricter(
    near: str, far: str, mapping: Behavior, filtering: Behavior
) -> None:
    nats = [nat for name in (near, far) if (nat := parse_nat(name))]
    whole = composed(nats)
    assert (whole.mapping, whole.filtering) == (mapping, filtering)


def test_ports_are_preserved_when_all_preserve_them() -> None:
    preserving, random = Nat(EI, EI), Nat(EI, EI, port_preserving=False)
    assert composed([preserving, preserving]).preserves_ports
    assert not composed([preserving, random]).preserves_ports
    assert not composed([random, preserving]).preserves_ports


def test_firewall_in_a_row_filters() -> None:
    whole = composed([Nat(translates=False), Nat(EI, EI)])
    assert (whole.mapping, whole.filtering, whole.translates) == (EI, APD, True)
    assert composed([Nat(udp_blocked=True), Nat()]).udp_blocked
