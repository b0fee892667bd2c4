"""Damaged and hostile input: one clear error or a partial answer, never a traceback."""

import gzip
import io
import json
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.analysis.bundle import open_call
from rtckit.analysis.call import Call
from rtckit.analysis.signalling import read_signalling_log
from rtckit.analysis.summary import summarize
from rtckit.analysis.vantage import Vantage, analyze_datagrams
from rtckit.capture import Datagram
from rtckit.core.address import Address
from rtckit.core.errors import ParseError, UnreadableInput
from rtckit.report.diagnosis import render_text, to_dict
from rtckit.rules.diagnosis import diagnose

CAPTURES = Path(__file__).parents[2] / "captures"
STEP = 97


def judge(call: Call) -> None:
    """Everything a user could ask of a call: it must not raise."""
    diagnosis = diagnose(call)
    json.dumps(to_dict(diagnosis))
    text = render_text(diagnosis, color=True, width=80, verbose=2)
    assert "\x00" not in text


@pytest.mark.parametrize("file", ["turn-wrong-password/a.pcapng", "ice-failed/b.pcapng"])
def test_a_capture_cut_at_every_97th_byte(file: str, tmp_path: Path) -> None:
    data = (CAPTURES / file).read_bytes()
    whole = summarize(io.BytesIO(data), "whole").vantage.frames
    seen: list[int] = []
    unreadable: list[tuple[int, str]] = []
    for length in range(0, len(data), STEP):
        cut = tmp_path / "cut.pcapng"
        cut.write_bytes(data[:length])
        try:
            call = open_call(cut)
        except (UnreadableInput, ParseError) as error:
            unreadable.append((length, str(error)))
            continue
        judge(call)
        vantage = call.vantages[0]
        seen.append(vantage.frames)
        # A cut between two blocks cannot be told from the end; any other is said.
        assert vantage.problems or vantage.frames <= whole
        assert vantage.truncated == bool(vantage.problems)
    # Nothing readable is left only where not even the first block is whole.
    assert all(length < 300 and message for length, message in unreadable), unreadable
    assert seen == sorted(seen), "a longer piece never shows less"
    assert seen[-1] >= whole - 1


@pytest.mark.slow
def test_a_long_capture_cut_at_every_97th_byte_is_read_up_to_the_cut() -> None:
    data = (CAPTURES / "chromium-firefox" / "a.pcapng").read_bytes()
    frames = -1
    for length in range(STEP, len(data), STEP * 61):
        try:
            summary = summarize(io.BytesIO(data[:length]), "cut")
        except (UnreadableInput, ParseError):
            assert length < 300
            continue
        assert summary.vantage.frames >= frames
        frames = summary.vantage.frames
        assert sum(summary.kinds.values()) == summary.to_dict()["packets"]


def test_a_damaged_bundle_is_judged_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    generator = random.Random(97)
    refused = []
    for name in ("turn-wrong-password", "ice-failed"):
        originals = {path.name: path.read_bytes() for path in (CAPTURES / name).iterdir()}
        for _ in range(40):
            folder = tmp_path / "bundle"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file, data in originals.items():
                damaged = bytearray(data)
                for _ in range(generator.randrange(4)):
                    if damaged:
                        damaged[generator.randrange(len(damaged))] = generator.randrange(256)
                if not generator.randrange(4):
                    damaged = damaged[: generator.randrange(len(damaged) + 1)]
                (folder / file).write_bytes(damaged)
            try:
                call = open_call(folder)
            except (UnreadableInput, ParseError) as error:
                refused.append(str(error))
                continue
            judge(call)
    assert all(refused)
    assert len(refused) < 40, "most damaged bundles still say something"


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.binary(max_size=120),
                st.binary(max_size=60).map(lambda b: bytes([22, 254, 253]) + b),
                st.binary(max_size=60).map(lambda b: b"\x80\x60" + b),
                st.binary(max_size=60).map(lambda b: b"\x00\x01\x00\x10\x21\x12\xa4\x42" + b),
            ),
            st.integers(0, 3),
        ),
        max_size=30,
    )
)
def test_any_datagrams_can_be_analysed_and_judged(payloads: list[tuple[bytes, int]]) -> None:
    ends = [Address("192.0.2.1", 5000), Address("2001:db8::1", 3478)]
    from rtckit.analysis.signalling import Signalling

    datagrams = [
        Datagram(
            frame, 10**18 + frame, "udp", ends[way & 1], ends[way >> 1], payload, len(payload), 0
        )
        for frame, (payload, way) in enumerate(payloads, 1)
    ]
    vantage = analyze_datagrams(datagrams, Vantage("a", "a.pcapng"), Signalling())
    assert vantage.packets == len(datagrams)
    judge(Call("any", vantages=[vantage]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty", b"", "empty file"),
        ("noise", bytes(range(128, 256)) * 4, "neither a capture nor a description"),
        ("text.txt", b"hello, this is no SDP\n", "neither a capture nor a description"),
        ("page.html", b"<!DOCTYPE html><html></html>", "neither a capture nor a description"),
        ("broken.json", b'{"type": "offer", "sdp": ', "looks like JSON, but is not"),
        ("other.json", b'{"name": "something"}', "neither a description"),
        ("deep.json", b"[" * 100_000, "looks like JSON, but is not"),
        ("zipped.gz", gzip.compress(b"no capture"), ""),
    ],
)
def test_unreadable_files_have_one_clear_error(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((UnreadableInput, ParseError)) as caught:
        open_call(path)
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
    assert len(text) < 500


def test_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="No such file"):
        open_call(tmp_path / "absent.pcapng")
    with pytest.raises(UnreadableInput, match="no capture, description or getStats"):
        open_call(tmp_path)


def test_a_folder_with_one_unreadable_file_is_still_read(tmp_path: Path) -> None:
    shutil.copytree(CAPTURES / "turn-wrong-password", tmp_path / "b")
    (tmp_path / "b" / "a.stats.json").write_text('{"type": "offer", "sdp": "nonsense"}')
    call = open_call(tmp_path / "b")
    assert any("a.stats.json" in str(problem) for problem in call.problems)
    assert diagnose(call).broken == "ice"


@given(st.text())
def test_any_text_is_a_signalling_log_or_says_which_lines_are_not(text: str) -> None:
    log = read_signalling_log(text, "signaling.jsonl")
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(log.problems) <= len(lines)


def test_hostile_text_of_a_description_does_not_reach_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\u202e"
    sdp = (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        f"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{evil}\r\na=ice-ufrag:{evil}\r\n"
        f"a=ice-pwd:{'p' * 24}\r\na=rtpmap:111 {evil}/48000/2\r\n"
    )
    for kind in ("offer", "answer"):
        (tmp_path / f"{kind}.sdp").write_text(sdp, newline="")
    diagnosis = diagnose(open_call(tmp_path))
    text = render_text(diagnosis, color=False, width=100, verbose=2)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "p" * 24 not in text, "a password is no evidence to print"


def test_files_are_known_by_content_and_sides_found_without_a_manifest() -> None:
    folder = CAPTURES / "chromium-firefox"
    call = open_call(
        folder / "b.stats.json", folder / "answer.sdp", folder / "b.pcapng", folder / "offer.sdp"
    )
    assert call.manifest is None
    assert list(call.stats) == ["b"]
    assert [description.type for description in call.signalling.descriptions] == ["offer", "answer"]
    assert diagnose(call).broken is None


def test_a_capture_alone_is_judged_as_far_as_packets_tell() -> None:
    diagnosis = diagnose(open_call(CAPTURES / "chromium-firefox" / "a.pcapng"))
    states = {str(link.layer): str(link.state) for link in diagnosis.chain}
    assert states == {
        "signalling": "ok",
        "ice": "ok",
        "dtls": "ok",
        "srtp": "unknown",
        "media": "ok",
        "data": "ok",
    }
    assert len(diagnosis.call.absent) == 2


def test_descriptions_alone_are_judged_as_far_as_they_tell() -> None:
    folder = CAPTURES / "chromium-firefox"
    diagnosis = diagnose(open_call(folder / "offer.sdp", folder / "answer.sdp"))
    assert diagnosis.broken is None
    assert str(diagnosis.chain[0].state) == "ok"
    assert {str(link.state) for link in diagnosis.chain[1:]} == {"unknown"}


@pytest.mark.parametrize("name", ["webrtc_internals_dump.gz", "rtcstats_dump.gz"])
def test_a_browsers_dump_gives_its_descriptions(name: str) -> None:
    dump = Path(__file__).parents[1] / "sdp" / "data" / name
    call = open_call(dump)
    assert call.signalling.offer is not None
    assert call.signalling.answer is not None
    judge(call)


def test_a_log_with_a_description_in_it(tmp_path: Path) -> None:
    sdp = (CAPTURES / "aiortc-aiortc" / "offer.sdp").read_text()
    log = tmp_path / "app.log"
    log.write_text("".join(f"2026-11-21 10:00:00 INFO {line}\n" for line in sdp.splitlines()))
    call = open_call(log)
    assert call.signalling.descriptions[0].type == "offer"
    judge(call)
