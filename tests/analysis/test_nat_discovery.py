"""The plan of NAT tests and what is concluded from them, against virtual NATs and servers."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.analysis.nat import (
    ADDRESS_AND_PORT_DEPENDENT,
    ADDRESS_DEPENDENT,
    ENDPOINT_INDEPENDENT,
    Answer,
    Confidence,
    NatBehavior,
    NatTest,
    Outcome,
)
from rtckit.analysis.nat_discovery import discover
from rtckit.core.address import Address
from rtckit.ice.virtual.nat import Nat, NatType

S, T = Address("203.0.113.10", 3478), Address("203.0.113.11", 3479)
KINDS = (ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)


@dataclass
class Server:
    """What a STUN server does with RFC 5780."""

    other: Address | None = T
    keeps_changes: bool = True
    silent_other: bool = False
    error: int = 0


@dataclass
class World:
    """A host behind NATs (the nearest first), a server, losses; time passes while it waits."""

    types: Sequence[NatType]
    server: Server = field(default_factory=Server)
    loss: float = 0.0
    seed: int = 1
    now: float = 0.0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.nats = [
            Nat(f"nat {at}", f"198.51.100.{at + 1}", kind, Random(f"{self.seed}/{at}"))
            for at, kind in enumerate(self.types)
        ]
        self.sockets: dict[str, Address] = {}

    def run(self, **options: object) -> NatBehavior:
        plan = discover(S, **options)  # type: ignore[arg-type]
        try:
            tests = next(plan)
            while True:
                tests = plan.send(self.make(tests))
        except StopIteration as stop:
            behavior: NatBehavior = stop.value
            return behavior

    def make(self, tests: Sequence[NatTest]) -> list[Outcome]:
        began = self.now
        outcomes: dict[int, Outcome] = {}
        answered: set[int] = set()
        for name in (name for test in tests for name in (test.socket, test.at) if name):
            self.sockets.setdefault(name, Address("10.0.0.2", 40000 + 7 * len(self.sockets)))
        # As on a network: the first sendings of all, then the second of those not answered...
        order = sorted(
            (test.wait_s + attempt * test.rto_s, number)
            for number, test in enumerate(tests)
            for attempt in range(test.attempts)
        )
        for time, number in order:
            test = tests[number]
            self.now = began + time
            if number in answered:
                continue
            local = self.sockets[test.socket]
            sent = outcomes[number].sent + 1 if number in outcomes else 1
            answer = self.exchange(test, local)
            if isinstance(answer, tuple) and not isinstance(answer, Answer):
                outcomes[number] = Outcome(test, local, sent, error=answer)
            else:
                outcomes[number] = Outcome(test, local, sent, answer=answer)
            if answer is not None:
                answered.add(number)
        return [outcomes[number] for number in range(len(tests))]

    def lost(self) -> bool:
        return self.random.random() < self.loss

    def exchange(self, test: NatTest, local: Address) -> Answer | tuple[int, str] | None:
        source = local
        for nat in self.nats:
            turned = test.to.ip == nat.ip
            if turned and not nat.type.hairpinning:
                return None
            mapped = nat.send_out(self.now, source, test.to)
            if isinstance(mapped, str):
                return None
            source = mapped
            if turned:
                return self.arrive(source, test.to, self.nats[: self.nats.index(nat) + 1])
        if self.lost() or test.to.ip not in (S.ip, T.ip):
            return None
        if self.server.silent_other and test.to != S:
            return None
        if self.server.error and not test.plain:
            return self.server.error, "Unknown Attribute"
        reply_from, reply_to = test.to, source
        if self.server.keeps_changes:
            ip = T.ip if test.change_ip else test.to.ip
            reply_from = Address(ip, T.port if test.change_port else test.to.port)
        if test.response_port is not None:
            reply_to = Address(source.ip, test.response_port)
        if self.lost():
            return None
        arrived = self.arrive(reply_from, reply_to, self.nats)
        if arrived is None:
            return None
        other = self.server.other
        return Answer(reply_from, arrived.at, source, source, other, reply_from, test.padding)

    def arrive(self, source: Address, to: Address, nats: Sequence[Nat]) -> Answer | None:
        for nat in reversed(nats):
            inside = nat.take_in(self.now, source, to)
            if isinstance(inside, str):
                return None
            to = inside
        names = [name for name, address in self.sockets.items() if address == to]
        return Answer(source, names[0]) if names else None


nat_types = st.builds(
    NatType,
    st.sampled_from(KINDS),
    st.sampled_from(KINDS),
    st.booleans(),
    st.booleans(),
)


def stricter(kinds: Sequence[str]) -> str:
    return max(kinds, key=KINDS.index)


@given(types=st.lists(nat_types, min_size=1, max_size=3), seed=st.integers(0, 10**9))
def test_every_nat_and_row_of_nats_is_told_right(types: list[NatType], seed: int) -> None:
    behavior = World(types, seed=seed).run()
    assert behavior.mapping.value == stricter([kind.mapping for kind in types])
    assert behavior.filtering.value == stricter([kind.filtering for kind in types])
    assert behavior.mapping.confidence is Confidence.HIGH
    assert behavior.filtering.confidence is Confidence.HIGH
    assert behavior.translated.value is True


@pytest.mark.parametrize(("mapping", "filtering"), itertools.product(KINDS, KINDS))
@pytest.mark.parametrize("preserving", [False, True])
def test_ports_and_hairpinning(mapping: str, filtering: str, preserving: bool) -> None:
    for hairpinning in (False, True):
        kind = NatType(mapping, filtering, hairpinning, preserving)
        behavior = World([kind]).run()
        if mapping == ENDPOINT_INDEPENDENT:
            assert behavior.hairpinning.value is hairpinning
            assert behavior.hairpinning.confidence is Confidence.HIGH
        elif not hairpinning:
            assert behavior.hairpinning.value is False
        if mapping == ENDPOINT_INDEPENDENT:
            assert behavior.port_preservation.value is preserving


@given(
    types=st.lists(nat_types, min_size=1, max_size=2),
    loss=st.floats(0, 0.1),
    seed=st.integers(0, 10**9),
)
def test_losses_make_it_unsure_and_not_wrong(types: list[NatType], loss: float, seed: int) -> None:
    behavior = World(types, loss=loss, seed=seed).run()
    assert behavior.mapping.value in ("unknown", stricter([kind.mapping for kind in types]))
    assert behavior.filtering.value in ("unknown", stricter([kind.filtering for kind in types]))
    if behavior.hairpinning.value:
        assert types[-1].hairpinning


@given(kind=nat_types, loss=st.floats(0, 1), seed=st.integers(0, 10**9), quick=st.booleans())
def test_any_loss_ends_in_a_verdict(kind: NatType, loss: float, seed: int, quick: bool) -> None:
    behavior = World([kind], loss=loss, seed=seed).run(quick=quick)
    assert behavior.as_json()["rfc3489"] == behavior.rfc3489
    if behavior.filtering.value == ENDPOINT_INDEPENDENT:
        assert kind.filtering == ENDPOINT_INDEPENDENT
    if behavior.mapping.value == ADDRESS_AND_PORT_DEPENDENT:
        assert kind.mapping == ADDRESS_AND_PORT_DEPENDENT


def test_no_nat_at_all_and_a_firewall() -> None:
    assert World([]).run().rfc3489 == "open"
    behavior = World([NatType(translates=False)]).run()
    assert behavior.rfc3489 == "symmetric UDP firewall"
    assert behavior.translated.value is False


def test_blocked_udp() -> None:
    behavior = World([NatType(blocks_udp=True)]).run(second=Address("192.0.2.1", 3478))
    assert behavior.rfc3489 == "blocked"
    assert behavior.mapping.value == "unknown"
    assert behavior.reachable.confidence is Confidence.MEDIUM
    assert {outcome.sent for outcome in behavior.outcomes} == {5}


@pytest.mark.parametrize("kind", [NatType(mapping) for mapping in KINDS])
def test_server_without_other_address_cannot_tell(kind: NatType) -> None:
    behavior = World([kind], Server(other=None)).run()
    assert behavior.mapping.value == behavior.filtering.value == behavior.rfc3489 == "unknown"
    assert behavior.mapping.confidence is Confidence.NONE
    assert "OTHER-ADDRESS" in behavior.filtering.why


def test_second_server_shows_the_mapping() -> None:
    second = Address(T.ip, S.port)
    server = Server(other=None)
    cone = World([NatType()], server).run(second=second)
    assert (cone.mapping.value, cone.filtering.value) == (ENDPOINT_INDEPENDENT, "unknown")
    for mapping in KINDS[1:]:
        other = World([NatType(mapping)], server).run(second=second)
        # On the address or on address and port: two servers on one port do not tell.
        assert (other.mapping.value, other.depends.value) == ("unknown", True)
        assert other.rfc3489 == "symmetric"
    second_port = Address(S.ip, T.port)
    apart = World([NatType(KINDS[2])], server).run(second=second_port)
    assert apart.mapping.value == ADDRESS_AND_PORT_DEPENDENT
    same = World([NatType()], server).run(second=second_port)
    assert (same.mapping.value, same.depends.value) == ("unknown", None)


def test_other_address_that_is_none_is_not_used() -> None:
    server = Server(other=Address(S.ip, T.port))
    behavior = World([NatType(KINDS[2])], server).run()
    assert behavior.mapping.value == behavior.filtering.value == "unknown"
    assert "7.4" in behavior.filtering.why


def test_ignored_change_request_voids_the_filtering() -> None:
    behavior = World([NatType()], Server(keeps_changes=False)).run()
    assert behavior.filtering.value == "unknown"
    assert behavior.mapping.value == ENDPOINT_INDEPENDENT


def test_silent_other_address_says_nothing_about_the_filter() -> None:
    behavior = World([NatType()], Server(silent_other=True)).run()
    assert behavior.filtering.value == "unknown"
    assert "never answers" in behavior.filtering.why


def test_refused_change_request() -> None:
    behavior = World([NatType()], Server(error=420)).run()
    assert behavior.filtering.value == "unknown"
    assert "420" in behavior.filtering.why
    assert behavior.fragments.value is None


@given(lifetime=st.floats(6, 200), seed=st.integers(0, 10**6))
def test_lifetime_is_between_its_bounds(lifetime: float, seed: int) -> None:
    tries = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
    kind = NatType(lifetime=lifetime, port_preservation=False)
    behavior = World([kind], seed=seed).run(lifetimes=tries)
    assert behavior.lifetime.value is not None
    low, high = behavior.lifetime.value
    assert low <= lifetime
    if high is None:
        assert low == 160
    else:
        assert lifetime <= high + 0.5  # the silence it ended in was sent to several times
        assert high - low <= max(2.0, 0.2 * low + 1)


def test_sensitive_tests_have_sockets_of_their_own() -> None:
    """What a filter let in for one test must not be what an earlier one opened it for."""
    sent: dict[str, set[Address]] = {}
    for outcome in World([NatType()]).run().outcomes:
        sent.setdefault(outcome.test.socket, set()).add(outcome.test.to)
    for name in ("f1", "f2"):
        assert sent[name] == {S}


def test_not_more_than_thirty_requests_when_nothing_is_lost() -> None:
    behavior = World([NatType(filtering=ENDPOINT_INDEPENDENT, hairpinning=True)]).run()
    assert sum(outcome.sent for outcome in behavior.outcomes) < 30
