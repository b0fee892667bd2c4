"""Makes network namespaces, holds them, and ends what runs in them when their maker is gone.

Started by :class:`rtckit.lab.namespaces.Network` as a process of its own, as a file and not as a
module: it starts in a few milliseconds. The namespaces have no names; they last as long as somebody
holds them, which are this process and those inside. When its maker ends, however that happens (the
maker's process descriptor tells, SIGKILL included), the processes inside are killed, and with the
last of them the namespaces go.

Each line on stdin is a JSON object of ``net.*`` settings and asks for a namespace; the answer is a
line ``{"fd": N}``, by which ``/proc/<this process>/fd/N`` names it, or ``{"error": "..."}``. A line
that is a JSON string asks for a temporary folder whose name begins so; the answer is ``{"folder":
PATH}``, and it is removed in the end. The end of stdin ends the process, after everything inside.
"""

import ctypes
import json
import os
import select
import signal
import sys
import time

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_PATIENCE_S = 5.0


def make_namespace(settings: dict[str, int]) -> int:
    """A new namespace, its loopback up, as a file descriptor; this process does not stay in it."""
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.unshare(_CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        for name, value in settings.items():
            path = "/proc/sys/" + name.replace(".", "/")
            with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(f"{value}\n")
        _raise_loopback()
        return os.open("/proc/self/ns/net", os.O_RDONLY)
    finally:
        libc.setns(outside, _CLONE_NEWNET)
        os.close(outside)


def _raise_loopback() -> None:
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def processes_inside(namespaces: set[int]) -> list[int]:
    """The processes, but for this one, whose network namespace has one of these inode numbers."""
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 (pathlib takes longer to import than all this)
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                inode = os.stat(f"/proc/{entry}/ns/net").st_ino  # noqa: PTH116
            except OSError:
                continue
            if inode in namespaces:
                found.append(int(entry))
    return found


def _kill_inside(namespaces: set[int]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while (alive := processes_inside(namespaces)) and time.monotonic() < deadline:
        for process in alive:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.01)


def _make_folder(prefix: str) -> str:
    import tempfile

    return tempfile.mkdtemp(prefix=prefix)


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Serve until stdin ends or the maker does, whose process id is the only argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    maker = int(sys.argv[1])
    try:
        watched = os.pidfd_open(maker)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(0, select.POLLIN | select.POLLHUP)
    namespaces: set[int] = set()
    folders: list[str] = []
    pending = b""
    while os.getppid() == maker:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if watched in ready:
            break
        received = os.read(0, 65536)
        if not received:
            break
        *lines, pending = (pending + received).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            answer: dict[str, int | str]
            try:
                if isinstance(asked, str):
                    folders.append(_make_folder(asked))
                    answer = {"folder": folders[-1]}
                else:
                    descriptor = make_namespace(asked)
                    namespaces.add(os.fstat(descriptor).st_ino)
                    answer = {"fd": descriptor}
            except OSError as error:
                answer = {"error": error.strerror or str(error)}
            os.write(1, json.dumps(answer).encode() + b"\n")
    _kill_inside(namespaces)
    for folder in folders:
        _remove(folder)


if __name__ == "__main__":
    main()
