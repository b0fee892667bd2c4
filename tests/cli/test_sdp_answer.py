"""``rtckit sdp answer``: what a stack answers, why, and what it refuses."""

import json
from pathlib import Path

import pytest

import rtckit
from rtckit.cli.main import main
from rtckit.cli.sdp_answer import STACKS
from rtckit.core.errors import ExitCode
from rtckit.jsep import STACK_NAMES
from tests.oracle import recorded
from tests.oracle.answers import differences, masked
from tests.oracle.recorded_answers import given
from tests.sdp.descriptions import FIREFOX_ANSWER

CALL = recorded.read("bases")["chromium-call-channel"]
"""An offer Chromium made: audio, video and a data channel."""


@pytest.fixture
def offer(tmp_path: Path) -> str:
    file = tmp_path / "offer.sdp"
    file.write_bytes(CALL.encode())
    return str(file)


@pytest.fixture
def unmuxed(tmp_path: Path) -> str:
    """An offer that no browser takes."""
    file = tmp_path / "unmuxed.sdp"
    file.write_bytes(CALL.replace("a=rtcp-mux\r\n", "").encode())
    return str(file)


def test_the_stacks_are_those_of_the_library() -> None:
    assert STACKS == STACK_NAMES


@pytest.mark.parametrize("stack", ["chromium", "firefox", "aiortc"])
def test_the_answer_is_the_one_the_real_peer_gave(
    stack: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    case = next(each for each in given().answered(stack) if each.id == "firefox.sdp/base")
    file = tmp_path / "offer.sdp"
    file.write_bytes(case.offer.encode())
    assert main(["sdp", "answer", str(file), "--stack", stack]) == ExitCode.CLEAN
    out, err = capsysbinary.readouterr()
    assert err == b""
    assert case.answer is not None
    assert masked(out.decode()).rstrip("\r\n") == case.answer.rstrip("\r\n")
    assert differences(out.decode(), case.answer) == []


@pytest.mark.parametrize("stack", STACKS)
def test_an_answer_is_the_same_for_the_same_seed_and_has_its_tracks(
    stack: str, offer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sdp", "answer", offer, "--stack", stack]
    texts = []
    for more in ([], [], ["--seed", "1"], ["--send", "audio,video"], ["--send", "video"]):
        assert main([*arguments, *more]) == ExitCode.CLEAN
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    directions = [
        [media.direction for media in rtckit.sdp.parse(text).media if media.kind != "application"]
        for text in texts
    ]
    assert directions[2:] == [
        ["recvonly", "recvonly"],
        ["sendrecv", "sendrecv"],
        ["recvonly", "sendrecv"],
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_directions_are_set_for_all_or_by_mid(
    stack: str, offer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sdp", "answer", offer, "--stack", stack]
    for more, expected in (
        (["--direction", "inactive"], ["inactive", "inactive"]),
        (["--direction", "1=sendonly"], ["recvonly", "sendonly"]),
        (["--direction", "0=sendrecv", "--direction", "1=inactive"], ["sendrecv", "inactive"]),
    ):
        assert main([*arguments, *more]) == ExitCode.CLEAN
        document = rtckit.sdp.parse(capsys.readouterr().out)
        assert [media.direction for media in document.media[:2]] == expected


@pytest.mark.parametrize("stack", STACKS)
def test_explanation_speaks_of_every_section_and_codec(
    stack: str, offer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sdp", "answer", offer, "--stack", stack, "--explain"]
    assert main([*arguments, "--format", "json"]) == ExitCode.CLEAN
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == {
        "stack": stack,
        "accepts": True,
        "stage": None,
        "error": None,
        "message": None,
    }
    document = rtckit.sdp.parse(CALL)
    answered = rtckit.sdp.parse(answer["sdp"])
    decisions = answer["decisions"]
    assert all(each["why"] for each in decisions)
    for media, ours in zip(document.media, answered.media, strict=True):
        own = [each for each in decisions if each["index"] == media.index]
        assert [each["outcome"] for each in own if each["subject"] == "section"] == ["taken"]
        fates = {
            each["name"].split(" ")[0]: each["outcome"]
            for each in own
            if each["subject"] == "codec"
        }
        if media.kind == "application":
            continue
        for codec in media.codecs:
            taken = codec.payload_type in ours.formats
            assert (fates[codec.payload_type] in ("taken", "changed")) is taken
    assert main(arguments) == ExitCode.CLEAN
    text = capsys.readouterr().out
    assert text.startswith(f"{stack} takes ")
    assert "audio (section 0, mid 0): taken" in text
    assert ("dropped" in text) is (stack != "chromium")  # whose own codecs these are
    assert max(map(len, text.splitlines())) <= 100


def test_feedback_is_told_by_kind_unless_asked_for_more(
    offer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sdp", "answer", offer, "--stack", "aiortc", "--explain"]
    assert main(arguments) == ExitCode.CLEAN
    short = capsys.readouterr().out
    assert main([*arguments, "-v"]) == ExitCode.CLEAN
    assert capsys.readouterr().out.count(" nack pli ") > short.count(" nack pli ") >= 1


@pytest.mark.parametrize("stack", STACKS)
def test_a_refusal_is_told_in_the_words_of_the_stack(
    stack: str, unmuxed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sdp", "answer", unmuxed, "--stack", stack]
    assert main([*arguments, "--format", "json"]) == ExitCode.FINDINGS
    answer = json.loads(capsys.readouterr().out)
    verdict = answer["verdict"]
    assert verdict["stage"] == "setRemoteDescription"
    assert answer["sdp"] is None
    if stack != "rfc":
        predicted = rtckit.jsep.predict_verdict(Path(unmuxed).read_bytes(), stack)
        assert (verdict["error"], verdict["message"]) == (predicted.error, predicted.message)
    assert {each["rule"] for each in answer["findings"]} >= {"BUNDLE015"}
    assert main(arguments) == ExitCode.FINDINGS
    text = capsys.readouterr().out
    assert text.startswith(f"{stack}: {verdict['error']} in setRemoteDescription\n")
    assert verdict["message"].split()[-1] in text
    assert "error[BUNDLE015]" in text


def test_what_chromium_refuses_means_something(
    unmuxed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sdp", "answer", unmuxed, "--stack", "chromium"]) == ExitCode.FINDINGS
    text = capsys.readouterr().out
    assert "rtcp-mux must be enabled when BUNDLE is enabled." in text
    assert "means: RTCP is on a port of its own" in text
    assert "do: write a=rtcp-mux in every section" in text


def test_capabilities_are_those_of_another_peer(
    offer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "theirs.sdp"
    theirs.write_text(recorded.read("bases")["firefox-call"])
    arguments = ["sdp", "answer", offer, "--stack", "rfc", "--capabilities", str(theirs)]
    assert main(arguments) == ExitCode.CLEAN
    video = rtckit.sdp.parse(capsys.readouterr().out).media[1]
    names = {codec.name for codec in video.codecs}
    assert "VP8" in names
    # Firefox offered no H264 here.
    assert "H264" not in names


def test_the_offer_is_read_from_any_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "signaling.log"
    messages = [{"type": "answer", "sdp": FIREFOX_ANSWER}, {"type": "offer", "sdp": CALL}]
    log.write_text("".join(f"12:00 {json.dumps(each)}\n" for each in messages))
    assert main(["sdp", "answer", str(log), "--stack", "firefox"]) == ExitCode.CLEAN
    out, err = capsys.readouterr()
    assert out.startswith("v=0")
    assert "undone" in err
    assert main(["sdp", "answer", f"{log}#2", "-q"]) == ExitCode.CLEAN
    assert capsys.readouterr().err == ""
    assert main(["sdp", "answer", f"{log}#1"]) == ExitCode.USAGE
    assert "holds no offer, but a description of type answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--send", "data"], "a track is audio or video"),
        (["--direction", "both"], "one of sendrecv"),
        (["--direction", "inactive", "--direction", "0=inactive"], "exclude each other"),
        (["--direction", "7=inactive"], "no media section with mid '7'"),
        (["--stack", "safari"], "'safari' is not one of"),
    ],
)
def test_wrong_usage(
    offer: str, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sdp", "answer", offer, *more]) == ExitCode.USAGE
    assert message in capsys.readouterr().err


def test_what_is_no_sdp_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "page.html"
    file.write_text("<html></html>")
    assert main(["sdp", "answer", str(file)]) == ExitCode.UNREADABLE
    assert "rtckit: error:" in capsys.readouterr().err


def test_a_notebook_shows_decisions_as_a_table() -> None:
    name = "<b>\x1b"
    one = rtckit.jsep.Decision(0, name, "codec", name, "taken", name, (name,))
    text = rtckit.jsep.Decisions([one])._repr_html_()
    assert text.count("&lt;b&gt;") == 4
    assert "<b>" not in text
    assert "\x1b" not in text
    _, decisions = rtckit.jsep.explain_answer(CALL, "chromium")
    assert decisions._repr_html_().count("<tr>") == len(decisions)
