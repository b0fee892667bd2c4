"""Measures a verdict model against what the browsers did.

    python -m tests.oracle.measure --stack chromium
    python -m tests.oracle.measure --stack chromium --unseen 1000 --seed 7 --ask

The first reads recorded cases only. The second makes new mutations and asks the browser of this
machine (root is needed for its network namespace).
"""

import argparse
import collections
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rtckit.jsep.verdict import Case, Verdict, stack_of
from tests.oracle import recorded
from tests.oracle.recorded import Recorded

UNSEEN = ("development", "final")


@dataclass
class Score:
    """How many cases a model got right.

    A case is right when both verdict and stage are; a message when the exception is, letter for
    letter.
    """

    name: str
    cases: int = 0
    right: int = 0
    rejections: int = 0
    messages: int = 0
    misses: list[tuple[Recorded, Verdict]] = field(default_factory=list)

    @property
    def verdict_rate(self) -> float:
        """The part with the right verdict and stage."""
        return self.right / self.cases if self.cases else 1.0

    @property
    def message_rate(self) -> float:
        """The part of the rejections with the exact message."""
        return self.messages / self.rejections if self.rejections else 1.0

    def __str__(self) -> str:
        return (
            f"{self.name:24} verdict and stage {self.right}/{self.cases} "
            f"({self.verdict_rate:.2%}), exact message {self.messages}/{self.rejections} "
            f"({self.message_rate:.2%})"
        )


def score(stack: str, cases: Sequence[Recorded], name: str) -> Score:
    """Put every case to a model and compare."""
    result = Score(name)
    model = stack_of(stack)
    for each in cases:
        predicted = model.predict(each.case)
        stage_right = predicted.stage == each.verdict.stage
        message_right = predicted.error == each.verdict.error and recorded.masked(
            predicted.message
        ) == recorded.masked(each.verdict.message)
        result.cases += 1
        result.right += stage_right
        if not each.verdict.accepts:
            result.rejections += 1
            result.messages += message_right
        if not (stage_right and message_right):
            result.misses.append((each, predicted))
    return result


def cause(miss: tuple[Recorded, Verdict]) -> str:
    """What kind of miss it is: the message the browser gave, without its particulars."""
    each, predicted = miss

    def short(verdict: Verdict) -> str:
        if verdict.accepts:
            return "accepted"
        text = re.sub(r"'[^']*'|\d+", "*", (verdict.message or "").rpartition(": ")[2])
        return f"{verdict.stage}: {text[-90:]}"

    return f"{short(each.verdict)}  <-  predicted {short(predicted)}"


def report(result: Score) -> None:
    """Print the figures and the misses by cause."""
    print(result)
    groups = collections.Counter(cause(miss) for miss in result.misses)
    for text, count in groups.most_common():
        example = next(m[0].id for m in result.misses if cause(m) == text)
        print(f"    {count:3} x {text}   ({example})")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the accuracy of a model, given and unseen cases apart."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.measure")
    parser.add_argument("--stack", choices=("chromium", "firefox", "aiortc"), default="chromium")
    parser.add_argument("--unseen", type=int, default=0, help="make so many new mutations")
    parser.add_argument("--seed", type=int, default=1, help="of the new mutations")
    parser.add_argument("--ask", action="store_true", help="ask the browser of this machine")
    options = parser.parse_args(arguments)
    stack = options.stack
    print(f"{stack} {recorded.version(stack)}")
    report(score(stack, recorded.mutated_offers(stack), "given, mutated offers"))
    report(score(stack, recorded.exchanges(stack), "given, other cases"))
    for name in UNSEEN:
        cases = recorded.unseen_offers(stack, name)
        if cases:
            report(score(stack, cases, f"unseen, {name} set"))
    if recorded.exists("unseen-exchanges"):
        cases = recorded.exchanges(stack, "unseen-exchanges")
        report(score(stack, cases, "unseen, exchanges"))
    if options.unseen:
        if not options.ask:
            parser.error("new mutations have no verdicts yet: add --ask")
        from tests.oracle.ask_browsers import ask_offers
        from tests.oracle.mutate import new_offers

        texts = new_offers(options.unseen, options.seed)
        version, verdicts = ask_offers(stack, list(texts.values()))
        results = dict(zip(texts, verdicts, strict=True))
        cases = [
            Recorded(
                name,
                Case("offer", texts[name]),
                Verdict(not each["stage"], each["stage"], each.get("error"), each.get("message")),
            )
            for name, each in results.items()
        ]
        report(score(stack, cases, f"unseen, {version}"))


if __name__ == "__main__":
    main()
