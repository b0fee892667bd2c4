"""One end of a connection from beginning to end: gather, exchange, check, and say how it went."""

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from rtckit.core.errors import UsageError
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.settings import Settings
from rtckit.live.description import (
    RemoteDescription,
    build_answer,
    build_offer,
    candidate_line,
    read_candidate,
    read_remote,
    with_candidates,
)
from rtckit.live.engines.engine import Engine, IceFailed, Selected
from rtckit.live.gather import GatherSettings
from rtckit.live.signalling import Signalling, SignallingEnded

__all__ = ["ENGINES", "CheckResult", "check", "open_engine"]

ENGINES = ("native", "aioice")
_FAREWELL_S = 1.0


@dataclass(slots=True)
class CheckResult:
    """How a check went.

    Attributes:
        engine: which engine ran.
        role: ``offer`` or ``answer``.
        described: the description of the other end came.
        selected: the pair; None when none works.
        failure: why not, in words.
        controlling: the role ICE ended with.
        timings: milliseconds: ``gather``, ``signalling`` (from the own description to the other's,
            waiting for people included), ``checks`` (from the other's credentials to the selected
            pair, or to the failure), ``total``.
        causes: why none works, the surest first, as `Engine.causes` has it.
        pairs: every pair, as `Engine.pairs` has it.
        local: the candidates of this end.
        remote: the candidates of the other end, as far as it told.
    """

    engine: str
    role: str
    described: bool = False
    selected: Selected | None = None
    failure: str | None = None
    controlling: bool = False
    timings: dict[str, float | None] = field(default_factory=dict)
    causes: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)
    local: list[dict[str, Any]] = field(default_factory=list)
    remote: list[dict[str, Any]] = field(default_factory=list)

    @property
    def connected(self) -> bool:
        """Whether there is a pair."""
        return self.selected is not None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON would take it."""
        return {
            "connected": self.connected,
            "engine": self.engine,
            "role": self.role,
            "described": self.described,
            "controlling": self.controlling,
            "selected": None if self.selected is None else self.selected.as_json(),
            "failure": self.failure,
            "causes": self.causes,
            "timings_ms": self.timings,
            "pairs": self.pairs,
            "local": self.local,
            "remote": self.remote,
        }


def open_engine(
    name: str,
    *,
    controlling: bool,
    gathering: GatherSettings,
    nomination: str | None = None,
    lite: bool = False,
    settings: Settings | None = None,
) -> Engine:
    """Make an engine by name; `UsageError` for what it cannot do.

    ``nomination`` is the engine's own way unless it is named: regular of the native one.
    """
    if name == "native":
        from rtckit.live.engines.native import NativeEngine

        return NativeEngine(
            controlling=controlling,
            gathering=gathering,
            nomination=nomination or "regular",
            lite=lite,
            settings=settings,
        )
    if name != "aioice":
        raise UsageError(f"no engine {name!r}: {', '.join(ENGINES)}")
    if lite:
        raise UsageError("aioice has no ICE-lite")
    if settings is not None and settings.renomination:
        raise UsageError("aioice has no renomination")
    # By name: other people's engines are loaded when they are asked for, and by nobody else.
    module = importlib.import_module("rtckit.live.engines.aioice")
    engine: Engine = module.AioiceEngine(
        controlling=controlling, gathering=gathering, nomination=nomination
    )
    return engine


async def check(
    engine: Engine,
    signalling: Signalling,
    role: str,
    *,
    trickle: bool = True,
    timeout: float | None = None,
    wait_s: float | None = None,
    hold_s: float = 0.0,
    lite: bool = False,
    random: Random | None = None,
    on_description: Callable[[str, str], None] | None = None,
) -> CheckResult:
    """Connect an engine to the other end of a signalling.

    Args:
        engine: fresh; it is not closed.
        signalling: the way to the other end; it is not closed.
        role: ``offer`` or ``answer``.
        trickle: send the description at once and candidates as they come, where that is possible.
        timeout: seconds for the checks; None for as long as ICE takes to give up.
        wait_s: seconds to wait for the description of the other end; None for ever.
        hold_s: keep the connection, with consent, for so many seconds.
        lite: say so in the description.
        random: where the descriptions take theirs from.
        on_description: is told the type and text of descriptions, own and of the other end.
    """
    session = _Session(engine, signalling, role, trickle and signalling.trickles, lite)
    session.random = random or SystemRandom()
    session.on_description = on_description
    session.wait_s = wait_s
    return await session.run(timeout, hold_s)


class _Session:
    """What `check` keeps in mind."""

    def __init__(
        self, engine: Engine, signalling: Signalling, role: str, trickle: bool, lite: bool
    ) -> None:
        self.engine = engine
        self.signalling = signalling
        self.role = role
        self.trickle = trickle
        self.lite = lite
        self.random: Random = SystemRandom()
        self.on_description: Callable[[str, str], None] | None = None
        self.wait_s: float | None = None
        self.result = CheckResult(engine.name, role)
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._described: asyncio.Future[RemoteDescription] = self._loop.create_future()
        self._farewell = asyncio.Event()
        self._sent_at: float | None = None
        self._remote_at: float | None = None
        self._remote: list[IceCandidate] = []
        # Candidates that came before the description they belong to was taken.
        self._early: list[IceCandidate | None] | None = []
        self._mid: str | None = "0"

    async def run(self, timeout: float | None, hold_s: float) -> CheckResult:
        result = self.result
        tasks = [
            self._loop.create_task(self._listen()),
            self._loop.create_task(self._speak()),
        ]
        gathering = self._loop.create_task(self._gather())
        try:
            if self.role == "answer" or self.trickle:
                await self._exchange(gathering)
            else:
                await gathering
                await self._exchange(gathering)
            result.selected = await self.engine.connect(timeout)
            self._note_checks()
            if hold_s:
                await self._hold(hold_s)
        except (IceFailed, SignallingEnded) as error:
            result.failure = result.failure or str(error)
            self._note_checks()
        finally:
            await self._end(gathering, tasks)
        self._fill()
        return result

    # -- gathering -------------------------------------------------------------------------------

    async def _gather(self) -> None:
        if self.trickle:
            self.engine.on_candidate = self._trickle
        began = self._loop.time()
        await self.engine.gather()
        self.result.timings["gather"] = _ms(self._loop.time() - began)

    def _trickle(self, candidate: IceCandidate | None) -> None:
        if self._sent_at is None and candidate is not None:
            return  # it will stand in the description
        self._outgoing.put_nowait(
            {
                "candidate": "" if candidate is None else candidate_line(candidate),
                "sdpMid": self._mid,
                "sdpMLineIndex": 0,
                "usernameFragment": self.engine.credentials.ufrag,
            }
        )

    # -- exchange --------------------------------------------------------------------------------

    async def _exchange(self, gathering: "asyncio.Task[None]") -> None:
        if self.role == "offer":
            await asyncio.sleep(0)  # host candidates are there at once
            credentials = self.engine.credentials
            local = list(self.engine.local)
            text = build_offer(
                credentials,
                local,
                self.random,
                trickle=self.trickle,
                lite=self.lite,
                options=self.engine.options,
            )
            self._describe("offer", text)
            await self._take(await self._wait_described())
            return
        remote = await self._wait_described()
        if not self.trickle:
            await gathering
        self._mid = remote.mid
        # Not in the loop's own thread: checks of a quick peer are answered meanwhile.
        text = await asyncio.to_thread(
            build_answer,
            remote.text,
            self.engine.credentials,
            [],
            self.random,
            trickle=self.trickle,
            lite=self.lite,
            options=self.engine.options,
        )
        text = with_candidates(text, list(self.engine.local))
        self._describe("answer", text)
        await self._take(remote)
        if self.trickle and gathering.done():
            self._trickle(None)

    async def _wait_described(self) -> RemoteDescription:
        try:
            async with asyncio.timeout(self.wait_s):
                remote = await self._described
        except TimeoutError as error:
            raise SignallingEnded(
                f"no description came from the other end in {self.wait_s:g} s"
            ) from error
        self._remote_at = self._loop.time()
        return remote

    def _describe(self, kind: str, text: str) -> None:
        self._sent_at = self._loop.time()
        if self.on_description is not None:
            self.on_description(kind, text)
        self._outgoing.put_nowait({"type": kind, "sdp": text})

    async def _take(self, remote: RemoteDescription) -> None:
        if self.on_description is not None:
            self.on_description("remote", remote.text)
        self.engine.set_remote(remote.credentials, lite=remote.lite, options=remote.options)
        for candidate in remote.candidates:
            self._add_remote(candidate)
        early, self._early = self._early, None
        for each in early or ():
            self._take_candidate(each)
        if remote.ended:
            self.engine.end_of_remote()

    def _add_remote(self, candidate: IceCandidate) -> None:
        self._remote.append(candidate)
        self.engine.add_remote(candidate)

    async def _speak(self) -> None:
        while True:
            await self.signalling.send(await self._outgoing.get())
            self._outgoing.task_done()

    async def _listen(self) -> None:
        try:
            while True:
                message = await self.signalling.receive()
                if message.get("type") == "bye":
                    self._farewell.set()
                elif isinstance(message.get("sdp"), str) and not self._described.done():
                    self._described.set_result(read_remote(message["sdp"]))
                elif isinstance(message.get("candidate"), str):
                    candidate = read_candidate(message["candidate"])
                    if self._early is None:
                        self._take_candidate(candidate)
                    else:
                        self._early.append(candidate)
        except SignallingEnded as error:
            self._farewell.set()
            if not self._described.done():
                self._described.set_exception(error)
        except Exception as error:
            if self._described.done():
                raise
            self._described.set_exception(error)

    def _take_candidate(self, candidate: IceCandidate | None) -> None:
        if candidate is None:
            self.engine.end_of_remote()
        elif candidate.component == 1:
            self._add_remote(candidate)

    # -- the end ---------------------------------------------------------------------------------

    def _note_checks(self) -> None:
        now = self._loop.time()
        timings = self.result.timings
        timings.setdefault("gather", None)
        waited = None
        if self._remote_at is not None:
            waited = self._remote_at - (
                self._began if self.role == "answer" else self._sent_at or self._began
            )
        timings["signalling"] = None if waited is None else _ms(waited)
        selected = self.result.selected
        if selected is not None:
            timings["checks"] = _ms(selected.elapsed)
        else:
            timings["checks"] = None if self._remote_at is None else _ms(now - self._remote_at)
        timings["total"] = _ms(now - self._began)

    async def _hold(self, hold_s: float) -> None:
        """Stay connected; fails when the peer's consent ends."""
        end = self._loop.time() + hold_s
        while (left := end - self._loop.time()) > 0 and not self._farewell.is_set():
            if self.engine.state in ("failed", "closed"):
                raise IceFailed("the connection was lost: the peer stopped consenting")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, 0.2)):
                    await self._farewell.wait()

    async def _end(
        self, gathering: "asyncio.Task[None]", tasks: list["asyncio.Task[None]"]
    ) -> None:
        """Say goodbye, and stay until the other end has what it waits for."""
        self.result.pairs = self.engine.pairs()
        if self.result.failure is not None and self._remote_at is not None:
            self.result.causes = self.engine.causes()
        if self.signalling.trickles:
            with contextlib.suppress(Exception):
                self._outgoing.put_nowait({"type": "bye"})
                async with asyncio.timeout(_FAREWELL_S):
                    await self._outgoing.join()
                    await self._farewell.wait()
        gathering.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(gathering, *tasks, return_exceptions=True)
        if self._described.done() and not self._described.cancelled():
            self._described.exception()

    def _fill(self) -> None:
        result = self.result
        result.described = self._remote_at is not None
        result.controlling = self.engine.controlling
        result.local = [candidate.as_json() for candidate in self.engine.local]
        result.remote = [candidate.as_json() for candidate in self._remote]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
