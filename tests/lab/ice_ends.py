"""Ends of ICE sessions as processes in namespaces, for tests."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rtckit.lab.namespaces import Namespace

ROOT = Path(__file__).parents[2]
LIBNICE = ("/usr/bin/python3", str(ROOT / "tests/lab/nice_end.py"))
_LIMIT_S = 30.0
_STOP_LIMIT_S = 3.0


class End:
    """A process that takes and gives lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def tell(self, **what: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(_LIMIT_S):
            line = await self.process.stdout.readline()
        assert line, "the end died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def ask(self, **what: Any) -> dict[str, Any]:
        await self.tell(**what)
        return await self.hear()


@contextlib.asynccontextmanager
async def process_in(namespace: Namespace, *command: str) -> AsyncIterator[End]:
    """Start a program in a namespace."""
    process = await asyncio.create_subprocess_exec(
        *namespace.command(*command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield End(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def ice_end(namespace: Namespace, engine: str, *, controlling: bool, **options: str) -> Any:
    """An end of the native engine, of aioice, or of libnice."""
    role = ["--controlling"] if controlling else []
    if engine == "libnice":
        return process_in(namespace, *LIBNICE, *role)
    more = [part for key, value in options.items() for part in (f"--{key}", value)]
    program = str(ROOT / "benchmarks/ice_end.py")
    return process_in(namespace, sys.executable, program, "--engine", engine, *role, *more)


async def connect(first: End, second: End) -> tuple[dict[str, Any], dict[str, Any]]:
    """Have two ends gather, exchange and connect; what each says in the end."""
    ours, theirs = await asyncio.gather(first.ask(do="gather"), second.ask(do="gather"))
    done = await asyncio.gather(
        first.ask(**{**theirs, "do": "connect"}), second.ask(**{**ours, "do": "connect"})
    )
    return done[0], done[1]
