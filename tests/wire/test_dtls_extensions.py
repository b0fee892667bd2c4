"""Extensions one by one, against bytes laid out by hand from the RFC of each."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    Extension,
    ExtensionType,
    Hello,
    KeyShareEntry,
    ServerName,
    UseSrtp,
    build_extension,
    decode_extension,
    parse_extension,
)
from tests.strategies.dtls import EXTENSION_VALUES

CLIENT, SERVER, RETRY = Hello.CLIENT_HELLO, Hello.SERVER_HELLO, Hello.HELLO_RETRY_REQUEST

CASES: list[tuple[int, Hello, str, Any]] = [
    # RFC 6066, 3: a list of names with their type; the server answers with nothing.
    (0, CLIENT, "0006 00 0003 612e62", (ServerName(0, b"a.b"),)),
    (0, SERVER, "", True),
    (1, CLIENT, "04", 4),  # RFC 6066, 4: 4 stands for 2^12
    (10, CLIENT, "0002 11ec", (0x11EC,)),  # RFC 8446, 4.2.7
    (11, SERVER, "03 000102", (0, 1, 2)),  # RFC 8422, 5.1.2
    (13, CLIENT, "0004 0403 0804", (0x0403, 0x0804)),  # RFC 8446, 4.2.3
    (50, CLIENT, "0002 0401", (0x0401,)),
    (14, CLIENT, "0004 0007 0001 00", UseSrtp((7, 1))),  # RFC 5764, 4.1.1
    (14, CLIENT, "0002 0001 02 aabb", UseSrtp((1,), b"\xaa\xbb")),
    (14, SERVER, "0002 0008 00", UseSrtp((8,))),
    (16, CLIENT, "0009 02 6832 05 6331323334", (b"h2", b"c1234")),  # RFC 7301, 3.1
    (16, SERVER, "0003 02 6832", (b"h2",)),
    (22, CLIENT, "", True),  # RFC 7366, 2
    (23, SERVER, "", True),  # RFC 7627, 5.1
    (28, CLIENT, "4001", 16385),  # RFC 8449, 4
    (43, CLIENT, "04 fefc fefd", (0xFEFC, 0xFEFD)),  # RFC 8446, 4.2.1
    (43, SERVER, "fefc", 0xFEFC),
    (43, RETRY, "fefc", 0xFEFC),
    (44, RETRY, "0003 0a0b0c", b"\x0a\x0b\x0c"),  # RFC 8446, 4.2.2
    (45, CLIENT, "01 01", (1,)),  # RFC 8446, 4.2.9
    (49, CLIENT, "", True),  # RFC 8446, 4.2.6
    (51, CLIENT, "0000", ()),  # RFC 8446, 4.2.8: asks for a HelloRetryRequest
    (51, CLIENT, "0005 001d 0001 aa", (KeyShareEntry(0x1D, b"\xaa"),)),
    (51, SERVER, "001d 0001 aa", KeyShareEntry(0x1D, b"\xaa")),
    (51, RETRY, "0017", 0x17),
    (54, CLIENT, "00", b""),  # RFC 9146, 3: sends ids, wants none
    (54, SERVER, "02 beef", b"\xbe\xef"),
    (0xFF01, CLIENT, "00", b""),  # RFC 5746, 3.2
    (0xFF01, SERVER, "02 0102", b"\x01\x02"),
    (35, CLIENT, "0102", b"\x01\x02"),  # a ticket has no structure (RFC 5077, 3.2)
    (0x3A3A, CLIENT, "00", b"\0"),  # GREASE
]


@pytest.mark.parametrize(("kind", "hello", "data", "value"), CASES)
def test_layouts(kind: int, hello: Hello, data: str, value: Any) -> None:
    extension = Extension(kind, bytes.fromhex(data))
    assert parse_extension(extension, hello) == value
    assert decode_extension(extension, hello) == (value, ())
    assert build_extension(kind, value, hello) == extension


@pytest.mark.parametrize(
    ("kind", "hello", "data", "offset"),
    [
        (0, CLIENT, "0000", 0),  # an empty list
        (0, CLIENT, "0006 00 0004 612e62", 5),  # a name longer than its list
        (0, SERVER, "00", 0),
        (10, CLIENT, "0003 001d 00", 4),  # half a group
        (10, CLIENT, "0000", 0),
        (13, CLIENT, "0004 0403", 2),
        (14, CLIENT, "0002 0007", 4),  # no MKI length
        (14, CLIENT, "0002 0007 01", 5),
        (14, CLIENT, "0000 00", 0),
        (14, SERVER, "0004 0007 0008 00", 0),
        (16, CLIENT, "0001 00", 0),
        (16, CLIENT, "0002 0000", 2),  # an empty protocol name
        (23, CLIENT, "01", 0),
        (43, CLIENT, "fefc", 1),  # a server's answer from a client
        (43, SERVER, "02 fefc", 2),
        (44, RETRY, "0000", 0),
        (51, CLIENT, "0004 001d 0000", 4),
        (54, CLIENT, "", 0),
        (54, CLIENT, "01 beef", 2),
    ],
)
def test_what_breaks_its_layout(kind: int, hello: Hello, data: str, offset: int) -> None:
    extension = Extension(kind, bytes.fromhex(data))
    with pytest.raises(ParseError) as caught:
        parse_extension(extension, hello)
    assert caught.value.offset == offset
    assert caught.value.expected
    value, problems = decode_extension(extension, hello, base=1000)
    assert value is None
    assert problems[0].offset == offset + 1000


@pytest.mark.parametrize(
    ("kind", "hello", "value"),
    [
        (ExtensionType.EXTENDED_MASTER_SECRET, CLIENT, False),
        (ExtensionType.USE_SRTP, CLIENT, UseSrtp(())),
        (ExtensionType.USE_SRTP, CLIENT, UseSrtp((1,), bytes(256))),
        (ExtensionType.USE_SRTP, SERVER, UseSrtp((1, 2))),
        (ExtensionType.SUPPORTED_VERSIONS, CLIENT, (0xFEFD,) * 128),
        (ExtensionType.SUPPORTED_VERSIONS, SERVER, 0x10000),
        (ExtensionType.SERVER_NAME, CLIENT, (ServerName(0, b""),)),
        (ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, CLIENT, (b"",)),
        (ExtensionType.KEY_SHARE, CLIENT, (KeyShareEntry(1, b""),)),
        (ExtensionType.CONNECTION_ID, CLIENT, bytes(256)),
    ],
)
def test_what_does_not_fit_is_not_built(kind: int, hello: Hello, value: Any) -> None:
    with pytest.raises(ValueError):
        build_extension(kind, value, hello)


@given(st.data(), st.sampled_from(list(Hello)))
def test_reading_what_was_written(data: st.DataObject, hello: Hello) -> None:
    kind = data.draw(st.sampled_from(list(EXTENSION_VALUES[hello])))
    value = data.draw(EXTENSION_VALUES[hello][kind])
    extension = build_extension(kind, value, hello)
    assert parse_extension(extension, hello) == value
    assert build_extension(kind, parse_extension(extension, hello), hello) == extension


@given(st.sampled_from(list(ExtensionType)), st.binary(max_size=40), st.sampled_from(list(Hello)))
def test_any_bytes(kind: int, data: bytes, hello: Hello) -> None:
    extension = Extension(kind, data)
    value, problems = decode_extension(extension, hello)
    if problems:
        with pytest.raises(ParseError):
            parse_extension(extension, hello)
    else:
        assert build_extension(kind, value, hello) == extension
