"""Why Chromium answers as it does: every offered codec is decided upon, and the answer fits."""

from rtckit.jsep import explain_answer, offer

OFFER = offer("chromium", audio=1, video=1, data=True).text


def test_every_offered_codec_is_decided_upon_and_fits_the_answer() -> None:
    text = OFFER.replace("profile-id=2", "profile-id=7").replace("63 red/48000/2", "63 iLBC/8000")
    answer, decisions = explain_answer(text, "chromium")
    offered = {
        (index, line.partition(":")[2].partition(" ")[0])
        for index, section in enumerate(text.split("\r\nm=")[1:])
        for line in section.split("\r\n")
        if line.startswith("a=rtpmap:")
    }
    codecs = [decision for decision in decisions if decision.subject == "codec"]
    assert {(d.index, d.name.partition(" ")[0]) for d in codecs} == offered
    for decision in codecs:
        assert decision.index is not None
        is_answered = decision.name.partition(" ")[0] in answer.media[decision.index].formats
        assert is_answered == (decision.outcome in ("taken", "changed")), decision
        assert decision.why


def test_what_is_missing_is_named() -> None:
    text = OFFER.replace("63 red/48000/2", "63 iLBC/8000").replace("opus/48000", "opus/16000")
    _, decisions = explain_answer(text, "chromium")
    why = {decision.name: decision.why for decision in decisions if decision.outcome == "dropped"}
    assert why["63 iLBC/8000"] == "Chromium has no such codec"
    assert "48000" in why["111 opus/16000/2"]


def test_a_rejected_section_says_so() -> None:
    _, decisions = explain_answer(OFFER.replace("m=audio 9", "m=audio 0"), "chromium")
    section = next(d for d in decisions if d.subject == "section" and d.index == 0)
    assert section.outcome == "rejected"
    assert "port 0" in section.why
