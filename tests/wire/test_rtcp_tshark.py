"""What is built here, as tshark reads it: every field it knows of every packet it can read.

tshark 4.0 has no reader for CCFB and LRR, calls a loss RLE block malformed whose chunks fill it,
and reads padding as a profile-specific extension; those are left to the other tests.
"""

import random
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import dpkt.ip
import dpkt.udp
import pytest

from rtckit.wire.rtcp import (
    BitrateLimit,
    Bye,
    ExtendedReport,
    Fir,
    FirEntry,
    Nack,
    ReceiverReport,
    Remb,
    ReportBlock,
    RtcpPacket,
    Sdes,
    SdesChunk,
    SdesItem,
    SenderReport,
    Sli,
    SliEntry,
    Tmmbr,
    TransportCc,
    build_compound,
)
from rtckit.wire.rtcp_xr import (
    Dlrr,
    DlrrReport,
    JitterSummary,
    StatisticsSummary,
    TtlSummary,
    VoipMetrics,
)
from tests.capabilities import require

pytestmark = pytest.mark.tshark

_PORT = 5005
Row = tuple[RtcpPacket, dict[str, object]]


def _read(tmp_path: Path, payloads: Sequence[bytes], fields: Sequence[str]) -> list[list[str]]:
    """For each payload, what tshark shows in ``fields``; repeated fields parted by commas."""
    require("tshark")
    capture = tmp_path / "rtcp.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for payload in payloads:
            udp = dpkt.udp.UDP(sport=_PORT, dport=_PORT, ulen=8 + len(payload), data=payload)
            frame = bytes(dpkt.ip.IP(src=b"\x7f\0\0\1", dst=b"\x7f\0\0\1", p=17, data=udp))
            file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
    command = ["tshark", "-r", str(capture), "-d", f"udp.port=={_PORT},rtcp", "-T", "fields"]
    for field in ("_ws.malformed", "rtcp.length_check", *fields):
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(payloads)
    for row in rows:
        assert row[:2] == ["", "1"], "tshark finds the packet malformed or its length wrong"
    return [row[2:] for row in rows]


def _number(text: str) -> int:
    return int(text, 0)


def _u(rng: random.Random, bits: int) -> int:
    return rng.choice((0, (1 << bits) - 1, rng.getrandbits(bits), rng.getrandbits(bits)))


def _block(rng: random.Random) -> ReportBlock:
    lost = _u(rng, 24) - (1 << 23)
    return ReportBlock(
        _u(rng, 32), _u(rng, 8), lost, _u(rng, 32), _u(rng, 32), _u(rng, 32), _u(rng, 32)
    )


def _blocks(blocks: Sequence[ReportBlock]) -> dict[str, object]:
    return {
        "rtcp.ssrc.identifier": [block.ssrc for block in blocks],
        "rtcp.ssrc.fraction": [block.fraction_lost for block in blocks],
        "rtcp.ssrc.cum_nr": [block.cumulative_lost for block in blocks],
        "rtcp.ssrc.ext_high": [block.highest_sequence for block in blocks],
        "rtcp.ssrc.jitter": [block.jitter for block in blocks],
        "rtcp.ssrc.lsr": [block.last_sr for block in blocks],
        "rtcp.ssrc.dlsr": [block.delay_since_last_sr for block in blocks],
    }


def _sender_report(rng: random.Random) -> Row:
    blocks = tuple(_block(rng) for _ in range(rng.randint(0, 3)))
    report = SenderReport(_u(rng, 32), _u(rng, 64), _u(rng, 32), _u(rng, 32), _u(rng, 32), blocks)
    return report, {
        "rtcp.senderssrc": [report.ssrc],
        "rtcp.timestamp.ntp.msw": [report.ntp_timestamp >> 32],
        "rtcp.timestamp.ntp.lsw": [report.ntp_timestamp & 0xFFFFFFFF],
        "rtcp.timestamp.rtp": [report.rtp_timestamp],
        "rtcp.sender.packetcount": [report.packet_count],
        "rtcp.sender.octetcount": [report.octet_count],
        **_blocks(blocks),
    }


def _receiver_report(rng: random.Random) -> Row:
    blocks = tuple(_block(rng) for _ in range(rng.randint(0, 5)))
    report = ReceiverReport(_u(rng, 32), blocks)
    return report, {"rtcp.senderssrc": [report.ssrc], **_blocks(blocks)}


def _sdes(rng: random.Random) -> Row:
    chunks = tuple(
        SdesChunk(
            _u(rng, 32),
            tuple(
                SdesItem(rng.randint(1, 7), b"x" * rng.randint(1, 9))
                for _ in range(rng.randint(1, 3))
            ),
        )
        for _ in range(rng.randint(1, 3))
    )
    items = [item for chunk in chunks for item in chunk.items]
    types = [number for chunk in chunks for number in (*(one.type for one in chunk.items), 0)]
    return Sdes(chunks), {
        "rtcp.ssrc.identifier": [chunk.ssrc for chunk in chunks],
        "rtcp.sdes.type": types,
        "rtcp.sdes.length": [len(item.value) for item in items],
    }


def _bye(rng: random.Random) -> Row:
    ssrcs = tuple(_u(rng, 32) for _ in range(rng.randint(1, 4)))
    return Bye(ssrcs, b"camera malfunction"), {"rtcp.ssrc.identifier": list(ssrcs)}


def _nack(rng: random.Random) -> Row:
    lost = sorted({rng.randint(0, 0xFFFF) for _ in range(9)} | {7, 8, 23, 24})
    nack = Nack.for_lost(_u(rng, 32), _u(rng, 32), lost)
    return nack, {
        "rtcp.senderssrc": [nack.sender_ssrc],
        "rtcp.mediassrc": [nack.media_ssrc],
        "rtcp.rtpfb.nack_pid": lost,  # shown for every packet the masks name, too
        "rtcp.rtpfb.nack_blp": [entry.blp for entry in nack.entries],
    }


def _tmmbr(rng: random.Random) -> Row:
    entries = tuple(
        BitrateLimit(_u(rng, 32), _u(rng, 6), _u(rng, 17), _u(rng, 9)) for _ in range(2)
    )
    return Tmmbr(1, 0, entries), {
        "rtcp.rtpfb.tmmbr.fci.ssrc": [entry.ssrc for entry in entries],
        "rtcp.rtpfb.tmmbr.fci.exp": [entry.exponent for entry in entries],
        "rtcp.rtpfb.tmmbr.fci.mantissa": [entry.mantissa for entry in entries],
        # tshark 4.0 drops the top one of the nine bits.
        "rtcp.rtpfb.tmmbr.fci.measuredoverhead": [entry.overhead & 0xFF for entry in entries],
    }


def _sli(rng: random.Random) -> Row:
    entries = tuple(SliEntry(_u(rng, 13), _u(rng, 13), _u(rng, 6)) for _ in range(2))
    return Sli(1, 2, entries), {
        "rtcp.psfb.fir.sli.first": [entry.first for entry in entries],
        "rtcp.psfb.fir.sli.number": [entry.number for entry in entries],
        "rtcp.psfb.fir.sli.picture_id": [entry.picture_id for entry in entries],
    }


def _fir(rng: random.Random) -> Row:
    entries = tuple(FirEntry(_u(rng, 32), _u(rng, 8)) for _ in range(2))
    return Fir(1, 0, entries), {
        "rtcp.psfb.fir.fci.ssrc": [entry.ssrc for entry in entries],
        "rtcp.psfb.fir.fci.csn": [entry.sequence for entry in entries],
    }


def _remb(rng: random.Random) -> Row:
    ssrcs = [_u(rng, 32) for _ in range(rng.randint(1, 3))]
    remb = Remb.for_bitrate(1, rng.getrandbits(rng.randint(1, 40)), ssrcs)
    return remb, {
        "rtcp.psfb.remb.fci.br_exp": [remb.exponent],
        "rtcp.psfb.remb.fci.br_mantissa": [remb.mantissa],
        "rtcp.psfb.remb.fci.ssrc": ssrcs,
    }


def _transport_cc(rng: random.Random) -> Row:
    deltas: list[int | None] = []
    for _ in range(rng.randint(1, 6)):
        kind = rng.randrange(4)
        for _ in range(rng.randint(1, 20)):
            small, large = rng.randint(0, 255), rng.randint(-(1 << 15), (1 << 15) - 1)
            deltas.append((None, small, large, rng.choice((None, small)))[kind])
    packet = TransportCc(1, 2, _u(rng, 16), _u(rng, 24) - (1 << 23), _u(rng, 8), tuple(deltas))
    return packet, {
        "rtcp.rtpfb.transportcc.baseseq": [packet.base_sequence],
        "rtcp.rtpfb.transportcc.statuscount": [len(deltas)],
        "rtcp.rtpfb.transportcc.reftime": [packet.reference_time],
        "rtcp.rtpfb.transportcc.pktcount": [packet.feedback_count],
        # Shown unsigned, large ones as 16 bits.
        "rtcp.rtpfb.transportcc.recv_delta": [
            delta & 0xFFFF for delta in deltas if delta is not None
        ],
    }


def _dlrr(rng: random.Random) -> Row:
    reports = tuple(DlrrReport(_u(rng, 32), _u(rng, 32), _u(rng, 32)) for _ in range(2))
    return ExtendedReport(1, (Dlrr(reports),)), {
        "rtcp.ssrc.identifier": [report.ssrc for report in reports],
        "rtcp.xr.lrr": [report.last_rr for report in reports],
        "rtcp.xr.dlrr": [report.delay for report in reports],
    }


def _summary(rng: random.Random) -> Row:
    jitter = JitterSummary(*(_u(rng, 32) for _ in range(4)))
    ttl = TtlSummary(rng.random() < 0.5, *(_u(rng, 8) for _ in range(4)))
    block = StatisticsSummary(
        _u(rng, 32), _u(rng, 16), _u(rng, 16), _u(rng, 32), _u(rng, 32), jitter, ttl
    )
    return ExtendedReport(1, (block,)), {
        "rtcp.xr.beginseq": [block.begin_sequence],
        "rtcp.xr.endseq": [block.end_sequence],
        "rtcp.xr.stats.lost": [block.lost_packets],
        "rtcp.xr.stats.dups": [block.duplicate_packets],
        "rtcp.xr.stats.minjitter": [jitter.minimum],
        "rtcp.xr.stats.maxjitter": [jitter.maximum],
        "rtcp.xr.stats.meanjitter": [jitter.mean],
        "rtcp.xr.stats.devjitter": [jitter.deviation],
        "rtcp.xr.stats.ttl": [2 if ttl.ipv6 else 1],
        "rtcp.xr.stats.minttl": [ttl.minimum],
        "rtcp.xr.stats.maxttl": [ttl.maximum],
        "rtcp.xr.stats.meanttl": [ttl.mean],
        "rtcp.xr.stats.devttl": [ttl.deviation],
    }


def _voip(rng: random.Random) -> Row:
    values = [_u(rng, bits) for bits in (32, 8, 8, 8, 8, 16, 16, 16, 16)]
    levels = [_u(rng, 8) - 128, _u(rng, 8) - 128]
    rest = [_u(rng, bits) for bits in (8, 8, 8, 8, 8, 8, 8, 16, 16, 16)]
    block = VoipMetrics(*values, *levels, *rest)
    voip = "rtcp.xr.voipmetrics."
    return ExtendedReport(1, (block,)), {
        "rtcp.ssrc.fraction": [block.loss_rate],
        "rtcp.ssrc.discarded": [block.discard_rate],
        voip + "burstdensity": [block.burst_density],
        voip + "gapdensity": [block.gap_density],
        voip + "burstduration": [block.burst_duration],
        voip + "gapduration": [block.gap_duration],
        voip + "rtdelay": [block.round_trip_delay],
        voip + "esdelay": [block.end_system_delay],
        voip + "signallevel": [block.signal_level],
        voip + "noiselevel": [block.noise_level],
        voip + "rerl": [block.residual_echo_return_loss],
        voip + "gmin": [block.gap_threshold],
        voip + "rfactor": [block.r_factor],
        voip + "extrfactor": [block.external_r_factor],
        voip + "plc": [block.receiver_config >> 6],
        voip + "jba": [block.receiver_config >> 4 & 3],
        voip + "jbrate": [block.receiver_config & 15],
        voip + "jbnominal": [block.jitter_buffer_nominal],
        voip + "jbmax": [block.jitter_buffer_maximum],
        voip + "jbabsmax": [block.jitter_buffer_absolute_maximum],
    }


@pytest.mark.parametrize(
    "draw",
    [
        _sender_report,
        _receiver_report,
        _sdes,
        _bye,
        _nack,
        _tmmbr,
        _sli,
        _fir,
        _remb,
        _transport_cc,
        _dlrr,
        _summary,
        _voip,
    ],
)
def test_tshark_reads_the_same(draw: Callable[[random.Random], Row], tmp_path: Path) -> None:
    rng = random.Random(3550)
    rows = [draw(rng) for _ in range(50)]
    fields = list(rows[0][1])
    read = _read(tmp_path, [build_compound((packet,)) for packet, _ in rows], fields)
    for (packet, expected), values in zip(rows, read, strict=True):
        shown = {
            field: [_number(part) for part in value.split(",") if part]
            for field, value in zip(fields, values, strict=True)
        }
        assert shown == expected, packet
