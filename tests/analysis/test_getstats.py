"""What the captures show against what the peers themselves counted (getStats).

Run with ``-s`` to see both columns.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import rtckit
from rtckit.analysis.call import Call
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.analysis.stats import PeerStats, StreamStats
from rtckit.wire import dtls

CAPTURES = Path(__file__).parents[2] / "captures"
CONNECTED = ["aiortc-aiortc", "chromium-aiortc", "chromium-firefox", "relayed"]
BROWSERS = ["chromium-aiortc", "chromium-firefox", "relayed"]
# RFC 5764, 4.1.2 and RFC 7714, 14.2: bytes the authentication tag adds to each SRTP packet.
TAG = {0x0001: 10, 0x0002: 4, 0x0007: 16, 0x0008: 16}
OTHER = {"a": "b", "b": "a"}

_CALLS: dict[str, Call] = {}


def call_of(name: str) -> Call:
    if name not in _CALLS:
        _CALLS[name] = rtckit.open(CAPTURES / name)
    return _CALLS[name]


def tag_length(call: Call) -> int:
    """The tag of the negotiated profile, from the wire (DTLS 1.2) or from getStats (1.3)."""
    profile = call.dtls[0].srtp_profile
    if profile is None:
        names = [stats.srtp_cipher for stats in call.stats.values() if stats.srtp_cipher]
        profile = dtls.find_srtp_profile(names[0])
    assert profile is not None
    return TAG[profile]


def reports(call: Call) -> Iterator[tuple[str, PeerStats, StreamStats, list[RtpStream]]]:
    """(side, its stats, one RTP report, the captured streams that report counts)."""
    for side, stats in sorted(call.stats.items()):
        vantage = call.vantage_of(side)
        assert vantage is not None
        for report in stats.streams:
            sender = side if report.direction == "outbound" else OTHER[side]
            own = [s for s in vantage.streams if (s.ssrc, s.sender) == (report.ssrc, sender)]
            yield side, stats, report, own


def repair_streams(call: Call, side: str, report: StreamStats) -> list[RtpStream]:
    """The rtx stream a sender counts together with the stream it repairs (RFC 4588)."""
    vantage = call.vantage_of(side)
    assert vantage is not None
    sender = side if report.direction == "outbound" else OTHER[side]
    own = next(s for s in vantage.streams if (s.ssrc, s.sender) == (report.ssrc, sender))
    return [
        s for s in vantage.streams if s.sender == sender and s.codec == "rtx" and s.mid == own.mid
    ]


@pytest.mark.parametrize("name", CONNECTED)
def test_packets_and_bytes_of_every_ssrc_and_direction(name: str) -> None:
    call = call_of(name)
    tag = tag_length(call)
    print(f"\n{name}: SSRC, who, direction | getStats packets, bytes | capture packets, bytes")
    judged = 0
    for side, _, report, own in reports(call):
        assert own, f"SSRC {report.ssrc} is in getStats of {side} and not in its capture"
        streams = own
        packets = sum(stream.packets - stream.duplicates for stream in streams)
        if report.packets != packets:
            # Browsers add retransmissions and padding sent on the rtx SSRC, except where they are
            # accounted for apart (Firefox, receiving).
            streams = own + repair_streams(call, side, report)
            packets = sum(stream.packets - stream.duplicates for stream in streams)
        # Headers and padding are counted apart from payload, and padding is inside the encryption:
        # all of them together are what can be compared byte for byte.
        total = sum(s.payload_bytes + s.header_bytes - s.packets * tag for s in streams)
        payload = total - sum(stream.header_bytes for stream in streams)
        told_bytes = report.bytes
        padded = any(stream.padded_packets for stream in streams)
        if report.header_bytes is not None and told_bytes is not None:
            told_bytes += report.header_bytes
            seen_bytes = total
        else:
            seen_bytes = payload
        print(
            f"  {report.ssrc:>10} {call.peer_name(side):<12} {report.direction:<8} {report.kind} | "
            f"{report.packets}, {told_bytes} | {packets}, {seen_bytes}"
            + (f" (with rtx {streams[1].ssrc})" if len(streams) > 1 else "")
        )
        assert report.packets == packets
        if told_bytes is not None and (report.header_bytes is not None or not padded):
            assert told_bytes == seen_bytes
        judged += 1
    assert judged >= 4, "audio at least, both ways, at both ends"


@pytest.mark.parametrize("name", CONNECTED)
def test_no_negotiated_stream_of_the_capture_is_missing_from_get_stats(name: str) -> None:
    call = call_of(name)
    for side, stats in call.stats.items():
        vantage = call.vantage_of(side)
        assert vantage is not None
        told = {report.ssrc for report in stats.streams}
        media = {s.ssrc for s in vantage.streams if s.codec != "rtx"}
        assert media == told


@pytest.mark.parametrize("name", BROWSERS)
def test_selected_pair(name: str) -> None:
    call = call_of(name)
    judged = 0
    for side, stats in call.stats.items():
        told = stats.selected_pair
        if told is None:
            continue  # aiortc reports no candidate pairs
        vantage = call.vantage_of(side)
        assert vantage is not None
        view = call.ice[-1].view(vantage.name)
        assert view is not None
        assert view.selected is not None
        local, remote = view.selected.a, view.selected.b
        if side == "b":
            local, remote = remote, local
        print(
            f"\n  {name} {call.peer_name(side)}: {told.local} - {told.remote} | {local} - {remote}"
        )
        assert (told.local, told.remote) == (local, remote)
        judged += 1
    assert judged


@pytest.mark.parametrize("name", CONNECTED)
def test_roles_version_cipher_and_profile(name: str) -> None:
    call = call_of(name)
    session = call.dtls[0]
    judged = 0
    for side, stats in call.stats.items():
        view = call.ice[-1].views[0]
        controlling = "controlling" if view.agent(side).controlling else "controlled"
        role = "client" if session.client_side == side else "server"
        columns = [
            ("ICE role", stats.ice_role, controlling),
            ("DTLS role", stats.dtls_role, role),
            ("version", stats.tls_version, f"{session.version:04X}"),
            ("cipher", stats.dtls_cipher, session.cipher_name),
        ]
        if session.srtp_profile is not None and stats.srtp_cipher is not None:
            told = dtls.find_srtp_profile(stats.srtp_cipher)
            columns.append(("SRTP profile", str(told), str(session.srtp_profile)))
        for what, said, seen in columns:
            if said is None:
                continue  # aiortc reports the ICE role and no more
            print(f"\n  {name} {call.peer_name(side)} {what}: {said} | {seen}")
            assert said == seen
            judged += 1
    assert judged >= 2


@pytest.mark.parametrize("name", CONNECTED)
def test_the_profile_chosen_is_one_the_client_offered(name: str) -> None:
    call = call_of(name)
    session = call.dtls[0]
    chosen = session.srtp_profile
    if chosen is None:
        told = next(stats.srtp_cipher for stats in call.stats.values() if stats.srtp_cipher)
        chosen = dtls.find_srtp_profile(told)
    assert chosen in session.srtp_profiles_offered


@pytest.mark.parametrize("name", CONNECTED)
def test_loss_is_what_the_receiver_says(name: str) -> None:
    call = call_of(name)
    for side, _, report, own in reports(call):
        if report.direction != "inbound" or report.lost is None:
            continue
        print(f"\n  {name} {report.ssrc} at {side}: lost {report.lost} | {own[0].lost}")
        # RFC 3550, 6.4.1: a receiver's loss is net of duplicates.
        assert report.lost == own[0].lost - own[0].duplicates


@pytest.mark.parametrize("name", CONNECTED)
def test_jitter_is_near_what_the_receiver_says(name: str) -> None:
    """A receiver takes the time of arrival above the kernel; two milliseconds bound the rest."""
    call = call_of(name)
    manifest = call.manifest
    assert manifest is not None
    judged = 0
    for side, _, report, own in reports(call):
        if report.direction != "inbound" or report.jitter_s is None or report.kind != "audio":
            continue
        # aiortc 1.16 gives jitter in timestamp units, where W3C webrtc-stats has seconds.
        unit = own[0].clock_rate if manifest.peers[side].name == "aiortc" else 1
        told, seen = report.jitter_s / (unit or 1) * 1000, own[0].jitter_ms
        assert seen is not None
        print(f"\n  {name} {report.ssrc} at {side}: jitter {told:.2f} | {seen:.2f} ms")
        assert abs(seen - told) < 2
        judged += 1
    assert judged
