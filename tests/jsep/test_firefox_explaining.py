"""Why Firefox answers and offers as it does: a word on all there is, and it fits the text."""

import pytest

from rtckit.jsep import Decision, Encoding, OfferRefused, explain_answer, offer
from rtckit.jsep.connection import PeerConnection
from rtckit.jsep.stacks.firefox.peer import FirefoxPeer
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp import MediaSection, parse
from tests.oracle import recorded_answers

OFFER = offer("chromium", audio=1, video=1, data=True).text
_KEPT = ("taken", "changed")


def _of(decisions: list[Decision], index: int, subject: str) -> list[Decision]:
    return [each for each in decisions if (each.index, each.subject) == (index, subject)]


def _check_section(decisions: list[Decision], offered: MediaSection, made: MediaSection) -> None:
    (section,) = _of(decisions, offered.index, "section")
    assert (section.outcome == "rejected") == made.rejected
    codecs = _of(decisions, offered.index, "codec")
    if offered.kind in ("audio", "video"):
        numbers = [each.name.partition(" ")[0] for each in codecs]
        assert len(set(numbers)) == len(numbers)
        kept = {n for n, each in zip(numbers, codecs, strict=True) if each.outcome in _KEPT}
        assert kept == (set() if made.rejected else set(made.formats))
    if not made.rejected and offered.is_rtp:
        kept = {e.name for e in _of(decisions, made.index, "extension") if e.outcome in _KEPT}
        assert kept == {extension.uri for extension in made.extmap}
        (direction,) = _of(decisions, made.index, "direction")
        assert direction.name == made.direction
        kept = {e.name for e in _of(decisions, made.index, "simulcast") if e.outcome in _KEPT}
        sent = made.simulcast.send if made.simulcast else ()
        assert kept == {f"recv {choices[0].rid}" for choices in sent}


@pytest.mark.parametrize("name", ["development", "final"])
def test_every_part_of_an_offer_is_decided_upon(name: str) -> None:
    explained = 0
    for case in recorded_answers.read_set(f"new-{name}").answered("firefox"):
        try:
            answer, decisions = explain_answer(case.offer, "firefox")
        except OfferRefused:
            continue
        explained += 1
        offered = parse(case.offer)
        assert all(each.why for each in decisions)
        for one, two in zip(offered.media, answer.media, strict=True):
            _check_section(decisions, one, two)
        kept = {
            each.name for each in decisions if each.subject == "bundle" and each.why[:2] != "no"
        }
        assert kept >= set(answer.bundle or ())
    assert explained > 250


def test_what_is_dropped_is_told_why() -> None:
    text = OFFER.replace("63 red/48000/2", "63 iLBC/8000").replace("profile-id=2", "profile-id=1")
    _, decisions = explain_answer(text, "firefox")
    why = {each.name: each.why for each in decisions if each.outcome == "dropped"}
    assert why["63 iLBC/8000"] == "Firefox has no such codec"
    assert "8000 only" in why["110 telephone-event/48000"]
    assert "OpenH264" in why["102 H264/90000"]
    assert why["103 rtx/90000"] == "102, which it repairs, is not taken"
    assert "but once" in why["100 VP9/90000"]
    assert why["urn:3gpp:video-orientation"] == "Firefox does not know it"


def test_rejected_sections_say_by_whom() -> None:
    text = OFFER.replace("m=audio 9", "m=audio 0").replace("BUNDLE 0 1", "BUNDLE 1")
    text = text.replace("a=sctp-port:5000", "a=sctp-port:0")
    _, decisions = explain_answer(text, "firefox")
    sections = [each for each in decisions if each.subject == "section"]
    assert [each.outcome for each in sections] == ["rejected", "taken", "rejected"]
    assert "the offer rejects it" in sections[0].why
    assert "webrtc-datachannel" in sections[2].why


def _explained(peer: FirefoxPeer) -> list[Decision]:
    peer.explain = True
    made = parse(peer.create_offer().sdp)
    for media in made.media:
        (section,) = _of(peer.decisions, media.index, "section")
        # Port 0 is that of a section without a transport of its own as well.
        assert (section.outcome == "rejected") == media.rejected
        if media.rejected or not media.is_rtp:
            continue
        codecs = [e for e in _of(peer.decisions, media.index, "codec") if e.outcome == "taken"]
        assert [each.name.partition(" ")[0] for each in codecs] == media.formats
        extensions = _of(peer.decisions, media.index, "extension")
        assert [each.name for each in extensions] == [each.uri for each in media.extmap]
    return peer.decisions


def _exchange(one: PeerConnection, two: PeerConnection) -> None:
    made = one.create_offer()
    one.set_local_description(made)
    two.set_remote_description(made)
    answer = two.create_answer()
    two.set_local_description(answer)
    one.set_remote_description(answer)


def test_offers_are_explained_over_the_life_of_a_connection() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    layers = [Encoding("h"), Encoding("l")]
    video = peer.add_transceiver("video", track=True, send_encodings=layers)
    peer.create_data_channel("d")
    decisions = _explained(peer)
    why = [each.why for each in decisions if each.subject == "section"]
    assert why == [
        "a transceiver of addTrack has no section yet",
        "a transceiver of addTransceiver has no section yet",
        "there is a data channel",
    ]
    assert [each.name for each in decisions if each.subject == "simulcast"] == ["h", "l"]
    assert {each.name for each in decisions if each.subject == "data"} >= {"sctp-port 5000"}
    _exchange(peer, other)
    assert _of(_explained(peer), 0, "section")[0].why == "its transceiver is associated with it"
    peer.stop(video)
    (section,) = _of(_explained(peer), 1, "section")
    assert section.why == "its transceiver was stopped"
    _exchange(peer, other)
    (section,) = _of(_explained(peer), 1, "section")
    assert "nobody uses it" in section.why
    peer.add_transceiver("video")
    (section,) = _of(_explained(peer), 1, "section")
    assert "takes the place" in section.why


def test_preferences_are_told_of() -> None:
    peer = FirefoxPeer()
    audio = peer.add_track("audio")
    peer.set_codec_preferences(audio, [{"mimeType": "audio/PCMU", "clockRate": 8000}])
    codecs = _of(_explained(peer), 0, "codec")
    assert [each.name for each in codecs if each.outcome == "taken"] == ["0 PCMU/8000"]
    assert codecs[1].why == "the codec preferences leave it out"
    peer.set_remote_description(TypedSdp("offer", OFFER))
    peer.create_answer()
    codecs = _of(peer.decisions, 0, "codec")
    assert any("preferences leave it out" in each.why for each in codecs)
