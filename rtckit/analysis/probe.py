"""What probing servers brought: one record a server, way and address, one a step.

Live probes make these records, rules read them, and so do examples: a probe can be written down,
one step a line, and read back (:func:`probes_from_text`)::

    turn:T over udp from eth0/10.0.0.2 user=alice
      resolve ok 2ms
      connect ok
      binding ok 12ms mapped=198.51.100.7:4000
      challenge ok realm=example.org
      allocate 401 Unauthorized realm=example.org
      echo skipped

A step is its name, then ``ok``, ``skipped``, a STUN error code with its reason, or a kind of
failure (``timeout``, ``icmp NAME``, ``socket NAME``, ``dns``, ``tls DEFECT``, ``closed``,
``not-stun PROTOCOL``, ``integrity``, ``bad-answer``, ``redirect-loop``), then milliseconds and
facts. A line ``at 2026-01-01T00:00:00Z`` says when it was. S and T stand for the addresses of a
STUN and a TURN server.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rtckit.core.address import Address

__all__ = [
    "STEPS",
    "Failure",
    "ProbeSet",
    "ServerProbe",
    "Step",
    "probes_from_text",
]

STEPS = {
    "resolve": "the name has an address",
    "route": "this machine has a way there",
    "connect": "a socket, and over TCP its connection",
    "tls": "the TLS handshake and the certificate",
    "binding": "a Binding request: how the server sees this machine",
    "challenge": "an Allocate request without credentials, which must be refused with 401",
    "redirect": "a server that points to another one",
    "allocate": "an allocation with the credentials",
    "refresh": "the allocation renewed",
    "second": "a second allocation, the other end of the echo",
    "permission": "permissions for the other end, and for the peers that were named",
    "channel": "a channel bound to the other end",
    "echo": "data between two allocations, both ways, in indications and in channels",
    "outside": "data between the relayed address and a plain socket of this machine",
    "tcp-allocate": "allocations that relay TCP (RFC 6062)",
    "tcp-echo": "data through connections between them",
    "deallocate": "the allocations given back",
}
"""The steps of a probe in their order, and what each tries."""

FAILURES = (
    "timeout",
    "icmp",
    "socket",
    "dns",
    "tls",
    "closed",
    "not-stun",
    "integrity",
    "bad-answer",
    "redirect-loop",
    "error",
)
"""Kinds of failure besides ``stun``, an error response."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a step failed.

    ``kind`` is ``stun`` or one of :data:`FAILURES`; ``text`` says it in words. ``code`` and
    ``reason`` are those of an error response, foreign text. ``name`` is the ICMP message, the
    name of the socket's error, the TLS defect or the protocol spoken. ``sent`` counts requests.
    """

    kind: str
    text: str
    code: int | None = None
    reason: str = ""
    name: str = ""
    sent: int = 1
    authenticated: bool = True
    details: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape."""
        return {"error": self.kind, "message": self.text, **self.details}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name (of :data:`STEPS`), whether it went well, None when it was not tried.

    ``ms`` is how long it took. ``facts`` hold what was learned; addresses are ``Address``.
    ``note`` says why it was skipped, or what is worth knowing.
    """

    name: str
    ok: bool | None
    ms: float | None = None
    failure: Failure | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape."""
        return {
            "step": self.name,
            "ok": self.ok,
            "ms": None if self.ms is None else round(self.ms, 3),
            "failure": None if self.failure is None else self.failure.to_dict(),
            "note": self.note,
            "facts": {key: _plain(value) for key, value in self.facts.items()},
        }


@dataclass(frozen=True, slots=True)
class ServerProbe:
    """One server, asked one way from one place.

    Attributes:
        server: as people are shown it, without secrets.
        host: its name or address as the user wrote it.
        kind: ``stun`` or ``turn``.
        way: ``udp``, ``tcp``, ``tls`` or ``dtls``.
        remote: its address, None when it was not resolved.
        interface: the interface it was asked from, None when the routes chose.
        local: the address of this end.
        username: the user name, None without credentials.
        realm: the realm the credentials are for, where the user said so.
        asked: False for a way that was only tried to compare.
    """

    server: str
    host: str
    kind: str
    way: str
    steps: tuple[Step, ...]
    remote: Address | None = None
    interface: str | None = None
    local: Address | None = None
    username: str | None = None
    realm: str | None = None
    asked: bool = True

    @property
    def family(self) -> int:
        """4 or 6; 0 when the address is not known."""
        return 0 if self.remote is None else self.remote.family

    def step(self, name: str) -> Step | None:
        """The last step of this name that was tried or skipped."""
        return next((step for step in reversed(self.steps) if step.name == name), None)

    def failed(self, *names: str) -> Iterator[tuple[Step, Failure]]:
        """The failed steps, of the given names or all, with their failures."""
        for step in self.steps:
            if step.failure is not None and step.ok is False and (not names or step.name in names):
                yield step, step.failure

    @property
    def answered(self) -> bool:
        """Whether the server answered anything in STUN, were it an error."""
        return any(
            (step.ok and step.name in ("binding", "challenge", "allocate", "redirect"))
            or (step.failure is not None and step.failure.kind == "stun")
            for step in self.steps
        )

    @property
    def reached(self) -> bool:
        """Whether anything came back at all: an answer, a connection, a refusal of the host."""
        return self.answered or any(
            step.ok and step.name in ("connect", "tls") and self.way != "udp" for step in self.steps
        )

    @property
    def works(self) -> bool:
        """Whether all that was tried went well, and the server answered."""
        return self.answered and not any(True for _ in self.failed())

    @property
    def broken_at(self) -> Step | None:
        """The first step that failed."""
        return next((step for step, _ in self.failed()), None)

    @property
    def where(self) -> str:
        """The server, the way and the place, for messages."""
        text = f"{self.server} over {self.way.upper()}"
        return f"{text} from {self.interface}" if self.interface else text

    @property
    def place(self) -> str:
        """What tells it from the other probes: server, way, interface and address."""
        ip = "" if self.remote is None else self.remote.ip
        return f"{self.where} at {ip}" if ip and ip not in self.server else self.where

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape."""
        broken = self.broken_at
        return {
            "server": self.server,
            "kind": self.kind,
            "way": self.way,
            "family": self.family or None,
            "remote": _plain(self.remote),
            "interface": self.interface,
            "local": _plain(self.local),
            "works": self.works,
            "answered": self.answered,
            "broken": None if broken is None else broken.name,
            "steps": [step.to_dict() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class ProbeSet:
    """Probes made together; rules look at all of them. ``at`` is when, in Unix seconds."""

    probes: tuple[ServerProbe, ...]
    at: float = 0.0

    def others(self, probe: ServerProbe) -> Iterator[ServerProbe]:
        """The other probes of the same host."""
        return (other for other in self.probes if other is not probe and other.host == probe.host)


def _plain(value: Any) -> Any:
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, float):
        return round(value, 3)
    return value


# --- written down

_NAMES = {
    "S": Address("203.0.113.10", 3478),
    "T": Address("203.0.113.9", 3478),
}
_HEADER = re.compile(
    r"(?P<server>\S+) over (?P<way>udp|tcp|tls|dtls)"
    r"(?: from (?P<interface>[^\s/]+)(?:/(?P<ip>\S+))?)?(?P<fields>(?: \S+=\S*| companion)*)"
)
_MS = re.compile(r"(\d+(?:\.\d+)?)ms")
_ADDRESS = re.compile(r"\[?([0-9A-Fa-f:.]+?)\]?:(\d+)")
_NAMED = ("icmp", "socket", "tls", "not-stun")


def probes_from_text(text: str) -> ProbeSet:
    """The probes that ``text`` describes; ``ValueError`` for a line that is none."""
    at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    probes: list[tuple[re.Match[str], list[Step]]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.startswith("at "):
            at = datetime.fromisoformat(line[3:].strip().replace("Z", "+00:00")).timestamp()
        elif line[0].isspace():
            if not probes:
                raise ValueError(f"a step before any server: {line.strip()!r}")
            probes[-1][1].append(_read_step(line.strip()))
        else:
            match = _HEADER.fullmatch(line.strip())
            if match is None:
                raise ValueError(f"no probe: {line!r}")
            probes.append((match, []))
    return ProbeSet(tuple(_read_probe(match, tuple(steps)) for match, steps in probes), at)


def _read_probe(match: re.Match[str], steps: tuple[Step, ...]) -> ServerProbe:
    scheme, _, place = match["server"].partition(":")
    host, _, port = place.partition(":")
    remote = _NAMES.get(host)
    name = "turn.example.org" if host == "T" else "stun.example.org" if host == "S" else host
    fields = dict(item.partition("=")[::2] for item in match["fields"].split())
    if "remote" in fields:
        remote = _read_address(fields["remote"])
    elif any(step.name == "resolve" and step.ok is False for step in steps):
        remote = None
    if remote is not None and port.isdigit():
        remote = Address(remote.ip, int(port))
    ip = match["ip"]
    return ServerProbe(
        f"{scheme}:{name}:{port or (remote.port if remote else 3478)}",
        name,
        scheme.removesuffix("s"),
        match["way"],
        steps,
        remote,
        match["interface"],
        Address(ip, 40000) if ip else None,
        fields.get("user"),
        fields.get("realm"),
        "companion" not in fields,
    )


def _read_step(line: str) -> Step:
    words = shlex.split(line)
    name, outcome, rest = words[0], words[1], words[2:]
    if name not in STEPS:
        raise ValueError(f"no step {name!r}: {', '.join(STEPS)}")
    facts: dict[str, Any] = {}
    plain: list[str] = []
    ms = None
    for word in rest:
        key, sign, value = word.partition("=")
        if (measured := _MS.fullmatch(word)) is not None:
            ms = float(measured[1])
        elif sign and key.replace("_", "").isalnum():
            facts[key] = _read_value(value)
        else:
            plain.append(word)
    said = " ".join(plain)
    if outcome == "ok":
        return Step(name, True, ms, facts=facts, note=said)
    if outcome == "skipped":
        return Step(name, None, facts=facts, note=said)
    sent = facts.get("sent", 1)
    details = {key: value for key, value in facts.items() if key in ("missing", "family", "path")}
    if outcome.isdigit():
        code = int(outcome)
        details["code"] = code
        unsigned = "unsigned" in plain
        failure = Failure("stun", f"{code} {said}", code, said, "", sent, not unsigned, details)
    elif outcome in FAILURES:
        failure = Failure(
            outcome,
            f"{outcome} {said}".strip(),
            name=said if outcome in _NAMED else "",
            sent=sent,
            details=details,
        )
    else:
        raise ValueError(f"no outcome {outcome!r} in {line!r}")
    return Step(name, False, ms, failure, facts)


def _read_value(value: str) -> Any:
    if value.isdigit():
        return int(value)
    if value in ("yes", "no"):
        return value == "yes"
    address = _ADDRESS.fullmatch(value)
    return Address(address[1], int(address[2])) if address is not None else value


def _read_address(text: str) -> Address:
    value = _read_value(text)
    return value if isinstance(value, Address) else Address(text, 3478)
