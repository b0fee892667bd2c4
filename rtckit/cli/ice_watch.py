"""``rtckit ice watch``: ICE on the screen, live or replayed."""

import functools
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.ice_options import gather_options
from rtckit.cli.output import Answer, Settings, answering, is_terminal
from rtckit.cli.sources import STDIN, check_stdin_once, open_stdin
from rtckit.core.errors import ExitCode, ParseError, UnreadableInput, UsageError

if TYPE_CHECKING:
    from rtckit.analysis.ice_feed import IceFeed
    from rtckit.ice.events import Event
    from rtckit.live.gather import GatherSettings
    from rtckit.tui.source import Source

__all__ = ["watch"]

_MOST_TEXT = 256 * 1024 * 1024


@click.command(short_help="Watch ICE on the screen: live, a capture, or a simulation.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--simulate",
    metavar="A,B",
    help="Watch a simulation of two ends, as `rtckit ice simulate` names them.",
)
@click.option("--turn", is_flag=True, help="With --simulate: both ends have a TURN server.")
@click.option("--seed", type=int, default=1, show_default=True, help="With --simulate: chance.")
@click.option(
    "--signal",
    metavar="WAY",
    help="Connect to another end: dir:FOLDER, listen:HOST:PORT or connect:HOST:PORT.",
)
@click.option("--role", type=click.Choice(["offer", "answer"]), help="With --signal: who begins.")
@click.option(
    "--engine",
    type=click.Choice(["native", "aioice"]),
    default="native",
    show_default=True,
    help="What gathers and checks.",
)
@click.option(
    "--hold",
    type=click.FloatRange(0.0, 86400.0),
    default=0.0,
    metavar="SECONDS",
    help="With --signal: stay connected so long, asking for consent.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 1000.0),
    default=1.0,
    show_default=True,
    help="How fast a recording is played.",
)
@click.option("--private", is_flag=True, help="Hide addresses behind pseudonyms.")
@gather_options
@functools.partial(answering, formats=("tui", "text", "json", "jsonl"))
def watch(
    settings: Settings, paths: tuple[str, ...], gathering: "GatherSettings", **options: Any
) -> Answer:
    """Watch ICE on the screen: live, a capture, or a simulation.

    PATH is a saved call (a folder), a capture, or a file of events that `rtckit ice check --format
    jsonl` wrote. Without one, candidates are gathered live; with --signal this end connects to
    another one. Each pair says why it waits, what was sent and what came back; the verdict says
    what to change. Press ? for the keys.

    --format text, json or jsonl say the same without a screen: the tables in the end, or each event
    as it happens.

    \b
        rtckit ice watch captures/chromium-firefox
        rtckit ice watch -s stun:stun.example.org -s turn:turn.example.org -u alice
        rtckit ice watch --signal listen:0.0.0.0:7000 --engine aioice
        rtckit ice watch --simulate "symmetric,port restricted" --turn
        rtckit ice check --signal dir:/tmp/meet --format jsonl > run.jsonl
        rtckit ice watch run.jsonl

    Exit code: 0, and 1 when an end failed, or gathering brought no candidate.
    """
    _refuse_nonsense(settings, paths, options)
    recorded = bool(paths or options["simulate"])
    if settings.output_format == "tui":
        _need_a_terminal()
    if recorded:
        title, events = _read(settings, paths, options)
        return _replay(settings, title, events, options)
    title, stream = _open_live(gathering, options)
    return _run_live(settings, title, stream, options["private"])


def _refuse_nonsense(settings: Settings, paths: tuple[str, ...], options: dict[str, Any]) -> None:
    given = [
        name
        for name, value in (
            ("PATH", paths),
            ("--simulate", options["simulate"]),
            ("--signal", options["signal"]),
        )
        if value
    ]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)}: one thing is watched at a time")
    check_stdin_once(paths)
    if STDIN in paths and settings.output_format == "tui":
        raise UsageError("the screen needs stdin for its keys: give a file, or another --format")
    if (options["signal"] or "").partition(":")[0] in ("pipe", "paste"):
        raise UsageError("--signal dir:, listen: or connect: - the screen needs the terminal")


def _need_a_terminal() -> None:
    if not (is_terminal(sys.stdout) and is_terminal(sys.stdin)):
        raise UsageError(
            "this is no terminal: --format text, json or jsonl say the same without a screen"
        )


# -- recordings -----------------------------------------------------------------------------------


def _read(
    settings: Settings, paths: tuple[str, ...], options: dict[str, Any]
) -> "tuple[str, Sequence[Event]]":
    from rtckit.analysis.ice_replay import replay_simulation

    if options["simulate"]:
        from rtckit.ice.simulate import simulate

        a, comma, b = options["simulate"].partition(",")
        if not comma:
            raise UsageError('--simulate takes two ends: --simulate "symmetric,port restricted"')
        try:
            simulation = simulate(a.strip(), b.strip(), turn=options["turn"], seed=options["seed"])
        except ValueError as error:
            raise UsageError(str(error)) from error
        turn = ", TURN" if options["turn"] else ""
        return f"simulation: {a.strip()}, {b.strip()}{turn}", replay_simulation(simulation)
    title = ", ".join("standard input" if path == STDIN else path for path in paths)
    if len(paths) == 1:
        text = _read_feed(settings, paths[0])
        if text is not None:
            return title, _parse_feed(text, title)
    return title, _read_call(settings, paths)


def _read_feed(settings: Settings, path: str) -> str | None:
    """The text of a file of events; None for anything else."""
    if path == STDIN:
        return open_stdin(settings).read(_MOST_TEXT).decode("utf-8", "replace")
    if not Path(path).is_file():
        return None
    with Path(path).open("rb") as file:
        head = file.read(1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")
        first = head.partition(b"\n")[0]
        try:
            value = json.loads(first)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict) or "event" not in value or "peer" in value:
            return None
        file.seek(0)
        return file.read(_MOST_TEXT).decode("utf-8-sig", "replace")


def _parse_feed(text: str, name: str) -> "Sequence[Event]":
    from rtckit.analysis.ice_feed import read_events

    try:
        return read_events(text)
    except ParseError as error:
        raise UnreadableInput(f"{name}: {error}") from error


def _read_call(settings: Settings, paths: tuple[str, ...]) -> "Sequence[Event]":
    """A call as events, and what a diagnosis of it found."""
    from rtckit.analysis.bundle import open_call
    from rtckit.analysis.ice_replay import replay_call
    from rtckit.core.findings import Severity
    from rtckit.ice.events import Event
    from rtckit.rules.catalogue import Layer
    from rtckit.rules.diagnosis import diagnose

    with settings.progress() as progress:
        call = open_call(*paths, progress=progress)
    events = replay_call(call)
    if not call.vantages:
        raise UnreadableInput(f"{call.name}: no capture in it, and so nothing to replay")
    end = max((event.t for event in events), default=0.0)
    for link in diagnose(call).chain:
        if link.layer in (Layer.SIGNALLING, Layer.ICE):
            events += [
                Event(end, "finding", None, finding.to_dict())
                for finding in link.findings
                if finding.severity is not Severity.INFO
            ]
    return events


def _replay(
    settings: Settings, title: str, events: "Sequence[Event]", options: dict[str, Any]
) -> Answer:
    from rtckit.analysis.ice_feed import IceFeed, Player
    from rtckit.report.ice_privacy import AddressMask

    if settings.output_format == "tui":
        from rtckit.tui.source import ReplaySource

        return _on_screen(settings, ReplaySource(title, events, speed=options["speed"]), options)
    mask = AddressMask(on=options["private"])
    feed = IceFeed()
    ordered = Player(events).finish()
    feed.apply_all(ordered)
    if settings.output_format == "jsonl":
        with settings.lines() as write:
            for event in ordered:
                write(mask.event(event.as_json()))
            if not ordered or ordered[-1].event != "result":
                write({"t": round(feed.now, 6), "event": "result", **_outcome(feed)})
    return _answer(feed, mask)


# -- live -----------------------------------------------------------------------------------------


def _open_live(
    gathering: "GatherSettings", options: dict[str, Any]
) -> "tuple[str, AsyncGenerator[Event, None]]":
    from rtckit.live.feed import watch_check, watch_gathering

    engine = options["engine"]
    if options["signal"] is None:
        servers = ", ".join(server.label for server in gathering.servers) or "no server"
        return f"gathering ({engine}): {servers}", watch_gathering(gathering, engine=engine)
    stream = watch_check(
        gathering,
        options["signal"],
        engine=engine,
        role=options["role"],
        hold_s=options["hold"],
    )
    return f"check ({engine}) over {options['signal']}", stream


def _run_live(
    settings: Settings, title: str, stream: "AsyncGenerator[Event, None]", private: bool
) -> Answer:
    import asyncio

    from rtckit.analysis.ice_feed import IceFeed
    from rtckit.report.ice_privacy import AddressMask

    if settings.output_format == "tui":
        from rtckit.tui.source import LiveSource

        return _on_screen(settings, LiveSource(title, stream), {"private": private})
    feed, mask = IceFeed(), AddressMask(on=private)

    async def run(write: Any) -> None:
        async for event in stream:
            feed.apply(event)
            write(mask.event(event.as_json()))

    if settings.output_format == "jsonl":
        with settings.lines() as write:
            asyncio.run(run(write))
    else:
        asyncio.run(run(lambda entry: None))
    return _answer(feed, mask)


# -- the answer -----------------------------------------------------------------------------------


def _on_screen(settings: Settings, source: "Source", options: dict[str, Any]) -> Answer:
    """Show the screen until it is left, then say how it stood."""
    from rtckit.tui.watch import WatchApp

    color = {"never": False, "always": True}.get(settings.color)
    app = WatchApp(source, private=options["private"], color=color)
    app.run()
    if app.error is not None:
        raise app.error
    return _answer(app.feed, app.mask)


def _answer(feed: "IceFeed", mask: Any) -> Answer:
    from rtckit.report.ice_watch import render_headlines, render_text, to_dict
    from rtckit.report.json import answer

    return Answer(
        text=lambda canvas: render_text(
            feed, mask=mask, color=canvas.color, width=canvas.width, verbose=canvas.verbose
        ),
        data=lambda: answer(**to_dict(feed, mask)),
        exit_code=_exit_code(feed),
        forms={
            "jsonl": lambda canvas: "",
            "tui": lambda canvas: render_headlines(feed, mask, color=canvas.color),
        },
    )


def _outcome(feed: "IceFeed") -> dict[str, Any]:
    from rtckit.analysis.ice_verdict import judge

    words = [judge(table).word for table in feed.tables.values()]
    return {"connected": bool(words) and all(word == "connected" for word in words)}


def _exit_code(feed: "IceFeed") -> ExitCode:
    from rtckit.analysis.ice_verdict import judge

    for table in feed.tables.values():
        gathered_nothing = table.gathering == "complete" and not table.local
        if gathered_nothing or judge(table).word in ("failed", "disconnected"):
            return ExitCode.FINDINGS
    return ExitCode.CLEAN
