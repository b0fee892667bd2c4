"""``rtckit nat detect``: how the NATs between this host and a STUN server behave."""

import functools
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.probe_options import choose_families, choose_interfaces, family_options
from rtckit.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rtckit.analysis.nat import NatBehavior, Outcome
    from rtckit.core.address import Address
    from rtckit.core.findings import Finding
    from rtckit.live.servers import Server

__all__ = ["detect"]


@click.command(short_help="Find out how a NAT maps, filters and hairpins.")
@click.argument("server")
@click.option(
    "--server2",
    metavar="SERVER",
    help="Another server: shows the mapping when the first has only one address.",
)
@click.option("-i", "--interface", metavar="NAME", help="Ask from this interface.")
@family_options
@click.option("--quick", is_flag=True, help="Mapping and filtering only, on one socket each.")
@click.option("--lifetime", is_flag=True, help="Measure how long mappings live; takes minutes.")
@click.option(
    "--longest",
    type=click.FloatRange(1, 3600),
    default=400.0,
    show_default=True,
    metavar="SECONDS",
    help="With --lifetime: the longest life looked for.",
)
@functools.partial(answering, formats=("text", "json", "jsonl"))
def detect(
    settings: Settings,
    server: str,
    server2: str | None,
    interface: str | None,
    only_4: bool,
    only_6: bool,
    quick: bool,
    lifetime: bool,
    longest: float,
) -> Answer:
    """Find out how a NAT maps, filters and hairpins.

    All NATs between this host and SERVER count as one. SERVER is a STUN server (stun:HOST or
    HOST[:PORT]); one with two addresses (RFC 5780: coturn with two, or `rtckit stun serve`) can
    show everything, any other the mapping at most, with --server2. Every request is repeated, and
    silence counts only on two sockets whose other requests are answered; each fact says how sure it
    is. Nothing is sent but to the servers named and to the other address of the first; when UDP is
    silent, TCP to its port and to 443 is tried.

    \b
        rtckit nat detect stun.example.org
        rtckit nat detect stun.example.org --server2 stun.example.net --interface wlan0
        rtckit nat detect 192.0.2.7 --lifetime --longest 120 --format json

    Exit code: 0 when nothing stands in the way of calls, 1 when something does (a symmetric NAT,
    UDP blocked, ...), 4 when the name has no address or nothing can be sent.
    """
    import asyncio
    import time

    from rtckit.analysis.nat_discovery import LIFETIMES_S
    from rtckit.live.nat_behavior import detect_nat
    from rtckit.report.nat import outcome_event, render_nat, to_dict
    from rtckit.rules.catalogue import run

    first = _parse(server)
    second = None if server2 is None else _parse(server2)
    choose_interfaces(() if interface is None else (interface,), False)
    families = choose_families(only_4, only_6)
    lifetimes = _lifetimes(LIFETIMES_S, longest) if lifetime else ()
    if lifetimes:
        settings.note(f"rtckit: takes up to {2 * lifetimes[-1]:.0f} s")
    started = time.monotonic()

    async def work(tell: Any = None) -> "tuple[NatBehavior, list[Finding]]":
        address, other = await _resolve(first, second, families)
        behavior = await detect_nat(
            address,
            other,
            local_ip=_local_ip(interface, address),
            interface=interface,
            quick=quick,
            lifetimes=lifetimes,
            on_outcome=tell,
        )
        return behavior, run("nat", behavior)

    def data() -> dict[str, Any]:
        return to_dict(behavior, findings, server=first.label, interface=interface)

    if settings.output_format == "jsonl":
        with settings.lines() as write:

            def tell(outcome: "Outcome") -> None:
                write(outcome_event(outcome, time.monotonic() - started))

            behavior, findings = asyncio.run(work(tell))
            write({"event": "result", **data()})
    else:
        behavior, findings = asyncio.run(work())
    grave = any(finding.severity != "info" for finding in findings)
    return Answer(
        text=lambda canvas: render_nat(
            behavior,
            findings,
            server=first.label,
            color=canvas.color,
            width=canvas.width,
            verbose=canvas.verbose,
        ),
        data=data,
        exit_code=ExitCode.FINDINGS if grave else ExitCode.CLEAN,
        forms={"jsonl": lambda canvas: ""},
    )


def _parse(text: str) -> "Server":
    from rtckit.live.servers import parse_server

    server = parse_server(text, default_kind="stun")
    if server.way != "udp":
        raise UsageError(f"{text}: NAT behaviour is that of UDP; name the server as stun:HOST")
    return server


def _lifetimes(usual: tuple[float, ...], longest: float) -> tuple[float, ...]:
    """The usual times up to the longest; parts of it when that is shorter than all."""
    times = [time for time in usual if time < longest]
    if len(times) < 3:
        times = [round(longest * part / 5, 2) for part in range(1, 5)]
    return (*times, longest)


async def _resolve(
    first: "Server", second: "Server | None", families: tuple[int, ...]
) -> "tuple[Address, Address | None]":
    """The first address of each, of the same family."""
    from rtckit.live.servers import resolve

    address = (await resolve(first, families=families)).addresses[0]
    if second is None:
        return address, None
    family = 6 if ":" in address.ip else 4
    return address, (await resolve(second, families=(family,))).addresses[0]


def _local_ip(interface: str | None, server: "Address") -> str | None:
    """The interface's address of the server's family; None to let the routes choose."""
    from rtckit.live.interfaces import find_interface

    found = None if interface is None else find_interface(interface)
    if found is None:
        return None
    family = 6 if ":" in server.ip else 4
    addresses = found.of_family(family)
    if not addresses:
        raise UsageError(f"interface {found.name!r} has no IPv{family} address")
    return addresses[0].ip
