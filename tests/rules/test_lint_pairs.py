"""Linting pairs and negotiations: descriptions edited by hand, and what each edit must show.

The offer and answer below follow RFC 9429, 7.2; each case changes one thing in one of them, and
the expected rule and place follow from the section that the rule cites.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from rtckit.core.errors import ParseError
from rtckit.core.findings import Finding, Severity
from rtckit.rules.catalogue import all_rules, find_rule
from rtckit.rules.lint import LintedDescription, OfferAnswer, Sequence, lint
from rtckit.sdp import parse

CHECKOUT = Path(__file__).resolve().parents[2]
FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))

PASSWORDS = ("jkx2KuwplYVEbQa6jfPzhDTe", "OtSK0WpNtpUjkY4+86js7Z/l")

OFFER = f"""\
v=0
o=- 4962303333179871722 1 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-options:trickle ice2
a=group:BUNDLE a1 v1 d1
m=audio 9 UDP/TLS/RTP/SAVPF 96 0 8 97
c=IN IP4 0.0.0.0
a=mid:a1
a=sendrecv
a=rtpmap:96 opus/48000/2
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:97 telephone-event/8000
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=ice-ufrag:ETEn
a=ice-pwd:OtSK0WpNtpUjkY4+86js7Z/l
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=rtcp-mux
a=rtcp-rsize
m=video 9 UDP/TLS/RTP/SAVPF 100 101 102
c=IN IP4 0.0.0.0
a=mid:v1
a=sendonly
a=rtpmap:100 VP8/90000
a=rtpmap:101 H264/90000
a=rtpmap:102 rtx/90000
a=fmtp:101 packetization-mode=1;profile-level-id=42e01f
a=fmtp:102 apt=100
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=rtcp-fb:100 ccm fir
a=rtcp-fb:100 nack
a=rid:1 send
a=rid:2 send
a=simulcast:send 1;2
a=rtcp-mux
a=rtcp-rsize
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:d1
a=sctp-port:5000
a=max-message-size:65536
"""
ANSWER = (
    OFFER.replace("4962303333179871722", "6729291447651054566")
    .replace("ETEn", "Oyef")
    .replace("OtSK0WpNtpUjkY4+86js7Z/l", "jkx2KuwplYVEbQa6jfPzhDTe")
    .replace("actpass", "active")
    .replace("sendonly", "recvonly")
    .replace(" send", " recv")
    .replace("simulcast:send", "simulcast:recv")
    .replace("00:01", "FF:01")
)


def description(text: str, kind: str, index: int = 0) -> LintedDescription:
    return LintedDescription(
        parse(text.replace("\n", "\r\n")), kind, f"{kind} {index // 2 + 1}", "jsep", index
    )


def together(findings: list[Finding]) -> list[Finding]:
    """What is said of several descriptions, and not of one by itself."""
    return [item for item in findings if find_rule(item.rule).subject != "sdp"]


def lint_pair(offer: str, answer: str, profile: str = "jsep") -> list[Finding]:
    pair = OfferAnswer(description(offer, "offer"), description(answer, "answer", 1))
    return together(lint(pair, profile))


def lint_sequence(*texts: str) -> list[Finding]:
    """Offers and answers in turn."""
    types = ("offer", "answer")
    described = [description(text, types[index % 2], index) for index, text in enumerate(texts)]
    return together(lint(Sequence(described)))


def again(text: str, version: int = 2) -> str:
    """The description with a later version in its origin."""
    return text.replace(" 1 IN IP4", f" {version} IN IP4", 1)


def edit(text: str, old: str, new: str, count: int = -1) -> str:
    assert old in text, f"{old!r} is not in the description"
    return text.replace(old, new, count)


def without(text: str, *starts: str) -> str:
    return "".join(line for line in text.splitlines(True) if not line.startswith(starts))


def swapped(text: str) -> str:
    head, audio, video, data = text.split("m=")
    return "m=".join((head, video, audio, data))


def shown(finding: Finding, texts: dict[str | None, str]) -> str:
    """The text that a finding points at."""
    place = finding.location
    assert place.line is not None
    assert place.column is not None
    assert place.end_column is not None
    line = texts[place.file].splitlines()[place.line - 1]
    return line[place.column - 1 : place.end_column - 1]


def test_the_pair_as_it_stands_is_faultless() -> None:
    assert lint_pair(OFFER, ANSWER) == []
    assert lint_pair(OFFER, ANSWER, "rfc") == []


# rule, severity, what is pointed at in the answer, and the edit.
EDITS: list[tuple[str, str, str, Callable[[str], str]]] = [
    ("OA001", "error", "a=rtcp-rsize", lambda text: text[: text.index("m=application")]),
    ("OA002", "error", "video", swapped),
    ("OA003", "error", "RTP/AVP", lambda text: edit(text, "UDP/TLS/RTP/SAVPF", "RTP/AVP", 1)),
    ("OA004", "error", "x", lambda text: edit(edit(text, "mid:v1", "mid:x"), "a1 v1", "a1 x")),
    ("OA005", "error", "99", lambda text: only_codec(text, "99", "VP9/90000")),
    ("OA006", "warning", "107", lambda text: renumbered(text, "96", "107")),
    ("OA007", "error", "a=sendrecv", lambda text: edit(text, "a=recvonly", "a=sendrecv")),
    ("OA010", "warning", "1 0", lambda text: edit(text, "t=0 0", "t=1 0")),
    ("OA029", "info", "0", lambda text: refused(text, "video", "v1")),
    ("OA035", "error", "100 VP9/90000", lambda text: edit(text, "100 VP8/", "100 VP9/")),
    ("OA040", "warning", "d1", lambda text: edit(text, "a1 v1 d1", "a1 v1")),
    ("OA041", "error", "m=audio 9 UDP/TLS/RTP/SAVPF 96 0 8 97", lambda text: no_mux(text)),
    (
        "OA043",
        "warning",
        "9 urn:example:new",
        lambda text: edit(text, "a=mid:a1\n", "a=mid:a1\na=extmap:9 urn:example:new\n"),
    ),
    (
        "OA044",
        "error",
        "9 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        lambda text: edit(text, "extmap:2 ", "extmap:9 "),
    ),
    (
        "OA046",
        "error",
        "100 transport-cc",
        lambda text: edit(text, "a=rtcp-fb:100 nack\n", "a=rtcp-fb:100 transport-cc\n"),
    ),
    ("OA047", "error", "1 send", lambda text: edit(text, "rid:1 recv", "rid:1 send")),
    ("OA047", "warning", "3 recv", lambda text: edit(text, "rid:2 ", "rid:3 ")),
    ("OA049", "error", "3", lambda text: edit(text, "simulcast:recv 1;2", "simulcast:recv 1;3")),
    ("OA050", "error", "5000", lambda text: edit(text, "SCTP webrtc-datachannel", "SCTP 5000")),
    ("OA051", "error", "0", lambda text: edit(text, "sctp-port:5000", "sctp-port:0")),
    (
        "OA052",
        "warning",
        "0123456789abcdefghij",
        lambda text: edit(text, "a=mid:a1\n", "a=mid:a1\na=tls-id:0123456789abcdefghij\n"),
    ),
    (
        "OA053",
        "warning",
        "extmap-allow-mixed",
        lambda text: edit(text, "a=mid:a1\n", "a=mid:a1\na=extmap-allow-mixed\n"),
    ),
    (
        "OA054",
        "error",
        "101 packetization-mode=0;profile-level-id=42e01f",
        lambda text: edit(text, "packetization-mode=1", "packetization-mode=0"),
    ),
    (
        "OA062",
        "error",
        "ETEn",
        lambda text: edit(edit(text, "Oyef", "ETEn"), *PASSWORDS),
    ),
    ("BUNDLE010", "error", "x", lambda text: edit(text, "BUNDLE a1 v1 d1", "BUNDLE a1 v1 d1 x")),
]


def only_codec(text: str, number: str, codec: str) -> str:
    text = edit(text, "SAVPF 100 101 102", f"SAVPF {number}")
    text = edit(text, "a=rtpmap:100 VP8/90000", f"a=rtpmap:{number} {codec}")
    return without(
        text, "a=rtpmap:101", "a=rtpmap:102", "a=fmtp:101", "a=fmtp:102", "a=rtcp-fb:100"
    )


def renumbered(text: str, old: str, new: str) -> str:
    return edit(edit(text, f"SAVPF {old} ", f"SAVPF {new} "), f":{old} ", f":{new} ")


def refused(text: str, kind: str, mid: str) -> str:
    return edit(edit(text, f"m={kind} 9", f"m={kind} 0"), f" {mid}", "", 1)


def no_mux(text: str) -> str:
    return without(text, "a=rtcp-mux")


@pytest.mark.parametrize(("rule", "severity", "pointed", "change"), EDITS)
def test_edit_of_the_answer(
    rule: str, severity: str, pointed: str, change: Callable[[str], str]
) -> None:
    answer = change(ANSWER)
    found = [item for item in lint_pair(OFFER, answer) if item.rule == rule]
    assert found, f"{rule} is silent"
    assert found[0].severity == severity
    assert found[0].location.file == "answer 1"
    assert shown(found[0], {"answer 1": answer}) == pointed


@pytest.mark.parametrize(("rule", "severity", "pointed", "change"), EDITS)
def test_no_such_edit_is_taken_for_another(
    rule: str, severity: str, pointed: str, change: Callable[[str], str]
) -> None:
    """One edit shows one fault of the pair, apart from what follows from it."""
    follows = {"OA002": {"OA004", "OA007"}, "OA004": {"BUNDLE010"}}
    found = {item.rule for item in lint_pair(OFFER, change(ANSWER))}
    assert found <= {rule} | follows.get(rule, set())


def test_the_missing_section_is_named() -> None:
    head, audio, _, data = ANSWER.split("m=")
    (finding,) = [
        item for item in lint_pair(OFFER, "m=".join((head, audio, data))) if item.rule == "OA001"
    ]
    assert "section 1 (video, mid 'v1') of line 23" in finding.message


def test_own_offer_as_answer() -> None:
    rules = {item.rule: item for item in lint_pair(OFFER, OFFER)}
    assert rules["OA033"].location.line == 2
    assert rules["OA033"].message.startswith("the answer is the offer itself")
    assert "DTLS010" in rules
    assert "OA062" not in rules


def test_closed_section_must_stay_closed() -> None:
    offer = refused(OFFER, "video", "v1")
    answer = edit(ANSWER, " v1", "", 1)
    (finding,) = [item for item in lint_pair(offer, answer) if item.rule == "OA008"]
    assert shown(finding, {"answer 1": answer}) == "9"


def test_bundle_only_is_no_rejection() -> None:
    offer = edit(edit(OFFER, "m=video 9", "m=video 0"), "a=mid:v1", "a=mid:v1\na=bundle-only")
    assert not [item for item in lint_pair(offer, ANSWER) if item.rule.startswith("OA")]


def test_bundle_that_was_not_offered() -> None:
    found = [item.rule for item in lint_pair(without(OFFER, "a=group"), ANSWER)]
    assert "BUNDLE011" in found
    assert "BUNDLE010" not in found


def test_equal_h264_profiles_are_equal() -> None:
    # RFC 6184, 8.1, table 5: 42 with constraint_set1 and 4d with constraint_set0 are one profile.
    answer = edit(ANSWER, "profile-level-id=42e01f", "profile-level-id=4d800c")
    assert not [item for item in lint_pair(OFFER, answer) if item.severity is Severity.ERROR]


def test_profiles_of_the_browsers() -> None:
    answer = edit(ANSWER, "a=mid:a1\n", "a=mid:a1\na=extmap:9 urn:example:new\n")
    levels = {
        profile: next(
            item.severity for item in lint_pair(OFFER, answer, profile) if item.rule == "OA043"
        )
        for profile in ("jsep", "chromium", "firefox")
    }
    assert levels == {"jsep": "warning", "chromium": "warning", "firefox": "error"}


# -- negotiations -----------------------------------------------------------------------------


def test_a_second_round_is_faultless() -> None:
    assert lint_sequence(OFFER, ANSWER, again(OFFER), again(ANSWER)) == []


def test_the_other_end_may_offer_next() -> None:
    offer = edit(again(ANSWER), "setup:active", "setup:actpass")
    offer = offer.replace("rid:1 recv", "rid:1 send").replace("rid:2 recv", "rid:2 send")
    assert [item.rule for item in lint_sequence(OFFER, ANSWER, offer)] == []


REOFFERS: list[tuple[str, str, str, Callable[[str], str]]] = [
    ("OA011", "error", "a=rtcp-rsize", lambda text: text[: text.index("m=application")]),
    ("OA012", "error", "video", swapped),
    ("OA013", "error", "x", lambda text: edit(edit(text, "mid:v1", "mid:x"), "a1 v1", "a1 x")),
    ("OA014", "warning", "77", lambda text: edit(text, "4962303333179871722", "77")),
    ("OA015", "warning", "0", lambda text: edit(text, " 2 IN IP4", " 0 IN IP4", 1)),
    ("OA016", "error", "100 VP9/90000", lambda text: edit(text, "100 VP8/", "100 VP9/")),
    ("OA018", "info", "s t", lambda text: closed_with_msid(text)),
    ("OA019", "info", "zzzz", lambda text: edit(edit(text, "ETEn", "zzzz"), "OtSK", "zzzz")),
    ("OA027", "warning", "a=ice-lite", lambda text: edit(text, "t=0 0\n", "t=0 0\na=ice-lite\n")),
    ("OA058", "info", "d1", lambda text: edit(text, "BUNDLE a1 v1 d1", "BUNDLE d1 a1 v1")),
    (
        "OA059",
        "error",
        "2 urn:example:new",
        lambda text: edit(
            text, "2 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "2 urn:example:new"
        ),
    ),
    ("OA060", "warning", "6000", lambda text: edit(text, "sctp-port:5000", "sctp-port:6000")),
    ("BUNDLE020", "error", "a1", lambda text: without(text, "a=group")),
    ("BUNDLE020", "warning", "d1", lambda text: edit(text, "a1 v1 d1", "a1 v1")),
    ("RTP005", "error", "m=audio 9 UDP/TLS/RTP/SAVPF 96 0 8 97", no_mux),
]


def closed_with_msid(text: str) -> str:
    return refused(edit(text, "a=mid:v1\n", "a=mid:v1\na=msid:s t\n"), "video", "v1")


@pytest.mark.parametrize(("rule", "severity", "pointed", "change"), REOFFERS)
def test_edit_of_the_second_offer(
    rule: str, severity: str, pointed: str, change: Callable[[str], str]
) -> None:
    offer = change(again(OFFER))
    found = [item for item in lint_sequence(OFFER, ANSWER, offer) if item.rule == rule]
    assert found, f"{rule} is silent"
    assert found[0].severity == severity
    assert found[0].location.file == "offer 2"
    assert shown(found[0], {"offer 2": offer}) == pointed


def restarted(text: str, ufrag: str) -> str:
    old = "ETEn" if "ETEn" in text else "Oyef"
    password = PASSWORDS[1] if old == "ETEn" else PASSWORDS[0]
    return edit(edit(again(text), old, ufrag), password, password[::-1])


def test_restart_of_both_ends() -> None:
    found = lint_sequence(OFFER, ANSWER, restarted(OFFER, "wxyz"), restarted(ANSWER, "abcd"))
    assert [(item.rule, item.location.file) for item in found] == [("OA019", "offer 2")]
    assert found[0].message.endswith("the DTLS association goes on")


def test_restart_of_one_end_only() -> None:
    kept = lint_sequence(OFFER, ANSWER, restarted(OFFER, "wxyz"), again(ANSWER))
    assert [item.rule for item in kept] == ["OA019", "OA056"]
    alone = lint_sequence(OFFER, ANSWER, again(OFFER), restarted(ANSWER, "abcd"))
    assert [item.rule for item in alone] == ["OA057"]


def test_closed_place_is_used_anew() -> None:
    refusal = refused(ANSWER, "video", "v1")
    new = edit(edit(again(OFFER), "mid:v1", "mid:v2"), "a1 v1", "a1 v2")
    assert "OA013" not in [item.rule for item in lint_sequence(OFFER, refusal, new)]
    old = [item.rule for item in lint_sequence(OFFER, refusal, again(OFFER))]
    assert "OA017" in old


def test_second_answer_and_crossing_offers() -> None:
    third = description(again(ANSWER), "answer", 2)
    twice = Sequence([description(OFFER, "offer"), description(ANSWER, "answer", 1), third])
    assert [item.rule for item in together(lint(twice))] == ["OA020"]
    other = edit(again(ANSWER), "setup:active", "setup:actpass")
    offers = [description(again(OFFER), "offer", 2), description(other, "offer", 3)]
    crossing = together(lint(Sequence([*twice.descriptions[:2], *offers])))
    assert "OA023" in [item.rule for item in crossing]


def test_candidates_alone_make_no_new_version() -> None:
    gathered = edit(
        OFFER, "a=mid:a1\n", "a=mid:a1\na=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\n"
    )
    gathered = edit(gathered, "m=audio 9 ", "m=audio 5000 ")
    assert "OA015" not in [item.rule for item in lint_sequence(OFFER, ANSWER, gathered)]


# -- real pairs, and damaged ones ---------------------------------------------------------------


@pytest.mark.parametrize("call", sorted(CHECKOUT.glob("captures/*/answer.sdp")), ids=str)
def test_real_pairs_have_no_faults(call: Path) -> None:
    pair = OfferAnswer(
        LintedDescription(parse(call.with_name("offer.sdp").read_bytes()), "offer", "offer"),
        LintedDescription(parse(call.read_bytes()), "answer", "answer", index=1),
    )
    found = [item for item in lint(pair) if item.severity is not Severity.INFO]
    assert [item for item in found if item.rule.startswith("OA")] == []
    assert [item for item in found if item.severity is Severity.ERROR] == []


def _damaged(text: str, source: random.Random) -> str:
    lines = text.splitlines(True)
    for _ in range(source.randint(1, 3)):
        index = source.randrange(4, len(lines))
        kind = source.randrange(6)
        line = lines[index]
        if kind == 0 or len(line) < 4:
            lines.insert(source.randrange(4, len(lines)), line)
        elif kind == 1 and len(lines) > 8:
            del lines[index]
        elif kind == 2:
            position = source.randrange(len(line))
            lines[index] = line[:position] + chr(source.randrange(1, 300)) + line[position + 1 :]
        elif kind == 3:
            lines[index] = line[: source.randrange(2, len(line) + 1)].rstrip("\n") + "\n"
        elif kind == 4:
            other = source.randrange(4, len(lines))
            lines[index], lines[other] = lines[other], line
        else:
            words = line.rstrip("\n").split(" ")
            words[source.randrange(len(words))] = source.choice(["", "0", "-1", "x", "65536", "*"])
            lines[index] = " ".join(words) + "\n"
    return "".join(lines)


@pytest.mark.parametrize("pairs", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_damaged_pairs_never_raise(pairs: int) -> None:
    """Every fourth has a second offer; there are one to three damages in each description."""
    rules = [rule for rule in all_rules() if rule.module.startswith("rtckit.rules.jsep_")]
    traps = [rule for rule in all_rules() if rule.module == "rtckit.rules.sdp_traps"]
    source = random.Random(pairs)
    linted = 0
    for number in range(pairs):
        try:
            first = description(_damaged(OFFER, source), "offer")
            second = description(_damaged(ANSWER, source), "answer", 1)
            third = description(_damaged(again(OFFER), source), "offer", 2)
        except ParseError:
            continue
        subjects = {"sdp": first, "offer-answer": OfferAnswer(first, second)}
        if number % 4 == 0:
            subjects["sequence"] = Sequence([first, second, third])
        for rule in rules + traps:
            if rule.subject in subjects:
                list(rule.check(subjects[rule.subject]))
        linted += 1
    assert linted > pairs * 0.9
