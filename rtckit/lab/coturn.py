"""coturn, started in a namespace with nothing of its own outside one folder."""

import asyncio
import contextlib
import os
import re
import signal
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from rtckit.core.errors import NetworkFailure
from rtckit.lab.capabilities import require
from rtckit.lab.namespaces import Namespace

__all__ = ["Coturn"]

_PORT = 3478
_STOP_LIMIT_S = 5.0
_MAGIC_COOKIE = 0x2112A442
# A Binding request without attributes (RFC 8489, 5); anything that answers is a server.
_BINDING_REQUEST = struct.pack("!HHI12s", 0x0001, 0, _MAGIC_COOKIE, b"rtckit-ready")


class Coturn:
    """A STUN and TURN server over UDP and TCP on port 3478, an async context.

    With two ``addresses`` it also discovers NAT behaviour (RFC 5780). ``stun_only`` refuses every
    allocation. Credentials are long-term ones (RFC 8489, 9.2). Entering raises
    :class:`NetworkFailure` with the end of its log when it does not answer in ``start_limit_s``.
    """

    def __init__(
        self,
        namespace: Namespace,
        directory: Path,
        addresses: tuple[str, ...],
        *,
        username: str = "rtckit",
        password: str = "laboratory",
        realm: str = "rtckit.test",
        stun_only: bool = False,
        start_limit_s: float = 10.0,
    ) -> None:
        self.namespace = namespace
        self.directory = directory
        self.addresses = addresses
        self.username = username
        self.password = password
        self.realm = realm
        self.stun_only = stun_only
        self.start_limit_s = start_limit_s
        self._process: asyncio.subprocess.Process | None = None

    @staticmethod
    def version() -> str:
        """The installed version, ``""`` when it will not tell."""
        said = subprocess.run(
            ["turnserver", "--version"], capture_output=True, text=True, timeout=10, check=False
        )
        found = re.search(r"\d+\.\d+(\.\d+)*", said.stdout + said.stderr)
        return found[0] if found else ""

    def stun_urls(self) -> tuple[str, ...]:
        """One ``stun:`` URL for each address."""
        return tuple(f"stun:{address}:{_PORT}" for address in self.addresses)

    def turn_urls(self) -> tuple[str, ...]:
        """One ``turn:`` URL for each address, over UDP."""
        return tuple(f"turn:{address}:{_PORT}?transport=udp" for address in self.addresses)

    def arguments(self) -> list[str]:
        """The command line: no configuration file, every path in the folder."""
        command = ["turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--simple-log"]
        for address in self.addresses:
            command += ["--listening-ip", address, "--relay-ip", address]
        command += ["--listening-port", str(_PORT), "--log-file", "stdout"]
        command += ["--pidfile", str(self.directory / "coturn.pid")]
        command += ["--userdb", str(self.directory / "coturn.db")]
        command += ["--realm", self.realm]
        if self.stun_only:
            return [*command, "--stun-only"]
        return [*command, "--lt-cred-mech", "--user", f"{self.username}:{self.password}"]

    async def __aenter__(self) -> Self:
        require(["coturn"])
        with (self.directory / "coturn.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.namespace.command(*self.arguments()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env={**os.environ, "HOME": str(self.directory)},
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(self.start_limit_s):
                for address in self.addresses:
                    await self._wait_ready(address)
        except BaseException as error:
            await self._stop()
            if isinstance(error, TimeoutError):
                log_text = self._log_tail()
                raise NetworkFailure(f"coturn does not answer: {log_text}") from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _wait_ready(self, address: str) -> None:
        assert self._process is not None
        loop = asyncio.get_running_loop()
        with self.namespace.socket() as client:
            client.setblocking(False)
            client.connect((address, _PORT))
            while self._process.returncode is None:
                with contextlib.suppress(OSError, TimeoutError):
                    await loop.sock_sendall(client, _BINDING_REQUEST)
                    async with asyncio.timeout(0.05):
                        await loop.sock_recv(client, 1500)
                        return
                await asyncio.sleep(0.01)
        raise NetworkFailure(f"coturn ended at once: {self._log_tail()}")

    def _log_tail(self) -> str:
        log = (self.directory / "coturn.log").read_text(encoding="utf-8", errors="replace")
        return log.strip()[-500:]

    async def _stop(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal_number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_LIMIT_S):
                    await self._process.wait()
                    return
