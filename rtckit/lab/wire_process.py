"""Carries Ethernet frames between two interfaces as a bad network would, repeatably.

Started by :class:`rtckit.lab.wire.Wire` in a namespace that holds one end of each of two veth
pairs, as a file and not as a module, with the names of the two ends as arguments. Packet sockets
and not TAP devices: an ordinary user may open those in a namespace of his own.

Each line on stdin is a JSON list: two objects of settings, one for each direction (``delay_ns``,
``jitter_ns``, ``loss``, ``duplicate``, ``reorder``, ``reorder_ns``, ``seed``), which hold from then
on; or an empty list, which only asks. Each is answered by a line with what was carried so far: two
objects that count ``carried``, ``lost``, ``duplicated`` and ``reordered`` frames. It ends with
stdin.

What chance does to the n-th packet of a direction depends on the seed and on n alone. What stays on
a link (multicast, ARP and its like of IPv6) passes at once: a path far away has none of it.
"""

import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time
from typing import Any

_ETH_P_ALL = 3
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_SO_SNDBUFFORCE = 32
_BUFFER = 8 << 20
_LONGEST = 65_600
_AT_ONCE = 64
_OUTGOING = 4
_TIMESPEC = struct.Struct("qq")
_NEIGHBOUR_TYPES = range(133, 138)


def now_ns() -> int:
    """The clock that the kernel stamps frames with, in nanoseconds."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


class Direction:
    """One way through the wire: what it does to frames, and what it did."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.counts = dict.fromkeys(("carried", "lost", "duplicated", "reordered"), 0)
        self.latest_ns = 0
        self.set({})

    def set(self, settings: dict[str, Any]) -> None:
        """Behave so from now on; chance starts anew."""
        self.delay_ns = int(settings.get("delay_ns", 0))
        self.jitter_ns = int(settings.get("jitter_ns", 0))
        self.loss = float(settings.get("loss", 0))
        self.duplicate = float(settings.get("duplicate", 0))
        self.reorder = float(settings.get("reorder", 0))
        self.reorder_ns = int(settings.get("reorder_ns", 0))
        self.random = random.Random(int(settings.get("seed", 0)))

    def times(self, arrived_ns: int) -> list[int]:
        """When the next frame leaves: at no time if lost, twice if duplicated."""
        # As many draws for every frame, or the fate of one would change that of all after it.
        lost, twice, late, jitter = (self.random.random() for _ in range(4))
        self.counts["carried"] += 1
        if lost < self.loss:
            self.counts["lost"] += 1
            return []
        leaves = arrived_ns + self.delay_ns + round(self.jitter_ns * (2 * jitter - 1))
        if late < self.reorder:
            self.counts["reordered"] += 1
            leaves += self.reorder_ns
        else:
            # Jitter alone is a queue's: what came first leaves first.
            leaves = self.latest_ns = max(leaves, self.latest_ns)
        if twice < self.duplicate:
            self.counts["duplicated"] += 1
            return [leaves, leaves]
        return [leaves]


def stays_on_link(frame: bytes) -> bool:
    """ARP, multicast, or neighbour discovery of IPv6 (RFC 4861, 4)."""
    kind = frame[12:14]
    if frame[0] & 1 or kind == b"\x08\x06":
        return True
    return kind == b"\x86\xdd" and frame[20:21] == b"\x3a" and frame[54] in _NEIGHBOUR_TYPES


def _open(interface: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    for forced, plain in (
        (_SO_RCVBUFFORCE, socket.SO_RCVBUF),
        (_SO_SNDBUFFORCE, socket.SO_SNDBUF),
    ):
        try:
            end.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
        except PermissionError:
            end.setsockopt(socket.SOL_SOCKET, plain, _BUFFER)
    end.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    end.setblocking(False)
    end.bind((interface, _ETH_P_ALL))
    return end


class Wire:
    """Both directions, and the frames that are on their way."""

    def __init__(self, first: str, second: str) -> None:
        ends = _open(first), _open(second)
        self.directions = Direction(ends[0], ends[1]), Direction(ends[1], ends[0])
        self._under_way: list[tuple[int, int, Direction, bytes]] = []
        self._number = 0
        self._commands = b""

    def run(self) -> None:
        """Carry frames until stdin ends."""
        by_socket = {direction.source: direction for direction in self.directions}
        watched: list[int | socket.socket] = [0, *by_socket]
        while True:
            wait_s = None
            if self._under_way:
                wait_s = max(0.0, (self._under_way[0][0] - now_ns()) / 1e9)
            ready, _, _ = select.select(watched, (), (), wait_s)
            for end in ready:
                if isinstance(end, int):
                    if not self._obey():
                        return
                else:
                    self._take(by_socket[end])
            self._let_out()

    def _obey(self) -> bool:
        received = os.read(0, 65_536)
        *lines, self._commands = (self._commands + received).split(b"\n")
        for line in lines:
            for direction, settings in zip(self.directions, json.loads(line), strict=False):
                direction.set(settings)
            answer = [direction.counts for direction in self.directions]
            os.write(1, json.dumps(answer).encode() + b"\n")
        return bool(received)

    def _take(self, direction: Direction) -> None:
        for _ in range(_AT_ONCE):
            try:
                frame, stamps, _, source = direction.source.recvmsg(_LONGEST, 64)
            except (BlockingIOError, OSError):
                return
            if source[2] == _OUTGOING:
                continue
            if stays_on_link(frame):
                _send(direction, frame)
                continue
            seconds, nanoseconds = _TIMESPEC.unpack(stamps[0][2][:16])
            # Counted from the kernel's stamp: that we were woken late does not add to the delay.
            for leaves in direction.times(seconds * 1_000_000_000 + nanoseconds):
                self._number += 1
                heapq.heappush(self._under_way, (leaves, self._number, direction, frame))

    def _let_out(self) -> None:
        while self._under_way and self._under_way[0][0] <= now_ns():
            _, _, direction, frame = heapq.heappop(self._under_way)
            _send(direction, frame)


def _send(direction: Direction, frame: bytes) -> None:
    try:
        direction.target.send(frame)
    except OSError:
        # The end is down or its queue full: that is a lost frame, as on any wire.
        direction.counts["lost"] += 1


def _hurry() -> None:
    """Be woken when due and not when convenient, as far as the kernel lets us."""
    import ctypes

    set_timer_slack = 29
    ctypes.CDLL(None).prctl(set_timer_slack, 1, 0, 0, 0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return


def main() -> None:
    """Carry frames between the two interfaces named by the arguments."""
    _hurry()
    wire = Wire(sys.argv[1], sys.argv[2])
    os.write(1, b"[]\n")
    wire.run()


if __name__ == "__main__":
    main()
