"""IPv6 at the edge of a home: a stateful firewall, and NAT64 for hosts that have nothing else."""

import contextlib
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Namespace

__all__ = ["NAT64_PREFIX", "apply_ipv6_firewall", "nat64_address", "start_nat64"]

NAT64_PREFIX = "2001:db8:64::"
"""The /96 that IPv4 addresses are written behind. Not the well-known one, which must not stand for
addresses that are not global (RFC 6052, 3.1), as those of a laboratory are."""

_POOL = "192.168.255"
_START_LIMIT_S = 5.0
_STOP_LIMIT_S = 3.0


def nat64_address(ipv4: str) -> str:
    """The IPv6 address that an IPv4 address has behind the prefix (RFC 6052, 2.2)."""
    high, low = (
        "".join(f"{int(part):02x}" for part in ipv4.split(".")[at : at + 2]) for at in (0, 2)
    )
    return f"{NAT64_PREFIX}{int(high, 16):x}:{int(low, 16):x}"


def apply_ipv6_firewall(router: Namespace, *, wan: str = "wan", lan: str = "lan") -> None:
    """Let in over IPv6 only what belongs to a flow from inside (RFC 6092, 3.1)."""
    lines = [
        "add table ip6 rtckit_firewall",
        "delete table ip6 rtckit_firewall",
        "table ip6 rtckit_firewall {",
        *("chain forward {", "type filter hook forward priority filter; policy drop;"),
        f"iifname {lan} accept",
        f"iifname != {wan} accept",
        *("ct state established,related accept", "}", "}"),
    ]
    router.run("nft", "-f", "-", text="\n".join(lines) + "\n")


def start_nat64(router: Namespace, stack: ExitStack, folder: Path) -> None:
    """Translate between IPv6 and IPv4 on ``router`` until ``stack`` is left (RFC 6146, by tayga).

    What it makes of a host is a private IPv4 address, which the router's NAT then translates. Its
    files are in ``folder``.
    """
    prefix = NAT64_PREFIX
    configuration = folder / "tayga.conf"
    configuration.write_text(
        f"tun-device nat64\nipv4-addr {_POOL}.1\nprefix {prefix}/96\n"
        f"dynamic-pool {_POOL}.0/24\ndata-dir {folder}\n",
        encoding="ascii",
    )
    command = ["tayga", "--config", str(configuration)]
    router.run(*command, "--mktun")
    router.run("ip", "link", "set", "nat64", "up")
    router.run("ip", "route", "add", f"{_POOL}.0/24", "dev", "nat64")
    router.run("ip", "route", "add", f"{prefix}/96", "dev", "nat64")
    # What comes out of the translator is from inside.
    router.run("nft", "insert rule ip rtckit_nat forward iifname nat64 accept")
    process = subprocess.Popen(
        router.command(*command, "--nodetach", "--pidfile", str(folder / "tayga.pid")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stack.callback(_stop, process)
    deadline = time.monotonic() + _START_LIMIT_S
    # The device has a carrier once somebody reads from it.
    while "LOWER_UP" not in router.run("ip", "-br", "link", "show", "dev", "nat64"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NetworkFailure("tayga did not start")
        time.sleep(0.01)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_LIMIT_S)
        return
    process.kill()
    process.wait()
