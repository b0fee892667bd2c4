"""The laboratory as one context, and as a fixture of somebody's tests."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtckit.core.address import Address
from rtckit.core.errors import MissingCapability
from rtckit.lab import capabilities
from rtckit.lab.laboratory import laboratory
from rtckit.live.nat_behavior import detect_nat
from tests.capabilities import require

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]


def test_everything_at_once(tmp_path: Path) -> None:
    require("netns", "nft", "coturn", "tcpdump")
    seen = tmp_path / "seen"
    with laboratory(
        "full cone behind cgnat", "udp blocked", ipv6=True, delay_ms=10, captures=seen
    ) as lab:
        assert set(lab.nodes) == {"a", "b", "nat-a", "cgn-a", "nat-b", "server"}
        assert not lab.can_connect(turn=False)
        assert lab.can_connect(turn=True)
        assert lab.environment["RTCKIT_TURNS"] == "turns:203.0.113.10:443?transport=tcp"
        command = [sys.executable, "-m", "rtckit", "stun", "ping", "-c", "3", "--format", "json"]
        told = json.loads(lab.hosts["a"].run("env", f"PYTHONPATH={ROOT}", *command, lab.stun_url))
        (server,) = told["servers"]
        assert server["remote"] == "203.0.113.10:3478"
        ipv6 = Address(lab.topology.server_ipv6_addresses[0], 3478)
        behavior = lab.hosts["a"].inside(lambda: asyncio.run(detect_nat(ipv6, quick=True)))
        assert behavior.rfc3489 == "symmetric UDP firewall"
    assert {path.stem for path in seen.iterdir()} == set(lab.nodes)
    sizes = {path.stem: path.stat().st_size for path in seen.iterdir()}
    assert min(sizes[name] for name in ("a", "nat-a", "cgn-a", "server")) > 500


def test_unknown_nat_is_refused_before_anything_is_made() -> None:
    with pytest.raises(ValueError, match="conical"), laboratory("conical"):
        pytest.fail("there is no such NAT")


@pytest.mark.usefixtures("_empty_machine")
def test_what_is_missing_is_named() -> None:
    with pytest.raises(MissingCapability) as raised, laboratory():
        pytest.fail("there is nothing to build it with")
    assert "coturn" in str(raised.value)


@pytest.fixture
def _empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        capabilities, "probe", lambda name: f"{name} is missing (apt-get install it)"
    )


SOMEBODYS_TEST = """
pytest_plugins = ["rtckit.lab.pytest_plugin"]

def test_addresses(rtckit_lab):
    lab = rtckit_lab("symmetric", "open", servers=False)
    assert lab.hosts["b"].run("hostname", "-I").split() == ["198.51.100.2"]
    assert lab.topology.nats["a"].rfc3489 == "symmetric"
"""


def test_fixture_of_other_peoples_tests(tmp_path: Path) -> None:
    require("netns", "nft")
    (tmp_path / "test_theirs.py").write_text(SOMEBODYS_TEST, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_theirs.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
