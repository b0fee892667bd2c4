"""Which payload types Chromium gives to its codecs once the other side took some of them.

The expectations are what Chromium 156 offered after it answered an offer with VP8 under 96, its rtx
under 97, and a codec nobody knows under another number.
"""

import pytest

from rtckit.jsep import TypedSdp, peer_connection
from rtckit.sdp import parse

OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 {number}\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\n"
    "a=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdabcdabcdabcdabcdabcd\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AA'] * 32)}\r\na=setup:actpass\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rtpmap:{number} foo/90000\r\n"
)
USUAL = (
    "96 97 98 99 100 101 35 36 37 38 102 103 104 107 108 109 114 115 116 117 39 40 41 42 43 44 45 "
    "46 47 48 118 119 120 49"
)
CHANGES = {
    98: "98>114 114>127",
    99: "99>101 101>103 103>107 107>109 109>115 115>117 117>118 118>119 119>121",
    100: "100>116 116>127",
    101: "101>103 103>107 107>109 109>115 115>117 117>118 118>119 119>121",
    35: "35>40 40>127",
    36: "36>38 38>127",
    37: "37>41 41>42 42>46 46>127",
    38: "38>127",
    102: "102>127",
    103: "103>107 107>109 109>115 115>117 117>118 118>119 119>121",
    104: "104>127",
    107: "107>109 109>115 115>117 117>118 118>119 119>121",
    108: "108>127",
    109: "109>115 115>117 117>118 118>119 119>121",
    114: "114>127",
    115: "115>117 117>118 118>119 119>121",
    116: "116>127",
    117: "117>118 118>119 119>121",
    39: "39>127",
    40: "40>44 44>48 48>50",
    41: "41>42 42>46 46>127",
    42: "42>46 46>127",
    43: "42>46 43>42 46>127",
    44: "44>48 48>50",
    45: "45>127",
    46: "46>127",
    47: "42>46 46>127 47>42",
    48: "48>50",
    118: "118>119 119>121",
    119: "119>121",
    120: "99>101 101>103 103>107 107>109 109>115 115>117 117>118 118>119 119>121 120>99",
    49: "42>46 46>127 49>42",
}
"""Where each number went, by the number that was taken."""


@pytest.mark.parametrize("number", CHANGES)
def test_numbers_that_are_taken(number: int) -> None:
    peer = peer_connection("chromium")
    peer.set_remote_description(TypedSdp("offer", OFFER.format(number=number)))
    peer.set_local_description()
    offered = parse(peer.create_offer().sdp).media[0]
    moved = dict(change.split(">") for change in CHANGES[number].split())
    assert offered.formats == [moved.get(usual, usual) for usual in USUAL.split()]
    apt = {codec.fmtp["apt"] for codec in offered.codecs if codec.name == "rtx"}
    assert apt <= set(offered.formats)


def test_a_rollback_leaves_numbers_taken() -> None:
    peer = peer_connection("chromium")
    peer.add_transceiver("video")
    offer = OFFER.format(number=120).replace("96 97 120", "98 97 120").replace(":96 VP8", ":98 VP8")
    peer.set_remote_description(TypedSdp("offer", offer.replace("apt=96", "apt=98")))
    peer.set_remote_description(TypedSdp("rollback", ""))
    codecs = {c.payload_type: c for c in parse(peer.create_offer().sdp).media[0].codecs}
    assert codecs["96"].name == "VP8"
    assert codecs["127"].name == "VP9"
    assert codecs["114"].name == "H264"
