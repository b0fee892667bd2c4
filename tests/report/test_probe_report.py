"""Probes drawn: hostile text, every outcome, and nothing of a secret."""

import pytest

from rtckit.analysis.probe import probes_from_text
from rtckit.report.probe import render_pings, render_probes, step_event, to_dict
from rtckit.rules.catalogue import run

TEXT = """\
turn:T over udp user=alice
  resolve ok 2ms addresses=203.0.113.9
  binding ok 12ms mapped=198.51.100.7:4000 software="\x1b]0;owned\x07\u202e"
  challenge ok code=401 realm="\x1b[2Jrealm"
  allocate ok relayed=203.0.113.9:50000 lifetime=600
  permission 403 "Forbid\x1bden" forbidden=10.0.0.1 allowed=1.2.3.4
  echo ok sent=10 send_there=10 send_back=9 channel_there=10 channel_back=10 rtt_ms=4
turn:T over tcp user=alice
  connect icmp "port unreachable"
  tls skipped because
turns:T over tls companion
  tls tls expired names=example.org not_after=2020-01-01
"""


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_is_safe_and_fits(width: int, verbose: int) -> None:
    probes = probes_from_text(TEXT)
    findings = run("probe", probes)
    text = render_probes(probes, findings, color=False, width=width, verbose=verbose)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\u202e" not in text
    assert "fails at permission (TURN018)" in text
    assert "fails at connect (GATHER006)" in text
    assert "0 of 2 work" in text
    if width >= 80:
        steps = [line for line in text.splitlines() if line.startswith("  ✓")]
        assert all(len(line) <= width for line in steps)


def test_json_and_events() -> None:
    probes = probes_from_text(TEXT)
    findings = run("probe", probes)
    data = to_dict(probes, findings)
    assert data["works"] is False
    assert [server["asked"] for server in data["servers"]] == [True, True, False]
    assert data["servers"][0]["allocated"] is True
    assert data["servers"][1]["findings"] == ["GATHER006"]
    assert data["servers"][0]["steps"][4]["failure"]["error"] == "stun"
    first = probes.probes[0]
    event = step_event(first, first.steps[0], 0.5)
    assert (event["t"], event["event"], event["step"]) == (0.5, "step", "resolve")


def test_pings() -> None:
    probes = probes_from_text(
        "stun:S over udp from eth0\n"
        "  binding ok mapped=198.51.100.7:4000 sent=5 received=4"
        " rtt_min_ms=1 rtt_ms=2 rtt_max_ms=3\n"
        "stun:S over udp from docker0\n"
        "  binding timeout sent=5\n"
    )
    text = render_pings(probes, run("probe", probes), color=False, width=90)
    assert "4 of 5 answered, RTT 1.0 / 2.0 / 3.0 ms" in text
    assert "stun:stun.example.org:3478 over UDP from docker0 (203.0.113.10:3478)" in text
    assert "GATHER008" in text
