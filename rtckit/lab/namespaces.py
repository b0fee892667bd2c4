"""Network namespaces joined by veth pairs, made and taken away again.

A :class:`Network` owns every namespace it makes. They have no names on this machine: a process
beside (:mod:`rtckit.lab.guardian`) holds them, and kills what runs inside when the maker ends,
however it ends. A run that was killed leaves nothing behind, and nothing else is ever touched.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from rtckit.core.errors import NetworkFailure
from rtckit.lab import guardian
from rtckit.lab.capabilities import require

__all__ = ["Namespace", "Network"]

_CLONE_NEWNET = 0x40000000
_COMMAND_TIMEOUT_S = 15.0
_SIOCETHTOOL = 0x8946
_ETHTOOL_STXCSUM = 0x17

_T = TypeVar("_T")


class Namespace:
    """One network namespace: a host, a router or the wire between them."""

    def __init__(self, short: str, path: Path) -> None:
        self.short = short
        self.path = path

    def command(self, *argv: str) -> list[str]:
        """``argv`` as it must be started to run inside."""
        return ["nsenter", f"--net={self.path}", "--", *argv]

    def run(self, *argv: str, text: str | None = None) -> str:
        """Run a short command inside and return its output; :class:`NetworkFailure` if it fails."""
        return _run(self.command(*argv), text)

    def inside(self, function: Callable[[], _T]) -> _T:
        """Call ``function`` in a thread of its own that has entered the namespace.

        What it creates (sockets above all) stays in the namespace and may be used from anywhere.
        """
        results: list[_T] = []
        errors: list[BaseException] = []

        def enter_and_call() -> None:
            try:
                _enter(self.path)
                results.append(function())
            except BaseException as error:
                errors.append(error)

        # A thread that entered a namespace is never used for anything else.
        thread = threading.Thread(target=enter_and_call, name=f"in {self.short}")
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def socket(
        self,
        family: socket.AddressFamily = socket.AF_INET,
        kind: socket.SocketKind = socket.SOCK_DGRAM,
    ) -> socket.socket:
        """A socket that lives in the namespace."""
        return self.inside(lambda: socket.socket(family, kind))

    def set_sysctl(self, name: str, value: int | str) -> None:
        """Write one ``net.*`` setting of the namespace (dots or slashes between the parts)."""
        path = Path("/proc/sys") / name.replace(".", "/")
        self.inside(lambda: path.write_text(f"{value}\n", encoding="ascii"))

    def set_checksum_offload(self, interface: str, on: bool) -> None:
        """Have the kernel compute checksums in full, so that a capture shows the real ones."""

        def tell_driver() -> None:
            value = ctypes.create_string_buffer(struct.pack("=II", _ETHTOOL_STXCSUM, int(on)))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
                fcntl.ioctl(handle, _SIOCETHTOOL, request)

        self.inside(tell_driver)

    def process_ids(self) -> list[int]:
        """The processes that run inside."""
        try:
            inode = self.path.stat().st_ino
        except OSError:
            return []
        return guardian.processes_inside({inode})


class Network:
    """A context that makes namespaces and, on leaving, ends their processes and deletes them.

    Raises :class:`~rtckit.core.errors.MissingCapability` on entering where namespaces cannot be
    made, and :class:`NetworkFailure` when the kernel refuses a link or an address.
    """

    def __init__(self) -> None:
        self._namespaces: dict[str, Namespace] = {}
        self._guardian: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        require(["netns"])
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What ends us by the process group shall not end it: it has to clean up.
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getitem__(self, short: str) -> Namespace:
        return self._namespaces[short]

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self._namespaces.values())

    def add(self, short: str, *, forwarding: bool = False, ipv6: bool = True) -> Namespace:
        """A new namespace with its loopback up and duplicate address detection off."""
        settings: dict[str, int] = {}
        for scope in ("all", "default"):
            settings[f"net.ipv6.conf.{scope}.accept_dad"] = 0
            settings[f"net.ipv6.conf.{scope}.accept_ra"] = 0
            settings[f"net.ipv6.conf.{scope}.disable_ipv6"] = int(not ipv6)
        settings["net.ipv4.ip_forward"] = int(forwarding)
        if ipv6:
            settings["net.ipv6.conf.all.forwarding"] = int(forwarding)
        process, answer = self._ask_guardian(settings)
        namespace = Namespace(short, Path(f"/proc/{process}/fd/{answer['fd']}"))
        self._namespaces[short] = namespace
        return namespace

    def make_folder(self, prefix: str = "rtckit-") -> Path:
        """A temporary folder that goes with the network, also when this process is killed."""
        _, answer = self._ask_guardian(prefix)
        return Path(answer["folder"])

    def _ask_guardian(self, wanted: dict[str, int] | str) -> tuple[int, dict[str, Any]]:
        """Have a namespace or a folder made; the guardian's process id, and its answer."""
        process = self._guardian
        if process is None or process.stdin is None or process.stdout is None:
            raise NetworkFailure("the network is not open")
        try:
            process.stdin.write(json.dumps(wanted).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or b'{"error": "its maker has ended"}')
        except OSError as error:
            answer = {"error": str(error)}
        if "error" in answer:
            what = "temporary folder" if isinstance(wanted, str) else "network namespace"
            raise NetworkFailure(f"no {what}: {answer['error']}")
        return process.pid, answer

    def ip(self, short: str, *arguments: str) -> str:
        """Run ``ip`` on one namespace."""
        return self[short].run("ip", *arguments)

    def link(self, first: str, first_interface: str, second: str, second_interface: str) -> None:
        """Join two namespaces by a veth pair; both ends come up, checksums computed in full."""
        self.ip(
            first,
            *("link", "add", first_interface, "type", "veth", "peer", "name", second_interface),
            *("netns", str(self[second].path)),
        )
        for short, interface in ((first, first_interface), (second, second_interface)):
            self[short].set_checksum_offload(interface, on=False)
            self.ip(short, "link", "set", interface, "up")

    def bridge(self, short: str, name: str, members: Sequence[str] = ()) -> None:
        """A bridge in a namespace; bridged packets do not pass the IP packet filter.

        With ``bridge-nf-call-iptables`` on, a hairpin through the bridge would be translated by
        rules meant for routed packets.
        """
        self.ip(short, "link", "add", name, "type", "bridge")
        for member in members:
            self.ip(short, "link", "set", member, "master", name)
        self.ip(short, "link", "set", name, "up")
        with contextlib.suppress(OSError):
            self[short].set_sysctl("net.bridge.bridge-nf-call-iptables", 0)

    def address(self, short: str, interface: str, *addresses: str) -> None:
        """Give an interface its addresses (``10.0.0.1/24``, ``fd00::1/64``), usable at once."""
        for address in addresses:
            nodad = ["nodad"] if ":" in address else []
            self.ip(short, "address", "add", address, "dev", interface, *nodad)

    def default_route(self, short: str, *gateways: str) -> None:
        """Send everything else to the gateways, one for each family."""
        for gateway in gateways:
            family = "-6" if ":" in gateway else "-4"
            self.ip(short, family, "route", "replace", "default", "via", gateway)

    def close(self) -> None:
        """End the processes inside and let the namespaces go; never raises for what is gone."""
        for namespace in self._namespaces.values():
            _end(namespace)
        self._namespaces.clear()
        if self._guardian is None:
            return
        with self._guardian as process:
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
        self._guardian = None


def _enter(path: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(descriptor)


def _run(command: list[str], text: str | None) -> str:
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NetworkFailure(f"{' '.join(command)}: no end after {error.timeout:g} s") from error
    if done.returncode:
        complaint = done.stderr.strip() or f"exit status {done.returncode}"
        raise NetworkFailure(f"{' '.join(command)}: {complaint}")
    return done.stdout


def _end(namespace: Namespace) -> None:
    """Ask every process inside to end, then insist; only processes in our own namespace."""
    for signal_number, patience_s in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0)):
        deadline = time.monotonic() + patience_s
        alive = namespace.process_ids()
        for process in alive:
            if process != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal_number)
        while alive and time.monotonic() < deadline:
            time.sleep(0.02)
            alive = namespace.process_ids()
        if not alive:
            return
