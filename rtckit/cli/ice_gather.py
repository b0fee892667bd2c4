"""``rtckit ice gather``: the candidates of this machine, and what its servers say."""

import functools
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.ice_options import gather_options
from rtckit.cli.ice_progress import tell_progress
from rtckit.cli.output import Answer, Settings, answering
from rtckit.core.errors import ExitCode
from rtckit.core.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rtckit.ice.events import Event
    from rtckit.live.gather import GatherSettings

__all__ = ["gather"]


@click.command(short_help="Gather candidates from interfaces and servers.")
@gather_options
@functools.partial(answering, formats=("text", "json", "jsonl"))
def gather(settings: Settings, gathering: "GatherSettings") -> Answer:
    """Gather candidates from interfaces and servers.

    Host candidates come from every interface that is up; each server is asked from each of their
    addresses, at once, and which of them answers where is told. Without --server nothing is sent.
    Gathering ends with the last answer, and after --budget seconds in any case; what a server did
    not do is told with its cause.

    The password comes from --credential-file, the variable RTCKIT_TURN_CREDENTIAL, --credential, or
    is asked for.

    \b
        rtckit ice gather
        rtckit ice gather -s stun:stun.example.org -s stun:192.0.2.9
        rtckit ice gather -s turn:turn.example.org -u alice --policy relay --format jsonl

    Exit code: 0 when every server gave what it was asked for, 1 when one did not or there is no
    candidate, 4 when servers were asked and none answered.
    """
    import asyncio

    if settings.output_format != "jsonl":
        run = asyncio.run(_gather(settings, gathering, lambda entry: None))
    else:
        with settings.lines() as write:
            run = asyncio.run(_gather(settings, gathering, write))
            write({"event": "result", **run.as_json()})
    return Answer(
        text=lambda canvas: run.render(canvas.color, canvas.width, canvas.verbose),
        data=run.as_json,
        exit_code=run.exit_code,
        forms={"jsonl": lambda canvas: ""},
    )


class _Run:
    """What gathering brought."""

    def __init__(self) -> None:
        self.candidates: list[dict[str, Any]] = []
        self.servers: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.findings: list[Finding] = []
        self.elapsed_ms = 0.0

    def take(self, event: "Event") -> None:
        """Keep what is told in the end."""
        if event.event == "local-candidate":
            self.candidates.append(event.detail)
        elif event.event == "server" and event.detail["ok"]:
            self.servers.append(event.detail)
        elif event.event == "candidate-error":
            self.errors.append(event.detail)
        elif event.detail.get("state") == "complete":
            self.elapsed_ms = event.detail["elapsed_ms"]

    @property
    def exit_code(self) -> ExitCode:
        """0 all well, 1 something is wrong, 4 nobody answers."""
        asked = bool(self.servers) or any(error["server"] for error in self.errors)
        refused = any(error["code"] not in (None, 701) for error in self.errors)
        if asked and not self.servers and not refused:
            return ExitCode.NETWORK
        if not self.candidates or self.errors:
            return ExitCode.FINDINGS
        grave = any(finding.severity is not Severity.INFO for finding in self.findings)
        return ExitCode.FINDINGS if grave else ExitCode.CLEAN

    def as_json(self) -> dict[str, Any]:
        """The JSON shape, schema 1."""
        from rtckit.report.json import answer

        return answer(
            self.findings,
            candidates=self.candidates,
            servers=self.servers,
            errors=self.errors,
            elapsed_ms=round(self.elapsed_ms, 3),
        )

    def render(self, color: bool, width: int, verbose: int) -> str:
        """The text form."""
        from rtckit.report.ice_candidates import render_gathering

        return render_gathering(
            self.candidates,
            self.servers,
            self.errors,
            self.findings,
            elapsed_ms=self.elapsed_ms,
            color=color,
            width=width,
            verbose=verbose,
        )


async def _gather(
    settings: Settings,
    gathering: "GatherSettings",
    write: "Callable[[Mapping[str, Any]], None]",
) -> _Run:
    from rtckit.live.engines.native import NativeEngine
    from rtckit.rules.catalogue import run as run_rules

    run = _Run()
    engine = NativeEngine(controlling=True, gathering=gathering)

    def take(event: "Event") -> None:
        run.take(event)
        tell_progress(settings, event)
        write(event.as_json())

    engine.on_event = take
    try:
        await engine.gather()
    finally:
        engine.on_event = None
        await engine.close()
    run.findings = run_rules("probe", engine.gatherer.probes())
    return run
