"""Live feeds: what gathering and connecting tell, with either engine, on loopback."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from rtckit.analysis.ice_feed import IceFeed
from rtckit.analysis.ice_verdict import judge
from rtckit.core.errors import UsageError
from rtckit.ice.events import Event
from rtckit.live.feed import watch_check, watch_gathering
from rtckit.live.gather import GatherSettings
from rtckit.live.servers import parse_server

LOOPBACK = GatherSettings(interfaces=("lo",), families=(4,), budget_s=0.5)


async def collect(stream: AsyncGenerator[Event, None]) -> list[Event]:
    """Every event of a stream."""
    return [event async for event in stream]


@pytest.mark.parametrize("engine", ["native", "aioice"])
def test_gathering_ends_with_its_result(engine: str) -> None:
    events = asyncio.run(collect(watch_gathering(LOOPBACK, engine=engine)))
    assert events[-1].event == "result"
    assert [item["address"] for item in events[-1].detail["candidates"]] == ["127.0.0.1"]
    feed = IceFeed()
    feed.apply_all(events)
    assert judge(feed.table()).headline == "Gathered: 1 local candidate"


@pytest.mark.parametrize("engines", [("native", "native"), ("aioice", "native")])
def test_two_ends_meet_and_each_tells_its_course(engines: tuple[str, str], tmp_path: Path) -> None:
    async def run() -> list[list[Event]]:
        streams = [
            watch_check(LOOPBACK, f"dir:{tmp_path}", engine=engine, role=role, timeout=10)
            for engine, role in zip(engines, ("offer", "answer"), strict=True)
        ]
        async with asyncio.timeout(30):
            return list(await asyncio.gather(*(collect(stream) for stream in streams)))

    for events in asyncio.run(run()):
        assert events[-1].event == "result"
        assert events[-1].detail["connected"] is True
        feed = IceFeed()
        feed.apply_all(events)
        table = feed.table()
        assert judge(table).headline.startswith("Connected directly, host to host")
        assert table.selected is not None


def test_who_stops_watching_leaves_no_socket_open() -> None:
    async def run() -> None:
        stream = watch_gathering(LOOPBACK)
        async for event in stream:
            if event.event == "local-candidate":
                break
        await stream.aclose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others

    asyncio.run(run())


@pytest.mark.parametrize("engine", ["native", "aioice"])
def test_a_server_that_is_not_there_is_diagnosed_whichever_engine_asked(engine: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = parse_server(f"stun:127.0.0.1:{port}")
    gathering = GatherSettings((server,), ("lo",), (4,), budget_s=0.3)
    events = asyncio.run(collect(watch_gathering(gathering, engine=engine)))
    findings = [event.detail for event in events if event.event == "finding"]
    assert [finding["rule"] for finding in findings] == ["GATHER006"]
    feed = IceFeed()
    feed.apply_all(events)
    (advice,) = judge(feed.table()).advice
    assert advice.rule == "GATHER006"


def test_an_engine_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        asyncio.run(collect(watch_gathering(LOOPBACK, engine="steam")))
