"""What the laboratory can do on this machine: each capability, what it is for, and what lacks."""

import platform
import re
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from rtckit.lab.capabilities import probe
from rtckit.lab.running import outer_user

__all__ = ["NEEDED", "PURPOSES", "Check", "can_unshare", "examine"]

PURPOSES = {
    "netns": "hosts and routers: network namespaces",
    "nft": "NATs and firewalls: nftables",
    "coturn": "STUN and TURN servers",
    "conntrack": "forgetting mappings when a NAT is changed while it runs",
    "tcpdump": "captures at every node",
    "tun": "a device for NAT64",
    "tayga": "NAT64",
    "stun-client": "a second opinion on NATs, by RFC 3489 (tests)",
    "natdiscovery": "a second opinion on NATs, by RFC 5780 (tests)",
    "tshark": "a second opinion on captures (tests)",
    "chromium": "real calls by Chromium",
    "firefox": "real calls by Firefox",
    "aiortc": "real calls by aiortc",
}
"""What each capability is for, the needed ones first."""

NEEDED = ("netns", "nft", "coturn")
"""What no laboratory is complete without."""

_HOW = re.compile(r"(?P<why>.*?) \((?P<how>.*)\)")


@dataclass(frozen=True, slots=True)
class Check:
    """One capability: whether it is there, why not, and how to get it."""

    name: str
    purpose: str
    needed: bool
    why: str = ""
    how: str = ""

    @property
    def there(self) -> bool:
        """Whether the machine has it."""
        return not self.why

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape."""
        return {
            "name": self.name,
            "ok": self.there,
            "needed": self.needed,
            "purpose": self.purpose,
            "why": self.why or None,
            "how": self.how or None,
        }


def examine(needed: Collection[str] = NEEDED) -> list[Check]:
    """Probe everything; ``needed`` names what must be there."""
    checks = []
    for name, purpose in PURPOSES.items():
        reason = probe(name)
        parts = _HOW.fullmatch(reason or "")
        checks.append(
            Check(
                name,
                purpose,
                name in needed,
                parts["why"] if parts else reason or "",
                parts["how"] if parts else "",
            )
        )
    return checks


def machine() -> dict[str, Any]:
    """What it runs on: the kernel, and as whom."""
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "user": "root" if outer_user() == 0 else "ordinary",
        "user_namespaces": can_unshare() is None,
    }


def can_unshare() -> str | None:
    """``None`` when this user may have a user namespace of his own, in which he is root."""
    if shutil.which("unshare") is None:
        return "unshare is not on PATH (apt-get install util-linux)"
    done = subprocess.run(
        ["unshare", "-Ur", "true"], capture_output=True, text=True, timeout=10, check=False
    )
    if done.returncode == 0:
        return None
    complaint = (done.stderr.strip() or "refused").splitlines()[0]
    return (
        f"{complaint} (sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=9999)"
    )
