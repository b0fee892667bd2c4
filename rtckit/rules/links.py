"""How far each link of a call came, judged by what was seen and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rtckit.analysis.call import Call
from rtckit.analysis.dtls_session import DtlsSession
from rtckit.analysis.ice_session import CandidatePair, IceSession, IceView
from rtckit.analysis.media_plan import planned_data, planned_media
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.analysis.stats import PeerStats
from rtckit.core.address import Address
from rtckit.core.clock import format_duration
from rtckit.core.findings import Evidence, Location
from rtckit.core.text import escape_controls
from rtckit.rules.evidence import frame_evidence, sides
from rtckit.wire import dtls

__all__ = [
    "Judgement",
    "LinkState",
    "judge_data",
    "judge_dtls",
    "judge_ice",
    "judge_media",
    "judge_signalling",
    "judge_srtp",
]


class LinkState(StrEnum):
    """The state of a link."""

    OK = "ok"
    FAILED = "failed"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A state, why, and what shows it."""

    state: LinkState
    why: str
    evidence: tuple[Evidence, ...] = ()


def _unknown(why: str) -> Judgement:
    return Judgement(LinkState.UNKNOWN, why)


# -- signalling ------------------------------------------------------------------------------------


def judge_signalling(call: Call) -> Judgement:
    """Both descriptions on record, or checks that prove each end has the other's."""
    offer, answer = call.signalling.offer, call.signalling.answer
    if offer is not None and answer is not None:
        evidence = (
            Evidence("the offer", offer.location(1)),
            Evidence("the answer", answer.location(1)),
        )
        accepted = [
            f"{section.kind}{'' if not section.mid else f' (mid {section.mid})'}"
            for section in answer.document.media
            if not section.rejected
        ]
        refused = len(answer.document.media) - len(accepted)
        why = escape_controls(f"offer and answer agree on {', '.join(accepted) or 'nothing'}")
        if refused:
            why += f"; {refused} section(s) rejected"
        return Judgement(LinkState.OK, why, evidence)
    # A check names the other end's ufrag, which only its description tells (RFC 8445, 7.2.2).
    for session in call.ice:
        for view in session.views:
            if view.a.checks_sent and view.b.checks_sent:
                return Judgement(
                    LinkState.OK,
                    "each end knows the other's ICE credentials (their checks name them); "
                    "the descriptions themselves are not on record",
                )
    if offer is not None:
        return _unknown("an offer is on record, an answer is not")
    if call.signalling.descriptions:
        return _unknown("one description is on record")
    return _unknown("no descriptions on record; give offer.sdp and answer.sdp")


# -- ICE -------------------------------------------------------------------------------------------


def judge_ice(call: Call) -> Judgement:
    """A nominated pair in every session, or what was tried without success."""
    connected = [session for session in call.ice if session.connected]
    if connected:
        session = connected[-1]
        view = _best_view(call, session)
        pair = view.selected
        if pair is not None:
            return Judgement(
                LinkState.OK, _selected_text(call, session, view, pair), _ice_evidence(call, view)
            )
    for stats in call.stats.values():
        chosen = stats.selected_pair
        if chosen is not None:
            why = (
                f"getStats reports the selected pair {chosen.local} ({chosen.local_type}) - "
                f"{chosen.remote} ({chosen.remote_type}); "
                "no connectivity checks are in the captures"
            )
            return Judgement(LinkState.OK, why, (Evidence(why, Location(stats.file)),))
    if call.ice:
        sent = sum(
            view.a.checks_sent + view.b.checks_sent for s in call.ice for view in s.views[:1]
        )
        pairs = sum(len(session.views[0].pairs) for session in call.ice)
        return Judgement(
            LinkState.FAILED,
            f"{sent} connectivity check(s) on {pairs} pair(s), none nominated and answered",
        )
    if call.dtls or call.streams:
        return Judgement(
            LinkState.OK, "DTLS or media flows; the capture began after ICE had connected"
        )
    tried = any(True for _ in call.allocations) or any(True for _ in call.bases)
    if tried:
        return Judgement(LinkState.FAILED, "candidates were gathered and no check was ever sent")
    if call.vantages:
        return _unknown("no STUN packets in the captures")
    return _unknown("no capture; ICE cannot be judged without packets or getStats")


def _best_view(call: Call, session: IceSession) -> IceView:
    """The view to speak from: the offerer's own end, else any that saw the selected pair."""
    views = [view for view in session.views if view.selected is not None]
    return min(views, key=lambda view: (call.vantage(view.vantage).side or "z", view.vantage))


def _selected_text(call: Call, session: IceSession, view: IceView, pair: CandidatePair) -> str:
    types = f"{_type_of(call, 'a', pair)} - {_type_of(call, 'b', pair)}"
    text = f"{pair.a} - {pair.b} ({types}, {pair.transport.upper()})"
    controlling = session.controlling()
    if controlling is not None:
        text += f", {call.peer_name(controlling)} controlling"
    start, done = session.first_check_ns, session.connected_ns
    if done is not None:
        text += f", connected {format_duration(done - start)} after the first check"
    earlier = [
        other for other in view.pairs.values() if other is not pair and other.media_packets > 0
    ]
    if earlier:
        former = max(earlier, key=lambda other: other.last_media_ns)
        text += f", before it {former.a} - {former.b}"
    trips = sorted(pair.round_trips_ns)
    if trips:
        text += f", RTT {format_duration(trips[len(trips) // 2])}"
    consent = pair.consent_checks
    if consent:
        answered = sum(check.transaction.succeeded for check in consent)
        text += f", {answered} of {len(consent)} later checks answered"
    return text


def _type_of(call: Call, side: str, pair: CandidatePair) -> str:
    """The candidate type of one end of a pair: signalled, relayed by TURN, or peer-reflexive."""
    address = pair.a if side == "a" else pair.b
    for candidate, _ in call.signalling.candidates_of(side):
        if (candidate.address, candidate.port) == tuple(address):
            return candidate.type
    if any(allocation.relayed == address for _, allocation in call.allocations):
        return "relay"
    if any(True for _ in call.signalling.candidates_of(side)):
        # A host behind a NAT checks from its base; the peer sees the mapping.
        mapped = {mapped: base.address for _, base in call.bases for mapped in base.mapped.values()}
        if address in mapped:
            return "srflx"
        if any(base.address == address for _, base in call.bases) or _is_base(call, side, address):
            return "host"
        return "prflx"
    return "type unknown"


def _is_base(call: Call, side: str, address: Address) -> bool:
    """Whether an address is the related address of a signalled candidate."""
    return any(
        (candidate.related_address, candidate.related_port) == tuple(address)
        for candidate, _ in call.signalling.candidates_of(side)
    )


def _ice_evidence(call: Call, view: IceView) -> tuple[Evidence, ...]:
    pair = view.selected
    nomination = pair.nominated_by if pair is not None else None
    if nomination is None:
        return ()
    vantage = call.vantage(view.vantage)
    transaction = nomination.transaction
    return (
        frame_evidence(
            vantage,
            transaction.first,
            f"check with USE-CANDIDATE from {call.peer_name(nomination.sender)}",
        ),
        frame_evidence(vantage, transaction.responses[0], "success response"),
    )


# -- DTLS ------------------------------------------------------------------------------------------


def judge_dtls(call: Call) -> Judgement:
    """A handshake that came to its end."""
    sessions = call.dtls
    done = [session for session in sessions if session.completed is not None]
    if done:
        session = next((item for item in done if item.server_hello is not None), done[0])
        return Judgement(LinkState.OK, _dtls_text(call, session), _dtls_evidence(call, session))
    for stats in call.stats.values():
        if stats.dtls_state == "connected" and not sessions:
            return Judgement(
                LinkState.OK,
                "getStats reports DTLS connected; no handshake is in the captures",
                (Evidence("transport: dtlsState connected", Location(stats.file)),),
            )
    if sessions:
        return Judgement(LinkState.FAILED, "the DTLS handshake did not complete")
    if not call.vantages:
        return _unknown("no capture; DTLS cannot be judged without packets or getStats")
    if any(rtcp.encrypted for vantage in call.vantages for rtcp in vantage.rtcp):
        return Judgement(
            LinkState.OK, "encrypted media flows; the handshake was before the capture began"
        )
    clear = sorted(
        {
            section.protocol
            for description in call.signalling.descriptions
            for section in description.document.media
            if "TLS" not in section.protocol.upper()
        }
    )
    if clear:
        return _unknown(f"not agreed: {escape_controls(', '.join(clear))} does without DTLS")
    return _unknown("no DTLS packets in the captures")


def _dtls_text(call: Call, session: DtlsSession) -> str:
    if session.server_hello is None:
        return "application data flows both ways; the handshake is not in the capture"
    text = f"{session.version_name}, {session.cipher_name}"
    if session.client_side is not None:
        text += f", {call.peer_name(session.client_side)} is the client"
    if session.duration_ns is not None:
        text += f", {format_duration(session.duration_ns)}"
    if session.retransmissions:
        text += f", {session.retransmissions} fragment(s) sent again"
    matched = list(_matched_fingerprints(call, session))
    if matched:
        text += f"; the certificate of {' and '.join(matched)} has the fingerprint signalled"
    elif session.version == 0xFEFC:
        text += "; the certificates are encrypted"
    return text


def _matched_fingerprints(call: Call, session: DtlsSession) -> Iterator[str]:
    for role in ("client", "server"):
        client = session.client_side
        side = client if role == "client" or client is None else {"a": "b", "b": "a"}[client]
        description = call.signalling.of(side) if side is not None else None
        if description is None or side is None:
            continue
        for section in description.document.media:
            for signalled in section.fingerprints:
                try:
                    actual = next(iter(session.fingerprints(role, signalled.hash_function)), "")
                except ValueError:
                    continue
                if actual and actual.upper() == signalled.value.upper():
                    yield call.peer_name(side)
                    break
            else:
                continue
            break


def _dtls_evidence(call: Call, session: DtlsSession) -> tuple[Evidence, ...]:
    vantage = call.vantage(session.vantage)
    found = []
    for seen, text in (
        (session.client_hello_seen, f"ClientHello from {session.client}"),
        (session.server_hello_seen, "ServerHello"),
        (session.completed, "the handshake is complete"),
    ):
        if seen is not None:
            found.append(frame_evidence(vantage, seen, text))
    return tuple(found)


# -- SRTP ------------------------------------------------------------------------------------------


def judge_srtp(call: Call) -> Judgement:
    """Packets that the receiving end authenticated, by its own count."""
    streams = call.streams
    if not streams:
        if call.signalling.answer is not None and not any(planned_media(call.signalling)):
            return _unknown("no audio or video was agreed")
        return _unknown("no RTP packets in the captures" if call.vantages else "no capture")
    encrypted = [item.encrypted for vantage in call.vantages for item in vantage.rtcp]
    if encrypted and not any(encrypted):
        return Judgement(LinkState.OK, "media is not encrypted: RTP and RTCP are in clear")
    profile = _profile_text(call)
    accepted = [
        (side, total) for side, _ in sides(call) if (total := _packets_accepted(call, side)) > 0
    ]
    senders = {stream.sender for stream in streams}
    expected = [side for side, far in sides(call) if far in senders]
    judged = [side for side in expected if side in call.stats]
    counted = dict(accepted)
    if judged and all(counted.get(side) for side in judged):
        text = " and ".join(
            f"{call.peer_name(side)} authenticated {counted[side]} packets" for side in judged
        )
        why = f"{profile}{text} (getStats)"
        evidence = tuple(
            Evidence("inbound-rtp: packetsReceived", Location(call.stats[side].file))
            for side in judged
        )
        return Judgement(LinkState.OK, why, evidence)
    total = sum(stream.packets for stream in streams if stream.vantage == streams[0].vantage)
    return _unknown(
        f"{profile}{total} SRTP packets; whether they authenticate takes the receivers' getStats "
        "or the session's keys"
    )


def _profile_text(call: Call) -> str:
    for session in call.dtls:
        if session.srtp_profile is not None:
            return f"{dtls.srtp_profile_name(session.srtp_profile)}, "
    for stats in call.stats.values():
        if stats.srtp_cipher:
            return f"{escape_controls(stats.srtp_cipher)}, "
    return ""


def _packets_accepted(call: Call, side: str) -> int:
    stats = call.stats.get(side)
    if stats is None:
        return 0
    return sum(item.packets or 0 for item in stats.streams if item.direction == "inbound")


# -- media -----------------------------------------------------------------------------------------


def judge_media(call: Call) -> Judgement:
    """Every agreed direction carries packets."""
    planned = list(planned_media(call.signalling))
    if call.signalling.answer is not None and not planned:
        return _unknown("no audio or video was agreed")
    primary = _media_streams(call)
    if not primary:
        decoded = _decoded_text(call)
        if decoded and not call.vantages:
            return Judgement(LinkState.OK, decoded)
        if call.vantages and planned and any(s.completed is not None for s in call.dtls):
            return Judgement(LinkState.FAILED, "DTLS completed and no RTP packet followed")
        return _unknown("no RTP packets in the captures" if call.vantages else "no capture")
    texts, evidence = [], []
    for stream in primary:
        sender = call.peer_name(stream.sender) if stream.sender else str(stream.src)
        codec = escape_controls(stream.codec or f"payload type {stream.payload_type}")
        text = f"{sender} {stream.kind or ''} {codec}".replace("  ", " ")
        rate = stream.bitrate_bps
        detail = f"{stream.packets} packets, {stream.lost} lost"
        if rate is not None:
            detail += f", {rate / 1000:.0f} kbit/s"
        texts.append(f"{text}: {detail}")
        evidence.append(
            Evidence(f"SSRC {stream.ssrc} begins", call.locate(stream.vantage, stream.first_frame))
        )
    decoded = _decoded_text(call)
    if decoded:
        texts.append(decoded)
    return Judgement(LinkState.OK, "; ".join(texts), tuple(evidence[:8]))


def _media_streams(call: Call) -> list[RtpStream]:
    """The streams of audio and video proper, each as it arrived where that end was captured."""
    chosen: dict[tuple[int, str | None], RtpStream] = {}
    for stream in call.streams:
        if stream.packets < 2 or (stream.codec or "").lower() in ("rtx", "ulpfec", "flexfec-03"):
            continue
        key = (stream.ssrc, stream.sender)
        known = chosen.get(key)
        arrives = call.vantage(stream.vantage).side not in (None, stream.sender)
        if known is None or arrives:
            chosen[key] = stream
    return sorted(chosen.values(), key=lambda item: (item.sender or "", item.kind or "", item.ssrc))


def _decoded_text(call: Call) -> str:
    parts = []
    for side, stats in call.stats.items():
        frames = _frames_decoded(stats)
        if frames:
            name = call.peer_name(side) if side in ("a", "b") else escape_controls(side)
            parts.append(f"{name} decoded {frames} video frames")
    return ", ".join(parts)


def _frames_decoded(stats: PeerStats) -> int:
    return int(
        sum(
            item.number("framesDecoded") or 0
            for item in stats.streams
            if item.direction == "inbound"
        )
    )


# -- data ------------------------------------------------------------------------------------------


def judge_data(call: Call) -> Judgement:
    """A channel an end reports open, or records that flow both ways after the handshake."""
    if call.signalling.answer is not None and not planned_data(call.signalling):
        return _unknown("no data channel was agreed")
    channels = _channel_texts(call)
    records = [
        (session, sum(end.application_records for end in session.ends.values()))
        for session in call.dtls
        if all(end.application_records for end in session.ends.values())
    ]
    texts = channels
    evidence: tuple[Evidence, ...] = ()
    if records:
        session, count = records[0]
        if not channels:
            texts.append(
                f"{count} DTLS application records both ways; "
                "their contents take the session's keys"
            )
        seen = session.ends["client"].application
        if seen is not None:
            vantage = call.vantage(session.vantage)
            evidence = (frame_evidence(vantage, seen, "the first application record"),)
    if texts:
        return Judgement(LinkState.OK, "; ".join(texts), evidence)
    if planned_data(call.signalling) and any(s.completed is not None for s in call.dtls):
        return Judgement(
            LinkState.FAILED, "a data channel was agreed and no application data flows both ways"
        )
    return _unknown("no DTLS application data in the captures" if call.vantages else "no capture")


def _channel_texts(call: Call) -> list[str]:
    """What the ends' own reports say went over each data channel."""
    by_label: dict[str, list[str]] = {}
    for side, stats in call.stats.items():
        name = call.peer_name(side) if side in ("a", "b") else escape_controls(side)
        for report in stats.data_channels:
            sent, received = report.get("messagesSent"), report.get("messagesReceived")
            if not sent and not received:
                continue
            label = escape_controls(str(report.get("label", "")))
            by_label.setdefault(label, []).append(
                f"{name} sent {sent} ({report.get('bytesSent')} bytes) "
                f"and received {received} ({report.get('bytesReceived')} bytes)"
            )
    return [f'"{label}": {", ".join(parts)}' for label, parts in by_label.items()]
