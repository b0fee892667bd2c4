"""``rtckit ice check``: connect two ends, or one end to any other ICE agent."""

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.ice_options import gather_options
from rtckit.cli.ice_progress import tell_progress
from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rtckit.core.findings import Finding
    from rtckit.ice.events import Event
    from rtckit.live.check import CheckResult
    from rtckit.live.gather import GatherSettings
    from rtckit.live.signalling import Signalling

__all__ = ["check"]

_WAITING = {
    "listen": "waiting for the other end at",
    "connect": "connecting to the other end at",
    "dir": "meeting the other end in",
}


@click.command(short_help="Connect two ends, or one end to any ICE agent.")
@click.option(
    "--signal",
    metavar="WAY",
    help="How the ends meet: dir:FOLDER, listen:HOST:PORT, connect:HOST:PORT, pipe or paste.",
)
@click.option("--remote", metavar="FILE", help="Answer the offer in this file, of any agent.")
@click.option("--sdp-out", metavar="FILE", help="Write the own description here.")
@click.option("--role", type=click.Choice(["offer", "answer"]), help="Who begins.")
@click.option("--controlling/--controlled", default=None, help="The ICE role; who offers controls.")
@click.option(
    "--engine",
    type=click.Choice(["native", "aioice"]),
    default="native",
    show_default=True,
    help="What does the checks.",
)
@click.option(
    "--nomination",
    type=click.Choice(["regular", "aggressive"]),
    help="How the controlling end chooses: regular (RFC 8445, 8.1), unless said; aggressive was "
    "RFC 5245's way, and is the only one of aioice.",
)
@click.option("--lite", is_flag=True, help="Only answer checks (ICE lite).")
@click.option(
    "--renomination",
    is_flag=True,
    help="Let the controlling end move to a better pair later, if the other end can follow "
    "(a=ice-options:renomination).",
)
@click.option("--no-trickle", is_flag=True, help="Send all candidates in the description.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600.0),
    metavar="SECONDS",
    help="Give the checks so long; ICE itself gives up after 39.5 s.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0.1, 86400.0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the other end to come and describe itself.",
)
@click.option(
    "--hold",
    type=click.FloatRange(0.0, 86400.0),
    default=0.0,
    metavar="SECONDS",
    help="Stay connected so long, asking for consent.",
)
@gather_options
@functools.partial(answering, formats=("text", "json", "jsonl"))
def check(settings: Settings, gathering: "GatherSettings", **options: Any) -> Answer:
    """Connect two ends, or one end to any ICE agent.

    Says which pair works and how fast, or why none does. Start it at both ends with a way of
    signalling: the same --signal dir:FOLDER, listen at one and connect at the other, pipe between
    their stdins and stdouts, or paste for two people. --remote takes an offer that a browser or
    another agent made, and prints the answer for it: only ICE is answered, DTLS is not.

    Descriptions are the JSON of browsers ({"type", "sdp"}); plain SDP is read as well.

    \b
        rtckit ice check --signal dir:/tmp/meet -s stun:stun.example.org
        rtckit ice check --signal listen:0.0.0.0:7000
        rtckit ice check --signal connect:192.0.2.7:7000
        rtckit ice check --remote offer.sdp --sdp-out answer.sdp --hold 30

    Exit code: 0 connected, 1 no pair works, 4 the other end did not come or went away.
    """
    _refuse_nonsense(settings, options)
    meeting = _Meeting(settings, gathering, options)
    if settings.output_format == "jsonl":
        with settings.lines() as write:
            meeting.write = write
            meeting.run()
            write({"event": "result", **meeting.as_json()})
    else:
        meeting.run()
    if options["signal"] == "pipe" and settings.output == "-":
        settings.note(meeting.text(settings.canvas()))
        return Answer(lambda canvas: "", meeting.as_json, meeting.exit_code)
    return Answer(
        text=meeting.text,
        data=meeting.as_json,
        exit_code=meeting.exit_code,
        forms={"jsonl": lambda canvas: ""},
    )


def _refuse_nonsense(settings: Settings, options: "Mapping[str, Any]") -> None:
    signal, remote = options["signal"], options["remote"]
    if signal and remote:
        raise UsageError("--signal and --remote: the other end is found one way")
    if not signal and not remote:
        raise UsageError(
            "how do the ends meet? --signal dir:FOLDER, listen:HOST:PORT, connect:HOST:PORT, "
            "pipe or paste; or --remote FILE"
        )
    if remote and options["role"] == "offer":
        raise UsageError("--remote is an offer, so this end answers")
    if signal == "pipe" and options["role"] is None:
        raise UsageError(
            "--signal pipe needs --role offer at one end and --role answer at the other"
        )
    if signal == "pipe" and settings.output == "-" and settings.output_format != "text":
        raise UsageError("--signal pipe needs stdout: write the answer to a file with -o FILE")


class _Meeting:
    """One run of the command."""

    def __init__(
        self, settings: Settings, gathering: "GatherSettings", options: "Mapping[str, Any]"
    ) -> None:
        from rtckit.analysis.ice_table import IceTable

        self.settings = settings
        self.gathering = gathering
        self.options = options
        self.table: IceTable = IceTable()
        self.write: Callable[[Mapping[str, Any]], None] = lambda entry: None
        self.result: CheckResult | None = None
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Meet the other end."""
        import asyncio

        asyncio.run(self._run())

    async def _run(self) -> None:
        from rtckit.live.check import check as connect
        from rtckit.live.check import open_engine
        from rtckit.rules.catalogue import run as run_rules

        options = self.options
        signalling = await self._open()
        role = options["role"] or signalling.role or ("answer" if options["remote"] else "offer")
        controlling = options["controlling"]
        if controlling is None:
            controlling = role == "offer"
        from rtckit.ice.settings import Settings as IceSettings

        engine = open_engine(
            options["engine"],
            controlling=controlling,
            gathering=self.gathering,
            nomination=options["nomination"],
            lite=options["lite"],
            settings=IceSettings(renomination=True) if options["renomination"] else None,
        )
        engine.on_event = self._take
        try:
            self.result = await connect(
                engine,
                signalling,
                role,
                trickle=not options["no_trickle"],
                timeout=options["timeout"],
                wait_s=None if options["signal"] == "paste" else options["wait"],
                hold_s=options["hold"],
                lite=options["lite"],
                on_description=self._describe,
            )
        finally:
            engine.on_event = None
            await engine.close()
            await signalling.close()
        gatherer = getattr(engine, "gatherer", None)
        if gatherer is not None:
            self.findings = run_rules("probe", gatherer.probes())

    async def _open(self) -> "Signalling":
        from rtckit.cli.sources import read_bytes
        from rtckit.live.signalling import PasteSignalling, open_signalling

        if self.options["remote"]:
            text = read_bytes(self.settings, self.options["remote"]).decode("utf-8", "replace")
            _refuse_answer(text)
            return PasteSignalling(lambda _: None, lambda: text)
        way = self.options["signal"]
        kind, _, place = way.partition(":")
        if kind in _WAITING:
            self.settings.note(f"rtckit: {_WAITING[kind]} {place}")
        return await open_signalling(
            way,
            role=self.options["role"],
            timeout=self.options["wait"],
            show=lambda text: self._show(text, "Give this to the other end:"),
            ask=self._ask,
        )

    def _ask(self) -> str:
        """Read what a person pastes: up to an empty line, or to the end of a JSON object."""
        self.settings.note("rtckit: paste the description of the other end, then an empty line:")
        lines: list[str] = []
        for line in sys.stdin:
            if not line.strip() and lines:
                break
            lines.append(line)
            if len(lines) == 1 and line.lstrip().startswith("{") and line.rstrip().endswith("}"):
                break
        return "".join(lines)

    def _show(self, text: str, title: str) -> None:
        """Show a text to copy: on stdout for people, on stderr where stdout is for machines."""
        if self.settings.output_format == "text" and self.settings.output == "-":
            self.settings.note(f"rtckit: {title}")
            click.echo(text)
        else:
            click.echo(text, err=True)

    def _describe(self, kind: str, text: str) -> None:
        side = "remote" if kind == "remote" else "local"
        self.write({"event": "description", "side": side, "type": kind, "sdp": text})
        if side == "remote":
            return
        if self.options["sdp_out"]:
            _write_file(self.options["sdp_out"], text)
        elif self.options["remote"] and self.settings.output_format != "jsonl":
            self._show(text, "the answer to the offer:")

    def _take(self, event: "Event") -> None:
        self.table.apply(event)
        tell_progress(self.settings, event)
        self.write(event.as_json())

    @property
    def exit_code(self) -> ExitCode:
        """0 connected, 1 not, 4 without the other end."""
        if self.result is None or not self.result.described:
            return ExitCode.NETWORK
        failed = not self.result.connected or self.result.failure is not None
        return ExitCode.FINDINGS if failed else ExitCode.CLEAN

    def as_json(self) -> dict[str, Any]:
        """The JSON shape, schema 1."""
        from rtckit.analysis.ice_verdict import judge
        from rtckit.report.json import answer

        assert self.result is not None
        verdict = judge(self.table)
        return answer(
            self.findings,
            **self.result.as_json(),
            verdict=verdict.word,
            headline=verdict.headline,
            advice=[
                {"severity": item.severity, "text": item.text, "rule": item.rule or None}
                for item in verdict.advice
            ],
        )

    def text(self, canvas: Canvas) -> str:
        """The text form."""
        from rtckit.analysis.ice_verdict import judge
        from rtckit.report.ice_check import render_check

        assert self.result is not None
        return render_check(
            self.result.as_json(),
            judge(self.table),
            self.findings,
            color=canvas.color,
            width=canvas.width,
            verbose=canvas.verbose,
        )


def _refuse_answer(text: str) -> None:
    from rtckit.live.description import read_remote

    if read_remote(text).type == "answer":
        raise UsageError("--remote holds an answer; it takes an offer")


def _write_file(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from error
