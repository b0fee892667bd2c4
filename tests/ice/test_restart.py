"""Restarts (RFC 8445, 9) and the consent of the pair that data goes over meanwhile (RFC 7675)."""

import pytest

from rtckit.ice import Credentials, IceCandidate
from rtckit.wire import stun
from tests.ice.link import Link, two_agents

NEW = Credentials("cccc", "c" * 22), Credentials("dddd", "d" * 22)


def _exchange(link: Link) -> None:
    for agent, other in ((link.a, link.b), (link.b, link.a)):
        agent.set_remote(link.now, other.credentials)
        for candidate in [c for c in other.local if c.type == "host"]:
            agent.add_remote(link.now, IceCandidate.from_sdp(candidate.to_sdp()))
        agent.end_of_remote(link.now)


@pytest.mark.parametrize("restarts_first", ["a", "b"])
def test_data_goes_on_over_the_old_pair(restarts_first: str) -> None:
    link = two_agents()
    link.run(1.0)
    before = link.a.selected, link.b.selected
    roles = link.a.controlling, link.b.controlling
    first, second = (link.a, link.b) if restarts_first == "a" else (link.b, link.a)
    first.restart(link.now, NEW[0])
    assert first.state == "checking"
    link.run(20.0)  # the other side takes its time; consent is asked for and given meanwhile
    assert (link.a.selected, link.b.selected) == before
    assert second.state == "completed"
    assert first.consent is not None
    assert first.consent.missed == 0
    assert first.consent.asked >= 3
    second.restart(link.now, NEW[1])
    _exchange(link)
    assert (link.a.selected, link.b.selected) == before
    link.run(22.0)
    after = link.a.selected, link.b.selected
    assert None not in after
    assert after[0] is not before[0]
    assert after[1] is not before[1]
    assert (link.a.controlling, link.b.controlling) == roles
    assert link.a.state == link.b.state == "completed"


def test_checks_after_a_restart_carry_the_new_credentials() -> None:
    link = two_agents()
    link.run(1.0)
    names: list[str | None] = []

    def watch(transmit: object) -> bool:
        message = stun.parse(transmit.data)  # type: ignore[attr-defined]
        if message.message_class is stun.MessageClass.REQUEST:
            names.append(message.username)
        return False

    link.lost = watch
    link.a.restart(1.0, NEW[0])
    link.b.restart(1.0, NEW[1])
    _exchange(link)
    link.run(1.5)
    assert set(names) == {"cccc:dddd", "dddd:cccc"}


def test_checks_of_the_old_session_teach_nothing() -> None:
    """They are answered, for they ask for consent, and that is all."""
    link = two_agents()
    link.run(1.0)
    link.a.restart(1.0, NEW[0])
    link.run(15.0)
    assert not link.a.remote
    assert not len(link.a.checklist)
    assert link.b.state == "completed"


def test_both_secrets_change() -> None:
    link = two_agents()
    link.run(1.0)
    old = link.a.credentials
    for credentials in (Credentials("eeee", old.pwd), Credentials(old.ufrag, "e" * 22)):
        with pytest.raises(ValueError, match="both"):
            link.a.restart(1.0, credentials)


def test_a_restart_revives_what_failed() -> None:
    link = two_agents()
    link.lost = lambda transmit: True
    link.run(50.0)
    assert link.a.state == link.b.state == "failed"
    link.lost = lambda transmit: False
    link.a.restart(50.0, NEW[0])
    link.b.restart(50.0, NEW[1])
    _exchange(link)
    link.run(51.0)
    assert link.a.state == link.b.state == "completed"
    assert link.a.failure is None


def test_consent_lost_during_a_restart_loses_only_the_old_pair() -> None:
    link = two_agents()
    link.run(1.0)
    link.a.restart(1.0, NEW[0])
    link.lost = lambda transmit: True
    link.run(40.0)
    assert link.a.selected is None
    assert link.a.state == "checking"
    link.lost = lambda transmit: False
    link.b.restart(40.0, NEW[1])
    _exchange(link)
    link.run(41.0)
    assert link.a.state == link.b.state == "completed"


def test_pair_numbers_go_on() -> None:
    """An event's pair is one pair for good."""
    link = two_agents()
    link.run(1.0)
    link.a.restart(1.0, NEW[0])
    link.b.restart(1.0, NEW[1])
    _exchange(link)
    assert [pair.number for pair in link.a.checklist] == [2]


def test_two_restarts_in_a_row_keep_the_consent_of_the_first_session() -> None:
    """The peer heard of neither yet, and goes on asking with the credentials it has."""
    link = two_agents()
    link.run(1.0)
    link.a.restart(1.0, NEW[0])
    link.run(10.0)
    link.a.restart(10.0, Credentials("eeee", "e" * 22))
    link.run(60.0)
    assert link.b.state == "completed"
    assert link.b.consent is not None
    assert link.b.consent.missed <= 1
