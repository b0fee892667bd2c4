"""How many offers a second each stack answers, and how long a conference's offer takes.

    python benchmarks/bench_answer.py [--seconds 2] [--stacks chromium firefox] [--profile chromium]

The small offer is Chromium's for audio and video, about 5 kB. Each is another one: ICE
credentials, fingerprint, sources, session and stream ids change from offer to offer, so that
nothing of the last answer can be used again. aiortc itself answers the same offers, without the
sockets it gathers candidates with. The large one has 151 sections (``make_sfu_offer.py``). CPU
time of this process; ends with 1 when a target is missed.
"""

import argparse
import asyncio
import cProfile
import gzip
import json
import logging
import pstats
import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

from rtckit.jsep import STACK_NAMES, answer

ROOT = Path(__file__).resolve().parent.parent
SMALL = ROOT / "tests" / "oracle" / "data" / "bases.json.gz"
LARGE = ROOT / "tests" / "sdp" / "data" / "sfu-offer.sdp.gz"

ANSWERS_PER_SECOND = 1000.0
LARGE_MS = 100.0

_CHANCE = re.compile(
    r"(?<=a=ice-ufrag:)\S+|(?<=a=ice-pwd:)\S+|(?<=a=fingerprint:sha-256 )\S+|(?<=cname:)\S+"
    r"|(?<=a=ssrc:)\d+|(?<=FID )\d+ \d+|(?<=o=- )\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def vary(text: str, number: int) -> list[str]:
    """So many offers that say the same, each with other chance values.

    The same value becomes the same everywhere in one offer, of the same length and letters.
    """
    generator = random.Random(1)
    return [_vary_once(text, generator) for _ in range(number)]


def _vary_once(text: str, generator: random.Random) -> str:
    known: dict[str, str] = {}

    def other(value: str) -> str:
        if " " in value:
            return " ".join(other(part) for part in value.split(" "))
        if value not in known:
            hexadecimal = re.fullmatch(r"[0-9A-Fa-f:-]+", value) is not None
            letters = "123456789" if value.isdecimal() else "0123456789abcdef"
            if value.isupper() or ":" in value:
                letters = letters.upper()
            if not hexadecimal:
                letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            drawn = "".join(c if c in ":-+/" else generator.choice(letters) for c in value)
            known[value] = str(int(drawn) % 2**32) if value.isdecimal() else drawn
        return known[value]

    return _CHANCE.sub(lambda found: other(found[0]), text)


def rate(work: Callable[[str], object], offers: Sequence[str], seconds: float) -> float:
    """Answers a second of CPU, over at least so many seconds."""
    work(offers[0])
    done = 0
    begun = process_time()
    while process_time() - begun < seconds:
        for offer in offers[done % len(offers) :][:50]:
            work(offer)
            done += 1
    return done / (process_time() - begun)


def rate_of_aiortc(offers: Sequence[str], seconds: float) -> float:
    """The same for aiortc itself, up to createAnswer."""
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    async def run() -> float:
        done = 0
        begun = process_time()
        while process_time() - begun < seconds:
            connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            offer = RTCSessionDescription(sdp=offers[done % len(offers)], type="offer")
            await connection.setRemoteDescription(offer)
            await connection.createAnswer()
            spent = process_time()
            await connection.close()
            begun += process_time() - spent
            done += 1
        return done / (process_time() - begun)

    logging.disable(logging.CRITICAL)
    return asyncio.run(run())


def best_ms(work: Callable[[], object], rounds: int = 5) -> float:
    """The shortest of some runs, in milliseconds of CPU."""
    spent = []
    for _ in range(rounds):
        before = process_time()
        work()
        spent.append(process_time() - before)
    return min(spent) * 1000


def profile(stack: str, offers: Sequence[str], large: str) -> None:
    """Where the time goes, small offers and the large one apart."""
    for name, texts in (("small", offers[:300]), ("large", [large])):
        answer(texts[0], stack)
        profiler = cProfile.Profile()
        profiler.enable()
        for text in texts:
            answer(text, stack)
        profiler.disable()
        print(f"-- {stack}, {name}")
        pstats.Stats(profiler).sort_stats("tottime").print_stats(22)


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--stacks", nargs="+", choices=STACK_NAMES, default=list(STACK_NAMES))
    parser.add_argument("--profile", choices=STACK_NAMES)
    given = parser.parse_args()
    small: str = json.loads(gzip.decompress(SMALL.read_bytes()))["chromium-call"]
    offers = vary(small, 500)
    large = gzip.decompress(LARGE.read_bytes()).decode()
    if given.profile:
        profile(given.profile, offers, large)
        return 0
    sections = large.count("\nm=")
    print(f"offers of {len(small):,} characters, and one of {sections} sections, {len(large):,}")
    theirs = rate_of_aiortc(offers, given.seconds)
    print(f"{'aiortc itself':14} {theirs:8,.0f} answers a second")
    met = True
    for stack in given.stacks:
        ours = rate(lambda offer, stack=stack: answer(offer, stack), offers, given.seconds)
        spent = best_ms(lambda stack=stack: answer(large, stack))
        good = ours >= ANSWERS_PER_SECOND and spent < LARGE_MS
        met &= good
        print(
            f"{stack:14} {ours:8,.0f} answers a second ({ours / theirs:.1f} times aiortc), "
            f"{sections} sections in {spent:.0f} ms "
            f"(targets {ANSWERS_PER_SECOND:,.0f} and {LARGE_MS:g} ms): "
            f"{'met' if good else 'MISSED'}"
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
