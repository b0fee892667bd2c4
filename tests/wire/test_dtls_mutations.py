"""Ten thousand damaged packets per codec, the same ones in every run."""

import pytest

from rtckit.wire.dtls import (
    Extension,
    ExtensionType,
    Hello,
    decode_extension,
    decode_handshake,
    decode_records,
    describe,
)
from tests.fuzz import (
    fuzz_dtls_certificate,
    fuzz_dtls_handshake,
    fuzz_dtls_messages,
    fuzz_dtls_records,
)
from tests.fuzz.mutations import mutations

COUNT = 10_000


def test_before_they_are_damaged_all_are_good() -> None:
    for datagram in fuzz_dtls_records.SEEDS:
        assert not decode_records(datagram, connection_id_length=4)[1]
    for record in fuzz_dtls_handshake.SEEDS:
        fragments, problems = decode_handshake(record)
        assert fragments
        assert not problems
    for codec in fuzz_dtls_messages.CODECS.values():
        for message in codec.seeds:
            assert codec.build(codec.parse(message)) == message
    assert describe(fuzz_dtls_certificate.SEEDS[0]).subject == "CN=WebRTC"


def test_damaged_datagrams() -> None:
    for data in mutations(fuzz_dtls_records.SEEDS, COUNT, seed=6347):
        fuzz_dtls_records.check(data)


def test_damaged_handshake_records() -> None:
    for data in mutations(fuzz_dtls_handshake.SEEDS, COUNT, seed=9147):
        fuzz_dtls_handshake.check(data)


@pytest.mark.parametrize("name", fuzz_dtls_messages.CODECS)
def test_damaged_messages(name: str) -> None:
    codec = fuzz_dtls_messages.CODECS[name]
    for data in mutations(codec.seeds, COUNT, seed=8446):
        fuzz_dtls_messages.check_codec(codec, data)


def test_damaged_certificates() -> None:
    for data in mutations(fuzz_dtls_certificate.SEEDS, COUNT, seed=5280):
        fuzz_dtls_certificate.check(data)


def test_damaged_extensions() -> None:
    seeds = [
        bytes.fromhex(data)
        for data in (
            "0006 00 0003 612e62",
            "0004 0007 0001 02 aabb",
            "0009 02 6832 05 6331323334",
            "04 fefc fefd",
            "000f 11ec 0003 010203 001d 0002 0405",
            "02 beef",
        )
    ]
    kinds = list(ExtensionType)
    for number, data in enumerate(mutations(seeds, COUNT, seed=5764)):
        for hello in Hello:
            value, problems = decode_extension(Extension(kinds[number % len(kinds)], data), hello)
            assert (value is None) == bool(problems)
