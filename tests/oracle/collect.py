"""Records new cases: offers of the browsers here, mutations of them, and their verdicts.

    python -m tests.oracle.collect bases
    python -m tests.oracle.collect unseen NAME --number 1000 --seed 20 --browsers chromium firefox
    python -m tests.oracle.collect exchanges unseen-exchanges --number 300 --seed 8

Needs root and the browsers. What it writes is read by `tests.oracle.recorded`.
"""

import argparse
import random
from collections.abc import Sequence
from typing import Any

from tests.oracle import recorded
from tests.oracle.ask_browsers import ask, ask_exchanges, ask_offers
from tests.oracle.mutate import mutate, new_offers

_SETS: dict[str, dict[str, Any]] = {
    "audio": {"kinds": [["audio", "sendrecv"]], "channel": False},
    "video-receive": {"kinds": [["video", "recvonly"]], "channel": False},
    "channel": {"kinds": [], "channel": True},
    "call": {"kinds": [["audio", "sendrecv"], ["video", "sendrecv"]], "channel": False},
    "call-channel": {"kinds": [["audio", "sendrecv"], ["video", "sendrecv"]], "channel": True},
    "two-videos": {
        "kinds": [["video", "sendonly"], ["video", "sendrecv"], ["audio", "recvonly"]],
        "channel": True,
    },
    "simulcast": {
        "kinds": [["audio", "sendonly"], ["video", "sendonly"]],
        "channel": False,
        "simulcast": True,
    },
    "two-audios": {"kinds": [["audio", "sendrecv"], ["audio", "inactive"]], "channel": False},
}


_EXCHANGED = ("audio", "call", "call-channel", "two-videos", "channel")
_KINDS = ("answer", "reoffer", "local-offer", "local-answer")


def collect_bases() -> None:
    """Have both browsers make offers."""
    bases: dict[str, str] = {}
    for browser in ("chromium", "firefox"):
        version, answers = ask(browser, [("make", list(_SETS.values()))])
        for name, offer in zip(_SETS, answers[0], strict=True):
            bases[f"{browser}-{name}"] = offer
        print(version, len(answers[0]), "offers")
    print(recorded.write("bases", bases), "bytes")


def collect_unseen(name: str, number: int, seed: int, browsers: Sequence[str]) -> None:
    """Make mutations and ask the browsers about each; other browsers' verdicts are kept."""
    offers = new_offers(number, seed)
    verdicts: dict[str, Any] = recorded.unseen_verdicts(name)
    for browser in browsers:
        version, answers = ask_offers(browser, list(offers.values()))
        verdicts[browser] = {
            "version": version,
            "results": {
                name: [each["stage"], each.get("error"), each.get("message"), each.get("line")]
                for name, each in zip(offers, answers, strict=True)
            },
        }
        print(version, sum(1 for each in answers if each["stage"]), "refused of", len(answers))
        print(recorded.write(f"unseen-{name}", {"offers": offers, "verdicts": verdicts}), "bytes")


def collect_exchanges(name: str, number: int, seed: int, browsers: Sequence[str]) -> None:
    """Change answers, re-offers and local descriptions of the browsers on their way."""
    kept: dict[str, Any] = recorded.read(name) if recorded.exists(name) else {}
    for browser in browsers:
        generator = random.Random(seed)
        setups = [
            {"kind": generator.choice(_KINDS), **_SETS[generator.choice(_EXCHANGED)]}
            for _ in range(number)
        ]
        names: dict[int, str] = {}

        def change(at: int, text: str, names: dict[int, str] = names) -> str:
            text, changes = mutate(text, random.Random(f"{seed}-{at}"))
            names[at] = "+".join(changes)
            return text

        version, entries = ask_exchanges(browser, setups, change)
        cases = [
            {
                "id": f"{setup['kind']}/{seed}-{at:04}-{names[at]}",
                "type": entry["type"],
                "side": "local" if setup["kind"].startswith("local") else "remote",
                "sdp": entry["sdp"],
                "state": {k: v for k, v in entry["state"].items() if v is not None},
                "verdict": [entry["verdict"].get(k) for k in ("stage", "error", "message", "line")],
            }
            for at, (setup, entry) in enumerate(zip(setups, entries, strict=True))
        ]
        kept[browser] = {"version": version, "cases": cases}
        print(version, len(cases), recorded.write(name, kept), "bytes")


def main() -> None:
    """Record what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.collect")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("bases")
    unseen = commands.add_parser("unseen")
    unseen.add_argument("name")
    unseen.add_argument("--number", type=int, default=1000)
    unseen.add_argument("--seed", type=int, required=True)
    unseen.add_argument("--browsers", nargs="+", default=["chromium", "firefox"])
    exchanges = commands.add_parser("exchanges")
    exchanges.add_argument("name")
    exchanges.add_argument("--number", type=int, default=300)
    exchanges.add_argument("--seed", type=int, required=True)
    exchanges.add_argument("--browsers", nargs="+", default=["chromium", "firefox"])
    options = parser.parse_args()
    if options.command == "bases":
        collect_bases()
    elif options.command == "exchanges":
        collect_exchanges(options.name, options.number, options.seed, options.browsers)
    else:
        collect_unseen(options.name, options.number, options.seed, options.browsers)


if __name__ == "__main__":
    main()
