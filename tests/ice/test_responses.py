"""Answers to checks (RFC 8445, 7.2.5), consent (RFC 7675), and what this side answers (7.3)."""

import pytest

from rtckit.core.address import Address
from rtckit.ice import Agent, PairState
from rtckit.wire import stun
from tests.ice.link import A_CREDENTIALS, B_CREDENTIALS, host, introduce, new_agent, two_agents

HERE, THERE = Address("10.0.0.1", 5000), Address("10.0.1.1", 5000)
KEY = stun.short_term_key(B_CREDENTIALS.pwd)


def _asking() -> tuple[Agent, bytes]:
    """An agent with one check under way, and its transaction id."""
    agent = new_agent("a")
    agent.add_local(0.0, host(agent, HERE.ip))
    agent.end_of_local(0.0)
    agent.set_remote(0.0, B_CREDENTIALS)
    agent.add_remote(0.0, host(agent, THERE.ip))
    agent.end_of_remote(0.0)
    agent.on_time(0.0)
    return agent, stun.parse(agent.take_transmits()[0].data).transaction_id


def _answer(transaction_id: bytes, *attributes: tuple[int, object], code: int = 0) -> bytes:
    kind = stun.MessageClass.ERROR if code else stun.MessageClass.SUCCESS
    if code:
        attributes = ((stun.AttributeType.ERROR_CODE, stun.ErrorCode(code, "No")), *attributes)
    return stun.build(stun.Method.BINDING, kind, transaction_id, list(attributes), key=KEY)


MAPPED = (stun.AttributeType.XOR_MAPPED_ADDRESS, HERE)


def test_a_request_has_what_rfc_8445_wants() -> None:
    """7.1 and 7.2.2; PRIORITY is that of a peer-reflexive candidate: 110 in place of 126."""
    agent = new_agent("a")
    agent.add_local(0.0, host(agent, HERE.ip))
    agent.set_remote(0.0, B_CREDENTIALS)
    agent.add_remote(0.0, host(agent, THERE.ip))
    agent.on_time(0.0)
    message = stun.parse(agent.take_transmits()[0].data)
    assert message.username == "bbbb:aaaa"
    assert message.priority == (110 << 24) + (65535 << 8) + 255
    assert message.controlling == agent.tie_breaker
    assert not message.use_candidate
    assert stun.verify_integrity(message, KEY) is True
    assert stun.verify_fingerprint(message) is True


@pytest.mark.parametrize(
    ("local", "remote"),
    [(HERE, Address("10.0.1.2", 5000)), (HERE, Address("10.0.1.1", 5001))],
)
def test_answers_from_elsewhere_fail_the_pair(local: Address, remote: Address) -> None:
    """7.2.5.2.1."""
    agent, transaction_id = _asking()
    agent.receive(0.05, local, remote, _answer(transaction_id, MAPPED))
    assert agent.pairs[0].state is PairState.FAILED
    assert agent.state == "failed"
    assert [cause.kind for cause in agent.causes] == ["other-source"]


def test_answers_to_another_address_of_this_side_fail_the_pair() -> None:
    agent, transaction_id = _asking()
    agent.add_local(0.0, host(agent, "10.0.0.2", rank=1))
    agent.receive(0.05, Address("10.0.0.2", 5000), THERE, _answer(transaction_id, MAPPED))
    assert agent.pairs[0].state is PairState.FAILED


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "XOR-MAPPED-ADDRESS"),
        ([MAPPED, (0x7FFE, b"must")], "0x7ffe"),
    ],
)
def test_answers_that_say_too_little_or_too_much(
    answer: list[tuple[int, object]], said: str
) -> None:
    agent, transaction_id = _asking()
    agent.receive(0.05, HERE, THERE, _answer(transaction_id, *answer))
    assert agent.pairs[0].state is PairState.FAILED
    assert said in (agent.pairs[0].last_error or "")


@pytest.mark.parametrize("code", [400, 401, 403, 500])
def test_refusals_fail_the_pair_at_once(code: int) -> None:
    """7.2.5.2.4."""
    agent, transaction_id = _asking()
    agent.receive(0.05, HERE, THERE, _answer(transaction_id, code=code))
    assert agent.pairs[0].state is PairState.FAILED
    assert agent.state == "failed"
    assert str(code) in (agent.failure or "") or code == 401


def test_a_mapped_address_that_is_new_is_a_candidate() -> None:
    """7.2.5.3.1: peer reflexive, based on the candidate that was sent from."""
    agent, transaction_id = _asking()
    mapped = Address("198.51.100.1", 4321)
    agent.receive(
        *(0.05, HERE, THERE),
        _answer(transaction_id, (stun.AttributeType.XOR_MAPPED_ADDRESS, mapped)),
    )
    learned = [c for c in agent.local if c.type == "prflx"]
    assert [(c.address, c.base) for c in learned] == [(mapped, HERE)]
    assert learned[0].priority == (110 << 24) + (65535 << 8) + 255
    told = [e.detail for e in agent.take_events() if e.event == "local-candidate"]
    assert told[-1]["learned"] is True
    assert len(agent.checklist) == 1


def test_unsigned_refusals_change_nothing_but_are_remembered() -> None:
    agent, transaction_id = _asking()
    forged = stun.build(
        *(stun.Method.BINDING, stun.MessageClass.ERROR, transaction_id),
        [(stun.AttributeType.ERROR_CODE, stun.ErrorCode(401, "Unauthorized"))],
    )
    agent.receive(0.05, HERE, THERE, forged)
    assert agent.pairs[0].state is PairState.IN_PROGRESS
    while agent.state == "checking":
        time = agent.next_time()
        assert time is not None
        agent.on_time(time)
    assert agent.pairs[0].last_error == (
        "no answer to 7 checks, but 401 Unauthorized without a good signature"
    )
    assert agent.causes[0].kind == "wrong-password"


def test_a_check_that_times_out_takes_39_5_seconds() -> None:
    """RFC 8489, 6.2.1: 0.5 + 1 + 2 + 4 + 8 + 16 + 16 x 0.5 seconds."""
    agent, _ = _asking()
    last = 0.0
    while agent.state == "checking":
        last = agent.next_time() or 0.0
        agent.on_time(last)
    assert last == pytest.approx(39.5)
    assert agent.pairs[0].requests_sent == 7


@pytest.mark.parametrize(
    ("attributes", "signed", "code"),
    [
        # RFC 8489, 9.1.3: without credentials 400, with wrong ones 401, and 420 only after that.
        ([(stun.AttributeType.PRIORITY, 1)], False, 400),
        ([(stun.AttributeType.USERNAME, "aaaa:bbbb")], False, 400),
        ([(stun.AttributeType.PRIORITY, 1)], True, 400),
        ([(stun.AttributeType.USERNAME, "bbbb:aaaa")], True, 401),
        ([(stun.AttributeType.USERNAME, "aaaa:bbbb"), (0x7FFE, b"new")], True, 420),
    ],
)
def test_requests_that_are_refused(
    attributes: list[tuple[int, object]], signed: bool, code: int
) -> None:
    agent, _ = _asking()
    key = stun.short_term_key(A_CREDENTIALS.pwd) if signed else None
    padding = [(stun.AttributeType.SOFTWARE, "a test with a long name")]
    data = stun.build(
        *(stun.Method.BINDING, stun.MessageClass.REQUEST, b"r" * 12),
        [*attributes, *padding],
        key=key,
    )
    assert agent.receive(0.0, HERE, THERE, data)
    answer = stun.parse(agent.take_transmits()[0].data)
    assert answer.error is not None
    assert answer.error.code == code
    if code == 420:
        assert answer.get(stun.AttributeType.UNKNOWN_ATTRIBUTES) == (0x7FFE,)


def test_a_request_from_another_fork_is_answered_and_teaches_nothing() -> None:
    """RFC 8445, 7.3: the user name is good when its first half is; there may be forks."""
    agent, _ = _asking()
    data = stun.build(
        *(stun.Method.BINDING, stun.MessageClass.REQUEST, b"r" * 12),
        [(stun.AttributeType.USERNAME, "aaaa:zzzz"), (stun.AttributeType.USE_CANDIDATE, True)],
        key=stun.short_term_key(A_CREDENTIALS.pwd),
    )
    agent.receive(0.0, HERE, Address("192.0.2.9", 9), data)
    answer = stun.parse(agent.take_transmits()[0].data)
    assert answer.message_class is stun.MessageClass.SUCCESS
    assert answer.xor_mapped_address == Address("192.0.2.9", 9)
    assert len(agent.remote) == 1


def test_403_takes_consent_back_at_once() -> None:
    """RFC 7675, 5.2."""
    link = two_agents()
    link.run(1.0)
    asked: list[bytes] = []
    link.lost = lambda transmit: bool(asked.append(transmit.data)) or transmit.local.ip == HERE.ip
    link.run(7.0, stop=lambda: any(stun.parse(d).username == "bbbb:aaaa" for d in asked))
    request = next(m for m in map(stun.parse, asked) if m.username == "bbbb:aaaa")
    forged = _answer(request.transaction_id, code=403)
    link.a.receive(link.now, HERE, Address("10.0.1.9", 1), forged)
    assert link.a.state == "completed"  # not from the pair's peer
    link.a.receive(link.now, HERE, THERE, forged)
    assert link.a.state == "failed"
    assert [cause.kind for cause in link.a.causes] == ["consent-revoked"]


def test_lost_consent_is_not_regained_with_the_same_credentials() -> None:
    """RFC 7675, 5.1: a new session or a restart is needed."""
    link = two_agents()
    link.run(1.0)
    link.lost = lambda transmit: transmit.local.ip == THERE.ip
    link.run(40.0)
    assert link.a.state == "failed"
    link.lost = lambda transmit: False
    link.run(80.0)
    assert link.a.state == "failed"
    assert link.a.causes[0].kind == "consent-expired"


def test_disconnected_and_back() -> None:
    link = two_agents()
    link.run(1.0)
    link.lost = lambda transmit: link.now < 20.0
    link.run(19.0)
    assert link.a.state == "disconnected"
    link.run(30.0)
    assert link.a.state == link.b.state == "completed"


def test_icmp_errors_are_believed_the_third_time() -> None:
    """7.2.5.2.2: anybody can send one, and a port may open a moment later."""
    agent, _ = _asking()
    for number in range(3):
        assert agent.pairs[0].state is PairState.IN_PROGRESS, number
        agent.fail_send(0.1 * number, HERE, THERE, "port unreachable", transient=True)
    assert agent.pairs[0].state is PairState.FAILED
    assert agent.state == "failed"
    assert agent.failure == "packets could not be sent: port unreachable"
    assert agent.causes[0].pairs == (1,)


def test_a_nomination_that_fails_moves_on_to_the_next_pair() -> None:
    """7.2.5.3.4: the pair is no longer valid; another one that works takes its place."""
    a, b = new_agent("a"), new_agent("b", controlling=False)
    for rank, ip in enumerate(("10.0.0.1", "10.0.0.2")):
        a.add_local(0.0, host(a, ip, rank))
    b.add_local(0.0, host(b, THERE.ip))
    link = introduce(a, b, one_way=0.005)

    def lost(transmit: object) -> bool:
        return "10.0.0.1" in (transmit.local.ip, transmit.remote.ip) and link.now > 0.0095  # type: ignore[attr-defined]

    link.lost = lost
    link.run(60.0)
    assert a.selected is not None
    assert a.selected.local.address.ip == "10.0.0.2"
    assert b.selected is not None
    assert b.selected.remote.address.ip == "10.0.0.2"
    assert a.state == b.state == "completed"


def test_a_nomination_whose_answers_got_lost_is_repeated() -> None:
    """The peer asks for consent, so it selected the pair, and would follow to no other."""
    link = two_agents()
    link.lost = lambda transmit: (
        0.06 < link.now < 45.0
        and transmit.local.ip == THERE.ip
        and stun.parse(transmit.data).message_class is stun.MessageClass.SUCCESS
    )
    link.run(44.0)
    assert link.a.selected is None
    assert link.b.state == "completed"
    link.run(60.0)
    assert link.a.state == link.b.state == "completed"
    nominations = [e for e in link.events["a"] if e.event == "sent" and e.detail["use_candidate"]]
    assert len(nominations) > 1


def test_an_interface_that_goes_away_is_told_at_once() -> None:
    """The state says so; consent decides whether the session ends (RFC 7675, 5.1)."""
    link = two_agents()
    link.run(1.0)
    link.a.fail_send(1.0, HERE, THERE, "network is unreachable")
    assert link.a.state == "disconnected"
    link.run(8.0)
    assert link.a.state == "completed"
