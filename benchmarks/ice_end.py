"""One end of an ICE session, told by JSON lines on stdin what to do; answers are lines on stdout.

{"do": "gather"}                      -> {"ufrag", "pwd", "candidates": [SDP], "elapsed_ms"}
{"do": "connect", "ufrag", "pwd", "candidates"}
                                      -> {"elapsed_ms", "local", "remote"} or {"error"}
{"do": "end"}                         -> nothing, and it ends
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from typing import Any

from rtckit.sdp import build_candidate, parse_candidate


class Native:
    """The engine of rtckit."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from rtckit.live.engines.native import NativeEngine
        from rtckit.live.gather import GatherSettings
        from rtckit.live.servers import parse_server

        settings = GatherSettings(
            servers=tuple(
                parse_server(uri, arguments.username, arguments.credential)
                for uri in arguments.server
            ),
            tcp=arguments.tcp,
            policy=arguments.policy,
        )
        self.engine = NativeEngine(
            controlling=arguments.controlling,
            gathering=settings,
            nomination=arguments.nomination,
        )

    async def gather(self) -> dict[str, Any]:
        await self.engine.gather()
        credentials = self.engine.credentials
        return {
            "ufrag": credentials.ufrag,
            "pwd": credentials.pwd,
            "candidates": [build_candidate(each.to_sdp()) for each in self.engine.local],
        }

    async def connect(self, remote: dict[str, Any]) -> dict[str, Any]:
        from rtckit.ice.candidate import IceCandidate
        from rtckit.ice.settings import Credentials

        self.engine.set_remote(Credentials(remote["ufrag"], remote["pwd"]))
        for line in remote["candidates"]:
            self.engine.add_remote(IceCandidate.from_sdp(parse_candidate(line)))
        self.engine.end_of_remote()
        selected = await self.engine.connect()
        return {"local": str(selected.local), "remote": str(selected.remote)}

    async def close(self) -> None:
        await self.engine.close()


class Aioice:
    """aioice as it comes."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        import aioice

        self.connection = aioice.Connection(ice_controlling=arguments.controlling)

    async def gather(self) -> dict[str, Any]:
        await self.connection.gather_candidates()
        return {
            "ufrag": self.connection.local_username,
            "pwd": self.connection.local_password,
            "candidates": [each.to_sdp() for each in self.connection.local_candidates],
        }

    async def connect(self, remote: dict[str, Any]) -> dict[str, Any]:
        import aioice

        self.connection.remote_username = remote["ufrag"]
        self.connection.remote_password = remote["pwd"]
        for line in remote["candidates"]:
            await self.connection.add_remote_candidate(aioice.Candidate.from_sdp(line))
        await self.connection.add_remote_candidate(None)
        await self.connection.connect()
        pair = self.connection._nominated[1]
        return {
            "local": f"{pair.local_candidate.type} {pair.local_addr[0]}:{pair.local_addr[1]}",
            "remote": f"{pair.remote_candidate.type} {pair.remote_addr[0]}:{pair.remote_addr[1]}",
        }

    async def close(self) -> None:
        await self.connection.close()


async def serve(arguments: argparse.Namespace) -> None:
    """Do what the lines say."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    make = {"native": Native, "aioice": Aioice}[arguments.engine]
    end = make(arguments)
    while line := await reader.readline():
        told = json.loads(line)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(arguments.limit):
                if told["do"] == "end":
                    break
                if told["do"] == "gather":
                    await end.close()
                    end = make(arguments)
                    answer = await end.gather()
                    gc.collect()
                    gc.freeze()  # what was imported is not looked through while it connects
                else:
                    answer = await end.connect(told)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answer["elapsed_ms"] = (time.perf_counter() - began) * 1000
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    await end.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["native", "aioice"], default="native")
    parser.add_argument("--controlling", action="store_true")
    parser.add_argument("--nomination", default="regular")
    parser.add_argument("--server", action="append", default=[])
    parser.add_argument("--username")
    parser.add_argument("--credential")
    parser.add_argument("--policy", default="all")
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--limit", type=float, default=90.0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
