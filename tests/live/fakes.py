"""Transports without sockets, and a TURN server in a few lines that speaks RFC 8489 in full."""

import asyncio
from collections.abc import Callable
from typing import Any

from rtckit.core.address import Address
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from rtckit.wire.turn import decode_channel_data

SERVER = Address("203.0.113.10", 3478)
LOCAL = Address("10.0.0.2", 40000)
RELAYED = Address("203.0.113.10", 50000)
MAPPED = Address("198.51.100.7", 40000)


class FakeTransport:
    """Keeps what is sent; ``server`` may answer it, in the loop's next turn."""

    def __init__(self, reliable: bool = False) -> None:
        self.local = LOCAL
        self.reliable = reliable
        self.on_datagram: Callable[[bytes, Address], None] = lambda data, remote: None
        self.on_error: Callable[[Exception, Address | None], None] = lambda error, remote: None
        self.sent: list[tuple[bytes, Address]] = []
        self.server: Callable[[bytes], list[bytes]] | None = None
        self.closed = False
        self.error: Exception | None = None

    def send(self, data: bytes, remote: Address) -> None:
        self.sent.append((data, remote))
        if self.server is not None:
            for answer in self.server(data):
                asyncio.get_running_loop().call_soon(self.arrive, answer, remote)

    def arrive(self, data: bytes, remote: Address = SERVER) -> None:
        if not self.closed:
            self.on_datagram(data, remote)

    def close(self) -> None:
        self.closed = True

    def requests(self, method: int) -> list[stun.Message]:
        found = []
        for data, _ in self.sent:
            if data[0] < 0x40:
                message = stun.parse(data)
                if message.method == method and message.message_class == MessageClass.REQUEST:
                    found.append(message)
        return found


class FakeTurnServer:
    """Answers one client as RFC 8489 and RFC 8656 have it, with any of the security features.

    ``algorithms`` are offered in PASSWORD-ALGORITHMS (None: not at all), ``anonymous`` asks for
    USERHASH; ``stale_after`` requests with one nonce it takes a new one.
    """

    def __init__(
        self,
        *,
        algorithms: tuple[int, ...] | None = None,
        anonymous: bool = False,
        stale_after: int = 10**9,
        username: str = "alice",
        password: str = "open sesame",
        realm: str = "example.org",
    ) -> None:
        self.algorithms = algorithms
        self.anonymous = anonymous
        self.stale_after = stale_after
        self.username, self.password, self.realm = username, password, realm
        self.number = 0
        self.used = 0
        self.allocated = False
        self.lifetime = 600
        self.permissions: set[str] = set()
        self.channels: dict[int, Address] = {}
        self.relayed_data: list[tuple[bytes, Address]] = []
        self.seen: list[stun.Message] = []

    @property
    def nonce(self) -> bytes:
        features = stun.SecurityFeatures(0)
        if self.algorithms is not None:
            features |= stun.SecurityFeatures.PASSWORD_ALGORITHMS
        if self.anonymous:
            features |= stun.SecurityFeatures.USERNAME_ANONYMITY
        tail = b"nonce%d" % self.number
        return (stun.build_nonce_cookie(features) if features else b"") + tail

    def _algorithms(self) -> list[tuple[int, Any]]:
        if self.algorithms is None:
            return []
        return [(T.PASSWORD_ALGORITHMS, tuple(stun.PasswordAlgorithm(n) for n in self.algorithms))]

    def __call__(self, data: bytes) -> list[bytes]:
        if data[0] >= 0x40:
            channel_data, _ = decode_channel_data(data)
            if channel_data is not None and channel_data.channel in self.channels:
                peer = self.channels[channel_data.channel]
                self.relayed_data.append((channel_data.data, peer))
            return []
        message = stun.parse(data)
        self.seen.append(message)
        if message.message_class == MessageClass.INDICATION:
            peer = message.xor_peer_address
            assert peer is not None
            if peer.ip in self.permissions:
                self.relayed_data.append((message.data or b"", peer))
            return []
        if message.method == Method.BINDING:
            return [self._success(message, [(T.XOR_MAPPED_ADDRESS, MAPPED)], None)]
        if not message.has_integrity:
            return [self._challenge(message, 401)]
        return self._signed(message)

    def _signed(self, message: stun.Message) -> list[bytes]:
        chosen = message.get(T.PASSWORD_ALGORITHM)
        name = {1: "MD5", 2: "SHA-256"}[chosen.number if chosen else 1]
        key = stun.long_term_key(self.username, self.realm, self.password, name)
        if self.anonymous:
            right = message.get(T.USERHASH) == stun.userhash(self.username, self.realm)
        else:
            right = message.username == self.username
        if self.algorithms is not None and chosen is not None:
            assert message.get(T.PASSWORD_ALGORITHMS) is not None
            good = stun.verify_message_integrity_sha256(message, key)
        else:
            good = stun.verify_message_integrity(message, key)
        if not (right and good):
            return [self._challenge(message, 401)]
        if message.nonce != self.nonce or self.used >= self.stale_after:
            self.number += 1
            self.used = 0
            return [self._challenge(message, 438)]
        self.used += 1
        return [self._act(message, key)]

    def _challenge(self, message: stun.Message, code: int) -> bytes:
        attributes = [(T.ERROR_CODE, (code, "")), (T.REALM, self.realm), (T.NONCE, self.nonce)]
        return stun.build(
            message.method,
            MessageClass.ERROR,
            message.transaction_id,
            [*attributes, *self._algorithms()],
        )

    def _success(
        self, message: stun.Message, attributes: list[tuple[int, Any]], key: bytes | None
    ) -> bytes:
        keys: dict[str, bytes] = {}
        if key is not None:
            keys = {"key_sha256" if message.has(T.PASSWORD_ALGORITHM) else "key": key}
        return stun.build(
            message.method,
            MessageClass.SUCCESS,
            message.transaction_id,
            attributes,
            **keys,  # type: ignore[arg-type]
        )

    def _act(self, message: stun.Message, key: bytes) -> bytes:
        attributes: list[tuple[int, Any]] = []
        if message.method == Method.ALLOCATE:
            self.allocated = True
            attributes = [
                (T.XOR_RELAYED_ADDRESS, RELAYED),
                (T.XOR_MAPPED_ADDRESS, MAPPED),
                (T.LIFETIME, self.lifetime),
            ]
        elif message.method == Method.REFRESH:
            wanted = message.lifetime
            self.allocated = wanted != 0
            attributes = [(T.LIFETIME, self.lifetime if wanted is None else wanted)]
        elif message.method == Method.CREATE_PERMISSION:
            self.permissions |= {peer.ip for peer in message.xor_peer_addresses}
        elif message.method == Method.CHANNEL_BIND:
            peer = message.xor_peer_address
            assert peer is not None
            self.channels[message.channel_number or 0] = peer
            self.permissions.add(peer.ip)
        return self._success(message, attributes, key)
