"""libnice as one end of an ICE session, told by the JSON lines of benchmarks/ice_end.py.

Runs with the system's Python, which has the introspection bindings: /usr/bin/python3.
"""

import ctypes
import json
import sys
import time
from typing import Any

import gi

gi.require_version("Nice", "0.1")
from gi.repository import GLib, Nice  # noqa: E402

_LIMIT_S = 15.0
_RECEIVE = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_uint,
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.c_void_p,
)


@_RECEIVE
def _drop(agent: Any, stream: int, component: int, length: int, data: Any, user: Any) -> None:
    """Data is not asked for, but without a receiver libnice reads no socket."""


class NiceEnd:
    """An agent with one stream of one component."""

    def __init__(self, controlling: bool) -> None:
        self.context = GLib.MainContext.default()
        self.agent = Nice.Agent.new(self.context, Nice.Compatibility.RFC5245)
        self.agent.set_property("controlling-mode", controlling)
        self.agent.set_property("ice-tcp", False)
        self.agent.set_property("upnp", False)
        self.gathered = False
        self.state = 0
        self.agent.connect("candidate-gathering-done", self._gathered)
        self.agent.connect("component-state-changed", self._changed)
        self.stream = self.agent.add_stream(1)
        library = ctypes.CDLL("libnice.so.10")
        library.nice_agent_attach_recv.argtypes = [
            ctypes.c_void_p,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            _RECEIVE,
            ctypes.c_void_p,
        ]
        library.nice_agent_attach_recv(hash(self.agent), self.stream, 1, None, _drop, None)

    def _gathered(self, *_: Any) -> None:
        self.gathered = True

    def _changed(self, agent: Any, stream: int, component: int, state: int) -> None:
        self.state = int(state)

    def until(self, done: Any) -> bool:
        """Run the loop until something is so; False when it takes too long."""
        end = time.monotonic() + _LIMIT_S
        while not done() and time.monotonic() < end:
            if not self.context.iteration(False):
                time.sleep(0.002)
        return bool(done())

    def gather(self) -> dict[str, Any]:
        self.agent.gather_candidates(self.stream)
        self.until(lambda: self.gathered)
        _, ufrag, pwd = self.agent.get_local_credentials(self.stream)
        candidates = [
            self.agent.generate_local_candidate_sdp(each).removeprefix("a=")
            for each in self.agent.get_local_candidates(self.stream, 1)
        ]
        return {"ufrag": ufrag, "pwd": pwd, "candidates": candidates}

    def connect(self, told: dict[str, Any]) -> dict[str, Any]:
        self.agent.set_remote_credentials(self.stream, told["ufrag"], told["pwd"])
        remote = [
            self.agent.parse_remote_candidate_sdp(self.stream, f"a={line}")
            for line in told["candidates"]
        ]
        self.agent.set_remote_candidates(self.stream, 1, [each for each in remote if each])
        if not self.until(lambda: self.state == int(Nice.ComponentState.READY)):
            return {"error": f"libnice is in state {self.state}"}
        return {"local": "", "remote": ""}

    def linger(self) -> None:
        """Answer checks until the next line comes."""
        GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, self._wake)
        self.woken = False
        while not self.woken:
            self.context.iteration(True)

    def _wake(self, *_: Any) -> bool:
        self.woken = True
        return False


def main() -> None:
    end = NiceEnd("--controlling" in sys.argv)
    while line := sys.stdin.readline():
        told = json.loads(line)
        answer = end.gather() if told["do"] == "gather" else end.connect(told)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        end.linger()


if __name__ == "__main__":
    main()
