"""STUN transactions: requests with their retransmissions, and what answers them (RFC 8489, 6).

One client serves any number of concurrent transactions on one transport. What is no answer to one
of them (data, indications, requests of others) goes to ``on_data``.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rtckit.core.address import Address
from rtckit.live.errors import (
    BadAnswer,
    IcmpError,
    IntegrityViolated,
    NoAnswer,
    ProbeError,
    Refused,
    StreamClosed,
    StunError,
)
from rtckit.live.transport import Transport
from rtckit.wire import stun

__all__ = ["Response", "StunClient"]

RTO_S = 0.5
ATTEMPTS = 7  # Rc
LAST_WAIT = 16  # Rm: multiples of the RTO
RELIABLE_WAIT_S = 39.5  # Ti
_MAX_DISCARDED = 8
_UNSIGNED_ALLOWED = frozenset({300, 401, 438})
_KNOWN_REQUIRED = frozenset(int(kind) for kind in stun.AttributeType if kind < 0x8000)


@dataclass(frozen=True, slots=True)
class Response:
    """A success response that counts.

    ``rtt_s`` is from the request's last sending before the answer: with ``sent`` above 1 it may be
    too short, for an earlier sending may have been answered. ``elapsed_s`` is from the first.
    """

    message: stun.Message
    rtt_s: float
    elapsed_s: float
    sent: int
    remote: Address


@dataclass(slots=True)
class _Transaction:
    method: int
    data: bytes
    remote: Address
    future: asyncio.Future[Response]
    key: bytes | None
    key_sha256: bytes | None
    any_source: bool
    rto: float
    attempts: int
    last_wait_s: float
    started: float
    sent: int = 0
    sent_at: float = 0.0
    timer: asyncio.TimerHandle | None = None
    discarded: list[str] = field(default_factory=list)
    integrity_failures: int = 0
    unsigned: StunError | None = None
    soft_errors: int = 0
    last_error: Exception | None = None


class StunClient:
    """Transactions on ``transport``, whose callbacks it takes.

    ``on_data(data, remote)`` gets everything else that arrives, ``on_error(error, remote)`` every
    failure of the transport, after the transactions it concerns have failed of it.
    ``on_send(method, number, remote)`` is told of each sending (1 is the first).
    """

    def __init__(
        self, transport: Transport, *, rto: float = RTO_S, attempts: int = ATTEMPTS
    ) -> None:
        self.transport = transport
        self.rto = rto
        self.attempts = attempts
        self.on_data: Callable[[bytes, Address], None] | None = None
        self.on_error: Callable[[Exception, Address | None], None] | None = None
        self.on_send: Callable[[int, int, Address], None] | None = None
        self.discarded = 0
        self._loop = asyncio.get_running_loop()
        self._transactions: dict[bytes, _Transaction] = {}
        transport.on_datagram = self.receive
        transport.on_error = self.fail

    @property
    def pending(self) -> int:
        """How many transactions wait for their answer."""
        return len(self._transactions)

    async def request(
        self,
        method: int,
        attributes: Iterable[tuple[int, Any]],
        remote: Address,
        *,
        key: bytes | None = None,
        key_sha256: bytes | None = None,
        rto: float | None = None,
        attempts: int | None = None,
        last_wait_s: float | None = None,
        fingerprint: bool = True,
        any_source: bool = False,
    ) -> Response:
        """Send a request until it is answered, and return the success response.

        ``attempts`` sendings ``rto``, twice that, four times that apart, then a last wait of 16
        times ``rto`` unless ``last_wait_s`` says otherwise; once and 39.5 s (or ``last_wait_s``)
        where the transport is reliable (RFC 8489, 6.2.1 and 6.2.2). ``key`` or ``key_sha256`` signs
        the request, and only what is signed with it answers (9.2.5). ``any_source`` takes answers
        from other addresses than ``remote`` (RFC 5780). Raises :class:`StunError`,
        :class:`NoAnswer`, :class:`IntegrityViolated`, :class:`Refused`, :class:`BadAnswer` or what
        ended the stream.
        """
        transaction_id = os.urandom(12)
        data = stun.build(
            method,
            stun.MessageClass.REQUEST,
            transaction_id,
            attributes,
            key=key,
            key_sha256=key_sha256,
            fingerprint=fingerprint,
        )
        rto = self.rto if rto is None else rto
        reliable = self.transport.reliable
        if last_wait_s is None:
            last_wait_s = RELIABLE_WAIT_S if reliable else LAST_WAIT * rto
        future: asyncio.Future[Response] = self._loop.create_future()
        transaction = _Transaction(
            method,
            data,
            remote,
            future,
            key,
            key_sha256,
            any_source,
            rto,
            1 if reliable else max(1, self.attempts if attempts is None else attempts),
            last_wait_s,
            self._loop.time(),
        )
        ended = getattr(self.transport, "error", None)
        if ended is not None:
            raise ended
        if getattr(self.transport, "closed", False):
            raise StreamClosed("the transport was closed")
        self._transactions[transaction_id] = transaction
        try:
            self._send(transaction)
            return await future
        finally:
            self._transactions.pop(transaction_id, None)
            if transaction.timer is not None:
                transaction.timer.cancel()

    def indicate(self, method: int, attributes: Iterable[tuple[int, Any]], remote: Address) -> None:
        """Send an indication, which nobody answers (RFC 8489, 6.2)."""
        kind = stun.MessageClass.INDICATION
        self.transport.send(stun.build(method, kind, os.urandom(12), attributes), remote)

    def close(self) -> None:
        """Fail what is pending and close the transport."""
        for transaction in list(self._transactions.values()):
            transaction.future.cancel()
        self.transport.close()

    # --- sending

    def _send(self, transaction: _Transaction) -> None:
        transaction.timer = None
        if transaction.future.done():
            return
        now = self._loop.time()
        if transaction.sent >= transaction.attempts:
            self._give_up(transaction, now)
            return
        transaction.sent += 1
        transaction.sent_at = now
        last = transaction.sent == transaction.attempts
        wait = transaction.last_wait_s if last else transaction.rto * 2 ** (transaction.sent - 1)
        transaction.timer = self._loop.call_later(wait, self._send, transaction)
        self.transport.send(transaction.data, transaction.remote)
        if self.on_send is not None:
            self.on_send(transaction.method, transaction.sent, transaction.remote)

    def _give_up(self, transaction: _Transaction, now: float) -> None:
        if transaction.unsigned is not None:
            _fail(transaction, transaction.unsigned)
            return
        if isinstance(transaction.last_error, OSError):
            error = Refused(transaction.last_error, transaction.remote, sent=transaction.sent)
            _fail(transaction, error)
            return
        kind = IntegrityViolated if transaction.integrity_failures else NoAnswer
        waited = now - transaction.started
        _fail(transaction, kind(waited, transaction.sent, discarded=transaction.discarded))

    # --- receiving

    def receive(self, data: bytes, remote: Address) -> None:
        """Take what arrived: the transport calls this."""
        if len(data) >= 20 and data[0] < 0x40 and data[0] & 1:
            # An answer: its class has the high bit, which is the low one of the first byte.
            transaction = self._transactions.get(data[8:20])
            if transaction is not None and not transaction.future.done():
                self._answer(transaction, data, remote)
                return
        if self.on_data is not None:
            self.on_data(data, remote)

    def _answer(self, transaction: _Transaction, data: bytes, remote: Address) -> None:
        if remote != transaction.remote and not transaction.any_source:
            self._discard(transaction, f"an answer from {remote}")
            return
        message, _ = stun.decode(data)
        whole = len(data) == 20 + int.from_bytes(data[2:4], "big")
        if message is None or not whole or not message.has_magic_cookie or message.truncated:
            self._discard(transaction, "a damaged answer")
            return
        if message.method != transaction.method:
            self._discard(transaction, f"an answer to {stun.method_name(message.method)}")
            return
        if stun.verify_fingerprint(message) is False:
            self._discard(transaction, "an answer with a wrong FINGERPRINT")
            return
        now = self._loop.time()
        failure = message.message_class == stun.MessageClass.ERROR
        error = None
        if failure:
            if message.error is None:
                self._discard(transaction, "an error response without a code")
                return
            code, reason = message.error
            error = StunError(code, reason, message, rtt_s=now - transaction.sent_at)
        if not self._is_signed(transaction, message, error):
            return
        if error is not None:
            _fail(transaction, error)
            return
        unknown = [
            item.type
            for item in message.attributes
            if item.type < 0x8000 and item.type not in _KNOWN_REQUIRED
        ]
        if unknown:
            names = ", ".join(map(stun.attribute_name, unknown[:4]))
            _fail(transaction, BadAnswer(f"the answer insists on unknown attributes: {names}"))
            return
        rtt = now - transaction.sent_at
        elapsed = now - transaction.started
        transaction.future.set_result(Response(message, rtt, elapsed, transaction.sent, remote))

    def _is_signed(
        self, transaction: _Transaction, message: stun.Message, error: StunError | None
    ) -> bool:
        """Whether an answer is signed as it must be; what is not has been dealt with."""
        if transaction.key_sha256 is not None:
            signed = stun.verify_message_integrity_sha256(message, transaction.key_sha256)
        elif transaction.key is not None:
            signed = stun.verify_message_integrity(message, transaction.key)
        else:
            return True
        if signed:
            return True
        if error is not None and (error.code in _UNSIGNED_ALLOWED or signed is None):
            if error.code in _UNSIGNED_ALLOWED:
                return True
            self._keep_unsigned(transaction, error)
            return False
        transaction.integrity_failures += 1
        self._discard(transaction, "an answer signed wrongly" if signed is False else "unsigned")
        if self.transport.reliable:
            self._give_up(transaction, self._loop.time())
        return False

    def _keep_unsigned(self, transaction: _Transaction, error: StunError) -> None:
        """An error that anybody may have sent: a signed answer still counts for more.

        RFC 8489, 9.2.5 has it discarded. What stands there is worth more to a person than a
        timeout, so it ends the transaction when the server had time for another answer.
        """
        if transaction.unsigned is None:
            transaction.unsigned = StunError(
                error.code,
                error.reason,
                error.message,
                rtt_s=error.rtt_s,
                authenticated=False,
            )
            wait = 0.0 if self.transport.reliable else 1.5 * transaction.rto
            self._loop.call_later(wait, self._end_unsigned, transaction)
        self._discard(transaction, f"an unsigned {error.code}")

    def _end_unsigned(self, transaction: _Transaction) -> None:
        if transaction.unsigned is not None:
            _fail(transaction, transaction.unsigned)

    def _discard(self, transaction: _Transaction, why: str) -> None:
        self.discarded += 1
        if len(transaction.discarded) < _MAX_DISCARDED and why not in transaction.discarded:
            transaction.discarded.append(why)

    def fail(self, error: Exception, remote: Address | None) -> None:
        """Take a failure of the transport: the transport calls this."""
        for transaction in list(self._transactions.values()):
            if remote is not None and transaction.remote != remote:
                continue
            if isinstance(error, ProbeError):
                _fail(transaction, error)
            elif isinstance(error, OSError) and remote is not None:
                self._fail_of(transaction, error)
        if self.on_error is not None:
            self.on_error(error, remote)

    def _fail_of(self, transaction: _Transaction, error: OSError) -> None:
        transaction.last_error = error
        if isinstance(error, IcmpError) and not error.hard and error.origin != "local":
            # A route may be found while we wait; twice the same means that it will not.
            transaction.soft_errors += 1
            if transaction.soft_errors < 2 and transaction.sent < transaction.attempts:
                return
        _fail(transaction, Refused(error, transaction.remote, sent=transaction.sent))


def _fail(transaction: _Transaction, error: ProbeError) -> None:
    if not transaction.future.done():
        transaction.future.set_exception(error)
