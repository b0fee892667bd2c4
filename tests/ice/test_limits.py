"""How fast it can be, in virtual time and by arithmetic: the link takes 25 ms one way.

A check needs a round trip. Aggressive nomination is in the first check: 1 RTT. Regular nomination
is a second check after the answer to the first: 2 RTT. No computation takes time here.
"""

import pytest

from rtckit.ice import Settings
from tests.ice.link import host, introduce, new_agent, two_agents

RTT = 0.05


@pytest.mark.parametrize(("nomination", "round_trips"), [("aggressive", 1), ("regular", 2)])
@pytest.mark.parametrize("one_way", [0.0, 0.0005, 0.025, 0.3])
def test_round_trips_to_connect(nomination: str, round_trips: int, one_way: float) -> None:
    link = two_agents(nomination=nomination, one_way=one_way)
    link.run(5.0)
    selected = link.time_of("a", "selected"), link.time_of("b", "selected")
    assert selected[0] == pytest.approx(round_trips * 2 * one_way)
    # The controlled end knows half a round trip earlier: it selects when the nomination arrives,
    # or when its own check is answered, whichever is later.
    known = max((round_trips - 0.5) * 2 * one_way, 2 * one_way)
    assert selected[1] == pytest.approx(known)


@pytest.mark.parametrize("nomination", ["aggressive", "regular"])
def test_seven_dead_addresses_a_side(nomination: str) -> None:
    """64 pairs, of which the best works: the other 63 cost nothing."""
    link = two_agents(
        nomination=nomination, addresses=8, alive=lambda address: address.ip.endswith(".1")
    )
    link.run(5.0)
    for side in "ab":
        time = link.time_of(side, "selected")
        assert time is not None
        assert time < RTT + 0.060
    assert link.a.state == link.b.state == "completed"


@pytest.mark.parametrize("rank", range(4))
def test_dead_addresses_before_the_one_that_works(rank: int) -> None:
    """Pairs are checked Ta = 5 ms apart, and the choice waits a quarter round trip and Ta.

    Both ends have four addresses, of which the one at ``rank`` works. By the formula of RFC 8445,
    6.1.2.3 the pair (rank, rank) comes after (rank + 1)^2 - 1 others.
    """
    link = two_agents(addresses=4, alive=lambda address: address.ip.endswith(f".{rank + 1}"))
    link.run(5.0)
    before = (rank + 1) ** 2 - 1
    wait = RTT / 4 + 0.005 if before else 0.0
    assert link.time_of("a", "selected") == pytest.approx(before * 0.005 + 2 * RTT + wait)


def test_an_answer_that_comes_late_makes_no_difference_to_the_rest() -> None:
    """The better pair is twice as slow: the choice does not wait for it."""
    a, b = new_agent("a"), new_agent("b", controlling=False)
    for rank in range(2):
        a.add_local(0.0, host(a, f"10.0.0.{rank + 1}", rank))
    b.add_local(0.0, host(b, "10.0.1.1"))
    link = introduce(a, b)
    link._delay = lambda transmit: (  # type: ignore[method-assign]
        0.1 if "10.0.0.1" in (transmit.local.ip, transmit.remote.ip) else 0.025
    )
    link.run(5.0)
    assert a.selected is not None
    assert a.selected.local.address.ip == "10.0.0.2"
    assert link.time_of("a", "selected") == pytest.approx(0.005 + 0.05 + 0.0125 + 0.005 + 0.05)


def test_patience_has_a_limit() -> None:
    link = two_agents(
        addresses=2,
        one_way=1.0,
        alive=lambda address: address.ip.endswith(".2"),
        settings=Settings(patience=0.02),
    )
    link.run(10.0)
    assert link.time_of("a", "selected") == pytest.approx(3 * 0.005 + 2 * 2.0 + 0.02)


def test_checks_stay_few() -> None:
    """Two ends with eight addresses: 64 pairs, each checked once or twice before the choice."""
    link = two_agents(addresses=8)
    link.run(5.0)
    assert sum(pair.requests_sent for pair in link.a.pairs) <= 2 * 64
    assert link.a.state == link.b.state == "completed"
