"""``rtckit sdp offer``: the offer a stack makes."""

import json
from pathlib import Path

import pytest

import rtckit
from rtckit.cli.main import main
from rtckit.cli.sdp_answer import STACKS
from rtckit.core.errors import ExitCode
from tests.oracle import recorded
from tests.oracle.answers import differences, masked

_SETS = {
    "audio": ["--audio"],
    "video-receive": ["--video", "--recvonly"],
    "channel": ["--data"],
    "call": ["--audio", "--video"],
    "call-channel": ["--audio", "1", "--video", "1", "--data"],
}
"""What the recorded offers of the browsers were asked for, as options."""


@pytest.mark.parametrize("name", list(_SETS))
@pytest.mark.parametrize("stack", ["chromium", "firefox"])
def test_the_offer_is_the_one_the_browser_made(
    stack: str, name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    theirs = recorded.read("bases")[f"{stack}-{name}"]
    assert main(["sdp", "offer", "--stack", stack, *_SETS[name]]) == ExitCode.CLEAN
    ours = capsysbinary.readouterr().out.decode()
    assert differences(ours, theirs) == []
    assert masked(ours).rstrip() == masked(theirs).rstrip()


@pytest.mark.parametrize("stack", STACKS)
def test_sections_are_those_asked_for(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--audio", "2", "--video", "3", "--data", "--sendonly"]
    assert main(["sdp", "offer", "--stack", stack, *arguments, "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    document = rtckit.sdp.parse(answer["sdp"])
    assert answer["type"] == "offer"
    assert [media.kind for media in document.media] == (
        ["audio"] * 2 + ["video"] * 3 + ["application"]
    )
    assert {media.direction for media in document.media[:5]} == {"sendonly"}
    if stack == "rfc":
        # Nothing, but for the bundle-only sections: to the letter of RFC 9143, 7.1.3, they have no
        # fingerprint of their own, which costs Firefox its page.
        bundled = [media.first_line for media in document.media if media.bundle_only]
        assert len(bundled) == 3  # the second audio, the second and the third video section
        found = [(finding.rule, finding.location.line) for finding in rtckit.lint(document)]
        assert found == [("DTLS110", line) for line in bundled]


@pytest.mark.parametrize("stack", ["rfc", "chromium", "firefox"])
def test_simulcast_is_offered_with_its_rids(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--video", "--simulcast", "q,h,f", "--stack", stack]
    assert main(["sdp", "offer", *arguments]) == ExitCode.CLEAN
    (media,) = rtckit.sdp.parse(capsys.readouterr().out).media
    assert [(rid.id, rid.direction) for rid in media.rids] == [
        ("q", "send"),
        ("h", "send"),
        ("f", "send"),
    ]
    assert media.simulcast is not None


@pytest.mark.parametrize("offerer", STACKS)
@pytest.mark.parametrize("answerer", STACKS)
def test_every_stack_answers_every_other(
    offerer: str, answerer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "offer.sdp")
    arguments = ["--audio", "--video", "--data", "--stack", offerer, "-o", file]
    assert main(["sdp", "offer", *arguments]) == ExitCode.CLEAN
    assert main(["sdp", "answer", file, "--stack", answerer]) == ExitCode.CLEAN
    document = rtckit.sdp.parse(capsys.readouterr().out)
    assert len(document.media) == 3
    assert not any(media.rejected for media in document.media)
    assert main(["sdp", "lint", "--offer", file, file]) in (ExitCode.CLEAN, ExitCode.FINDINGS)
    capsys.readouterr()


def test_a_rid_that_cannot_be_is_refused_in_the_words_of_the_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["sdp", "offer", "--video", "--simulcast", "q,~h", "--stack", "chromium"]
    assert main(arguments) == ExitCode.FINDINGS
    assert capsys.readouterr().out.startswith("chromium: ")
    assert main([*arguments, "--format", "json"]) == ExitCode.FINDINGS
    answer = json.loads(capsys.readouterr().out)
    assert answer["sdp"] is None
    assert answer["error"]
    assert answer["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to offer"),
        (["--audio", "--simulcast", "q,h"], "add --video"),
        (["--audio", "1001"], "1001 is not in the range"),
    ],
)
def test_wrong_usage(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sdp", "offer", *arguments]) == ExitCode.USAGE
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("stack", ["rfc", "firefox", "aiortc"])
def test_explain_tells_why_all_of_it_is_there(
    stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sdp", "offer", "--audio", "--video", "--stack", stack, "--explain"]
    assert main(arguments) == ExitCode.CLEAN
    text = capsys.readouterr().out
    assert text.startswith(f"{stack} offers 2 sections\n")
    assert "video (section 1, mid 1): taken" in text
    assert main([*arguments, "--format", "json"]) == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    offered = rtckit.sdp.parse(told["sdp"]).media[1].formats
    codecs = [d for d in told["decisions"] if (d["index"], d["subject"]) == (1, "codec")]
    assert {d["name"].partition(" ")[0] for d in codecs} >= set(offered)


def test_without_explain_nothing_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "offer", "--data", "--format", "json"]) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out)["decisions"] is None
