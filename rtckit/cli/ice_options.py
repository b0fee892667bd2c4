"""What the commands that gather candidates share: where candidates come from."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.probe_options import (
    choose_families,
    choose_interfaces,
    family_options,
    read_secret,
)
from rtckit.core.errors import UsageError

if TYPE_CHECKING:
    from rtckit.live.gather import GatherSettings

__all__ = ["gather_options"]

_CREDENTIAL = "RTCKIT_TURN_CREDENTIAL"

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-s",
        "--server",
        "servers",
        multiple=True,
        metavar="URI",
        help="Ask this STUN or TURN server (stun:, turn:, turns:); may be repeated.",
    ),
    click.option(
        "-u",
        "--username",
        metavar="USER",
        envvar="RTCKIT_TURN_USERNAME",
        help="The user name for TURN servers; else that in RTCKIT_TURN_USERNAME.",
    ),
    click.option("--credential", metavar="PASSWORD", help="Its password; seen by others in `ps`."),
    click.option("--credential-file", metavar="FILE", help="A file with the password; - is stdin."),
    click.option(
        "-i",
        "--interface",
        "interfaces",
        multiple=True,
        metavar="NAME",
        help="Gather on this interface alone; may be repeated.",
    ),
    click.option("--loopback", is_flag=True, help="Gather on loopback as well."),
    family_options,
    click.option(
        "--policy",
        type=click.Choice(["all", "relay"]),
        default="all",
        show_default=True,
        help="Gather relayed candidates alone with relay.",
    ),
    click.option(
        "--budget",
        type=click.FloatRange(0.05, 60.0),
        default=2.5,
        show_default=True,
        metavar="SECONDS",
        help="End without the servers that have not answered by then.",
    ),
    click.option("--tcp", is_flag=True, help="Offer TCP on host candidates too (RFC 6544)."),
    click.option("--mdns", is_flag=True, help="Name host candidates instead of their addresses."),
)


def gather_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; its ``gathering`` argument gets a `GatherSettings`."""

    @functools.wraps(function)
    def wrapped(
        *arguments: Any,
        servers: tuple[str, ...],
        username: str | None,
        credential: str | None,
        credential_file: str | None,
        interfaces: tuple[str, ...],
        loopback: bool,
        only_4: bool,
        only_6: bool,
        policy: str,
        budget: float,
        tcp: bool,
        mdns: bool,
        **others: Any,
    ) -> Any:
        from rtckit.live.gather import GatherSettings

        turn = any(text.lower().startswith("turn") for text in servers)
        secret = read_secret(
            credential, credential_file, _CREDENTIAL, "credential", ask=turn and bool(username)
        )
        chosen = choose_interfaces(interfaces, False)
        gathering = GatherSettings(
            servers=_servers(servers, username, secret),
            interfaces=tuple(item.name for item in chosen) or None,
            families=choose_families(only_4, only_6),
            policy=policy,
            loopback=loopback,
            tcp=tcp,
            mdns=mdns,
            budget_s=budget,
        )
        _warn_about_policy(gathering)
        return function(*arguments, gathering=gathering, **others)

    decorated: Callable[..., Any] = wrapped
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _servers(texts: tuple[str, ...], username: str | None, secret: str | None) -> tuple[Any, ...]:
    from rtckit.live.servers import parse_server

    found = []
    for text in texts:
        server = parse_server(text, default_kind="stun")
        if server.kind == "turn":
            server = parse_server(text, username, secret)
            if username is not None and secret is None:
                raise UsageError(
                    f"no password for {username}: use --credential-file, {_CREDENTIAL} or a "
                    "terminal"
                )
        found.append(server)
    return tuple(dict.fromkeys(found))


def _warn_about_policy(gathering: "GatherSettings") -> None:
    if gathering.policy == "relay" and not any(s.kind == "turn" for s in gathering.servers):
        raise UsageError("--policy relay needs a TURN server: --server turn:HOST")
