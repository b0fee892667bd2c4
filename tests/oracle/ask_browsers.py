"""Puts descriptions to the real browsers of this machine and reports what each of them does.

Needs root (a network namespace for the browser) and the browsers; see `rtckit.lab.capabilities`.
"""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Network
from rtckit.lab.peers.chromium import ChromiumPeer
from rtckit.lab.peers.firefox import FirefoxPeer

_SCRIPT = Path(__file__).with_name("judge.js").read_text(encoding="utf-8")
CRASH = {"stage": "crash", "error": "crash", "message": "the page is lost"}
"""The verdict on what ends the browser's page."""

_BATCH = 20
_CONNECTIONS = 400
_BATCH_LIMIT_S = 240.0


class ChromiumJudge(ChromiumPeer):
    """Chromium with the judging script in its page."""

    async def evaluate(self, expression: str) -> str:
        """Evaluate an expression that is a promise of a string."""
        return await self.within(self._evaluate(expression), "judge", _BATCH_LIMIT_S)


class FirefoxJudge(FirefoxPeer):
    """Firefox with the judging script in its page."""

    async def evaluate(self, expression: str) -> str:
        """Evaluate an expression that is a promise of a string."""
        return await self.within(self._evaluate(expression), "judge", _BATCH_LIMIT_S)


_JUDGES = {"chromium": ChromiumJudge, "firefox": FirefoxJudge}


def ask(browser: str, calls: Sequence[tuple[str, list[Any]]]) -> tuple[str, list[list[Any]]]:
    """Run functions of the judging script, each with one list, in batches.

    Returns the version of the browser and one list of answers for each call.
    """
    return asyncio.run(_ask(browser, calls))


def ask_offers(browser: str, texts: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """Give each text as an offer to a new connection; the verdicts come in the same order."""
    version, answers = ask(browser, [("offers", list(texts))])
    return version, answers[0]


async def _ask(browser: str, calls: Sequence[tuple[str, list[Any]]]) -> tuple[str, list[list[Any]]]:
    version = ""
    answers: list[list[Any]] = []
    for function, items in calls:
        done: list[Any] = []
        size = _BATCH
        while len(done) < len(items):
            # Connections a page has closed still count against its limit of 500.
            part = items[len(done) : len(done) + _CONNECTIONS]
            version, some = await _ask_one_page(browser, function, part, size)
            done += some
            if len(some) == len(part):
                size = _BATCH
            elif size > 1:
                size = 1
            else:
                done.append(dict(CRASH))
                size = _BATCH
        answers.append(done)
    return version, answers


async def _ask_one_page(
    browser: str, function: str, items: list[Any], size: int
) -> tuple[str, list[Any]]:
    """Ask in batches of a size until everything is answered or the page is lost."""
    answers: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="rtckit-judge-") as folder, Network() as network:
        async with _JUDGES[browser](network.add("judge"), Path(folder)) as judge:
            for start in range(0, len(items), size):
                batch = json.dumps(items[start : start + size])
                call = f"(async () => {{ {_SCRIPT}; return rtckitJudge.{function}({batch}); }})()"
                with contextlib.suppress(NetworkFailure):
                    answers += json.loads(await judge.evaluate(call))
                if len(answers) < min(start + size, len(items)):
                    break
            return f"{judge.kind} {judge.version}", answers
