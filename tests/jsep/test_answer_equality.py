"""The measure answers are compared by: that nothing a peer heeds escapes it."""

import pytest

from tests.oracle.answers import cause_of, differences, masked, meaning

ANSWER = """\
v=0
o=- 3256782759455766482 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:tL2O
a=ice-pwd:/TMTQx2qBXAT2CpVeBuSNOS1
a=ice-options:trickle
a=fingerprint:sha-256 1F:51:4F
a=setup:active
a=mid:0
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- d6720902-cf88-4a69-8b19-05cbdfd9dad5
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=rtcp-fb:111 nack
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=ssrc:77 cname:abc
a=ssrc:78 cname:abc
a=ssrc-group:FID 77 78
m=video 0 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
b=AS:500
a=bundle-only
a=ice-ufrag:tL2O
a=ice-pwd:/TMTQx2qBXAT2CpVeBuSNOS1
a=fingerprint:sha-256 1F:51:4F
a=setup:active
a=mid:1
a=recvonly
a=rtcp-mux-only
a=rtpmap:96 VP8/90000
a=rid:h recv max-width=1280;max-fps=30
a=rid:l recv
a=simulcast:recv h;~l
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n")

_LINES = ANSWER.splitlines(keepends=True)
# A word of each line changed, but for those that only chance decides.
_CHANGES = (
    ("m=audio 9", "m=audio 0"),
    ("SAVPF 111 0", "SAVPF 0 111"),
    ("SAVPF 111 0", "SAVPF 111"),
    ("BUNDLE 0 1", "BUNDLE 1 0"),
    ("BUNDLE 0 1", "BUNDLE 0"),
    ("audio 9 UDP/TLS/RTP/SAVPF", "audio 9 RTP/SAVPF"),
    ("m=video", "m=audio"),
    ("a=setup:active", "a=setup:passive"),
    ("a=mid:2", "a=mid:d"),
    ("a=extmap:2/recvonly", "a=extmap:2"),
    ("a=extmap:1 ", "a=extmap:3 "),
    ("sdes:mid", "sdes:rtp-stream-id"),
    (" vad=on", " vad=off"),
    ("a=sendrecv", "a=sendonly"),
    ("a=msid:- ", "a=msid:stream "),
    ("opus/48000/2", "opus/48000"),
    ("opus/48000/2", "OPUS/48000/2"),
    ("minptime=10", "minptime=20"),
    ("rtcp-fb:111 nack", "rtcp-fb:0 nack"),
    ("fmtp:111", "fmtp:0"),
    ("a=ssrc:78", "a=ssrc:77"),
    ("FID 77 78", "FID 78 77"),
    ("FID 77", "SIM 77"),
    ("b=AS:500", "b=AS:501"),
    ("max-fps=30", "max-fps=60"),
    ("rid:l recv", "rid:l send"),
    ("recv h;~l", "recv h;l"),
    ("recv h;~l", "recv ~l;h"),
    ("recv h;~l", "recv h,~l"),
    ("sctp-port:5000", "sctp-port:5001"),
    ("size:262144", "size:262145"),
    ("ice-options:trickle", "ice-options:ice2"),
    ("2 IN IP4 127.0.0.1", "3 IN IP4 127.0.0.1"),
    ("a=msid-semantic: WMS", "a=msid-semantic:WMS *"),
    ("sha-256 1F", "sha-1 1F"),
)


@pytest.mark.parametrize("at", range(len(_LINES)))
def test_every_line_counts(at: int) -> None:
    without = "".join(_LINES[:at] + _LINES[at + 1 :])
    default = _LINES[at] == "a=sendrecv\r\n"  # which is as good as no direction
    assert bool(differences(without, ANSWER)) is not default
    assert bool(differences(ANSWER, without)) is not default
    assert masked(without) != masked(ANSWER)


@pytest.mark.parametrize(("old", "new"), _CHANGES)
def test_a_change_is_noticed(old: str, new: str) -> None:
    assert old in ANSWER
    changed = ANSWER.replace(old, new, 1)
    assert differences(changed, ANSWER)
    assert meaning(changed) != meaning(ANSWER)


def test_sections_in_another_order_differ() -> None:
    head, audio, video, data = ANSWER.split("m=")
    assert differences("m=".join([head, video, audio, data]), ANSWER)
    assert differences("m=".join([head, audio, video]), ANSWER) == ["sections: 2 not 3"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 nack"), ("a=extmap:2", "a=extmap:1")],
)
def test_the_order_a_peer_heeds_counts(first: str, second: str) -> None:
    one = next(at for at, line in enumerate(_LINES) if line.startswith(first))
    other = next(at for at, line in enumerate(_LINES) if line.startswith(second))
    lines = list(_LINES)
    lines[one], lines[other] = lines[other], lines[one]
    assert differences("".join(lines), ANSWER)


def test_the_order_of_attributes_of_different_kinds_is_style() -> None:
    head, audio, *rest = ANSWER.split("m=")
    line, *attributes = audio.splitlines(keepends=True)
    kept = sorted(attributes, key=lambda text: text.partition(":")[0])
    other = "m=".join([head, line + "".join(kept), *rest])
    assert differences(other, ANSWER) == []
    assert masked(other) != masked(ANSWER)


def test_parameters_may_stand_in_any_order() -> None:
    other = ANSWER.replace("minptime=10;useinbandfec=1", "useinbandfec=1; minptime=10")
    assert differences(other, ANSWER) == []


def test_a_value_of_the_session_holds_for_its_sections() -> None:
    told = ANSWER.replace("a=setup:active\r\n", "").replace("t=0 0", "t=0 0\r\na=setup:active")
    found = differences(told, ANSWER)
    # The application section had none before.
    assert len(found) == 2
    assert any(text.startswith("session: a=setup lines") for text in found)
    assert any(text.startswith("application section 2: setup") for text in found)


def test_what_chance_decides_does_not_count() -> None:
    other = ANSWER
    for old, new in (
        ("3256782759455766482", "1"),
        ("tL2O", "b745a5d6"),
        ("/TMTQx2qBXAT2CpVeBuSNOS1", "44c1b18c01e6faa22d03a2af0bf27713"),
        ("1F:51:4F", "00:01:02"),
        ("77", "4000172332"),
        ("78", "12"),
        ("cname:abc", "cname:{50833c5d-2dc1-49d6-888b-5f4d69000ee6}"),
        ("d6720902-cf88-4a69-8b19-05cbdfd9dad5", "9dfbdc5d-7f84-4a24-b04c-d2c2d88ac936"),
    ):
        assert old in other
        other = other.replace(old, new)
    assert masked(other) == masked(ANSWER)
    assert differences(other, ANSWER) == []


@pytest.mark.parametrize("old", ["tL2O", "1F:51:4F", "cname:abc"])
def test_what_two_sections_share_counts(old: str) -> None:
    """One transport for two sections is something else than one for each."""
    assert differences(ANSWER.replace(old, old[:-1] + "Z", 1), ANSWER)


def test_masking_is_idempotent_and_keeps_line_ends() -> None:
    text = masked(ANSWER)
    assert masked(text) == text
    assert [line[-2:] for line in text.splitlines(keepends=True)] == ["\r\n"] * len(_LINES)
    for mask in ("a=ice-ufrag:UFRAG1", "a=ice-pwd:PWD1", "a=ssrc:SSRC2 ", "a=msid:- UUID1"):
        assert mask in text


def test_differences_are_counted_by_cause() -> None:
    first = differences(ANSWER.replace("=10;", "=20;"), ANSWER)
    ours, theirs = (f"(111 (minptime={each} useinbandfec=1))" for each in (20, 10))
    assert first == [f"audio section 0: fmtp: {ours} not {theirs}"]
    second = differences(ANSWER.replace("minptime=10", "minptime=30"), ANSWER)
    assert cause_of(first[0]) == cause_of(second[0])
