"""Where a capture's bytes come from: a file as it is, or one compressed as a whole.

Reads forward only, so pipes work, and never holds more than a chunk. Compression is told from the
first bytes, not from the name. What the standard library can expand is expanded; for the rest the
error says which command does it.
"""

import importlib
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, Protocol

from rtckit.core.errors import UnreadableInput

__all__ = ["Source", "compression_of", "open_source"]

_CHUNK = 1 << 18
_LZMA_MEMORY = 1 << 28
_MAX_RESCUED = 1 << 22

_MAGICS = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
)
_COMMANDS = {"zstd": "zstd -d", "lz4": "lz4 -d"}


class Source(Protocol):
    """Bytes read forward.

    ``fault`` is empty while all is well; once :meth:`read` returned nothing it says why the bytes
    ended before their time, if they did. ``cut`` is true when they ended in the middle.
    """

    fault: str
    cut: bool

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes, at least one; none at the end."""
        ...


class _Method(NamedTuple):
    """How a compression is undone: what begins a member, and the errors of damaged data."""

    begin: Callable[[], Any]
    errors: tuple[type[Exception], ...]


class _Zlib:
    """zlib's decompressor in the shape of the other ones; gives out what stands before damage."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(wbits=31)
        self._error: zlib.error | None = None
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._error is not None:
            raise self._error
        data = self._object.unconsumed_tail + data
        before = self._object.copy()
        try:
            expanded = self._object.decompress(data, max_length)
        except zlib.error as error:
            self._error = error
            return _expand_carefully(before, data)
        self.eof = self._object.eof
        self.unused_data = self._object.unused_data
        return expanded


def _expand_carefully(decompressor: Any, data: bytes) -> bytes:
    """What ``data`` expands to before the place at which it is damaged; at most some megabytes."""
    expanded = bytearray()
    for step in (512, 1):
        try:
            while data and len(expanded) < _MAX_RESCUED:
                trial = decompressor.copy()
                expanded += trial.decompress(data[:step])
                decompressor, data = trial, data[step:]
        except zlib.error:
            continue
    return bytes(expanded)


class _FileSource:
    """A binary file, with the bytes already read from it put back in front."""

    def __init__(self, file: BinaryIO) -> None:
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self._front = b""
        self.fault = ""
        self.cut = False

    def read(self, size: int) -> bytes:
        if self._front:
            taken, self._front = self._front[:size], self._front[size:]
            return taken
        try:
            return self._read(size) or b""
        except OSError as error:
            self.fault = f"reading failed: {error.strerror or error}"
            self.cut = True
            return b""

    def peek(self, size: int) -> bytes:
        """The first ``size`` bytes, fewer only when there are no more; they stay to be read."""
        ahead = b""
        while len(ahead) < size and (more := self.read(size - len(ahead))):
            ahead += more
        self._front = ahead + self._front
        return ahead


class _ExpandedSource:
    """The content of a compressed file: all its members, one after the other."""

    def __init__(self, inner: _FileSource, name: str, method: _Method) -> None:
        self._inner = inner
        self._name = name
        self._method = method
        self._member = method.begin()
        self._ended = False
        self.fault = ""
        self.cut = False

    def _stop(self, fault: str, *, cut: bool) -> bytes:
        self.fault = self._inner.fault or fault
        self.cut = cut
        self._ended = True
        return b""

    def read(self, size: int) -> bytes:
        pending = b""
        while not self._ended:
            try:
                expanded: bytes = self._member.decompress(pending, size)
            except self._method.errors as error:
                return self._stop(f"damaged {self._name} data: {error}", cut=True)
            pending = b""
            if self._member.eof:
                rest = self._member.unused_data or self._inner.read(_CHUNK)
                if not rest.strip(b"\x00"):
                    self._ended = True
                elif not compression_of(rest) and len(rest) >= 6:
                    self._stop(f"bytes after the end of the {self._name} data", cut=False)
                else:
                    self._member = self._method.begin()
                    pending = rest
                if expanded:
                    self._carry(pending)
                    return expanded
                continue
            if expanded:
                return expanded
            pending = self._inner.read(_CHUNK)
            if not pending:
                return self._stop(f"the {self._name} data end in the middle", cut=True)
        return b""

    def _carry(self, data: bytes) -> None:
        """Keep what was read of the next member for the next call."""
        if data:
            self._inner._front = data + self._inner._front


def compression_of(head: bytes) -> str:
    """Which compression the first bytes of a file announce; empty for none rtckit knows."""
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    return ""


def _find_method(name: str) -> _Method:
    # Each module is loaded when a file needs it: together they cost more than the rest of a start.
    errors = (OSError, EOFError, ValueError)
    if name == "gzip":
        return _Method(_Zlib, (zlib.error,))
    if name == "bzip2":
        return _Method(importlib.import_module("bz2").BZ2Decompressor, errors)
    if name == "xz":
        lzma = importlib.import_module("lzma")
        return _Method(
            lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY), (lzma.LZMAError, *errors)
        )
    if name == "zstd":
        try:
            zstd = importlib.import_module("compression.zstd")  # Python 3.14 and later
        except ImportError:
            pass
        else:
            return _Method(zstd.ZstdDecompressor, (zstd.ZstdError, *errors))
    raise UnreadableInput(
        f"{name}-compressed: this Python does not expand it; decompress it first with"
        f" `{_COMMANDS[name]}`"
    )


def open_source(file: BinaryIO) -> tuple[Source, str]:
    """The bytes of ``file``, expanded when it is compressed, and the name of the compression.

    The name is empty for a plain file. ``UnreadableInput`` for a compression that this Python
    cannot expand.
    """
    plain = _FileSource(file)
    name = compression_of(plain.peek(6))
    if not name:
        return plain, ""
    return _ExpandedSource(plain, name, _find_method(name)), name
