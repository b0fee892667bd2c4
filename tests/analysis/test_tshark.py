"""tshark counts the same packets in every saved call.

tshark finds the UDP datagrams and their payloads, and dissects STUN and DTLS itself; RTP it does
not know without the descriptions, so the call's ports are named to it, or its heuristics turned on.
"""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from rtckit.analysis.decode import Decoder
from rtckit.analysis.summary import summarize
from rtckit.capture import open_capture
from rtckit.wire.demux import Kind
from tests.capabilities import require

CAPTURES = Path(__file__).parents[2] / "captures"
FILES = sorted(str(path.relative_to(CAPTURES)) for path in CAPTURES.glob("*/*.pcapng"))


def tshark(path: Path, *arguments: str) -> list[str]:
    run = subprocess.run(
        ["tshark", "-n", "-r", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return run.stdout.splitlines()


def payloads(path: Path) -> list[str]:
    """Every UDP payload that tshark finds, as hexadecimal, without those quoted in ICMP errors."""
    lines = tshark(path, "-Y", "udp && !icmp && !icmpv6", "-T", "fields", "-e", "udp.payload")
    return [line.strip() for line in lines]


def ranges(path: Path) -> Counter[str]:
    """Payloads by the first-byte ranges of RFC 7983, figure 3, with RFC 5761 for RTCP."""
    counts: Counter[str] = Counter()
    for payload in payloads(path):
        first, second = int(payload[:2], 16), int(payload[2:4], 16)
        if first <= 3:
            counts["stun"] += 1
        elif 20 <= first <= 63:
            counts["dtls"] += 1
        elif 64 <= first <= 79:
            counts["turn_channel"] += 1
        elif 128 <= first <= 191:
            counts["rtcp" if 192 <= second <= 223 else "rtp"] += 1
        else:
            counts["other"] += 1
    return counts


@pytest.mark.tshark
@pytest.mark.parametrize("file", FILES)
def test_tshark_sees_the_same_datagrams_of_each_kind(file: str) -> None:
    require("tshark")
    kinds = {kind: count for kind, count in summarize(CAPTURES / file).kinds.items() if count}
    seen = dict(ranges(CAPTURES / file))
    print(f"\n  {file}: tshark {seen} | rtckit {kinds}")
    assert seen == kinds


@pytest.mark.tshark
@pytest.mark.parametrize("file", FILES)
def test_tshark_dissects_as_many_stun_messages(file: str) -> None:
    require("tshark")
    summary = summarize(CAPTURES / file)
    # One ChannelData message carries the STUN protocol's name in tshark too: its type is below
    # 0x4000 only for STUN proper. Messages inside Data attributes are dissected again.
    lines = tshark(
        CAPTURES / file, "-Y", "stun && !icmp && !icmpv6", "-T", "fields", "-E", "occurrence=f",
        "-e", "stun.type", "-e", "stun.channel",
    )  # fmt: skip
    messages = sum(1 for line in lines if line.split("\t")[0])
    channels = sum(1 for line in lines if not line.split("\t")[0])
    print(f"\n  {file}: tshark {messages} + {channels} | rtckit {summary.kinds}")
    assert (messages, channels) == (summary.kinds["stun"], summary.kinds["turn_channel"])


@pytest.mark.tshark
@pytest.mark.parametrize("file", FILES)
def test_tshark_dissects_as_many_dtls_records_with_a_plain_header(file: str) -> None:
    """tshark 4.0 knows no unified header (RFC 9147, 4): those are counted by their first byte."""
    require("tshark")
    expected: Counter[str] = Counter()
    for payload in payloads(CAPTURES / file):
        first = int(payload[:2], 16)
        if 20 <= first <= 31:
            expected["plain"] += 1
        elif 32 <= first <= 63:
            expected["unified"] += 1
    dtls = summarize(CAPTURES / file).kinds["dtls"]
    assert dtls == expected["plain"] + expected["unified"]
    if not expected["plain"]:
        return
    ports = {
        line.strip()
        for line in tshark(
            CAPTURES / file, "-Y", "udp.payload[0:2] == 16:fe", "-T", "fields", "-e", "udp.srcport"
        )
    }
    decode = [option for port in sorted(ports) for option in ("-d", f"udp.port=={port},dtls")]
    frames = tshark(
        CAPTURES / file, *decode, "-Y",
        "dtls.record.content_type && udp.payload[0] >= 14 && udp.payload[0] <= 1f && !icmp",
        "-T", "fields", "-e", "frame.number",
    )  # fmt: skip
    print(f"\n  {file}: tshark {len(frames)} | rtckit {expected['plain']} + {expected['unified']}")
    assert len(frames) == expected["plain"]


@pytest.mark.tshark
@pytest.mark.parametrize("file", FILES)
def test_tshark_dissects_as_many_rtp_packets(file: str) -> None:
    require("tshark")
    summary = summarize(CAPTURES / file)
    if not summary.kinds["rtp"]:
        return
    ports = {
        str(address.port)
        for flow in summary.flows
        if flow.relay is None and any(str(kind) in ("rtp", "rtcp") for kind in flow.kinds)
        for address in (flow.src, flow.dst)
    }
    decode = [option for port in sorted(ports) for option in ("-d", f"udp.port=={port},rtp")]
    # As an RTP port, tshark still hands packets that are not version 2 to other dissectors; of
    # those it takes for RTP the second byte leaves RTCP to RTCP (RFC 5761, 4).
    frames = tshark(
        CAPTURES / file, *decode, "-Y", "rtp.version == 2 && !icmp && !icmpv6",
        "-T", "fields", "-e", "rtp.p_type", "-e", "rtp.marker",
    )  # fmt: skip
    print(f"\n  {file}: tshark {len(frames)} | rtckit {summary.kinds['rtp']}")
    assert len(frames) == summary.kinds["rtp"]


@pytest.mark.tshark
@pytest.mark.parametrize("end", ["a", "b"])
def test_tshark_finds_the_same_rtp_inside_turn(end: str) -> None:
    """Packet by packet, in ChannelData (a) and in indications (b).

    tshark refuses RTP whose padding count, the last byte, is 0 or beyond the packet. In SRTP that
    byte belongs to the authentication tag and says nothing: such packets it leaves as data.
    """
    require("tshark")
    path = CAPTURES / "relayed" / f"{end}.pcapng"
    found = tshark(
        path, "--enable-heuristic", "rtp_stun", "-Y", "rtp && !icmp", "-T", "fields",
        "-e", "frame.number",
    )  # fmt: skip
    tshark_frames = {int(line) for line in found}
    with open_capture(path) as capture:
        inner = {
            packet.frame: packet
            for packet in Decoder().decode(capture)
            if packet.relay is not None and packet.kind is Kind.RTP
        }
    print(f"\n  relayed/{end}: tshark {len(tshark_frames)} | rtckit {len(inner)}")
    assert tshark_frames <= set(inner)
    for frame in set(inner) - tshark_frames:
        packet = inner[frame]
        assert packet.rtp is not None
        assert packet.rtp.padding
        room = len(packet.payload) - packet.rtp.header_length
        assert packet.payload[-1] == 0 or packet.payload[-1] > room
    assert len(inner) - len(tshark_frames) <= 5
