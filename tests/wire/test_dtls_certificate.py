"""Certificates: messages by hand, fingerprints and facts against cryptography, known hashes."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    HASH_FUNCTIONS,
    Certificate,
    CertificateRequest,
    Version,
    build_certificate,
    build_certificate_request,
    decode_certificate,
    decode_certificate_request,
    describe,
    fingerprint,
    fingerprint_matches,
    parse_certificate,
    parse_certificate_request,
)
from tests.strategies.dtls import certificate_requests, certificates

NOT_BEFORE = datetime(2026, 11, 20, 7, 32, 5, tzinfo=UTC)
NOT_AFTER = NOT_BEFORE + timedelta(days=30)


def self_signed(key: object, algorithm: hashes.HashAlgorithm | None) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "WebRTC"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Rtckit"),
        ]
    )
    builder = x509.CertificateBuilder(name, name)
    return (
        builder.public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(4711)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .sign(key, algorithm)  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def der() -> bytes:
    certificate = self_signed(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def test_a_chain() -> None:
    # RFC 5246, 7.4.2: every length has three bytes.
    data = bytes.fromhex("000009 000002 aabb 000001 cc")
    assert parse_certificate(data) == Certificate((b"\xaa\xbb", b"\xcc"))
    assert build_certificate(Certificate((b"\xaa\xbb", b"\xcc"))) == data


def test_a_client_may_have_none() -> None:
    assert parse_certificate(b"\0\0\0") == Certificate(())


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("", None),
        ("0000", None),
        ("000009 000002 aabb 0000", Certificate((b"\xaa\xbb",))),
        ("000005 000002 aabb cc", Certificate((b"\xaa\xbb",))),
        ("000008 000002 aabb 000000", Certificate((b"\xaa\xbb",))),
        ("000003 000002", Certificate(())),
    ],
)
def test_a_chain_cut_short_keeps_what_came_before(data: str, read: Certificate | None) -> None:
    value, problems = decode_certificate(bytes.fromhex(data))
    assert value == read
    assert problems
    with pytest.raises(ParseError):
        parse_certificate(bytes.fromhex(data))


def test_a_certificate_request() -> None:
    # RFC 5246, 7.4.4: types rsa_sign and ecdsa_sign, two schemes, one name.
    data = bytes.fromhex("02 01 40 0004 0403 0401 0004 0002 3000")
    request = CertificateRequest((1, 64), (0x0403, 0x0401), (b"\x30\x00",))
    assert parse_certificate_request(data) == request
    assert build_certificate_request(request) == data


def test_a_certificate_request_of_dtls_1_0_has_no_schemes() -> None:
    data = bytes.fromhex("02 01 40 0000")
    request = CertificateRequest((1, 64), None)
    assert parse_certificate_request(data, Version.DTLS_1_0) == request
    assert build_certificate_request(request) == data


@pytest.mark.parametrize(
    "data",
    [
        "",
        "00 0002 0403 0000",
        "01 40 0000 0000",
        "01 40 0003 040304 0000",
        "01 40 0002 0403",
        "01 40 0002 0403 0002 0000",
        "01 40 0002 0403 0003 0002 30",
        "01 40 0002 0403 0000 00",
    ],
)
def test_what_is_no_certificate_request(data: str) -> None:
    with pytest.raises(ParseError):
        parse_certificate_request(bytes.fromhex(data))
    assert decode_certificate_request(bytes.fromhex(data))[1]


def test_fingerprints_of_known_input() -> None:
    # The hashes of "abc" published with each function (FIPS 180-4 examples; RFC 1321, A.5).
    assert fingerprint(b"abc", "sha-1") == (
        "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"
    )
    assert fingerprint(b"abc") == (
        "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:"
        "B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD"
    )
    assert fingerprint(b"abc", "md5") == "90:01:50:98:3C:D2:4F:B0:D6:96:3F:7D:28:E1:7F:72"


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("sha-1", hashes.SHA1()),
        ("sha-224", hashes.SHA224()),
        ("sha-256", hashes.SHA256()),
        ("sha-384", hashes.SHA384()),
        ("sha-512", hashes.SHA512()),
        ("SHA-256", hashes.SHA256()),
    ],
)
def test_fingerprints_agree_with_cryptography(
    der: bytes, name: str, algorithm: hashes.HashAlgorithm
) -> None:
    expected = x509.load_der_x509_certificate(der).fingerprint(algorithm).hex()
    found = fingerprint(der, name)
    assert found.replace(":", "").lower() == expected
    assert found == found.upper()
    assert fingerprint_matches(der, name, found.lower())
    assert not fingerprint_matches(der + b"\0", name, found)


def test_hash_functions_that_are_unknown(der: bytes) -> None:
    assert set(HASH_FUNCTIONS) == {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512", "md5"}
    for name in ("md2", "sha256", "sha-3", ""):
        with pytest.raises(ParseError) as caught:
            fingerprint(der, name)
        assert "sha-256" in caught.value.expected
        assert not fingerprint_matches(der, name, "AA:BB")


def test_what_a_certificate_says(der: bytes) -> None:
    facts = describe(der)
    assert facts.subject == "O=Rtckit,CN=WebRTC"
    assert facts.issuer == facts.subject
    assert facts.not_before == NOT_BEFORE
    assert facts.not_after == NOT_AFTER
    assert facts.key == "EC secp256r1"
    assert facts.signature == "ecdsa-with-sha256"
    assert facts.serial_number == 4711
    assert facts.valid_at(NOT_BEFORE)
    assert facts.valid_at(NOT_AFTER)
    assert not facts.valid_at(NOT_BEFORE - timedelta(seconds=1))
    assert not facts.valid_at(NOT_AFTER + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("make", "algorithm", "key", "signature"),
    [
        (
            lambda: rsa.generate_private_key(65537, 2048),
            hashes.SHA256(),
            "RSA 2048",
            "rsa-with-sha256",
        ),
        (lambda: dsa.generate_private_key(1024), hashes.SHA256(), "DSA 1024", "dsa-with-sha256"),
        (
            lambda: ec.generate_private_key(ec.SECP384R1()),
            hashes.SHA384(),
            "EC secp384r1",
            "ecdsa-with-sha384",
        ),
        (ed25519.Ed25519PrivateKey.generate, None, "Ed25519", "ed25519"),
        (ed448.Ed448PrivateKey.generate, None, "Ed448", "ed448"),
    ],
)
def test_kinds_of_keys(
    make: object, algorithm: hashes.HashAlgorithm | None, key: str, signature: str
) -> None:
    certificate = self_signed(make(), algorithm)  # type: ignore[operator]
    facts = describe(certificate.public_bytes(serialization.Encoding.DER))
    assert facts.key == key
    assert facts.signature == signature


def test_keys_and_signatures_without_a_name(der: bytes) -> None:
    # id-ecPublicKey becomes 1.2.840.10045.2.2, ecdsa-with-SHA256 becomes ...4.3.127.
    ec_public_key, ecdsa = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d040302")
    odd_key = describe(der.replace(ec_public_key, bytes.fromhex("2a8648ce3d0202")))
    assert odd_key.key == "unknown (1.2.840.10045.2.2)"
    odd_signature = describe(der.replace(ecdsa, bytes.fromhex("2a8648ce3d04037f")))
    assert odd_signature.signature == "1.2.840.10045.4.3.127"


def test_a_key_that_cannot_sign() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "key agreement")])
    agreement = x25519.X25519PrivateKey.generate().public_key()
    certificate = x509.CertificateBuilder(name, name, agreement, 1, NOT_BEFORE, NOT_AFTER).sign(
        ed25519.Ed25519PrivateKey.generate(), None
    )
    facts = describe(certificate.public_bytes(serialization.Encoding.DER))
    assert facts.key == "unknown (1.3.101.110)"


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"not a certificate"])
def test_what_is_no_certificate(data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        describe(data)
    assert caught.value.expected == "an X.509 certificate in DER"


def test_a_certificate_cut_anywhere(der: bytes) -> None:
    for cut in range(0, len(der), 7):
        with pytest.raises(ParseError):
            describe(der[:cut])


@given(certificates)
def test_reading_the_chain_that_was_written(chain: Certificate) -> None:
    data = build_certificate(chain)
    assert parse_certificate(data) == chain
    assert build_certificate(parse_certificate(data)) == data


@given(certificate_requests)
def test_reading_the_request_that_was_written(request: CertificateRequest) -> None:
    data = build_certificate_request(request)
    assert parse_certificate_request(data) == request


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    value, problems = decode_certificate(data)
    if problems:
        with pytest.raises(ParseError):
            parse_certificate(data)
    else:
        assert value is not None
        assert build_certificate(value) == data
    request, problems = decode_certificate_request(data)
    if problems:
        with pytest.raises(ParseError):
            parse_certificate_request(data)
    else:
        assert request is not None
        assert build_certificate_request(request) == data
