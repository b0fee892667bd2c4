"""Probes written down and read back; what a set of them says."""

import pytest

from rtckit.analysis.probe import STEPS, ProbeSet, ServerProbe, probes_from_text
from rtckit.core.address import Address

TEXT = """\
at 2026-03-01T12:00:00Z
turn:T:443 over udp from eth0/10.0.0.2 user=alice realm=example.org
  resolve ok 2ms
  binding ok 12.5ms mapped=198.51.100.7:4000 software="a server"
  challenge ok realm=example.org
  allocate 401 "Not you" unsigned stale=2
turns:turn.example.net over tls companion
  connect icmp "port unreachable" sent=3
  tls skipped not reached
stun:nosuch over udp
  resolve dns missing=yes
"""


def test_a_probe_written_down() -> None:
    probes = probes_from_text(TEXT)
    assert probes.at == 1772366400
    turn, tls, lost = probes.probes
    assert turn.where == "turn:turn.example.org:443 over UDP from eth0"
    assert turn.remote == Address("203.0.113.9", 443)
    assert turn.local == Address("10.0.0.2", 40000)
    assert (turn.username, turn.realm, turn.asked) == ("alice", "example.org", True)
    binding = turn.step("binding")
    assert binding is not None
    assert binding.ms == 12.5
    assert binding.facts == {"mapped": Address("198.51.100.7", 4000), "software": "a server"}
    allocate = turn.broken_at
    assert allocate is not None
    assert allocate.failure is not None
    assert (allocate.failure.code, allocate.failure.authenticated) == (401, False)
    assert allocate.facts == {"stale": 2}
    assert turn.answered
    assert not turn.works
    assert not tls.asked
    connect = tls.step("connect")
    assert connect is not None
    assert connect.failure is not None
    assert (connect.failure.kind, connect.failure.name) == ("icmp", "port unreachable")
    assert connect.failure.sent == 3
    skipped = tls.step("tls")
    assert skipped is not None
    assert (skipped.ok, skipped.note) == (None, "not reached")
    assert lost.remote is None
    assert not lost.answered


@pytest.mark.parametrize(
    "text",
    [
        "  binding ok",
        "turn:T by pigeon",
        "turn:T over udp\n  dance ok",
        "turn:T over udp\n  binding perhaps",
    ],
)
def test_what_is_no_probe(text: str) -> None:
    with pytest.raises(ValueError):
        probes_from_text(text)


def test_as_json() -> None:
    (probe,) = probes_from_text("turn:T over udp\n  binding ok 1ms mapped=1.2.3.4:5").probes
    data = probe.to_dict()
    assert data["works"] is True
    assert data["broken"] is None
    assert data["steps"] == [
        {
            "step": "binding",
            "ok": True,
            "ms": 1.0,
            "failure": None,
            "note": "",
            "facts": {"mapped": "1.2.3.4:5"},
        }
    ]


def test_the_same_host_asked_otherwise() -> None:
    probes = probes_from_text("turn:T over udp\n  binding ok\nturn:T over tcp\nturn:x over udp\n")
    first = probes.probes[0]
    assert [other.way for other in probes.others(first)] == ["tcp"]


def test_steps_are_explained() -> None:
    assert all(STEPS.values())
    assert ProbeSet(()).probes == ()
    assert ServerProbe("s", "h", "stun", "udp", ()).family == 0
