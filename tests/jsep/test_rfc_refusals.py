"""What the standards' own peer refuses, under which name, and what it says of it (5.8)."""

import pytest

from rtckit.jsep.connection import PeerError
from rtckit.jsep.verdict import TypedSdp
from tests.jsep.rfc_descriptions import DATA, OFFER, SESSION, answer_to, lines, peer

SIP = lines(
    SESSION,
    (
        "m=audio 49170 RTP/SAVP 8 0 101",
        "c=IN IP4 192.0.2.10",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40,
        "a=sendrecv",
    ),
)


def refusal(offer: str) -> PeerError:
    with pytest.raises(PeerError) as caught:
        answer_to(offer)
    return caught.value


def test_a_sip_gateway_with_sdes() -> None:
    error = refusal(SIP)
    assert error.name == "InvalidAccessError"
    for part in ("section 0 (audio)", "SDES", "RFC 8827", "no ICE username", "rtcp-mux"):
        assert part in error.message
    # No key is repeated.
    assert "AAAA" not in error.message


def _without(*starts: str) -> str:
    return "".join(line for line in OFFER.splitlines(True) if not line.startswith(starts))


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (_without("a=fingerprint"), "no a=fingerprint"),
        (_without("a=ice-ufrag"), "no ICE username fragment and password"),
        (_without("a=setup"), "no a=setup"),
        (_without("a=rtcp-mux"), "rtcp-mux"),
        (_without("a=sctp-port"), "no a=sctp-port"),
        (OFFER.replace("ETEn", "abc"), "3 characters, not 4 to 256"),
        (OFFER.replace("OtSK0WpNtpUjkY4+86js7Z/l", "p" * 21), "21 characters, not 22 to 256"),
        (OFFER.replace("apt=100", "apt=99"), "rtx 101 repeats 99, which is not there"),
        (OFFER.replace("mid:v1", "mid:a1"), "mid 'a1' stands twice"),
        (OFFER.replace("BUNDLE a1 v1 d1", "BUNDLE a1 v1 a1"), "stands twice in BUNDLE"),
        (OFFER.replace("actpass", "holdconn"), "holdconn is not for DTLS"),
        (OFFER + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", "a=crypto must not be used"),
        (
            OFFER.replace("a=mid:v1\r\n", "a=mid:v1\r\na=rid:h send\r\na=simulcast:send h;l\r\n"),
            "simulcast of 'l', which is no rid",
        ),
    ],
)
def test_invalid_offers(offer: str, said: str) -> None:
    error = refusal(offer)
    assert error.name == "InvalidAccessError"
    assert said in error.message
    assert "RFC " in error.message


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        ("hello", "no session description"),
        (_without("t="), "the t= line is missing"),
        (OFFER.replace("s=-\r\nt=0 0", "t=0 0\r\ns=-"), "line 4: s= after t="),
        (OFFER.replace("100 VP8/90000", "100 VP8/x"), "payload type 100 has an unreadable rtpmap"),
        (OFFER.replace("a=mid:v1", "a=mid:v 1"), "is no token"),
    ],
)
def test_malformed_offers(offer: str, said: str) -> None:
    error = refusal(offer)
    assert error.name == "OperationError"
    assert said in error.message


def test_a_refused_offer_changes_nothing() -> None:
    answerer = peer()
    with pytest.raises(PeerError):
        answerer.set_remote_description(TypedSdp("offer", SIP))
    assert answerer.signaling_state == "stable"
    assert answerer.transceivers == []
    assert not answer_to(OFFER, answerer).media[0].rejected


def _answered(edit: tuple[str, str]) -> str:
    """What an offerer says of an answer that was edited."""
    offerer, answerer = peer("one"), peer("other")
    offerer.add_track("audio")
    offerer.add_track("video")
    offer = offerer.create_offer()
    offerer.set_local_description(offer)
    answerer.set_remote_description(offer)
    text = answerer.create_answer().sdp
    assert edit[0] in text
    with pytest.raises(PeerError) as caught:
        offerer.set_remote_description(TypedSdp("answer", text.replace(*edit)))
    assert caught.value.name == "InvalidAccessError"
    assert offerer.signaling_state == "have-local-offer"
    return caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a=setup:active", "a=setup:actpass", "an answer chooses"),
        ("UDP/TLS/RTP/SAVPF", "RTP/SAVPF", "protocol 'RTP/SAVPF' answers"),
        ("a=mid:1", "a=mid:x", "mid"),
        ("a=rtcp-fb:96 nack\r\n", "a=rtcp-fb:96 x-new\r\n", "feedback 'x-new' was not offered"),
        ("BUNDLE 0 1", "BUNDLE 0 1 9", "the bundle 0 1 9 was not offered"),
    ],
)
def test_invalid_answers(old: str, new: str, said: str) -> None:
    assert said in _answered((old, new))


def test_an_answer_of_another_count() -> None:
    offerer = peer()
    offerer.add_track("audio")
    offerer.set_local_description(offerer.create_offer())
    answer = OFFER.replace("actpass", "active")
    with pytest.raises(PeerError, match="3 sections, the offer 1"):
        offerer.set_remote_description(TypedSdp("answer", answer))


def test_re_offers_must_not_break_with_what_was_agreed() -> None:
    def after(old: str, new: str) -> str:
        answerer = peer()
        answer_to(OFFER, answerer)
        assert old in OFFER
        with pytest.raises(PeerError) as caught:
            answerer.set_remote_description(TypedSdp("offer", OFFER.replace(old, new)))
        return caught.value.message

    assert "another DTLS association without a restart" in after("91bbf309", "00000000")
    assert "another DTLS association without a restart" in after("00:01:02", "FF:01:02")
    # The offerer was asked as the passive end, and cannot turn active (RFC 8842, 5.5).
    assert "it is passive" in after("actpass", "active")
    assert "it has 2 sections, there were 3" in after(lines(DATA), "")
