"""Keys, the profiles that prepare text for them, user hashes and nonce cookies."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.wire import stun
from rtckit.wire.stun import SecurityFeatures

TYPED = "The\u00adM\u00aatr\u2168"


def test_long_term_key_of_the_standard() -> None:
    # RFC 8489, 9.2.2: "the resulting hash being 0x8493fbc53ba582fb4c044c456bdc40eb".
    key = stun.long_term_key("user", "realm", "pass")
    assert key.hex() == "8493fbc53ba582fb4c044c456bdc40eb"


def test_long_term_key_with_sha256() -> None:
    key = stun.long_term_key("user", "realm", "pass", "SHA-256")
    assert key == hashlib.sha256(b"user:realm:pass").digest()


def test_long_term_key_without_quotes_and_trailing_nulls() -> None:
    assert stun.long_term_key('"user"', '"realm"\0', "pass\0\0") == stun.long_term_key(
        "user", "realm", "pass"
    )


def test_long_term_key_knows_two_algorithms() -> None:
    with pytest.raises(ValueError, match="MD5 or SHA-256"):
        stun.long_term_key("user", "realm", "pass", "SHA-1")  # type: ignore[arg-type]


def test_short_term_key() -> None:
    assert stun.short_term_key("VOkJxbRl1RmTxUk/WvJxBt") == b"VOkJxbRl1RmTxUk/WvJxBt"
    assert stun.short_term_key("") == b""
    assert stun.short_term_key("pass word") == b"pass word"
    assert stun.short_term_key(TYPED) == b"TheMatrIX"
    # Both profiles refuse control characters; the password is then used as it is.
    assert stun.short_term_key("a\nb") == b"a\nb"
    assert stun.short_term_key("a\ud800") == b"a\xed\xa0\x80"


def test_userhash() -> None:
    # RFC 8489, 14.4; the figure of B.1 stands in the vectors' tests.
    assert stun.userhash("user", "realm") == hashlib.sha256(b"user:realm").digest()


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("correct horse", "correct horse"),
        ("a\u00a0b\u3000c", "a b c"),  # other spaces become U+0020
        ("e\u0301", "é"),  # composed
        ("\u2168", "\u2168"),  # NFC, not NFKC: compatibility forms stay
        ("π√🐮", "π√🐮"),
        ("Ü", "Ü"),  # case is kept
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # a joiner after a virama
    ],
)
def test_opaque_string(text: str, prepared: str) -> None:
    assert stun.opaque_string(text) == prepared
    assert stun.opaque_string(prepared) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\tb",
        "a\x7f",
        TYPED,
        "a\u200d",
        "a\u2028",
        "\ue000",
        "\ud800",
        "\u0378",
        "\ufe0f",
        "\u1100",
        "\u034f",
    ],
)
def test_opaque_string_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"allowed|out of place"):
        stun.opaque_string(text)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        # RFC 4013, 3: its five examples; the last two are refused below.
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        # RFC 5769, 2.4.
        (TYPED, "TheMatrIX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("", ""),
    ],
)
def test_saslprep(text: str, prepared: str) -> None:
    assert stun.saslprep(text) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u06271", "\ue000", "a\u0627", "\ufffd"])
def test_saslprep_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"prohibited|direction"):
        stun.saslprep(text)


@given(st.text())
def test_keys_are_total(text: str) -> None:
    # An analysis never stops at a foreign password, whatever it holds.
    assert isinstance(stun.short_term_key(text), bytes)
    assert len(stun.long_term_key(text, text, text)) == 16
    assert len(stun.userhash(text, text)) == 32


@given(st.text())
def test_opaque_string_is_idempotent(text: str) -> None:
    try:
        prepared = stun.opaque_string(text)
    except ValueError:
        return
    assert stun.opaque_string(prepared) == prepared


# --- nonce cookies


def test_nonce_cookie_by_hand() -> None:
    # Bit 0 is the most significant bit of the first byte: 80 00 00 is "gAAA" in base64.
    assert stun.build_nonce_cookie(SecurityFeatures.PASSWORD_ALGORITHMS) == b"obMatJos2gAAA"
    assert stun.build_nonce_cookie(SecurityFeatures.USERNAME_ANONYMITY) == b"obMatJos2QAAA"
    assert stun.build_nonce_cookie(0) == b"obMatJos2AAAA"
    features = stun.parse_nonce_cookie(b"obMatJos2wAAArest")
    assert features == SecurityFeatures.PASSWORD_ALGORITHMS | SecurityFeatures.USERNAME_ANONYMITY


@pytest.mark.parametrize(
    "nonce",
    [
        b"",
        b"obMatJos2",
        b"obMatJos2AAA",
        b"obMatJos2AA==",
        b"obMatJos2A!AA",
        b"obMatJos1AAAA",
        b"x" * 40,
    ],
)
def test_nonce_without_cookie(nonce: bytes) -> None:
    assert stun.parse_nonce_cookie(nonce) is None


@given(st.integers(0, 0xFFFFFF), st.binary(max_size=20))
def test_nonce_cookie_round_trip(features: int, rest: bytes) -> None:
    assert stun.parse_nonce_cookie(stun.build_nonce_cookie(features) + rest) == features


@given(st.binary(max_size=20))
def test_any_nonce(nonce: bytes) -> None:
    stun.parse_nonce_cookie(nonce)
    stun.parse_nonce_cookie(b"obMatJos2" + nonce)
