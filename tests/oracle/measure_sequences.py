"""Measures simulated peers against what real browsers made of random sequences of operations.

    python -m tests.oracle.measure_sequences --stack chromium
    python -m tests.oracle.measure_sequences --stack firefox --new 200 --seed 5 --ask

The first replays what is recorded; with ``--ask`` the browser of this machine is there to shrink
what differs to a minimal example (root is needed for its network namespace). ``--new`` draws new
sequences and plays them in the browser.
"""

import argparse
import collections
from collections.abc import Sequence

from tests.oracle.ask_sequences import Browser
from tests.oracle.compare_sequences import Play, Tally, shrink
from tests.oracle.record_sequences import COUNTS, read_recorded
from tests.oracle.sequences import LEGAL_SHARE, Seen, Steps, make_sequences

_SHRUNK_GROUPS = 25


def _compare(stack: str, played: Sequence[tuple[Steps, Sequence[Seen]]]) -> Tally:
    tally = Tally()
    tally.add(stack, played)
    print(f"{stack}: {tally}")
    return tally


def _tell_misses(stack: str, tally: Tally, shown: int, ask: Play | None) -> None:
    groups = tally.groups()
    print(f"\n{sum(len(group) for _, group in groups)} sequences differ, {len(groups)} causes")
    for place, (cause, group) in enumerate(groups[:shown]):
        example = group[0]
        if ask is not None and place < _SHRUNK_GROUPS:
            example = shrink(stack, example, ask)
        print(f"\n{len(group)} times {cause}\n{example.text()}")
    for title, counted in (
        ("messages", collections.Counter(tally.message_misses())),
        ("events", collections.Counter(tally.event_misses())),
    ):
        print(f"\n{title} that differ: {sum(counted.values())}")
        for missed, count in counted.most_common(shown):
            print(f"  {count} times", *(f"\n      {part!s}" for part in missed))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stack", choices=tuple(COUNTS), required=True)
    parser.add_argument("--new", type=int, default=0, help="how many new sequences to play")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--legal", type=float, default=LEGAL_SHARE, help="the share of steps meant to be legal"
    )
    parser.add_argument("--ask", action="store_true", help="ask the browser to shrink what differs")
    parser.add_argument("--show", type=int, default=40, help="how many causes to print")
    options = parser.parse_args()
    if not options.new and not options.ask:
        tally = _compare(options.stack, read_recorded(options.stack))
        _tell_misses(options.stack, tally, options.show, None)
        return
    with Browser(options.stack) as browser:
        played: Sequence[tuple[Steps, Sequence[Seen]]] = read_recorded(options.stack)
        if options.new:
            drawn = make_sequences(options.new, options.seed, options.legal)
            played = list(zip(drawn, browser.play(drawn), strict=True))
        tally = _compare(options.stack, played)
        _tell_misses(options.stack, tally, options.show, browser.play if options.ask else None)


if __name__ == "__main__":
    main()
