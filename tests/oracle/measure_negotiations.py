"""Measures what rtckit's peers make in whole negotiations against what real ones made.

    python -m tests.oracle.measure_negotiations --set development --show 3
    python -m tests.oracle.measure_negotiations --new 60 --seed 5 --ask [--write development]

Offers, re-offers and answers, text for text. The first reads a recorded set; the second has the
browser of this machine negotiate (root is needed for its network namespace).
"""

import argparse
import asyncio
import contextlib
import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from rtckit.core.errors import NetworkFailure
from rtckit.lab.players.player import ConnectionPlayer
from tests.oracle import recorded
from tests.oracle.answers import cause_of, differences
from tests.oracle.negotiations import (
    Made,
    Negotiation,
    draw,
    read_set,
    replay,
    without_numbers,
    write_set,
)

SETS = ("development", "final")
_STACKS = ("chromium", "firefox")
_A_PAGE = 100
"""How many negotiations one page is asked for; it is given no more than 500 connections."""


@dataclass
class Miss:
    """An operation that came out otherwise than in life."""

    negotiation: Negotiation
    place: int
    predicted: Made

    @property
    def real(self) -> Made:
        """What came of it in life."""
        return self.negotiation.made[self.place]

    @property
    def is_numbers(self) -> bool:
        """Whether all is the same but which payload types were chosen."""
        one, two = self.predicted.description, self.real.description
        return bool(one and two) and without_numbers(one or "") == without_numbers(two or "")

    @property
    def causes(self) -> list[str]:
        """In what the two differ."""
        one, two = self.predicted, self.real
        if self.is_numbers:
            return ["other payload types"]
        if one.description is None or two.description is None:
            return [f"{one.error} predicted, {two.error} real"]
        found = [cause_of(each) for each in differences(one.description, two.description)]
        return list(dict.fromkeys(found)) or ["same meaning, other text"]


@dataclass
class Score:
    """How many descriptions were predicted, text for text, and how many outcomes at all.

    After the first difference a negotiation is not followed further: what comes then is not
    counted.
    """

    name: str
    negotiations: int = 0
    whole: int = 0
    offers: int = 0
    answers: int = 0
    descriptions: int = 0
    identical: int = 0
    numbered: int = 0
    outcomes: int = 0
    misses: list[Miss] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.negotiations} negotiations, wholly the same {self.whole} "
            f"({self.whole / max(self.negotiations, 1):.2%}); descriptions with the same text "
            f"{self.identical}/{self.descriptions} ({self.offers} offers, {self.answers} answers), "
            f"or the same but for payload types {self.identical + self.numbered}; "
            f"{self.outcomes} operations"
        )


def score(stack: str, negotiations: Sequence[Negotiation], name: str) -> Score:
    """Replay negotiations with a simulated peer and compare."""
    result = Score(name)
    for negotiation in negotiations:
        result.negotiations += 1
        predicted = replay(stack, negotiation)
        for place, (one, two) in enumerate(zip(predicted, negotiation.made, strict=True)):
            result.outcomes += 1
            if two.description is not None:
                result.descriptions += 1
                is_offer = negotiation.operations[place]["op"] == "createOffer"
                result.offers += is_offer
                result.answers += not is_offer
                result.identical += one.description == two.description
            if (one.description, one.error) != (two.description, two.error):
                miss = Miss(negotiation, place, one)
                result.numbered += miss.is_numbers
                result.misses.append(miss)
                break
        else:
            result.whole += 1
    return result


def report(result: Score, show: int = 0, only: str = "") -> None:
    """Print the figures, the causes, and some misses whole."""
    print(result)
    for miss in result.misses:
        operation = miss.negotiation.operations[miss.place]["op"]
        print(f"    {miss.negotiation.name} {miss.place} {operation}: {'; '.join(miss.causes[:3])}")
    for miss in [each for each in result.misses if only in each.negotiation.name][:show]:
        print(f"\n-- {miss.negotiation.name}")
        for place, operation in enumerate(miss.negotiation.operations[: miss.place + 1]):
            shown = {key: value for key, value in operation.items() if key != "description"}
            given = operation.get("description")
            print(place, shown, (given["type"], len(given["sdp"])) if given else "")
        one, two = miss.predicted, miss.real
        print(f"predicted {one.error} {one.message}\nreal      {two.error} {two.message}")
        lines = [(each.description or "").split("\r\n") for each in (one, two)]
        print("\n".join(difflib.unified_diff(*lines, "predicted", "real", lineterm="", n=1)))


async def ask(stack: str, number: int, seed: int) -> tuple[str, list[Negotiation]]:
    """Have a browser negotiate so many times, and return its version and what is kept.

    One that ends the browser's page is left out, and named on stderr.
    """
    from tests.oracle.ask_sequences import stage

    names = [f"{seed}-{place:03}" for place in range(number)]
    kept: list[Negotiation] = []
    while names:
        async with stage(stack) as running:
            version = f"{running.kind} {running.version}"
            with contextlib.suppress(NetworkFailure):
                for _ in range(min(len(names), _A_PAGE)):
                    name = names.pop(0)
                    player = await ConnectionPlayer.opened(running, "a")
                    print(name, end=" ", flush=True, file=sys.stderr)
                    kept.append(await draw(player.perform, name))
                    await player.close()
                continue
            print("ended the page", file=sys.stderr)
    print(file=sys.stderr)
    return version, kept


def main(arguments: Sequence[str] | None = None) -> None:
    """Print how much of a stack's negotiations is predicted right."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.measure_negotiations")
    parser.add_argument("--stack", choices=_STACKS, default="chromium")
    parser.add_argument("--set", choices=SETS, help="only this recorded set")
    parser.add_argument("--new", type=int, default=0, help="draw so many new negotiations")
    parser.add_argument("--seed", type=int, default=1, help="of the new negotiations")
    parser.add_argument("--ask", action="store_true", help="ask the browser of this machine")
    parser.add_argument("--write", choices=SETS, help="keep the new ones as this set")
    parser.add_argument("--show", type=int, default=0, help="print so many misses whole")
    parser.add_argument("--only", default="", help="show those whose name has this in it")
    options = parser.parse_args(arguments)
    stack = options.stack
    if options.new:
        if not options.ask:
            parser.error("new negotiations need the browser: add --ask")
        version, kept = asyncio.run(ask(stack, options.new, options.seed))
        if options.write:
            print(write_set(f"negotiations-{stack}-{options.write}", version, kept), "bytes")
        report(score(stack, kept, f"new, {version}"), options.show, options.only)
        return
    for name in SETS:
        file = f"negotiations-{stack}-{name}"
        if options.set in (None, name) and recorded.exists(file):
            version, kept = read_set(file)
            report(score(stack, kept, f"{name}, {version}"), options.show, options.only)


if __name__ == "__main__":
    main()
