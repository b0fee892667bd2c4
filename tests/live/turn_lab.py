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
SERVER_6 = "2001:db8::10"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class TurnLab:
    """A host with two public addresses and a private one, a client on a link to it."""

    client: Namespace
    server: Namespace

    def ping(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the JSON answer of `rtckit stun ping`, run where the client is."""
        return self._run(["stun", "ping", *arguments, "--format", "json"])

    def check(
        self, *arguments: str, credential: str | None = "laboratory"
    ) -> tuple[int, dict[str, Any]]:
        """The exit code and the JSON answer of `rtckit turn check`, run where the client is."""
        secret = [] if credential is None else ["--credential", credential]
        return self._run(["turn", "check", *arguments, *secret, "--format", "json"])

    def _run(self, arguments: list[str]) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            self.client.command(sys.executable, "-m", "rtckit", *arguments),
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
        client = network.add("client")
        server = network.add("server")
        network.add("island")
        network.link("client", "eth0", "server", "to_client")
        network.address("client", "eth0", f"{CLIENT}/24")
        network.address("server", "to_client", "10.77.1.254/24")
        network.address("server", "lo", f"{SERVER}/32", f"{SECOND}/32", f"{PRIVATE}/32")
        network.address("client", "eth0", "fd77:1::1/64")
        network.address("server", "to_client", "fd77:1::254/64")
        network.address("server", "lo", f"{SERVER_6}/128")
        network.default_route("client", "10.77.1.254", "fd77:1::254")
        # A bridge as container engines make them: it has a route out, and nobody forwards there.
        network.link("client", "docker0", "island", "eth0")
        network.address("client", "docker0", "172.17.0.1/16")
        network.address("island", "eth0", "172.17.0.2/16")
        network.ip(
            *("client", "route", "add", "default", "via", "172.17.0.2"),
            *("dev", "docker0", "metric", "500"),
        )
        yield TurnLab(client, server)


def causes(answer: dict[str, Any]) -> list[str]:
    """The rules that fired, but for what is only worth knowing; gravest first."""
    found = [item["rule"] for item in answer["findings"] if item["severity"] != "info"]
    return list(dict.fromkeys(found))
