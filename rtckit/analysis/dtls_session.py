"""DTLS sessions rebuilt from records (RFC 6347, RFC 9147): roles, choice, certificates, outcome.

One session is one association over one ICE transport, whatever pairs it ran on. From DTLS 1.3 on
everything after ServerHello is encrypted: version and cipher suite are readable, the certificate
and the SRTP profile are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rtckit.analysis.decode import Packet
from rtckit.analysis.transactions import Sighting
from rtckit.core.address import Address
from rtckit.core.findings import Problem
from rtckit.wire import dtls

__all__ = ["AlertSeen", "DtlsSession", "Endpoint"]

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA, _ACK = 20, 21, 22, 23, 26
_DTLS_1_2, _DTLS_1_3 = 0xFEFD, 0xFEFC


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """An alert; ``level`` and ``description`` are None where it is encrypted."""

    src: Address
    level: int | None
    description: int | None
    seen: Sighting

    @property
    def name(self) -> str:
        """The alert's registered name, or that it cannot be read."""
        return "encrypted alert" if self.description is None else dtls.alert_name(self.description)

    @property
    def fatal(self) -> bool:
        """Whether the alert ends the session with a failure."""
        return self.description is not None and (self.level == 2 and self.description != 0)


@dataclass(slots=True)
class Endpoint:
    """What one end sent."""

    reassembler: dtls.Reassembler = field(default_factory=dtls.Reassembler)
    records: int = 0
    datagrams: int = 0
    handshake_datagrams: int = 0
    change_cipher_spec: Sighting | None = None
    encrypted_handshake: Sighting | None = None
    application: Sighting | None = None
    application_records: int = 0
    application_bytes: int = 0
    certificates: tuple[bytes, ...] = ()
    certificate_seen: Sighting | None = None
    hello_transmissions: int = 0


@dataclass(slots=True)
class DtlsSession:
    """One DTLS association, as seen from one vantage point.

    ``client`` and ``server`` are addresses in the pair of the first ClientHello. ``version`` is the
    negotiated wire version (0xfefd, 0xfefc); ``cipher_suite`` and ``srtp_profile`` are IANA
    numbers, ``srtp_profile`` None where the server's choice is encrypted.
    """

    vantage: str
    key: object
    client: Address | None = None
    server: Address | None = None
    client_side: str | None = None
    ends: dict[str, Endpoint] = field(
        default_factory=lambda: {"client": Endpoint(), "server": Endpoint()}
    )
    client_hello: dtls.ClientHello | None = None
    client_hello_seen: Sighting | None = None
    server_hello: dtls.ServerHello | None = None
    server_hello_seen: Sighting | None = None
    hello_verify: Sighting | None = None
    hello_retry: Sighting | None = None
    first: Sighting | None = None
    last: Sighting | None = None
    completed: Sighting | None = None
    alerts: list[AlertSeen] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def feed(self, packet: Packet, side: str | None) -> None:
        """Add a DTLS datagram that agent ``side`` (``a``, ``b`` or unknown) sent."""
        seen = Sighting(packet.frame, packet.time_ns)
        records, problems = dtls.decode_records(packet.payload)
        for problem in problems:
            self._note(problem, packet.frame)
        self.first = self.first or seen
        self.last = seen
        role = self._role_of(packet, records, side)
        end = self.ends[role]
        end.datagrams += 1
        if any(record.content_type == _HANDSHAKE for record in records):
            end.handshake_datagrams += 1
        for record in records:
            end.records += 1
            self._feed_record(record, end, role, packet, seen)
        self._judge_completion(seen)

    def _note(self, problem: Problem, frame: int) -> None:
        if len(self.problems) < 50:
            self.problems.append(Problem(problem.message, problem.offset, problem.expected, frame))

    def _role_of(self, packet: Packet, records: tuple[dtls.Record, ...], side: str | None) -> str:
        if self.client is None and _starts_client_hello(records):
            self.client, self.server, self.client_side = packet.src, packet.dst, side
        if side is not None and self.client_side is not None:
            return "client" if side == self.client_side else "server"
        if self.client is None:
            # The handshake was not captured: the ends are told apart, their roles are not known.
            return "client" if packet.src <= packet.dst else "server"
        if packet.src == self.client:
            return "client"
        return "server" if packet.src == self.server or packet.dst == self.client else "client"

    def _feed_record(
        self, record: dtls.Record, end: Endpoint, role: str, packet: Packet, seen: Sighting
    ) -> None:
        if record.unified:
            # RFC 9147, 4.2.2: epoch 2 protects the handshake, 3 and up application data.
            if record.epoch == 2:
                end.encrypted_handshake = end.encrypted_handshake or seen
            else:
                self._count_application(record, end, seen)
        elif record.content_type == _CHANGE_CIPHER_SPEC:
            end.change_cipher_spec = end.change_cipher_spec or seen
        elif record.content_type == _ALERT:
            self._feed_alert(record, packet, seen)
        elif record.content_type == _APPLICATION_DATA:
            self._count_application(record, end, seen)
        elif record.content_type == _HANDSHAKE:
            if record.epoch > 0:
                end.encrypted_handshake = end.encrypted_handshake or seen
            else:
                self._feed_handshake(record, end, role, seen)

    @staticmethod
    def _count_application(record: dtls.Record, end: Endpoint, seen: Sighting) -> None:
        end.application = end.application or seen
        end.application_records += 1
        end.application_bytes += len(record.fragment)

    def _feed_alert(self, record: dtls.Record, packet: Packet, seen: Sighting) -> None:
        level = description = None
        if record.epoch == 0 and len(record.fragment) == 2:
            level, description = record.fragment[0], record.fragment[1]
        if len(self.alerts) < 100:
            self.alerts.append(AlertSeen(packet.src, level, description, seen))

    def _feed_handshake(
        self, record: dtls.Record, end: Endpoint, role: str, seen: Sighting
    ) -> None:
        fragments, problems = dtls.decode_handshake(record.fragment)
        for problem in problems:
            self._note(problem, seen.frame)
        for fragment in fragments:
            if fragment.msg_type in (1, 2) and fragment.fragment_offset == 0:
                end.hello_transmissions += 1
            message = end.reassembler.add(fragment)
            if message is not None:
                self._feed_message(message, end, role, seen)

    def _feed_message(
        self, message: dtls.HandshakeMessage, end: Endpoint, role: str, seen: Sighting
    ) -> None:
        kind = message.msg_type
        if kind == 1 and role == "client":
            hello, problems = dtls.decode_client_hello(message.body)
            self.client_hello = hello or self.client_hello
            self.client_hello_seen = self.client_hello_seen or seen
        elif kind == 2 and role == "server":
            answer, problems = dtls.decode_server_hello(message.body)
            if answer is not None and answer.is_hello_retry_request:
                self.hello_retry = seen
            elif answer is not None:
                self.server_hello, self.server_hello_seen = answer, seen
        elif kind == 3:
            self.hello_verify, problems = seen, ()
        elif kind == 11:
            chain, problems = dtls.decode_certificate(message.body)
            if chain is not None:
                end.certificates, end.certificate_seen = chain.certificates, seen
        else:
            return
        for problem in problems:
            self._note(problem, seen.frame)

    def _judge_completion(self, seen: Sighting) -> None:
        if self.completed is not None:
            return
        client, server = self.ends["client"], self.ends["server"]
        both_finished = client.encrypted_handshake and server.encrypted_handshake
        if self.version == _DTLS_1_3:
            # Both Finished are inside epoch 2; the client's flight is the last of them.
            done = bool(both_finished)
        else:
            done = bool(both_finished and client.change_cipher_spec and server.change_cipher_spec)
        if done or (client.application and server.application):
            self.completed = seen

    # -- what was chosen -------------------------------------------------------------------------

    @property
    def version(self) -> int | None:
        """The negotiated version, as on the wire."""
        return self.server_hello.negotiated_version if self.server_hello else None

    @property
    def version_name(self) -> str | None:
        """``DTLS 1.2`` or ``DTLS 1.3``."""
        return dtls.version_name(self.version) if self.version is not None else None

    @property
    def cipher_suite(self) -> int | None:
        """The IANA number of the cipher suite chosen."""
        return self.server_hello.cipher_suite if self.server_hello else None

    @property
    def cipher_name(self) -> str | None:
        """The IANA name of the cipher suite chosen."""
        return dtls.cipher_suite_name(self.cipher_suite) if self.cipher_suite is not None else None

    @property
    def srtp_profile(self) -> int | None:
        """The SRTP protection profile chosen; None in DTLS 1.3, where the choice is encrypted."""
        return self.server_hello.srtp_profile if self.server_hello else None

    @property
    def srtp_profiles_offered(self) -> tuple[int, ...]:
        """The profiles the client offered in use_srtp (RFC 5764, 4.1.1)."""
        return tuple(self.client_hello.srtp_profiles) if self.client_hello else ()

    @property
    def duration_ns(self) -> int | None:
        """From the first ClientHello record to the last flight; None while not complete."""
        if self.completed is None or self.first is None:
            return None
        return self.completed.time_ns - self.first.time_ns

    @property
    def retransmissions(self) -> int:
        """Handshake fragments sent again by either end."""
        return sum(end.reassembler.retransmissions for end in self.ends.values())

    @property
    def fatal_alerts(self) -> list[AlertSeen]:
        """Readable alerts that end a session with a failure."""
        return [alert for alert in self.alerts if alert.fatal]

    def fingerprints(self, role: str, hash_function: str = "sha-256") -> Iterator[str]:
        """The fingerprints of the certificates an end sent in clear (RFC 8122), leaf first."""
        for der in self.ends[role].certificates:
            yield dtls.fingerprint(der, hash_function)


def _starts_client_hello(records: tuple[dtls.Record, ...]) -> bool:
    return any(
        record.content_type == _HANDSHAKE and record.epoch == 0 and record.fragment[:1] == b"\x01"
        for record in records
    )
