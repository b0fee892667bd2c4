"""Offers, re-offers and answers of Chromium in whole negotiations, text for text.

Real Chromium negotiated with simulated partners of every stack (`tests.oracle.negotiations`):
adding, stopping, preferences, layers, channels, rollbacks, restarts, glare.
"""

import pytest

from tests.oracle import recorded
from tests.oracle.measure_negotiations import SETS, Score, score
from tests.oracle.negotiations import read_set, without_numbers

STACK = "chromium"
FLOORS = {"development": (0.96, 0.985), "final": (0.96, 0.985)}
"""The least share of descriptions that are the same text, and of those that are the same but for
which payload types were chosen."""


@pytest.fixture(scope="module", params=SETS)
def result(request: pytest.FixtureRequest) -> Score:
    """A recorded set, replayed."""
    name = str(request.param)
    if not recorded.exists(f"negotiations-{STACK}-{name}"):
        pytest.skip(f"no such recording: {name}")
    return score(STACK, read_set(f"negotiations-{STACK}-{name}")[1], name)


def test_descriptions_are_those_of_the_browser(result: Score) -> None:
    same_text, same_but_numbers = FLOORS[result.name]
    assert result.descriptions >= 150
    assert result.identical >= same_text * result.descriptions, str(result)
    alike = result.identical + result.numbered
    assert alike >= same_but_numbers * result.descriptions, str(result)


def test_numbers_are_told_from_codecs() -> None:
    head = "v=0\r\ns=-\r\nm=video 9 UDP/TLS/RTP/SAVPF {} {}\r\n"
    lines = "a=rtpmap:{} VP8/90000\r\na=rtpmap:{} rtx/90000\r\na=fmtp:{} apt={}\r\na=mid:{}\r\n"
    one = head.format(96, 97) + lines.format(96, 97, 97, 96, 96)
    two = head.format(98, 99) + lines.format(98, 99, 99, 98, 96)
    other = head.format(98, 99) + lines.format(98, 99, 99, 99, 96)
    assert without_numbers(one) == without_numbers(two)
    assert without_numbers(one) != without_numbers(other)
    assert "a=mid:96" in without_numbers(one)
