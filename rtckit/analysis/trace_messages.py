"""The messages of a trace: their words turned into bytes by the codecs that read them again."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rtckit.analysis.vantage import IcmpUnreachable
from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.wire import dtls, stun, turn
from rtckit.wire.rtcp import ReceiverReport, build_compound
from rtckit.wire.rtp import RtpPacket, build_rtp

__all__ = ["Conversation", "TraceError"]

_METHODS = {
    "binding": stun.Method.BINDING,
    "allocate": stun.Method.ALLOCATE,
    "refresh": stun.Method.REFRESH,
    "send": stun.Method.SEND,
    "data": stun.Method.DATA,
    "create-permission": stun.Method.CREATE_PERMISSION,
    "channel-bind": stun.Method.CHANNEL_BIND,
}
_CLASSES = {
    "request": stun.MessageClass.REQUEST,
    "indication": stun.MessageClass.INDICATION,
    "success": stun.MessageClass.SUCCESS,
    "error": stun.MessageClass.ERROR,
}
_DTLS_1_2, _DTLS_1_3 = 0xFEFD, 0xFEFC


class TraceError(ParseError):
    """A line of a trace that says nothing rtckit can encode."""


Fields = dict[str, str]


class Conversation:
    """Encodes the lines of a trace; remembers open requests and sequence numbers."""

    def __init__(self, names: Mapping[str, Address]) -> None:
        self._names = names
        self._count = 0
        self._open: dict[tuple[Address, Address, int], bytes] = {}
        self._rtp: dict[int, tuple[int, int]] = {}
        self._dtls: dict[tuple[Address, Address], int] = {}
        self._messages: dict[tuple[Address, Address], int] = {}

    def address(self, text: str) -> Address:
        """A name of the trace, or ``ip:port``; :class:`TraceError` for anything else."""
        if text in self._names:
            return self._names[text]
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit():
            raise TraceError(f"no address: {text!r}", expected="a name or ip:port")
        return Address(host.strip("[]"), int(port))

    def encode(
        self, src: Address, dst: Address, text: str
    ) -> Iterator[tuple[float, bytes | IcmpUnreachable]]:
        """(seconds after the line's time, payload) for every datagram the line stands for."""
        outer, _, inner = text.partition("|")
        word, *rest = outer.split()
        fields, arguments = _fields(rest)
        times, repeat = int(fields.pop("times", "1")), int(fields.pop("repeat", "1"))
        every = float(fields.pop("every", "0.02"))
        for number in range(times):
            payload = self._message(src, dst, word, fields, arguments, inner.strip())
            for again in range(repeat):
                yield (number * repeat + again) * every, payload

    def _message(
        self,
        src: Address,
        dst: Address,
        word: str,
        fields: Fields,
        arguments: list[str],
        inner: str,
    ) -> bytes | IcmpUnreachable:
        if word == "icmp-port-unreachable":
            source, target = self.address(fields["src"]), self.address(fields["dst"])
            return IcmpUnreachable(0, 0, src.ip, source, target, "port unreachable")
        method, _, kind = word.rpartition("-")
        if method in _METHODS and kind in _CLASSES:
            return self._stun(src, dst, _METHODS[method], _CLASSES[kind], fields, arguments, inner)
        encode: dict[str, Callable[..., bytes]] = {
            "channel": self._channel,
            "client-hello": self._client_hello,
            "server-hello": self._server_hello,
            "certificate": self._certificate,
            "change-cipher-spec": self._change_cipher_spec,
            "finished": self._finished,
            "application": self._application,
            "alert": self._alert,
            "rtp": self._rtp_packet,
            "rtcp": self._rtcp_packet,
        }
        if word not in encode:
            raise TraceError(f"no message: {word!r}", expected=", ".join(sorted(encode)))
        return encode[word](src, dst, fields, arguments, inner)

    # -- STUN and TURN ---------------------------------------------------------------------------

    def _transaction_id(
        self, src: Address, dst: Address, method: int, kind: stun.MessageClass, fields: Fields
    ) -> bytes:
        if "id" in fields:
            return hashlib.sha256(fields["id"].encode()).digest()[:12]
        if kind in (stun.MessageClass.SUCCESS, stun.MessageClass.ERROR):
            for (asker, asked, asked_method), known in reversed(self._open.items()):
                if asker == dst and asked_method == method:
                    del self._open[(asker, asked, asked_method)]
                    return known
        self._count += 1
        made = hashlib.sha256(f"{self._count}".encode()).digest()[:12]
        if kind is stun.MessageClass.REQUEST:
            self._open.pop((src, dst, method), None)
            self._open[(src, dst, method)] = made
        return made

    def _stun(
        self,
        src: Address,
        dst: Address,
        method: int,
        kind: stun.MessageClass,
        fields: Fields,
        arguments: list[str],
        inner: str,
    ) -> bytes:
        kinds = stun.AttributeType
        attributes: list[tuple[int, Any]] = []
        if "user" in fields:
            attributes.append((kinds.USERNAME, fields["user"]))
        if "realm" in fields:
            attributes.append((kinds.REALM, fields["realm"]))
        if "nonce" in fields:
            attributes.append((kinds.NONCE, fields["nonce"].encode()))
        if "peer" in fields:
            attributes.append((kinds.XOR_PEER_ADDRESS, self.address(fields["peer"])))
        if "mapped" in fields:
            attributes.append((kinds.XOR_MAPPED_ADDRESS, self.address(fields["mapped"])))
        if "relayed" in fields:
            attributes.append((kinds.XOR_RELAYED_ADDRESS, self.address(fields["relayed"])))
        if "lifetime" in fields:
            attributes.append((kinds.LIFETIME, int(fields["lifetime"])))
        if "channel" in fields:
            attributes.append((kinds.CHANNEL_NUMBER, int(fields["channel"], 0)))
        if "priority" in fields:
            attributes.append((kinds.PRIORITY, int(fields["priority"])))
        for role, attribute in (
            ("controlling", kinds.ICE_CONTROLLING),
            ("controlled", kinds.ICE_CONTROLLED),
        ):
            if role in arguments or role in fields:
                attributes.append((attribute, int(fields.get(role, "1"))))
        if "use-candidate" in arguments:
            attributes.append((kinds.USE_CANDIDATE, True))
        if kind is stun.MessageClass.ERROR:
            code = int(arguments[0])
            attributes.append((kinds.ERROR_CODE, (code, stun.error_name(code))))
        if inner:
            attributes.append((kinds.DATA, self._inner(src, dst, inner)))
        return stun.build(
            method,
            kind,
            self._transaction_id(src, dst, method, kind, fields),
            attributes,
            key=_key(fields),
        )

    def _inner(self, src: Address, dst: Address, inner: str) -> bytes:
        for _, payload in self.encode(src, dst, inner):
            if isinstance(payload, bytes):
                return payload
        raise TraceError(f"nothing to relay: {inner!r}")

    def _channel(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        data = self._inner(src, dst, inner)
        return turn.build_channel_data(turn.ChannelData(int(arguments[0], 0), data))

    # -- DTLS ------------------------------------------------------------------------------------

    def _record(
        self, src: Address, dst: Address, content_type: int, fragment: bytes, epoch: int = 0
    ) -> bytes:
        sequence = self._dtls.get((src, dst), 0)
        self._dtls[(src, dst)] = sequence + 1
        return dtls.build_record(dtls.Record(content_type, _DTLS_1_2, epoch, sequence, fragment))

    def _handshake(
        self, src: Address, dst: Address, msg_type: int, body: bytes, part: str = ""
    ) -> bytes:
        # A hello is message 0 however often it is sent; what follows it counts on.
        number = 0 if msg_type in (1, 2) else self._messages.get((src, dst), 0) + 1
        self._messages[(src, dst)] = number
        start, piece = 0, body
        if part:
            which, _, parts = part.partition("/")
            size = -(-len(body) // int(parts))
            start = (int(which) - 1) * size
            piece = body[start : start + size]
        fragment = dtls.HandshakeFragment(msg_type, len(body), number, start, piece)
        return self._record(src, dst, 22, dtls.build_handshake([fragment]))

    def _client_hello(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        profiles = tuple(int(item) for item in fields.get("profiles", "1,7").split(","))
        hello = dtls.Hello.CLIENT_HELLO
        extensions = [dtls.build_extension(14, dtls.UseSrtp(profiles, b""), hello)]
        if fields.get("version") == "1.3":
            extensions.append(dtls.build_extension(43, (_DTLS_1_3, _DTLS_1_2), hello))
        # Its random tells one handshake from another: it is made of the client's address.
        random = hashlib.sha256(str(src).encode()).digest()
        message = dtls.ClientHello(
            _DTLS_1_2, random, b"", b"", (0x1301, 0xC02B), b"\0", tuple(extensions)
        )
        body = dtls.build_client_hello(message)
        return self._handshake(src, dst, 1, body, fields.get("part", ""))

    def _server_hello(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        hello = dtls.Hello.SERVER_HELLO
        extensions = []
        if fields.get("version") == "1.3":
            extensions.append(dtls.build_extension(43, _DTLS_1_3, hello))
        elif "profile" in fields:
            chosen = dtls.UseSrtp((int(fields["profile"]),), b"")
            extensions.append(dtls.build_extension(14, chosen, hello))
        random = hashlib.sha256(str(src).encode()).digest()
        cipher = int(fields.get("cipher", "0xc02b"), 0)
        message = dtls.ServerHello(_DTLS_1_2, random, b"", cipher, 0, tuple(extensions))
        return self._handshake(src, dst, 2, dtls.build_server_hello(message))

    def _certificate(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        chain = dtls.Certificate((bytes.fromhex(fields.get("der", "00")),))
        return self._handshake(src, dst, 11, dtls.build_certificate(chain))

    def _change_cipher_spec(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        return self._record(src, dst, 20, b"\x01")

    def _finished(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        if fields.get("version") == "1.3":
            return self._unified(src, dst, 2)
        return self._record(src, dst, 22, bytes(40), epoch=1)

    def _application(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        if fields.get("version") == "1.3":
            return self._unified(src, dst, 3)
        return self._record(src, dst, 23, bytes(64), epoch=1)

    def _unified(self, src: Address, dst: Address, epoch: int) -> bytes:
        sequence = self._dtls.get((src, dst), 0)
        self._dtls[(src, dst)] = sequence + 1
        return dtls.build_record(
            dtls.Record(None, None, epoch, sequence, bytes(40), sequence_size=2)
        )

    def _alert(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        level = int(fields.get("level", "2"))
        return self._record(src, dst, 21, bytes([level, int(arguments[0])]))

    # -- media -----------------------------------------------------------------------------------

    def _rtp_packet(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        ssrc = int(fields.get("ssrc", "1"))
        sequence, timestamp = self._rtp.get(ssrc, (0, 0))
        sequence = int(fields.pop("seq", str(sequence))) & 0xFFFF
        timestamp = int(fields.pop("ts", str(timestamp))) & 0xFFFFFFFF
        self._rtp[ssrc] = (sequence + 1, timestamp + int(fields.get("step", "960")))
        return build_rtp(
            RtpPacket(
                int(fields.get("pt", "111")),
                sequence,
                timestamp,
                ssrc,
                bytes(int(fields.get("len", "60"))),
                "marker" in arguments,
            )
        )

    def _rtcp_packet(
        self, src: Address, dst: Address, fields: Fields, arguments: list[str], inner: str
    ) -> bytes:
        return build_compound([ReceiverReport(int(fields.get("ssrc", "1")))])


def _fields(words: list[str]) -> tuple[Fields, list[str]]:
    fields: Fields = {}
    arguments = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            fields[name] = value
        else:
            arguments.append(word)
    return fields, arguments


def _key(fields: Fields) -> bytes | None:
    """Authenticated messages carry MESSAGE-INTEGRITY: long-term with a realm, else short-term."""
    if "user" not in fields:
        return None
    if "realm" in fields:
        password = fields.get("password", "secret")
        return stun.long_term_key(fields["user"], fields["realm"], password)
    return stun.short_term_key(fields.get("pwd", "unspecified-password-of-trace"))
