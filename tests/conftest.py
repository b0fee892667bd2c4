"""What all tests share: hypothesis profiles, and what was skipped for want of tools."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests import capabilities

_QUIET = [HealthCheck.too_slow]
settings.register_profile("dev", max_examples=100, deadline=None, suppress_health_check=_QUIET)
settings.register_profile(
    "ci",
    max_examples=500,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=_QUIET,
)
settings.register_profile("deep", max_examples=10_000, deadline=None, suppress_health_check=_QUIET)
settings.load_profile(
    os.environ.get("RTCKIT_HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)


# A person's colours, widths and debug switches do not change what a test sees.
for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "RTCKIT_DEBUG"):
    os.environ.pop(name, None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this machine lacks and how to get it, once, above pytest's own last line."""
    if not capabilities.LACKING:
        return
    terminalreporter.section("skipped for want of", sep="-")
    for name, (reason, count) in sorted(capabilities.LACKING.items()):
        terminalreporter.write_line(f"{name} ({count} skipped): {reason}")
    terminalreporter.write_line("`make test` installs what it may; RTCKIT_REQUIRE=all forbids it.")
