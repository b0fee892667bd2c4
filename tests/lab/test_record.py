"""The entry that records: its arguments, its refusals, and what the scenarios promise."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtckit.core.errors import ExitCode
from rtckit.lab import capabilities
from rtckit.lab.record import main, parse_arguments
from rtckit.lab.scenarios import LAYERS, SCENARIOS, Servers

CAPTURES = Path(__file__).parents[2] / "captures"


def test_all_stands_for_every_scenario() -> None:
    arguments = parse_arguments(["all", "--output", "here"])
    assert arguments.names == list(SCENARIOS)
    assert arguments.output == Path("here")


@pytest.mark.parametrize("argv", [[], ["no-such-call"], ["all", "--sideways"]])
def test_misuse_exits_with_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == ExitCode.USAGE
    assert capsys.readouterr().out == ""


def test_list_tells_what_each_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == ExitCode.CLEAN
    listed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in listed] == list(SCENARIOS)
    assert "relayed: needs netns, tcpdump, chromium, firefox, coturn" in listed


@pytest.fixture
def _no_tcpdump(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    reason = "tcpdump is not on PATH (apt-get install tcpdump)"
    capabilities.probe.cache_clear()
    probes = {name: (lambda: None) for name in capabilities.CAPABILITIES}
    monkeypatch.setattr(capabilities, "_PROBES", probes | {"tcpdump": lambda: reason})
    yield
    capabilities.probe.cache_clear()


@pytest.mark.usefixtures("_no_tcpdump")
def test_missing_capability_exits_with_what_and_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["aiortc-aiortc", "--output", str(tmp_path)]) == ExitCode.MISSING
    said = capsys.readouterr()
    assert said.out == ""
    assert "apt-get install tcpdump" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_expectations_are_whole(name: str) -> None:
    expect = SCENARIOS[name].expect
    assert tuple(expect.chain) == LAYERS
    not_ok = [layer for layer, state in expect.chain.items() if state != "ok"]
    assert expect.broken == (not_ok[0] if not_ok else "")


def test_relays_alone_are_used_where_the_server_is_a_relay() -> None:
    for scenario in SCENARIOS.values():
        relayed = scenario.servers in (Servers.TURN, Servers.TURN_WRONG_PASSWORD)
        assert (scenario.policy == "relay") == relayed


@pytest.mark.parametrize("name", SCENARIOS)
def test_saved_expectation_is_the_scenarios(name: str) -> None:
    """Recording anew must not change what a recording is tested for."""
    manifest = tomllib.loads((CAPTURES / name / "bundle.toml").read_text("utf-8"))
    expect = SCENARIOS[name].expect
    assert manifest["expect"] == {
        "broken": expect.broken,
        "findings": list(expect.findings),
        "chain": dict(expect.chain),
    }
    assert manifest["made_by"] == f"python -m rtckit.lab.record {name}"
