"""The simulator against theory: who reaches whom without a relay follows from RFC 4787 alone."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.ice.simulate import simulate
from rtckit.ice.virtual import Nat, NatType, Network, nat_type, parse_end
from rtckit.ice.virtual.network import Host
from tests.ice.agreement import fault, topology

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


@pytest.mark.parametrize(
    ("nat", "pair"),
    [
        ("full cone+isolated", None),
        ("full cone+hairpin+isolated", ("srflx", "srflx")),
        ("symmetric+hairpin+isolated", None),
        ("open+isolated", ("host", "host")),
    ],
)
def test_neighbours_that_are_kept_apart(nat: str, pair: tuple[str, str] | None) -> None:
    """The way out and back in is what is left, where the NAT lets packets turn round."""
    result = simulate(nat, same_lan=True)
    assert (result.pair if result.connected else None) == pair
    if pair is None:
        assert result.advice[0].kind == "isolated"


def test_the_same_seed_gives_the_same_course() -> None:
    first, second = (simulate("symmetric", "restricted", loss=0.3, seed=5) for _ in range(2))
    assert first.as_json() == second.as_json()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_both_ends_agree_whatever_the_topology(seed: int) -> None:
    """`tests.ice.agreement` tries ten thousand, with IPv6, TCP, lite ends and dead addresses."""
    arguments = topology(random.Random(seed), seed)
    assert fault(simulate(**arguments)) is None, arguments


@pytest.mark.parametrize("seed", [100070, 101740, 102498, 109312])
def test_topologies_that_once_went_wrong(seed: int) -> None:
    assert fault(simulate(**topology(random.Random(seed), seed))) is None


# -- what ends may have ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "more", "pair"),
    [
        # IPv6 does without NATs; a firewall on both ends is opened from inside.
        ("symmetric+ipv6", "port restricted+ipv6", {}, ("host", "host")),
        ("symmetric+ipv6 firewall", "symmetric+ipv6 firewall", {}, ("host", "host")),
        # One family each: a relay of the other family stands between.
        ("ipv6 only", "open", {}, None),
        ("ipv6 only", "open", {"turn": True}, ("host", "relay")),
        # UDP does not get out, but TCP does, to whoever listens in the open.
        ("udp blocked+tcp", "open+tcp", {}, ("prflx", "host")),
        ("udp blocked+tcp", "port restricted+tcp", {}, None),
        ("web only+tcp", "open+tcp", {}, None),
        # TURN over TCP or TLS, and what lets it out.
        ("udp blocked", "open", {"turn": True, "turn_transport": "udp"}, None),
        ("udp blocked", "open", {"turn": True, "turn_transport": "tcp"}, ("relay", "host")),
        ("web only", "open", {"turn": True, "turn_transport": "tcp"}, None),
        ("web only", "open", {"turn": True, "turn_transport": "tls"}, ("relay", "host")),
        # One TURN server is enough.
        ("symmetric", "symmetric", {"turn": "a"}, ("relay", "prflx")),
        ("symmetric", "symmetric", {"turn": "b"}, ("prflx", "relay")),
        # A lite end is reached when it is in the open.
        ("symmetric", "open+lite", {}, ("prflx", "host")),
        ("open", "full cone+lite", {}, None),
        ("open+lite", "open+lite", {}, ("host", "host")),
    ],
)
def test_ends(a: str, b: str, more: dict[str, object], pair: tuple[str, str] | None) -> None:
    result = simulate(a, b, **more)  # type: ignore[arg-type]
    assert result.connected == (pair is not None)
    if pair is not None:
        assert result.pair == pair
    else:
        assert result.advice
        assert result.a.agent.failure or result.b.agent.failure


def test_dead_interfaces_cost_nothing() -> None:
    """Seven on each end, and the address of the default route is checked first."""
    result = simulate("open+dead=7", "open+dead=7", rtt=0.05)
    assert result.connect_time == pytest.approx(0.1)
    aggressive = simulate("open+dead=7", "open+dead=7", rtt=0.05, nomination="aggressive")
    assert aggressive.connect_time == pytest.approx(0.05)


def test_a_connection_over_tcp_takes_its_handshake_too() -> None:
    """One round trip for SYN and SYN-ACK, and then the two of regular nomination."""
    result = simulate("udp blocked+tcp", "open+tcp", rtt=0.1)
    assert result.a.agent.selected is not None
    assert result.a.agent.selected.local.tcptype == "active"
    assert result.round_trips == pytest.approx(3, abs=0.7)


def test_what_holds_and_what_does_not() -> None:
    """Consent is asked for every 4 to 6 s: a mapping of 2 s is gone by then (RFC 7675, 5.1)."""
    held = simulate("port restricted", "port restricted", hold=300)
    assert held.connected
    assert held.lost_at is None
    lost = simulate("symmetric+lifetime=2", "open", hold=300)
    assert lost.connected
    assert lost.lost_at is not None
    assert 29 < lost.lost_at < 37
    assert lost.advice[0].kind == "mapping-lifetime"


@pytest.mark.parametrize(("kind", "connects"), [("full cone", False), ("full cone+hairpin", True)])
def test_hairpinning(kind: str, connects: bool) -> None:
    """RFC 4787, 6: whether a host behind a NAT is reached by its address outside from inside."""
    network_kind = nat_type(kind)
    assert network_kind is not None
    nat = Nat("nat", "198.51.100.1", network_kind, random.Random(1))
    network = Network(random.Random(1))
    got: list[bytes] = []

    def host(name: str, ip: str) -> Host:
        return Host(
            *(name, (ip,), (nat,), lambda now, local, packet: got.append(packet.data)),
            *(0.01, f"lan {name}"),
        )

    sender = network.add(host("a", "192.168.1.2"))
    network.add(host("b", "192.168.1.3"))
    outside = nat.send_out(0.0, Address("192.168.1.3", 5000), network.servers[4])
    assert isinstance(outside, Address)
    network.send(sender, Address("192.168.1.2", 5000), outside, b"hello")
    while network.next_time() is not None:
        network.step()
    assert bool(got) == connects


def test_the_module_is_its_function() -> None:
    import rtckit

    assert rtckit.ice.simulate(a="open", b="open").connected
    assert rtckit.ice.simulate("symmetric", "symmetric", turn=False, seed=1).pair is None


def test_messages_tell_where_each_was_dropped() -> None:
    result = simulate("symmetric", "port restricted")
    assert {(m.sender, m.pair, m.times, m.place) for m in result.messages()} == {
        ("a", 1, 7, ""),
        ("b", 1, 7, ""),
        ("a", 2, 7, "the port restricted NAT of b"),
        ("b", 2, 7, "the symmetric NAT of a"),
    }
    fine = simulate("open", "open").messages()
    assert [m.what for m in fine if m.sender == "a"].count("nomination") == 1
    assert all(m.arrived == pytest.approx(m.sent + 0.04) for m in fine)


def test_advice_for_what_cannot_work() -> None:
    kinds = [advice.kind for advice in simulate("symmetric", "port restricted").advice]
    assert kinds == ["symmetric", "no-relay"]
    kinds = [advice.kind for advice in simulate("udp blocked", "open").advice]
    assert kinds == ["udp-blocked"]
    kinds = [advice.kind for advice in simulate("open", "full cone+lite").advice]
    assert kinds == ["lite-behind-nat", "no-relay"]
    kinds = [advice.kind for advice in simulate("ipv6 only", "open").advice]
    assert kinds == ["no-common-family", "no-relay"]
    kinds = [advice.kind for advice in simulate("open+lite", "full cone+lite").advice]
    assert kinds[0] == "both-lite"
    assert not simulate("open", "open").advice


def test_notebooks_show_the_ladder() -> None:
    shown = simulate("symmetric", "port restricted")._repr_html_()
    assert "<svg" in shown
    assert "They do not connect." in shown
    assert "<script" not in shown


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("symetric", "symmetric"),
        ("port restrictd", "port restricted"),
        ("open+ipv", "ipv6"),
        ("full cone+hairpn", "hairpin"),
        ("udp bloked", "udp blocked"),
    ],
)
def test_a_slip_of_the_pen_gets_a_hint(text: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{near}'"):
        simulate(text)


@pytest.mark.parametrize(
    "text", ["symmetric", "port restricted+ipv6+tcp", "full cone behind symmetric", "open+dead=3"]
)
def test_an_end_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_end(text)) == text
    assert parse_end(str(parse_end(text))) == parse_end(text)


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
