"""Plays random sequences in the browsers and keeps what came of them.

    python -m tests.oracle.record_sequences [--stack chromium]

Writes `tests/oracle/data/sequences.json.gz`: for each browser its version, the seed, and a list
of sequences, each with its steps and what was seen at every step.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from tests.oracle import recorded
from tests.oracle.ask_sequences import Browser
from tests.oracle.sequences import Seen, Steps, make_sequences

NAME = "sequences"
COUNTS = {"chromium": 500, "firefox": 300}
SEEDS = {"chromium": 11, "firefox": 12}


def packed(steps: Steps, played: Sequence[Seen]) -> list[Any]:
    """One sequence as it is kept: a state only where the peer's last one was another."""
    last: dict[str, list[Any]] = {}
    entries = []
    for step, result in zip(steps, played, strict=True):
        listed = [list(item) for item in result.transceivers]
        state = [result.signaling, list(result.types), listed, result.sctp]
        entries.append(
            [
                result.error,
                recorded.masked(result.message),
                list(result.events),
                None if last.get(step["peer"]) == state else state,
            ]
        )
        last[step["peer"]] = state
    return [steps, entries]


def unpacked(entry: Sequence[Any]) -> tuple[Steps, list[Seen]]:
    """The inverse of `packed`."""
    steps, entries = entry
    last: dict[str, list[Any]] = {}
    played = []
    for step, (error, message, events, state) in zip(steps, entries, strict=True):
        state = last[step["peer"]] = last[step["peer"]] if state is None else state
        signaling, types, transceivers, sctp = state
        played.append(
            Seen(
                error,
                message,
                signaling,
                tuple(types),
                tuple((mid, one, two, stopped) for mid, one, two, stopped in transceivers),
                tuple(events),
                sctp,
            )
        )
    return steps, played


def read_recorded(browser: str) -> list[tuple[Steps, list[Seen]]]:
    """The sequences a browser played, with what was seen."""
    return [unpacked(entry) for entry in recorded.read(NAME)[browser]["sequences"]]


def record(browser: str) -> dict[str, Any]:
    """Play the sequences of a browser and return what is kept of them."""
    drawn = make_sequences(COUNTS[browser], SEEDS[browser])
    with Browser(browser) as player:
        played = player.play(drawn)
        version = player.version
    entries = [packed(steps, one) for steps, one in zip(drawn, played, strict=True)]
    return {"version": version, "seed": SEEDS[browser], "sequences": entries}


def main() -> None:
    """Record what is asked for; the rest of the file stays."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stack", choices=tuple(COUNTS), action="append")
    asked = parser.parse_args().stack or list(COUNTS)
    content = recorded.read(NAME) if recorded.exists(NAME) else {}
    for browser in asked:
        content[browser] = record(browser)
        print(browser, content[browser]["version"], len(content[browser]["sequences"]))
    print(recorded.write(NAME, content), "bytes")


if __name__ == "__main__":
    main()
