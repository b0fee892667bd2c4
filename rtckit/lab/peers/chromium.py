"""Chromium, driven over its debugging pipe by playwright.

The pipe's descriptors cross the namespace border, so the wrapper that enters the namespace is all
it takes. ``--use-fake-ui-for-media-stream`` counts as a granted camera: host candidates then carry
real addresses of every interface instead of mDNS names.
"""

import contextlib
import shlex
import shutil
from pathlib import Path
from typing import Any

from rtckit.lab.namespaces import Namespace
from rtckit.lab.peers.page import BrowserPeer

__all__ = ["ChromiumPeer"]

_ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream=fps=15",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--no-pings",
    "--disable-quic",
)
_START_LIMIT_S = 30.0
_STOP_LIMIT_S = 10.0


class ChromiumPeer(BrowserPeer):
    """A Chromium with one page. It keeps its DTLS secrets to itself."""

    kind = "Chromium"

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        super().__init__(namespace, directory)
        self._playwright: Any = None
        self._browser: Any = None
        self._page: Any = None

    async def start(self) -> None:
        """Launch the browser and load the page."""
        await self.within(self._launch(), "start", _START_LIMIT_S)

    async def _launch(self) -> None:
        from playwright.async_api import async_playwright

        wrapper = self.directory / "chromium-in-namespace"
        program = shutil.which("chromium") or "chromium"
        inside = shlex.join(self.namespace.command(program))
        wrapper.write_text(f'#!/bin/sh\nexec {inside} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=str(wrapper),
            args=list(_ARGUMENTS),
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            env={**self.environment()},
        )
        self.version = self._browser.version
        self._page = await self._browser.new_page()
        await self._page.goto(await self.serve_page())

    async def stop(self) -> None:
        """Close the browser; a browser that will not close dies with its namespace."""
        with contextlib.suppress(Exception):
            await self.within(self._shut(), "stop", _STOP_LIMIT_S)
        await self.stop_page()

    async def _shut(self) -> None:
        if self._browser:
            await self._browser.close()
        if self._playwright:
            await self._playwright.stop()
        self._browser = self._playwright = None

    async def _evaluate(self, expression: str) -> str:
        return str(await self._page.evaluate(expression))

    async def reload(self) -> None:
        """Load the page anew: what it kept is gone."""
        await self._page.reload()
        # A page may have 500 connections; those of the old page count until they are collected.
        session = await self._page.context.new_cdp_session(self._page)
        await session.send("HeapProfiler.collectGarbage")
        await session.detach()
