"""aiortc, driven over the standard streams of a process in the namespace.

The process runs :mod:`rtckit.lab.peers.aiortc_program`: one JSON object a line each way.
"""

import asyncio
import contextlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import rtckit
from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Namespace
from rtckit.lab.peers.peer import Peer

__all__ = ["AiortcPeer"]

_START_LIMIT_S = 20.0
_STOP_LIMIT_S = 5.0
_LINE_LIMIT = 4 << 20


class AiortcPeer(Peer):
    """An aiortc peer connection; DTLS 1.2, and its secrets are logged.

    A subclass may name another ``program``: a module that reads calls from stdin and answers on
    stdout as this one does, and is given the file for the secrets.
    """

    kind = "aiortc"
    program: ClassVar[str] = "rtckit.lab.peers.aiortc_program"

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        super().__init__(namespace, directory)
        self.key_log = directory / "aiortc-keys.log"
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and wait for its first answer."""
        root = str(Path(rtckit.__file__).resolve().parent.parent)
        with (self.directory / "aiortc.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.namespace.command(*(sys.executable, "-m", self.program, str(self.key_log))),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LINE_LIMIT,
                env={**self.environment(), "PYTHONPATH": root},
                start_new_session=True,
            )
        await self.call("ready", limit_s=_START_LIMIT_S)
        self.version = version("aiortc")

    async def stop(self) -> None:
        """Close its input, which ends it; kill it if that does not help."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _invoke(self, name: str, arguments: dict[str, Any]) -> Any:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise NetworkFailure(f"{self.kind} does not run")
        async with self._turn:
            process.stdin.write(json.dumps({"call": name, "with": arguments}).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            log = (self.directory / "aiortc.log").read_text(encoding="utf-8", errors="replace")
            raise NetworkFailure(f"{self.kind} ended during {name}: {log.strip()[-500:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise NetworkFailure(f"{self.kind} refuses {name}: {answer['error']}")
        return answer["result"]
