"""``rtckit stun serve``: a STUN server for tests and for one's own network."""

import functools
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.core.errors import NetworkFailure, UsageError

if TYPE_CHECKING:
    from rtckit.live.stun_server import StunServer

__all__ = ["serve"]


@click.command(short_help="Be a STUN server.")
@click.option(
    "--listen",
    "ips",
    multiple=True,
    default=("127.0.0.1",),
    show_default=True,
    metavar="IP",
    help="Listen on this address; two of them make an RFC 5780 server.",
)
@click.option(
    "-p",
    "--port",
    type=click.IntRange(0, 65535),
    default=3478,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "--other-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="The second port of RFC 5780; one above the first unless given.",
)
@click.option("--no-tcp", is_flag=True, help="UDP only.")
@click.option(
    "--rate",
    type=click.FloatRange(1.0, 1e6),
    default=50.0,
    show_default=True,
    metavar="N",
    help="Requests answered a second for one source; twice that at once.",
)
@click.option(
    "--for", "seconds", type=click.FloatRange(0.0), metavar="SECONDS", help="End after this long."
)
@functools.partial(answering, formats=("text", "json", "jsonl"))
def serve(
    settings: Settings,
    ips: tuple[str, ...],
    port: int,
    other_port: int | None,
    no_tcp: bool,
    rate: float,
    seconds: float | None,
) -> Answer:
    """Be a STUN server.

    Until it is interrupted it listens on the loopback address, unless told otherwise, over UDP and
    TCP, and says where. With two addresses it answers from the other address or port when asked
    (CHANGE-REQUEST), for the discovery of NAT behaviour (RFC 5780). It answers Binding requests
    and nothing else, no source more often than --rate, and keeps nothing.

    \b
        rtckit stun serve --port 0
        rtckit stun serve --listen 192.0.2.7 --listen 192.0.2.8 -v

    Exit code: 0 when it was ended, 4 when an address or port cannot be had.
    """
    import asyncio

    from rtckit.live.stun_responder import RateLimit
    from rtckit.live.stun_server import StunServer

    for ip in ips:
        _check_ip(ip)
    limit = RateLimit(rate, max(1, round(2 * rate)))
    server = StunServer(ips, port, other_port=other_port, tcp=not no_tcp, limit=limit)
    if settings.output_format == "jsonl":
        with settings.lines() as write:
            asyncio.run(_serve(settings, server, seconds, write))
            write({"event": "result", **_data(server)})
    else:
        asyncio.run(_serve(settings, server, seconds, None))
    return Answer(
        text=lambda canvas: _text(server),
        data=lambda: {"schema": 1, "findings": [], **_data(server)},
        forms={"jsonl": lambda canvas: ""},
    )


def _check_ip(text: str) -> None:
    from ipaddress import ip_address

    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        raise UsageError(f"--listen {text!r} is no IP address") from None


async def _serve(
    settings: Settings, server: "StunServer", seconds: float | None, write: Any
) -> None:
    import asyncio
    import contextlib
    import signal

    from rtckit.live.errors import Refused

    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)

    def seen(source: Any, local: Any, request: bytes, reply: Any) -> None:
        what = "ignored" if reply is None else f"answered to {reply.to} from {reply.source}"
        if write is not None:
            entry = {"event": "request", "source": str(source), "local": str(local)}
            if reply is not None:
                entry |= {"to": str(reply.to), "from": str(reply.source)}
            write({**entry, "bytes": len(request), "answer": 0 if not reply else len(reply.data)})
        elif settings.verbose:
            settings.note(f"{source} to {local}: {len(request)} bytes, {what}")

    async with contextlib.AsyncExitStack() as opened:
        try:
            await opened.enter_async_context(server)
        except Refused as error:
            raise NetworkFailure(f"cannot listen on {error.remote}: {error}") from error
        server.on_request = seen
        ways = "UDP and TCP" if server.tcp else "UDP"
        for address in server.addresses:
            settings.note(f"rtckit: listening on {address} ({ways})")
        if server.responder.discovers:
            settings.note("rtckit: discovers NAT behaviour (RFC 5780)")
        if write is not None:
            listening = [str(address) for address in server.addresses]
            write({"event": "listening", "addresses": listening, "tcp": server.tcp})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ended.wait()


def _data(server: "StunServer") -> dict[str, Any]:
    counters = server.responder.counters
    return {
        "addresses": [str(address) for address in server.addresses],
        "behavior_discovery": server.responder.discovers,
        "requests": {
            "received": counters.received,
            "answered": counters.answered,
            "refused": counters.refused,
            "ignored": counters.ignored,
            "limited": counters.limited,
        },
    }


def _text(server: "StunServer") -> str:
    counts = server.responder.counters
    return (
        f"{counts.received} messages: {counts.answered} answered, {counts.refused} refused, "
        f"{counts.ignored} ignored, {counts.limited} over the limit"
    )
