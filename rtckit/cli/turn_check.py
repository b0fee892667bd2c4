"""``rtckit turn check``: what works at a TURN server, what does not, and why."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.probe_options import (
    choose_families,
    choose_interfaces,
    family_options,
    interface_options,
    read_secret,
    with_patience,
)
from rtckit.core.errors import ExitCode, UsageError
from rtckit.core.findings import Finding, Severity

if TYPE_CHECKING:
    from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
    from rtckit.core.address import Address
    from rtckit.live.servers import Server
    from rtckit.live.turn_check import CheckSettings, Target

__all__ = ["check", "exit_code_for", "readable"]

_WAYS = ("udp", "tcp", "tls")
_CREDENTIAL = "RTCKIT_TURN_CREDENTIAL"
_SECRET = "RTCKIT_TURN_SECRET"  # the name of a variable


@click.command(short_help="Check TURN servers step by step.")
@click.argument("servers", nargs=-1, required=True, metavar="SERVER...")
@click.option(
    "-u",
    "--username",
    metavar="USER",
    envvar="RTCKIT_TURN_USERNAME",
    help="The user name; else that in RTCKIT_TURN_USERNAME.",
)
@click.option("--credential", metavar="PASSWORD", help="The password; seen by others in `ps`.")
@click.option("--credential-file", metavar="FILE", help="A file with the password; - is stdin.")
@click.option("--rest-secret", metavar="SECRET", help="Make time-limited credentials with this.")
@click.option("--rest-secret-file", metavar="FILE", help="A file with that secret; - is stdin.")
@click.option(
    "--rest-ttl",
    type=int,
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long such credentials are valid; negative ones have expired.",
)
@click.option("--realm", metavar="REALM", help="The realm the credentials are for.")
@click.option(
    "--peer", "peers", multiple=True, metavar="IP[:PORT]", help="Ask a permission for this peer."
)
@click.option(
    "--way",
    "ways",
    multiple=True,
    metavar="WAY[:PORT]",
    help="Try this way instead: udp, tcp or tls; may be repeated.",
)
@click.option("--tcp-relay", is_flag=True, help="Relay TCP as well (RFC 6062).")
@click.option(
    "--relay-family",
    type=click.Choice(["4", "6"]),
    help="Ask for relayed addresses of this IP version.",
)
@click.option("--ca", "ca_file", metavar="FILE", help="Trust these authorities (PEM) too.")
@click.option("--insecure", is_flag=True, help="Go on after a bad certificate.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 60.0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each request is waited for.",
)
@click.option(
    "--count",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Datagrams sent each way through the relay.",
)
@click.option(
    "--local-port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Ask from this UDP port.",
)
@interface_options
@family_options
@functools.partial(answering, formats=("text", "json", "jsonl"))
def check(
    settings: Settings,
    servers: tuple[str, ...],
    username: str | None,
    credential: str | None,
    credential_file: str | None,
    rest_secret: str | None,
    rest_secret_file: str | None,
    rest_ttl: int,
    realm: str | None,
    peers: tuple[str, ...],
    ways: tuple[str, ...],
    tcp_relay: bool,
    relay_family: str | None,
    ca_file: str | None,
    insecure: bool,
    timeout: float,
    count: int,
    local_port: int,
    interfaces: tuple[str, ...],
    all_interfaces: bool,
    only_4: bool,
    only_6: bool,
) -> Answer:
    """Check TURN servers step by step.

    What does not work is told with its cause and what to do.

    SERVER is a URI (turn:HOST, turns:HOST:443?transport=tcp) or HOST[:PORT]. A host is tried over
    UDP, TCP and TLS, a turn: URI without a transport over UDP and TCP, any other as it says; all of
    them at once. Each is resolved, connected to, asked for the address it sees, for an allocation
    without and with credentials; data is echoed between two allocations and with a plain socket of
    this machine; all is given back.

    The password comes from --credential-file, the variable RTCKIT_TURN_CREDENTIAL, --credential, or
    is asked for. The secret of --rest-secret may stand in RTCKIT_TURN_SECRET.

    \b
        rtckit turn check turn.example.org -u alice
        rtckit turn check turns:turn.example.org:443 -u alice --credential-file password.txt
        rtckit turn check turn:192.0.2.7 --rest-secret-file secret.txt --format json

    Exit code: 0 when all that was asked for works, 1 when something does not, 4 when no server
    answers.
    """
    from rtckit.live.turn_check import CheckSettings

    secret = read_secret(rest_secret, rest_secret_file, _SECRET, "secret", ask=False)
    if secret is None:
        ask = bool(username)
        credential = read_secret(credential, credential_file, _CREDENTIAL, "credential", ask=ask)
    elif credential_file is not None:
        raise UsageError("a credential and a secret: only one of them can be meant")
    chosen = _credentials(
        username,
        credential,
        secret,
        rest_ttl,
    )
    targets = _targets(servers, ways, *chosen)
    wanted = CheckSettings(
        timeout_s=timeout,
        count=count,
        peers=tuple(map(_peer, peers)),
        tcp_relay=tcp_relay,
        realm=realm,
        insecure=insecure,
        ca_file=readable(ca_file),
        families=choose_families(only_4, only_6),
        local_port=local_port,
        relay_family=int(relay_family) if relay_family else None,
    )
    found = choose_interfaces(interfaces, all_interfaces)
    if chosen[0] is None:
        settings.note("rtckit: no credentials: allocations are not tried (see --username)")
    return _answer(settings, targets, wanted, found)


def _answer(
    settings: Settings,
    targets: "Sequence[Target]",
    wanted: "CheckSettings",
    interfaces: Sequence[Any],
) -> Answer:
    import asyncio
    import time

    from rtckit.live.turn_check import check_servers
    from rtckit.report.probe import render_probes, step_event, to_dict
    from rtckit.rules.catalogue import run

    started = time.monotonic()
    live = settings.output_format == "jsonl"

    def work(tell: Any) -> "ProbeSet":
        asking = check_servers(targets, wanted, interfaces=interfaces, on_step=tell)
        return asyncio.run(
            with_patience(settings, asking, "asking the servers, at most some seconds a step")
        )

    if not live:
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
        text=lambda canvas: render_probes(
            probes, findings, color=canvas.color, width=canvas.width, verbose=canvas.verbose
        ),
        data=lambda: to_dict(probes, findings),
        exit_code=exit_code_for(probes, findings),
        forms={"jsonl": lambda canvas: ""},
    )


def exit_code_for(probes: "ProbeSet", findings: Sequence[Finding]) -> ExitCode:
    """0 all well, 1 something is wrong, 4 nobody answers."""
    asked = [probe for probe in probes.probes if probe.asked]
    if not any(probe.answered for probe in asked):
        reached = any(probe.reached for probe in asked)
        return ExitCode.FINDINGS if reached else ExitCode.NETWORK
    grave = any(finding.severity is not Severity.INFO for finding in findings)
    return ExitCode.FINDINGS if grave or not all(p.works for p in asked) else ExitCode.CLEAN


def _credentials(
    username: str | None, credential: str | None, secret: str | None, ttl: int
) -> tuple[str | None, str | None]:
    import time

    from rtckit.live.long_term import make_rest_credential

    if secret is not None:
        if credential is not None:
            raise UsageError("a credential and a secret: only one of them can be meant")
        if not secret:
            raise UsageError("the secret is empty")
        expires_at = int(time.time()) + ttl  # noqa: TID251 - the command line reads the clock
        return make_rest_credential(secret, username or "rtckit", expires_at)
    if username is not None and credential is None:
        raise UsageError(
            f"no password for {username}: use --credential-file, {_CREDENTIAL} or a terminal"
        )
    if username is None and credential is not None:
        raise UsageError("a credential without --username")
    return username, credential


def _targets(
    texts: Sequence[str], ways: Sequence[str], username: str | None, credential: str | None
) -> "list[Target]":
    from rtckit.live.servers import parse_server
    from rtckit.live.turn_check import Target

    targets: list[Target] = []
    for text in texts:
        server = parse_server(text, default_kind="turn")
        if server.kind != "turn":
            raise UsageError(f"{text} is no TURN server; `rtckit stun ping` asks STUN servers")
        if server.way == "dtls":
            raise UsageError(f"{text}: DTLS is not spoken here; use ?transport=tcp")
        server = replace(server, username=username, credential=credential)
        for each, asked in _ways(text, server, ways):
            target = Target(each, asked)
            if target not in targets:
                targets.append(target)
    return targets


def _ways(text: str, server: "Server", ways: Sequence[str]) -> "Iterator[tuple[Server, bool]]":
    """The ways a text asks for, and those that are tried to compare."""
    for way in ways:
        name, _, port = way.partition(":")
        if name not in _WAYS or (port and not (port.isdigit() and 0 < int(port) < 65536)):
            raise UsageError(f"no way {way!r}: udp, tcp or tls, and a port (tls:443)")
        yield server.over(name, int(port) if port else None), True
    if ways:
        return
    yield server, True
    if "transport=" in text or server.tls:
        return
    yield server.over("tcp", server.port), False
    if not text.lower().startswith("turn:") and server.port == 3478:
        yield server.over("tls"), False


def _peer(text: str) -> "Address":
    from ipaddress import ip_address

    from rtckit.core.address import Address

    host, _, port = text.rpartition(":")
    if text.startswith("["):
        ip, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        ip = host
    else:
        ip, port = text, ""
    try:
        return Address(str(ip_address(ip)), int(port or 9))
    except ValueError:
        raise UsageError(f"peer {text!r} is no IP address with or without a port") from None


def readable(file: str | None) -> str | None:
    """A file of authorities as it was named; ``UsageError`` when it holds none."""
    import ssl

    if file is None:
        return None
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"cannot read certificates from {file}: {error}") from error
    return file
