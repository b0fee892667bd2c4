"""The signalling between simulated peers: every message is delivered, lost or under way."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep.simulation.network import Network, Signalling

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["send", "deliver", "lose", "delay", "duplicate", "reorder", "wait"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 300),
    ),
    max_size=40,
)
SIGNALLINGS = st.builds(
    Signalling,
    delay_ms=st.integers(0, 100),
    jitter_ms=st.integers(0, 100),
    loss=st.sampled_from([0.0, 0.3, 1.0]),
    duplicate=st.sampled_from([0.0, 0.3, 1.0]),
    ordered=st.booleans(),
)


@given(SIGNALLINGS, ACTIONS, st.integers(0, 10))
def test_messages_are_conserved_and_time_goes_on(
    signalling: Signalling, actions: list[tuple[str, str, int]], seed: int
) -> None:
    network = Network(signalling, seed)
    sent = copies = lost = delivered = 0
    for action, side, number in actions:
        before = network.now_ms
        waiting = network.under_way(side)
        if action == "send":
            known = len(network.messages)
            message = network.send(side, "m", "offer", {})
            sent += 1
            copies += len(network.messages) - known - 1
            lost += message.fate == "lost"
        elif action == "wait":
            network.wait(number)
        elif action == "reorder":
            network.reorder(side)
            assert [m.number for m in network.under_way(side)] == [
                m.number for m in reversed(waiting)
            ]
        elif waiting:
            message = waiting[0]
            if action == "deliver":
                network.deliver(message)
                delivered += 1
            elif action == "lose":
                network.lose(message)
                lost += 1
            elif action == "delay":
                network.delay(message, number)
            else:
                assert network.duplicate(message).content is message.content
                copies += 1
        assert network.now_ms >= before
    fates = Counter(message.fate for message in network.messages)
    assert len(network.messages) == sent + copies
    assert fates["lost"] == lost
    assert fates["delivered"] == delivered
    assert len(network.under_way()) == sent + copies - lost - delivered


@given(st.integers(0, 200), st.integers(0, 20), st.lists(st.integers(0, 50), max_size=20))
def test_an_ordered_channel_keeps_order_whatever_the_jitter(
    jitter: int, seed: int, pauses: list[int]
) -> None:
    network = Network(Signalling(jitter_ms=jitter), seed)
    for pause in pauses:
        network.wait(pause)
        network.send("a", "m", "offer", {})
    assert [m.number for m in network.under_way()] == [m.number for m in network.messages]


def test_the_seed_decides() -> None:
    def arrivals(seed: int) -> list[tuple[int, str]]:
        network = Network(Signalling(jitter_ms=1000, loss=0.5, ordered=False), seed)
        for _ in range(20):
            network.send("a", "m", "offer", {})
        return [(m.arrives_ms, m.fate) for m in network.messages]

    assert arrivals(1) == arrivals(1)
    assert arrivals(1) != arrivals(2)


def test_delays_let_later_messages_pass() -> None:
    network = Network(Signalling(delay_ms=10))
    first, second = (network.send("a", name, "offer", {}) for name in ("one", "two"))
    network.delay(first, 100)
    assert network.under_way("b") == [second, first]
    network.deliver(second)
    assert network.now_ms == 10
    network.deliver(first)
    assert network.now_ms == 110
    assert (first.due_ms, first.arrives_ms) == (10, 110)
