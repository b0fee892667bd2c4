"""Puts descriptions to the real browsers of this machine and reports what each of them does.

Needs root (a network namespace for the browser) and the browsers; see `rtckit.lab.capabilities`.
"""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Callable, Sequence
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
        from playwright.async_api import Error

        try:
            return await self.within(self._evaluate(expression), "judge", _BATCH_LIMIT_S)
        except Error as error:
            raise NetworkFailure(f"Chromium: {error.message}") from error


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
                batch = items[start : start + size]
                with contextlib.suppress(NetworkFailure):
                    answers += json.loads(await _call(judge, function, batch))
                if len(answers) < min(start + size, len(items)):
                    break
            return f"{judge.kind} {judge.version}", answers


def ask_exchanges(
    browser: str, setups: Sequence[dict[str, Any]], change: Callable[[int, str], str]
) -> tuple[str, list[dict[str, Any]]]:
    """Bring connections to where a description is to be set, change it, and set it.

    A setup has ``kind`` (``answer``, ``reoffer``, ``local-offer``, ``local-answer``) and what the
    caller offers; ``change`` gets its number and the true text. Returns for each the type, the
    changed text, the state it met and the verdict.
    """
    return asyncio.run(_ask_exchanges(browser, setups, change))


async def _ask_exchanges(
    browser: str, setups: Sequence[dict[str, Any]], change: Callable[[int, str], str]
) -> tuple[str, list[dict[str, Any]]]:
    version = ""
    entries: list[dict[str, Any]] = []
    while len(entries) < len(setups):
        with tempfile.TemporaryDirectory(prefix="rtckit-judge-") as folder, Network() as network:
            async with _JUDGES[browser](network.add("judge"), Path(folder)) as judge:
                version = f"{judge.kind} {judge.version}"
                end = min(len(entries) + _CONNECTIONS // 2, len(setups))
                while len(entries) < end:
                    batch = setups[len(entries) : min(len(entries) + _BATCH, end)]
                    begun = json.loads(await _call(judge, "begin", list(batch)))
                    for number, entry in enumerate(begun, len(entries)):
                        entry["sdp"] = change(number, entry["sdp"])
                    try:
                        for place, entry in enumerate(begun):
                            entry["verdict"] = dict(CRASH)
                            entries.append(entry)
                            answer = await _call(judge, "finish", [place, entry["sdp"]])
                            (entry["verdict"],) = json.loads(answer)
                    except NetworkFailure:
                        break
    return version, entries


async def _call(judge: Any, function: str, items: list[Any]) -> str:
    call = f"rtckitJudge.{function}({json.dumps(items)})"
    return str(await judge.evaluate(f"(async () => {{ {_SCRIPT}; return {call}; }})()"))
