"""The short ways through Firefox's reader lead to the same place as the long ones."""

import random
import re
from typing import Any

import pytest

from rtckit.jsep import OfferRefused, answer, offer
from rtckit.jsep.stacks.firefox import attributes, checks, lines, peer, sipcc
from rtckit.jsep.stacks.firefox.description import Description
from rtckit.jsep.stacks.firefox.sipcc import parse
from tests.oracle import recorded_answers
from tests.oracle.compare_sequences import simulate
from tests.oracle.record_sequences import read_recorded

_NEVER = re.compile("(?!)")
_PATTERNS = ("_PLAIN_OWNER", "_PLAIN_CONNECTION", "_PLAIN_NUMBERS")
_ALPHABET = "09azAZ /:=-\t\r\v\x01~$"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of which was told beforehand what is read; it is compared as it is told."""
    texts: list[str] = []

    def compare(text: str, description: Description) -> None:
        read = checks._read(text)
        assert read == description, text
        texts.append(text)

    monkeypatch.setattr(peer, "keep_description", compare)
    return texts


def test_answers_are_known_before_they_are_read(made: list[str]) -> None:
    cases = [*recorded_answers.given().of("firefox")[::4]]
    for name in ("development", "final"):
        cases += recorded_answers.read_set(f"new-{name}").of("firefox")
    for place, case in enumerate(cases):
        try:
            answer(case.offer, "firefox", ("audio", "video") if place % 3 == 0 else ())
        except OfferRefused:
            continue
    assert len(made) > 0.7 * len(cases)


def test_offers_are_known_before_they_are_read(made: list[str]) -> None:
    offer("firefox", audio=2, video=1, data=True)
    assert len(made) == 1
    for steps, _ in read_recorded("firefox")[::3]:
        simulate("firefox", steps)
    assert len(made) > 100


def test_layers_are_read_from_the_text(made: list[str]) -> None:
    offer("firefox", video=1, simulcast=("Q", "h"))
    assert not made


def _mutated(line: str, generator: random.Random) -> str:
    for _ in range(generator.randint(0, 3)):
        place = generator.randrange(len(line) + 1)
        middle = generator.choice(("", generator.choice(_ALPHABET), line[place : place + 9] * 40))
        line = line[:place] + middle + line[place + generator.randint(0, 2) :]
    return line.replace("\n", "").replace("\0", "")


def _corpus() -> list[str]:
    offers = [case.offer for case in recorded_answers.given().of("firefox")[::10]]
    return sorted({line for text in offers for line in text.split("\n")})


def test_plain_attributes_are_read_as_any_other() -> None:
    generator = random.Random(7)
    known = [line for line in _corpus() if line.startswith("a=")]
    plain = 0
    for _ in range(20_000):
        line = _mutated(generator.choice(known), generator)
        if not line.startswith("a="):
            continue
        read = attributes._read_plain(line)
        if read is not None:
            plain += 1
            assert read == attributes._read_any(line), line
    assert plain > 1000


def test_plain_lines_are_read_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(8)
    known = [line for line in _corpus() if line[:2] in ("o=", "c=", "m=")]
    texts = []
    for _ in range(3000):
        drawn = [_mutated(generator.choice(known), generator) for _ in range(2)]
        texts.append("\n".join(("v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", *drawn, "")))
        texts.append("\n".join(("v=0", *drawn, "s=-", "t=0 0", "")))

    def read_all() -> list[Any]:
        lines._remember_media.cache_clear()
        return [parse(text) for text in texts]

    short = read_all()
    for name in _PATTERNS:
        monkeypatch.setattr(lines, name, _NEVER)
    assert read_all() == short
    lines._remember_media.cache_clear()


def test_runs_of_lines_are_read_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(9)
    offers = [case.offer for case in recorded_answers.given().of("firefox")[::5]]
    texts = []
    for _ in range(400):
        split = generator.choice(offers).split("\n")
        for _ in range(generator.randint(0, 4)):
            place = generator.randrange(len(split))
            match generator.randrange(4):
                case 0:
                    split[place] = _mutated(split[place], generator)
                case 1:
                    del split[place]
                case 2:
                    split.insert(place, generator.choice(split))
                case 3:
                    split.insert(place, generator.choice(("a=", "a=re", "rubbish", "", "v=0", "a")))
        texts.append("\n".join(split))
    short = [parse(text) for text in texts]
    assert sipcc._RUN.search(texts[0])
    monkeypatch.setattr(sipcc, "_RUN", _NEVER)
    for text, read in zip(texts, short, strict=True):
        assert parse(text) == read, text
