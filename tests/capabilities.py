"""What a test needs of the machine: skip with the reason, or fail where skipping is forbidden.

``RTCKIT_REQUIRE`` forbids skipping: ``all``, or names parted by commas (``netns,tshark``).
"""

import os

import pytest

from rtckit.lab.capabilities import CAPABILITIES, probe

LACKING: dict[str, tuple[str, int]] = {}
"""What was found missing in this run: name to reason and how many tests were skipped for it."""


def require(*names: str) -> None:
    """Skip the test unless the machine has every capability of ``names``.

    The names are those of :data:`rtckit.lab.capabilities.CAPABILITIES`: netns, nft, tcpdump,
    coturn, chromium, firefox, aiortc, tshark. Call it in the test or in a fixture of it.
    """
    forbidden = _forbidden()
    for name in names:
        if name not in CAPABILITIES:
            raise ValueError(f"unknown capability {name!r}; known: {', '.join(CAPABILITIES)}")
        reason = probe(name)
        if reason is None:
            continue
        if name in forbidden:
            pytest.fail(f"{name} is required by RTCKIT_REQUIRE: {reason}", pytrace=False)
        LACKING[name] = (reason, LACKING.get(name, ("", 0))[1] + 1)
        pytest.skip(f"{name}: {reason}")


def _forbidden() -> set[str]:
    names = {name.strip() for name in os.environ.get("RTCKIT_REQUIRE", "").split(",")}
    return set(CAPABILITIES) if "all" in names else names
