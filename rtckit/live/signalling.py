"""Ways for two ends to exchange descriptions and candidates.

Messages are the objects browsers make: ``{"type", "sdp"}`` for a description, ``{"candidate",
"sdpMid", "sdpMLineIndex", "usernameFragment"}`` for a candidate (an empty one says that there are
no more), and ``{"type": "bye"}`` in the end. On streams and in files each is one line of JSON.
"""

import asyncio
import contextlib
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TextIO

from rtckit.core.errors import NetworkFailure, UsageError

__all__ = [
    "FileSignalling",
    "PasteSignalling",
    "Signalling",
    "SignallingEnded",
    "StreamSignalling",
    "open_signalling",
]

_LONGEST_LINE = 1 << 20
_LOOK_EVERY_S = 0.02
_CONNECT_EVERY_S = 0.2

Message = dict[str, Any]


class SignallingEnded(NetworkFailure):
    """The other end will say nothing more."""


class Signalling(Protocol):
    """A way to the other end.

    Attributes:
        trickles: candidates can be sent alone.
        role: ``offer`` or ``answer`` where the way decides it, else None.
    """

    trickles: bool
    role: str | None

    async def send(self, message: Message) -> None:
        """Send a message."""
        ...

    async def receive(self) -> Message:
        """Wait for the next message; raises `SignallingEnded`."""
        ...

    async def close(self) -> None:
        """End it; harmless when that was done."""
        ...


def _read_message(line: bytes | str) -> Message | None:
    """Read a line; None for one that is no JSON object."""
    with contextlib.suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict):
            return value
    return None


class StreamSignalling:
    """Lines over a TCP connection, or over stdin and stdout."""

    trickles = True

    def __init__(
        self,
        reader: asyncio.StreamReader,
        write: Callable[[bytes], object],
        close: Callable[[], None],
        role: str | None = None,
    ) -> None:
        self.role = role
        self._reader = reader
        self._write = write
        self._close = close

    async def send(self, message: Message) -> None:
        """Send a message; one that the other end does not take any more is dropped."""
        with contextlib.suppress(OSError):
            self._write(json.dumps(message).encode() + b"\n")

    async def receive(self) -> Message:
        """Wait for the next message."""
        while True:
            try:
                line = await self._reader.readline()
            except (OSError, ValueError) as error:
                raise SignallingEnded(f"the signalling broke: {error}") from error
            if not line:
                raise SignallingEnded("the other end closed the signalling")
            message = _read_message(line)
            if message is not None:
                return message

    async def close(self) -> None:
        """Close the connection."""
        self._close()


class FileSignalling:
    """Lines in two files, one for each end, in a folder both can see.

    Whoever comes first makes ``offer.jsonl`` and offers; each end takes its own file away in the
    end. A file that a killed run left behind is told by the process named in its first line.
    """

    trickles = True

    def __init__(self, folder: Path, role: str | None = None) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = "it is no folder" if folder.exists() else error.strerror or str(error)
            raise UsageError(f"dir:{folder}: {reason}") from error
        paths = {name: folder / f"{name}.jsonl" for name in ("offer", "answer")}
        for path in paths.values():
            if _is_left_behind(path):
                path.unlink(missing_ok=True)
        self.role: str | None = role or ("offer" if _made(paths["offer"]) else "answer")
        self._own = paths[self.role or ""]
        self._theirs = paths["answer" if self.role == "offer" else "offer"]
        mark = {"process": os.getpid(), "host": os.uname().nodename}
        self._own.write_text(json.dumps(mark) + "\n", encoding="utf-8")
        self._place = 0

    async def send(self, message: Message) -> None:
        """Append a message to the own file."""
        with self._own.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")

    async def receive(self) -> Message:
        """Wait for the next line in the other's file."""
        while True:
            with contextlib.suppress(FileNotFoundError), self._theirs.open("rb") as file:
                file.seek(self._place)
                line = file.readline(_LONGEST_LINE)
                if line.endswith(b"\n"):
                    self._place = file.tell()
                    message = _read_message(line)
                    if message is not None and "process" not in message:
                        return message
                    continue
            await asyncio.sleep(_LOOK_EVERY_S)

    async def close(self) -> None:
        """Take the own file away."""
        self._own.unlink(missing_ok=True)


def _made(path: Path) -> bool:
    """Make a file; False when somebody else has made it."""
    try:
        path.open("x", encoding="utf-8").close()
    except FileExistsError:
        return False
    return True


def _is_left_behind(path: Path) -> bool:
    """Whether the process that made a file ran on this machine and is gone."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        mark = json.loads(path.read_text(encoding="utf-8").partition("\n")[0])
        here = mark["host"] == os.uname().nodename
        return here and not Path(f"/proc/{int(mark['process'])}").exists()
    return False


class PasteSignalling:
    """A person who copies descriptions from one end to the other.

    Args:
        show: shows a text to copy.
        ask: asks for the other end's text, and returns it.
    """

    trickles = False

    def __init__(self, show: Callable[[str], None], ask: Callable[[], str]) -> None:
        self.role: str | None = None
        self._show = show
        self._ask = ask
        self._asked = False

    async def send(self, message: Message) -> None:
        """Show a description; nothing else is of use to a person."""
        if "sdp" in message:
            self._show(json.dumps(message))

    async def receive(self) -> Message:
        """Ask for the description of the other end, once."""
        if self._asked:
            await asyncio.Event().wait()
        self._asked = True
        text = await asyncio.to_thread(self._ask)
        if not text.strip():
            raise SignallingEnded("no description was pasted")
        return {"type": None, "sdp": text}

    async def close(self) -> None:
        """Nothing is open."""


async def open_signalling(
    way: str,
    *,
    role: str | None = None,
    timeout: float = 30.0,
    show: Callable[[str], None] | None = None,
    ask: Callable[[], str] | None = None,
) -> Signalling:
    """Open a way to the other end.

    Args:
        way: ``dir:FOLDER``, ``listen:HOST:PORT``, ``connect:HOST:PORT``, ``pipe`` for stdin and
            stdout, or ``paste`` for a person.
        role: ``offer`` or ``answer``; None for what the way says.
        timeout: how long to wait for the other end, in seconds.
        show: for ``paste``: shows a text.
        ask: for ``paste``: returns the text of the other end.

    Raises:
        UsageError: there is no such way.
        NetworkFailure: the other end did not come.
    """
    kind, _, rest = way.partition(":")
    if kind == "dir" and rest:
        return FileSignalling(Path(rest), role)
    if kind == "pipe" and not rest:
        return await _open_pipe(role)
    if kind == "paste" and not rest and show is not None and ask is not None:
        return PasteSignalling(show, ask)
    if kind in ("listen", "connect"):
        host, port = _host_port(rest, way)
        opening = _listen(host, port) if kind == "listen" else _connect(host, port)
        try:
            async with asyncio.timeout(timeout):
                return await opening
        except TimeoutError as error:
            came = "the other end did not come" if kind == "listen" else "nobody listened there"
            raise NetworkFailure(f"{way}: {came} in {timeout:g} s") from error
        except OSError as error:
            raise NetworkFailure(f"{way}: {error.strerror or error}") from error
    raise UsageError(
        f"no way of signalling {way!r}: it is dir:FOLDER, listen:HOST:PORT, connect:HOST:PORT, "
        "pipe or paste"
    )


def _host_port(text: str, way: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) <= 65535:
        raise UsageError(f"{way!r} names no port: HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


async def _listen(host: str, port: int) -> StreamSignalling:
    loop = asyncio.get_running_loop()
    came: asyncio.Future[StreamSignalling] = loop.create_future()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if came.done():
            writer.close()  # one other end is enough
        else:
            came.set_result(StreamSignalling(reader, writer.write, writer.close, "answer"))

    server = await asyncio.start_server(take, host, port, limit=_LONGEST_LINE)
    try:
        return await came
    finally:
        server.close()


async def _connect(host: str, port: int) -> StreamSignalling:
    """Connect; the other end may start to listen a little later."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_LINE)
        except ConnectionRefusedError:
            await asyncio.sleep(_CONNECT_EVERY_S)
            continue
        return StreamSignalling(reader, writer.write, writer.close, "offer")


def _leads_somewhere(stream: TextIO | None) -> bool:
    """Whether somebody may be at the other end; asyncio cannot wait for files and /dev/null."""
    if stream is None or stream.closed:
        return False
    mode = os.fstat(stream.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stream.isatty()


async def _open_pipe(role: str | None) -> StreamSignalling:
    if not _leads_somewhere(sys.stdin):
        raise UsageError("pipe: stdin is no pipe, socket or terminal: nobody can answer over it")
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )

    def write(data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    return StreamSignalling(reader, write, transport.close, role)
