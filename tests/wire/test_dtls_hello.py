"""The hellos against bytes laid out by hand from RFC 6347, RFC 8446 and RFC 9147."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    ClientHello,
    ContentType,
    Extension,
    ExtensionType,
    HandshakeMessage,
    HelloVerifyRequest,
    KeyShareEntry,
    Reassembler,
    ServerHello,
    UseSrtp,
    Version,
    build_client_hello,
    build_hello_verify_request,
    build_server_hello,
    decode_body,
    decode_client_hello,
    decode_handshake,
    decode_hello_verify_request,
    decode_records,
    decode_server_hello,
    parse_client_hello,
    parse_hello_verify_request,
    parse_server_hello,
)
from tests.strategies.dtls import client_hellos, hello_verify_requests, server_hellos

RANDOM = bytes(range(32))
RANDOM_HEX = RANDOM.hex()

# A DTLS 1.2 client as WebRTC peers are: no session id, no cookie, two suites, and extensions.
CLIENT_HELLO = bytes.fromhex(
    "fefd" + RANDOM_HEX + "00"  # session_id
    "00"  # cookie
    "0004 c02b cca9"
    "01 00"  # compression methods: null
    "0037"  # extensions: 55 bytes
    "000e 0009 0006 0007 0008 0001 00"  # use_srtp: GCM 128, GCM 256, AES_CM_80; no MKI
    "000a 0006 0004 001d 0017"  # supported_groups: x25519, secp256r1
    "000b 0002 01 00"  # ec_point_formats: uncompressed
    "000d 0006 0004 0403 0804"  # signature_algorithms
    "0017 0000"  # extended_master_secret
    "ff01 0001 00"  # renegotiation_info, empty
    "0036 0003 02 beef"  # connection_id
)

SERVER_HELLO = bytes.fromhex(
    "fefd"
    + RANDOM_HEX
    + "04 deadbeef"  # session_id
    + "c02b 00"
    + "0013"  # extensions: 19 bytes
    + "000e 0006 0002 0007 01 55"  # use_srtp: GCM 128, MKI 55
    + "0017 0000"
    + "ff01 0001 00"
)


def test_a_client_hello() -> None:
    hello = parse_client_hello(CLIENT_HELLO)
    assert hello.legacy_version == 0xFEFD
    assert hello.random == RANDOM
    assert hello.session_id == b""
    assert hello.cookie == b""
    assert hello.cipher_suites == (0xC02B, 0xCCA9)
    assert hello.compression_methods == b"\0"
    assert [kind for kind, _ in hello.extensions] == [14, 10, 11, 13, 23, 0xFF01, 54]
    assert hello.use_srtp == UseSrtp((7, 8, 1), b"")
    assert hello.srtp_profiles == (7, 8, 1)
    assert hello.srtp_mki == b""
    assert hello.supported_groups == (29, 23)
    assert hello.value(ExtensionType.EC_POINT_FORMATS) == (0,)
    assert hello.signature_algorithms == (0x0403, 0x0804)
    assert hello.extended_master_secret
    assert hello.renegotiation_info == b""
    assert hello.connection_id == b"\xbe\xef"
    assert build_client_hello(hello) == CLIENT_HELLO


def test_what_a_client_hello_does_not_say() -> None:
    hello = parse_client_hello(CLIENT_HELLO[: 2 + 32 + 2 + 6 + 2])
    assert hello.extensions == ()
    assert hello.supported_versions == ()
    assert hello.offered_versions == (0xFEFD,)
    assert hello.use_srtp is None
    assert hello.srtp_profiles == ()
    assert hello.srtp_mki is None
    assert hello.key_shares == ()
    assert hello.server_name is None
    assert hello.alpn == ()
    assert hello.connection_id is None
    assert hello.retry_cookie is None
    assert hello.renegotiation_info is None
    assert not hello.extended_master_secret


def browser_hello(cookie: bytes = b"") -> bytes:
    """A ClientHello as browsers send it for DTLS 1.3, with an X25519MLKEM768 share, by hand.

    1184 bytes of ML-KEM-768 encapsulation key and 32 of X25519 make a share of 1216.
    """
    shares = bytes.fromhex("11ec 04c0") + b"K" * 1216 + bytes.fromhex("001d 0020") + b"x" * 32
    extensions = (
        bytes.fromhex("002b 0005 04 fefc fefd")
        + bytes.fromhex("000a 000a 0008 11ec 001d 0017 0018")
        + bytes.fromhex("0033")
        + (len(shares) + 2).to_bytes(2, "big")
        + len(shares).to_bytes(2, "big")
        + shares
        + bytes.fromhex("000e 0007 0004 0001 0008 00")
        + bytes.fromhex("0000 0010 000e 00 000b")
        + b"example.com"
        + bytes.fromhex("0010 0012 0010 06")
        + b"webrtc"
        + bytes.fromhex("08")
        + b"c-webrtc"
    )
    return (
        bytes.fromhex("fefd" + RANDOM_HEX + "00")
        + bytes([len(cookie)])
        + cookie
        + bytes.fromhex("0006 1301 1303 c02b 01 00")
        + len(extensions).to_bytes(2, "big")
        + extensions
    )


def test_a_client_hello_of_dtls_1_3_with_a_post_quantum_share() -> None:
    hello = parse_client_hello(browser_hello())
    assert hello.legacy_version == Version.DTLS_1_2
    assert hello.supported_versions == (0xFEFC, 0xFEFD)
    assert hello.offered_versions == (0xFEFC, 0xFEFD)
    assert hello.supported_groups == (0x11EC, 0x1D, 0x17, 0x18)
    assert hello.key_shares == (KeyShareEntry(0x11EC, b"K" * 1216), KeyShareEntry(0x1D, b"x" * 32))
    assert hello.server_name == "example.com"
    assert hello.alpn == ("webrtc", "c-webrtc")
    assert build_client_hello(hello) == browser_hello()


def test_it_comes_in_two_datagrams() -> None:
    body = browser_hello()
    head = bytes.fromhex("01") + len(body).to_bytes(3, "big") + bytes.fromhex("0000")
    datagrams = []
    for number, (start, end) in enumerate([(0, 1175), (1175, len(body))]):
        part = head + start.to_bytes(3, "big") + (end - start).to_bytes(3, "big") + body[start:end]
        header = bytes.fromhex("16 feff 0000") + number.to_bytes(6, "big")
        datagrams.append(header + len(part).to_bytes(2, "big") + part)
    reassembler = Reassembler()
    messages = []
    for datagram in datagrams:
        records, problems = decode_records(datagram)
        assert not problems
        for record in records:
            assert record.content_type == ContentType.HANDSHAKE
            fragments, problems = decode_handshake(record.fragment)
            assert not problems
            messages += [reassembler.add(fragment) for fragment in fragments]
    assert messages == [None, HandshakeMessage(1, 0, body)]
    hello, problems = decode_body(HandshakeMessage(1, 0, body))
    assert not problems
    assert hello == parse_client_hello(body)


def test_a_server_hello() -> None:
    hello = parse_server_hello(SERVER_HELLO)
    assert hello.legacy_version == 0xFEFD
    assert hello.random == RANDOM
    assert hello.session_id == bytes.fromhex("deadbeef")
    assert hello.cipher_suite == 0xC02B
    assert hello.negotiated_version == 0xFEFD
    assert hello.srtp_profile == 7
    assert hello.srtp_mki == b"\x55"
    assert hello.extended_master_secret
    assert hello.renegotiation_info == b""
    assert not hello.is_hello_retry_request
    assert hello.downgraded_to is None
    assert hello.key_share is None
    assert hello.selected_group is None
    assert hello.alpn is None
    assert hello.connection_id is None
    assert build_server_hello(hello) == SERVER_HELLO


def test_a_server_hello_of_dtls_1_3() -> None:
    hello = parse_server_hello(
        bytes.fromhex("fefd" + RANDOM_HEX + "00 1301 00")
        + bytes.fromhex("002e 002b 0002 fefc 0033 0024 001d 0020")
        + b"y" * 32
    )
    assert hello.legacy_version == 0xFEFD
    assert hello.negotiated_version == 0xFEFC
    assert hello.cipher_suite == 0x1301
    assert hello.key_share == KeyShareEntry(0x1D, b"y" * 32)
    assert hello.selected_group == 0x1D
    assert hello.srtp_profile is None
    assert hello.srtp_mki is None


def test_a_hello_retry_request() -> None:
    random = hashlib.sha256(b"HelloRetryRequest").digest()
    hello = parse_server_hello(
        bytes.fromhex("fefd")
        + random
        + bytes.fromhex("00 1301 00 0014 002b 0002 fefc 0033 0002 0017 002c 0004 0002 c00c")
    )
    assert hello.is_hello_retry_request
    assert hello.negotiated_version == 0xFEFC
    # RFC 8446, 4.2.8: here the key_share is a group alone.
    assert hello.selected_group == 0x17
    assert hello.key_share is None
    assert hello.retry_cookie == b"\xc0\x0c"


@pytest.mark.parametrize(
    ("sentinel", "version"),
    [
        ("44 4F 57 4E 47 52 44 01", 0xFEFD),
        ("44 4F 57 4E 47 52 44 00", 0xFEFF),
        ("44 4F 57 4E 47 52 44 02", None),
    ],
)
def test_the_downgrade_sentinel(sentinel: str, version: int | None) -> None:
    # RFC 8446, 4.1.3, read for DTLS by RFC 9147, 5.3.
    random = RANDOM[:24] + bytes.fromhex(sentinel)
    assert ServerHello(0xFEFD, random, b"", 0xC02B).downgraded_to == version


def test_a_hello_verify_request_and_the_answer_to_it() -> None:
    request = parse_hello_verify_request(bytes.fromhex("feff 14") + b"c" * 20)
    assert request == HelloVerifyRequest(0xFEFF, b"c" * 20)
    assert build_hello_verify_request(request) == bytes.fromhex("feff 14") + b"c" * 20
    assert parse_client_hello(browser_hello(request.cookie)).cookie == request.cookie


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"", "version cut short", 0),
        (CLIENT_HELLO[:20], "random cut short", 2),
        (CLIENT_HELLO[:34] + b"\x21" + bytes(33), "session id of 33 bytes", 34),
        (CLIENT_HELLO[:36] + bytes.fromhex("0003 c02bcc 0100"), "3 bytes of cipher suites", 36),
        (CLIENT_HELLO[:36] + bytes.fromhex("0000 0100"), "0 bytes of cipher suites", 36),
        (CLIENT_HELLO[:42] + b"\0", "no compression methods", 42),
    ],
)
def test_a_client_hello_without_its_beginning(data: bytes, message: str, offset: int) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        parse_client_hello(data)
    assert caught.value.offset == offset
    assert decode_client_hello(data)[0] is None


def test_a_client_hello_cut_in_its_extensions_keeps_those_before() -> None:
    # The cut is inside supported_groups, which starts at byte 46 + 13.
    hello, problems = decode_client_hello(CLIENT_HELLO[:64])
    assert hello is not None
    assert hello.srtp_profiles == (7, 8, 1)
    assert hello.supported_groups == ()
    assert [problem.offset for problem in problems] == [44, 63]


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(ParseError, match="55 bytes of extensions announced, 56 there"):
        parse_client_hello(CLIENT_HELLO + b"\0")
    with pytest.raises(ParseError, match="announced"):
        parse_server_hello(SERVER_HELLO + b"\0")
    with pytest.raises(ParseError, match="1 bytes too many"):
        parse_hello_verify_request(bytes.fromhex("feff 01 aa bb"))


def test_an_extension_that_cannot_be_read_is_kept_and_complained_of() -> None:
    # use_srtp whose list of profiles has an odd number of bytes, and a good one after it.
    block = bytes.fromhex("000e 0006 0003 000700 00 0017 0000")
    data = CLIENT_HELLO[:44] + len(block).to_bytes(2, "big") + block
    hello, problems = decode_client_hello(data)
    assert hello is not None
    assert hello.extensions[0] == Extension(14, bytes.fromhex("0003 000700 00"))
    assert hello.use_srtp is None
    assert hello.srtp_profiles == ()
    assert hello.has(ExtensionType.USE_SRTP)
    assert hello.extended_master_secret
    assert problems[0].offset == 54
    with pytest.raises(ParseError):
        parse_client_hello(data)


def test_one_extension_of_a_kind() -> None:
    block = bytes.fromhex("0017 0000 0017 0000")
    data = CLIENT_HELLO[:44] + len(block).to_bytes(2, "big") + block
    with pytest.raises(ParseError, match="second extended_master_secret") as caught:
        parse_client_hello(data)
    assert caught.value.offset == 50


def test_a_server_chooses_one_profile() -> None:
    block = bytes.fromhex("000e 0007 0004 0007 0008 00")
    data = SERVER_HELLO[:42] + len(block).to_bytes(2, "big") + block
    hello, problems = decode_server_hello(data)
    assert hello is not None
    assert hello.srtp_profile is None
    assert "chose 2 SRTP protection profiles" in problems[0].message


@pytest.mark.parametrize(
    "hello",
    [
        ClientHello(0xFEFD, b"short", b"", b"", (1,)),
        ClientHello(0xFEFD, RANDOM, bytes(33), b"", (1,)),
        ClientHello(0xFEFD, RANDOM, b"", bytes(256), (1,)),
        ClientHello(0xFEFD, RANDOM, b"", b"", ()),
        ClientHello(0xFEFD, RANDOM, b"", b"", (0x10000,)),
        ClientHello(0xFEFD, RANDOM, b"", b"", (1,), b""),
        ClientHello(-1, RANDOM, b"", b"", (1,)),
        ClientHello(0xFEFD, RANDOM, b"", b"", (1,), b"\0", (Extension(1, bytes(2**16)),)),
    ],
)
def test_a_client_hello_that_does_not_fit_is_not_built(hello: ClientHello) -> None:
    with pytest.raises(ValueError):
        build_client_hello(hello)


@pytest.mark.parametrize(
    "hello",
    [
        ServerHello(0xFEFD, b"short", b"", 1),
        ServerHello(0xFEFD, RANDOM, bytes(33), 1),
        ServerHello(0xFEFD, RANDOM, b"", 2**16),
        ServerHello(0xFEFD, RANDOM, b"", 1, 256),
    ],
)
def test_a_server_hello_that_does_not_fit_is_not_built(hello: ServerHello) -> None:
    with pytest.raises(ValueError):
        build_server_hello(hello)


@given(client_hellos)
def test_reading_the_client_hello_that_was_written(hello: ClientHello) -> None:
    data = build_client_hello(hello)
    assert parse_client_hello(data) == hello
    assert build_client_hello(parse_client_hello(data)) == data


@given(server_hellos())
def test_reading_the_server_hello_that_was_written(hello: ServerHello) -> None:
    data = build_server_hello(hello)
    assert parse_server_hello(data) == hello
    assert build_server_hello(parse_server_hello(data)) == data


@given(hello_verify_requests)
def test_reading_the_hello_verify_request_that_was_written(request: HelloVerifyRequest) -> None:
    data = build_hello_verify_request(request)
    assert parse_hello_verify_request(data) == request
    assert build_hello_verify_request(parse_hello_verify_request(data)) == data


@given(client_hellos, st.data())
def test_a_client_hello_cut_anywhere_is_read_up_to_there(
    hello: ClientHello, data: st.DataObject
) -> None:
    whole = build_client_hello(hello)
    cut = data.draw(st.integers(0, len(whole) - 1))
    partial, problems = decode_client_hello(whole[:cut])
    if partial is None:
        assert problems
        return
    count = len(partial.extensions)
    assert partial.extensions == hello.extensions[:count]
    # Cut right before its extensions, a hello is simply one without any.
    assert problems or count == 0


@given(st.binary(max_size=120))
def test_any_bytes(data: bytes) -> None:
    for decode, parse in (
        (decode_client_hello, parse_client_hello),
        (decode_server_hello, parse_server_hello),
        (decode_hello_verify_request, parse_hello_verify_request),
    ):
        value, problems = decode(data)
        if problems:
            with pytest.raises(ParseError):
                parse(data)
        else:
            assert parse(data) == value
