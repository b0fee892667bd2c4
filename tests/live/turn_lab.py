"""A network of a client and a server host, and `rtckit turn check` run in it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtckit.lab.namespaces import Namespace, Network

SERVER = "203.0.113.10"
SECOND = "203.0.113.11"
CLIENT = "10.77.1.1"
PRIVATE = "10.9.9.9"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class TurnLab:
    """A host with two public addresses and a private one, a client on a link to it."""

    client: Namespace
    server: Namespace

    def check(
        self, *arguments: str, credential: str | None = "laboratory"
    ) -> tuple[int, dict[str, Any]]:
        """The exit code and the JSON answer of `rtckit turn check`, run where the client is."""
        command = [sys.executable, "-m", "rtckit", "turn", "check", *arguments, "--format", "json"]
        if credential is not None:
            command += ["--credential", credential]
        done = subprocess.run(
            self.client.command(*command),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    @contextmanager
    def rules(self, *rules: str) -> Iterator[None]:
        """The server's packet filter with these rules at what comes in and what goes out.

        A rule begins with ``in`` or ``out``; loopback is left alone.
        """
        lines = ["table inet fault {"]
        for hook, interface, name in (("input", "iif", "in"), ("output", "oif", "out")):
            lines.append(f"chain {hook} {{ type filter hook {hook} priority 0; policy accept;")
            lines.append(f"{interface} lo accept;")
            lines += [rule.split(" ", 1)[1] + ";" for rule in rules if rule.split()[0] == name]
            lines.append("}")
        lines.append("}")
        self.server.run("nft", "-f", "-", text="\n".join(lines))
        try:
            yield
        finally:
            self.server.run("nft", "delete", "table", "inet", "fault")


@contextmanager
def turn_lab() -> Iterator[TurnLab]:
    """The network, for as long as the context lasts."""
    with Network() as network:
        client = network.add("client", ipv6=False)
        server = network.add("server", ipv6=False)
        network.link("client", "eth0", "server", "to_client")
        network.address("client", "eth0", f"{CLIENT}/24")
        network.address("server", "to_client", "10.77.1.254/24")
        network.address("server", "lo", f"{SERVER}/32", f"{SECOND}/32", f"{PRIVATE}/32")
        network.default_route("client", "10.77.1.254")
        yield TurnLab(client, server)


def causes(answer: dict[str, Any]) -> list[str]:
    """The rules that fired, but for what is only worth knowing; gravest first."""
    found = [item["rule"] for item in answer["findings"] if item["severity"] != "info"]
    return list(dict.fromkeys(found))
