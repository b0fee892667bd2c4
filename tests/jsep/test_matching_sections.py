"""Codecs of a whole section: audio, redundancy and order, from the text of their RFCs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.jsep.matching import Matching, MediaFormat, configuration_of, match_codecs
from rtckit.jsep.matching.feedback import common_feedback, is_immediate, regular_interval
from rtckit.jsep.matching.formats import ordered_parameters
from rtckit.jsep.matching.telephone_event import (
    build_events,
    events_of,
    parse_events,
    sendable_events,
)


def fmt(kind: str, text: str, parameters: str = "", *feedback: str) -> MediaFormat:
    """A format written as ``96 VP8/90000``."""
    number, _, encoding = text.partition(" ")
    name, rate, *channels = encoding.split("/")
    count = int(channels[0]) if channels else 1
    return MediaFormat(
        kind,
        int(number),
        name,
        int(rate),
        count if kind == "audio" else None,
        ordered_parameters(parameters),
        feedback,
        encoding,
    )


def audio(text: str, parameters: str = "", *feedback: str) -> MediaFormat:
    return fmt("audio", text, parameters, *feedback)


def video(text: str, parameters: str = "", *feedback: str) -> MediaFormat:
    return fmt("video", text, parameters, *feedback)


def numbers(matching: Matching) -> list[int]:
    return [item.answer.payload_type for item in matching.taken]


def dropped(matching: Matching) -> dict[int, str]:
    return {item.offered.payload_type: item.why for item in matching.dropped}


OWN_AUDIO = [
    audio("111 opus/48000/2", "minptime=10;useinbandfec=1", "transport-cc"),
    audio("63 red/48000/2", "111/111"),
    audio("9 G722/8000"),
    audio("0 PCMU/8000"),
    audio("13 CN/8000"),
    audio("110 telephone-event/48000", "0-15"),
    audio("126 telephone-event/8000", "0-15"),
]
OWN_VIDEO = [
    video("96 VP8/90000", "", "nack", "nack pli"),
    video("97 rtx/90000", "apt=96"),
    video("98 VP9/90000", "profile-id=0"),
    video("116 red/90000"),
    video("117 rtx/90000", "apt=116"),
    video("118 ulpfec/90000"),
    video("119 flexfec/90000", "repair-window=200000"),
]


# -- audio --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ("100 opus/48000/2", True),
        ("100 OPUS/48000/2", True),  # Names compare without case (RFC 8866, 6.6).
        ("100 opus/48000", False),  # RFC 7587, 7: two channels always.
        ("100 opus/48000/1", False),
        ("100 opus/16000/2", False),
        ("100 PCMU/8000", True),
        ("100 PCMU/8000/1", True),
        ("100 PCMU/16000", False),
        ("100 PCMU/8000/2", False),
        ("100 G722/8000", True),
        ("100 G722/16000", False),  # RFC 3551, 4.5.2: the clock is 8000.
        ("100 PCMA/8000", False),
    ],
)
def test_audio_encodings(offered: str, taken: bool) -> None:
    found = match_codecs([audio(offered)], OWN_AUDIO)
    assert found.is_usable == taken
    assert numbers(found) == ([100] if taken else [])
    assert taken or dropped(found)[100]


def test_opus_parameters_are_ones_own() -> None:
    # RFC 7587, 7.1: "there is no relationship between the SDP offer and the answer".
    offered = audio("96 opus/48000/2", "stereo=1;maxplaybackrate=16000;x-unknown=1")
    (taken,) = match_codecs([offered], OWN_AUDIO).taken
    assert taken.answer.fmtp == (("minptime", "10"), ("useinbandfec", "1"))
    assert "stereo" in taken.why


def test_telephone_events_by_clock_rate() -> None:
    offered = [audio("100 opus/48000/2"), audio("101 telephone-event/48000", "0-16")]
    assert numbers(match_codecs(offered, OWN_AUDIO)) == [100, 101]
    offered[1] = audio("101 telephone-event/16000")
    found = match_codecs(offered, OWN_AUDIO)
    assert numbers(found) == [100]
    assert "telephone-event/48000" in dropped(found)[101]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("0-15", frozenset(range(16))),
        ("0-15,66,70", frozenset((*range(16), 66, 70))),
        ("32-49, 52-60", frozenset((*range(32, 50), *range(52, 61)))),
        ("5-3", frozenset()),
        ("x,1,300,-2", frozenset((1,))),
        ("", frozenset()),
    ],
)
def test_event_lists(text: str, events: frozenset[int]) -> None:
    assert parse_events(text) == events
    assert parse_events(build_events(events)) == events


def test_events_in_common() -> None:
    # RFC 4733, 2.5.1.1: without a list DTMF, 0 to 15, and nothing else.
    assert events_of({}) == frozenset(range(16))
    assert sendable_events({"0-15,66,70": None}, {"0-9,66": None}) == {*range(10), 66}
    assert events_of({"events": "0-3"}) == frozenset(range(4))
    assert build_events(frozenset((0, 1, 2, 5, 7, 8))) == "0-2,5,7-8"


def test_comfort_noise_goes_with_a_codec_of_its_rate() -> None:
    found = match_codecs([audio("0 PCMU/8000"), audio("13 CN/8000")], OWN_AUDIO)
    assert numbers(found) == [0, 13]
    found = match_codecs([audio("111 opus/48000/2"), audio("13 CN/8000")], OWN_AUDIO)
    assert numbers(found) == [111]
    assert "8000" in dropped(found)[13]
    assert not match_codecs([audio("13 CN/8000")], OWN_AUDIO).is_usable


def test_red_of_audio_needs_what_it_carries() -> None:
    opus, red = audio("96 opus/48000/2"), audio("97 red/48000/2", "96/96")
    found = match_codecs([opus, red], OWN_AUDIO)
    assert numbers(found) == [96, 97]
    assert found.taken[1].answer.fmtp == (("96/96", None),)
    other = audio("98 ISAC/16000")
    found = match_codecs([opus, other, audio("97 red/48000/2", "96/98")], OWN_AUDIO)
    assert numbers(found) == [96]
    assert "98" in dropped(found)[97]


# -- video --------------------------------------------------------------------------------------


def test_rtx_follows_what_it_repeats() -> None:
    offered = [
        video("100 VP8/90000"),
        video("101 rtx/90000", "apt=100"),
        video("102 VP9/90000"),
        video("103 rtx/90000", "apt=102"),
        video("104 H264/90000"),
        video("105 rtx/90000", "apt=104"),
        video("106 rtx/48000", "apt=100"),
        video("107 rtx/90000"),
        video("108 rtx/90000", "apt=101"),
    ]
    found = match_codecs(offered, OWN_VIDEO)
    assert numbers(found) == [100, 101, 102]
    assert dict(found.taken[1].answer.fmtp) == {"apt": "100"}
    why = dropped(found)
    assert "not repeated" in why[103]
    assert "104" in why[105]
    assert "clock rate" in why[106]
    assert "apt" in why[107]
    assert 108 in why


def test_fec_and_red_of_video() -> None:
    vp8, ulpfec = video("96 VP8/90000"), video("97 ulpfec/90000")
    red = video("98 red/90000")
    assert numbers(match_codecs([vp8, red, ulpfec], OWN_VIDEO)) == [96, 98, 97]
    found = match_codecs([vp8, ulpfec], OWN_VIDEO)
    assert numbers(found) == [96]
    assert "red" in dropped(found)[97]
    found = match_codecs([red, ulpfec], OWN_VIDEO)
    assert not found.is_usable
    assert numbers(found) == []


@pytest.mark.parametrize(
    ("parameters", "taken"),
    [
        ("repair-window=200000", True),
        ("repair-window=100000", True),
        ("repair-window=200001", False),
        ("repair-window=x", False),
        ("", False),
    ],
)
def test_flexfec_window_must_be_supported(parameters: str, taken: bool) -> None:
    # RFC 8627, 5.2.1: "If the receiver cannot support the offered repair window it MUST reject".
    found = match_codecs([video("96 VP8/90000"), video("99 flexfec/90000", parameters)], OWN_VIDEO)
    assert (99 in numbers(found)) == taken


def test_order_is_the_offers_or_ones_own() -> None:
    offered = [video("98 VP9/90000"), video("96 VP8/90000"), video("97 rtx/90000", "apt=96")]
    assert numbers(match_codecs(offered, OWN_VIDEO)) == [98, 96, 97]
    assert numbers(match_codecs(offered, OWN_VIDEO, own_order=True)) == [96, 97, 98]


def test_the_number_of_the_offer_is_kept_and_the_best_match_found() -> None:
    own = [
        video("102 H264/90000", "packetization-mode=1;profile-level-id=42e01f"),
        video("104 H264/90000", "packetization-mode=0;profile-level-id=42e01f"),
    ]
    (taken,) = match_codecs([video("120 H264/90000", "profile-level-id=42e01f")], own).taken
    assert taken.answer.payload_type == 120
    assert taken.own.payload_type == 104


# -- feedback -----------------------------------------------------------------------------------


def test_feedback_in_common() -> None:
    offered = ("goog-remb", "nack", "nack pli", "NACK SLI", "ccm fir", "trr-int 100")
    own = ("ccm fir", "nack sli", "nack", "transport-cc", "trr-int 20")
    assert common_feedback(offered, own) == ("nack", "NACK SLI", "ccm fir", "trr-int 20")


@pytest.mark.parametrize(
    ("protocol", "has_feedback", "interval"),
    [
        # RFC 9429, 5.1.2: AVPF or an rtcp-fb line means trr-int=0, else 4000.
        ("UDP/TLS/RTP/SAVPF", False, 0),
        ("RTP/AVPF", False, 0),
        ("RTP/AVP", True, 0),
        ("RTP/SAVP", False, 4000),
    ],
)
def test_feedback_timing(protocol: str, has_feedback: bool, interval: int) -> None:
    assert regular_interval(protocol, has_feedback) == interval
    assert is_immediate(protocol, has_feedback) == (interval == 0)


# -- laws ---------------------------------------------------------------------------------------

_ENCODINGS = [
    "VP8/90000",
    "VP9/90000",
    "AV1/90000",
    "H264/90000",
    "H265/90000",
    "rtx/90000",
    "red/90000",
    "ulpfec/90000",
    "flexfec/90000",
    "opus/48000/2",
    "PCMU/8000",
    "CN/8000",
    "red/48000/2",
    "telephone-event/8000",
    "x/1",
]
_TEXTS = st.sampled_from(
    ["", "apt=96", "apt=97", "apt=x", "111/111", "96/97", "0-15", "profile-id=2", "repair-window=1"]
)


@st.composite
def _formats(draw: st.DrawFn) -> list[MediaFormat]:
    kind = draw(st.sampled_from(["audio", "video"]))
    texts = draw(st.lists(st.tuples(st.sampled_from(_ENCODINGS), _TEXTS), max_size=8))
    chosen = draw(st.lists(st.integers(90, 127), min_size=len(texts), max_size=len(texts)))
    return [
        fmt(kind, f"{number} {encoding}", text)
        for number, (encoding, text) in zip(chosen, texts, strict=True)
    ]


@settings(max_examples=300)
@given(_formats(), _formats())
def test_each_offered_format_is_taken_or_dropped(
    offered: list[MediaFormat], own: list[MediaFormat]
) -> None:
    for mine in (own, OWN_AUDIO, OWN_VIDEO):
        found = match_codecs(offered, mine)
        told = {item.offered.payload_type for item in found.taken if item.offered is not None}
        told |= {lost.offered.payload_type for lost in found.dropped}
        assert {item.payload_type for item in offered} == told
        for item in found.taken:
            assert item.offered is not None
            assert item.answer.identity == item.offered.identity == item.own.identity
            assert set(item.answer.feedback) <= set(item.offered.feedback)
        taken = set(numbers(found))
        for item in found.taken:
            if item.answer.name == "rtx":
                assert item.answer.apt in taken
            if item.answer.name == "red":
                assert {int(part) for part in item.answer.carried} <= taken


@given(_formats())
def test_everything_is_taken_by_its_like(formats: list[MediaFormat]) -> None:
    unique = list({item.payload_type: item for item in formats}.values())
    found = match_codecs(unique, unique)
    for item in found.taken:
        assert item.offered is not None
        assert configuration_of(item.answer, unique) == configuration_of(item.offered, unique)
    plain = ("VP8", "VP9", "AV1", "H265", "PCMU", "x")
    assert not any(lost.offered.name in plain for lost in found.dropped)
