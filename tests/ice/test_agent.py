"""The agent against RFC 8445: times are counted in round trips of a virtual link of 50 ms."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.ice import Agent, Credentials, IceCandidate, PairState, Settings
from rtckit.wire import stun
from tests.ice.agreement import unlike_agents
from tests.ice.link import A_CREDENTIALS, B_CREDENTIALS, Link, host, two_agents

RTT = 0.05


def _is_settled(link: Link) -> bool:
    return link.a.state == link.b.state == "completed"


def _same_pair(link: Link) -> bool:
    ours, theirs = link.a.selected, link.b.selected
    return (
        ours is not None
        and theirs is not None
        and (ours.local.base, ours.remote.address) == (theirs.remote.address, theirs.local.base)
    )


def test_regular_nomination_takes_two_round_trips() -> None:
    link = two_agents()
    link.run(1.0)
    assert link.time_of("a", "selected") == pytest.approx(2 * RTT)
    assert _is_settled(link)
    assert _same_pair(link)


def test_aggressive_nomination_takes_one() -> None:
    link = two_agents(nomination="aggressive")
    link.run(1.0)
    assert link.time_of("a", "selected") == pytest.approx(RTT)
    assert _same_pair(link)


def test_the_first_pair_does_not_wait_for_dead_addresses() -> None:
    """Seven addresses a side lead nowhere, and the one of the default route comes first."""
    link = two_agents(addresses=8, alive=lambda address: address.ip.endswith(".1"))
    link.run(5.0)
    assert link.time_of("a", "selected") == pytest.approx(2 * RTT)
    assert link.a.selected is not None
    assert link.a.selected.local.address.ip == "10.0.0.1"


def test_checks_are_paced() -> None:
    """No two new checks within Ta (RFC 8445, 6.1.4)."""
    link = two_agents(addresses=6, alive=lambda address: False)
    link.run(0.2)
    times = [event.t for event in link.events["a"] if event.event == "sent"]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) > 10
    assert min(gaps) >= Settings().ta - 1e-9


def test_retransmissions_double() -> None:
    """RTO 500 ms: sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 seconds (RFC 8489, 6.2.1)."""
    link = two_agents(alive=lambda address: False)
    link.run(39.0)
    times = [e.t for e in link.events["a"] if e.event in ("sent", "retransmitted")]
    assert times == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5])


def test_gives_up_when_rfc_8863_allows() -> None:
    link = two_agents(alive=lambda address: False)
    link.run(60.0)
    assert link.time_of("a", "state", state="failed") == pytest.approx(39.5)
    assert link.a.failure


def test_fails_at_once_without_a_pair_that_could_work() -> None:
    a = Agent(controlling=True, credentials=A_CREDENTIALS, random=random.Random(1))
    a.add_local(0.0, host(a, "10.0.0.1"))
    a.end_of_local(0.0)
    a.set_remote(0.0, B_CREDENTIALS)
    a.add_remote(0.0, host(a, "2001:db8::1"))
    a.end_of_remote(0.1)
    assert a.state == "failed"
    assert a.failure == "no local candidate suits any remote one: IPv4 against IPv6"
    assert [cause.kind for cause in a.causes] == ["no-pairs"]


@pytest.mark.parametrize("roles", [(True, True), (False, False)])
def test_role_conflicts_are_repaired(roles: tuple[bool, bool]) -> None:
    link = two_agents(controlling=roles)
    link.run(2.0)
    assert _same_pair(link)
    assert link.a.controlling != link.b.controlling


def test_lite_peer_only_answers() -> None:
    link = two_agents(lite=True)
    link.run(1.0)
    assert link.a.controlling
    assert not link.b.controlling
    assert _same_pair(link)
    assert not [event for event in link.events["b"] if event.event == "sent"]


def test_checks_before_the_answer_are_remembered() -> None:
    """RFC 8445, 7.3: the offerer's checks arrive before the answerer knows its credentials."""
    link = two_agents()
    late = Agent(controlling=False, credentials=B_CREDENTIALS, random=random.Random(9))
    late.add_local(0.0, host(late, "10.0.1.1"))
    link.b = late
    link.run(0.2)
    assert late.selected is None
    late.set_remote(0.2, A_CREDENTIALS)
    link.run(1.0)
    assert _same_pair(link)
    assert late.selected is not None
    assert late.selected.remote.type == "prflx"


def test_a_learned_candidate_gets_its_name_when_it_is_told() -> None:
    link = two_agents()
    late = Agent(controlling=False, credentials=B_CREDENTIALS, random=random.Random(9))
    late.add_local(0.0, host(late, "10.0.1.1"))
    late.set_remote(0.0, A_CREDENTIALS)
    link.b = late
    link.run(0.03)
    assert [candidate.type for candidate in late.remote] == ["prflx"]
    late.add_remote(0.03, link.a.local[0])
    assert [candidate.type for candidate in late.remote] == ["host"]
    assert [pair.remote.type for pair in late.checklist] == ["host"]


def test_consent_is_asked_for_and_lost() -> None:
    """RFC 7675, 5.1: every 4 to 6 seconds; 30 seconds without an answer end it."""
    silent_from = 100.0
    link = two_agents()
    link.lost = lambda transmit: link.now >= silent_from
    link.run(90.0)
    asked = [e.t for e in link.events["a"] if e.event == "consent" and "asked" in e.detail]
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert 14 <= len(asked) <= 23
    assert all(4.0 - 1e-6 <= gap <= 6.0 + 1e-6 for gap in gaps)
    assert link.a.state == "completed"
    link.run(140.0)
    assert link.a.state == "failed"
    lost_at = link.time_of("a", "state", state="failed")
    assert lost_at is not None
    assert 124.0 <= lost_at <= 130.1


def test_slow_answers_keep_consent() -> None:
    """A round trip of three seconds is slow, not silence."""
    link = two_agents(one_way=1.5)
    link.run(120.0)
    assert link.a.state == link.b.state == "completed"


def test_restart_moves_to_new_credentials() -> None:
    link = two_agents()
    link.run(1.0)
    before = link.a.selected
    new = Credentials("cccc", "c" * 22), Credentials("dddd", "d" * 22)
    link.a.restart(1.0, new[0])
    link.b.restart(1.0, new[1])
    assert link.a.selected is before
    for agent, other in ((link.a, link.b), (link.b, link.a)):
        agent.set_remote(1.0, other.credentials)
        for candidate in list(other.local):
            agent.add_remote(1.0, candidate)
    link.run(2.0)
    assert _same_pair(link)
    assert link.a.selected is not before


def test_an_unsendable_pair_does_not_cost_time() -> None:
    link = two_agents(addresses=8, alive=lambda address: address.ip.endswith(".8"))
    for agent in (link.a, link.b):
        for pair in list(agent.checklist):
            if not (pair.local.address.ip.endswith(".8") and pair.remote.address.ip.endswith(".8")):
                agent.fail_send(0.0, pair.local.base, pair.remote.address, "no route to host")
    link.run(1.0)
    assert link.time_of("a", "selected") == pytest.approx(2 * RTT)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    loss=st.floats(0, 0.6),
    one_way=st.floats(0, 0.3),
    addresses=st.integers(1, 4),
    roles=st.tuples(st.booleans(), st.booleans()),
    nomination=st.sampled_from(["regular", "aggressive"]),
    dead=st.sets(st.integers(1, 4)),
)
def test_both_ends_select_one_and_the_same_pair(
    seed: int,
    loss: float,
    one_way: float,
    addresses: int,
    roles: tuple[bool, bool],
    nomination: str,
    dead: set[int],
) -> None:
    """Whatever is lost, whichever addresses are dead: if a pair can work, both end on the same."""
    dice = random.Random(seed)
    link = two_agents(
        seed=seed,
        controlling=roles,
        addresses=addresses,
        nomination=nomination,
        one_way=one_way,
        alive=lambda address: int(address.ip.rpartition(".")[2]) not in dead,
    )
    link.lost = lambda transmit: dice.random() < loss and link.now < 20
    link.run(120.0)
    if set(range(1, addresses + 1)) <= dead:
        assert link.a.state == link.b.state == "failed"
    else:
        assert _same_pair(link), (link.a.selected, link.b.selected)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_agents_that_differ_agree(seed: int) -> None:
    """Aggressive against regular, both of one role, other priorities, renomination on one end."""
    assert unlike_agents(seed) is None


def _established() -> tuple[Link, bytes]:
    link = two_agents()
    seen: list[bytes] = []
    link.lost = lambda transmit: bool(seen.append(transmit.data))
    link.run(1.0)
    return link, seen[0]


def _snapshot(agent: Agent) -> tuple[object, ...]:
    pairs = tuple((p.state, p.valid, p.nominated) for p in agent.checklist)
    return agent.state, agent.selected, agent.controlling, len(agent.remote), pairs


def test_forged_messages_change_nothing() -> None:
    link, _ = _established()
    before = _snapshot(link.b)
    local, remote = Address("10.0.1.1", 5000), Address("192.0.2.66", 6)
    attributes = [
        (stun.AttributeType.USERNAME, "bbbb:aaaa"),
        (stun.AttributeType.PRIORITY, 1),
        (stun.AttributeType.ICE_CONTROLLING, 2**64 - 1),
        (stun.AttributeType.USE_CANDIDATE, True),
    ]
    for key in (None, stun.short_term_key("wrong password wrong pass")):
        data = stun.build(
            stun.Method.BINDING, stun.MessageClass.REQUEST, b"x" * 12, attributes, key=key
        )
        assert link.b.receive(1.0, local, remote, data)
        answers = link.b.take_transmits()
        assert all(len(answer.data) <= len(data) for answer in answers)
        assert _snapshot(link.b) == before
    error = stun.ErrorCode(487, "Role Conflict")
    forged = stun.build(
        *(stun.Method.BINDING, stun.MessageClass.ERROR, b"y" * 12),
        [(stun.AttributeType.ERROR_CODE, error)],
    )
    link.b.receive(1.0, local, remote, forged)
    assert _snapshot(link.b) == before


def test_mutated_messages_change_nothing_and_raise_nothing() -> None:
    link, check = _established()
    before = _snapshot(link.b)
    dice = random.Random(4)
    local, remote = Address("10.0.1.1", 5000), Address("192.0.2.66", 6)
    for _ in range(20_000):
        data = bytearray(check)
        for _ in range(dice.randint(1, 4)):
            # Without the last eight bytes, FINGERPRINT, it would be signed as it was.
            data[dice.randrange(len(data) - 8)] ^= 1 << dice.randrange(8)
        cut = bytes(data[: dice.randint(0, len(data))]) if dice.random() < 0.2 else bytes(data)
        if cut == check:
            continue
        link.b.receive(1.0, local, remote, cut)
        for answer in link.b.take_transmits():
            assert len(answer.data) <= len(cut)
    link.b.take_events()
    assert _snapshot(link.b) == before


def test_a_flood_of_candidates_stays_bounded() -> None:
    link, _ = _established()
    key = stun.short_term_key(B_CREDENTIALS.pwd)
    for number in range(2000):
        data = stun.build(
            *(stun.Method.BINDING, stun.MessageClass.REQUEST, number.to_bytes(12, "big")),
            [(stun.AttributeType.USERNAME, "bbbb:aaaa"), (stun.AttributeType.PRIORITY, number)],
            key=key,
        )
        link.b.receive(1.0, Address("10.0.1.1", 5000), Address("192.0.2.1", 1024 + number), data)
        link.b.take_transmits()
    assert len(link.b.remote) <= Settings().most_remote
    assert len(link.b.checklist) <= Settings().most_pairs


def test_redundant_candidates_are_not_taken() -> None:
    agent = Agent(controlling=True, credentials=A_CREDENTIALS, random=random.Random(1))
    assert agent.add_local(0.0, host(agent, "10.0.0.1"))
    assert not agent.add_local(0.0, host(agent, "10.0.0.1"))


def test_a_reflexive_candidate_makes_no_pair_of_its_own() -> None:
    """Its checks leave from its base, which has pairs already (RFC 8445, 6.1.2.4)."""
    link = two_agents()
    base = link.a.local[0].address
    mapped = Address("198.51.100.1", 4000)
    link.a.add_local(0.0, IceCandidate("srflx", "udp", mapped, base, 1677729535, "f", related=base))
    assert len(link.a.checklist) == 1
    assert next(iter(link.a.checklist)).state is PairState.WAITING
