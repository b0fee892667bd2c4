"""The bodies of every message and of every small content type, on any bytes."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rtckit.core.errors import ParseError
from rtckit.wire import dtls

_RANDOM = bytes(range(32))
_RETRY_RANDOM = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"

# A certificate that signs itself, of a key thrown away.
CERTIFICATE_DER = bytes.fromhex(
    "3082010f3081b6a00302010202021267300a06082a8648ce3d0403023011310f300d06035504030c0657656252544330"
    "1e170d3236303130313030303030305a170d3237303130313030303030305a3011310f300d06035504030c0657656252"
    "54433059301306072a8648ce3d020106082a8648ce3d03010703420004eb5ad315c53e5f147e5e2d18204075b40a2165"
    "e305ee8078d7ed7c86112fe4fa6ea39978e8b1be97f2e73504c9b0ed38b68684d180a1824bbd0bb5392fc5fb4d300a06"
    "082a8648ce3d04030203480030450221008a6cb7eb6e0b8bf5627f790b40dad84dcaead3f918481d852c6e1ebf3e010c"
    "090220608ff2ba8f89db429ce2a279aa818e0f7429bf2b24f5c72e9668c2249c308446"
)


class Codec(NamedTuple):
    """A parser with its decoder and builder, and bytes it accepts."""

    decode: Callable[[bytes], tuple[Any, tuple[Any, ...]]]
    parse: Callable[[bytes], Any]
    build: Callable[[Any], bytes]
    seeds: tuple[bytes, ...]


CODECS: dict[str, Codec] = {
    "client_hello": Codec(
        dtls.decode_client_hello,
        dtls.parse_client_hello,
        dtls.build_client_hello,
        (
            # DTLS 1.2 with what WebRTC needs.
            bytes.fromhex("fefd")
            + _RANDOM
            + bytes.fromhex(
                "00 00 0004 c02b cca9 01 00 0037 000e 0009 0006 0007 0008 0001 00"
                "000a 0006 0004 001d 0017 000b 0002 01 00 000d 0006 0004 0403 0804"
                "0017 0000 ff01 0001 00 0036 0003 02 beef"
            ),
            # DTLS 1.3 with two shares, a name and protocols.
            bytes.fromhex("fefd")
            + _RANDOM
            + bytes.fromhex(
                "00 02 c00c 0002 1301 01 00 0039 002b 0005 04 fefc fefd"
                "0033 000f 000d 11ec 0003 010203 001d 0002 0405"
                "0000 0008 0006 00 0003 612e62 0010 0009 0007 06 776562727463 3a3a 0000"
            ),
        ),
    ),
    "server_hello": Codec(
        dtls.decode_server_hello,
        dtls.parse_server_hello,
        dtls.build_server_hello,
        (
            bytes.fromhex("fefd")
            + _RANDOM
            + bytes.fromhex(
                "04 deadbeef c02b 00 0013 000e 0006 0002 0007 01 55 0017 0000 ff01 0001 00"
            ),
            bytes.fromhex("fefd")
            + _RANDOM
            + bytes.fromhex("00 1301 00 0010 002b 0002 fefc 0033 0006 001d 0002 0405"),
            bytes.fromhex(
                f"fefd {_RETRY_RANDOM} 00 1301 00 0014"
                "002b 0002 fefc 0033 0002 0017 002c 0004 0002 c00c"
            ),
        ),
    ),
    "hello_verify_request": Codec(
        dtls.decode_hello_verify_request,
        dtls.parse_hello_verify_request,
        dtls.build_hello_verify_request,
        (bytes.fromhex("feff 14") + bytes(range(20)),),
    ),
    "certificate": Codec(
        dtls.decode_certificate,
        dtls.parse_certificate,
        dtls.build_certificate,
        (
            bytes.fromhex("000009 000002 aabb 000001 cc"),
            (len(CERTIFICATE_DER) + 3).to_bytes(3, "big")
            + len(CERTIFICATE_DER).to_bytes(3, "big")
            + CERTIFICATE_DER,
        ),
    ),
    "certificate_request": Codec(
        dtls.decode_certificate_request,
        dtls.parse_certificate_request,
        dtls.build_certificate_request,
        (bytes.fromhex("02 01 40 0004 0403 0401 0004 0002 3000"),),
    ),
    "server_key_exchange": Codec(
        dtls.decode_server_key_exchange,
        dtls.parse_server_key_exchange,
        dtls.build_server_key_exchange,
        (bytes.fromhex("03 001d 04 aabbccdd 0403 0003 010203"),),
    ),
    "new_session_ticket": Codec(
        dtls.decode_new_session_ticket,
        dtls.parse_new_session_ticket,
        dtls.build_new_session_ticket,
        (bytes.fromhex("00001c20 0003 aabbcc"),),
    ),
    "alert": Codec(
        dtls.decode_alert, dtls.parse_alert, dtls.build_alert, (bytes.fromhex("0228"), b"\1\0")
    ),
    "change_cipher_spec": Codec(
        dtls.decode_change_cipher_spec,
        dtls.parse_change_cipher_spec,
        dtls.build_change_cipher_spec,
        (b"\1",),
    ),
    "ack": Codec(
        dtls.decode_ack,
        dtls.parse_ack,
        dtls.build_ack,
        (bytes.fromhex("0020") + bytes(7) + b"\1" + bytes(23) + b"\2", b"\0\0"),
    ),
}

SEEDS: list[bytes] = [seed for codec in CODECS.values() for seed in codec.seeds]


def check_codec(codec: Codec, data: bytes) -> None:
    """The law of one codec: nothing raises but ParseError, exactly where problems were noted."""
    value, problems = codec.decode(data)
    try:
        parsed = codec.parse(data)
    except ParseError as error:
        offset = error.offset
        assert problems
        assert offset is not None
        assert 0 <= offset <= len(data)
        return
    assert not problems
    assert parsed == value
    written = codec.build(parsed)
    # An empty block of extensions is one way to write none; the other is kept.
    assert written == data or (len(written) + 2 == len(data) and data.endswith(b"\0\0"))
    assert codec.parse(written) == parsed


def check(data: bytes) -> None:
    """The law of every codec, and that whatever was read of a hello can be looked at."""
    for codec in CODECS.values():
        check_codec(codec, data)
    for name in ("client_hello", "server_hello"):
        hello, _ = CODECS[name].decode(data)
        if hello is not None:
            for attribute in dir(type(hello)):
                if isinstance(getattr(type(hello), attribute), property):
                    getattr(hello, attribute)
