"""The simulator against theory: who reaches whom without a relay follows from RFC 4787 alone."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.ice.simulate import simulate
from rtckit.ice.virtual import Nat, NatType, nat_type

TYPES = ("open", "full cone", "restricted", "port restricted", "symmetric", "udp blocked")


def reachable(a: str, b: str) -> bool:
    """Holes can be punched unless one side cannot tell which port of the other to let in.

    A symmetric NAT uses a new port for the peer, which a filter on addresses and ports (port
    restricted, symmetric) does not know beforehand.
    """
    if "udp blocked" in (a, b):
        return False
    strict = {"port restricted", "symmetric"}
    return not ("symmetric" in (a, b) and {a, b} <= strict)


@pytest.mark.parametrize(("a", "b"), itertools.product(TYPES, TYPES))
def test_hole_punching_without_turn(a: str, b: str) -> None:
    result = simulate(a, b)
    assert result.connected == reachable(a, b)
    if result.connected:
        assert result.pair is not None
        assert "relay" not in result.pair
    else:
        assert result.a.agent.state == result.b.agent.state == "failed"
        assert all(pair["why"] for pair in result.explain())


@pytest.mark.parametrize(("a", "b"), itertools.product(TYPES, TYPES))
def test_with_turn_everybody_connects(a: str, b: str) -> None:
    result = simulate(a, b, turn=True)
    assert result.connected
    assert result.pair is not None
    assert ("relay" in result.pair) == (not reachable(a, b))


def test_turn_over_udp_does_not_help_where_udp_is_blocked() -> None:
    assert not simulate("udp blocked", "open", turn=True, turn_transport="udp").connected


@pytest.mark.parametrize("rtt", [0.0, 0.05, 0.2])
def test_open_hosts_take_two_round_trips(rtt: float) -> None:
    result = simulate("open", "open", rtt=rtt)
    assert result.connect_time == pytest.approx(2 * rtt, abs=0.001)
    aggressive = simulate("open", "open", rtt=rtt, nomination="aggressive")
    assert aggressive.connect_time == pytest.approx(rtt, abs=0.001)


@pytest.mark.parametrize(
    ("chain", "peer", "connects"),
    [
        (("full cone", "full cone"), "symmetric", True),
        (("port restricted", "full cone"), "symmetric", False),
        (("full cone", "symmetric"), "port restricted", False),
        (("full cone", "restricted"), "symmetric", True),
        (("symmetric", "full cone"), "full cone", True),
    ],
)
def test_carrier_grade_nat_is_as_strict_as_its_strictest(
    chain: tuple[str, str], peer: str, connects: bool
) -> None:
    assert simulate(chain, peer).connected == connects


def test_neighbours_meet_by_their_host_candidates() -> None:
    result = simulate("symmetric", same_lan=True)
    assert result.connected
    assert result.pair == ("host", "host")


def test_the_same_seed_gives_the_same_course() -> None:
    first, second = (simulate("symmetric", "restricted", loss=0.3, seed=5) for _ in range(2))
    assert first.as_json() == second.as_json()


@settings(max_examples=60, deadline=None)
@given(
    a=st.lists(st.sampled_from(TYPES), min_size=1, max_size=2),
    b=st.lists(st.sampled_from(TYPES), min_size=1, max_size=2),
    turn=st.booleans(),
    loss=st.sampled_from([0.0, 0.0, 0.1, 0.3]),
    rtt=st.sampled_from([0.0, 0.03, 0.2]),
    seed=st.integers(0, 1000),
    nomination=st.sampled_from(["regular", "aggressive"]),
)
def test_both_ends_agree_whatever_the_topology(
    a: list[str],
    b: list[str],
    turn: bool,
    loss: float,
    rtt: float,
    seed: int,
    nomination: str,
) -> None:
    result = simulate(a, b, turn=turn, loss=loss, rtt=rtt, seed=seed, nomination=nomination)
    selected = result.a.agent.selected, result.b.agent.selected
    assert (selected[0] is None) == (selected[1] is None)
    if selected[0] is not None:
        assert result.connected
    checks = sum(p.requests_sent for peer in (result.a, result.b) for p in peer.agent.checklist)
    assert checks < 2000


# -- one NAT ---------------------------------------------------------------------------------------

INSIDE = Address("192.168.1.2", 5000)
ONE, OTHER_PORT, OTHER = (
    Address("203.0.113.1", 1),
    Address("203.0.113.1", 2),
    Address("203.0.113.2", 1),
)


@pytest.mark.parametrize(
    ("mapping", "same"),
    [
        ("endpoint-independent", (True, True)),
        ("address-dependent", (True, False)),
        ("address-and-port-dependent", (False, False)),
    ],
)
def test_mapping(mapping: str, same: tuple[bool, bool]) -> None:
    """RFC 4787, 4.1: which destinations share a mapping."""
    nat = Nat("nat", "198.51.100.1", NatType(mapping, port_preservation=False), random.Random(1))
    first = nat.send_out(0, INSIDE, ONE)
    assert (nat.send_out(0, INSIDE, OTHER_PORT) == first) is same[0]
    assert (nat.send_out(0, INSIDE, OTHER) == first) is same[1]


@pytest.mark.parametrize(
    ("filtering", "allowed"),
    [
        ("endpoint-independent", (True, True, True)),
        ("address-dependent", (True, True, False)),
        ("address-and-port-dependent", (True, False, False)),
    ],
)
def test_filtering(filtering: str, allowed: tuple[bool, bool, bool]) -> None:
    """RFC 4787, 5: who may send to a mapping that was made towards one endpoint."""
    nat = Nat("nat", "198.51.100.1", NatType(filtering=filtering), random.Random(1))
    outside = nat.send_out(0, INSIDE, ONE)
    assert isinstance(outside, Address)
    for source, passes in zip((ONE, OTHER_PORT, OTHER), allowed, strict=True):
        assert (nat.take_in(0, source, outside) == INSIDE) is passes


def test_lifetime_and_port_preservation() -> None:
    nat = Nat("nat", "198.51.100.1", NatType(lifetime=30), random.Random(1))
    outside = nat.send_out(0, INSIDE, ONE)
    assert outside == Address("198.51.100.1", 5000)
    assert nat.take_in(30, ONE, outside) == INSIDE
    assert isinstance(nat.take_in(30.1, ONE, outside), str)
    other = nat.send_out(29, Address("192.168.1.3", 5000), ONE)
    assert other != outside


@pytest.mark.parametrize(
    ("name", "mapping", "filtering"),
    [
        ("Full-Cone", "endpoint-independent", "endpoint-independent"),
        ("restricted cone", "endpoint-independent", "address-dependent"),
        ("port_restricted", "endpoint-independent", "address-and-port-dependent"),
        ("symmetric", "address-and-port-dependent", "address-and-port-dependent"),
        ("AD/APD", "address-dependent", "address-and-port-dependent"),
    ],
)
def test_names(name: str, mapping: str, filtering: str) -> None:
    found = nat_type(name)
    assert found is not None
    assert (found.mapping, found.filtering, found.hairpinning) == (mapping, filtering, False)
    with_hairpin = nat_type(name + "+hairpin")
    assert with_hairpin is not None
    assert with_hairpin.hairpinning


@pytest.mark.parametrize("name", ["", "cone", "EI/XX", "open+hairpin", "symmetric+x"])
def test_unknown_names_say_what_there_is(name: str) -> None:
    with pytest.raises(ValueError):
        nat_type(name)
