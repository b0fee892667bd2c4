"""Candidates and the checklist (RFC 8445, 5.1 and 6.1.2; RFC 8421; mDNS names)."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.ice import Agent, IceCandidate, PairState, Settings
from rtckit.ice.pairs import why_not_paired
from rtckit.ice.priority import local_preferences
from rtckit.sdp import parse_candidate
from rtckit.wire import stun
from tests.ice.link import B_CREDENTIALS, Link, host, introduce, new_agent, two_agents


def _started(**options: object) -> Agent:
    agent = new_agent("a", **options)
    agent.add_local(0.0, host(agent, "10.0.0.1"))
    agent.set_remote(0.0, B_CREDENTIALS)
    return agent


def _remote(ip: str, foundation: str, priority: int = 2130706431, port: int = 5000) -> IceCandidate:
    address = Address(ip, port)
    return IceCandidate("host", "udp", address, address, priority, foundation)


def test_a_reflexive_candidate_like_its_host_is_redundant() -> None:
    """5.1.3: same transport address and same base; without a NAT both are the same."""
    agent = _started()
    base = agent.local[0].address
    reflexive = IceCandidate("srflx", "udp", base, base, 1694498815, "f", related=base)
    assert not agent.add_local(0.0, reflexive)
    mapped = replace(reflexive, address=Address("198.51.100.1", 5000))
    assert agent.add_local(0.0, mapped)
    other_base = replace(mapped, base=Address("10.0.0.2", 5000))
    assert agent.add_local(0.0, other_base), "another base makes it another candidate"


@pytest.mark.parametrize(
    ("local", "remote", "why"),
    [
        ("10.0.0.1", "10.0.0.2", None),
        ("10.0.0.1", "2001:db8::2", "IPv4 against IPv6"),
        ("fe80::1", "fe80::2", None),
        ("fe80::1", "2001:db8::2", "link-local against global"),
        ("2001:db8::1", "fe80::2", "link-local against global"),
        ("2001:db8::1", "fd00::2", None),
        ("10.0.0.1", "abc.local", "abc.local is not resolved"),
    ],
)
def test_families_and_scopes(local: str, remote: str, why: str | None) -> None:
    """6.1.2.2."""
    assert why_not_paired(_remote(local, "1"), _remote(remote, "2")) == why


def test_other_components_are_left_out() -> None:
    """6.1.2.2: the data stream has as many components as the end with fewer."""
    agent = _started()
    rtcp = replace(_remote("10.0.1.1", "1"), component=2)
    assert not agent.add_remote(0.0, rtcp)
    assert not agent.pairs


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 1, 3, 0)])
def test_one_pair_of_each_foundation_begins_waiting(order: tuple[int, ...]) -> None:
    """6.1.2.6: the highest of each; the others are frozen until it has succeeded (7.2.5.3.3).

    In whatever order candidates come (RFC 8838, 12).
    """
    agent = _started()
    foundations = ("x", "x", "y", "x", "y")
    for number in order:
        foundation = foundations[number]
        agent.add_remote(0.0, _remote(f"10.0.1.{number}", foundation, 2130706431 - number))
    states = {pair.remote.address.ip[-1]: str(pair.state) for pair in agent.pairs}
    assert states == {"0": "waiting", "1": "frozen", "2": "waiting", "3": "frozen", "4": "frozen"}


def test_a_better_pair_that_comes_later_waits_as_well() -> None:
    """RFC 8838, 12, rule 1; and rule 3 for a worse one."""
    agent = _started()
    agent.add_remote(0.0, _remote("10.0.1.5", "x", 2130706000))
    agent.on_time(0.0)
    agent.add_remote(0.1, _remote("10.0.1.4", "x", 2130706400))
    agent.add_remote(0.1, _remote("10.0.1.6", "x", 2130705900))
    states = {pair.remote.address.ip[-1]: str(pair.state) for pair in agent.pairs}
    assert states == {"5": "in-progress", "4": "waiting", "6": "frozen"}


def test_a_frozen_pair_waits_for_the_one_that_is_alike() -> None:
    """6.1.4.2, step 2: it is freed when none of its foundation waits or is being checked."""
    agent = _started()
    for number in range(3):
        agent.add_remote(0.0, _remote(f"10.0.1.{number}", "same", 2130706431 - number))
    agent.on_time(0.0)
    agent.on_time(1.0)
    assert [str(p.state) for p in agent.pairs] == ["in-progress", "frozen", "frozen"]
    assert agent.checklist.why_waiting(agent.pairs[1]) == "waits for #1, which is alike"
    agent.fail_pair(1.0, agent.pairs[0], "no route")
    agent.on_time(1.0)
    assert [str(p.state) for p in agent.pairs] == ["failed", "in-progress", "frozen"]


def test_ordinary_checks_go_by_priority_and_triggered_ones_first() -> None:
    """6.1.4.2, steps 1 and 3."""
    link = two_agents(addresses=4, alive=lambda address: False)
    link.run(0.1)
    sent = [e.pair for e in link.events["a"] if e.event == "sent"]
    priorities = {p.number: p.priority for p in link.a.pairs}
    order = [priorities[number] for number in sent if number is not None]
    assert order == sorted(order, reverse=True)
    assert len(order) == 16


def test_at_most_so_many_pairs() -> None:
    """6.1.2.5: the worst go."""
    agent = new_agent("a", settings=Settings(most_pairs=10))
    for rank in range(5):
        agent.add_local(0.0, host(agent, f"10.0.0.{rank}", rank))
    agent.set_remote(0.0, B_CREDENTIALS)
    for rank in range(9, -1, -1):
        agent.add_remote(0.0, _remote(f"10.0.1.{rank}", f"f{rank}", 2130706431 - rank * 256))
    assert len(agent.pairs) == 10
    kept = min(pair.priority for pair in agent.pairs)
    everything = _all_priorities(agent)
    assert kept == sorted(everything, reverse=True)[9]


def _all_priorities(agent: Agent) -> list[int]:
    """By the formula of 6.1.2.3, written out; this side controls."""
    found = []
    for local, remote in itertools.product(agent.local, agent.remote):
        g, d = local.priority, remote.priority
        found.append(2**32 * min(g, d) + 2 * max(g, d) + (1 if g > d else 0))
    return found


def test_a_learned_candidate_is_paired_with_nobody_else() -> None:
    """7.3.1.3: only the pair the check came on; once it is told of, all the others."""
    link = two_agents()
    late = new_agent("b", controlling=False)
    late.add_local(0.0, host(late, "10.0.1.1"))
    late.set_remote(0.0, link.a.credentials)
    link.b = late
    link.run(0.03)
    late.add_local(0.03, host(late, "10.0.1.2", rank=1))
    assert len(late.pairs) == 1
    late.add_remote(0.03, link.a.local[0])
    assert len(late.pairs) == 2
    assert len({c.foundation for c in late.remote}) == len(late.remote)


def test_names_are_paired_once_they_are_resolved() -> None:
    agent = _started()
    line = parse_candidate("candidate:1 1 udp 2113937151 aaaa.local 5000 typ host")
    assert agent.add_remote(0.0, IceCandidate.from_sdp(line))
    agent.end_of_local(0.0)
    agent.end_of_remote(0.0)
    assert not agent.pairs
    assert agent.state == "checking"
    agent.resolve_remote(0.3, "aaaa.local", "10.0.1.1")
    assert [pair.remote.address for pair in agent.pairs] == [Address("10.0.1.1", 5000)]
    assert agent.pairs[0].remote.name == "aaaa.local"


def test_names_nobody_knows_are_the_cause() -> None:
    """The peer could still come by itself, so this side waits as RFC 8863 wants."""
    agent = _started()
    line = parse_candidate("candidate:1 1 udp 2113937151 aaaa.local 5000 typ host")
    agent.add_remote(0.0, IceCandidate.from_sdp(line))
    agent.end_of_local(0.0)
    agent.end_of_remote(0.0)
    agent.resolve_remote(1.0, "aaaa.local", None, "nobody answered on the link")
    assert agent.state == "checking"
    assert agent.next_time() == pytest.approx(39.5)
    agent.on_time(39.5)
    assert agent.state == "failed"
    assert [cause.kind for cause in agent.causes] == ["unresolved-names"]


def test_a_name_for_a_local_address() -> None:
    candidate = replace(_remote("10.0.0.1", "1"), name="bbbb.local")
    assert candidate.to_sdp().address == "bbbb.local"
    related = Address("10.0.0.1", 5000)
    reflexive = replace(candidate, type="srflx", name=None, related=related)
    hidden = reflexive.to_sdp(hide_related=True)
    assert (hidden.related_address, hidden.related_port) == ("0.0.0.0", 0)


def test_events_tell_all_fields() -> None:
    agent = new_agent("a")
    candidate = replace(host(agent, "10.0.0.1"), interface="eth0", server="stun:a.example")
    agent.add_local(0.25, candidate, rtt=0.0125)
    entry = agent.take_events()[0].as_json()
    assert entry == {
        "t": 0.25,
        "event": "local-candidate",
        "candidate": "host udp 10.0.0.1:5000",
        "type": "host",
        "transport": "udp",
        "address": "10.0.0.1",
        "port": 5000,
        "priority": 2130706431,
        "foundation": candidate.foundation,
        "component": 1,
        "tcptype": None,
        "interface": "eth0",
        "server": "stun:a.example",
        "name": None,
        "rtt_ms": 12.5,
    }


@given(
    st.lists(
        st.sampled_from(
            ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2", "fd00::1"]
        ),
        unique=True,
        min_size=1,
    )
)
def test_neither_family_waits_for_all_of_the_other(addresses: list[str]) -> None:
    """RFC 8421, 4: families take turns as long as both have addresses left."""
    ranks = local_preferences(addresses)
    order = sorted(addresses, key=lambda ip: -ranks[ip])
    families = [":" in ip for ip in order]
    turns = min(families.count(True), families.count(False))
    assert all(one != other for one, other in itertools.pairwise(families[: 2 * turns]))
    assert len(set(ranks.values())) == len(addresses)
    for family in (True, False):
        assert [a for a in order if (":" in a) == family] == [
            a for a in addresses if (":" in a) == family
        ]


def test_dual_stack_selects_what_works() -> None:
    a, b = new_agent("a"), new_agent("b", controlling=False)
    for rank, suffix in enumerate((":", ".")):
        a.add_local(0.0, host(a, "2001:db8::1" if suffix == ":" else "10.0.0.1", rank))
        b.add_local(0.0, host(b, "2001:db8::2" if suffix == ":" else "10.0.0.2", rank))
    link: Link = introduce(a, b, alive=lambda address: address.family == 4)
    link.run(2.0)
    assert a.selected is not None
    assert a.selected.local.address.ip == "10.0.0.1"
    assert a.selected.state is PairState.SUCCEEDED


def test_zones_of_link_local_addresses_stay_on_this_machine() -> None:
    """The base has one, what is told and what is compared has none (RFC 4007, 11)."""
    a, b = new_agent("a"), new_agent("b", controlling=False)
    for agent, ip, zone in ((a, "fe80::1", "eth0"), (b, "fe80::2", "wlan0")):
        base = Address(f"{ip}%{zone}", 5000)
        agent.add_local(0.0, replace(host(agent, ip), base=base))
    assert "%" not in a.local[0].to_sdp().address
    link = introduce(a, b)
    zones = {"fe80::1": "fe80::1%eth0", "fe80::2": "fe80::2%wlan0"}
    # What a socket tells: its own address with the zone, and the peer's with the same one.
    link._ends = (
        lambda transmit: (  # type: ignore[method-assign]
            Address(zones[transmit.remote.ip], transmit.remote.port),
            Address(
                transmit.local.ip.partition("%")[0] + zones[transmit.remote.ip][7:],
                transmit.local.port,
            ),
        )
    )
    link.run(1.0)
    assert a.state == b.state == "completed"
    assert [c.type for c in (*a.local, *a.remote, *b.local, *b.remote)] == ["host"] * 4


def test_what_is_told_takes_the_room_of_what_came_by() -> None:
    agent = new_agent("a", settings=Settings(most_remote=3))
    agent.add_local(0.0, host(agent, "10.0.0.1"))
    agent.set_remote(0.0, B_CREDENTIALS)
    for number in range(5):
        data = stun.build(
            *(stun.Method.BINDING, stun.MessageClass.REQUEST, bytes([number] * 12)),
            [(stun.AttributeType.USERNAME, "aaaa:bbbb"), (stun.AttributeType.PRIORITY, 1)],
            key=stun.short_term_key(agent.credentials.pwd),
        )
        agent.receive(0.0, Address("10.0.0.1", 5000), Address("192.0.2.1", 1000 + number), data)
    assert [c.type for c in agent.remote] == ["prflx"] * 3
    for number in range(4):
        taken = agent.add_remote(0.0, _remote(f"10.0.1.{number}", str(number)))
        assert taken == (number < 3)
    assert [c.type for c in agent.remote] == ["host"] * 3
