"""STUN and TURN servers as users write them, and their addresses (RFC 7064; RFC 7065)."""

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from rtckit.core.address import Address
from rtckit.core.errors import ExitCode, ParseError
from rtckit.live.errors import ResolveFailed

__all__ = ["Resolution", "Server", "ServerSyntaxError", "parse_server", "resolve"]

_DEFAULT_PORT = {False: 3478, True: 5349}
_SCHEMES = {
    "stun": ("stun", False),
    "stuns": ("stun", True),
    "turn": ("turn", False),
    "turns": ("turn", True),
}
_URI = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?P<rest>[^?]*)(?:\?(?P<query>.*))?")
_HOST_PORT = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d+))?"
)
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


class ServerSyntaxError(ParseError):
    """Text that names no server; on the command line a matter of usage."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Server:
    """A server to ask, and how.

    ``kind`` is ``stun`` or ``turn``, ``transport`` ``udp`` or ``tcp``; ``tls`` over UDP is DTLS.
    ``credential`` is a secret: it is not shown in ``repr``, ``uri`` or ``label``.
    """

    kind: str
    host: str
    port: int
    transport: str = "udp"
    tls: bool = False
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    @property
    def uri(self) -> str:
        """The URI with its port, and the transport where the scheme does not imply it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = self.kind + ("s" if self.tls else "")
        implied = "tcp" if self.tls else "udp"
        query = "" if self.transport == implied else f"?transport={self.transport}"
        return f"{scheme}:{host}:{self.port}{query}"

    @property
    def label(self) -> str:
        """What people are shown: the URI, with no secrets."""
        return self.uri

    @property
    def way(self) -> str:
        """How it is reached: ``udp``, ``tcp``, ``tls`` or ``dtls``."""
        if self.tls:
            return "tls" if self.transport == "tcp" else "dtls"
        return self.transport

    def over(self, way: str, port: int | None = None) -> "Server":
        """The same server over another ``way``; a default port follows the way."""
        tls = way in ("tls", "dtls")
        if port is None:
            default = self.port == _DEFAULT_PORT[self.tls]
            port = _DEFAULT_PORT[tls] if default else self.port
        transport = "udp" if way in ("udp", "dtls") else "tcp"
        return replace(self, transport=transport, tls=tls, port=port)


def parse_server(
    uri: str,
    username: str | None = None,
    credential: str | None = None,
    *,
    default_kind: str | None = None,
) -> Server:
    """The server that a URI names (RFC 7064, 3.1; RFC 7065, 3.1).

    ``default_kind`` allows a bare ``host[:port]``. ``ServerSyntaxError`` says what is wrong and
    how it is written.
    """
    text = uri.strip()
    scheme, rest, query = _split(text, default_kind)
    if rest.startswith("//"):
        raise ServerSyntaxError(
            f"{uri!r} has '//' after the scheme", expected=f"{scheme}:{rest.lstrip('/')}"
        )
    if "@" in rest:
        raise ServerSyntaxError(
            f"{_without_user(uri)!r} has a user name in it",
            expected="user name and credential apart from the URI",
        )
    match = _HOST_PORT.fullmatch(rest)
    if match is None:
        if rest.count(":") > 1:
            raise ServerSyntaxError(f"{uri!r} names no host", expected="an IPv6 address in [ ]")
        raise ServerSyntaxError(f"{uri!r} names no host and port", expected="stun:host:port")
    port_text = match["port"]
    kind, tls = _SCHEMES[scheme]
    port = int(port_text) if port_text else _DEFAULT_PORT[tls]
    if not 0 < port < 65536:
        raise ServerSyntaxError(f"port {port} of {uri!r}", expected="1 to 65535")
    transport = "tcp" if tls else "udp"
    if query is not None:
        transport = _transport(uri, kind, query)
    return Server(kind, _host(uri, match), port, transport, tls, username, credential)


def _split(text: str, default_kind: str | None) -> tuple[str, str, str | None]:
    match = _URI.fullmatch(text)
    if match is None:
        raise ServerSyntaxError(f"{text!r} is no STUN or TURN URI", expected="stun:host:port")
    scheme, rest, query = match["scheme"], match["rest"], match["query"]
    known = scheme is not None and scheme.lower() in _SCHEMES
    if default_kind is not None and not known and (scheme is None or _is_bare(text)):
        return default_kind, text.partition("?")[0], query
    if not known:
        raise ServerSyntaxError(
            f"{text!r} is no STUN or TURN URI", expected="stun:, stuns:, turn: or turns:"
        )
    return scheme.lower(), rest, query


def _is_bare(text: str) -> bool:
    match = _HOST_PORT.fullmatch(text.partition("?")[0])
    return match is not None and match["port"] is not None


def _without_user(uri: str) -> str:
    before, _, after = uri.rpartition("@")
    return before.partition(":")[0] + ":...@" + after


def _transport(uri: str, kind: str, query: str) -> str:
    name, _, value = query.partition("=")
    if kind == "stun" or name != "transport":
        raise ServerSyntaxError(
            f"the query of {uri!r}",
            expected="none in a stun: URI" if kind == "stun" else "?transport=udp or tcp",
        )
    if value.lower() not in ("udp", "tcp"):
        raise ServerSyntaxError(f"transport {value!r} of {uri!r}", expected="udp or tcp")
    return value.lower()


def _host(uri: str, match: re.Match[str]) -> str:
    if match["v6"] is not None:
        try:
            ip_address(match["v6"].partition("%")[0])
        except ValueError:
            raise ServerSyntaxError(f"{uri!r} has no IPv6 address in its brackets") from None
        return match["v6"]
    host = match["host"]
    try:
        plain = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ServerSyntaxError(f"host {host!r} of {uri!r}: {error}") from None
    if not _HOST.fullmatch(plain):
        raise ServerSyntaxError(f"host {host!r} of {uri!r}", expected="a name or an address")
    return plain.rstrip(".")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name resolves to: addresses with the server's port, and what each family failed of."""

    addresses: tuple[Address, ...]
    failures: tuple[ResolveFailed, ...]
    elapsed_s: float


async def resolve(
    server: Server, *, families: Iterable[int] = (4, 6), timeout_s: float = 5.0
) -> Resolution:
    """The addresses of a server, families asked side by side; ``ResolveFailed`` when none is known.

    An address is its own resolution. A family without an address beside one with addresses is not
    an error, only a member of ``failures``.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    wanted = tuple(families)
    try:
        literal = ip_address(server.host.partition("%")[0])
    except ValueError:
        pass
    else:
        if literal.version not in wanted:
            raise ResolveFailed(
                server.host, f"is not IPv{wanted[0]}", missing=True, family=wanted[0]
            )
        zone = server.host.partition("%")[2]
        text = str(literal) + (f"%{zone}" if zone else "")
        return Resolution((Address(text, server.port),), (), 0.0)
    answers = await asyncio.gather(
        *(_resolve_family(server, family, timeout_s) for family in wanted)
    )
    addresses = tuple(
        address for answer in answers if isinstance(answer, tuple) for address in answer
    )
    failures = tuple(answer for answer in answers if isinstance(answer, ResolveFailed))
    if not addresses:
        raise next((item for item in failures if not item.missing), failures[0])
    return Resolution(addresses, failures, loop.time() - start)


async def _resolve_family(
    server: Server, family: int, timeout_s: float
) -> tuple[Address, ...] | ResolveFailed:
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    try:
        async with asyncio.timeout(timeout_s):
            found = await _look_up(server.host, server.port, kind)
    except TimeoutError:
        return ResolveFailed(
            server.host, f"no answer in {timeout_s:g} s", missing=False, family=family
        )
    except socket.gaierror as error:
        missing = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", -5), -9)
        why = "no such name" if missing else str(error.strerror)
        return ResolveFailed(server.host, why, missing=missing, family=family)
    except (OSError, UnicodeError) as error:
        return ResolveFailed(server.host, str(error), missing=False, family=family)
    seen = dict.fromkeys(Address(str(item[4][0]), server.port) for item in found)
    return tuple(seen)


def _look_up(host: str, port: int, kind: socket.AddressFamily) -> "asyncio.Future[list[Any]]":
    """``getaddrinfo`` in a thread that nobody waits for.

    A resolver that does not answer holds its caller for half a minute; the event loop's own threads
    would hold the end of the program as long.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[Any]] = loop.create_future()

    def tell(found: list[Any] | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(found or [])

    def ask() -> None:
        found: list[Any] | None = None
        problem: Exception | None = None
        try:
            found = socket.getaddrinfo(host, port, kind, socket.SOCK_DGRAM)
        except Exception as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, found, problem)

    threading.Thread(target=ask, name=f"resolving {host}", daemon=True).start()
    return future
