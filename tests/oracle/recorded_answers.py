"""The recorded answers: what real peers answered to an offer, with chance values masked.

``data/answers.json.gz`` has the answers to the offers of ``data/mutated-offers.json.gz``;
``data/new-*.json.gz`` those to offers of `tests.oracle.new_offers`, with the offers. Each line is
kept once, and a section as the numbers of its lines, each counted from the one before: most of
what peers say they have said before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tests.oracle import recorded
from tests.oracle.answers import masked

__all__ = ["AnswerSet", "Answered", "given", "read_set", "write_set"]

GIVEN = "answers"


@dataclass(frozen=True)
class Answered:
    """An offer and what a peer did with it: an answer, or a refusal.

    ``refusal`` has the step, the exception and its text.
    """

    id: str
    offer: str
    answer: str | None
    refusal: tuple[str, str | None, str | None] | None = None


@dataclass
class AnswerSet:
    """Offers by name, and by peer its version and what it did with each offer."""

    offers: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    results: dict[str, dict[str, str | list[Any]]] = field(default_factory=dict)

    def answered(self, stack: str) -> list[Answered]:
        """The offers a peer answered."""
        return [each for each in self.of(stack) if each.answer is not None]

    def of(self, stack: str) -> list[Answered]:
        """What a peer did with each offer it was asked about, but for those that ended it."""
        found = []
        for name, result in self.results.get(stack, {}).items():
            if isinstance(result, str):
                found.append(Answered(name, self.offers[name], result))
            elif result[0] != "crash":
                step, error, message = result[:3]
                found.append(Answered(name, self.offers[name], None, (step, error, message)))
        return found

    def record(self, stack: str, version: str, names: list[str], said: list[Any]) -> None:
        """Take in what a judge said of offers: dictionaries of ``judge.js``."""
        self.versions[stack] = version
        self.results[stack] = {
            name: masked(each["answer"])
            if each["stage"] is None
            else [each["stage"], each.get("error"), each.get("message")]
            for name, each in zip(names, said, strict=True)
        }


class _Lines:
    """Texts as numbers of sections, and sections as steps between the numbers of lines."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.sections: dict[tuple[int, ...], int] = {}

    def pack(self, text: str) -> tuple[int, ...]:
        return tuple(self._number(each) for each in _SECTION.split(text))

    def _number(self, section: str) -> int:
        last, steps = -1, []
        for line in section.split("\r\n"):
            number = self.lines.setdefault(line, len(self.lines))
            steps.append(number - last)
            last = number
        return self.sections.setdefault(tuple(steps), len(self.sections))


_SECTION = re.compile(r"\r\n(?=m=)")


def _unpack(lines: list[str], sections: list[list[int]], text: list[int]) -> str:
    parts = []
    for number in text:
        places = accumulate(sections[number], initial=-1)
        next(places)
        parts.append("\r\n".join(lines[place] for place in places))
    return "\r\n".join(parts)


def given() -> AnswerSet:
    """The answers of the browsers to the given offers, and aiortc's."""
    offers: dict[str, str] = recorded.read("mutated-offers")["offers"]
    found = read_set(GIVEN)
    found.offers = offers
    return found


def read_set(name: str) -> AnswerSet:
    """Read a set from the recorded data."""
    content = recorded.read(name)
    lines, sections = content["lines"], content["sections"]
    texts = [_unpack(lines, sections, each) for each in content["texts"]]
    return AnswerSet(
        {key: texts[number] for key, number in content["offers"].items()},
        content["versions"],
        {
            stack: {
                key: texts[value] if isinstance(value, int) else value
                for key, value in results.items()
            }
            for stack, results in content["results"].items()
        },
    )


def write_set(name: str, answers: AnswerSet) -> int:
    """Write a set, offers as they are; return the size of the file."""
    lines = _Lines()
    texts: dict[tuple[int, ...], int] = {}

    def number(text: str) -> int:
        return texts.setdefault(lines.pack(text), len(texts))

    def packed(results: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: number(value) if isinstance(value, str) else value
            for key, value in sorted(results.items())
        }

    content = {
        "offers": packed(answers.offers),
        "versions": answers.versions,
        "results": {stack: packed(answers.results[stack]) for stack in sorted(answers.results)},
        "texts": list(texts),
        "sections": list(lines.sections),
        "lines": list(lines.lines),
    }
    return recorded.write(name, content)
