"""Names against those of OpenSSL and Wireshark, where these have them, and against the RFCs."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.wire.dtls import (
    CIPHER_SUITES,
    SRTP_PROFILES,
    AlertDescription,
    ExtensionType,
    HandshakeType,
    Version,
    alert_level_name,
    alert_name,
    cipher_suite_name,
    content_type_name,
    extension_name,
    find_cipher_suite,
    find_srtp_profile,
    find_version,
    group_name,
    handshake_name,
    is_grease,
    signature_scheme_name,
    srtp_profile_name,
    version_name,
)
from tests.capabilities import require


def test_names_people_know() -> None:
    assert version_name(0xFEFD) == "DTLS 1.2"
    assert version_name(0xFEFC) == "DTLS 1.3"
    assert version_name(0xFEFF) == "DTLS 1.0"
    assert version_name(0x0304) == "TLS 1.3"
    assert content_type_name(23) == "application_data"
    assert content_type_name(None) == "encrypted"
    assert handshake_name(1) == "ClientHello"
    assert handshake_name(14) == "ServerHelloDone"
    assert handshake_name(254) == "message_hash"
    assert extension_name(14) == "use_srtp"
    assert extension_name(53) == "connection_id (deprecated)"
    assert extension_name(0xFF01) == "renegotiation_info"
    assert alert_name(40) == "handshake_failure"
    assert alert_level_name(2) == "fatal"
    assert cipher_suite_name(0x1301) == "TLS_AES_128_GCM_SHA256"
    assert cipher_suite_name(0xC02B) == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert group_name(0x11EC) == "X25519MLKEM768"
    assert signature_scheme_name(0x0403) == "ecdsa_secp256r1_sha256"


def test_the_cipher_suites_of_dtls_1_3() -> None:
    # RFC 8446, B.4.
    assert [cipher_suite_name(value) for value in range(0x1301, 0x1306)] == [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    ]


def test_numbers_without_a_name() -> None:
    assert version_name(0x1234) == "unknown (0x1234)"
    assert cipher_suite_name(0x0000) == "unknown (0x0000)"
    assert cipher_suite_name(0x3A3A) == "GREASE (0x3A3A)"
    assert group_name(0xFAFA) == "GREASE (0xFAFA)"
    assert extension_name(0x0A0A) == "GREASE (0x0A0A)"
    assert extension_name(9999) == "unknown (9999)"
    assert handshake_name(77) == "unknown (77)"
    assert alert_name(255) == "unknown (255)"
    assert content_type_name(99) == "unknown (99)"
    assert signature_scheme_name(0xFFFF) == "unknown (0xFFFF)"
    assert srtp_profile_name(0x0003) == "unknown (0x0003)"


def test_the_sixteen_grease_values() -> None:
    # RFC 8701, 2: {0x0A,0x0A}, {0x1A,0x1A} ... {0xFA,0xFA}.
    expected = [(high << 4 | 0xA) * 0x101 for high in range(16)]
    assert [value for value in range(0x10000) if is_grease(value)] == expected


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("FEFD", 0xFEFD),  # getStats
        ("FEFC", 0xFEFC),
        ("0xfeff", 0xFEFF),
        ("DTLS 1.2", 0xFEFD),  # werift
        ("DTLSv1.2", 0xFEFD),  # OpenSSL
        ("dtls1.3", 0xFEFC),
        ("DTLSv1", None),
        ("1.2", None),
        ("", None),
    ],
)
def test_spellings_of_versions(text: str, version: int | None) -> None:
    assert find_version(text) == version


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("SRTP_AES128_CM_HMAC_SHA1_80", 1),  # IANA, and getStats of Chromium
        ("SRTP_AEAD_AES_128_GCM", 7),
        ("SRTP_AEAD_AES_256_GCM", 8),
        ("AES_CM_128_HMAC_SHA1_80", 1),  # RFC 4568, 6.2
        ("AES_CM_128_HMAC_SHA1_32", 2),
        ("AEAD_AES_128_GCM", 7),  # RFC 7714, 14.1, and getStats of werift
        ("SRTP_AES128_CM_SHA1_80", 1),  # OpenSSL
        ("double_aead_aes_128_gcm_aead_aes_128_gcm", 9),
        ("SRTP_DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM", 10),
        ("", None),
        ("AES", None),
    ],
)
def test_spellings_of_srtp_profiles(text: str, profile: int | None) -> None:
    assert find_srtp_profile(text) == profile


def test_every_name_is_found_again() -> None:
    for value, name in CIPHER_SUITES.items():
        assert find_cipher_suite(name.lower()) == value
    assert find_cipher_suite("TLS_NOTHING") is None
    for value in (*SRTP_PROFILES, 9, 10):
        assert find_srtp_profile(srtp_profile_name(value)) == value
    for version in Version:
        assert find_version(version_name(version)) == version


def test_what_srtp_profiles_add_to_a_packet() -> None:
    # RFC 5764, 4.1.2, in bits: key 128, salt 112, tag 80 or 32, and 80 for RTCP.
    assert [
        (one.key_length * 8, one.salt_length * 8, one.rtp_tag_length * 8, one.rtcp_tag_length * 8)
        for one in (SRTP_PROFILES[1], SRTP_PROFILES[2], SRTP_PROFILES[5], SRTP_PROFILES[6])
    ] == [(128, 112, 80, 80), (128, 112, 32, 80), (0, 0, 80, 80), (0, 0, 32, 80)]
    # RFC 7714, 14.2: salt 96 bits, tag 16 octets.
    assert [
        (one.key_length * 8, one.salt_length * 8, one.rtp_tag_length, one.rtcp_tag_length, one.aead)
        for one in (SRTP_PROFILES[7], SRTP_PROFILES[8])
    ] == [(128, 96, 16, 16, True), (256, 96, 16, 16, True)]


@given(st.integers(0, 2**16 - 1))
def test_every_number_has_some_text(value: int) -> None:
    for name in (
        version_name,
        content_type_name,
        handshake_name,
        extension_name,
        alert_name,
        alert_level_name,
        cipher_suite_name,
        group_name,
        signature_scheme_name,
        srtp_profile_name,
    ):
        assert name(value)


def test_cipher_suites_agree_with_openssl() -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program")
    listing = subprocess.run(
        [openssl, "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    known = {
        int(high + low, 16): name
        for high, low, name in re.findall(r"0x(\w\w),0x(\w\w) - (TLS_\w+)", listing)
    }
    assert len(known) > 20
    both = {value: name for value, name in known.items() if value in CIPHER_SUITES}
    assert both == {value: CIPHER_SUITES[value] for value in both}
    # Nothing that negotiates by ECDHE, DHE or RSA with TLS 1.2 is missing, CBC with SHA-2 aside.
    missing = {name for value, name in known.items() if value not in CIPHER_SUITES}
    assert not {name for name in missing if name.startswith("TLS_ECDHE_ECDSA")}
    assert not {name for name in missing if name.startswith("TLS_ECDHE_RSA")}
    assert not {name for name in missing if name.startswith(("TLS_DHE_RSA", "TLS_RSA_WITH"))}


@pytest.fixture(scope="module")
def wireshark() -> dict[str, dict[int, str]]:
    """Wireshark's names for the numbers of each field of its DTLS dissector."""
    require("tshark")
    listing = subprocess.run(
        ["tshark", "-G", "values"], capture_output=True, text=True, check=True
    ).stdout
    fields: dict[str, dict[int, str]] = {}
    for line in listing.splitlines():
        if line.startswith("V\tdtls."):
            _, field, value, name = line.split("\t")
            fields.setdefault(field, {})[int(value, 0)] = name
    return fields


def agree(known: dict[int, str], ours: dict[int, str], least: int) -> None:
    """Both have the same names for the numbers both have, of which there are ``least`` or more."""
    both = [value for value in ours if value in known]
    assert len(both) >= least
    assert {value: ours[value] for value in both} == {value: known[value] for value in both}


@pytest.mark.tshark
def test_cipher_suites_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    agree(wireshark["dtls.handshake.ciphersuite"], CIPHER_SUITES, 120)


@pytest.mark.tshark
def test_srtp_profiles_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    known = wireshark["dtls.use_srtp.protection_profile"]
    agree(known, {value: srtp_profile_name(value) for value in SRTP_PROFILES}, 6)


@pytest.mark.tshark
def test_extensions_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    known = wireshark["dtls.handshake.extension.type"]
    # IANA's name is in the singular (RFC 9345, 4.1.1).
    known[34] = "delegated_credential"
    agree(known, {int(value): extension_name(value) for value in ExtensionType}, 45)


@pytest.mark.tshark
def test_messages_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    known = {
        value: name.replace(" ", "").lower()
        for value, name in wireshark["dtls.handshake.type"].items()
    }
    known[21] = "certificateurl"  # RFC 6066, 5: CertificateURL, of any kind of client
    agree(known, {int(value): handshake_name(value).lower() for value in HandshakeType}, 18)


@pytest.mark.tshark
def test_alerts_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    known = {
        value: name.replace(" ", "_").lower()
        for value, name in wireshark["dtls.alert_message.desc"].items()
    }
    agree(known, {int(value): alert_name(value) for value in AlertDescription}, 34)


@pytest.mark.tshark
def test_groups_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    known = wireshark["dtls.handshake.extensions_supported_group"]
    # Wireshark 4.0 has experimental names for numbers that are ML-KEM's since.
    experimental = (0x0200, 0x0201, 0x0202)
    named = {value: group_name(value) for value in range(0x300) if value not in experimental}
    agree(known, {value: name for value, name in named.items() if "(" not in name}, 15)


@pytest.mark.tshark
def test_signature_schemes_agree_with_wireshark(wireshark: dict[str, dict[int, str]]) -> None:
    known = wireshark["dtls.handshake.sig_hash_alg"]
    named = {value: signature_scheme_name(value) for value in range(0x1000)}
    agree(known, {value: name for value, name in named.items() if "(" not in name}, 17)
