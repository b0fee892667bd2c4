"""Hypothesis strategies for everything the DTLS codecs read and write."""

from hypothesis import strategies as st

from rtckit.wire.dtls import (
    Ack,
    Alert,
    Certificate,
    CertificateRequest,
    ClientHello,
    Extension,
    ExtensionType,
    HandshakeFragment,
    HandshakeMessage,
    Hello,
    HelloVerifyRequest,
    KeyShareEntry,
    NewSessionTicket,
    Record,
    RecordNumber,
    ServerHello,
    ServerKeyExchange,
    ServerName,
    UseSrtp,
    build_extension,
)

uint8 = st.integers(0, 2**8 - 1)
uint16 = st.integers(0, 2**16 - 1)
uint16s = st.lists(uint16, min_size=1, max_size=20).map(tuple)
random32 = st.binary(min_size=32, max_size=32)


def long_records(connection_id_length: int | None) -> st.SearchStrategy[Record]:
    """Records with the 13-byte header, or the connection id one where ids are agreed."""
    version = st.integers(0xFE00, 0xFEFF)
    epoch, sequence = uint16, st.integers(0, 2**48 - 1)
    plain = st.builds(
        Record,
        content_type=st.sampled_from([20, 21, 22, 23, 24, 26]),
        version=version,
        epoch=epoch,
        sequence=sequence,
        fragment=st.binary(min_size=1, max_size=80),
    )
    if not connection_id_length:
        return plain
    identified = st.builds(
        Record,
        content_type=st.just(25),
        version=version,
        epoch=epoch,
        sequence=sequence,
        fragment=st.binary(max_size=80),
        connection_id=st.binary(min_size=connection_id_length, max_size=connection_id_length),
    )
    return plain | identified


@st.composite
def unified_records(
    draw: st.DrawFn, connection_id_length: int | None, explicit_length: bool
) -> Record:
    """Records with the unified header of DTLS 1.3."""
    size = draw(st.sampled_from([1, 2]))
    ids = st.just(b"")
    if connection_id_length:
        ids |= st.binary(min_size=connection_id_length, max_size=connection_id_length)
    return Record(
        None,
        None,
        draw(st.integers(0, 3)),
        draw(st.integers(0, 256**size - 1)),
        draw(st.binary(min_size=16, max_size=80)),
        draw(ids),
        size,
        explicit_length,
    )


@st.composite
def datagrams(draw: st.DrawFn) -> tuple[tuple[Record, ...], int | None]:
    """The records of a datagram, and the length of the connection ids in it."""
    length = draw(st.none() | st.integers(0, 12))
    middle = long_records(length) | unified_records(length, True)
    records = draw(st.lists(middle, max_size=4))
    last = middle | unified_records(length, False)
    return (*records, draw(last)), length


@st.composite
def messages(draw: st.DrawFn, max_size: int = 300) -> HandshakeMessage:
    """Whole handshake messages of any type."""
    return HandshakeMessage(draw(uint8), draw(uint16), draw(st.binary(max_size=max_size)))


@st.composite
def fragments(draw: st.DrawFn) -> HandshakeFragment:
    """One fragment of a message of any length."""
    body = draw(st.binary(max_size=60))
    start = draw(st.integers(0, 5000))
    after = draw(st.integers(0, 5000))
    return HandshakeFragment(draw(uint8), start + len(body) + after, draw(uint16), start, body)


key_shares = st.builds(KeyShareEntry, uint16, st.binary(min_size=1, max_size=60))
names = st.binary(min_size=1, max_size=20)

_EVERYWHERE = {
    ExtensionType.MAX_FRAGMENT_LENGTH: uint8,
    ExtensionType.SUPPORTED_GROUPS: uint16s,
    ExtensionType.EC_POINT_FORMATS: st.lists(uint8, min_size=1, max_size=9).map(tuple),
    ExtensionType.SIGNATURE_ALGORITHMS: uint16s,
    ExtensionType.SIGNATURE_ALGORITHMS_CERT: uint16s,
    ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: st.lists(
        names, min_size=1, max_size=4
    ).map(tuple),
    ExtensionType.ENCRYPT_THEN_MAC: st.just(True),
    ExtensionType.EXTENDED_MASTER_SECRET: st.just(True),
    ExtensionType.RECORD_SIZE_LIMIT: uint16,
    ExtensionType.COOKIE: st.binary(min_size=1, max_size=300),
    ExtensionType.PSK_KEY_EXCHANGE_MODES: st.lists(uint8, min_size=1, max_size=4).map(tuple),
    ExtensionType.POST_HANDSHAKE_AUTH: st.just(True),
    ExtensionType.CONNECTION_ID: st.binary(max_size=255),
    ExtensionType.RENEGOTIATION_INFO: st.binary(max_size=255),
    # No layout is known for these: their bytes are their value.
    ExtensionType.SESSION_TICKET: st.binary(max_size=60),
    ExtensionType.PRE_SHARED_KEY: st.binary(max_size=60),
    0x3A3A: st.binary(max_size=4),
}
_CHOSEN_SRTP = st.builds(UseSrtp, st.tuples(uint16), st.binary(max_size=255))

EXTENSION_VALUES: dict[Hello, dict[int, st.SearchStrategy[object]]] = {
    Hello.CLIENT_HELLO: {
        **_EVERYWHERE,
        ExtensionType.SERVER_NAME: st.lists(
            st.builds(ServerName, uint8, names), min_size=1, max_size=3
        ).map(tuple),
        ExtensionType.USE_SRTP: st.builds(UseSrtp, uint16s, st.binary(max_size=255)),
        ExtensionType.SUPPORTED_VERSIONS: uint16s,
        ExtensionType.KEY_SHARE: st.lists(key_shares, max_size=4).map(tuple),
    },
    Hello.SERVER_HELLO: {
        **_EVERYWHERE,
        ExtensionType.SERVER_NAME: st.just(True),
        ExtensionType.USE_SRTP: _CHOSEN_SRTP,
        ExtensionType.SUPPORTED_VERSIONS: uint16,
        ExtensionType.KEY_SHARE: key_shares,
    },
    Hello.HELLO_RETRY_REQUEST: {
        **_EVERYWHERE,
        ExtensionType.USE_SRTP: _CHOSEN_SRTP,
        ExtensionType.SUPPORTED_VERSIONS: uint16,
        ExtensionType.KEY_SHARE: uint16,
    },
}


@st.composite
def extensions(draw: st.DrawFn, hello: Hello) -> tuple[Extension, ...]:
    """Well-formed extensions, each type once."""
    table = EXTENSION_VALUES[hello]
    chosen = draw(st.lists(st.sampled_from(list(table)), max_size=6, unique=True))
    return tuple(build_extension(kind, draw(table[kind]), hello) for kind in chosen)


client_hellos = st.builds(
    ClientHello,
    legacy_version=uint16,
    random=random32,
    session_id=st.binary(max_size=32),
    cookie=st.binary(max_size=255),
    cipher_suites=uint16s,
    compression_methods=st.binary(min_size=1, max_size=4),
    extensions=extensions(Hello.CLIENT_HELLO),
)


@st.composite
def server_hellos(draw: st.DrawFn) -> ServerHello:
    """ServerHellos and HelloRetryRequests."""
    retry = draw(st.booleans())
    hello = Hello.HELLO_RETRY_REQUEST if retry else Hello.SERVER_HELLO
    # Not the product's constant: the bytes of RFC 8446, 4.1.3.
    fixed = "CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C"
    return ServerHello(
        draw(uint16),
        bytes.fromhex(fixed) if retry else draw(random32),
        draw(st.binary(max_size=32)),
        draw(uint16),
        draw(uint8),
        draw(extensions(hello)),
    )


hello_verify_requests = st.builds(HelloVerifyRequest, uint16, st.binary(max_size=255))
certificates = st.builds(
    Certificate, st.lists(st.binary(min_size=1, max_size=80), max_size=4).map(tuple)
)
certificate_requests = st.builds(
    CertificateRequest,
    st.lists(uint8, min_size=1, max_size=5).map(tuple),
    uint16s,
    st.lists(st.binary(min_size=1, max_size=40), max_size=3).map(tuple),
)
server_key_exchanges = st.builds(
    ServerKeyExchange, uint16, st.binary(min_size=1, max_size=255), uint16, st.binary(max_size=99)
)
new_session_tickets = st.builds(
    NewSessionTicket, st.integers(0, 2**32 - 1), st.binary(max_size=200)
)
alerts = st.builds(Alert, st.sampled_from([1, 2]), uint8)
acks = st.builds(
    Ack,
    st.lists(
        st.builds(RecordNumber, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=6
    ).map(tuple),
)
