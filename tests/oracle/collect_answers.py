"""Records what real peers answer: to the given offers, and to new ones.

    python -m tests.oracle.collect_answers given /path/to/mutated-offers.json.gz
    python -m tests.oracle.collect_answers new development --number 300 --seed 41
    python -m tests.oracle.collect_answers makers

``given`` takes the browsers' answers from the file that came with the offers, which has one for
each offer they took, and asks aiortc itself. ``new`` asks the browsers of this machine and aiortc;
``makers`` records offers that the browsers make, from which some of the new ones are. All need
root, but for the given answers of the browsers. What is written is read by
`tests.oracle.recorded_answers`.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import logging
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.oracle import recorded
from tests.oracle.ask_aiortc import leave_the_network
from tests.oracle.recorded_answers import GIVEN, AnswerSet, write_set

PEERS = ("chromium", "firefox", "aiortc")
_PATIENCE_S = 20.0


async def ask_aiortc(text: str) -> dict[str, Any]:
    """What aiortc does with an offer, in the form of ``judge.js``."""
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    stage = "setRemoteDescription"
    try:
        offer = RTCSessionDescription(sdp=text, type="offer")
        await asyncio.wait_for(connection.setRemoteDescription(offer), _PATIENCE_S)
        stage = "createAnswer"
        answer = await connection.createAnswer()
        stage = "setLocalDescription"
        await asyncio.wait_for(connection.setLocalDescription(answer), _PATIENCE_S)
    except Exception as error:
        return {"stage": stage, "error": type(error).__name__, "message": str(error)}
    finally:
        with contextlib.suppress(AttributeError, TimeoutError):
            await asyncio.wait_for(connection.close(), _PATIENCE_S)
    return {"stage": None, "answer": answer.sdp}


def ask_all_of_aiortc(texts: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """Its version and its verdicts, from a process without a network."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # The namespace is left with the process; the browsers are asked from the one before.
        try:
            leave_the_network()
            logging.disable(logging.CRITICAL)

            async def ask() -> list[dict[str, Any]]:
                return [await ask_aiortc(text) for text in texts]

            data = json.dumps(asyncio.run(ask())).encode()
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(data)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said: list[dict[str, Any]] = json.loads(pipe.read())
    os.waitpid(child, 0)
    return f"aiortc {version('aiortc')}", said


def ask_peer(peer: str, texts: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """What a real peer does with each offer."""
    if peer == "aiortc":
        return ask_all_of_aiortc(texts)
    from tests.oracle.ask_browsers import ask_offers

    return ask_offers(peer, texts)


def collect_given(source: Path) -> None:
    """Bring the given answers into a small file, and ask aiortc about the same offers."""
    content = json.loads(gzip.decompress(source.read_bytes()))
    found = AnswerSet()
    for browser, verdicts in content["verdicts"].items():
        taken = {k: v for k, v in verdicts["results"].items() if v["stage"] is None}
        found.record(browser, verdicts["version"], list(taken), list(taken.values()))
    offers: dict[str, str] = recorded.read("mutated-offers")["offers"]
    said_version, said = ask_peer("aiortc", list(offers.values()))
    taken = {k: v for k, v in zip(offers, said, strict=True) if v["stage"] is None}
    found.record("aiortc", said_version, list(taken), list(taken.values()))
    for peer, results in found.results.items():
        print(peer, found.versions[peer], len(results), "answers")
    print(write_set(GIVEN, found), "bytes")


def collect_new(name: str, number: int, seed: int, peers: Sequence[str]) -> None:
    """Make new offers and record what peers do with them."""
    from tests.oracle.new_offers import new_offers

    found = AnswerSet(offers=new_offers(number, seed))
    for peer in peers:
        said_version, said = ask_peer(peer, list(found.offers.values()))
        found.record(peer, said_version, list(found.offers), said)
        refused = sum(1 for each in said if each["stage"])
        print(said_version, refused, "refused of", len(said))
        print(write_set(f"new-{name}", found), "bytes")


def collect_makers() -> None:
    """Have both browsers make offers of many transceiver sets."""
    from tests.oracle.ask_browsers import ask
    from tests.oracle.new_offers import MAKERS, TRANSCEIVER_SETS

    made: dict[str, str] = {}
    for browser in ("chromium", "firefox"):
        said_version, answers = ask(browser, [("make", list(TRANSCEIVER_SETS.values()))])
        for name, text in zip(TRANSCEIVER_SETS, answers[0], strict=True):
            made[f"{browser}-{name}"] = text
        print(said_version, len(answers[0]), "offers")
    print(recorded.write(MAKERS, made), "bytes")


def main() -> None:
    """Record what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.collect_answers")
    commands = parser.add_subparsers(dest="command", required=True)
    given = commands.add_parser("given")
    given.add_argument("source", type=Path)
    new = commands.add_parser("new")
    new.add_argument("name")
    new.add_argument("--number", type=int, default=300)
    new.add_argument("--seed", type=int, required=True)
    new.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    commands.add_parser("makers")
    options = parser.parse_args()
    if options.command == "given":
        collect_given(options.source)
    elif options.command == "makers":
        collect_makers()
    else:
        collect_new(options.name, options.number, options.seed, options.peers)


if __name__ == "__main__":
    main()
