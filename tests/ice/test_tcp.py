"""TCP candidates in the agent (RFC 6544)."""

import itertools

import pytest

from rtckit.core.address import Address
from rtckit.ice import IceCandidate, PairState
from rtckit.ice.pairs import why_not_paired
from rtckit.ice.priority import candidate_priority, tcp_local_preference
from tests.ice.link import Link, host, introduce, new_agent, tcp_host

HERE, THERE = "10.0.0.1", "10.0.1.1"


def _pair(a: str, b: str, **options: str) -> Link:
    one = new_agent("a", **options)
    other = new_agent("b", controlling=False)
    for agent, ip, kinds in ((one, HERE, a), (other, THERE, b)):
        for kind in kinds.split():
            agent.add_local(0.0, host(agent, ip) if kind == "udp" else tcp_host(agent, ip, kind))
    return introduce(one, other)


@pytest.mark.parametrize(
    ("local", "remote"), itertools.product(("active", "passive", "so"), repeat=2)
)
def test_who_suits_whom(local: str, remote: str) -> None:
    """6.2: so with so, active with passive; pairs whose local end is passive are pruned."""
    agent = new_agent()
    ours, theirs = tcp_host(agent, HERE, local), tcp_host(agent, THERE, remote)
    suits = (local, remote) in {("active", "passive"), ("so", "so")}
    assert (why_not_paired(ours, theirs) is None) == suits


def test_directions_have_an_order() -> None:
    """4.2: 2^13 x direction preference + other; active 6, passive 4, so 2 when not relayed."""
    priorities = [
        candidate_priority("host", tcp_local_preference("host", kind, 100))
        for kind in ("active", "passive", "so")
    ]
    assert priorities == [
        (126 << 24) + ((6 * 8192 + 100) << 8) + 255,
        (126 << 24) + ((4 * 8192 + 100) << 8) + 255,
        (126 << 24) + ((2 * 8192 + 100) << 8) + 255,
    ]


@pytest.mark.parametrize("active", ["a", "b"])
def test_active_meets_passive(active: str) -> None:
    """The passive end learns a peer-reflexive candidate, the active one its own port (7.1)."""
    link = _pair("active", "passive") if active == "a" else _pair("passive", "active")
    link.run(2.0)
    opener, listener = (link.a, link.b) if active == "a" else (link.b, link.a)
    assert opener.selected is not None
    assert listener.selected is not None
    assert opener.selected.local.tcptype == "active"
    assert opener.selected.mapped is not None
    assert opener.selected.mapped.type == "prflx"
    assert listener.selected.remote.type == "prflx"
    assert listener.selected.remote.tcptype == "active"
    assert opener.selected.mapped.address == listener.selected.remote.address
    assert link.a.state == link.b.state == "completed"


def test_udp_is_preferred_and_tcp_is_what_is_left() -> None:
    link = _pair("udp active", "udp passive")
    link.run(2.0)
    assert link.a.selected is not None
    assert link.a.selected.local.transport == "udp"
    blocked = _pair("udp active", "udp passive")
    blocked.lost = lambda transmit: transmit.transport == "udp"
    blocked.run(2.0)
    assert blocked.a.selected is not None
    assert blocked.b.selected is not None
    assert blocked.a.selected.local.transport == blocked.b.selected.local.transport == "tcp"


def test_nothing_is_sent_twice_over_tcp() -> None:
    """7.1: TCP takes care of delivery; the check waits Ti = 39.5 s (RFC 8489, 6.2.2)."""
    link = _pair("active", "passive")
    link.lost = lambda transmit: True
    link.run(39.4)
    assert link.a.pairs[0].requests_sent == 1
    assert link.a.state == "checking"
    link.run(39.6)
    assert link.a.state == "failed"


def test_a_refused_connection_fails_at_once() -> None:
    link = _pair("active", "passive")
    link.lost = lambda transmit: True
    link.run(0.01)
    link.a.fail_send(
        *(0.05, Address(HERE, 9), Address(THERE, 6000), "connection refused"), transport="tcp"
    )
    assert link.a.state == "failed"
    assert link.a.failure == "packets could not be sent: connection refused"


def test_a_listener_waits_for_the_peer_to_connect() -> None:
    """It has no pair of its own, and still does not give up early."""
    agent = new_agent("a")
    agent.add_local(0.0, tcp_host(agent, HERE, "passive"))
    agent.end_of_local(0.0)
    agent.set_remote(0.0, new_agent("b").credentials)
    agent.add_remote(0.0, tcp_host(agent, THERE, "active"))
    agent.end_of_remote(0.0)
    assert not agent.pairs
    assert agent.state == "checking"
    agent.on_time(39.5)
    assert agent.state == "failed"


def test_with_tcp_candidates_nomination_is_regular() -> None:
    """8: aggressive nomination would close connections about to be selected."""
    link = _pair("udp active", "udp passive", nomination="aggressive")
    link.run(2.0)
    first = next(e for e in link.events["a"] if e.event == "sent")
    assert first.detail["use_candidate"] is False
    assert link.a.state == link.b.state == "completed"


def test_a_connection_that_ends_is_opened_again() -> None:
    """11.1: the active end opens it and checks; data goes on when that is answered."""
    link = _pair("active", "passive")
    link.run(1.0)
    assert link.a.selected is not None
    base, remote = link.a.selected.local.base, link.a.selected.remote.address
    link.connections.clear()
    link.a.fail_send(1.0, base, remote, "connection reset", transport="tcp")
    assert link.a.state == "disconnected"
    link.run(2.0)
    assert link.a.state == "completed"
    link.a.fail_send(2.0, base, remote, "connection reset", transport="tcp")
    link.a.fail_send(2.1, base, remote, "connection refused", transport="tcp")
    assert link.a.state == "failed"
    assert link.a.causes[0].kind == "connection-lost"


def test_a_pair_not_in_use_is_given_up_with_its_connection() -> None:
    link = _pair("udp active", "udp passive")
    link.run(2.0)
    tcp = next(p for p in link.a.pairs if p.local.transport == "tcp")
    if tcp.valid:
        link.a.fail_send(2.0, tcp.local.base, tcp.remote.address, "closed", transport="tcp")
        assert tcp.state is PairState.FAILED
    assert link.a.state == "completed"


def test_sdp_of_tcp_candidates() -> None:
    """4.5: tcptype is written, port 9 for active ones."""
    agent = new_agent()
    line = tcp_host(agent, HERE, "active").to_sdp()
    assert (line.transport, line.port, line.tcptype) == ("tcp", 9, "active")
    assert IceCandidate.from_sdp(line).tcptype == "active"
