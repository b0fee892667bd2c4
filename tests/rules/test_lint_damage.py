"""No rule raises, whatever stands in a description; and linting takes linear time."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.core.findings import Finding
from rtckit.rules.catalogue import PROFILES, all_rules
from rtckit.rules.lint import LintedDescription, lint
from rtckit.sdp import parse
from tests.growth import assert_linear

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = [
    (ROOT / "captures" / name).read_text()
    for name in ("chromium-firefox/answer.sdp", "aiortc-aiortc/offer.sdp")
]
EXAMPLES = [rule.fires_on for rule in all_rules() if rule.subject != "call"]
SEEDS = CAPTURES + [
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + example.replace("\n", "\r\n") + "\r\n"
    for example in EXAMPLES
]
TOKENS = ("", " ", "  ", "\t", "\0", ":", "/", ";", "=", "-1", "0", "99999999999999999999", "é")


def damaged(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        line = lines[at]
        kind = chance.randrange(7)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, chance.choice(lines))
        elif kind == 2:
            cut = chance.randint(0, len(line))
            lines[at] = line[:cut]
        elif kind == 3:
            cut = chance.randint(0, len(line))
            lines[at] = line[:cut] + chance.choice(TOKENS) + line[cut:]
        elif kind == 4:
            words = line.split(" ")
            words[chance.randrange(len(words))] = chance.choice(TOKENS)
            lines[at] = " ".join(words)
        elif kind == 5:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], line
        else:
            lines[at] = line[: chance.randint(0, 12)] + chance.choice(lines)
        if not lines:
            return ""
    return chance.choice(("\r\n", "\n")).join(lines) + chance.choice(("\r\n", ""))


def check(findings: list[Finding], count: int) -> None:
    for finding in findings:
        place = finding.location
        assert finding.message
        assert place.line is not None
        assert 1 <= place.line <= max(1, count)
        assert place.column is not None
        assert place.end_column is not None
        assert 1 <= place.column < place.end_column


def test_ten_thousand_damaged_descriptions() -> None:
    chance = random.Random(20)
    previous = SEEDS[0]
    linted = 0
    for number in range(10_000):
        # The captures are long: one in sixteen is enough.
        seed = SEEDS[number % 2] if number % 16 == 0 else chance.choice(SEEDS[2:])
        text = damaged(seed, chance)
        profile = PROFILES[number % len(PROFILES)]
        try:
            findings = lint(text, profile)
            check(findings, len(LintedDescription(parse(text)).lines))
            if number % 8 == 0:
                lint((previous, text), profile)
            if number % 32 == 0:
                lint([previous, text, text, previous], profile)
            previous = text
            linted += 1
        except ParseError:
            pass
    assert linted > 9_000


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="vmoscbtak=:/ 0189.-\r\nABudp,;~*", max_size=200))
def test_any_text(text: str) -> None:
    with suppress(ParseError):
        lint("v=0\r\n" + text)


AUDIO = "v=0\r\nm=audio 9 RTP/AVP 0\r\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "v=0\r\nm=audio 9 RTP/AVP " + "200 " * 5 * n + "\r\n",
        lambda n: "v=0\r\nm=audio 9 RTP/AVP " + " ".join(map(str, range(5 * n))) + "\r\n",
        lambda n: AUDIO + "a=candidate:1 1 udp 1 x 1 typ host\r\n" * n,
        lambda n: AUDIO + "a=rtpmap:0 x\r\n" * n,
        lambda n: "v=0\r\n" + "".join(f"a=x{number}y\r\n" for number in range(n)),
        lambda n: "v=0\r\n" + "m=audio 9 RTP/AVP 0\r\n" * (n // 5),
        lambda n: "v=0\r\na=" + "x" * 50 * n + "\r\n",
        lambda n: "v=0\r\n" + "\r\n" * 2 * n,
    ],
    ids=["same-format", "formats", "candidates", "rtpmaps", "unknown", "sections", "line", "blank"],
)
def test_no_quadratic_time(make: Callable[[int], str]) -> None:
    assert_linear(lambda n: lint(make(n)), 20_000)
