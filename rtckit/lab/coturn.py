"""coturn, started in a namespace with nothing of its own outside one folder."""

import asyncio
import os
import re
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rtckit.core.errors import NetworkFailure
from rtckit.lab.capabilities import require
from rtckit.lab.certificate import CertificateFiles
from rtckit.lab.namespaces import Namespace

__all__ = ["Coturn"]

_PORT = 3478
_TLS_PORT = 443
_ASK_EVERY_S = 0.04
_STOP_LIMIT_S = 5.0
_MAGIC_COOKIE = 0x2112A442
# A Binding request without attributes (RFC 8489, 5); anything that answers is a server.
_BINDING_REQUEST = struct.pack("!HHI12s", 0x0001, 0, _MAGIC_COOKIE, b"rtckit-ready")


class Coturn:
    """A STUN and TURN server over UDP and TCP on port 3478, a context, asynchronous or not.

    With two ``addresses`` it also discovers NAT behaviour (RFC 5780). ``stun_only`` refuses every
    allocation. Credentials are long-term ones (RFC 8489, 9.2): of one user, time-limited ones made
    with a ``secret``, or with an empty ``password`` what ``options`` say. With ``tls`` it also
    speaks TLS on port 443 of each address. It relays from ``relay_addresses``, its own unless
    given. ``options`` follow on its command line.

    Entering raises :class:`NetworkFailure` with the end of its log when it does not answer in
    ``start_limit_s``.
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
        secret: str = "",
        relay_addresses: tuple[str, ...] = (),
        tls: CertificateFiles | None = None,
        options: Sequence[str] = (),
        start_limit_s: float = 10.0,
    ) -> None:
        self.namespace = namespace
        self.directory = directory
        self.addresses = addresses
        self.username = username
        self.password = password
        self.realm = realm
        self.stun_only = stun_only
        self.secret = secret
        self.relay_addresses = relay_addresses or addresses
        self.tls = tls
        self.options = tuple(options)
        self.start_limit_s = start_limit_s
        self._process: subprocess.Popen[bytes] | None = None

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
        return tuple(f"stun:{_in_url(address)}:{_PORT}" for address in self.addresses)

    def turn_urls(self) -> tuple[str, ...]:
        """One ``turn:`` URL for each address, over UDP."""
        return tuple(f"turn:{_in_url(address)}:{_PORT}?transport=udp" for address in self.addresses)

    def turns_urls(self) -> tuple[str, ...]:
        """One ``turns:`` URL for each address, over TLS on port 443; none without ``tls``."""
        if self.tls is None:
            return ()
        return tuple(
            f"turns:{_in_url(address)}:{_TLS_PORT}?transport=tcp" for address in self.addresses
        )

    def arguments(self) -> list[str]:
        """The command line: no configuration file, every path in the folder."""
        command = ["turnserver", "-n", "--no-cli", "--no-dtls", "--simple-log"]
        if self.tls is None:
            command.append("--no-tls")
        else:
            command += ["--tls-listening-port", str(_TLS_PORT)]
            command += ["--cert", str(self.tls.certificate), "--pkey", str(self.tls.key)]
        for address in self.addresses:
            command += ["--listening-ip", address]
        for address in self.relay_addresses:
            command += ["--relay-ip", address]
        command += ["--listening-port", str(_PORT), "--log-file", "stdout"]
        command += ["--pidfile", str(self.directory / "coturn.pid")]
        command += ["--userdb", str(self.directory / "coturn.db")]
        command += ["--realm", self.realm, *self.options]
        if self.stun_only:
            return [*command, "--stun-only"]
        if self.secret:
            return [*command, "--use-auth-secret", "--static-auth-secret", self.secret]
        if "--no-auth" in self.options:
            return command
        user = ["--user", f"{self.username}:{self.password}"] if self.password else []
        return [*command, "--lt-cred-mech", *user]

    def __enter__(self) -> Self:
        require(["coturn"])
        with (self.directory / "coturn.log").open("wb") as log:
            self._process = subprocess.Popen(
                self.namespace.command(*self.arguments()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env={**os.environ, "HOME": str(self.directory)},
                start_new_session=True,
            )
        deadline = time.monotonic() + self.start_limit_s
        try:
            for address in self.addresses:
                self._wait_ready(address, deadline)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._stop)

    def _wait_ready(self, address: str, deadline: float) -> None:
        """Ask until it answers."""
        assert self._process is not None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.namespace.socket(family) as client:
            client.settimeout(_ASK_EVERY_S)
            client.connect((address, _PORT))
            while self._process.poll() is None:
                if time.monotonic() > deadline:
                    raise NetworkFailure(f"coturn does not answer: {self._log_tail()}")
                try:
                    client.send(_BINDING_REQUEST)
                    client.recv(1500)
                    return
                except TimeoutError:
                    continue
                except OSError:  # not there yet, says the host
                    time.sleep(_ASK_EVERY_S / 4)
        raise NetworkFailure(f"coturn ended at once: {self._log_tail()}")

    def log(self) -> str:
        """What it wrote so far."""
        return (self.directory / "coturn.log").read_text(encoding="utf-8", errors="replace")

    def _log_tail(self) -> str:
        return self.log().strip()[-500:]

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
