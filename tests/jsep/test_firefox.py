"""The model of Firefox against the verdicts of Firefox ESR 153 itself."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep.stacks.firefox import predict
from rtckit.jsep.verdict import Case, State, TypedSdp, Verdict, predict_verdict
from tests.oracle import recorded
from tests.oracle.measure import score

_OFFERS = recorded.mutated_offers("firefox")
_TYPES = ("offer", "answer", "pranswer", "rollback")
_STATES = ("stable", "have-local-offer", "have-remote-offer", "closed")


@pytest.mark.parametrize(
    ("name", "verdicts", "messages"),
    [("mutated offers", 0.99, 0.95), ("other cases", 0.99, 0.95)],
)
def test_given_cases(name: str, verdicts: float, messages: float) -> None:
    cases = _OFFERS if name == "mutated offers" else recorded.exchanges("firefox")
    result = score("firefox", cases, f"given, {name}")
    print(result)
    assert result.cases > 200
    assert result.verdict_rate >= verdicts
    assert result.message_rate >= messages


@pytest.mark.parametrize("name", ["development", "final"])
def test_cases_made_after_the_model(name: str) -> None:
    result = score("firefox", recorded.unseen_offers("firefox", name), f"unseen, {name}")
    print(result)
    assert result.cases >= 990
    assert result.verdict_rate >= 0.97
    assert result.message_rate >= 0.90


def test_exchanges_made_after_the_model() -> None:
    cases = recorded.exchanges("firefox", "unseen-exchanges")
    result = score("firefox", cases, "unseen, exchanges")
    print(result)
    assert result.cases >= 290
    assert result.verdict_rate >= 0.97
    assert result.message_rate >= 0.90


def test_line_blamed_is_the_line_firefox_reports() -> None:
    # RTCError.sdpLineNumber is the line of the first error in the list.
    named = 0
    for each in _OFFERS:
        if each.line is not None:
            message = predict(each.case).message or ""
            if "on line " in message:
                named += 1
                assert message.split("on line ")[1].split(":")[0] == str(each.line), each.id
    assert named > 50


@given(st.text(max_size=300))
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = predict_verdict(text, "firefox")
    assert verdict.accepts == (verdict.stage is None)


@given(
    st.lists(
        st.text(alphabet="voscbtakm=: 019/ INP4\t\r\n\0abcdef;,-[]", max_size=40), max_size=20
    ),
    st.sampled_from(_TYPES),
    st.sampled_from(_STATES),
    st.sampled_from(("remote", "local")),
    st.booleans(),
)
def test_any_call_has_a_verdict(
    lines: list[str], kind: str, signaling: str, side: str, known: bool
) -> None:
    text = "v=0\no=- 1 1 IN IP4 0\nt=0 0\n" + "\n".join(lines)
    typed = TypedSdp("offer", text) if known else None
    state = State(
        signaling,
        current_local=typed,
        current_remote=typed,
        pending_local=typed,
        pending_remote=typed,
        created_offer=text if known else None,
        created_answer=text if known else None,
        is_offerer=known,
    )
    verdict = predict(Case(kind, text, state, side))
    assert verdict.accepts == (verdict.error is None)


def test_damaged_offers_have_a_verdict() -> None:
    generator = random.Random(20261121)
    bases = [each.case.sdp for each in _OFFERS if each.id.endswith("/base")]
    for _ in range(1000):
        text = generator.choice(bases)
        for _ in range(generator.randint(1, 20)):
            place = generator.randrange(len(text))
            length = generator.randint(0, 3)
            inserted = generator.choice(("", "\n", "\r\nm=", "a=", ":", " ", "\0", "é", "=", "/"))
            text = text[:place] + inserted + text[place + length :]
        assert isinstance(predict(Case("offer", text)), Verdict)


def test_stop_at_leaves_the_later_steps_out() -> None:
    text = _offer(_AUDIO.replace("a=mid:0", "a=mid:1"), groups="a=group:BUNDLE 1 7\r\n")
    whole = predict(Case("offer", text))
    assert whole.stage == "setLocalDescription"
    assert whole.message == "No transceiver for bundled mid 7"
    assert predict(Case("offer", text, stop_at="createAnswer")).accepts


_AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    "a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n"
)


def _offer(*sections: str, groups: str = "") -> str:
    return "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + groups + "".join(sections)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        # What Firefox ESR 153 said to each of these, asked by hand.
        (
            "ufrag:abcd",
            "ufrag:ab$cd",
            "InvalidAccessError",
            ("Invalid description, ice-ufrag contains invalid characters at level 0"),
        ),
        ("m=audio 9", "m=audio 9/2", None, None),
        ("m=audio 9", "m=audio 65536", None, None),
        (
            "m=audio 9",
            "m=text 9",
            "OperationError",
            (
                "SIPCC Failed to parse SDP: "
                "SDP Parse Error on line 5: Unsupported media section type\n"
            ),
        ),
        (
            "AA:BB",
            "aa:bb",
            "OperationError",
            (
                "SIPCC Failed to parse SDP: "
                "SDP Parse Error on line 11: Malformed fingerprint token\n"
            ),
        ),
        ("a=rtcp-mux", "x=1", "OperationError", "SIPCC Failed to parse SDP: "),
        (
            "a=rtcp-mux",
            "",
            "InvalidAccessError",
            ("m-section at level 0 is missing a=rtcp-mux, which is required by rtcpMuxPolicy"),
        ),
        (
            "SAVPF 0",
            "SAVPF 256",
            "OperationError",
            'Illegal audio/video payload type "1" at level 0',
        ),
        (
            "127.0.0.1",
            "é",
            "InvalidParameterError",
            "SDP contains non ASCII characters at position 20",
        ),
    ],
)
def test_peculiarities(old: str, new: str, error: str | None, message: str | None) -> None:
    text = _offer(_AUDIO).replace(old, new)
    verdict = predict(Case("offer", text))
    assert (verdict.error, verdict.message) == (error, message)


def test_bundle_only_without_fingerprint_takes_the_page_down() -> None:
    # Seen on each of five such offers: the connection to the browser is lost.
    second = _AUDIO.replace("m=audio 9", "m=audio 0").replace("a=mid:0", "a=mid:1\r\na=bundle-only")
    groups = "a=group:BUNDLE 0 1\r\n"
    assert predict(Case("offer", _offer(_AUDIO, second, groups=groups))).accepts
    broken = second.replace("a=fingerprint:sha-256 AA:BB\r\n", "")
    verdict = predict(Case("offer", _offer(_AUDIO, broken, groups=groups)))
    assert (verdict.stage, verdict.error) == ("setLocalDescription", "crash")
