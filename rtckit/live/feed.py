"""A live session as a stream of events: a gathering, or a whole connection with either engine."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from rtckit.core.findings import Finding
from rtckit.ice.events import Event
from rtckit.live.check import CheckResult, check, open_engine
from rtckit.live.engines.engine import Engine
from rtckit.live.gather import GatherSettings
from rtckit.live.signalling import open_signalling
from rtckit.rules.catalogue import run as run_rules

__all__ = ["watch_check", "watch_gathering"]

_WAIT_S = 60.0


async def watch_gathering(
    gathering: GatherSettings, *, engine: str = "native"
) -> AsyncGenerator[Event, None]:
    """Gather, and tell each step; the last event is the ``result``.

    Args:
        gathering: where candidates come from.
        engine: ``native`` or ``aioice``.

    Raises:
        UsageError: there is no such engine.
    """
    end = open_engine(engine, controlling=True, gathering=gathering)

    async def work() -> dict[str, Any]:
        began = asyncio.get_running_loop().time()
        await end.gather()
        elapsed = asyncio.get_running_loop().time() - began
        candidates = [candidate.as_json() for candidate in end.local]
        return {"candidates": candidates, "elapsed_ms": round(elapsed * 1000, 3)}

    async with contextlib.aclosing(_events(end, work, gathering)) as events:
        async for event in events:
            yield event


async def watch_check(
    gathering: GatherSettings,
    signal: str,
    *,
    engine: str = "native",
    role: str | None = None,
    nomination: str | None = None,
    timeout: float | None = None,
    wait_s: float = _WAIT_S,
    hold_s: float = 0.0,
) -> AsyncGenerator[Event, None]:
    """Connect to another end, and tell each step; the last event is the ``result``.

    Args:
        gathering: where candidates come from.
        signal: how the ends meet: ``dir:FOLDER``, ``listen:HOST:PORT`` or ``connect:HOST:PORT``.
        engine: ``native`` or ``aioice``.
        role: ``offer`` or ``answer``, where the way of signalling does not decide it.
        nomination: ``regular`` or ``aggressive``; None for what the engine does by itself.
        timeout: seconds for the checks; None for as long as ICE takes.
        wait_s: seconds to wait for the other end.
        hold_s: seconds to stay connected.

    Raises:
        UsageError: an engine or a way of signalling that is none.
        NetworkFailure: the other end did not come.
    """
    signalling = await open_signalling(signal, role=role, timeout=wait_s)
    side = role or signalling.role or "offer"

    async def work() -> dict[str, Any]:
        result: CheckResult = await check(
            end, signalling, side, timeout=timeout, wait_s=wait_s, hold_s=hold_s
        )
        return result.as_json()

    try:
        end = open_engine(
            engine, controlling=side == "offer", gathering=gathering, nomination=nomination
        )
        async with contextlib.aclosing(_events(end, work, gathering)) as events:
            async for event in events:
                yield event
    finally:
        await signalling.close()


async def _events(
    engine: Engine,
    work: Callable[[], Awaitable[dict[str, Any]]],
    gathering: GatherSettings,
) -> AsyncGenerator[Event, None]:
    """The events of an engine while it works, and its result; the engine is closed in any case."""
    queue: asyncio.Queue[Event | None] = asyncio.Queue()
    last = 0.0

    def take(event: Event) -> None:
        queue.put_nowait(event)

    engine.on_event = take
    task = asyncio.ensure_future(work())
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        for event in _begin(engine):
            yield event
        while (item := await queue.get()) is not None:
            last = max(last, item.t)
            yield item
        result = await task
        for finding in await _findings(engine, gathering):
            yield Event(last, "finding", None, finding.to_dict())
        yield Event(last, "result", None, result)
    finally:
        engine.on_event = None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engine.close()


def _begin(engine: Engine) -> list[Event]:
    """What rtckit's own engine does not tell, because it never changes: its timers and its role."""
    agent = getattr(engine, "agent", None)
    if agent is None:
        return []
    names = ("ta", "rto", "transmissions", "last_wait")
    timers = {name: getattr(agent.settings, name) for name in names}
    return [
        Event(0.0, "engine", None, {"engine": engine.name, **timers}),
        Event(0.0, "role", None, {"controlling": engine.controlling}),
    ]


async def _findings(engine: Engine, gathering: GatherSettings) -> list[Finding]:
    """What the rules say of the servers that were asked.

    aioice cannot tell what happened; where a server gave it nothing, rtckit asks once more itself.
    """
    gatherer = getattr(engine, "gatherer", None)
    if gatherer is not None:
        return run_rules("probe", gatherer.probes())
    if not any(error.get("server") for error in getattr(engine, "errors", ())):
        return []
    asking = open_engine("native", controlling=True, gathering=gathering)
    try:
        await asking.gather()
        return await _findings(asking, gathering)
    finally:
        await asking.close()
