"""Two agents whose drivers call anything in any order: nothing raises, nothing spins, all holds."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.ice import Agent, Credentials, IceCandidate, PairState, Settings, Transmit
from tests.ice.link import host, new_agent, tcp_host

STATES = {"new", "checking", "connected", "completed", "disconnected", "failed", "closed"}
MOST = Settings(most_pairs=12, most_remote=10)


class Chaos:
    """Calls methods of two agents at random, and carries some of what they send."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = 0.0
        self.agents = [
            new_agent(
                name,
                controlling=self.dice.random() < 0.5,
                nomination=self.dice.choice(("regular", "aggressive")),
                lite=self.dice.random() < 0.1,
                settings=replace(MOST, renomination=self.dice.random() < 0.5),
            )
            for name in "ab"
        ]
        self.under_way: list[tuple[Agent, Transmit]] = []
        self.restarts = 0

    def step(self) -> None:
        """Do one thing, then what is due."""
        agent = self.dice.choice(self.agents)
        other = self.agents[self.agents[0] is agent]
        action = self.dice.choice(
            (
                *(self.local, self.remote, self.remote, self.credentials, self.time, self.time),
                *(self.carry, self.carry, self.carry, self.carry, self.ends, self.fail),
                *(self.resolve, self.restart, self.nominate, self.noise),
            )
        )
        action(agent, other)
        self.settle()

    def candidate(self, agent: Agent) -> IceCandidate:
        """Any candidate, of any family, transport and type."""
        ip = self.dice.choice(("10.0.0.", "2001:db8::", "fe80::")) + str(self.dice.randint(1, 4))
        if self.dice.random() < 0.2:
            return tcp_host(agent, ip, self.dice.choice(("active", "passive", "so")))
        found = host(agent, ip, self.dice.randint(0, 5))
        if self.dice.random() < 0.3:
            mapped = Address("198.51.100.1", self.dice.randint(1, 9))
            return replace(found, type="srflx", address=mapped, related=found.address)
        return found

    def local(self, agent: Agent, other: Agent) -> None:
        agent.add_local(self.now, self.candidate(agent))

    def remote(self, agent: Agent, other: Agent) -> None:
        candidate = self.candidate(other)
        if other.local and self.dice.random() < 0.7:
            candidate = self.dice.choice(other.local)
        elif self.dice.random() < 0.2:
            candidate = replace(candidate, address=Address("name.local", 5))
        agent.add_remote(self.now, replace(candidate, base=candidate.address))

    def credentials(self, agent: Agent, other: Agent) -> None:
        agent.set_remote(self.now, other.credentials, lite=other.lite, options=other.options)

    def time(self, agent: Agent, other: Agent) -> None:
        self.now += self.dice.choice((0.0, 0.001, 0.05, 1.0, 10.0, 50.0))

    def carry(self, agent: Agent, other: Agent) -> None:
        for _ in range(self.dice.randint(1, 6)):
            if self.under_way:
                at = self.dice.randrange(len(self.under_way))
                receiver, sent = self.under_way.pop(at)
                receiver.receive(self.now, sent.remote, sent.local, sent.data, sent.transport)

    def ends(self, agent: Agent, other: Agent) -> None:
        self.dice.choice((agent.end_of_local, agent.end_of_remote))(self.now)

    def fail(self, agent: Agent, other: Agent) -> None:
        if agent.pairs:
            pair = self.dice.choice(agent.pairs)
            agent.fail_send(
                *(self.now, pair.local.base, pair.remote.address, "no route"),
                transport=pair.local.transport,
                transient=self.dice.random() < 0.5,
            )

    def resolve(self, agent: Agent, other: Agent) -> None:
        ip = self.dice.choice((None, "10.0.0.9"))
        agent.resolve_remote(self.now, "name.local", ip)

    def restart(self, agent: Agent, other: Agent) -> None:
        if self.dice.random() < 0.2:
            self.restarts += 1
            name = f"new{self.restarts}"
            agent.restart(self.now, Credentials(name, name * 6))

    def nominate(self, agent: Agent, other: Agent) -> None:
        if not agent.pairs:
            return
        pair = self.dice.choice(agent.pairs)
        if self.dice.random() < 0.5 and agent.remote_credentials is not None and not agent.lite:
            agent.check(self.now, pair)
        elif agent.controlling and pair.valid and agent.renominates and agent.remote_credentials:
            agent.nominate(self.now, pair)

    def noise(self, agent: Agent, other: Agent) -> None:
        if agent.local:
            data = self.dice.randbytes(self.dice.randint(0, 60))
            agent.receive(self.now, agent.local[0].base, Address("192.0.2.1", 1), data)

    def settle(self) -> None:
        """Do what is due and look whether everything holds."""
        for agent, other in (self.agents, self.agents[::-1]):
            for _ in range(300):
                due = agent.next_time()
                if due is None or due > self.now:
                    break
                agent.on_time(self.now)
            else:
                raise AssertionError("it never comes to rest")
            self.under_way += [(other, transmit) for transmit in agent.take_transmits()]
            self.hold(agent)
        del self.under_way[:-200]

    def hold(self, agent: Agent) -> None:
        """Raise AssertionError when something is not as it must be."""
        assert agent.state in STATES
        assert len(agent.pairs) <= MOST.most_pairs
        assert len(agent.remote) <= MOST.most_remote
        assert [p.priority for p in agent.pairs] == sorted(
            (p.priority for p in agent.pairs), reverse=True
        )
        assert len({pair.key for pair in agent.pairs}) == len(agent.pairs)
        assert (agent.failure is not None) == (agent.state == "failed")
        assert bool(agent.causes) == (agent.state == "failed")
        if agent.state == "completed":
            assert agent.selected is not None
        for pair in agent.pairs:
            assert not pair.valid or pair.state is PairState.SUCCEEDED
            assert not pair.nominated or pair.succeeded_at is not None
        for event in agent.take_events():
            assert event.as_json()["event"]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_any_calls_in_any_order(seed: int) -> None:
    chaos = Chaos(seed)
    for _ in range(120):
        chaos.step()
    for agent in chaos.agents:
        agent.close(chaos.now)
        assert agent.next_time() is None
        assert not agent.take_transmits()
