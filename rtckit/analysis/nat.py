"""NAT behaviour (RFC 4787) as STUN tests show it (RFC 5780).

A :class:`NatTest` is one request, an :class:`Outcome` what became of it; a :class:`Fact` is what
was concluded, how sure that is and why. :class:`NatBehavior` holds them all. Which tests to make is
in :mod:`rtckit.analysis.nat_discovery`, what follows from them in
:mod:`rtckit.analysis.nat_judgement`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from rtckit.core.address import Address

__all__ = [
    "ADDRESS_AND_PORT_DEPENDENT",
    "ADDRESS_DEPENDENT",
    "ENDPOINT_INDEPENDENT",
    "UNKNOWN",
    "Answer",
    "Confidence",
    "Fact",
    "NatBehavior",
    "NatTest",
    "Outcome",
]

ENDPOINT_INDEPENDENT = "endpoint-independent"
ADDRESS_DEPENDENT = "address-dependent"
ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"
UNKNOWN = "unknown"

_T = TypeVar("_T")


class Confidence(StrEnum):
    """How far a conclusion can be relied on.

    ``high``: shown by an answer, or by silence on two sockets while all else was answered;
    ``medium``: by one socket, or with losses on the way; ``low``: there may be another reason;
    ``none``: nothing is known.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class NatTest:
    """A Binding request to send.

    Attributes:
        socket: the name of a local socket; a name not used before is a fresh one.
        to: where it is sent.
        change_ip: ask to be answered from the other address (RFC 5780, 7.2).
        change_port: ask to be answered from the other port.
        response_port: ask to be answered at this port (RFC 5780, 7.5).
        padding: so many bytes are added to request and answer (RFC 5780, 7.6).
        at: the socket that the answer, or the request itself when it comes back, shall arrive at;
            the sender when empty.
        wait_s: how long the socket ``at`` shall have been quiet before.
        attempts: how often to send it when nothing comes.
        rto_s: the time between the first and the second sending; it doubles.
    """

    socket: str
    to: Address
    change_ip: bool = False
    change_port: bool = False
    response_port: int | None = None
    padding: int = 0
    at: str = ""
    wait_s: float = 0.0
    attempts: int = 4
    rto_s: float = 0.1

    @property
    def plain(self) -> bool:
        """Whether it asks for nothing but an answer."""
        return not (self.change_ip or self.change_port or self.padding or self.at) and (
            self.response_port is None
        )

    @property
    def change(self) -> str:
        """What it asks to be changed: ``ip, port``, ``port``, ``ip`` or nothing."""
        return ", ".join(
            word for word, on in (("ip", self.change_ip), ("port", self.change_port)) if on
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What arrived: a success response, or the request itself (hairpinned).

    Attributes:
        source: where it came from.
        at: the name of the socket it arrived at.
        mapped: XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS where that is missing.
        plain_mapped: MAPPED-ADDRESS alone.
        other: OTHER-ADDRESS, or CHANGED-ADDRESS of RFC 3489.
        origin: RESPONSE-ORIGIN, or SOURCE-ADDRESS of RFC 3489.
        padding: the bytes of padding in it.
        rtt_s: the time from the last sending.
    """

    source: Address
    at: str
    mapped: Address | None = None
    plain_mapped: Address | None = None
    other: Address | None = None
    origin: Address | None = None
    padding: int = 0
    rtt_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test: an answer, an error response, a refusal, or silence.

    Attributes:
        test: the request.
        local: the sending socket's own address.
        sent: how often it was sent.
        answer: what arrived.
        error: code and reason of an error response.
        refused: what the operating system or an ICMP message said.
    """

    test: NatTest
    local: Address
    sent: int = 1
    answer: Answer | None = None
    error: tuple[int, str] | None = None
    refused: str = ""

    @property
    def mapped(self) -> Address | None:
        """The mapped address that the answer tells."""
        return None if self.answer is None else self.answer.mapped

    @property
    def silent(self) -> bool:
        """Whether nothing at all came."""
        return self.answer is None and self.error is None and not self.refused

    def as_json(self) -> dict[str, Any]:
        """The test and its outcome as JSON takes them."""
        test, answer = self.test, self.answer
        told: dict[str, Any] = {
            "socket": test.socket,
            "local": str(self.local),
            "to": str(test.to),
            "change": test.change or None,
            "sent": self.sent,
            "answered": answer is not None,
        }
        if test.response_port is not None:
            told["response_port"] = test.response_port
            told["after_s"] = test.wait_s
        if test.padding:
            told["padding"] = test.padding
        if answer is not None:
            told |= {
                "from": str(answer.source),
                "at": answer.at,
                "mapped": _text(answer.mapped),
                "other": _text(answer.other),
                "rtt_ms": round(answer.rtt_s * 1000, 3),
            }
        if self.error is not None:
            told["error"] = {"code": self.error[0], "reason": self.error[1]}
        if self.refused:
            told["refused"] = self.refused
        return told


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


@dataclass(frozen=True, slots=True)
class Fact(Generic[_T]):
    """A conclusion: its value (None or ``unknown`` when there is none), how sure, and why."""

    value: _T
    confidence: Confidence = Confidence.NONE
    why: str = ""


_UNKNOWN: Fact[str] = Fact(UNKNOWN)
_NOT_KNOWN: Fact[bool | None] = Fact(None)


@dataclass(frozen=True, slots=True)
class NatBehavior:
    """How the way between this host and a server treats UDP.

    Attributes:
        server: the server's address that was tested with.
        outcomes: every test and what became of it, in order.
        reachable: whether the server answers over UDP at all.
        translated: whether addresses or ports are changed on the way.
        mapping: RFC 4787, 4.1: ``endpoint-independent``, ``address-dependent``,
            ``address-and-port-dependent`` or ``unknown``.
        depends: whether mappings depend on the destination, which may be known when ``mapping``
            is not.
        filtering: RFC 4787, 5, in the same words.
        hairpinning: RFC 4787, 6.
        port_preservation: RFC 4787, 4.2.1.
        pooling: RFC 4787, 4.1: ``paired``, ``arbitrary`` or ``unknown``.
        allocation: how ports outside follow each other: ``preserved``, ``sequential``, ``random``
            or ``unknown``; ``parity`` whether they are even where those inside are (RFC 4787,
            4.2.2).
        fragments: whether fragmented packets pass (RFC 4787, 11).
        rewritten: whether a middlebox rewrites addresses within messages (an ALG; RFC 4787, 7).
        lifetime: seconds that a mapping lives without packets: at least, and less than (None when
            it outlived every test); None when it was not measured.
        tcp: whether a TCP connection to the server succeeded, by port; only tried when UDP is not
            answered.
    """

    server: Address
    outcomes: tuple[Outcome, ...] = ()
    reachable: Fact[bool | None] = _NOT_KNOWN
    translated: Fact[bool | None] = _NOT_KNOWN
    mapping: Fact[str] = _UNKNOWN
    depends: Fact[bool | None] = _NOT_KNOWN
    filtering: Fact[str] = _UNKNOWN
    hairpinning: Fact[bool | None] = _NOT_KNOWN
    port_preservation: Fact[bool | None] = _NOT_KNOWN
    pooling: Fact[str] = _UNKNOWN
    allocation: Fact[str] = _UNKNOWN
    parity: Fact[bool | None] = _NOT_KNOWN
    fragments: Fact[bool | None] = _NOT_KNOWN
    rewritten: Fact[bool | None] = _NOT_KNOWN
    lifetime: Fact[tuple[float, float | None] | None] = field(default=Fact(None))
    tcp: dict[int, bool] = field(default_factory=dict)

    @property
    def rfc3489(self) -> str:
        """The name by RFC 3489, 5 and 10.1, which knew fewer kinds; ``unknown`` when not known.

        A mapping that depends on the destination at all is its ``symmetric``.
        """
        if self.reachable.value is False:
            return "blocked"
        if self.translated.value is False:
            if self.filtering.value == ENDPOINT_INDEPENDENT:
                return "open"
            return UNKNOWN if self.filtering.value == UNKNOWN else "symmetric UDP firewall"
        if self.depends.value:
            return "symmetric"
        if self.mapping.value != ENDPOINT_INDEPENDENT:
            return UNKNOWN
        return {
            ENDPOINT_INDEPENDENT: "full cone",
            ADDRESS_DEPENDENT: "restricted cone",
            ADDRESS_AND_PORT_DEPENDENT: "port restricted cone",
        }.get(self.filtering.value, UNKNOWN)

    @property
    def mapped(self) -> tuple[Address, ...]:
        """The mapped addresses that were seen, each once, in order."""
        seen = (outcome.mapped for outcome in self.outcomes)
        return tuple(dict.fromkeys(address for address in seen if address is not None))

    def facts(self) -> dict[str, Fact[Any]]:
        """The conclusions by their names in JSON."""
        return {
            "reachable": self.reachable,
            "translated": self.translated,
            "mapping": self.mapping,
            "mapping_depends_on_destination": self.depends,
            "filtering": self.filtering,
            "hairpinning": self.hairpinning,
            "port_preservation": self.port_preservation,
            "pooling": self.pooling,
            "port_allocation": self.allocation,
            "port_parity": self.parity,
            "fragments": self.fragments,
            "rewritten": self.rewritten,
            "lifetime_s": self.lifetime,
        }

    def as_json(self) -> dict[str, Any]:
        """The behaviour as JSON takes it: values by name, then ``confidence`` and ``why``."""
        facts = self.facts()
        values = {name: fact.value for name, fact in facts.items()}
        if self.lifetime.value is not None:
            values["lifetime_s"] = {
                "at_least": self.lifetime.value[0],
                "less_than": self.lifetime.value[1],
            }
        return {
            "server": str(self.server),
            **values,
            "rfc3489": self.rfc3489,
            "mapped": [str(address) for address in self.mapped],
            "confidence": {name: str(fact.confidence) for name, fact in facts.items()},
            "why": {name: fact.why for name, fact in facts.items() if fact.why},
            "tcp": {str(port): connected for port, connected in self.tcp.items()},
            "tests": [outcome.as_json() for outcome in self.outcomes],
        }
