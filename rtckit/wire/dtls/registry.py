"""Numbers of DTLS and their names, as IANA registers them.

Every ``*_name`` function takes any integer: a number without a name comes back as text that holds
it, GREASE values (RFC 8701) say so. ``find_*`` goes the other way, from the spellings people and
getStats use.
"""

from enum import IntEnum

__all__ = [
    "AlertDescription",
    "AlertLevel",
    "ContentType",
    "ExtensionType",
    "HandshakeType",
    "Version",
    "alert_level_name",
    "alert_name",
    "content_type_name",
    "extension_name",
    "find_version",
    "group_name",
    "handshake_name",
    "is_grease",
    "nameless",
    "signature_scheme_name",
    "version_name",
]


class Version(IntEnum):
    """Protocol versions as DTLS writes them (RFC 6347, 4.1; RFC 9147, 5.3)."""

    DTLS_1_0 = 0xFEFF
    DTLS_1_2 = 0xFEFD
    DTLS_1_3 = 0xFEFC


class ContentType(IntEnum):
    """What a record carries (RFC 5246, 6.2.1; RFC 6520; RFC 9146, 4; RFC 9147, 4.1)."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23
    HEARTBEAT = 24
    TLS12_CID = 25
    ACK = 26


class HandshakeType(IntEnum):
    """Handshake messages (RFC 5246, 7.4; RFC 6347, 4.3.2; RFC 9147, 5.2; and the IANA registry)."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    HELLO_VERIFY_REQUEST = 3
    NEW_SESSION_TICKET = 4
    END_OF_EARLY_DATA = 5
    ENCRYPTED_EXTENSIONS = 8
    REQUEST_CONNECTION_ID = 9
    NEW_CONNECTION_ID = 10
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_VERIFY = 15
    CLIENT_KEY_EXCHANGE = 16
    FINISHED = 20
    CERTIFICATE_URL = 21
    CERTIFICATE_STATUS = 22
    SUPPLEMENTAL_DATA = 23
    KEY_UPDATE = 24
    COMPRESSED_CERTIFICATE = 25
    EKT_KEY = 26
    MESSAGE_HASH = 254


class ExtensionType(IntEnum):
    """Hello extensions (the IANA registry of TLS ExtensionType values)."""

    SERVER_NAME = 0
    MAX_FRAGMENT_LENGTH = 1
    CLIENT_CERTIFICATE_URL = 2
    TRUSTED_CA_KEYS = 3
    TRUNCATED_HMAC = 4
    STATUS_REQUEST = 5
    USER_MAPPING = 6
    CLIENT_AUTHZ = 7
    SERVER_AUTHZ = 8
    CERT_TYPE = 9
    SUPPORTED_GROUPS = 10
    EC_POINT_FORMATS = 11
    SRP = 12
    SIGNATURE_ALGORITHMS = 13
    USE_SRTP = 14
    HEARTBEAT = 15
    APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16
    STATUS_REQUEST_V2 = 17
    SIGNED_CERTIFICATE_TIMESTAMP = 18
    CLIENT_CERTIFICATE_TYPE = 19
    SERVER_CERTIFICATE_TYPE = 20
    PADDING = 21
    ENCRYPT_THEN_MAC = 22
    EXTENDED_MASTER_SECRET = 23
    TOKEN_BINDING = 24
    CACHED_INFO = 25
    COMPRESS_CERTIFICATE = 27
    RECORD_SIZE_LIMIT = 28
    DELEGATED_CREDENTIAL = 34
    SESSION_TICKET = 35
    SUPPORTED_EKT_CIPHERS = 39
    PRE_SHARED_KEY = 41
    EARLY_DATA = 42
    SUPPORTED_VERSIONS = 43
    COOKIE = 44
    PSK_KEY_EXCHANGE_MODES = 45
    CERTIFICATE_AUTHORITIES = 47
    OID_FILTERS = 48
    POST_HANDSHAKE_AUTH = 49
    SIGNATURE_ALGORITHMS_CERT = 50
    KEY_SHARE = 51
    TRANSPARENCY_INFO = 52
    CONNECTION_ID_DEPRECATED = 53
    CONNECTION_ID = 54
    EXTERNAL_ID_HASH = 55
    EXTERNAL_SESSION_ID = 56
    QUIC_TRANSPORT_PARAMETERS = 57
    TICKET_REQUEST = 58
    DNSSEC_CHAIN = 59
    SEQUENCE_NUMBER_ENCRYPTION_ALGORITHMS = 60
    RRC = 61
    NEXT_PROTOCOL_NEGOTIATION = 13172
    APPLICATION_SETTINGS = 17513
    CHANNEL_ID = 30032
    ENCRYPTED_CLIENT_HELLO = 0xFE0D
    RENEGOTIATION_INFO = 0xFF01


class AlertLevel(IntEnum):
    """How grave an alert is (RFC 5246, 7.2)."""

    WARNING = 1
    FATAL = 2


class AlertDescription(IntEnum):
    """What an alert says (RFC 5246, 7.2; RFC 8446, B.2; RFC 9147, 9)."""

    CLOSE_NOTIFY = 0
    UNEXPECTED_MESSAGE = 10
    BAD_RECORD_MAC = 20
    DECRYPTION_FAILED = 21
    RECORD_OVERFLOW = 22
    DECOMPRESSION_FAILURE = 30
    HANDSHAKE_FAILURE = 40
    NO_CERTIFICATE = 41
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_REVOKED = 44
    CERTIFICATE_EXPIRED = 45
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    UNKNOWN_CA = 48
    ACCESS_DENIED = 49
    DECODE_ERROR = 50
    DECRYPT_ERROR = 51
    TOO_MANY_CIDS_REQUESTED = 52
    EXPORT_RESTRICTION = 60
    PROTOCOL_VERSION = 70
    INSUFFICIENT_SECURITY = 71
    INTERNAL_ERROR = 80
    INAPPROPRIATE_FALLBACK = 86
    USER_CANCELED = 90
    NO_RENEGOTIATION = 100
    MISSING_EXTENSION = 109
    UNSUPPORTED_EXTENSION = 110
    CERTIFICATE_UNOBTAINABLE = 111
    UNRECOGNIZED_NAME = 112
    BAD_CERTIFICATE_STATUS_RESPONSE = 113
    BAD_CERTIFICATE_HASH_VALUE = 114
    UNKNOWN_PSK_IDENTITY = 115
    CERTIFICATE_REQUIRED = 116
    GENERAL_ERROR = 117
    NO_APPLICATION_PROTOCOL = 120
    ECH_REQUIRED = 121


_VERSIONS: dict[int, str] = {
    0x0100: "DTLS 1.0 (before its RFC)",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
    Version.DTLS_1_0: "DTLS 1.0",
    Version.DTLS_1_2: "DTLS 1.2",
    Version.DTLS_1_3: "DTLS 1.3",
}

# Handshake messages are written in the RFCs as ClientHello; these would come out otherwise.
_HANDSHAKE_NAMES: dict[int, str] = {
    HandshakeType.CERTIFICATE_URL: "CertificateURL",
    HandshakeType.EKT_KEY: "EKTKey",
    HandshakeType.MESSAGE_HASH: "message_hash",
}

# Names that are not their constant in lower case.
_EXTENSION_NAMES: dict[int, str] = {
    ExtensionType.CONNECTION_ID_DEPRECATED: "connection_id (deprecated)",
}

# RFC 8446, 4.2.7; RFC 8422, 5.1.1; RFC 8734; draft-ietf-tls-ecdhe-mlkem.
_GROUPS = {
    0x0013: "secp192r1",
    0x0015: "secp224r1",
    0x0016: "secp256k1",
    0x0017: "secp256r1",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001A: "brainpoolP256r1",
    0x001B: "brainpoolP384r1",
    0x001C: "brainpoolP512r1",
    0x001D: "x25519",
    0x001E: "x448",
    0x001F: "brainpoolP256r1tls13",
    0x0020: "brainpoolP384r1tls13",
    0x0021: "brainpoolP512r1tls13",
    0x0029: "curveSM2",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
    0x0200: "MLKEM512",
    0x0201: "MLKEM768",
    0x0202: "MLKEM1024",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
    0x6399: "X25519Kyber768Draft00",
    0x639A: "SecP256r1Kyber768Draft00",
}

# RFC 8446, 4.2.3; RFC 8734; RFC 5246, 7.4.1.4.1 for the pairs that TLS 1.3 no longer names.
_SIGNATURE_SCHEMES = {
    0x0101: "rsa_pkcs1_md5",
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224",
    0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256",
    0x0402: "dsa_sha256",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0502: "dsa_sha384",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0602: "dsa_sha512",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0708: "sm2sig_sm3",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0904: "mldsa44",
    0x0905: "mldsa65",
    0x0906: "mldsa87",
}


def is_grease(value: int) -> bool:
    """Whether a 16-bit value is one of those reserved to keep peers tolerant (RFC 8701, 2)."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def nameless(value: int, digits: int = 4) -> str:
    """A number that has no name, in hex (of ``digits``, or decimal for 0), or as GREASE."""
    if is_grease(value):
        return f"GREASE (0x{value:04X})"
    return f"unknown (0x{value:0{digits}X})" if digits else f"unknown ({value})"


def version_name(version: int) -> str:
    """``0xFEFD`` as ``DTLS 1.2``; TLS versions too, for they turn up by mistake."""
    return _VERSIONS.get(version) or nameless(version)


def find_version(text: str) -> int | None:
    """The version a spelling means: ``FEFD`` (getStats), ``0xfefd``, ``DTLS 1.2``, ``DTLSv1.2``."""
    plain = "".join(text.split()).lower().replace("dtlsv", "dtls")
    for version in Version:
        if plain in (f"{version:04x}", f"0x{version:04x}", "dtls" + version_name(version)[-3:]):
            return version
    return None


def content_type_name(content_type: int | None) -> str:
    """A record's content as IANA names it (``application_data``); ``None`` is ``encrypted``."""
    if content_type is None:
        return "encrypted"
    return _lower_case(ContentType, content_type)


def handshake_name(msg_type: int) -> str:
    """A handshake message as the RFCs write it (``ClientHello``)."""
    if msg_type in _HANDSHAKE_NAMES:
        return _HANDSHAKE_NAMES[msg_type]
    try:
        return HandshakeType(msg_type).name.title().replace("_", "")
    except ValueError:
        return nameless(msg_type, 0)


def extension_name(extension_type: int) -> str:
    """An extension as IANA names it (``use_srtp``)."""
    return _EXTENSION_NAMES.get(extension_type) or _lower_case(ExtensionType, extension_type)


def alert_level_name(level: int) -> str:
    """``warning`` or ``fatal``."""
    return _lower_case(AlertLevel, level)


def alert_name(description: int) -> str:
    """An alert as the RFCs name it (``handshake_failure``)."""
    return _lower_case(AlertDescription, description)


def group_name(group: int) -> str:
    """A named group (curve, finite field, or post-quantum hybrid) as IANA names it."""
    return _GROUPS.get(group) or nameless(group)


def signature_scheme_name(scheme: int) -> str:
    """A signature scheme, or the TLS 1.2 pair of hash and signature written the same way."""
    return _SIGNATURE_SCHEMES.get(scheme) or nameless(scheme)


def _lower_case(registry: type[IntEnum], value: int) -> str:
    try:
        return registry(value).name.lower()
    except ValueError:
        return nameless(value, 0)
