"""A wire between two namespaces that delays, loses, duplicates and reorders, by a seed.

The kernel's own ``netem`` is missing in many kernels and its chance cannot be repeated; here a
process carries each frame (:mod:`rtckit.lab.wire_process`).
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from rtckit.core.errors import NetworkFailure
from rtckit.lab import wire_process
from rtckit.lab.namespaces import Network

__all__ = ["PERFECT", "Carried", "Impairment", "Wire"]


@dataclass(frozen=True, slots=True)
class Impairment:
    """What one direction of a wire does to packets.

    Attributes:
        delay_ms: how long a packet is under way.
        jitter_ms: by how much that varies, to either side, evenly; packets stay in order.
        loss: the part of packets that never arrive, 0 to 1.
        duplicate: the part that arrives twice.
        reorder: the part that is overtaken by what was sent after it.
        reorder_ms: how much later those arrive.
        seed: of every random choice; the fate of the n-th packet depends on it and on n alone.

    Raises:
        ValueError: a part is not between 0 and 1, a time negative, or jitter above the delay.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_ms: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a part of the packets, from 0 to 1")
        if not 0 <= self.jitter_ms <= self.delay_ms or self.reorder_ms < 0:
            raise ValueError("times are not negative, and jitter is not above the delay")

    def describe(self) -> str:
        """What it does, in words."""
        words = []
        if self.delay_ms:
            jitter = f" +- {self.jitter_ms:g}" if self.jitter_ms else ""
            words.append(f"{self.delay_ms:g}{jitter} ms")
        for part, name in (
            (self.loss, "lost"),
            (self.duplicate, "duplicated"),
            (self.reorder, "reordered"),
        ):
            if part:
                words.append(f"{part:.3g} {name}")
        return ", ".join(words) or "unimpaired"

    def _settings(self, way: int) -> dict[str, Any]:
        return {
            "delay_ns": round(self.delay_ms * 1e6),
            "jitter_ns": round(self.jitter_ms * 1e6),
            "loss": self.loss,
            "duplicate": self.duplicate,
            "reorder": self.reorder,
            "reorder_ns": round(self.reorder_ms * 1e6),
            # Two ways of one seed do not lose the same packets.
            "seed": 2 * self.seed + way,
        }


PERFECT = Impairment()
"""No impairment; what passes takes some tens of microseconds."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one direction of a wire did so far, in packets; ``carried`` counts all that came."""

    carried: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0


class Wire:
    """A running wire between two interfaces, a context.

    Entering makes the interfaces in the two namespaces of ``network`` and a namespace between them,
    and raises :class:`NetworkFailure` when the kernel refuses.

    Attributes:
        name: the short name of the namespace between.
    """

    def __init__(
        self,
        network: Network,
        first: tuple[str, str],
        second: tuple[str, str],
        there: Impairment = PERFECT,
        back: Impairment | None = None,
    ) -> None:
        self.name = f"wire-{first[0]}-{second[0]}"
        self._network = network
        self._ends = first, second
        self._first = there, back or there
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        between = self._network.add(self.name, ipv6=False)
        for (namespace, interface), end in zip(self._ends, ("first", "second"), strict=True):
            self._network.link(namespace, interface, self.name, end)
        self._process = subprocess.Popen(
            between.command(sys.executable, "-I", "-S", wire_process.__file__, "first", "second"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        try:
            if not self._process.stdout.readline():
                raise NetworkFailure("the wire did not start: packet sockets are refused")
            self.change(*self._first)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def change(self, there: Impairment, back: Impairment | None = None) -> None:
        """Impair so from now on (``back`` as ``there`` unless given); chance starts anew."""
        self._command([there._settings(0), (back or there)._settings(1)])

    def carried(self) -> tuple[Carried, Carried]:
        """What became of the packets so far: from the first end, and from the second."""
        there, back = self._command([])
        return Carried(**there), Carried(**back)

    def _command(self, command: list[dict[str, Any]]) -> list[Mapping[str, int]]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise NetworkFailure("the wire is not open")
        answer = b""
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(command).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        if not answer:
            raise NetworkFailure("the wire has ended")
        counts: list[Mapping[str, int]] = json.loads(answer)
        return counts

    def _end(self) -> None:
        if self._process is not None:
            with self._process as process, contextlib.suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
            self._process = None
