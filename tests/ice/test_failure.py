"""When and with which causes an agent gives up (RFC 8445, 6.1.2.1; RFC 8863, 4)."""

import random
from collections.abc import Callable

import pytest

from rtckit.core.address import Address
from rtckit.ice import Agent, Credentials, IceCandidate, Settings
from rtckit.wire import stun
from tests.ice.link import (
    A_CREDENTIALS,
    B_CREDENTIALS,
    Link,
    host,
    introduce,
    new_agent,
    two_agents,
)

HERE, THERE = Address("10.0.0.1", 5000), Address("10.0.1.1", 5000)


def _kinds(agent: Agent) -> list[str]:
    return [cause.kind for cause in agent.causes]


def _ready(*, remote: bool = True, local: bool = True) -> Agent:
    agent = new_agent("a")
    if local:
        agent.add_local(0.0, host(agent, HERE.ip))
    agent.end_of_local(0.0)
    agent.set_remote(0.0, B_CREDENTIALS)
    if remote:
        agent.add_remote(0.0, host(agent, THERE.ip))
    return agent


def test_at_once_when_every_pair_cannot_be_sent_on() -> None:
    agent = _ready()
    agent.end_of_remote(0.0)
    agent.on_time(0.0)
    agent.fail_send(0.001, HERE, THERE, "network is unreachable")
    assert agent.state == "failed"
    assert agent.failure == "packets could not be sent: network is unreachable"
    assert _kinds(agent) == ["unreachable"]
    told = agent.take_events()[-1]
    assert told.detail["why"] == agent.failure
    assert told.detail["causes"][0]["kind"] == "unreachable"


@pytest.mark.parametrize("missing", ["end_of_remote", "end_of_local"])
def test_not_while_more_candidates_may_come(missing: str) -> None:
    """RFC 8838, 8: trickling ends with end-of-candidates."""
    agent = new_agent("a")
    agent.add_local(0.0, host(agent, HERE.ip))
    agent.set_remote(0.0, B_CREDENTIALS)
    agent.add_remote(0.0, host(agent, THERE.ip))
    for ending in {"end_of_remote", "end_of_local"} - {missing}:
        getattr(agent, ending)(0.0)
    agent.on_time(0.0)
    agent.fail_send(0.001, HERE, THERE, "network is unreachable")
    assert agent.state == "checking"
    assert agent.next_time() == pytest.approx(39.5)


def test_not_before_the_timer_when_asked_to_wait() -> None:
    """RFC 8863, 4, to the letter: no failure while the PAC timer runs."""
    agent = new_agent("a", settings=Settings(fail_at_once=False))
    agent.add_local(0.0, host(agent, HERE.ip))
    agent.end_of_local(0.0)
    agent.set_remote(0.0, B_CREDENTIALS)
    agent.add_remote(0.0, host(agent, "2001:db8::1"))
    agent.end_of_remote(0.0)
    assert agent.state == "checking"
    agent.on_time(39.4)
    assert agent.state == "checking"
    agent.on_time(39.5)
    assert agent.state == "failed"
    assert _kinds(agent) == ["no-pairs"]


def test_the_peer_without_candidates_may_still_come() -> None:
    """RFC 8863, 3: it may check this side from addresses it did not tell of."""
    link = two_agents()
    a = _ready(remote=False)
    a.end_of_remote(0.0)
    assert a.state == "checking"
    b = new_agent("b", controlling=False)
    b.add_local(0.0, host(b, THERE.ip))
    b.end_of_local(0.0)
    b.set_remote(0.0, A_CREDENTIALS)
    b.add_remote(0.0, a.local[0])
    b.end_of_remote(0.0)
    link = Link(a, b)
    link.run(1.0)
    assert a.state == b.state == "completed"


def test_a_check_that_comes_late_revives() -> None:
    a = _ready()
    a.end_of_remote(0.0)
    a.on_time(0.0)
    a.fail_send(0.001, HERE, THERE, "network is unreachable")
    assert a.state == "failed"
    b = new_agent("b", controlling=False)
    b.add_local(1.0, host(b, THERE.ip))
    b.end_of_local(1.0)
    b.set_remote(1.0, A_CREDENTIALS)
    b.add_remote(1.0, a.local[0])
    b.end_of_remote(1.0)
    link = Link(a, b, now=1.0)
    link.run(2.0)
    assert a.state == b.state == "completed"
    assert a.failure is None
    assert a.causes == ()


def test_no_local_candidates() -> None:
    agent = _ready(local=False)
    agent.end_of_remote(0.0)
    assert agent.state == "failed"
    assert _kinds(agent) == ["no-local-candidates"]


def _run_out(link: Link) -> None:
    link.run(80.0)


def _silence(link: Link) -> None:
    link.lost = lambda transmit: True


def _one_way(link: Link) -> None:
    link.lost = lambda transmit: transmit.local.ip == HERE.ip


def _no_answers_to_a(link: Link) -> None:
    link.lost = lambda transmit: (
        transmit.local.ip == THERE.ip
        and stun.parse(transmit.data).message_class is not stun.MessageClass.REQUEST
    )


@pytest.mark.parametrize(
    ("spoil", "causes"),
    [
        (_silence, (["nothing-heard"], ["nothing-heard"])),
        (_one_way, (["one-way"], ["nothing-heard"])),
        (_no_answers_to_a, (["one-way"], ["not-nominated"])),
    ],
)
def test_what_was_heard_tells_the_cause(
    spoil: Callable[[Link], None], causes: tuple[list[str], list[str]]
) -> None:
    link = two_agents()
    spoil(link)
    _run_out(link)
    assert link.a.state == link.b.state == "failed"
    assert (_kinds(link.a), _kinds(link.b)) == causes
    assert all(cause.fix for cause in (*link.a.causes, *link.b.causes))


def test_a_wrong_password_is_named_on_both_ends() -> None:
    """One end has the password of an old description: its checks get 401, unsigned."""
    a, b = new_agent("a"), new_agent("b", controlling=False)
    for agent, ip in ((a, HERE.ip), (b, THERE.ip)):
        agent.add_local(0.0, host(agent, ip))
        agent.end_of_local(0.0)
    a.set_remote(0.0, Credentials("bbbb", "of another session, long"))
    b.set_remote(0.0, A_CREDENTIALS)
    for agent, other in ((a, b), (b, a)):
        agent.add_remote(0.0, IceCandidate.from_sdp(other.local[0].to_sdp()))
        agent.end_of_remote(0.0)
    link = Link(a, b)
    _run_out(link)
    assert a.state == b.state == "failed"
    assert "wrong-password" in _kinds(a)
    assert "wrong-password" in _kinds(b)


def test_a_wrong_ufrag_is_named() -> None:
    a, b = new_agent("a"), new_agent("b", controlling=False)
    for agent, ip in ((a, HERE.ip), (b, THERE.ip)):
        agent.add_local(0.0, host(agent, ip))
        agent.end_of_local(0.0)
    a.set_remote(0.0, Credentials("zzzz", B_CREDENTIALS.pwd))
    b.set_remote(0.0, Credentials("yyyy", A_CREDENTIALS.pwd))
    for agent, other in ((a, b), (b, a)):
        agent.add_remote(0.0, IceCandidate.from_sdp(other.local[0].to_sdp()))
        agent.end_of_remote(0.0)
    link = Link(a, b)
    _run_out(link)
    assert "wrong-ufrag" in _kinds(a)
    assert "wrong-ufrag" in _kinds(b)


def test_trickled_late_a_pair_still_gets_its_time() -> None:
    """It comes half a minute after the others failed to answer, and is not cut off by the timer."""
    a, b = new_agent("a"), new_agent("b", controlling=False)
    a.add_local(0.0, host(a, HERE.ip))
    b.add_local(0.0, host(b, "10.0.1.9", rank=1))
    a.set_remote(0.0, B_CREDENTIALS)
    b.set_remote(0.0, A_CREDENTIALS)
    a.add_remote(0.0, b.local[0])
    link = Link(a, b, one_way=0.4, alive=lambda address: address.ip != "10.0.1.9")
    link.run(39.3)
    assert a.state == "checking"
    b.add_local(39.3, host(b, THERE.ip))
    a.add_remote(39.3, b.local[-1])
    link.run(45.0)
    assert a.selected is not None
    assert b.selected is not None
    assert a.state == "completed"


def test_seeds_decide_everything() -> None:
    """No clock and no chance of its own: the same calls give the same datagrams."""

    def sent() -> list[bytes]:
        a, b = new_agent("a"), new_agent("b", controlling=False)
        dice = random.Random(3)
        for rank in range(3):
            a.add_local(0.0, host(a, f"10.0.0.{rank + 1}", rank))
            b.add_local(0.0, host(b, f"10.0.1.{rank + 1}", rank))
        link = introduce(a, b)
        found: list[bytes] = []
        link.lost = lambda transmit: bool(found.append(transmit.data)) or dice.random() < 0.3
        link.run(30.0)
        return found

    assert sent() == sent()
