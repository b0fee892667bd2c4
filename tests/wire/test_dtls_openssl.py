"""Real DTLS 1.2 handshakes of OpenSSL, read, and compared with what OpenSSL itself reports."""

import time

import pytest
from cryptography.hazmat.primitives import hashes

pytest.importorskip("OpenSSL")

from OpenSSL import SSL

from rtckit.wire.dtls import (
    Certificate,
    CertificateRequest,
    ChangeCipherSpec,
    ClientHello,
    ContentType,
    ExtensionType,
    HandshakeMessage,
    HandshakeType,
    HelloVerifyRequest,
    NewSessionTicket,
    Reassembler,
    Record,
    ServerHello,
    ServerKeyExchange,
    alert_name,
    build_certificate,
    build_certificate_request,
    build_client_hello,
    build_handshake,
    build_new_session_ticket,
    build_records,
    build_server_hello,
    build_server_key_exchange,
    cipher_suite_name,
    decode_body,
    describe,
    find_srtp_profile,
    find_version,
    fingerprint,
    fingerprint_matches,
    group_name,
    parse_alert,
    parse_change_cipher_spec,
    parse_handshake,
    parse_records,
)
from tests.wire import openssl_dtls
from tests.wire.openssl_dtls import Handshake

# OpenSSL's name for a suite, and IANA's (the table of openssl-ciphers(1)).
IANA_NAMES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES256-SHA": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}


class Reading:
    """A handshake as a watcher reads it: the messages in the clear, and the records of each end."""

    def __init__(self, handshake: Handshake) -> None:
        self.records: list[tuple[str, Record]] = []
        self.messages: dict[tuple[str, int], HandshakeMessage] = {}
        self.fragments = 0
        self.reassemblers = {"client": Reassembler(), "server": Reassembler()}
        for flight in handshake.flights:
            self.read(flight.sender, flight.data)

    def read(self, sender: str, data: bytes) -> None:
        records = parse_records(data)
        assert build_records(records) == data
        for record in records:
            self.records.append((sender, record))
            if record.content_type != ContentType.HANDSHAKE or record.encrypted:
                continue
            fragments = parse_handshake(record.fragment)
            assert build_handshake(fragments) == record.fragment
            for fragment in fragments:
                self.fragments += 1
                message = self.reassemblers[sender].add(fragment)
                if message is not None:
                    self.messages[sender, message.msg_type] = message

    def body(self, sender: str, kind: HandshakeType) -> object:
        body, problems = decode_body(self.messages[sender, kind])
        assert not problems
        return body


@pytest.mark.parametrize(
    ("kind", "ciphers"),
    [
        ("ecdsa", b"ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ecdsa", b"ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("ecdsa", b"ECDHE-ECDSA-AES256-SHA"),
        ("ecdsa", b""),
        ("rsa", b"ECDHE-RSA-AES128-GCM-SHA256"),
        ("rsa", b""),
    ],
)
@pytest.mark.parametrize("mtu", [256, 1200])
def test_a_handshake(kind: str, ciphers: bytes, mtu: int) -> None:
    handshake = openssl_dtls.perform(kind=kind, ciphers=ciphers, mtu=mtu)
    reading = Reading(handshake)
    client, server = handshake.client, handshake.server

    hello = reading.body("client", HandshakeType.CLIENT_HELLO)
    assert isinstance(hello, ClientHello)
    assert hello.random == client.client_random()
    assert hello.srtp_profiles == (8, 1)
    assert hello.extended_master_secret
    assert build_client_hello(hello) == reading.messages["client", HandshakeType.CLIENT_HELLO].body

    answer = reading.body("server", HandshakeType.SERVER_HELLO)
    assert isinstance(answer, ServerHello)
    assert answer.random == client.server_random()
    assert cipher_suite_name(answer.cipher_suite) == IANA_NAMES[client.get_cipher_name()]
    assert answer.cipher_suite in hello.cipher_suites
    assert answer.negotiated_version == client.get_protocol_version()
    assert answer.negotiated_version == find_version(client.get_protocol_version_name())
    chosen = client.get_selected_srtp_profile().decode()
    assert answer.srtp_profile == find_srtp_profile(chosen)
    assert build_server_hello(answer) == reading.messages["server", HandshakeType.SERVER_HELLO].body

    for sender in ("client", "server"):
        chain = reading.body(sender, HandshakeType.CERTIFICATE)
        assert chain == Certificate((handshake.der(sender),))
        assert build_certificate(chain) == reading.messages[sender, HandshakeType.CERTIFICATE].body

    exchange = reading.body("server", HandshakeType.SERVER_KEY_EXCHANGE)
    assert isinstance(exchange, ServerKeyExchange)
    assert group_name(exchange.named_curve).lower() == client.get_group_name().lower()
    assert exchange.named_curve in hello.supported_groups
    assert exchange.signature_algorithm in hello.signature_algorithms
    sent = reading.messages["server", HandshakeType.SERVER_KEY_EXCHANGE].body
    assert build_server_key_exchange(exchange) == sent

    request = reading.body("server", HandshakeType.CERTIFICATE_REQUEST)
    assert isinstance(request, CertificateRequest)
    sent = reading.messages["server", HandshakeType.CERTIFICATE_REQUEST].body
    assert build_certificate_request(request) == sent

    ticket = reading.body("server", HandshakeType.NEW_SESSION_TICKET)
    assert isinstance(ticket, NewSessionTicket)
    sent = reading.messages["server", HandshakeType.NEW_SESSION_TICKET].body
    assert build_new_session_ticket(ticket) == sent

    assert reading.body("server", HandshakeType.SERVER_HELLO_DONE) is None
    # Nobody lost anything, and small packets mean fragments.
    assert all(not one.pending for one in reading.reassemblers.values())
    assert all(not one.problems for one in reading.reassemblers.values())
    assert all(not one.retransmissions for one in reading.reassemblers.values())
    assert (reading.fragments > len(reading.messages)) == (mtu == 256)
    assert server.get_peer_certificate(as_cryptography=True) == handshake.client_certificate


def test_records_number_themselves_and_change_epoch_with_the_cipher() -> None:
    reading = Reading(openssl_dtls.perform())
    for sender in ("client", "server"):
        records = [record for one, record in reading.records if one == sender]
        changes = [record for record in records if record.content_type == 20]
        assert [parse_change_cipher_spec(change.fragment) for change in changes] == [
            ChangeCipherSpec()
        ]
        clear = [record for record in records if not record.encrypted]
        secret = [record for record in records if record.encrypted]
        # RFC 6347, 4.1: counted from 0 in each epoch.
        assert [record.sequence for record in clear] == list(range(len(clear)))
        assert clear[-1].content_type == ContentType.CHANGE_CIPHER_SPEC
        assert [(record.epoch, record.sequence) for record in secret] == [(1, 0)]
        assert secret[0].content_type == ContentType.HANDSHAKE


@pytest.mark.parametrize(
    ("offered", "accepted"),
    [
        (b"SRTP_AES128_CM_SHA1_80", b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"),
        (b"SRTP_AES128_CM_SHA1_32:SRTP_AEAD_AES_128_GCM", b"SRTP_AEAD_AES_128_GCM"),
        (b"SRTP_AEAD_AES_128_GCM", b"SRTP_AES128_CM_SHA1_80"),
        (b"", b"SRTP_AES128_CM_SHA1_80"),
    ],
)
def test_srtp_profiles(offered: bytes, accepted: bytes) -> None:
    handshake = openssl_dtls.perform(client_profiles=offered, server_profiles=accepted)
    reading = Reading(handshake)
    hello = reading.body("client", HandshakeType.CLIENT_HELLO)
    answer = reading.body("server", HandshakeType.SERVER_HELLO)
    assert isinstance(hello, ClientHello)
    assert isinstance(answer, ServerHello)
    names = [name for name in offered.decode().split(":") if name]
    assert hello.srtp_profiles == tuple(find_srtp_profile(name) for name in names)
    chosen = handshake.server.get_selected_srtp_profile().decode()
    assert answer.srtp_profile == (find_srtp_profile(chosen) if chosen else None)
    assert hello.has(ExtensionType.USE_SRTP) == bool(names)


def test_names_and_protocols() -> None:
    handshake = openssl_dtls.perform(alpn=(b"webrtc", b"c-webrtc"), server_name=b"peer.example")
    reading = Reading(handshake)
    hello = reading.body("client", HandshakeType.CLIENT_HELLO)
    answer = reading.body("server", HandshakeType.SERVER_HELLO)
    assert isinstance(hello, ClientHello)
    assert isinstance(answer, ServerHello)
    assert hello.server_name == handshake.server.get_servername().decode()
    assert hello.alpn == ("webrtc", "c-webrtc")
    assert answer.alpn == handshake.client.get_alpn_proto_negotiated().decode()


def test_the_certificate_that_was_sent() -> None:
    handshake = openssl_dtls.perform(kind="rsa")
    certificate = handshake.server_certificate
    facts = describe(handshake.der("server"))
    assert facts.subject == certificate.subject.rfc4514_string()
    assert (facts.not_before, facts.not_after) == (
        openssl_dtls.NOT_BEFORE,
        openssl_dtls.NOT_AFTER,
    )
    assert facts.key == "RSA 2048"
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert fingerprint(handshake.der("server")) == digest
    assert fingerprint_matches(handshake.der("server"), "SHA-256", digest.lower())


def test_a_cookie_exchange() -> None:
    certificate, key = openssl_dtls.make_certificate("x", "ecdsa")
    client_context = openssl_dtls.make_context(certificate, key, b"", b"")
    server_context = openssl_dtls.make_context(certificate, key, b"", b"")
    server_context.set_cookie_generate_callback(lambda connection: b"a cookie of ours")
    server_context.set_cookie_verify_callback(lambda connection, cookie: True)
    client = openssl_dtls.connect(client_context, server=False, mtu=1200)
    server = openssl_dtls.connect(server_context, server=True, mtu=1200)

    first = openssl_dtls.advance(client)
    server.bio_write(first)
    with pytest.raises(SSL.WantReadError):
        server.DTLSv1_listen()
    demand = openssl_dtls.written(server)
    client.bio_write(demand)
    second = openssl_dtls.advance(client)

    (record,) = parse_records(demand)
    (fragment,) = parse_handshake(record.fragment)
    message = Reassembler().add(fragment)
    assert message is not None
    assert message.msg_type == HandshakeType.HELLO_VERIFY_REQUEST
    request, problems = decode_body(message)
    assert not problems
    assert request == HelloVerifyRequest(0xFEFF, b"a cookie of ours")

    watcher = Reassembler()
    hellos = []
    for data in (first, second):
        (record,) = parse_records(data)
        for fragment in parse_handshake(record.fragment):
            message = watcher.add(fragment)
            assert message is not None
            body, problems = decode_body(message)
            assert not problems
            assert isinstance(body, ClientHello)
            hellos.append((message.message_seq, body))
    (_, without), (_, with_cookie) = hellos
    assert [seq for seq, _ in hellos] == [0, 1]
    assert without.cookie == b""
    assert with_cookie.cookie == b"a cookie of ours"
    assert with_cookie.random == without.random
    assert watcher.handshakes == 1
    assert watcher.retransmissions == 0


def test_a_handshake_that_fails_ends_in_an_alert_in_the_clear() -> None:
    with pytest.raises(SSL.Error, match="no shared cipher"):
        openssl_dtls.perform(ciphers=b"ECDHE-RSA-AES128-GCM-SHA256", kind="ecdsa")

    certificate, key = openssl_dtls.make_certificate("x", "ecdsa")
    only_rsa = b"ECDHE-RSA-AES128-GCM-SHA256"
    client = openssl_dtls.connect(
        openssl_dtls.make_context(certificate, key, b"", only_rsa), server=False, mtu=1200
    )
    server = openssl_dtls.connect(
        openssl_dtls.make_context(certificate, key, b"", b""), server=True, mtu=1200
    )
    server.bio_write(openssl_dtls.advance(client))
    with pytest.raises(SSL.Error):
        server.do_handshake()
    data = openssl_dtls.written(server)
    (record,) = parse_records(data)
    assert record.content_type == ContentType.ALERT
    assert not record.encrypted
    alert = parse_alert(record.fragment)
    assert alert.fatal
    client.bio_write(data)
    # OpenSSL names the alert it received: "ssl/tls alert handshake failure".
    with pytest.raises(SSL.Error, match=alert_name(alert.description).replace("_", " ")):
        client.do_handshake()


def test_a_retransmission_is_a_new_record_of_the_same_message() -> None:
    certificate, key = openssl_dtls.make_certificate("x", "ecdsa")
    context = openssl_dtls.make_context(certificate, key, b"SRTP_AES128_CM_SHA1_80", b"")
    client = openssl_dtls.connect(context, server=False, mtu=1200)
    first = openssl_dtls.advance(client)
    time.sleep(client.DTLSv1_get_timeout() + 0.02)
    assert client.DTLSv1_handle_timeout()
    again = openssl_dtls.written(client)

    watcher = Reassembler()
    records = [parse_records(data)[0] for data in (first, again)]
    assert [record.sequence for record in records] == [0, 1]
    messages = [
        watcher.add(fragment) for record in records for fragment in parse_handshake(record.fragment)
    ]
    assert [message is not None for message in messages] == [True, False]
    assert watcher.retransmissions == 1
    assert watcher.handshakes == 1


def test_closing_sends_an_alert_that_cannot_be_read() -> None:
    handshake = openssl_dtls.perform()
    handshake.client.shutdown()
    (record,) = parse_records(openssl_dtls.written(handshake.client))
    assert record.content_type == ContentType.ALERT
    assert record.encrypted
    # An explicit nonce of 8 bytes, two of alert, a tag of 16 (RFC 5288, 3).
    assert len(record.fragment) == 26


def test_application_data_keeps_its_length_to_itself_but_for_the_overhead() -> None:
    handshake = openssl_dtls.perform()
    handshake.client.send(b"x" * 500)
    (record,) = parse_records(openssl_dtls.written(handshake.client))
    assert record.content_type == ContentType.APPLICATION_DATA
    assert (record.epoch, record.sequence) == (1, 1)
    assert len(record.fragment) == 8 + 500 + 16
