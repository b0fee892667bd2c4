"""Real flights read by rtckit and by Wireshark: the same records, fragments and hellos."""

import struct
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL")

from rtckit.wire.dtls import (
    Certificate,
    CertificateRequest,
    ClientHello,
    ContentType,
    Reassembler,
    ServerHello,
    ServerKeyExchange,
    build_record,
    decode_body,
    parse_handshake,
    parse_records,
)
from tests.capabilities import require
from tests.wire import openssl_dtls

PORTS = {"client": (40000, 40001), "server": (40001, 40000)}


def write_pcap(path: Path, datagrams: list[tuple[str, bytes]]) -> None:
    """A capture of raw IPv4 (link type 101), a datagram a second."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for number, (sender, data) in enumerate(datagrams):
        udp = struct.pack("!HHHH", *PORTS[sender], 8 + len(data), 0) + data
        ip = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2"
        )
        out.append(struct.pack("<IIII", number, 0, len(ip + udp), len(ip + udp)) + ip + udp)
    path.write_bytes(b"".join(out))


def dissect(path: Path, *fields: str) -> list[dict[str, list[int]]]:
    """What tshark says of each frame: the values of each field as integers, in order."""
    command = ["tshark", "-r", str(path), "-d", "udp.port==40000,dtls", "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [
        {
            field: [int(value, 0) for value in column.split(",") if value]
            for field, column in zip(fields, line.split("\t"), strict=True)
        }
        for line in lines
    ]


@pytest.mark.tshark
@pytest.mark.parametrize("mtu", [256, 1200])
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_wireshark_reads_the_same(tmp_path: Path, kind: str, mtu: int) -> None:
    require("tshark")
    handshake = openssl_dtls.perform(kind=kind, mtu=mtu)
    # One record a datagram, so that each column of tshark belongs to one record.
    datagrams = [
        (flight.sender, build_record(record))
        for flight in handshake.flights
        for record in parse_records(flight.data)
    ]
    path = tmp_path / "handshake.pcap"
    write_pcap(path, datagrams)
    frames = dissect(
        path,
        "dtls.record.content_type",
        "dtls.record.version",
        "dtls.record.epoch",
        "dtls.record.sequence_number",
        "dtls.record.length",
        "dtls.handshake.message_seq",
        "dtls.handshake.fragment_offset",
        "dtls.handshake.fragment_length",
        "dtls.handshake.ciphersuite",
        "dtls.handshake.extension.type",
        "dtls.use_srtp.protection_profile",
        "dtls.handshake.extensions_supported_group",
        "dtls.handshake.sig_hash_alg",
        "dtls.handshake.server_named_curve",
        "dtls.handshake.certificate_length",
        "dtls.handshake.cert_type",
    )
    assert len(frames) == len(datagrams)
    reassemblers = {"client": Reassembler(), "server": Reassembler()}
    kinds = set()
    for (sender, data), frame in zip(datagrams, frames, strict=True):
        (record,) = parse_records(data)
        assert frame["dtls.record.content_type"] == [record.content_type]
        assert frame["dtls.record.version"] == [record.version]
        assert frame["dtls.record.epoch"] == [record.epoch]
        assert frame["dtls.record.sequence_number"] == [record.sequence]
        assert frame["dtls.record.length"] == [len(record.fragment)]
        if record.content_type != ContentType.HANDSHAKE or record.encrypted:
            continue
        fragments = parse_handshake(record.fragment)
        # A message that this frame completes is shown once more, whole, at the end.
        count = len(fragments)
        assert frame["dtls.handshake.message_seq"][:count] == [one.message_seq for one in fragments]
        assert frame["dtls.handshake.fragment_offset"][:count] == [
            one.fragment_offset for one in fragments
        ]
        assert frame["dtls.handshake.fragment_length"][:count] == [
            len(one.body) for one in fragments
        ]
        for message in map(reassemblers[sender].add, fragments):
            if message is None:
                continue
            body, problems = decode_body(message)
            assert not problems
            kinds.add(type(body))
            match body:
                case ClientHello():
                    assert frame["dtls.handshake.ciphersuite"] == list(body.cipher_suites)
                    assert frame["dtls.handshake.extension.type"] == [
                        extension.extension_type for extension in body.extensions
                    ]
                    assert frame["dtls.use_srtp.protection_profile"] == list(body.srtp_profiles)
                    assert frame["dtls.handshake.extensions_supported_group"] == list(
                        body.supported_groups
                    )
                    assert frame["dtls.handshake.sig_hash_alg"] == list(body.signature_algorithms)
                case ServerHello():
                    assert frame["dtls.handshake.ciphersuite"] == [body.cipher_suite]
                    assert frame["dtls.handshake.extension.type"] == [
                        extension.extension_type for extension in body.extensions
                    ]
                    assert frame["dtls.use_srtp.protection_profile"] == [body.srtp_profile]
                case Certificate():
                    assert frame["dtls.handshake.certificate_length"] == [
                        len(der) for der in body.certificates
                    ]
                case ServerKeyExchange():
                    assert frame["dtls.handshake.server_named_curve"] == [body.named_curve]
                    assert frame["dtls.handshake.sig_hash_alg"] == [body.signature_algorithm]
                case CertificateRequest():
                    assert frame["dtls.handshake.cert_type"] == list(body.certificate_types)
                    assert frame["dtls.handshake.sig_hash_alg"] == list(
                        body.signature_algorithms or ()
                    )
    assert {ClientHello, ServerHello, Certificate, ServerKeyExchange, CertificateRequest} <= kinds
