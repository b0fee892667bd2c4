"""One end of a cell of the ICE matrix: an engine told by JSON lines what to do.

{"do": "ready"}
    -> anything, when it is
{"do": "gather", "servers"}
    -> {"ufrag", "pwd", "candidates", "elapsed_ms"}
{"do": "connect", "ufrag", "pwd", "candidates", "limit_s"}
    -> {"local", "remote", "elapsed_ms", "data"} or {"error"}

``local`` and ``remote`` are types, the local one as the peer sees it; ``data`` is whether a
datagram of the other end arrived.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import time
from typing import Any

from rtckit.ice.candidate import IceCandidate
from rtckit.ice.settings import Credentials
from rtckit.live.engines.engine import Engine, IceFailed
from rtckit.live.gather import GatherSettings
from rtckit.live.servers import parse_server
from rtckit.sdp import build_candidate, parse_candidate

_QUESTION = b"are you there?"


class End:
    """An engine for each session, one after the other."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.engine: Engine | None = None
        self.arrived = asyncio.Event()

    def make(self, servers: list[str]) -> Engine:
        told = self.arguments
        asked = tuple(parse_server(uri, told.username, told.credential) for uri in servers)
        settings = GatherSettings(servers=asked, families=(4,))
        if told.engine == "aioice":
            from rtckit.live.engines.aioice import AioiceEngine

            return AioiceEngine(controlling=told.controlling, gathering=settings)
        from rtckit.live.engines.native import NativeEngine

        return NativeEngine(controlling=told.controlling, gathering=settings)

    async def gather(self, servers: list[str]) -> dict[str, Any]:
        if self.engine is not None:
            await self.engine.close()
        self.engine = self.make(servers)
        self.arrived = arrived = asyncio.Event()
        engine = self.engine

        def take(data: bytes) -> None:
            arrived.set()
            if data == _QUESTION:
                with contextlib.suppress(IceFailed):
                    engine.send(b"I am here")

        engine.on_data = take
        await self.engine.gather()
        credentials = self.engine.credentials
        return {
            "ufrag": credentials.ufrag,
            "pwd": credentials.pwd,
            "candidates": [build_candidate(each.to_sdp()) for each in self.engine.local],
        }

    async def connect(self, remote: dict[str, Any]) -> dict[str, Any]:
        engine = self.engine
        assert engine is not None
        began = time.perf_counter()
        engine.set_remote(Credentials(remote["ufrag"], remote["pwd"]))
        for line in remote["candidates"]:
            engine.add_remote(IceCandidate.from_sdp(parse_candidate(line)))
        engine.end_of_remote()
        selected = await engine.connect(remote["limit_s"])
        connected = time.perf_counter()
        for _ in range(20):
            engine.send(_QUESTION)
            try:
                async with asyncio.timeout(0.1):
                    await self.arrived.wait()
                    break
            except TimeoutError:
                continue
        return {
            "local": selected.local.type,
            "remote": selected.remote.type,
            "elapsed_ms": (connected - began) * 1000,
            "data": self.arrived.is_set(),
        }


async def serve(arguments: argparse.Namespace) -> None:
    """Do what the lines say until they end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    end = End(arguments)
    while line := await reader.readline():
        told = json.loads(line)
        began = time.perf_counter()
        try:
            if told["do"] == "gather":
                answer = await end.gather(told["servers"])
            elif told["do"] == "connect":
                answer = await end.connect(told)
            else:
                # Once without servers: what is loaded then must not count against a budget later.
                answer = await end.gather([])
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answer.setdefault("elapsed_ms", (time.perf_counter() - began) * 1000)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    if end.engine is not None:
        await end.engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["native", "aioice"], default="native")
    parser.add_argument("--controlling", action="store_true")
    parser.add_argument("--username")
    parser.add_argument("--credential")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
