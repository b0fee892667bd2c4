"""Editing: what is meant changes, and not a byte of anything else."""

import difflib

import pytest

from rtckit.sdp import Candidate, parse
from rtckit.sdp.edit import Editor
from tests.sdp.descriptions import CHROMIUM_OFFER, FIREFOX_ANSWER, SDES_OFFER


def changes(editor: Editor, before: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came; all others are the same, their ends too."""
    old, new = before.splitlines(keepends=True), str(editor.write()).splitlines(keepends=True)
    gone: list[str] = []
    came: list[str] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what != "equal":
            gone += [line.rstrip("\r\n") for line in old[i1:i2]]
            came += [line.rstrip("\r\n") for line in new[j1:j2]]
    return gone, came


def test_the_document_itself_stays() -> None:
    document = parse(CHROMIUM_OFFER)
    editor = document.edit().set_direction("0", "inactive")
    assert document.write() == CHROMIUM_OFFER
    assert document.media[0].direction == "sendrecv"
    assert editor.document.media[0].direction == "inactive"
    assert repr(editor).startswith("<Editor: 1 steps, <Document")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines(end: str) -> None:
    document = parse(f"v=0{end}s=-{end}t=0 0")
    editor = document.edit()
    assert editor.insert_line(3, "i=x").write() == f"v=0{end}s=-{end}i=x{end}t=0 0"
    assert editor.insert_line(5, "a=y").write() == f"v=0{end}s=-{end}i=x{end}t=0 0{end}a=y"
    assert editor.replace_line(2, "s=two").write() == f"v=0{end}s=two{end}i=x{end}t=0 0{end}a=y"
    assert editor.remove_line(5).remove_line(3).write() == f"v=0{end}s=two{end}t=0 0"
    assert editor.steps == 5
    assert editor.undo().undo().undo().undo().undo().document is document
    with pytest.raises(LookupError):
        editor.undo()


def test_new_lines_take_the_end_of_the_line_before() -> None:
    editor = parse("v=0\r\ns=-\nm=audio 9 RTP/AVP 0\ra=mid:0\r\n").edit()
    editor.insert_line(3, "t=0 0").insert_line(5, "c=IN IP4 0.0.0.0").insert_line(1, "a=first")
    assert editor.write() == (
        "a=first\r\nv=0\r\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0\rc=IN IP4 0.0.0.0\ra=mid:0\r\n"
    )


def test_a_bare_cr_does_not_run_into_the_lf_of_a_blank_line() -> None:
    editor = parse("v=0\rs=-\r\n\nt=0 0\n").edit().remove_line(2)
    assert editor.write() == "v=0\r\n\nt=0 0\n"
    assert [line.text for line in editor.document.lines] == ["v=0", "", "t=0 0"]


def test_bytes_and_a_byte_order_mark_stay() -> None:
    data = b"\xef\xbb\xbfv=0\r\ns=caf\xe9\r\nm=audio 9 RTP/AVP 0\r\n"
    editor = parse(data).edit().add_attribute(0, "mid", "a\udcff")
    assert editor.write() == data + b"a=mid:a\xff\r\n"
    assert editor.document.byte_order_mark


def test_attributes() -> None:
    document = parse(CHROMIUM_OFFER)
    editor = document.edit().set_attribute("1", "setup", "active")
    assert changes(editor, CHROMIUM_OFFER)[1] == ["a=setup:active"]
    assert editor.document.media[1].setup == "active"
    assert [media.setup for media in editor.document.media] == ["actpass", "active", "actpass"]

    editor = document.edit().set_attribute(1, "rtcp-fb", "96 nack")
    assert [item.value for item in editor.document.media[1].find_all("rtcp-fb")] == ["96 nack"]

    editor = document.edit().add_attribute(0, "candidate", "x").add_attribute(None, "ice-lite")
    assert editor.document.media[0].find_all("candidate")[-1].value == "x"
    assert editor.document.media[0].find_all("candidate")[-1].line == (
        document.media[0].find_all("candidate")[-1].line + 2
    )
    assert editor.document.session.ice_lite
    assert changes(editor, CHROMIUM_OFFER) == ([], ["a=ice-lite", "a=candidate:x"])

    editor = document.edit().remove_attributes(1, "rtcp-fb", lambda value: "nack" in (value or ""))
    assert [item.value for item in editor.document.media[1].find_all("rtcp-fb")] == [
        "96 goog-remb",
        "96 ccm fir",
        "102 ccm tmmbr smaxpr=120",
    ]
    assert editor.remove_attributes(1, "absent").steps == 1


@pytest.mark.parametrize("direction", ["sendrecv", "sendonly", "recvonly", "inactive"])
def test_direction(direction: str) -> None:
    document = parse(CHROMIUM_OFFER)
    for section in (0, 1, 2):
        editor = document.edit().set_direction(section, direction)
        assert editor.document.media[section].direction == direction
        found = [a.name for a in editor.document.media[section].attributes if a.value is None]
        assert found.count(direction) == 1
    several = parse("v=0\na=sendonly\na=x\na=recvonly\n").edit().set_direction(None, direction)
    assert several.write() == f"v=0\na=x\na={direction}\n"


def test_rejecting_a_section_takes_it_out_of_the_bundle() -> None:
    text = CHROMIUM_OFFER.replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n")
    editor = parse(text).edit().reject_media("1")
    media = editor.document.media[1]
    assert media.rejected
    assert editor.document.bundle == ["0", "2"]
    gone, came = changes(editor, text)
    assert gone == [
        "a=group:BUNDLE 0 1 2",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 45",
        "a=bundle-only",
    ]
    assert came == ["a=group:BUNDLE 0 2", "m=video 0 UDP/TLS/RTP/SAVPF 96 97 102 103 45"]
    editor.reject_media(0).reject_media(2)
    assert not editor.document.session.has("group")


def test_adding_a_section() -> None:
    section = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:9\r\n"
    editor = parse(CHROMIUM_OFFER).edit().add_media(section)
    assert editor.write() == CHROMIUM_OFFER + section
    editor.set_group("BUNDLE", [*editor.document.bundle, "9"]).set_port("9", 5000)
    assert editor.document.bundle == ["0", "1", "2", "9"]
    assert editor.document.media[3].port == 5000
    first = parse(SDES_OFFER).edit().add_media(["m=audio 9 RTP/AVP 0", "a=mid:new"], 0)
    assert [media.mid for media in first.document.media] == ["new", None, None, None]
    assert first.set_group("LS", ["new"]).document.groups[0].mids == ("new",)
    assert first.set_group("LS", []).document.groups == []


def test_keeping_codecs_keeps_what_repeats_them() -> None:
    editor = parse(CHROMIUM_OFFER).edit().keep_codecs("1", ["h264"])
    media = editor.document.media[1]
    assert media.formats == ["102", "103"]
    assert [str(codec) for codec in media.codecs] == ["H264/90000", "rtx/90000"]
    gone, came = changes(editor, CHROMIUM_OFFER)
    assert "a=rtpmap:45 AV1/90000" in gone
    assert "a=rtcp-fb:96 nack pli" in gone
    assert "a=fmtp:97 apt=96" in gone
    # A rid that named only what is gone names nothing.
    assert came == ["m=video 9 UDP/TLS/RTP/SAVPF 102 103", "a=rid:h send max-width=640"]
    assert editor.document.problems == []


def test_removing_codecs_removes_what_needs_them() -> None:
    editor = parse(CHROMIUM_OFFER).edit().remove_codecs(0, ["opus", 13]).remove_codecs(1, [96])
    audio, video, _ = editor.document.media
    # red carries opus (fmtp 111/111)
    assert audio.formats == ["9", "0", "110"]
    assert video.formats == ["102", "103", "45"]
    assert editor.document.problems == []
    with pytest.raises(ValueError, match="needs a format"):
        editor.keep_codecs(0, [])
    with pytest.raises(LookupError, match="VP8"):
        editor.keep_codecs(1, ["VP8"])
    # rtx by itself repeats nothing that is kept
    with pytest.raises(ValueError, match="needs a format"):
        editor.keep_codecs(1, [103])


def test_preferring_codecs() -> None:
    document = parse(CHROMIUM_OFFER)
    editor = document.edit().prefer_codecs("1", ["AV1", 102])
    assert editor.document.media[1].formats == ["45", "102", "103", "96", "97"]
    assert len(changes(editor, CHROMIUM_OFFER)[1]) == 1
    assert document.edit().prefer_codecs(1, ["vp8"]).steps == 0


def test_ssrc_fmtp_and_odd_spaces() -> None:
    text = "v=0\nm=video  9 RTP/AVPF 96  97 98\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\n"
    text += "a=fmtp:97 apt=96\na=rtpmap:98 VP9/90000\na=ssrc:1 fmtp:96 x=1\na=ssrc:1 cname:y\n"
    editor = parse(text).edit().remove_codecs(0, ["VP8"])
    assert editor.write() == (
        "v=0\nm=video  9 RTP/AVPF  98\na=rtpmap:98 VP9/90000\na=ssrc:1 cname:y\n"
    )


def test_candidates() -> None:
    document = parse(FIREFOX_ANSWER)
    added = Candidate("9", 1, "udp", 1, "192.0.2.9", 9, "relay")
    editor = document.edit().add_candidate("0", added)
    media = editor.document.media[0]
    assert media.candidates[-1] == added
    assert media.candidates[-1].span is not None
    assert media.candidates[-1].span.line == document.media[0].candidates[-1].span.line + 1  # type: ignore[union-attr]
    editor.remove_candidates("0", lambda candidate: candidate.transport == "TCP")
    assert [item.type for item in editor.document.media[0].candidates] == ["host", "relay"]
    editor.remove_candidates("0")
    assert editor.document.media[0].candidates == []
    editor.add_candidate("0", "candidate:1 1 udp 1 192.0.2.1 9 typ host")
    lines = [line.text for line in editor.document.media[0].lines]
    place = lines.index("a=candidate:1 1 udp 1 192.0.2.1 9 typ host")
    assert lines[place + 1] == "a=end-of-candidates"
    editor.replace_candidates("0", [added, added]).replace_candidates(2, [added])
    assert [len(item.candidates) for item in editor.document.media] == [2, 0, 1]


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (LookupError, lambda e: e.insert_line(0, "a=x")),
        (LookupError, lambda e: e.insert_line(9999, "a=x")),
        (LookupError, lambda e: e.replace_line(0, "a=x")),
        (LookupError, lambda e: e.remove_line(9999)),
        (LookupError, lambda e: e.set_direction(3, "sendonly")),
        (LookupError, lambda e: e.set_direction(-1, "sendonly")),
        (LookupError, lambda e: e.reject_media("x")),
        (LookupError, lambda e: e.add_media("m=audio 9 RTP/AVP 0", 7)),
        (LookupError, lambda e: e.prefer_codecs(0, ["VP8"])),
        (ValueError, lambda e: e.insert_line(1, "a=x\r\n")),
        (ValueError, lambda e: e.insert_line(1, "")),
        (ValueError, lambda e: e.insert_line(1, "a=\ud800")),
        (ValueError, lambda e: e.set_direction(0, "both")),
        (ValueError, lambda e: e.add_attribute(0, "", "x")),
        (ValueError, lambda e: e.add_attribute(0, "a:b", "x")),
        (ValueError, lambda e: e.set_attribute(0, "mid", "a\nb")),
        (ValueError, lambda e: e.add_media("a=x")),
        (ValueError, lambda e: e.add_media("")),
        (ValueError, lambda e: e.add_media("m=audio 9 RTP/AVP 0\r\nm=audio 9 RTP/AVP 0")),
        (ValueError, lambda e: e.set_port(0, 65536)),
        (ValueError, lambda e: e.add_candidate(0, "candidate:1")),
        (ValueError, lambda e: e.add_candidate(0, Candidate("", 1, "udp", 1, "x", 9, "host"))),
    ],
)
def test_what_cannot_be_done_changes_nothing(error: type[Exception], step: object) -> None:
    editor = parse(CHROMIUM_OFFER).edit()
    with pytest.raises(error):
        step(editor)  # type: ignore[operator]
    assert editor.write() == CHROMIUM_OFFER
    assert editor.steps == 0


def test_something_must_be_left() -> None:
    editor = parse("v=0\r\n").edit()
    with pytest.raises(ValueError, match="no session description would be left"):
        editor.remove_line(1)
    with pytest.raises(ValueError, match="no whole m= line"):
        parse("m=audio\r\n").edit().set_port(0, 1)
