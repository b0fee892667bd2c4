"""Laboratories that are up: how `lab run` and `lab down` find what `lab up` holds.

Each has a file in a folder of its user, with its process, its nodes and how to enter them. A file
whose process is gone counts for nothing and is removed.
"""

import contextlib
import json
import os
import signal
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rtckit.core.errors import UsageError

__all__ = ["Running", "enter_command", "find_running", "list_running", "outer_user", "stop"]

_STOP_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Running:
    """A laboratory that is up.

    Attributes:
        name: by which it is addressed.
        process: the process that holds it, and ``started`` when that began, in clock ticks.
        nodes: the path of each node's network namespace.
        addresses: of the hosts.
        user_namespace: the path of the user namespace that owns it, empty when root does.
        environment: for programs in it.
        description: the network in a sentence.
    """

    name: str
    process: int
    started: int
    nodes: dict[str, str]
    addresses: dict[str, list[str]] = field(default_factory=dict)
    user_namespace: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    description: str = ""

    def save(self) -> Path:
        """Write the file that tells of it; ``UsageError`` when one of this name is up."""
        if any(other.name == self.name for other in list_running()):
            raise UsageError(f"a laboratory {self.name!r} is up already; --name gives another name")
        path = _folder() / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path


def _folder() -> Path:
    """Where the files are: only this user may write there."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    # Inside of a user namespace one is root; the folder is that of the user outside.
    folder = Path(base) / f"rtckit-labs-{outer_user()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise UsageError(f"{folder} belongs to somebody else")
    return folder


def outer_user() -> int:
    """The user outside of our user namespace, by its map (user_namespaces(7))."""
    for line in Path("/proc/self/uid_map").read_text("ascii").splitlines():
        inside, outside, count = map(int, line.split())
        if inside <= os.geteuid() < inside + count:
            return outside + os.geteuid() - inside
    return os.geteuid()


def start_time(process: int) -> int:
    """When a process began, in clock ticks since the machine did; 0 when there is none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii")
    except OSError:
        return 0
    state, *numbers = stat.rpartition(")")[2].split()
    # One that only waits to be collected by its parent has ended.
    return 0 if state == "Z" else int(numbers[18])


def list_running() -> list[Running]:
    """Every laboratory of this user that is up."""
    found = []
    for path in sorted(_folder().glob("*.json")):
        try:
            running = Running(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if start_time(running.process) == running.started:
            found.append(running)
        else:
            path.unlink(missing_ok=True)
    return found


def find_running(name: str | None) -> Running:
    """The laboratory of this name, or the only one; ``UsageError`` names those there are."""
    there = list_running()
    if not there:
        raise UsageError("no laboratory is up: `rtckit lab up` makes one")
    if name is None and len(there) == 1:
        return there[0]
    names = ", ".join(running.name for running in there)
    for running in there:
        if running.name == name:
            return running
    if name is None:
        raise UsageError(f"several laboratories are up ({names}): --name says which")
    raise UsageError(f"no laboratory {name!r} is up; there is {names}")


def enter_command(running: Running, node: str, command: list[str]) -> list[str]:
    """The command line that runs ``command`` in a node; ``UsageError`` when there is none."""
    if node not in running.nodes:
        raise UsageError(f"no node {node!r}; there are {', '.join(running.nodes)}")
    user = []
    if running.user_namespace and outer_user() == os.geteuid():
        user = [f"--user={running.user_namespace}", "--preserve-credentials"]
    return ["nsenter", *user, f"--net={running.nodes[node]}", "--", *command]


def stop(running: Running) -> bool:
    """Ask the process to end, and wait until it has; whether it did in ten seconds."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_LIMIT_S
    while start_time(running.process) == running.started:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
