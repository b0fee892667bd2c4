"""Messages written by rtckit, read by Wireshark, which knows much that aioice does not."""

import subprocess
from pathlib import Path
from typing import Any

import dpkt
import pytest

from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from rtckit.wire.turn import ChannelData, build_channel_data
from tests.capabilities import require
from tests.strategies.stun import SAMPLE_REQUEST, SAMPLE_RESPONSE_V6, TRANSACTION_ID

pytestmark = pytest.mark.tshark

FIELDS = (
    "stun.type.method",
    "stun.type.class",
    "stun.id",
    "stun.att.type",
    "stun.att.crc32.status",
    "stun.att.ipv4",
    "stun.att.ipv6",
    "stun.att.port",
    "stun.att.username",
    "stun.att.software",
    "stun.att.realm",
    "stun.att.nonce",
    "stun.att.error.class",
    "stun.att.error",
    "stun.att.error.reason",
    "stun.att.unknown",
    "stun.att.priority",
    "stun.att.tie-breaker",
    "stun.att.lifetime",
    "stun.att.channelnum",
    "stun.att.transp",
    "stun.att.even-port.reserve-next",
    "stun.att.pw_alg",
    "stun.att.ms.connection_id",
    "stun.att.ms.sequence_number",
    "stun.att.ms.stream_type",
    "stun.channel",
)


def dissect(path: Path, *messages: bytes) -> list[dict[str, list[str]]]:
    """What tshark says of each message: the values of each field, in order."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, linktype=dpkt.pcap.DLT_RAW)
        for number, message in enumerate(messages):
            udp = dpkt.udp.UDP(sport=40000, dport=3478, data=message)
            udp.ulen = len(udp)
            ip = dpkt.ip.IP(src=b"\x0a\0\0\1", dst=b"\x0a\0\0\2", p=17, data=udp)
            ip.len = len(ip)
            writer.writepkt(bytes(ip), ts=number)
    command = ["tshark", "-r", str(path), "-T", "fields", "-E", "aggregator=|"]
    for field in FIELDS:
        command += ["-e", field]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        {
            field: [value for value in column.split("|") if value]
            for field, column in zip(FIELDS, line.split("\t"), strict=True)
        }
        for line in output.splitlines()
    ]


def types_of(data: bytes) -> list[int]:
    return [attribute.type for attribute in stun.parse(data).attributes]


def test_wireshark_reads_the_same(tmp_path: Path) -> None:
    require("tshark")
    key = b"key"
    attributes: list[list[tuple[int, Any]]] = [
        [
            (T.USERNAME, "them:us"),
            (T.PRIORITY, 0x6E0001FF),
            (T.ICE_CONTROLLING, 0x932FF9B151263B36),
            (T.USE_CANDIDATE, True),
            (T.GOOG_NETWORK_INFO, (1, 10)),
        ],
        [
            (T.XOR_RELAYED_ADDRESS, ("192.0.2.1", 49152)),
            (T.XOR_MAPPED_ADDRESS, ("2001:db8::7", 40000)),
            (T.MAPPED_ADDRESS, ("198.51.100.3", 40001)),
            (T.LIFETIME, 600),
            (T.SOFTWARE, "rtckit"),
            (T.RESERVATION_TOKEN, bytes(8)),
        ],
        [
            (T.ERROR_CODE, (438, "Stale Nonce")),
            (T.REALM, "example.org"),
            (T.NONCE, b"obMatJos2gAAAnonce"),
            (T.PASSWORD_ALGORITHMS, ((2, b""), (1, b""))),
            (T.UNKNOWN_ATTRIBUTES, (0x7777, 0x0024, 0x0001)),
        ],
        [
            (T.REQUESTED_TRANSPORT, 17),
            (T.EVEN_PORT, True),
            (T.DONT_FRAGMENT, True),
            (T.CHANNEL_NUMBER, 0x4001),
            (T.MS_SEQUENCE_NUMBER, (b"\x11" * 20, 7)),
            (T.MS_SERVICE_QUALITY, (2, 1)),
        ],
        [(T.XOR_PEER_ADDRESS, ("192.0.2.9", 5004)), (T.DATA, b"x")],
    ]
    kinds = [
        (Method.BINDING, MessageClass.REQUEST),
        (Method.ALLOCATE, MessageClass.SUCCESS),
        (Method.REFRESH, MessageClass.ERROR),
        (Method.ALLOCATE, MessageClass.REQUEST),
        (Method.DATA, MessageClass.INDICATION),
    ]
    messages = [
        stun.build(method, message_class, TRANSACTION_ID, items, key=key, key_sha256=key)
        for (method, message_class), items in zip(kinds, attributes, strict=True)
    ]
    frames = dissect(tmp_path / "stun.pcap", *messages)
    for frame, data, (method, message_class) in zip(frames, messages, kinds, strict=True):
        assert [int(value, 0) for value in frame["stun.type.method"]] == [method]
        # Wireshark leaves the class bits as far apart as they stand in the type.
        bits = message_class & 1 | (message_class & 2) << 3
        assert [int(value, 0) for value in frame["stun.type.class"]] == [bits]
        assert frame["stun.id"] == [TRANSACTION_ID.hex()]
        assert [int(value, 0) for value in frame["stun.att.type"]] == types_of(data)
        assert frame["stun.att.crc32.status"] == ["1"]
    check, allocated, stale, asked, relayed = frames
    assert check["stun.att.username"] == ["them:us"]
    assert check["stun.att.priority"] == [str(0x6E0001FF)]
    assert check["stun.att.tie-breaker"] == ["932ff9b151263b36"]
    assert allocated["stun.att.ipv4"] == ["192.0.2.1", "198.51.100.3"]
    assert allocated["stun.att.ipv6"] == ["2001:db8::7"]
    assert allocated["stun.att.port"] == ["49152", "40000", "40001"]
    assert allocated["stun.att.lifetime"] == ["600"]
    assert allocated["stun.att.software"] == ["rtckit"]
    assert stale["stun.att.error.class"] == ["4"]
    assert stale["stun.att.error"] == ["38"]
    assert stale["stun.att.error.reason"] == ["Stale Nonce"]
    assert stale["stun.att.realm"] == ["example.org"]
    assert stale["stun.att.nonce"] == ["obMatJos2gAAAnonce"]
    assert [int(value, 0) for value in stale["stun.att.pw_alg"]] == [2, 1]
    assert [int(value, 0) for value in stale["stun.att.unknown"]] == [0x7777, 0x0024, 0x0001]
    assert [int(value, 0) for value in asked["stun.att.transp"]] == [17]
    assert [int(value, 0) for value in asked["stun.att.even-port.reserve-next"]] == [1]
    assert [int(value, 0) for value in asked["stun.att.channelnum"]] == [0x4001]
    assert asked["stun.att.ms.connection_id"] == ["11" * 20]
    assert asked["stun.att.ms.sequence_number"] == ["7"]
    assert asked["stun.att.ms.stream_type"] == ["2"]
    assert relayed["stun.att.ipv4"] == ["192.0.2.9"]


def test_wireshark_reads_the_samples_and_channel_data(tmp_path: Path) -> None:
    require("tshark")
    channel_data = build_channel_data(ChannelData(0x4001, b"abc"))
    frames = dissect(tmp_path / "s.pcap", SAMPLE_REQUEST, SAMPLE_RESPONSE_V6, channel_data)
    assert [int(value, 0) for value in frames[0]["stun.att.type"]] == types_of(SAMPLE_REQUEST)
    assert frames[1]["stun.att.ipv6"] == ["2001:db8:1234:5678:11:2233:4455:6677"]
    assert [frame["stun.att.crc32.status"] for frame in frames[:2]] == [["1"], ["1"]]
    assert [int(value, 0) for value in frames[2]["stun.channel"]] == [0x4001]
