"""Firefox, driven by WebDriver BiDi over a WebSocket of its namespace.

With ``SSLKEYLOGFILE`` it logs the secrets of its DTLS connections too (for DTLS 1.3 among them the
exporter secret that SRTP keys come from).
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Namespace
from rtckit.lab.peers.page import BrowserPeer

__all__ = ["FirefoxPeer", "preferences_text"]

PREFERENCES: Mapping[str, bool | int | str] = {
    # Fake devices without a question, playing without a gesture, host candidates with addresses.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    # Nothing that asks the Internet anything.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutHomeSnippets.updateUrl": "",
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "captivedetect.canonicalURL": "",
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "media.gmp-provider.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.manage-offline-status": False,
    "network.prefetch-next": False,
    "network.trr.mode": 5,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.startup.max_resumed_crashes": -1,
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
}
_CRASHED = "parent process browsing contexts"
"""Said of the page that stands in for one that crashed."""
_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 5.0
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://127\.0\.0\.1:(\d+))")


def preferences_text(preferences: Mapping[str, bool | int | str]) -> str:
    """A profile's ``user.js``."""
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in preferences.items())
    return "".join(lines)


class FirefoxPeer(BrowserPeer):
    """A headless Firefox with one tab."""

    kind = "Firefox"

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        super().__init__(namespace, directory)
        self.key_log = directory / "firefox-keys.log"
        self._process: asyncio.subprocess.Process | None = None
        self._stderr: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._socket: Any = None
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._context = ""
        self._last_id = 0

    async def start(self) -> None:
        """Launch the browser, open a session and load the page."""
        await self.within(self._launch(), "start", _START_LIMIT_S)

    async def _launch(self) -> None:
        from websockets.asyncio.client import connect

        profile = self.directory / "firefox-profile"
        profile.mkdir()
        (profile / "user.js").write_text(preferences_text(PREFERENCES), encoding="utf-8")
        self._process = await asyncio.create_subprocess_exec(
            *self.namespace.command(
                *("firefox-esr", "--headless", "--no-remote", "--profile", str(profile)),
                *("--remote-debugging-port", "0"),
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**self.environment(), "SSLKEYLOGFILE": str(self.key_log), "MOZ_HEADLESS": "1"},
            start_new_session=True,
        )
        url, port = await self._listening_address()
        channel = self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        channel.setblocking(False)
        await asyncio.get_running_loop().sock_connect(channel, ("127.0.0.1", port))
        self._socket = await connect(f"{url}/session", sock=channel, max_size=None, proxy=None)
        self._reader = asyncio.create_task(self._read_replies())
        session = await self._command("session.new", {"capabilities": {}})
        self.version = str(session["capabilities"]["browserVersion"])
        tree = await self._command("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]
        await self._command(
            "browsingContext.navigate",
            {"context": self._context, "url": await self.serve_page(), "wait": "complete"},
        )

    async def _listening_address(self) -> tuple[str, int]:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            if found := _LISTENING.search(line):
                # Its further complaints must be read, or it would stall on a full pipe.
                self._stderr = asyncio.create_task(_discard(self._process.stderr))
                return found[1].decode(), int(found[2])
        raise NetworkFailure(f"{self.kind} ended before it listened")

    async def _read_replies(self) -> None:
        try:
            async for text in self._socket:
                reply = json.loads(text)
                waiting = self._replies.pop(reply.get("id"), None)
                if waiting and not waiting.done():
                    waiting.set_result(reply)
        finally:
            for waiting in self._replies.values():
                if not waiting.done():
                    waiting.set_exception(NetworkFailure(f"{self.kind} closed its session"))

    async def _command(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._last_id += 1
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._last_id] = waiting
        command = {"id": self._last_id, "method": method, "params": parameters}
        await self._socket.send(json.dumps(command))
        reply = await waiting
        if reply.get("type") != "success":
            message = str(reply.get("message"))
            if _CRASHED in message:
                raise NetworkFailure(f"{self.kind}: the process of the page crashed")
            raise NetworkFailure(f"{self.kind} refuses {method}: {message}")
        result: dict[str, Any] = reply["result"]
        return result

    async def stop(self) -> None:
        """End the browser; one that will not end is killed."""
        for task in (self._reader, self._stderr):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
        if self._socket:
            with contextlib.suppress(Exception):
                await self.within(self._socket.close(), "stop", 1.0)
            self._socket = None
        if self._process and self._process.returncode is None:
            for signal_number in (signal.SIGTERM, signal.SIGKILL):
                # The browser has a session of its own: its children go with it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal_number)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_LIMIT_S):
                        await self._process.wait()
                        break
        self._process = None
        await self.stop_page()

    async def reload(self) -> None:
        """Load the page anew: what it kept is gone."""
        await self._command(
            "browsingContext.reload", {"context": self._context, "wait": "complete"}
        )

    async def _evaluate(self, expression: str) -> str:
        result = await self._command(
            "script.evaluate",
            {
                "expression": expression,
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
            },
        )
        if result["type"] != "success":
            raise NetworkFailure(f"{self.kind}: {result['exceptionDetails']['text']}")
        return str(result["result"]["value"])


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
