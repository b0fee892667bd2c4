"""Details of libwebrtc's parser. The expectations are its own words, recorded from Chromium 156."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep import Case, State, TypedSdp, predict_verdict
from rtckit.jsep.stacks.chromium import find_candidate_fault, predict, predict_candidate
from rtckit.jsep.stacks.chromium.formats import parse_profile_level_id
from tests.growth import assert_linear
from tests.oracle import recorded
from tests.oracle.mutate import mutate

OFFER = recorded.read("bases")["chromium-call-channel"]
HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
AUDIO = HEAD + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
PARSE = (
    "Failed to execute 'setRemoteDescription' on 'RTCPeerConnection': "
    "Failed to parse SessionDescription. "
)
REMOTE = (
    "Failed to execute 'setRemoteDescription' on 'RTCPeerConnection': "
    "Failed to set remote offer sdp: "
)


def message(sdp: str) -> str | None:
    return predict_verdict(sdp).message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", " Expect line: v="),
        ("\r\nv=0\r\n", " Expect line: v="),
        ("v=0\no=- 1 2 IN IP4\n", "o=- 1 2 IN IP4 Expects 6 fields."),
        (AUDIO + "a=mid:0", "a=mid:0 Invalid SDP line."),
        (AUDIO + "A=mid:0\r\n", "A=mid:0 Invalid SDP line."),
        (AUDIO + "a= mid:0\r\n", "a= mid:0 Invalid SDP line."),
        (AUDIO + "\r\n", " Invalid SDP line."),
        (AUDIO + "a=mid:0\0\r\n", "a=mid:0 Illegal character found in the value of mid"),
        (AUDIO.replace(" 0\r\n", " 128\r\n"), " "),
        (AUDIO.replace(" 0\r\n", " +1\r\n"), "m=audio 9 UDP/TLS/RTP/SAVPF +1 Invalid value: +1."),
        (AUDIO + "a=fmtp:5x y\r\n", "fmtp:5x Invalid value: 5x."),
        (AUDIO + "a=fmtp:55 y\r\n", " Failed to parse codecs correctly."),
        (AUDIO + "a=rtcp-fb:0\r\n", "a=rtcp-fb:0 Failed to get the value of attribute: rtcp-fb"),
        (HEAD + "b=AS:1\r\n", "b=AS:1 Expects m line."),
    ],
)
def test_what_the_parser_says(text: str, said: str) -> None:
    assert message(text) == PARSE + said


def test_bytes_above_ascii_are_shown_twice_encoded() -> None:
    said = message(AUDIO + "a=setup:é\r\n")
    assert said == PARSE + "a=setup:\u00c3\u0083\u00c2\u00a9 Invalid attribute value."


def test_unknown_attributes_and_lines_are_passed_over() -> None:
    text = OFFER.replace("a=mid:0\r\n", "a=mid:0\r\na=foo\r\nx=bar\r\nk=prompt\r\n")
    assert predict_verdict(text).accepts


def test_only_line_feeds_are_lines_too() -> None:
    assert predict_verdict(OFFER.replace("\r\n", "\n")).accepts
    assert not predict_verdict(OFFER.replace("\r\n", "\r")).accepts


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a=mid:1", "a=mid:0", "Duplicate a=mid value '0'."),
        (
            "BUNDLE 0 1 2",
            "BUNDLE 0 1 2 7",
            "A BUNDLE group contains a MID='7' matching no m= section.",
        ),
        (
            "a=mid:0\r\na=extmap:1 ",
            "a=mid:0\r\na=extmap:4 ",
            (
                "A BUNDLE group contains a codec collision for header extension id=4. The id must "
                "be the same across all bundled media descriptions"
            ),
        ),
        (
            "a=fmtp:97 apt=96",
            "a=fmtp:97 apt=33",
            "Failed to set remote video description send parameters for m-section with mid='1'.",
        ),
    ],
)
def test_what_is_said_after_parsing(old: str, new: str, said: str) -> None:
    assert old in OFFER
    assert message(OFFER.replace(old, new, 1)) == REMOTE + said


def test_mid_is_checked_before_the_fingerprint_and_that_before_ice() -> None:
    text = OFFER.replace("a=ice-ufrag", "a=x-ufrag")
    assert message(text) == REMOTE + "Called with SDP without ice-ufrag and ice-pwd."
    text = text.replace("a=fingerprint", "a=x-fingerprint")
    assert message(text) == REMOTE + "Called with SDP without DTLS fingerprint."
    text = text.replace("a=mid:1", "a=mid:0")
    assert message(text) == REMOTE + "Duplicate a=mid value '0'."


def test_a_role_without_an_answer_fails_when_the_answer_is_created() -> None:
    verdict = predict_verdict(OFFER.replace("a=setup:actpass", "a=setup:holdconn"))
    assert (verdict.stage, verdict.error) == ("createAnswer", "OperationError")


def test_a_short_digest_fails_when_the_answer_is_set() -> None:
    lines = [x[:-3] if x.startswith("a=fingerprint:") else x for x in OFFER.split("\r\n")]
    verdict = predict_verdict("\r\n".join(lines))
    assert verdict.stage == "setLocalDescription"
    assert verdict.message is not None
    assert verdict.message.endswith("mid='0': Failed to apply remote fingerprint.")


def test_setters_called_in_the_wrong_state() -> None:
    said = predict_verdict(OFFER, type="answer")
    assert said.error == "InvalidStateError"
    assert said.message is not None
    assert said.message.endswith("remote answer sdp: Called in wrong state: stable")
    closed = predict_verdict(OFFER, state=State(signaling_state="closed"))
    assert closed.error == "InvalidStateError"
    rollback = predict_verdict("", type="rollback", side="local")
    assert rollback.message is not None
    assert rollback.message.endswith("Called in wrong signalingState: stable")


def test_a_candidate_needs_a_remote_description_and_a_section() -> None:
    candidate = "candidate:1 1 udp 1 127.0.0.1 9 typ host"
    early = predict_candidate(candidate, State(), sdp_mid="0")
    assert early.error == "InvalidStateError"
    state = State("have-remote-offer", pending_remote=TypedSdp("offer", OFFER))
    assert predict_candidate(candidate, state, sdp_mid="0").accepts
    assert predict_candidate(candidate, state, sdp_m_line_index=2).accepts
    assert not predict_candidate(candidate, state, sdp_mid="9").accepts
    assert not predict_candidate(candidate, state, sdp_m_line_index=3).accepts


@pytest.mark.parametrize(
    ("tail", "fault"),
    [
        ("", None),
        (" raddr 1.1.1.1 rport x", "Invalid port"),
        (" tcptype active", "Invalid non-TCP candidate"),
        (" generation -1", "Invalid generation"),
        (" network-id 65536", "Invalid network-id"),
        (" unknown generation generation x", "Invalid generation"),
        (" ufrag", None),
    ],
)
def test_candidate_extensions(tail: str, fault: str | None) -> None:
    assert find_candidate_fault("candidate:1 1 UDP 1 h.local 9 typ host" + tail) == fault


@pytest.mark.parametrize(
    ("text", "profile"),
    [  # RFC 6184, table 5
        ("42e01f", "constrained baseline"),
        ("42001f", "baseline"),
        ("4d801f", "constrained baseline"),
        ("4d001f", "main"),
        ("58c01f", "constrained baseline"),
        ("58801f", "baseline"),
        ("640c1f", "constrained high"),
        ("64001f", "high"),
        ("640c99", None),
        ("zz", None),
    ],
)
def test_h264_profiles(text: str, profile: str | None) -> None:
    known = parse_profile_level_id(text)
    assert (known and known.profile) == profile


_STATES = st.builds(
    State,
    signaling_state=st.sampled_from(
        ["stable", "have-local-offer", "have-remote-offer", "have-local-pranswer", "closed"]
    ),
    pending_local=st.none() | st.builds(TypedSdp, st.just("offer"), st.just(OFFER)),
    pending_remote=st.none() | st.builds(TypedSdp, st.just("offer"), st.just(OFFER)),
    current_local=st.none() | st.builds(TypedSdp, st.just("answer"), st.text()),
    created_offer=st.none() | st.just(OFFER) | st.text(),
)


@given(
    text=st.text() | st.text(alphabet="vosmtacb=:/ 019-*\r\n") | st.just(OFFER),
    kind=st.sampled_from(["offer", "answer", "pranswer", "rollback", "nonsense"]),
    side=st.sampled_from(["local", "remote"]),
    state=_STATES,
)
def test_never_raises(text: str, kind: str, side: str, state: State) -> None:
    verdict = predict(Case(kind, text, state, side))
    assert verdict.accepts == (verdict.message is None)


@given(candidate=st.text(), mid=st.none() | st.text())
def test_never_raises_for_a_candidate(candidate: str, mid: str | None) -> None:
    state = State("have-remote-offer", pending_remote=TypedSdp("offer", OFFER))
    predict_candidate(candidate, state, sdp_mid=mid)


def test_never_raises_for_mutations_set_in_any_state() -> None:
    generator = random.Random(3)
    offer, answer = TypedSdp("offer", OFFER), TypedSdp("answer", OFFER)
    states = [
        State(),
        State("have-local-offer", pending_local=offer, created_offer=OFFER),
        State("have-remote-offer", pending_remote=offer, created_answer=OFFER),
        State(current_local=answer, current_remote=offer, is_offerer=False),
    ]
    for _ in range(1500):
        text, _ = mutate(mutate(OFFER, generator)[0], generator)
        state = generator.choice(states)
        kind, side = generator.choice(["offer", "answer"]), generator.choice(["local", "remote"])
        predict(Case(kind, text, state, side))


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "v=0\r\n" + "a" * 100 * n,
        lambda n: AUDIO + "a=foo\r\n" * 4 * n,
        lambda n: HEAD + "a=group:BUNDLE 0\r\n" + "m=text 9 x y\r\na=mid:0\r\n" * (n // 3),
        lambda n: OFFER + "a=ssrc:1 cname:x\r\n" * n,
    ],
    ids=["one line", "many lines", "many sections", "many sources"],
)
def test_time_is_linear(make: Callable[[int], str]) -> None:
    assert_linear(lambda n: predict_verdict(make(n)), 48_000)
