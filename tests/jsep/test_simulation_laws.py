"""Whatever two peers do and becomes of their messages: agreed in the end, or told why not."""

import json

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from rtckit.jsep import STACK_NAMES
from rtckit.jsep.simulation import Scenario, Step, simulate, step
from rtckit.jsep.simulation.network import Signalling
from rtckit.jsep.simulation.scenario import EITHER, PeerSetup

SIDES = st.sampled_from("ab")
KINDS = st.sampled_from(["audio", "video"])
DIRECTIONS = st.sampled_from(["sendrecv", "sendonly", "recvonly", "inactive"])
ANY = {"others": EITHER}
TO_ALL = st.sampled_from(["deliver", "reorder"])


def acts(name: str, **arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.builds(step, SIDES, st.just(name), error=st.just(ANY), **arguments)


STEPS = st.lists(
    st.one_of(
        acts("addTrack", kind=KINDS),
        acts("addTransceiver", kind=KINDS, direction=DIRECTIONS),
        acts("createDataChannel"),
        acts("setDirection", transceiver=st.integers(0, 2), direction=DIRECTIONS),
        acts("stop", transceiver=st.integers(0, 2)),
        acts("restartIce"),
        acts("offer"),
        acts("answer"),
        acts("rollback"),
        acts("deliver"),
        acts("lose"),
        acts("delay", by_ms=st.integers(1, 200)),
        acts("duplicate"),
        st.builds(step, st.just("all"), TO_ALL, error=st.just(ANY)),
        acts("exchange"),
    ),
    min_size=3,
    max_size=14,
)
END = (
    step("all", "lose", error=ANY),
    step("a", "rollback", error=ANY),
    step("b", "rollback", error=ANY),
    step("a", "exchange", error=ANY),
    step("b", "exchange", error=ANY),
)
"""What was under way is lost, what is open is rolled back, and each side offers once more."""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.sampled_from(STACK_NAMES), st.sampled_from(STACK_NAMES), st.integers(0, 9))
def test_two_peers_end_agreed_or_one_says_why_not(
    steps: list[Step], a: str, b: str, seed: int
) -> None:
    scenario = Scenario(
        title="law",
        peers={"a": PeerSetup(a), "b": PeerSetup(b)},
        steps=(*steps, *END),
        signalling=Signalling(delay_ms=50, jitter_ms=20),
        seed=seed,
    )
    trace = simulate(scenario)
    json.dumps(trace.to_dict())
    for call in trace.failures:
        assert call.error
        assert call.message
    last = [each for each in trace.steps if each.scenario_step > len(scenario.steps) - 2]
    if any(not call.ok for each in last for call in each.calls):
        return
    assert dict(trace.ending.states) == {"a": "stable", "b": "stable"}
    assert trace.ending.consistent, trace.ending
