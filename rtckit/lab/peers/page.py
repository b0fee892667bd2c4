"""The page both browsers run, served inside their namespace.

``http://127.0.0.1`` is a secure context, so capture devices and ``crypto.subtle`` are there without
a certificate.
"""

import abc
import json
import socket
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web

from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Namespace
from rtckit.lab.peers.peer import Peer

__all__ = ["BrowserPeer"]

_DOCUMENT = """<!doctype html>
<html><head><meta charset="utf-8"><title>rtckit peer</title><link rel="icon" href="data:,"></head>
<body><script src="page.js"></script></body></html>
"""


class BrowserPeer(Peer):
    """A peer whose calls are answered by the page script.

    A subclass may name another ``script``; it defines a global ``rtckit`` whose ``call(name,
    arguments)`` is a promise of JSON: ``{"result": ...}`` or ``{"error": text}``.
    """

    script: ClassVar[Traversable] = files(__package__).joinpath("page.js")

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        super().__init__(namespace, directory)
        self._runner: web.AppRunner | None = None

    @property
    def short_version(self) -> str:
        """The major version."""
        return self.version.partition(".")[0]

    @abc.abstractmethod
    async def _evaluate(self, expression: str) -> str:
        """Evaluate an expression in the page; it is a promise of a string."""

    @abc.abstractmethod
    async def reload(self) -> None:
        """Load the page anew: what it kept is gone."""

    async def _invoke(self, name: str, arguments: dict[str, Any]) -> Any:
        expression = f"rtckit.call({json.dumps(name)}, {json.dumps(arguments)})"
        answer = json.loads(await self._evaluate(expression))
        if "error" in answer:
            raise NetworkFailure(f"{self.kind} refuses {name}: {answer['error']}")
        return answer["result"]

    async def serve_page(self) -> str:
        """Serve the page on a loopback socket of the namespace and return its URL."""
        script = self.script.read_text(encoding="utf-8")

        async def document(request: web.Request) -> web.Response:
            return web.Response(text=_DOCUMENT, content_type="text/html")

        async def page_script(request: web.Request) -> web.Response:
            return web.Response(text=script, content_type="text/javascript")

        application = web.Application()
        application.router.add_get("/", document)
        application.router.add_get("/page.js", page_script)
        listener = self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    async def stop_page(self) -> None:
        """Stop serving."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
