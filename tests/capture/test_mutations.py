"""Ten thousand damaged files and as many damaged frames: an answer or one clear error."""

import io

from rtckit.capture import PcapngWriter, open_capture
from rtckit.capture.icmp import decode_icmp_error
from rtckit.capture.ip import FragmentReassembler, decode_ip, parse_ip
from rtckit.capture.link import find_network
from rtckit.core.errors import ParseError, UnreadableInput
from tests.fuzz.mutations import mutations
from tests.strategies.capture import (
    channel_data,
    enhanced,
    ethernet,
    fragments4,
    fragments6,
    interface,
    ip4,
    ip6,
    padded,
    pcap_header,
    pcap_record,
    secrets,
    section,
    simple,
    small_pcap,
    small_pcapng,
    stun,
    tcp,
    udp,
)

PACKETS = [
    ip4(udp(bytes(30))),
    ip4(tcp(stun(1), 7)),
    ip4(tcp(padded(channel_data(0x4001, b"media")), 27)),
    *fragments4(ip4(udp(bytes(100))), 56),
]
PACKETS6 = [ip6(udp(bytes(30))), ip6(tcp(stun(3), 9)), *fragments6(ip6(udp(bytes(100))), 56)]
FRAMES = [ethernet(packet) for packet in PACKETS] + [
    ethernet(packet, 0x86DD) for packet in PACKETS6
]


def written() -> bytes:
    file = io.BytesIO()
    writer = PcapngWriter(file)
    writer.add_interface(1, "veth")
    writer.add_secrets(b"CLIENT_RANDOM 00 11\n")
    for number, frame in enumerate(FRAMES):
        writer.write(number * 10**9, frame, comment="x" * number)
    return file.getvalue()


FILES = [
    pcap_header() + b"".join(pcap_record(1_000_000, i, frame) for i, frame in enumerate(FRAMES)),
    small_pcap(6, ">"),
    written(),
    section(">")
    + interface(1, ">", resolution=9, offset_s=5)
    + b"".join(enhanced(i, frame, ">") for i, frame in enumerate(FRAMES))
    + section("<")
    + secrets(b"CLIENT_RANDOM 1 2\n")
    + interface(1)
    + simple(FRAMES[0]),
    small_pcapng(6),
]


def test_damaged_files() -> None:
    opened = 0
    refusals = []
    for data in mutations(FILES, 10_000, seed=2):
        try:
            capture = open_capture(io.BytesIO(data))
        except (UnreadableInput, ParseError) as error:
            refusals.append(str(error))
            continue
        opened += 1
        datagrams = list(capture)
        assert capture.frames >= len({datagram.frame for datagram in datagrams})
        assert sum(len(datagram.payload) for datagram in datagrams) <= 2 * len(data)
        for datagram in datagrams:
            assert len(datagram.payload) <= datagram.length
            assert 1 <= datagram.frame <= capture.frames
        for problem in capture.problems:
            assert problem.message
            assert problem.offset is None or 0 <= problem.offset <= len(data)
    assert opened > 8000
    assert all(message and "\n" not in message for message in refusals)


def test_damaged_frames() -> None:
    reassembler = FragmentReassembler()
    for number, data in enumerate(mutations(FRAMES, 10_000, seed=3)):
        for link_type in (1, 113, 276, 0, 101):
            try:
                network = find_network(link_type, data)
            except ParseError:
                continue
            assert network.offset <= len(data)
        packet, problems = decode_ip(data[14:])
        try:
            assert parse_ip(data[14:]) == packet
            assert not problems
        except ParseError:
            assert problems
        if packet is not None:
            reassembler.add(packet, number)
            decode_icmp_error(packet.payload, packet.source)
