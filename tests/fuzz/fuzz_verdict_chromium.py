"""Fuzz target: the Chromium model has a verdict on every text."""

from rtckit.jsep import State, TypedSdp, predict_verdict

_OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n"
    "a=fingerprint:sha-1 " + ":".join(["0A"] * 20) + "\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=msid:s t\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:* nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rid:h send\r\na=simulcast:send h\r\na=ssrc-group:FID 1 2\r\na=ssrc:1 cname:c\r\n"
    "a=ssrc:2 cname:c\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host generation 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=sctp-port:5000\r\n"
)
SEEDS = [b"", b"v=0\r\n", _OFFER.encode()]


def check(data: bytes) -> None:
    """Predict without an exception, whatever the state; a refusal always has its words."""
    offer = TypedSdp("offer", _OFFER)
    for kind, side, state in (
        ("offer", "remote", State()),
        ("answer", "remote", State("have-local-offer", pending_local=offer)),
        ("offer", "local", State(created_offer=_OFFER)),
        ("offer", "remote", State(current_local=offer, current_remote=offer, is_offerer=False)),
    ):
        verdict = predict_verdict(data, type=kind, side=side, state=state)
        assert verdict.accepts == (verdict.message is None)
