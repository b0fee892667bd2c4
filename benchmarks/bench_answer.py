"""How many offers a second each stack answers, and how long a conference's offer takes.

    python benchmarks/bench_answer.py [--seconds 2] [--stacks chromium firefox] [--profile chromium]

The small offer is Chromium's for audio and video, about 5 kB. Each is another one: ICE
credentials, fingerprint, sources, session and stream ids change from offer to offer, so that
nothing of the last answer can be used again. aiortc itself answers the same offers, without the
sockets it gathers candidates with. The large ones are varied in the same way and have 151 sections
(``make_sfu_offer.py``). The targets are for CPU time of this process, the time that passed is
printed next to it; the large offer is also answered as the first thing a process does. Ends with 1
when a target is missed.
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
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

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


def rate(
    work: Callable[[str], object], offers: Sequence[str], seconds: float
) -> tuple[float, float]:
    """Answers a second of CPU and of the clock, over at least so many seconds."""
    work(offers[0])
    done = 0
    begun, clock = process_time(), perf_counter()
    while process_time() - begun < seconds:
        for offer in offers[done % len(offers) :][:50]:
            work(offer)
            done += 1
    return done / (process_time() - begun), done / (perf_counter() - clock)


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


def median_ms(work: Callable[[str], object], offers: Sequence[str]) -> tuple[float, float]:
    """The median for some offers, each answered once, in milliseconds of CPU and of the clock."""
    spent = []
    for offer in offers:
        before, clock = process_time(), perf_counter()
        work(offer)
        spent.append((process_time() - before, perf_counter() - clock))
    return median(s for s, _ in spent) * 1000, median(s for _, s in spent) * 1000


def first_ms(stack: str, offer: str) -> float:
    """The CPU time of the first answer of a process that has only imported the stack."""
    script = (
        "import sys, time\nfrom rtckit.jsep import answer, peer_connection\n"
        f"peer_connection({stack!r})\ntext = sys.stdin.read()\nbegun = time.process_time()\n"
        f"answer(text, {stack!r})\nprint(time.process_time() - begun)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, input=offer, text=True, capture_output=True, check=True, cwd=ROOT
    )
    return float(done.stdout) * 1000


def profile(stack: str, offers: Sequence[str], large: Sequence[str]) -> None:
    """Where the time goes, small offers and the large one apart."""
    for name, texts in (("small", offers[:300]), ("large", large)):
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
    large = vary(gzip.decompress(LARGE.read_bytes()).decode(), 7)
    if given.profile:
        profile(given.profile, offers, large)
        return 0
    sections = large[0].count("\nm=")
    print(f"offers of {len(small):,} characters, and of {sections} sections, {len(large[0]):,}")
    print(f"{'':14} {'answers a second':>20} {f'{sections} sections, ms':>26}")
    print(f"{'':14} {'CPU':>10} {'clock':>9} {'CPU':>10} {'clock':>7} {'first':>7}")
    print(f"{'aiortc itself':14} {rate_of_aiortc(offers, given.seconds):10,.0f}")
    met = True
    for stack in given.stacks:

        def work(offer: str, stack: str = stack) -> object:
            return answer(offer, stack)

        ours, by_clock = rate(work, offers, given.seconds)
        spent, passed = median_ms(work, large)
        first = first_ms(stack, large[0])
        good = ours >= ANSWERS_PER_SECOND and spent < LARGE_MS
        met &= good
        print(
            f"{stack:14} {ours:10,.0f} {by_clock:9,.0f} {spent:10.0f} {passed:7.0f} {first:7.0f}  "
            f"{'met' if good else 'MISSED'}"
        )
    print(f"targets: {ANSWERS_PER_SECOND:,.0f} answers a second, {LARGE_MS:g} ms; of CPU")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
