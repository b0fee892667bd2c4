"""What a STUN server answers: bytes in, bytes out, no sockets (RFC 8489, 6.3; RFC 5780, 6.1).

A server that is not asked for more than Binding never sends more than an answer needs: nothing to
what is no request, nothing to what is damaged, and no longer PADDING than came in. How much one
source may ask is bounded by :class:`RateLimit`.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, NamedTuple

from rtckit.core.address import Address
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method

__all__ = ["RateLimit", "Reply", "Responder", "ResponderCounters"]

_UNDERSTOOD = {
    int(kind)
    for kind in (
        AttributeType.MAPPED_ADDRESS,
        AttributeType.USERNAME,
        AttributeType.MESSAGE_INTEGRITY,
        AttributeType.MESSAGE_INTEGRITY_SHA256,
        AttributeType.ERROR_CODE,
        AttributeType.UNKNOWN_ATTRIBUTES,
        AttributeType.REALM,
        AttributeType.NONCE,
        AttributeType.PASSWORD_ALGORITHM,
        AttributeType.USERHASH,
        AttributeType.XOR_MAPPED_ADDRESS,
        AttributeType.PRIORITY,
        AttributeType.USE_CANDIDATE,
    )
}
_BEHAVIOR = {
    int(AttributeType.CHANGE_REQUEST),
    int(AttributeType.PADDING),
    int(AttributeType.RESPONSE_PORT),
}
_OLD = {int(AttributeType.RESPONSE_ADDRESS), int(AttributeType.PASSWORD)}
_FINGERPRINT = int(AttributeType.FINGERPRINT)
_MAX_UNKNOWN = 16
_SOFTWARE = "rtckit"


class Reply(NamedTuple):
    """An answer: its bytes, where to, and the address it must leave from."""

    data: bytes
    to: Address
    source: Address


@dataclass(slots=True)
class ResponderCounters:
    """What came and what became of it."""

    received: int = 0
    answered: int = 0
    refused: int = 0
    ignored: int = 0
    limited: int = 0


class RateLimit:
    """A bound on requests: ``rate`` a second and ``burst`` at once, for each source and for all.

    A source is an IPv4 address or an IPv6 /64. ``sources`` are remembered at most, those seen
    longest ago forgotten first, so that a flood from forged addresses takes no more memory; the
    bound for all is a hundred times that of one.
    """

    def __init__(self, rate: float = 50.0, burst: int = 100, sources: int = 4096) -> None:
        self.rate = rate
        self.burst = burst
        self.sources = sources
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._all = (100.0 * burst, 0.0)

    @property
    def remembered(self) -> int:
        """How many sources are remembered now."""
        return len(self._buckets)

    def allows(self, ip: str, now: float) -> bool:
        """Whether one more request from ``ip`` may be answered at ``now`` (seconds)."""
        tokens, last = self._all
        tokens = min(100.0 * self.burst, tokens + max(0.0, now - last) * 100 * self.rate)
        if tokens < 1:
            self._all = (tokens, now)
            return False
        key = _network(ip)
        own, before = self._buckets.pop(key, (float(self.burst), now))
        own = min(float(self.burst), own + max(0.0, now - before) * self.rate)
        allowed = own >= 1
        self._buckets[key] = (own - 1 if allowed else own, now)
        if len(self._buckets) > self.sources:
            self._buckets.popitem(last=False)
        self._all = (tokens - 1 if allowed else tokens, now)
        return allowed


def _network(ip: str) -> str:
    if ":" not in ip:
        return ip
    return str(int(ip_address(ip.partition("%")[0])) >> 64)


class Responder:
    """Answers Binding requests.

    ``addresses`` are those it listens on: one, or the four of RFC 5780 (two IPs with the same two
    ports), and then CHANGE-REQUEST is understood. ``limit`` bounds what is answered.
    """

    def __init__(self, addresses: Sequence[Address], limit: RateLimit | None = None) -> None:
        self.addresses = tuple(addresses)
        self.limit = limit or RateLimit()
        self.counters = ResponderCounters()
        ips = list(dict.fromkeys(address.ip for address in self.addresses))
        ports = list(dict.fromkeys(address.port for address in self.addresses))
        self.discovers = len(ips) == 2 and len(ports) == 2 and len(set(self.addresses)) == 4
        self._ips, self._ports = ips, ports

    def other(self, local: Address, ip: bool = True, port: bool = True) -> Address:
        """The address with the other IP, the other port, or both."""
        if not self.discovers:
            return local
        ips, ports = self._ips, self._ports
        return Address(
            ips[1 - ips.index(local.ip)] if ip else local.ip,
            ports[1 - ports.index(local.port)] if port else local.port,
        )

    def answer(
        self, data: bytes, source: Address, local: Address, now: float, *, stream: bool = False
    ) -> Reply | None:
        """The answer to what came from ``source`` to ``local``; None when there is none to give.

        Over a ``stream`` nothing can leave from or to another address, so that CHANGE-REQUEST
        with a flag and RESPONSE-PORT are refused. Never raises, whatever the bytes.
        """
        self.counters.received += 1
        message = _read_request(data)
        if message is None or source.port == 0:
            self.counters.ignored += 1
            return None
        if not self.limit.allows(source.ip, now):
            self.counters.limited += 1
            return None
        reply = self._reply(message, source, local, stream)
        if reply is None:
            self.counters.ignored += 1
        return reply

    def _reply(
        self, message: stun.Message, source: Address, local: Address, stream: bool
    ) -> Reply | None:
        unknown = self._unknown(message)
        if unknown:
            self.counters.refused += 1
            listed = tuple(unknown[:_MAX_UNKNOWN])
            refusal: list[tuple[int, Any]] = [
                (AttributeType.ERROR_CODE, (420, "")),
                (AttributeType.UNKNOWN_ATTRIBUTES, listed),
            ]
            return Reply(_build(message, MessageClass.ERROR, refusal), source, local)
        change = message.get(AttributeType.CHANGE_REQUEST)
        port = message.get(AttributeType.RESPONSE_PORT)
        padding = message.get(AttributeType.PADDING)
        impossible = stream and (port is not None or (change is not None and any(change)))
        if impossible or (port is not None and padding is not None) or port == 0:
            self.counters.refused += 1
            bad: list[tuple[int, Any]] = [(AttributeType.ERROR_CODE, (400, ""))]
            return Reply(_build(message, MessageClass.ERROR, bad), source, local)
        origin = local
        if change is not None:
            origin = self.other(local, change[0], change[1])
        self.counters.answered += 1
        attributes = self._attributes(message, source, local, origin, padding)
        to = source if port is None else Address(source.ip, port)
        return Reply(_build(message, MessageClass.SUCCESS, attributes), to, origin)

    def _unknown(self, message: stun.Message) -> list[int]:
        known = _UNDERSTOOD | (_BEHAVIOR if self.discovers else {int(AttributeType.PADDING)})
        if not message.has_magic_cookie:
            known |= _OLD | _BEHAVIOR
        return [
            item.type
            for item in message.attributes
            if item.type < 0x8000 and item.type not in known
        ]

    def _attributes(
        self,
        message: stun.Message,
        source: Address,
        local: Address,
        origin: Address,
        padding: bytes | None,
    ) -> list[tuple[int, Any]]:
        if not message.has_magic_cookie:
            classic: list[tuple[int, Any]] = [
                (AttributeType.MAPPED_ADDRESS, source),
                (AttributeType.SOURCE_ADDRESS, origin),
            ]
            if self.discovers:
                classic.append((AttributeType.CHANGED_ADDRESS, self.other(local)))
            return classic
        found: list[tuple[int, Any]] = [(AttributeType.XOR_MAPPED_ADDRESS, source)]
        if self.discovers:
            found += [
                (AttributeType.MAPPED_ADDRESS, source),
                (AttributeType.RESPONSE_ORIGIN, origin),
                (AttributeType.OTHER_ADDRESS, self.other(local)),
            ]
        if padding is not None:
            found.append((AttributeType.PADDING, bytes(len(padding))))
        elif 40 + 24 * len(found) <= len(message.raw):  # a name only where it costs nothing
            found.append((AttributeType.SOFTWARE, _SOFTWARE))
        return found


def _read_request(data: bytes) -> stun.Message | None:
    """A whole Binding request; None for anything else."""
    if len(data) < 20 or data[:2] != b"\x00\x01":
        return None
    message, problems = stun.decode(data)
    if message is None or message.truncated or message.method != Method.BINDING:
        return None
    # RFC 3489 has no cookie; anything else that is wrong makes the request none.
    if any("cookie" not in problem.message for problem in problems):
        return None
    if message.has_magic_cookie and stun.verify_fingerprint(message) is False:
        return None
    return message


def _build(
    request: stun.Message, message_class: MessageClass, attributes: Sequence[tuple[int, Any]]
) -> bytes:
    fingerprint = request.has_magic_cookie and request.has(_FINGERPRINT)
    data = stun.build(
        Method.BINDING,
        message_class,
        request.raw[8:20],
        attributes,
        fingerprint=fingerprint,
    )
    if request.has_magic_cookie:
        return data
    return data[:4] + request.raw[4:20] + data[20:]
