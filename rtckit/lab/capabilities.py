"""What this machine can do, and why not.

Each capability has a name and a probe; a probe answers ``None`` when the capability is there, else
one line: what is missing and how to get it. Probes run once in a process.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from rtckit.core.errors import MissingCapability

__all__ = ["CAPABILITIES", "missing", "probe", "require"]

_PROBE_TIMEOUT_S = 10.0
_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21
_NAT_RULE = """
add table ip rtckit_probe
add chain ip rtckit_probe postrouting { type nat hook postrouting priority srcnat; }
add rule ip rtckit_probe postrouting meta l4proto udp masquerade
"""


def _program(name: str, package: str) -> str | None:
    if shutil.which(name):
        return None
    return f"{name} is not on PATH (apt-get install {package})"


def _module(name: str) -> str | None:
    if importlib.util.find_spec(name):
        return None
    return f"the Python package {name} is not installed (pip install 'rtckit[lab]')"


def _first(*reasons: str | None) -> str | None:
    return next((reason for reason in reasons if reason), None)


def _effective_capabilities() -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 (a kernel file)
        for line in status:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def _attempt(command: list[str], text: str = "") -> str | None:
    """Run ``command``; ``None`` when it succeeds, else the first line of what it complains of."""
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[0]


def _netns() -> str | None:
    if reason := _first(_program("ip", "iproute2"), _program("nsenter", "util-linux")):
        return reason
    try:
        held = _effective_capabilities()
    except OSError:
        return "no /proc/self/status: network namespaces need Linux"
    needed = 1 << _CAP_NET_ADMIN | 1 << _CAP_SYS_ADMIN
    if held & needed != needed:
        return (
            "network namespaces need CAP_NET_ADMIN and CAP_SYS_ADMIN "
            "(run as root, or inside: unshare -Ur)"
        )
    if reason := _attempt(["unshare", "--net", "true"]):
        return f"cannot create a network namespace: {reason} (needs CONFIG_NET_NS)"
    return None


def _nft() -> str | None:
    if reason := _first(_program("nft", "nftables"), probe("netns")):
        return reason
    refused = _attempt(["unshare", "--net", "nft", "-f", "-"], _NAT_RULE)
    return f"the kernel refuses NAT rules: {refused} (needs CONFIG_NFT_NAT)" if refused else None


def _tun() -> str | None:
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun (needs CONFIG_TUN; in a container: --device /dev/net/tun)"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun is not open to this user (run as root, or: chmod 666 /dev/net/tun)"
    return None


def _tayga() -> str | None:
    return _first(_program("tayga", "tayga"), probe("netns"), probe("tun"))


def _coturn() -> str | None:
    return _program("turnserver", "coturn")


def _chromium() -> str | None:
    return _first(_program("chromium", "chromium"), _module("playwright"), _module("aiohttp"))


def _firefox() -> str | None:
    return _first(_program("firefox-esr", "firefox-esr"), _module("websockets"), _module("aiohttp"))


def _aiortc() -> str | None:
    return _first(_module("aiortc"), _module("av"))


def _sdp_transform_js() -> str | None:
    package = Path(sys.prefix) / "js" / "node_modules" / "sdp-transform"
    how = f"npm install --prefix {Path(sys.prefix).name}/js sdp-transform"
    return _first(
        _program("node", "nodejs"),
        None if package.is_dir() else f"the npm package sdp-transform is not installed ({how})",
    )


_PROBES: dict[str, Callable[[], str | None]] = {
    "netns": _netns,
    "nft": _nft,
    "conntrack": lambda: _program("conntrack", "conntrack"),
    "tun": _tun,
    "tayga": _tayga,
    "stun-client": lambda: _program("stun", "stun-client"),
    "natdiscovery": lambda: _program("turnutils_natdiscovery", "coturn"),
    "tcpdump": lambda: _program("tcpdump", "tcpdump"),
    "coturn": _coturn,
    "chromium": _chromium,
    "firefox": _firefox,
    "aiortc": _aiortc,
    "tshark": lambda: _program("tshark", "tshark"),
    "sdp-transform-js": _sdp_transform_js,
}

CAPABILITIES = tuple(_PROBES)
"""The names :func:`probe` knows."""


@cache
def probe(name: str) -> str | None:
    """``None`` when the machine has the capability, else why not and how to get it.

    ``KeyError`` for a name that is not in :data:`CAPABILITIES`.
    """
    return _PROBES[name]()


def missing(names: Iterable[str]) -> dict[str, str]:
    """The capabilities among ``names`` that are not there, with the reason for each."""
    return {name: reason for name in names if (reason := probe(name))}


def require(names: Iterable[str]) -> None:
    """Raise :class:`MissingCapability` that names everything missing at once."""
    lacking = missing(names)
    if lacking:
        raise MissingCapability(
            f"this machine lacks {', '.join(lacking)}", "; ".join(lacking.values())
        )
