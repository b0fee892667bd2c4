from collections.abc import Callable
from typing import Any

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import Span
from rtckit.sdp.transport import (
    parse_crypto,
    parse_fingerprint,
    parse_rtcp,
    parse_sctpmap,
)
from tests.sdp.descriptions import FINGERPRINT

# RFC 8122, 3.4
SHA1 = "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"


def test_a_fingerprint_compares_whatever_its_case() -> None:
    fingerprint = parse_fingerprint(f"SHA-256 {FINGERPRINT.lower()}", 8, 15)
    assert fingerprint == ("sha-256", FINGERPRINT, Span(8, 15, 15 + 8 + 95))
    assert parse_fingerprint(f"sha-1 {SHA1}").value == SHA1


def test_a_hash_without_a_known_size_is_taken() -> None:
    assert parse_fingerprint("sha-3000 AB:CD").hash_function == "sha-3000"


def test_rtcp_ports_and_addresses() -> None:
    # RFC 3605, 2.1
    assert parse_rtcp("53020").port == 53020
    assert parse_rtcp("53020").connection is None
    rtcp = parse_rtcp("53020 IN IP6 2001:db8::192:1", 3, 8)
    assert rtcp.connection is not None
    assert rtcp.connection.address == "2001:db8::192:1"
    assert rtcp.connection.span.column == 14


def test_sctpmap_of_old_drafts() -> None:
    assert parse_sctpmap("5000 webrtc-datachannel 1024")[:3] == (5000, "webrtc-datachannel", 1024)
    assert parse_sctpmap("5000 webrtc-datachannel").streams is None


def test_a_key_is_not_in_the_repr() -> None:
    # RFC 4568, 6.1
    value = (
        "1 AES_CM_128_HMAC_SHA1_80 "
        "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4 FEC_ORDER=FEC_SRTP"
    )
    crypto = parse_crypto(value)
    assert crypto.tag == "1"
    assert crypto.suite == "AES_CM_128_HMAC_SHA1_80"
    assert crypto.key_parameters.startswith("inline:d0Rm")
    assert crypto.session_parameters == ("FEC_ORDER=FEC_SRTP",)
    assert "d0Rm" not in repr(crypto)


@pytest.mark.parametrize(
    ("parse", "value", "column"),
    [
        (parse_fingerprint, "sha-256", 3),
        (parse_fingerprint, "", 3),
        (parse_fingerprint, f"sha-256 {FINGERPRINT}:", 11),
        (parse_fingerprint, f"sha-256  {FINGERPRINT}", 11),
        (parse_fingerprint, f"sha-256 {FINGERPRINT[3:]}", 11),
        (parse_fingerprint, "sha-1 xyz", 9),
        (parse_fingerprint, "foo A", 7),
        (parse_rtcp, "x", 3),
        (parse_rtcp, "65536", 3),
        (parse_rtcp, "9 IN IP4", 5),
        (parse_sctpmap, "", 3),
        (parse_sctpmap, "5000", 3),
        (parse_sctpmap, "5000 x y", 3),
        (parse_sctpmap, "5000 x 1 2", 3),
        (parse_crypto, "1 AES_CM_128_HMAC_SHA1_80", 3),
        (parse_crypto, "x AES inline:secret", 3),
    ],
)
def test_damaged_values_are_refused_with_their_place(
    parse: Callable[[str, int, int], Any], value: str, column: int
) -> None:
    with pytest.raises(ParseError) as caught:
        parse(value, 4, 3)
    assert (caught.value.line, caught.value.column) == (4, column)
    assert "secret" not in str(caught.value)
