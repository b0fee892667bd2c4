"""What is missing is said with the way to get it; nothing here needs any of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtckit.core.errors import ExitCode, MissingCapability
from rtckit.lab import capabilities


@pytest.fixture
def _empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without a single program."""
    capabilities.probe.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    yield
    capabilities.probe.cache_clear()


@pytest.mark.usefixtures("_empty_machine")
@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("netns", "iproute2"),
        ("nft", "nftables"),
        ("tcpdump", "tcpdump"),
        ("coturn", "coturn"),
        ("chromium", "chromium"),
        ("firefox", "firefox-esr"),
        ("tshark", "tshark"),
    ],
)
def test_absent_program_is_named_with_its_package(name: str, package: str) -> None:
    reason = capabilities.probe(name)
    assert reason is not None
    assert f"apt-get install {package}" in reason


def test_absent_python_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    capabilities.probe.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    reason = capabilities.probe("aiortc")
    capabilities.probe.cache_clear()
    assert reason is not None
    assert "rtckit[lab]" in reason


@pytest.mark.usefixtures("_empty_machine")
def test_requiring_names_everything_missing_at_once() -> None:
    with pytest.raises(MissingCapability) as raised:
        capabilities.require(["tcpdump", "coturn"])
    assert "tcpdump, coturn" in raised.value.what
    assert "apt-get install tcpdump" in raised.value.how
    assert "apt-get install coturn" in raised.value.how
    assert raised.value.exit_code == ExitCode.MISSING


@pytest.mark.usefixtures("_empty_machine")
def test_unprivileged_machine_says_which_capabilities(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for program in ("ip", "nsenter"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setattr(capabilities, "_effective_capabilities", lambda: 0)
    reason = capabilities.probe("netns")
    assert reason is not None
    assert "CAP_NET_ADMIN" in reason
    assert "root" in reason


def test_unknown_capability_is_an_error() -> None:
    with pytest.raises(KeyError):
        capabilities.probe("teleport")
