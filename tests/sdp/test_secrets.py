"""Lines that can be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.sdp.secrets import hide_secrets


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("a=ice-pwd:asd88fgpdd777uzjYhagZg", "a=ice-pwd:" + "*" * 22),
        ("a=ICE-PWD: abc", "a=ICE-PWD: ***"),
        (
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAw|2^20",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "*" * 36 + "|2^20",
        ),
        (
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ host username u password secret",
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ host username u password ******",
        ),
        ("k=clear:hunter2", "k=clear:*******"),
        ("a=ice-ufrag:8hhY", "a=ice-ufrag:8hhY"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 111"),
    ],
)
def test_secrets_become_asterisks(line: str, shown: str) -> None:
    assert hide_secrets(line) == shown


@given(st.text(alphabet=st.characters(exclude_categories=["Zl", "Zp", "Cc"])))
def test_columns_stay(line: str) -> None:
    assert len(hide_secrets(line)) == len(line)
