"""The machine by the book with the shortest descriptions that a browser might write.

One codec a kind, so that what is tested is the machine and not the matching of codecs.
"""

from typing import Any

from rtckit.jsep.connection import PeerConnection
from rtckit.jsep.identity import Identity
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.verdict import TypedSdp

_FORMATS = {
    "audio": ("UDP/TLS/RTP/SAVPF 111", ["a=rtpmap:111 opus/48000/2"]),
    "video": ("UDP/TLS/RTP/SAVPF 96", ["a=rtpmap:96 VP8/90000"]),
    "data": ("UDP/DTLS/SCTP webrtc-datachannel", ["a=sctp-port:5000"]),
}


class PlainPeer(PeerConnection):
    def _write_offer(self) -> str:
        directions = [
            "inactive" if plan.transceiver is None else plan.transceiver.direction
            for plan in self.offer_plan
        ]
        return self._write(self.offer_plan, directions, "actpass")

    def _write_answer(self) -> str:
        plan = self._plan_answer()
        offered = self.facts_of(self.remote).sections
        directions = [
            "inactive"
            if section.transceiver is None
            else self._answer_direction(theirs, section.transceiver)
            for section, theirs in zip(plan, offered, strict=True)
        ]
        return self._write(plan, directions, "active")

    def _write(self, plan: list[SectionPlan], directions: list[str], setup: str) -> str:
        bundle = [section.mid for section in plan if section.mid and not section.rejected]
        lines = ["v=0", f"o=- {self.identity.session_id} {self.version} IN IP4 127.0.0.1", "s=-"]
        lines.append("t=0 0")
        if bundle:
            lines.append(f"a=group:BUNDLE {' '.join(bundle)}")
        for section, direction in zip(plan, directions, strict=True):
            lines += self._write_section(section, direction, setup)
        return "\r\n".join(lines) + "\r\n"

    def _write_section(self, plan: SectionPlan, direction: str, setup: str) -> list[str]:
        protocol, formats = _FORMATS[plan.kind]
        kind = "application" if plan.kind == "data" else plan.kind
        lines = [f"m={kind} {0 if plan.rejected else 9} {protocol}", "c=IN IP4 0.0.0.0"]
        lines += [f"a=mid:{plan.mid}"] if plan.mid else []
        if not plan.rejected:
            pair = self.credentials.get(plan.mid)
            if pair is None:
                pair = (self.identity.new_ufrag(), self.identity.new_pwd())
                self.credentials[plan.mid] = pair
            lines += [f"a=ice-ufrag:{pair[0]}", f"a=ice-pwd:{pair[1]}"]
            lines += [f"a=fingerprint:sha-256 {self.identity.fingerprint}", f"a=setup:{setup}"]
        lines += formats
        if plan.kind == "data":
            return lines
        lines += [f"a={'inactive' if plan.rejected else direction}", "a=rtcp-mux"]
        transceiver = plan.transceiver
        if transceiver is None or plan.rejected:
            return lines
        if transceiver.sends:
            track = transceiver.track_id or "no-track"
            lines += [f"a=msid:{stream} {track}" for stream in transceiver.stream_ids or ("-",)]
        rids = [encoding.rid for encoding in transceiver.encodings if encoding.rid]
        if rids and "send" in direction:
            lines += [f"a=rid:{rid} send" for rid in rids]
            lines.append(f"a=simulcast:send {';'.join(rids)}")
        return lines


def plain_peer(seed: str = "a", **options: Any) -> PlainPeer:
    return PlainPeer(identity=Identity(seed), **options)


def exchange(offerer: PeerConnection, answerer: PeerConnection) -> tuple[TypedSdp, TypedSdp]:
    """A whole exchange; return its offer and answer."""
    offerer.set_local_description()
    offer = offerer.local
    assert offer is not None
    answerer.set_remote_description(offer)
    answerer.set_local_description()
    answer = answerer.current_local
    assert answer is not None
    offerer.set_remote_description(answer)
    return offer, answer
