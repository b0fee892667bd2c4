"""Media that was agreed and does not flow, arrives damaged, or is not decoded (RFC 3550)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.analysis.media_plan import planned_media
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.analysis.stats import StreamStats
from rtckit.core.clock import NANOSECONDS, format_duration
from rtckit.core.findings import Certainty, Evidence, Location, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import quoted, sides

__all__: list[str] = []

_LOSS_NOTABLE = 0.02
_LOSS_GRAVE = 0.10
_FEW_PACKETS = 20


def _place(call: Call, stream: RtpStream) -> Location:
    return call.locate(stream.vantage, stream.first_frame)


def _name(stream: RtpStream) -> str:
    what = " ".join(part for part in (stream.kind, quoted(stream.codec or "")[1:-1]) if part)
    return f"{what or 'stream'} (SSRC {stream.ssrc})"


def _ready_ns(call: Call) -> int | None:
    """When media could begin: DTLS complete."""
    times = [session.completed.time_ns for session in call.dtls if session.completed is not None]
    return min(times, default=None)


@rule("MEDIA001", Severity.ERROR, layer=Layer.MEDIA, refs=("RFC 3264, 6.1", "RFC 3550, 5.1"))
def agreed_but_silent(call: Call) -> Iterator[Hit]:
    """A direction that both ends agreed on carries no packets.

    Why: one-way audio and black video begin here: the sender's track is missing, muted at the
    source or stopped, or its packets are dropped before the vantage point.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=rtpmap:111 opus/48000/2
        a=sendrecv
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=rtpmap:111 opus/48000/2
        a=sendrecv
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.0 B > A binding-success mapped=A
        0.1 B > A client-hello
        0.2 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.2 B > A change-cipher-spec
        0.2 B > A finished
        0.2 A > B change-cipher-spec
        0.2 A > B finished
        0.3 A > B rtp ssrc=1 pt=111 times=200 every=0.02
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=rtpmap:111 opus/48000/2
        a=sendrecv
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=rtpmap:111 opus/48000/2
        a=recvonly
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.0 B > A binding-success mapped=A
        0.1 B > A client-hello
        0.2 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.2 B > A change-cipher-spec
        0.2 B > A finished
        0.2 A > B change-cipher-spec
        0.2 A > B finished
        0.3 A > B rtp ssrc=1 pt=111 times=200 every=0.02
    Fix: see at the silent sender whether the track is live and attached (replaceTrack, muted,
    enabled); if it sends, capture there too and look for the hop that drops the packets.
    """
    ready = _ready_ns(call)
    if ready is None:
        return
    for vantage in call.vantages:
        waited = (vantage.last_ns or ready) - ready
        # A capture between other hosts, such as a server's, need not hold the media.
        if waited < 2 * NANOSECONDS or (vantage.side is None and not vantage.streams):
            continue
        silent = []
        for planned in planned_media(call.signalling):
            flowing = [
                stream
                for stream in vantage.streams
                if stream.sender == planned.sender
                and (stream.mid == planned.mid if stream.mid else stream.kind == planned.kind)
            ]
            if not flowing:
                silent.append(planned)
        for planned in silent:
            everything = not vantage.streams
            place = planned.description.location(1)
            yield Hit(
                f"{call.peer_name(planned.sender)} agreed to send {planned.kind} "
                f"(mid {quoted(planned.mid or str(planned.index))}) and no packet of it is in "
                f"{vantage.name} in {format_duration(waited)} after DTLS completed",
                Location(vantage.file),
                (Evidence(f"m={planned.kind}, a={planned.section.direction}", place),),
                severity=Severity.ERROR if everything else Severity.WARNING,
            )
        if silent:
            return


@rule("MEDIA002", Severity.WARNING, layer=Layer.MEDIA, refs=("RFC 3550, 6.4.1", "RFC 3550, A.3"))
def packets_lost(call: Call) -> Iterator[Hit]:
    """Packets are lost on the way.

    Why: sequence numbers that left one end never reached the other. Speech suffers from a few
    percent on, video freezes until a retransmission or a key frame comes.

    Fires on:
        0.0 A > B rtp ssrc=1 pt=0 times=100 every=0.02
        2.1 A > B rtp ssrc=1 pt=0 seq=120 times=50 every=0.02
    Silent on:
        0.0 A > B rtp ssrc=1 pt=0 times=100 every=0.02
        2.1 A > B rtp ssrc=1 pt=0 seq=100 times=50 every=0.02
    Fix: compare captures of both ends to find the hop; on a loaded uplink lower the bitrate, and
    see that NACK and FEC are negotiated for video, in-band FEC for Opus.
    """
    worst: dict[tuple[int, str | None], RtpStream] = {}
    for stream in call.streams:
        key = (stream.ssrc, stream.sender)
        if key not in worst or stream.loss_fraction > worst[key].loss_fraction:
            worst[key] = stream
    for stream in worst.values():
        if stream.packets < _FEW_PACKETS or stream.loss_fraction < _LOSS_NOTABLE:
            continue
        grave = stream.loss_fraction >= _LOSS_GRAVE
        text = f"{stream.lost} of {stream.expected} packets of {_name(stream)} never came"
        yield Hit(
            f"{text} to {stream.vantage} ({stream.loss_fraction:.1%})",
            _place(call, stream),
            (Evidence(f"the stream begins, {stream.src} -> {stream.dst}", _place(call, stream)),),
            severity=Severity.ERROR if grave else Severity.WARNING,
        )


def _inbound(call: Call, side: str) -> dict[int, StreamStats]:
    stats = call.stats.get(side)
    return {s.ssrc: s for s in stats.streams if s.direction == "inbound"} if stats else {}


@rule("MEDIA003", Severity.ERROR, layer=Layer.SRTP, refs=("RFC 3711, 3.3", "RFC 5764, 4.2"))
def arrives_but_not_accepted(call: Call) -> Iterator[Hit]:
    """SRTP packets arrive at an end that counts none of them.

    Why: packets that do not authenticate are dropped before they are counted: the two ends have
    different keys or profiles, the DTLS role was mixed up, or the packets belong to nobody (an SSRC
    or payload type that was not negotiated).

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture b
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.3 A > B rtp ssrc=1 pt=0 times=100 every=0.02
        == stats b
        {"type": "inbound-rtp", "id": "i", "ssrc": 1, "kind": "audio", "packetsReceived": 0}
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture b
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.3 A > B rtp ssrc=1 pt=0 times=100 every=0.02
        == stats b
        {"type": "inbound-rtp", "id": "i", "ssrc": 1, "kind": "audio", "packetsReceived": 100}
    Fix: check that both ends took the same SRTP profile and that nothing re-encrypts in between; a
    key log lets one test the keys against the packets.
    """
    for side, far in sides(call):
        counted, vantage = _inbound(call, side), call.vantage_of(side)
        if vantage is None or side not in call.stats:
            continue
        for stream in vantage.streams:
            if stream.sender != far or stream.packets < _FEW_PACKETS:
                continue
            report = counted.get(stream.ssrc)
            # Retransmissions and FEC are counted under the stream they repair.
            if report is None or report.packets:
                continue
            yield Hit(
                f"{stream.packets} packets of {_name(stream)} arrived at {call.peer_name(side)}, "
                "which counts none",
                _place(call, stream),
                (Evidence("inbound-rtp: packetsReceived is 0", Location(call.stats[side].file)),),
            )


@rule("MEDIA004", Severity.ERROR, layer=Layer.MEDIA, refs=("RFC 8834, 5.1.2", "RFC 4585, 6.3.1"))
def received_not_decoded(call: Call) -> Iterator[Hit]:
    """Video arrives and no frame of it is decoded.

    Why: no key frame came (picture loss indications unanswered), or the codec or profile sent is not
    the one the receiver can decode. The user sees black.

    Fires on:
        == stats b
        {"type": "inbound-rtp", "id": "i", "ssrc": 1, "kind": "video", "packetsReceived": 500, "framesDecoded": 0, "pliCount": 5}
    Silent on:
        == stats b
        {"type": "inbound-rtp", "id": "i", "ssrc": 1, "kind": "video", "packetsReceived": 500, "framesDecoded": 150}
    Fix: see whether pliCount grows while no key frame is received, and compare the payload type's
    codec, profile and packetization mode on both sides.
    """  # noqa: E501 - a report is one line
    for side, stats in call.stats.items():
        for report in stats.streams:
            if report.direction != "inbound" or report.kind != "video":
                continue
            decoded = report.number("framesDecoded")
            if decoded == 0 and (report.packets or 0) >= 100:
                who = call.peer_name(side if side in ("a", "b") else None)
                yield Hit(
                    f"{who} received {report.packets} video packets (SSRC {report.ssrc}) "
                    "and decoded no frame",
                    Location(stats.file),
                    (
                        Evidence(
                            f"inbound-rtp: framesDecoded 0, pliCount {report.number('pliCount')}",
                            Location(stats.file),
                        ),
                    ),
                )


@rule("MEDIA005", Severity.WARNING, layer=Layer.MEDIA, refs=("RFC 3264, 5.1", "RFC 9143, 9.2"))
def payload_type_unknown(call: Call) -> Iterator[Hit]:
    """Packets carry a payload type that neither description lists.

    Why: the receiver drops them. The sender uses its own numbers instead of the receiver's, or
    sends a codec that was not negotiated.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=rtpmap:111 opus/48000/2
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=rtpmap:111 opus/48000/2
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 A > B rtp ssrc=1 pt=96 times=50 every=0.02
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=rtpmap:111 opus/48000/2
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=rtpmap:111 opus/48000/2
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 A > B rtp ssrc=1 pt=111 times=50 every=0.02
    Fix: send with the payload types of the remote description.
    """
    if call.signalling.offer is None or call.signalling.answer is None:
        return
    told: set[int] = set()
    for stream in call.streams:
        for payload_type, count in stream.payload_types.items():
            if count < 5 or payload_type in told or stream.sender is None:
                continue
            if call.signalling.codec_for(stream.sender, payload_type) is None:
                told.add(payload_type)
                yield Hit(
                    f"{count} packets of SSRC {stream.ssrc} from {call.peer_name(stream.sender)} "
                    f"carry payload type {payload_type}, which was not negotiated",
                    _place(call, stream),
                    (Evidence("the stream begins", _place(call, stream)),),
                    certainty=Certainty.SEEN,
                )
