"""Nominating again (draft-thatcher-ice-renomination), and not without it (RFC 8445, 8.1.1)."""

import itertools

import pytest

from rtckit.ice import Settings
from rtckit.wire import stun
from tests.ice.link import Link, host, introduce, new_agent

WITH = Settings(renomination=True)


def _two_paths(a: Settings, b: Settings) -> Link:
    one, other = new_agent("a", settings=a), new_agent("b", controlling=False, settings=b)
    for rank in range(2):
        one.add_local(0.0, host(one, f"10.0.0.{rank + 1}", rank))
    other.add_local(0.0, host(other, "10.0.1.1"))
    link = introduce(one, other, one_way=0.001)
    # The better path answers a little late, so that both are known to work before the choice.
    link.lost = lambda transmit: (
        "10.0.0.1" in (transmit.local.ip, transmit.remote.ip) and (link.now < 0.005)
    )
    return link


def test_options_tell() -> None:
    assert new_agent(settings=WITH).options == ("trickle", "ice2", "renomination")
    assert new_agent(nomination="aggressive").options == ("trickle",)


@pytest.mark.parametrize(("a", "b"), itertools.product((Settings(), WITH), repeat=2))
def test_another_pair_can_be_nominated_when_both_know_how(a: Settings, b: Settings) -> None:
    link = _two_paths(a, b)
    link.run(1.0)
    assert link.a.selected is not None
    first = link.a.selected
    other = next(pair for pair in link.a.pairs if pair is not first)
    link.lost = lambda transmit: False
    link.a.check(1.0, other)
    link.run(1.5)
    assert other.valid
    if a is not WITH or b is not WITH:
        with pytest.raises(ValueError, match="renomination"):
            link.a.nominate(1.5, other)
        return
    values: list[int] = []

    def watch(transmit: object) -> bool:
        message = stun.parse(transmit.data)  # type: ignore[attr-defined]
        value = message.get(stun.AttributeType.GOOG_NOMINATION)
        if value is not None:
            values.append(value)
        return False

    link.lost = watch
    for turn, wanted in enumerate((other, first, other)):
        link.a.nominate(link.now, wanted)
        link.run(link.now + 1.0)
        assert link.a.selected is wanted, turn
        assert link.b.selected is not None
        assert link.b.selected.remote.address == wanted.local.address
    assert values == [2, 3, 4]
    link.run(link.now + 40.0)
    assert link.a.state == link.b.state == "completed"


def test_an_old_nomination_does_not_come_back() -> None:
    """A retransmission that was under way for long has a lower value, and is not followed."""
    link = _two_paths(WITH, WITH)
    link.run(1.0)
    first = link.a.selected
    assert first is not None
    other = next(pair for pair in link.a.pairs if pair is not first)
    link.lost = lambda transmit: False
    link.a.check(1.0, other)
    link.run(1.5)
    kept: list[object] = []
    link.lost = lambda transmit: bool(
        stun.parse(transmit.data).use_candidate and not kept and not kept.append(transmit)
    )
    link.a.nominate(1.5, other)
    link.run(1.6)
    link.lost = lambda transmit: False
    link.a.nominate(1.6, first)
    link.run(1.8)
    before = link.b.selected
    late = kept[0]
    link.b.receive(1.8, late.remote, late.local, late.data)  # type: ignore[attr-defined]
    assert link.b.selected is before
