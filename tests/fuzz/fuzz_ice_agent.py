"""An ICE agent that gets any bytes: nothing is raised, nobody is answered at greater length."""

from rtckit.core.address import Address
from rtckit.wire import stun
from tests.ice.hostile import HERE, is_genuine, recorded, snapshot
from tests.ice.link import two_agents

SEEDS: list[bytes] = recorded(0.2)[:12]

_STRANGER = Address("192.0.2.66", 6)


def check(data: bytes) -> None:
    """Whatever comes from a stranger changes nothing, in a session under way and in a new one."""
    link = two_agents()
    link.run(0.06)
    before = snapshot(link.b)
    link.b.receive(0.06, HERE, _STRANGER, data)
    answers = link.b.take_transmits()
    if is_genuine(data):
        return
    assert sum(len(answer.data) for answer in answers) <= len(data)
    for answer in answers:
        error = stun.parse(answer.data).error
        assert error is not None
        assert error.code in (400, 401)
    assert snapshot(link.b) == before
