"""Measures the answers rtckit predicts against those real peers gave.

    python -m tests.oracle.measure_answers --stack chromium
    python -m tests.oracle.measure_answers --stack firefox --set development --show 3
    python -m tests.oracle.measure_answers --stack chromium --new 300 --seed 7 --ask

The first reads the given answers, the second a recorded set of new offers. The third makes new
offers and asks the peer of this machine (root is needed for its network namespace).
"""

import argparse
import collections
from collections.abc import Sequence
from dataclasses import dataclass, field

from rtckit.jsep.connection import PeerError
from rtckit.jsep.negotiation import OfferRefused, answer
from tests.oracle import recorded
from tests.oracle.answers import cause_of, differences, masked
from tests.oracle.recorded_answers import Answered, AnswerSet, given, read_set

SETS = ("development", "final")


@dataclass
class Miss:
    """An offer that was answered otherwise than predicted: in what, and the two answers."""

    case: Answered
    differences: list[str]
    predicted: str


@dataclass
class AnswerScore:
    """How many answers a model got wholly right.

    Right in meaning is when all is said that the peer said and nothing else; the same text when
    it is also said in the same order, chance values apart. Only answers count; ``refusals`` are
    the offers the peer refused, and ``refused`` those that the model refuses at the same step
    with the same exception.
    """

    name: str
    answers: int = 0
    equal: int = 0
    identical: int = 0
    refusals: int = 0
    refused: int = 0
    misses: list[Miss] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The part of the answers with the same meaning."""
        return self.equal / self.answers if self.answers else 1.0

    @property
    def identical_rate(self) -> float:
        """The part of the answers that are the same text."""
        return self.identical / self.answers if self.answers else 1.0

    def __str__(self) -> str:
        text = (
            f"{self.name}: same meaning {self.equal}/{self.answers} ({self.rate:.2%}), "
            f"same text {self.identical}/{self.answers} ({self.identical_rate:.2%})"
        )
        if self.refusals:
            text += f"; refused alike {self.refused}/{self.refusals}"
        return text


def score(stack: str, cases: Sequence[Answered], name: str) -> AnswerScore:
    """Answer every offer as a stack and compare with what the real one did."""
    result = AnswerScore(name)
    for case in cases:
        predicted, refusal = _predict(stack, case.offer)
        if case.answer is None:
            result.refusals += 1
            told = case.refusal[:2] if case.refusal else None
            if refusal is not None and refusal[:2] == told:
                result.refused += 1
            else:
                found = [f"refused at {told}: predicted {(refusal or ('an answer',))[:2]}"]
                result.misses.append(Miss(case, found, predicted))
            continue
        result.answers += 1
        found = differences(predicted, case.answer) if predicted else [f"answered: {refusal}"]
        if not found:
            result.equal += 1
            result.identical += masked(predicted) == masked(case.answer)
        else:
            result.misses.append(Miss(case, found, predicted))
    return result


def _predict(stack: str, offer: str) -> tuple[str, tuple[str, str, str] | None]:
    try:
        return answer(offer, stack).text, None
    except OfferRefused as error:
        return "", (error.stage, error.name, error.message)
    except PeerError as error:
        return "", ("", error.name, error.message)
    except Exception as error:  # a model in the making; the measure goes on
        return "", ("bug", type(error).__name__, str(error))


def report(result: AnswerScore, show: int = 0, only: str = "") -> None:
    """Print the figures, the differences by cause, and some cases whole."""
    print(result)
    causes: dict[str, list[str]] = collections.defaultdict(list)
    for miss in result.misses:
        for cause in dict.fromkeys(map(cause_of, miss.differences)):
            causes[cause].append(miss.case.id)
    for cause, names in sorted(causes.items(), key=lambda entry: -len(entry[1])):
        print(f"    {len(names):4} x {cause}   ({names[0]})")
    for miss in [each for each in result.misses if only in each.case.id][:show]:
        print(f"\n-- {miss.case.id}\n-- the offer\n{miss.case.offer}")
        print(f"-- predicted\n{masked(miss.predicted)}\n-- real\n{miss.case.answer}")
        print("\n".join(f"-- {each}" for each in miss.differences))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print how many answers of a stack are predicted right, the given and the new ones apart."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.measure_answers")
    parser.add_argument("--stack", choices=("chromium", "firefox", "aiortc"), default="chromium")
    parser.add_argument("--set", choices=("given", *SETS), help="only this recorded set")
    parser.add_argument("--new", type=int, default=0, help="make so many new offers")
    parser.add_argument("--seed", type=int, default=1, help="of the new offers")
    parser.add_argument("--ask", action="store_true", help="ask the peer of this machine")
    parser.add_argument("--show", type=int, default=0, help="print so many misses whole")
    parser.add_argument("--only", default="", help="show those whose name has this in it")
    options = parser.parse_args(arguments)
    stack = options.stack
    if options.new:
        if not options.ask:
            parser.error("new offers have no answers yet: add --ask")
        from tests.oracle.collect_answers import ask_peer
        from tests.oracle.new_offers import new_offers

        found = AnswerSet(offers=new_offers(options.new, options.seed))
        version, said = ask_peer(stack, list(found.offers.values()))
        found.record(stack, version, list(found.offers), said)
        report(score(stack, found.of(stack), f"new, {version}"), options.show, options.only)
        return
    for name in ("given", *SETS):
        if options.set not in (None, name):
            continue
        if name != "given" and not recorded.exists(f"new-{name}"):
            continue
        found = given() if name == "given" else read_set(f"new-{name}")
        if stack in found.results:
            title = f"{name}, {found.versions[stack]}"
            report(score(stack, found.of(stack), title), options.show, options.only)


if __name__ == "__main__":
    main()
