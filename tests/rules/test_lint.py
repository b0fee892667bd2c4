"""Linting: subjects, profiles, selection, places. Expected columns are counted by hand."""

from pathlib import Path

import pytest

import rtckit
from rtckit.core.errors import ParseError, UsageError
from rtckit.core.findings import Finding, Severity
from rtckit.rules.catalogue import PROFILES, all_rules
from rtckit.rules.examples import read_example
from rtckit.rules.lint import LintedDescription, OfferAnswer, Sequence, lint, linted
from rtckit.sdp import parse

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = sorted(path.parent for path in (ROOT / "captures").glob("*/offer.sdp"))

SOUND = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n"
    "a=mid:0\r\na=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
    "a=setup:actpass\r\na=sendrecv\r\na=rtcp-mux\r\n"
)

# An old description: Plan B, SDES, Google's ICE, and two typing errors (lines 2 and 20).
LEGACY = """\
v=0
o=- 4611 686018 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE audio data
m=audio 1 RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=ice-ufrag:8hhYasd88fgp
a=ice-pwd:asd88fgpdd777uzjYhagZgxx
a=ice-options:google-ice
a=fingerprint:sha-256 AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\
:AA:AA:AA:AA:AA:AA:AA
a=setup:actpass
a=mid:audio
a=recvonly
a=rtcp-mux
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
a=rtpmap:111 opus/48000/2
a=ptime=20
m=application 1 DTLS/SCTP 5000
c=IN IP40.0.0.0
a=mid:data
a=sctpmap:5000 webrtc-datachannel 1024
"""


def places(findings: list[Finding]) -> set[tuple[str, int | None, int | None]]:
    return {(f.rule, f.location.line, f.location.column) for f in findings}


def place_of(text: str, rule: str) -> list[tuple[int | None, int | None, int | None]]:
    found = lint(text, select=[rule])
    return [(f.location.line, f.location.column, f.location.end_column) for f in found]


def swap(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


def test_sound_description_has_no_faults() -> None:
    assert [f for f in rtckit.lint(SOUND) if f.severity is not Severity.INFO] == []


def test_legacy_description_names_each_fault_with_its_place() -> None:
    found = places(lint(LEGACY))
    expected = {
        ("SDP013", 1, 4),  # LF
        ("SDP002", 2, 5),  # the blank in the session id
        ("DTLS019", 6, 11),  # RTP/SAVPF
        ("ICE024", 10, 15),  # google-ice
        ("DTLS015", 16, 3),  # crypto
        ("DTLS018", 16, 36),  # its key
        ("SDP053", 18, 3),  # ptime=20, no colon
        ("SDP023", 20, 6),  # IP40.0.0.0
        ("DATA006", 19, 17),  # DTLS/SCTP
    }
    assert expected <= found


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        (swap("v=0\r\n", "v=1\r\n"), "SDP001", (1, 3, 4)),
        (swap("o=- 1 1 IN", "o=- -1 1 IN"), "SDP003", (2, 5, 7)),
        (swap("IP4 127.0.0.1", "IP4 ::1"), "SDP005", (2, 16, 19)),
        (swap("s=-\r\n", ""), "SDP006", (3, 1, 6)),
        (swap("s=-\r\n", "s=\r\n"), "SDP007", (3, 1, 3)),
        (swap("t=0 0\r\n", ""), "SDP008", (4, 1, 30)),
        (
            swap("o=- 1 1 IN IP4 127.0.0.1\r\ns=-", "s=-\r\no=- 1 1 IN IP4 127.0.0.1"),
            "SDP009",
            (3, 1, 25),
        ),
        (swap("a=mid:0\r\n", "a = mid:0\r\n"), "SDP011", (7, 2, 3)),
        (swap("a=mid:0\r\n", "q=mid:0\r\n"), "SDP012", (7, 1, 2)),
        (SOUND.removesuffix("\r\n"), "SDP014", (14, 11, 12)),
        (swap("a=mid:0\r\n", "\r\na=mid:0\r\n"), "SDP015", (7, 1, 2)),
        (swap("a=mid:0", "a=mid:\0"), "SDP016", (7, 7, 8)),
        (swap("s=-", "s=Zoë"), "SDP017", (3, 5, 6)),
        (swap("a=rtcp-mux", "a=rtcp-mux  "), "SDP018", (14, 11, 13)),
        (swap("m=audio 9", "m=audio\t9"), "SDP019", (5, 8, 9)),
        (swap("c=IN IP4 0.0.0.0\r\n", ""), "SDP020", (5, 1, 30)),
        (swap("c=IN IP4 0.0.0.0", "c=IN IP40.0.0.0"), "SDP023", (6, 6, 16)),
        (swap("audio 9 ", "audio 70000 "), "SDP031", (5, 9, 14)),
        (swap("SAVPF 0", "SAVPF 0 96"), "SDP036", (5, 31, 33)),
        (swap("a=sendrecv", "a=rtpmap:0 PCMU"), "SDP040", (13, 12, 16)),
        (swap("a=rtcp-mux", "a=RTCP-mux"), "SDP049", (14, 3, 11)),
        (swap("a=mid:0", "a=mid:0\r\na=mid:1"), "SDP050", (8, 3, 8)),
        (swap("ufrag:8hhY", "ufrag:8hh"), "ICE002", (8, 13, 16)),
        (swap("a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n", ""), "ICE001", (5, 1, 30)),
        (swap("a=sendrecv", "a=candidate:1 1 udp 9 999.1.1.1 9 typ host"), "ICE034", (13, 23, 32)),
        (swap("a=sendrecv", "a=candidate:1 1 udp 9 10.0.0.1 0 typ host"), "ICE013", (13, 32, 33)),
        (swap(":AB:AB\r\n", ":AB:ab\r\n"), "DTLS004", (11, 23, 118)),
        (swap(":AB:AB\r\n", ":AB\r\n"), "DTLS003", (11, 23, 115)),
        (swap("setup:actpass", "setup:both"), "DTLS008", (12, 9, 13)),
    ],
)
def test_places(text: str, rule: str, place: tuple[int, int, int]) -> None:
    assert place_of(text, rule) == [place]


def test_file_and_evidence_of_a_pair() -> None:
    answer = parse(SOUND)
    pair = OfferAnswer(
        LintedDescription(parse(SOUND), "offer", "o.sdp"),
        LintedDescription(answer, "answer", "a.sdp"),
    )
    (finding,) = lint(pair, select=["DTLS010"])
    assert str(finding.location) == "a.sdp:12:9"
    assert str(finding.evidence[0].location) == "o.sdp:12:9"
    assert [f.location.file for f in lint((SOUND, SOUND), select=["DTLS010"])] == ["answer 1"]


def test_sources_of_every_kind() -> None:
    assert isinstance(linted(SOUND.encode()), LintedDescription)
    assert isinstance(linted((SOUND, SOUND)), OfferAnswer)
    described = linted([SOUND, SOUND, SOUND])
    assert isinstance(described, Sequence)
    assert [item.type for item in described.descriptions] == ["offer", "answer", "offer"]
    assert linted(described) is described
    with pytest.raises(UsageError):
        lint(7)
    with pytest.raises(ParseError):
        lint("hello")


def test_type_is_guessed_from_the_role() -> None:
    assert LintedDescription(parse(SOUND)).is_offer
    assert LintedDescription(parse(swap("actpass", "active"))).is_answer
    assert LintedDescription(parse(swap("a=setup:actpass\r\n", ""))).type is None
    told = LintedDescription(parse(SOUND), "pranswer")
    assert told.is_answer
    assert told.type_told


def test_profiles_raise_lower_and_silence() -> None:
    lower = swap(":AB:AB\r\n", ":AB:ab\r\n")
    levels = {p: [f.severity for f in lint(lower, p, select=["DTLS004"])] for p in PROFILES}
    assert levels["jsep"] == [Severity.WARNING]
    assert levels["firefox"] == levels["rfc"] == [Severity.ERROR]
    answer = read_example("sdp", next(r for r in all_rules() if r.id == "ICE028").fires_on)
    assert lint(answer, "jsep", select=["ICE028"]) == []
    assert len(lint(answer, "rfc", select=["ICE028"])) == 1
    with pytest.raises(UsageError, match="profile"):
        lint(SOUND, "safari")


def test_select_and_ignore() -> None:
    both = swap("a=mid:0", "a=mid:0\r\na=mid:1").replace("8hhY", "8hh")
    assert {f.rule for f in lint(both)} >= {"SDP050", "ICE002"}
    assert {f.rule for f in lint(both, select=["ICE"])} == {"ICE002"}
    assert "SDP050" not in {f.rule for f in lint(both, ignore=["sdp"])}
    with pytest.raises(UsageError, match="SDP999"):
        lint(both, select=["SDP999"])


def test_authors_by_session_id() -> None:
    def said(kind: str, session: int) -> LintedDescription:
        return LintedDescription(parse(swap("o=- 1 1", f"o=- {session} 1")), kind)

    ours, theirs = 7, 8
    sequence = Sequence(
        [
            said("offer", ours),
            said("answer", theirs),
            said("offer", theirs),
            said("answer", ours),
        ]
    )
    assert sequence.authors == [0, 1, 1, 0]
    assert len(sequence.exchanges) == 2
    descriptions = sequence.descriptions
    assert sequence.successions == [
        (descriptions[1], descriptions[2]),
        (descriptions[0], descriptions[3]),
    ]


@pytest.mark.parametrize("folder", CAPTURES, ids=[path.name for path in CAPTURES])
@pytest.mark.parametrize("profile", ["jsep", "chromium", "firefox"])
def test_real_calls_raise_no_false_alarm(folder: Path, profile: str) -> None:
    pair = tuple(parse((folder / f"{kind}.sdp").read_bytes()) for kind in ("offer", "answer"))
    assert [f for f in lint(pair, profile) if f.severity is Severity.ERROR] == []


def test_one_mistake_repeated_is_bounded() -> None:
    text = SOUND + "a=mid:0\r\n" * 2000
    assert len(lint(text, select=["SDP050"])) == 250
