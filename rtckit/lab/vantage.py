"""Vantage points: what passed one interface of one host, captured by tcpdump.

tcpdump writes pcap; the file a saved call keeps is pcapng, written by rtckit's own writer when the
capture has ended.
"""

import asyncio
import contextlib
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rtckit.capture.compressed import open_source
from rtckit.capture.pcap import PcapReader
from rtckit.capture.window import Window
from rtckit.capture.write import PcapngWriter
from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Namespace

__all__ = ["CALL_FILTER", "Vantage"]

CALL_FILTER = (
    # Calls and what the network says about them: UDP with its fragments, and ICMP errors; no name
    # service and no neighbour discovery. Fragments after the first have no ports to look at.
    "(udp and not port 53) or (ip proto 17 and ip[6:2] & 0x1fff != 0) or ip6 proto 44"
    " or icmp or (icmp6 and ip6[40] < 128)"
)
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 10.0
_SETTLE_S = 0.1
_SNAP_LENGTH = 65_535
# Kilobytes. The ring has room for this much divided by the snap length: on the pseudo-device "any"
# that would be few frames with the default.
_BUFFER_KB = 65_536
_DROPPED = re.compile(rb"(\d+) packets? dropped by kernel")


class Vantage:
    """A running capture of one interface; afterwards ``path`` is a pcapng file.

    A context, asynchronous or not.
    Raises :class:`NetworkFailure` when tcpdump does not start, or when it lost packets: a capture
    with holes it does not know of is worth less than none.
    """

    def __init__(
        self,
        namespace: Namespace,
        path: Path,
        *,
        interface: str = "eth0",
        packet_filter: str = CALL_FILTER,
    ) -> None:
        self.namespace = namespace
        self.path = path
        self.interface = interface
        self.packet_filter = packet_filter
        self.frames = 0
        self._raw = path.with_suffix(".tcpdump.pcap")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = self.namespace.command(
            *("tcpdump", "-i", self.interface, "-n", "-s", str(_SNAP_LENGTH), "-U", "-Z", "root"),
            # Without this the last second is lost when tcpdump is told to stop.
            "--immediate-mode",
            *("-B", str(_BUFFER_KB), "--time-stamp-precision=nano", "-w", str(self._raw)),
            self.packet_filter,
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # An interrupt from the keyboard is for us; we tell tcpdump when.
            start_new_session=True,
        )
        try:
            self._wait_for(b"listening on")
        except BaseException:
            self._kill()
            raise
        return self

    def _wait_for(self, words: bytes) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        said = b""
        deadline = time.monotonic() + _START_LIMIT_S
        while words not in said:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._process.stderr], (), (), left)
            part = os.read(self._process.stderr.fileno(), 4096) if ready else b""
            if not part:
                text = said.decode(errors="replace").strip()
                raise NetworkFailure(f"tcpdump did not start: {text}")
            said += part

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._kill()
            self._raw.unlink(missing_ok=True)
            return
        assert self._process is not None
        said = b""
        try:
            # What passed a moment ago may still be on its way to tcpdump, which drops it then.
            time.sleep(_SETTLE_S)
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                _, said = self._process.communicate(timeout=_STOP_LIMIT_S)
        finally:
            self._kill()
        lost = _DROPPED.search(said)
        if lost and int(lost[1]):
            raise NetworkFailure(
                f"tcpdump lost {int(lost[1])} packets on {self.namespace.short}: record again"
            )
        self._convert()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    def _convert(self) -> None:
        with self._raw.open("rb") as source, self.path.open("wb") as target:
            reader = PcapReader(Window(open_source(source)[0]))
            writer = PcapngWriter(target)
            captured = reader.interfaces[0]
            writer.add_interface(
                captured.link_type, self.interface, snap_length=captured.snap_length
            )
            for frame in reader:
                writer.write_frame(frame)
                self.frames += 1
        self._raw.unlink()
