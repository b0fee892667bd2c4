"""``rtckit stun ping``: which STUN servers answer, how fast, and what address they see."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.probe_options import (
    choose_families,
    choose_interfaces,
    family_options,
    interface_options,
    with_patience,
)
from rtckit.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
    from rtckit.live.servers import Server
    from rtckit.live.stun_ping import PingSettings

__all__ = ["ping"]


@click.command(short_help="Ask STUN servers for the round trip and the address they see.")
@click.argument("servers", nargs=-1, required=True, metavar="SERVER...")
@click.option("--tcp", "way", flag_value="tcp", help="Over TCP.")
@click.option("--tls", "way", flag_value="tls", help="Over TLS.")
@click.option(
    "-c",
    "--count",
    type=click.IntRange(1, 10000),
    default=5,
    show_default=True,
    help="Requests to each server.",
)
@click.option(
    "--interval",
    type=click.FloatRange(0.005, 60.0),
    default=0.2,
    show_default=True,
    metavar="SECONDS",
    help="Time between two requests.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.05, 60.0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each answer is waited for.",
)
@click.option("--ca", "ca_file", metavar="FILE", help="Trust these authorities (PEM) too.")
@interface_options
@family_options
@functools.partial(answering, formats=("text", "json", "jsonl"))
def ping(
    settings: Settings,
    servers: tuple[str, ...],
    way: str | None,
    count: int,
    interval: float,
    timeout: float,
    ca_file: str | None,
    interfaces: tuple[str, ...],
    all_interfaces: bool,
    only_4: bool,
    only_6: bool,
) -> Answer:
    """Ask STUN servers for the round trip and the address they see.

    SERVER is a URI (stun:HOST, stuns:HOST) or HOST[:PORT]; TURN servers answer as well. Every
    server is asked over IPv4 and IPv6 where there is a route, from each interface that is named.
    Each request is sent once, so that losses show.

    \b
        rtckit stun ping stun.example.org
        rtckit stun ping 192.0.2.7 192.0.2.8 --interface eth0 --interface wlan0
        rtckit stun ping stun.example.org --tls --format json

    Exit code: 0 when every server answers, 1 when some do not, 4 when none does.
    """
    from rtckit.cli.turn_check import readable
    from rtckit.live.stun_ping import PingSettings

    chosen = [_server(text, way) for text in servers]
    wanted = PingSettings(
        count=count,
        interval_s=interval,
        timeout_s=timeout,
        families=choose_families(only_4, only_6),
        ca_file=readable(ca_file),
    )
    found = choose_interfaces(interfaces, all_interfaces)
    return _answer(settings, list(dict.fromkeys(chosen)), wanted, found)


def _server(text: str, way: str | None) -> "Server":
    from rtckit.live.servers import parse_server

    server = parse_server(text, default_kind="stun")
    if way is not None:
        server = server.over(way)
    if server.way == "dtls":
        raise UsageError(f"{text}: DTLS is not spoken here; use ?transport=tcp")
    return server


def _answer(
    settings: Settings,
    servers: "Sequence[Server]",
    wanted: "PingSettings",
    interfaces: Sequence[Any],
) -> Answer:
    import asyncio
    import time

    from rtckit.live.stun_ping import ping_servers
    from rtckit.report.probe import render_pings, step_event, to_dict
    from rtckit.rules.catalogue import run

    started = time.monotonic()

    def work(tell: Any) -> "ProbeSet":
        asking = ping_servers(servers, wanted, interfaces=interfaces, on_step=tell)
        return asyncio.run(with_patience(settings, asking, "asking the servers"))

    if settings.output_format != "jsonl":
        probes = work(None)
        findings = run("probe", probes)
    else:
        with settings.lines() as write:

            def tell(probe: "ServerProbe", step: "Step") -> None:
                write(step_event(probe, step, time.monotonic() - started))

            probes = work(tell)
            findings = run("probe", probes)
            write({"event": "result", **to_dict(probes, findings)})
    return Answer(
        text=lambda canvas: render_pings(
            probes, findings, color=canvas.color, width=canvas.width, verbose=canvas.verbose
        ),
        data=lambda: to_dict(probes, findings),
        exit_code=_exit_code(probes),
        forms={"jsonl": lambda canvas: ""},
    )


def _exit_code(probes: "ProbeSet") -> ExitCode:
    answered = [probe.answered for probe in probes.probes]
    if not any(answered):
        return ExitCode.NETWORK
    return ExitCode.CLEAN if all(answered) else ExitCode.FINDINGS
