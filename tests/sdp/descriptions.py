# ruff: noqa: E501
"""Descriptions in the manner of real peers, written by hand; every value in them is made up."""

FINGERPRINT = ":".join(f"{(17 * n + 3) % 256:02X}" for n in range(32))
"""32 bytes in the form of RFC 8122, 5."""


def crlf(text: str) -> str:
    """``text`` with the line ends of RFC 8866, 5, and no blank first line."""
    return text.strip("\n").replace("\n", "\r\n") + "\r\n"


CHROMIUM_OFFER = crlf(f"""
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS 6c1f0a52-3b7e-4f0f-9d5c-0e3a5f7c9b11
m=audio 56546 UDP/TLS/RTP/SAVPF 111 63 9 0 13 110
c=IN IP4 192.0.2.17
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:2664643332 1 udp 2122260223 192.0.2.17 56546 typ host generation 0 network-id 1
a=candidate:3820714120 1 udp 2122194687 2001:db8::17 56547 typ host generation 0 network-id 2
a=candidate:842163049 1 udp 1685987071 203.0.113.9 61002 typ srflx raddr 192.0.2.17 rport 56546 generation 0 network-id 1
a=candidate:1510613869 1 tcp 1518280447 192.0.2.17 9 typ host tcptype active generation 0 network-id 1
a=ice-ufrag:YOmo
a=ice-pwd:B14uzuQzBJjWnVIHYVlp7Qmk
a=ice-options:trickle renomination
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:6c1f0a52-3b7e-4f0f-9d5c-0e3a5f7c9b11 d6720902-cf88-4a69-8b19-05cbdfd9dad5
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=ssrc:332619158 cname:PFYLrFmLyfYBn1ic
a=ssrc:332619158 msid:6c1f0a52-3b7e-4f0f-9d5c-0e3a5f7c9b11 d6720902-cf88-4a69-8b19-05cbdfd9dad5
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 45
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:YOmo
a=ice-pwd:B14uzuQzBJjWnVIHYVlp7Qmk
a=ice-options:trickle renomination
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=sendonly
a=msid:- 9dfbdc5d-7f84-4a24-b04c-d2c2d88ac936
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=rtcp-fb:102 nack
a=rtcp-fb:102 ccm tmmbr smaxpr=120
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:45 AV1/90000
a=fmtp:45 level-idx=5;profile=0;tier=0
a=ssrc-group:FID 463667899 241741940
a=ssrc:463667899 cname:PFYLrFmLyfYBn1ic
a=ssrc:241741940 cname:PFYLrFmLyfYBn1ic
a=rid:q send max-width=320;max-fps=15
a=rid:h send pt=96,97;max-width=640
a=rid:f send
a=simulcast:send q;~h,f recv q
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
b=AS:30
a=ice-ufrag:YOmo
a=ice-pwd:B14uzuQzBJjWnVIHYVlp7Qmk
a=ice-options:trickle renomination
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
""")

FIREFOX_ANSWER = crlf(f"""
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5264555329088376536 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 {FINGERPRINT}
a=group:BUNDLE 0 2
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122187007 bac659e8-98a8-487a-8df4-332c6a621d00.local 46910 typ host
a=candidate:2 1 TCP 2105458943 bac659e8-98a8-487a-8df4-332c6a621d00.local 9 typ host tcptype active
a=recvonly
a=end-of-candidates
a=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=fmtp:111 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=ice-pwd:16ad146821e1ce95674f716c8a577502
a=ice-ufrag:2c268ad8
a=mid:0
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=setup:active
a=ssrc:3585207907 cname:{{16b1d90c-0f7f-4ff0-a083-588ef29cc3bb}}
m=video 0 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=inactive
a=mid:1
a=rtpmap:96 VP8/90000
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-pwd:16ad146821e1ce95674f716c8a577502
a=ice-ufrag:2c268ad8
a=mid:2
a=setup:active
a=sctp-port:5000
a=max-message-size:1073741823
""")

AIORTC_OFFER = crlf(f"""
v=0
o=- 3911234567 3911234567 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
m=audio 40012 UDP/TLS/RTP/SAVPF 96 0 8
c=IN IP4 198.51.100.4
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=mid:0
a=msid:4f1e3d0a-2a3e-4b60-8a67-b0a1b7c3e1f2 93b0e1f4-4f6a-4a55-90c1-3f8d0d2f5a77
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=ssrc:1202033041 cname:7e2c4be9-4b8f-4f1d-9c8c-6b2f4f4a0c11
a=rtpmap:96 opus/48000/2
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=candidate:9e107d9d372bb6826bd81d3542a419d6 1 udp 2130706431 198.51.100.4 40012 typ host
a=end-of-candidates
a=ice-ufrag:4cGz
a=ice-pwd:tJh6pRVqyxUo7GW2f3cKqN
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
""")

SDES_OFFER = crlf("""
v=0
o=- 77 1 IN IP4 192.0.2.1
s=An old call
i=with keys in the clear
c=IN IP4 192.0.2.1
b=CT:512
t=3034423619 3042462419
k=clear:NobodyUsesThis
a=ice-lite
a=ice-ufrag:session8
a=ice-pwd:sessionsessionsession22
a=setup:passive
a=inactive
a=extmap:3 urn:example:session-level
m=audio 49170/2 RTP/SAVP 0 8 97
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIz|2^20|1:4 KDR=1
a=rtpmap:97 iLBC/8000
a=ptime:20
m=video 51372 RTP/SAVP 31
c=IN IP4 233.252.0.1/127/3
b=TIAS:256000
a=sendonly
m=application 5000 DTLS/SCTP 5000
a=sctpmap:5000 webrtc-datachannel 1024
""")

ALL = {
    "chromium-offer": CHROMIUM_OFFER,
    "firefox-answer": FIREFOX_ANSWER,
    "aiortc-offer": AIORTC_OFFER,
    "sdes-offer": SDES_OFFER,
}
