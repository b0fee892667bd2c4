"""``rtckit lab up``: a laboratory that stands until it is told to go."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.lab_user import become_root_of_own
from rtckit.cli.output import Answer, Settings, answering
from rtckit.core.errors import UsageError

if TYPE_CHECKING:
    from rtckit.lab.laboratory import Laboratory
    from rtckit.lab.running import Running

__all__ = ["up"]


@click.command(short_help="Build a laboratory, and keep it up.")
@click.option("--a", "a", default="port restricted", show_default=True, help="NAT of side a.")
@click.option("--b", "b", default="port restricted", show_default=True, help="NAT of side b.")
@click.option("--no-servers", is_flag=True, help="No coturn.")
@click.option("--ipv6", is_flag=True, help="IPv6 too, behind stateful firewalls.")
@click.option(
    "--nat64",
    multiple=True,
    type=click.Choice(["a", "b"]),
    help="This side has IPv6 only, and NAT64; may be repeated.",
)
@click.option(
    "--delay",
    type=click.FloatRange(0, 60_000),
    default=0.0,
    metavar="MS",
    help="One way, between each side and the Internet.",
)
@click.option(
    "--jitter", type=click.FloatRange(0), default=0.0, metavar="MS", help="By how much it varies."
)
@click.option("--loss", type=click.FloatRange(0, 100), default=0.0, metavar="PERCENT")
@click.option("--reorder", type=click.FloatRange(0, 100), default=0.0, metavar="PERCENT")
@click.option("--duplicate", type=click.FloatRange(0, 100), default=0.0, metavar="PERCENT")
@click.option("--seed", type=int, default=1, show_default=True, help="What chance depends on.")
@click.option("--capture", metavar="FOLDER", help="Keep a pcapng of every node there.")
@click.option("--name", default="lab", show_default=True, help="For several at a time.")
@click.option(
    "--for", "seconds", type=click.FloatRange(0.0), metavar="SECONDS", help="End after this long."
)
@functools.partial(answering, formats=("text", "json", "jsonl"))
def up(settings: Settings, name: str, seconds: float | None, **options: Any) -> Answer:
    """Build a laboratory, and keep it up.

    Two hosts behind NATs of any kind, and servers in the open. It stays in the foreground until
    interrupted, or until `rtckit lab down`, and leaves nothing behind, even when it is killed. From
    another terminal `rtckit lab run a -- COMMAND` runs things on a host; they find the servers in
    RTCKIT_STUN, RTCKIT_TURN, RTCKIT_TURNS (TLS on port 443) and their user in RTCKIT_TURN_USERNAME
    and RTCKIT_TURN_PASSWORD.

    A NAT is named as for `rtckit ice simulate`: open, full cone, restricted, port restricted,
    symmetric, firewall, udp blocked (but TCP to 443), cgnat; EI/APD and the like; "full cone behind
    symmetric"; with +hairpin, +random ports, +lifetime=30. No root is needed where user namespaces
    are allowed.

    \b
        rtckit lab up --a symmetric --b "port restricted"
        rtckit lab up --a "udp blocked" --delay 40 --loss 1 --capture /tmp/seen
        rtckit lab run a -- rtckit nat detect 203.0.113.10

    Exit code: 0 when it was ended, 5 when the machine lacks something (`rtckit lab doctor`).
    """

    from rtckit.lab.laboratory import laboratory

    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"--name {name!r}: letters, digits, - and _ only")
    capture = options.pop("capture")
    become_root_of_own()
    wanted = {
        "servers": not options["no_servers"],
        "ipv6": options["ipv6"],
        "nat64": options["nat64"],
        "delay_ms": options["delay"],
        "jitter_ms": options["jitter"],
        "seed": options["seed"],
        **{part: options[part] / 100 for part in ("loss", "reorder", "duplicate")},
        "captures": Path(capture) if capture else None,
    }
    with _usage(), _Ending() as ending, laboratory(options["a"], options["b"], **wanted) as lab:
        running = _running(name, lab)
        path = running.save()
        try:
            with ending.awaited():
                _announce(settings, running, lab)
                threading.Event().wait(seconds)
        finally:
            path.unlink(missing_ok=True)
    if settings.output_format == "jsonl":
        with settings.lines() as write:
            write({"event": "result", **_data(running, lab)})
    files = [str(file) for file in lab.captures]
    return Answer(
        text=lambda canvas: "\n".join(["The laboratory is gone.", *files]),
        data=lambda: {"schema": 1, "findings": [], **_data(running, lab)},
        forms={"jsonl": lambda canvas: ""},
    )


@contextmanager
def _usage() -> Iterator[None]:
    """A NAT that there is not is a matter of usage."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error


class _Ending:
    """Takes what asks the process to end: once it interrupts, and after that it is known already.

    Handlers and not a mask of blocked signals, which programs started meanwhile would inherit.
    """

    def __enter__(self) -> "_Ending":
        import signal

        self._signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._previous = [signal.signal(number, self._take) for number in self._signals]
        self._asked = False
        return self

    def _take(self, number: int, frame: Any) -> None:
        if not self._asked:
            self._asked = True
            raise KeyboardInterrupt

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Within it, being asked to end is no interruption; after it, it is not heeded."""
        with suppress(KeyboardInterrupt):
            yield
        self._asked = True

    def __exit__(self, *_: object) -> None:
        import signal

        for number, handler in zip(self._signals, self._previous, strict=True):
            signal.signal(number, handler)


def _running(name: str, lab: "Laboratory") -> "Running":
    import os

    from rtckit.lab.running import Running, start_time

    mine = os.getpid()
    inside = "RTCKIT_LAB_UNSHARED" in os.environ
    return Running(
        name,
        mine,
        start_time(mine),
        {node: str(namespace.path) for node, namespace in lab.nodes.items()},
        {host: list(ips) for host, ips in lab.topology.addresses.items()},
        f"/proc/{mine}/ns/user" if inside else "",
        lab.environment,
        lab.topology.description,
    )


def _announce(settings: Settings, running: "Running", lab: "Laboratory") -> None:
    """Say on stderr (as jsonl on stdout) what stands, and how to enter it."""
    if settings.output_format == "jsonl":
        with settings.lines() as write:
            write({"event": "up", **_data(running, lab)})
        return
    note: Callable[[str], None] = settings.note
    note(f"rtckit: {running.description}")
    for node in running.nodes:
        addresses = ", ".join(running.addresses.get(node, ()))
        if node == "server":
            addresses = ", ".join(lab.topology.server_addresses)
        note(f"  {node:10} {addresses}".rstrip())
    for key, value in running.environment.items():
        note(f"  {key}={value}")
    works, relayed = lab.can_connect(turn=False), bool(running.environment)
    direct = "can connect directly" if works else "cannot connect directly"
    note(f"rtckit: in theory a and b {direct}{', and do by the relay' if relayed else ''}")
    named = running.name != "lab"
    note(
        "rtckit: run a command on a host: rtckit lab run "
        f"{f'--name {running.name} ' if named else ''}a -- COMMAND"
    )
    note(f"rtckit: end it with Ctrl-C, or: rtckit lab down{f' {running.name}' if named else ''}")


def _data(running: "Running", lab: "Laboratory") -> dict[str, Any]:
    return {
        "name": running.name,
        "process": running.process,
        "description": running.description,
        "nodes": [
            {"name": node, "namespace": path, "addresses": running.addresses.get(node, [])}
            for node, path in running.nodes.items()
        ],
        "servers": {
            key.removeprefix("RTCKIT_").lower(): value for key, value in running.environment.items()
        },
        "theory": {
            "direct": lab.can_connect(turn=False),
            "relayed": bool(lab.coturn),
        },
        "captures": [str(file) for file in lab.captures],
    }
