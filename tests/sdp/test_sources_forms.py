"""The forms people hold descriptions in, written by hand after the programs that write them."""

import base64
import gzip
import html
import json
import re
import urllib.parse

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import read_description, read_descriptions
from tests.sdp.descriptions import CHROMIUM_OFFER as OFFER
from tests.sdp.descriptions import FIREFOX_ANSWER as ANSWER

CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.1 9 typ host"
LINES = OFFER.split("\r\n")[:-1]
OBJECT = json.dumps({"type": "offer", "sdp": OFFER})
ESCAPED = OFFER.replace("\r\n", "\\r\\n")


def same(text: str, other: str) -> bool:
    """Whether two descriptions have the same lines, whatever ends them."""
    return re.split(r"[\r\n]+", text.strip()) == re.split(r"[\r\n]+", other.strip())


ONE_OFFER = {
    "prose round it": ("Here is my offer:\n\n" + OFFER + "\nthanks!\n", None),
    "a heading": ("offer:\n" + OFFER, "offer"),
    "indentation": ("".join(f"    {line}\r\n" for line in LINES), None),
    "indentation of the rest": ("\r\n    ".join(LINES), None),
    "a single-quoted string": (f"'{ESCAPED}'", None),
    "Chromium's console": (f"RTCSessionDescription {{type: 'offer', sdp: '{ESCAPED}'}}", "offer"),
    "Firefox's console": (f'RTCSessionDescription {{ type: "offer", sdp: "{ESCAPED}" }}', "offer"),
    "type after sdp": (
        f"app.js:12 RTCSessionDescription {{sdp: '{ESCAPED}', type: 'offer'}}",
        "offer",
    ),
    "a console object over lines": (
        f'RTCSessionDescription\nsdp: "{ESCAPED}"\ntype: "offer"\n[[Prototype]]: Object\n',
        "offer",
    ),
    "arrows for line ends": ('"' + OFFER.replace("\r\n", "↵") + '"', None),
    "concatenation over lines": (
        "pc.x({type: 'offer', sdp: " + " +\n  ".join(f"'{line}\\r\\n'" for line in LINES) + "});",
        "offer",
    ),
    "concatenation on one line": (
        "sdp = " + " + ".join(f"'{line}\\r\\n'" for line in LINES) + ";",
        None,
    ),
    "an array over lines": (
        "const sdp = [\n" + ",\n".join(f"  '{line}'" for line in LINES) + "\n].join('\\r\\n');",
        None,
    ),
    "an array on one line": ("x = [" + ", ".join(f"'{line}'" for line in LINES) + "];", None),
    "a template literal": (
        "const offer = `" + OFFER.replace("\r\n", "\n    ") + "`;\nf();",
        "offer",
    ),
    "node's console": (
        "RTCSessionDescription {\n  type: 'offer',\n  sdp: "
        + " +\n    ".join(f"'{line}\\r\\n'" for line in LINES)
        + "\n}",
        "offer",
    ),
    "base64": (base64.b64encode(OFFER.encode()).decode(), None),
    "base64 in lines": (base64.encodebytes(OFFER.encode()).decode(), None),
    "base64 of JSON": (base64.b64encode(OBJECT.encode()).decode(), "offer"),
    "base64url without padding": (
        base64.urlsafe_b64encode(OBJECT.encode()).decode().rstrip("="),
        "offer",
    ),
    "base64 of gzip": (base64.b64encode(gzip.compress(OBJECT.encode())).decode(), "offer"),
    "base64 in a log": ("Offer: " + base64.b64encode(OBJECT.encode()).decode() + " end", "offer"),
    "percent-encoding": (urllib.parse.quote(OFFER), None),
    "a link": (f"https://x.example/?offer={urllib.parse.quote_plus(OBJECT)}&x=1", "offer"),
    "HTML escapes": (html.escape(OBJECT), "offer"),
    "a page": (f"<html><body><p>Offer</p><pre>{html.escape(OFFER)}</pre></body></html>", "offer"),
    "Janus": (json.dumps({"janus": "message", "jsep": {"type": "offer", "sdp": OFFER}}), "offer"),
    "SkyRTC": (
        json.dumps({"eventName": "__offer", "data": {"sdp": {"type": "offer", "sdp": OFFER}}}),
        "offer",
    ),
    "JSON in JSON": (json.dumps({"msg": OBJECT}), "offer"),
    "Rust's debug output": (
        f'RTCSessionDescription {{ sdp_type: Offer, sdp: "{ESCAPED}", parsed: None }}',
        "offer",
    ),
    "SIP": (
        (
            "INVITE sip:bob@example.com SIP/2.0\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(OFFER)}\r\n\r\n{OFFER}"
        ),
        "offer",
    ),
    "SIP, multipart": (
        (
            "INVITE sip:bob@example.com SIP/2.0\r\n"
            "Content-Type: multipart/mixed;boundary=b1\r\n\r\n"
            f"--b1\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n"
            "--b1\r\nContent-Type: application/x\r\n\r\nfoo\r\n--b1--\r\n"
        ),
        "offer",
    ),
    "WHIP": ("POST /whip HTTP/1.1\r\nContent-Type: application/sdp\r\n\r\n" + OFFER, "offer"),
    "a prefix on each line": (
        "".join(f"2024-05-01T10:00:00.{n:03}Z INFO {x}\n" for n, x in enumerate(LINES)),
        None,
    ),
    "a prefix on the first line": (
        "[10:00:00] createOffer: " + OFFER + "[10:00:01] next\n",
        "offer",
    ),
}


@pytest.mark.parametrize("form", ONE_OFFER)
def test_a_form_with_one_offer(form: str) -> None:
    text, kind = ONE_OFFER[form]
    for source in (text, text.encode()):
        sources = read_descriptions(source, "file")
        assert len(sources.descriptions) == 1
        description = sources.descriptions[0]
        assert same(description.document.text, OFFER)
        assert description.type == kind
        assert description.undone
        assert description.place.name == "file"
        assert read_description(source).document.text == description.document.text


def test_what_was_undone_is_told_in_order() -> None:
    packed = gzip.compress(base64.b64encode(OBJECT.encode()))
    assert read_description(packed).undone == ["gzip", "base64", "JSON {type, sdp}"]
    nested = json.dumps({"a": [{"jsep": {"type": "offer", "sdp": OFFER}}]})
    assert read_description(nested).undone == ["JSON {type, sdp} at a[0].jsep"]


def test_two_descriptions_and_a_candidate_in_a_log() -> None:
    text = (
        "2024-05-01 10:00:00,5 ws send " + OBJECT + "\n"
        "2024-05-01 10:00:01,5 ws recv " + json.dumps({"type": "answer", "sdp": ANSWER}) + "\n"
        f"2024-05-01 10:00:02,5 remote RTCIceCandidate {{candidate: '{CANDIDATE} ufrag abcd', "
        "sdpMid: '0', sdpMLineIndex: 2}\n"
    )
    sources = read_descriptions(text, "app.log")
    offer, answer = sources.descriptions
    # 2024-05-01T10:00:00Z is 1714557600.
    assert (offer.type, offer.time_s, offer.place.line) == ("offer", 1714557600.5, 1)
    assert (answer.type, answer.time_s, answer.place.line) == ("answer", 1714557601.5, 2)
    (candidate,) = sources.candidates
    assert candidate.candidate is not None
    assert (candidate.mid, candidate.index, candidate.ufrag) == ("0", 2, "abcd")
    assert (candidate.side, candidate.place.line) == ("remote", 3)
    assert read_description(text).undone[-1] == "the first of 2 descriptions"


def test_json_lines_with_senders() -> None:
    messages = [
        {"t": 0.5, "from": "a", "type": "offer", "sdp": OFFER},
        {"t": 0.6, "from": "b", "type": "answer", "sdp": ANSWER},
        {"t": 0.7, "from": "a", "type": "candidate", "candidate": CANDIDATE, "sdpMid": "1"},
        {"t": 0.8, "from": "a", "type": "candidate", "candidate": "", "sdpMid": "1"},
    ]
    sources = read_descriptions("".join(json.dumps(item) + "\n" for item in messages))
    assert sources.form == "JSON Lines"
    told = [(item.type, item.sender, item.time_s, item.place.line) for item in sources.descriptions]
    assert told == [("offer", "a", 0.5, 1), ("answer", "b", 0.6, 2)]
    one, end = sources.candidates
    assert (one.mid, one.sender, one.is_end) == ("1", "a", False)
    assert (end.mid, end.time_s, end.is_end, end.candidate) == ("1", 0.8, True, None)


@pytest.mark.parametrize(
    ("value", "mid", "index"),
    [
        ({"candidate": CANDIDATE, "sdpMid": "0", "sdpMLineIndex": 3}, "0", 3),
        ({"type": "candidate", "label": 1, "id": "audio", "candidate": CANDIDATE}, "audio", 1),
        ({"eventName": "__ice_candidate", "data": {"label": 2, "candidate": CANDIDATE}}, None, 2),
        ({"janus": "trickle", "candidate": {"candidate": CANDIDATE, "sdpMid": "v"}}, "v", None),
    ],
)
def test_candidates_of_applications(value: object, mid: str | None, index: int | None) -> None:
    sources = read_descriptions(json.dumps(value))
    (found,) = sources.candidates
    assert found.candidate is not None
    assert (found.text, found.mid, found.index) == (CANDIDATE, mid, index)
    with pytest.raises(ParseError, match="candidate"):
        read_description(json.dumps(value))


def test_candidate_lines_alone() -> None:
    sources = read_descriptions(f"a={CANDIDATE}\n{CANDIDATE}\n\na=end-of-candidates\n")
    assert [item.is_end for item in sources.candidates] == [False, False, True]
    assert [item.place.line for item in sources.candidates] == [1, 2, 4]


def test_a_trickle_fragment() -> None:
    # The body of RFC 8840, 9.2's grammar.
    text = (
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\n"
        f"a=mid:x\r\na={CANDIDATE}\r\na=end-of-candidates\r\n"
    )
    sources = read_descriptions(text)
    (fragment,) = sources.fragments
    assert fragment.document.text == text
    assert [(item.mid, item.ufrag, item.is_end) for item in sources.candidates] == [
        ("x", "EsAw", False),
        ("x", "EsAw", True),
    ]
    assert not sources.descriptions


def test_a_description_without_its_first_lines_is_no_fragment() -> None:
    text = OFFER.partition("t=0 0\r\n")[2]
    description = read_description(text)
    assert description.document.text == text
    assert description.undone == []


def test_a_sip_dialog() -> None:
    invite = (
        "INVITE sip:bob@b.example SIP/2.0\r\nf: <sip:al@a.example>;tag=1\r\n"
        "i: x\r\nCSeq: 1 INVITE\r\n"
    )
    ok = "SIP/2.0 200 OK\r\nt: Bob <sip:bob@b.example>;tag=2\r\ni: x\r\nCSeq: 1 INVITE\r\n"
    ack = "ACK sip:bob@b.example SIP/2.0\r\nf: <sip:al@a.example>;tag=1\r\ni: x\r\nCSeq: 1 ACK\r\n"
    kind = "c: application/sdp\r\n\r\n"
    told = read_descriptions(invite + kind + OFFER + "\r\n" + ok + kind + ANSWER)
    assert [(item.type, item.sender) for item in told.descriptions] == [
        ("offer", "sip:al@a.example"),
        ("answer", "sip:bob@b.example"),
    ]
    # An INVITE without an offer: the 200 carries it, the ACK answers (RFC 3261, 13.2.1).
    late = read_descriptions(invite + "\r\n" + ok + kind + OFFER + "\r\n" + ack + kind + ANSWER)
    assert [item.type for item in late.descriptions] == ["offer", "answer"]


def test_an_old_dump_of_webrtc_internals() -> None:
    log = [
        {"time": "3/4/2022", "type": "setLocalDescription", "value": f"type: offer, sdp: {OFFER}"},
        {"time": "3/4/2022", "type": "setLocalDescriptionOnFailure", "value": "Failed to set it"},
        {
            "time": "3/4/2022",
            "type": "addIceCandidate",
            "value": f"sdpMid: a, sdpMLineIndex: 1, candidate: {CANDIDATE}, url: stun:x",
        },
    ]
    dump = json.dumps({"PeerConnections": {"1-2": {"updateLog": log}}})
    sources = read_descriptions(dump)
    (description,) = sources.descriptions
    assert description.document.text == OFFER
    assert (description.type, description.side, description.connection) == ("offer", "local", "1-2")
    assert description.error == "Failed to set it"
    (candidate,) = sources.candidates
    assert (candidate.text, candidate.mid, candidate.index) == (CANDIDATE, "a", 1)


def test_a_console_that_cut_a_description_short_is_told() -> None:
    cut = ESCAPED[:300] + "…" + ESCAPED[-80:]
    sources = read_descriptions(f"RTCSessionDescription {{type: 'offer', sdp: '{cut}'}}")
    assert "left part of it out" in str(sources.problems[0])


@pytest.mark.parametrize("source", [b"", b"hello", b"\x00" * 100, "{}", "[1]", "<html></html>"])
def test_nothing_in_it(source: str | bytes) -> None:
    with pytest.raises(ParseError, match=r"no session description|JSON without"):
        read_descriptions(source)
