"""Cipher suites and their IANA names: all that a WebRTC peer may offer, and their neighbours.

Sources: RFC 8446, B.4 for DTLS 1.3; RFC 5246, A.5, RFC 5288, RFC 5289, RFC 6655, RFC 7251,
RFC 7905, RFC 8422 and RFC 8442 for DTLS 1.2; RFC 5932, RFC 6209 and RFC 6367 for Camellia and ARIA.
"""

from functools import lru_cache

from rtckit.wire.dtls.registry import nameless

__all__ = ["CIPHER_SUITES", "cipher_suite_name", "find_cipher_suite"]

# One line for each key exchange: the prefix, then what follows it for each number.
_FAMILIES: tuple[tuple[str, dict[int, str]], ...] = (
    (
        "TLS_",  # RFC 8446, B.4
        {
            0x1301: "AES_128_GCM_SHA256",
            0x1302: "AES_256_GCM_SHA384",
            0x1303: "CHACHA20_POLY1305_SHA256",
            0x1304: "AES_128_CCM_SHA256",
            0x1305: "AES_128_CCM_8_SHA256",
            0x00FF: "EMPTY_RENEGOTIATION_INFO_SCSV",  # RFC 5746, 3.3
            0x5600: "FALLBACK_SCSV",  # RFC 7507
        },
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_",
        {
            0xC006: "NULL_SHA",
            0xC007: "RC4_128_SHA",
            0xC008: "3DES_EDE_CBC_SHA",
            0xC009: "AES_128_CBC_SHA",
            0xC00A: "AES_256_CBC_SHA",
            0xC023: "AES_128_CBC_SHA256",
            0xC024: "AES_256_CBC_SHA384",
            0xC02B: "AES_128_GCM_SHA256",
            0xC02C: "AES_256_GCM_SHA384",
            0xC05C: "ARIA_128_GCM_SHA256",
            0xC05D: "ARIA_256_GCM_SHA384",
            0xC072: "CAMELLIA_128_CBC_SHA256",
            0xC073: "CAMELLIA_256_CBC_SHA384",
            0xC0AC: "AES_128_CCM",
            0xC0AD: "AES_256_CCM",
            0xC0AE: "AES_128_CCM_8",
            0xC0AF: "AES_256_CCM_8",
            0xCCA9: "CHACHA20_POLY1305_SHA256",
        },
    ),
    (
        "TLS_ECDHE_RSA_WITH_",
        {
            0xC010: "NULL_SHA",
            0xC011: "RC4_128_SHA",
            0xC012: "3DES_EDE_CBC_SHA",
            0xC013: "AES_128_CBC_SHA",
            0xC014: "AES_256_CBC_SHA",
            0xC027: "AES_128_CBC_SHA256",
            0xC028: "AES_256_CBC_SHA384",
            0xC02F: "AES_128_GCM_SHA256",
            0xC030: "AES_256_GCM_SHA384",
            0xC060: "ARIA_128_GCM_SHA256",
            0xC061: "ARIA_256_GCM_SHA384",
            0xC076: "CAMELLIA_128_CBC_SHA256",
            0xC077: "CAMELLIA_256_CBC_SHA384",
            0xCCA8: "CHACHA20_POLY1305_SHA256",
        },
    ),
    (
        "TLS_DHE_RSA_WITH_",
        {
            0x0016: "3DES_EDE_CBC_SHA",
            0x0033: "AES_128_CBC_SHA",
            0x0039: "AES_256_CBC_SHA",
            0x0045: "CAMELLIA_128_CBC_SHA",
            0x0067: "AES_128_CBC_SHA256",
            0x006B: "AES_256_CBC_SHA256",
            0x0088: "CAMELLIA_256_CBC_SHA",
            0x009E: "AES_128_GCM_SHA256",
            0x009F: "AES_256_GCM_SHA384",
            0x00BE: "CAMELLIA_128_CBC_SHA256",
            0x00C4: "CAMELLIA_256_CBC_SHA256",
            0xC052: "ARIA_128_GCM_SHA256",
            0xC053: "ARIA_256_GCM_SHA384",
            0xC09E: "AES_128_CCM",
            0xC09F: "AES_256_CCM",
            0xC0A2: "AES_128_CCM_8",
            0xC0A3: "AES_256_CCM_8",
            0xCCAA: "CHACHA20_POLY1305_SHA256",
        },
    ),
    (
        "TLS_DHE_DSS_WITH_",
        {
            0x0013: "3DES_EDE_CBC_SHA",
            0x0032: "AES_128_CBC_SHA",
            0x0038: "AES_256_CBC_SHA",
            0x0040: "AES_128_CBC_SHA256",
            0x006A: "AES_256_CBC_SHA256",
            0x00A2: "AES_128_GCM_SHA256",
            0x00A3: "AES_256_GCM_SHA384",
        },
    ),
    (
        "TLS_RSA_WITH_",
        {
            0x0001: "NULL_MD5",
            0x0002: "NULL_SHA",
            0x0004: "RC4_128_MD5",
            0x0005: "RC4_128_SHA",
            0x000A: "3DES_EDE_CBC_SHA",
            0x002F: "AES_128_CBC_SHA",
            0x0035: "AES_256_CBC_SHA",
            0x003B: "NULL_SHA256",
            0x003C: "AES_128_CBC_SHA256",
            0x003D: "AES_256_CBC_SHA256",
            0x0041: "CAMELLIA_128_CBC_SHA",
            0x0084: "CAMELLIA_256_CBC_SHA",
            0x0096: "SEED_CBC_SHA",
            0x009C: "AES_128_GCM_SHA256",
            0x009D: "AES_256_GCM_SHA384",
            0x00BA: "CAMELLIA_128_CBC_SHA256",
            0x00C0: "CAMELLIA_256_CBC_SHA256",
            0xC050: "ARIA_128_GCM_SHA256",
            0xC051: "ARIA_256_GCM_SHA384",
            0xC09C: "AES_128_CCM",
            0xC09D: "AES_256_CCM",
            0xC0A0: "AES_128_CCM_8",
            0xC0A1: "AES_256_CCM_8",
        },
    ),
    (
        "TLS_DH_anon_WITH_",
        {
            0x0018: "RC4_128_MD5",
            0x001B: "3DES_EDE_CBC_SHA",
            0x0034: "AES_128_CBC_SHA",
            0x003A: "AES_256_CBC_SHA",
            0x006C: "AES_128_CBC_SHA256",
            0x006D: "AES_256_CBC_SHA256",
            0x00A6: "AES_128_GCM_SHA256",
            0x00A7: "AES_256_GCM_SHA384",
        },
    ),
    (
        "TLS_ECDH_anon_WITH_",
        {
            0xC015: "NULL_SHA",
            0xC016: "RC4_128_SHA",
            0xC017: "3DES_EDE_CBC_SHA",
            0xC018: "AES_128_CBC_SHA",
            0xC019: "AES_256_CBC_SHA",
        },
    ),
    (
        "TLS_PSK_WITH_",
        {
            0x008C: "AES_128_CBC_SHA",
            0x008D: "AES_256_CBC_SHA",
            0x00A8: "AES_128_GCM_SHA256",
            0x00A9: "AES_256_GCM_SHA384",
            0x00AE: "AES_128_CBC_SHA256",
            0x00AF: "AES_256_CBC_SHA384",
            0xC0A4: "AES_128_CCM",
            0xC0A5: "AES_256_CCM",
            0xC0A8: "AES_128_CCM_8",
            0xC0A9: "AES_256_CCM_8",
            0xCCAB: "CHACHA20_POLY1305_SHA256",
        },
    ),
    (
        "TLS_DHE_PSK_WITH_",
        {
            0x0090: "AES_128_CBC_SHA",
            0x0091: "AES_256_CBC_SHA",
            0x00AA: "AES_128_GCM_SHA256",
            0x00AB: "AES_256_GCM_SHA384",
            0x00B2: "AES_128_CBC_SHA256",
            0x00B3: "AES_256_CBC_SHA384",
            0xCCAD: "CHACHA20_POLY1305_SHA256",
        },
    ),
    (
        "TLS_ECDHE_PSK_WITH_",
        {
            0xC035: "AES_128_CBC_SHA",
            0xC036: "AES_256_CBC_SHA",
            0xC037: "AES_128_CBC_SHA256",
            0xC038: "AES_256_CBC_SHA384",
            0xCCAC: "CHACHA20_POLY1305_SHA256",
            0xD001: "AES_128_GCM_SHA256",
            0xD002: "AES_256_GCM_SHA384",
            0xD003: "AES_128_CCM_8_SHA256",
            0xD005: "AES_128_CCM_SHA256",
        },
    ),
)

CIPHER_SUITES: dict[int, str] = {
    value: prefix + rest for prefix, suites in _FAMILIES for value, rest in suites.items()
}
"""The IANA name of each cipher suite known here."""


def cipher_suite_name(cipher_suite: int) -> str:
    """A cipher suite's IANA name, which is also what getStats gives as ``dtlsCipher``."""
    return CIPHER_SUITES.get(cipher_suite) or nameless(cipher_suite)


@lru_cache(maxsize=1)
def _cipher_suites_by_name() -> dict[str, int]:
    return {name.lower(): value for value, name in CIPHER_SUITES.items()}


def find_cipher_suite(name: str) -> int | None:
    """The number of a cipher suite from its IANA name, in any case."""
    return _cipher_suites_by_name().get(name.strip().lower())
