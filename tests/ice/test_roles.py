"""Roles and their conflicts (RFC 8445, 6.1.1, 7.2.5.1 and 7.3.1.1), lite ends (8.2)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.ice import Agent
from rtckit.wire import stun
from tests.ice.link import A_CREDENTIALS, B_CREDENTIALS, host, introduce, new_agent

HERE, THERE = Address("10.0.0.1", 5000), Address("10.0.1.1", 5000)


def _check(attribute: int, value: int, **more: object) -> bytes:
    """A request for agent a, as b would sign it."""
    attributes: list[tuple[int, object]] = [
        (stun.AttributeType.USERNAME, "aaaa:bbbb"),
        (stun.AttributeType.PRIORITY, 1845501695),
        (attribute, value),
    ]
    key = stun.short_term_key(A_CREDENTIALS.pwd)
    return stun.build(
        stun.Method.BINDING, stun.MessageClass.REQUEST, b"t" * 12, attributes, key=key
    )


def _agent(*, controlling: bool, tie_breaker: int) -> Agent:
    agent = new_agent("a", controlling=controlling)
    agent.tie_breaker = tie_breaker
    agent.add_local(0.0, host(agent, HERE.ip))
    agent.set_remote(0.0, B_CREDENTIALS)
    return agent


@pytest.mark.parametrize(
    ("controlling", "theirs", "refuses", "then_controlling"),
    [
        # RFC 8445, 7.3.1.1, bullet by bullet; this side's tie-breaker is 100.
        (True, 99, True, True),
        (True, 100, True, True),
        (True, 101, False, False),
        (False, 99, False, True),
        (False, 100, False, True),
        (False, 101, True, False),
    ],
)
def test_conflicts_in_requests(
    controlling: bool, theirs: int, refuses: bool, then_controlling: bool
) -> None:
    agent = _agent(controlling=controlling, tie_breaker=100)
    kinds = stun.AttributeType
    attribute = kinds.ICE_CONTROLLING if controlling else kinds.ICE_CONTROLLED
    agent.receive(0.0, HERE, THERE, _check(attribute, theirs))
    answer = stun.parse(agent.take_transmits()[-1].data)
    if refuses:
        assert answer.error is not None
        assert answer.error.code == 487
        assert stun.verify_integrity(answer, stun.short_term_key(A_CREDENTIALS.pwd)) is True
    else:
        assert answer.message_class is stun.MessageClass.SUCCESS
    assert agent.controlling is then_controlling


@pytest.mark.parametrize("controlling", [True, False])
def test_other_role_is_no_conflict(controlling: bool) -> None:
    agent = _agent(controlling=controlling, tie_breaker=1)
    kinds = stun.AttributeType
    attribute = kinds.ICE_CONTROLLED if controlling else kinds.ICE_CONTROLLING
    agent.receive(0.0, HERE, THERE, _check(attribute, 2**64 - 1))
    assert stun.parse(agent.take_transmits()[-1].data).message_class is stun.MessageClass.SUCCESS
    assert agent.controlling is controlling


@pytest.mark.parametrize("controlling", [True, False])
def test_a_487_switches_the_role_and_the_tie_breaker(controlling: bool) -> None:
    """RFC 8445, 7.2.5.1: the pair is checked again, in the new role, with a new tie-breaker."""
    agent = _agent(controlling=controlling, tie_breaker=100)
    agent.add_remote(0.0, host(agent, THERE.ip))
    agent.on_time(0.0)
    request = stun.parse(agent.take_transmits()[0].data)
    refusal = stun.build(
        *(stun.Method.BINDING, stun.MessageClass.ERROR, request.transaction_id),
        [(stun.AttributeType.ERROR_CODE, stun.ErrorCode(487, "Role Conflict"))],
        key=stun.short_term_key(B_CREDENTIALS.pwd),
    )
    agent.receive(0.05, HERE, THERE, refusal)
    assert agent.controlling is not controlling
    agent.on_time(0.05)
    again = stun.parse(agent.take_transmits()[0].data)
    ours = again.controlled if controlling else again.controlling
    assert ours == agent.tie_breaker != 100
    assert (again.controlling if controlling else again.controlled) is None


@given(
    roles=st.sampled_from([(True, True), (False, False)]),
    ties=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    nomination=st.sampled_from(["regular", "aggressive"]),
    one_way=st.sampled_from([0.0, 0.001, 0.05]),
    late=st.sampled_from([0.0, 0.01, 0.2]),
)
def test_conflicts_always_end(
    roles: tuple[bool, bool],
    ties: tuple[int, int],
    nomination: str,
    one_way: float,
    late: float,
) -> None:
    """Whatever the tie-breakers, equal ones too, one end controls and both select one pair."""
    a = new_agent("a", controlling=roles[0], nomination=nomination)
    b = new_agent("b", controlling=roles[1], nomination=nomination)
    a.tie_breaker, b.tie_breaker = ties
    a.add_local(0.0, host(a, HERE.ip))
    b.add_local(0.0, host(b, THERE.ip))
    link = introduce(a, b, one_way=one_way)
    link.lost = lambda transmit: link.now < late
    link.run(5.0)
    assert a.controlling != b.controlling
    assert a.selected is not None
    assert b.selected is not None
    assert a.state == b.state == "completed"


@pytest.mark.parametrize(("lite_a", "lite_b"), itertools.product((False, True), repeat=2))
def test_lite_and_full(lite_a: bool, lite_b: bool) -> None:
    """RFC 8445, 6.1.1: the full end controls; between two lite ones the initiator does."""
    a = new_agent("a", controlling=True, lite=lite_a)
    b = new_agent("b", controlling=False, lite=lite_b)
    a.add_local(0.0, host(a, HERE.ip))
    b.add_local(0.0, host(b, THERE.ip))
    link = introduce(a, b)
    link.run(2.0)
    assert a.state == b.state == "completed"
    assert a.controlling == (not lite_a or lite_b)
    assert b.controlling == (lite_a and not lite_b)
    for agent, is_lite in ((a, lite_a), (b, lite_b)):
        assert (agent.consent is None) == is_lite
        assert any(p.requests_sent for p in agent.checklist) == (not is_lite)


def test_two_lite_ends_take_the_best_pair_of_one_family() -> None:
    """RFC 8445, 8.2: same component, transport and family; nothing is checked."""
    a, b = new_agent("a", lite=True), new_agent("b", controlling=False, lite=True)
    a.add_local(0.0, host(a, "10.0.0.1", rank=1))
    a.add_local(0.0, host(a, "2001:db8::1", rank=0))
    b.add_local(0.0, host(b, "10.0.1.1"))
    link = introduce(a, b)
    link.run(1.0)
    assert a.selected is not None
    assert a.selected.local.address.ip == "10.0.0.1"
    assert b.selected is not None
    assert link.carried == 0


def test_a_lite_end_keeps_the_nat_open() -> None:
    """RFC 8445, 11: an indication every 15 seconds, signed by nobody, with FINGERPRINT only."""
    a = new_agent("a")
    b = new_agent("b", controlling=False, lite=True)
    a.add_local(0.0, host(a, HERE.ip))
    b.add_local(0.0, host(b, THERE.ip))
    link = introduce(a, b)
    seen: list[tuple[float, stun.Message]] = []

    def watch(transmit: object) -> bool:
        message = stun.parse(transmit.data)  # type: ignore[attr-defined]
        if message.message_class is stun.MessageClass.INDICATION:
            seen.append((link.now, message))
        return False

    link.lost = watch
    link.run(61.0)
    assert len(seen) == 4
    for _, message in seen:
        assert [attribute.type for attribute in message.attributes] == [
            stun.AttributeType.FINGERPRINT
        ]
    times = [time for time, _ in seen]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([15.0] * 3)
    assert a.state == b.state == "completed"
