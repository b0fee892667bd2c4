"""What the fuzz targets of answers share: offers of real peers made short, and the law."""

from time import process_time
from zlib import crc32

from rtckit.core.errors import ParseError
from rtckit.jsep import OfferRefused, answer, explain_answer
from rtckit.sdp import parse

_HEAD = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n"
    "a=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\n"
)
_TRANSPORT = (
    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    f"a=fingerprint:sha-256 {':'.join(['0A'] * 32)}\r\na=setup:actpass\r\na=ice-options:trickle\r\n"
)
_AUDIO = (
    f"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 126\r\n{_TRANSPORT}a=mid:0\r\na=rtcp-mux\r\n"
    "a=sendrecv\r\na=msid:s t\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:4/recvonly urn:ietf:params:rtp-hdrext:sdes:mid\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    "a=rtcp-fb:111 transport-cc\r\na=rtpmap:126 telephone-event/8000\r\na=fmtp:126 0-15\r\n"
    "a=ssrc:1 cname:c\r\na=ptime:20\r\na=maxptime:60\r\n"
)
_VIDEO = (
    f"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 98 45 49 116 118\r\n{_TRANSPORT}a=mid:1\r\n"
    "a=rtcp-mux\r\na=rtcp-rsize\r\na=sendonly\r\na=msid:- t\r\n"
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=rtpmap:96 VP8/90000\r\n"
    "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:* ccm fir\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;"
    "profile-level-id=42001f\r\na=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=2\r\n"
    "a=rtpmap:45 AV1/90000\r\na=fmtp:45 level-idx=5;profile=0;tier=0\r\na=rtpmap:49 H265/90000\r\n"
    "a=fmtp:49 level-id=93;profile-id=1\r\na=rtpmap:116 red/90000\r\na=rtpmap:118 ulpfec/90000\r\n"
    "a=rid:h send max-width=1280;pt=96\r\na=rid:l send\r\na=simulcast:send h;~l\r\n"
    "a=imageattr:96 send [x=640,y=480] recv *\r\nb=TIAS:100000\r\n"
)
_DATA = (
    f"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n{_TRANSPORT}a=mid:2\r\n"
    "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
)
_PLAN_B = (
    f"{_HEAD.replace('0 1 2', 'video')}m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n{_TRANSPORT}"
    "a=mid:video\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n"
    "a=fmtp:97 apt=96\r\na=ssrc-group:FID 1 2\r\na=ssrc:1 cname:c\r\na=ssrc:1 msid:s a\r\n"
    "a=ssrc:2 cname:c\r\na=ssrc:2 msid:s a\r\na=ssrc:3 cname:c\r\na=ssrc:3 msid:s b\r\n"
)

OFFERS = [
    b"v=0\r\n",
    (_HEAD + _AUDIO + _VIDEO + _DATA).encode(),
    (_HEAD + _DATA + _AUDIO.replace("m=audio 9", "m=audio 0") + "a=bundle-only\r\n").encode(),
    _PLAN_B.encode(),
]
_LONGEST_S = 2.0


def check_answer(data: bytes, stack: str) -> None:
    """An answer, or the refusal that is documented; soon, and the same when it is explained."""
    begun = process_time()
    try:
        made = answer(data, stack, ("audio",))
    except OfferRefused as refused:
        if not (refused.name and refused.stage):
            raise AssertionError("a refusal without a name") from refused
    else:
        assert parse(made.text).text == made.text
        try:
            offered = len(parse(data).media)
        except ParseError:
            offered = len(made.media)
        assert len(made.media) <= offered
        if crc32(data) % 4 == 0:
            explained, decisions = explain_answer(data, stack, ("audio",))
            assert explained.text == made.text
            assert all(each.why for each in decisions)
    assert process_time() - begun < _LONGEST_S
