"""What an answer took, and what was edited before setLocalDescription."""

import asyncio

import pytest

from rtckit.sdp import parse
from rtckit.sdp.comparison.answer import AnswerView, compare_answer
from rtckit.sdp.comparison.munging import Edit, find_munging
from tests.capabilities import require
from tests.sdp.descriptions import CHROMIUM_OFFER, FINGERPRINT, crlf

OFFER = crlf(f"""
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=rtcp-mux
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:1
a=rtcp-mux
a=sendonly
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 VP9/90000
a=rid:h send
a=rid:l send
a=simulcast:send h;l
""")
ANSWER = (
    OFFER.replace("o=- 1 1", "o=- 2 1")
    .replace("ufrag:abcd", "ufrag:efgh")
    .replace("setup:actpass", "setup:active")
    .replace("a=sendonly", "a=recvonly")
    .replace("rid:h send", "rid:h recv")
    .replace("rid:l send", "rid:l recv")
    .replace("simulcast:send", "simulcast:recv")
)


def view(answer: str, offer: str = OFFER) -> AnswerView:
    return compare_answer(parse(offer), parse(answer))


def test_an_answer_that_takes_everything() -> None:
    found = view(ANSWER)
    assert found.whole
    assert [section.state for section in found.sections] == ["accepted", "accepted"]
    assert [section.flow for section in found.sections] == [
        "both ends send",
        "only the offerer sends",
    ]
    assert found.sections[1].role == "the answerer opens the DTLS connection"
    assert found.sections[1].simulcast.kept == ("send h", "send l")


def test_rejected() -> None:
    found = view(ANSWER.replace("m=video 9", "m=video 0"))
    assert found.sections[1].state == "rejected"
    assert not found.whole


def test_codecs_dropped_reordered_and_renumbered() -> None:
    answer = ANSWER.replace("SAVPF 96 97 98", "SAVPF 99 96").replace("rtpmap:98", "rtpmap:99")
    section = view(answer).sections[1]
    assert section.codecs.kept == ("VP8", "VP9")
    assert section.codecs.dropped == ("rtx[VP8]",)
    assert section.order == ("VP9", "VP8")
    assert section.reordered
    assert section.renumbered == (("VP9", "98", "99"),)


def test_what_else_was_left_out() -> None:
    answer = ANSWER.replace("a=rtcp-fb:96 nack\r\n", "").replace("recv h;l", "recv h")
    answer = answer.replace("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", "")
    audio, video = view(answer).sections
    assert video.feedback.dropped == ("VP8: nack",)
    assert video.simulcast.dropped == ("send l",)
    assert audio.extensions.dropped == ("ssrc-audio-level",)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("a=recvonly", "a=sendonly", "sendonly is no answer to sendonly"),
        ("setup:active", "setup:actpass", "must choose active or passive"),
        ("a=mid:1", "a=mid:x", "mid x answers mid 1"),
        ("UDP/TLS/RTP/SAVPF 96", "RTP/SAVPF 96", "RTP/SAVPF answers UDP/TLS/RTP/SAVPF"),
        ("m=video", "m=audio", "audio answers video"),
        ("extmap:1 ", "extmap:2 ", "offered as id 1 and is answered as 2"),
        ("rtpmap:111 opus", "rtpmap:111 speex", ""),
    ],
)
def test_faults_of_an_answer(old: str, new: str, fault: str) -> None:
    faults = [
        text for section in view(ANSWER.replace(old, new)).sections for text in section.faults
    ]
    assert any(fault in text for text in faults) or not fault


def test_own_offer_echoed_back() -> None:
    assert "this is the same end's own description" in view(OFFER).faults[0]


def test_sections_must_be_as_many() -> None:
    found = view(ANSWER[: ANSWER.index("m=video")])
    assert "1 media sections for the offer's 2" in found.faults[0]
    assert found.sections[1].state == "missing"


def edits(given: str) -> dict[str, Edit]:
    return {
        edit.change.leaf: edit for edit in find_munging(parse(CHROMIUM_OFFER), parse(given)).edits
    }


@pytest.mark.parametrize(
    ("old", "new", "leaf", "chromium", "firefox"),
    [
        (FINGERPRINT, FINGERPRINT.replace("03:", "AA:", 1), "fingerprints", "refused", "kept"),
        ("a=mid:1\r\n", "a=mid:x\r\n", "mid", "kept", "refused"),
        ("a=rtcp-mux\r\n", "", "rtcp_mux", "refused", "refused"),
        ("a=sendonly\r\n", "a=inactive\r\n", "direction", "kept", "kept"),
        ("useinbandfec=1", "useinbandfec=1;stereo=1", "codecs.opus.fmtp.stereo", "kept", "kept"),
        ("a=mid:0\r\n", "a=mid:0\r\na=x-mine:1\r\n", "attributes.x-mine", "ignored", "ignored"),
        ("BUNDLE 0 1 2", "BUNDLE 0 1", "session.groups.BUNDLE", "kept", "kept"),
        (
            "a=mid:0\r\n",
            "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.9 5000 typ host\r\n",
            "candidates[udp 192.0.2.9:5000 host]",
            "kept",
            "refused",
        ),
    ],
)
def test_edits_and_what_browsers_do(
    old: str, new: str, leaf: str, chromium: str, firefox: str
) -> None:
    found = edits(CHROMIUM_OFFER.replace(old, new))
    assert found[leaf].chromium.outcome == chromium
    assert found[leaf].firefox.outcome == firefox


def test_another_description_was_set() -> None:
    other = CHROMIUM_OFFER.replace("4611731400430051336", "77")
    assert find_munging(parse(CHROMIUM_OFFER), parse(other)).stale
    assert not find_munging(parse(CHROMIUM_OFFER), parse(CHROMIUM_OFFER)).edits


def test_what_aiortc_answers() -> None:
    require("aiortc")
    from aiortc import RTCPeerConnection

    async def exchange() -> tuple[str, str]:
        caller, callee = RTCPeerConnection(), RTCPeerConnection()
        caller.addTransceiver("audio")
        caller.addTransceiver("video", direction="sendonly")
        caller.createDataChannel("chat")
        await caller.setLocalDescription(await caller.createOffer())
        await callee.setRemoteDescription(caller.localDescription)
        await callee.setLocalDescription(await callee.createAnswer())
        texts = caller.localDescription.sdp, callee.localDescription.sdp
        await caller.close()
        await callee.close()
        return texts

    offer, answer = asyncio.run(exchange())
    found = compare_answer(parse(offer), parse(answer))
    assert [section.state for section in found.sections] == ["accepted"] * 3
    assert found.faults == ()
    assert found.sections[1].faults == ()
    assert not found.sections[1].codecs.added
