"""A diagnosis as text and as JSON."""

import json

import pytest

from rtckit.analysis.call import Call
from rtckit.analysis.trace import call_from_trace
from rtckit.report.diagnosis import render_text, to_dict
from rtckit.rules.diagnosis import diagnose

REFUSED = """
    == offer
    m=audio 9 UDP/TLS/RTP/SAVPF 111
    a=ice-ufrag:aaaa
    a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
    == answer
    m=audio 9 UDP/TLS/RTP/SAVPF 111
    a=ice-ufrag:bbbb
    a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
    == capture a
    0.000 A > T allocate-request
    0.010 T > A allocate-error 401 realm=example.org nonce=n1
    0.011 A > T allocate-request user=alice realm=example.org nonce=n1 password=hunter2secret
    0.020 T > A allocate-error 401 realm=example.org nonce=n1
"""
CONNECTED = """
    == capture a
    0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
    0.1 B > A binding-success mapped=A
    0.2 B > A binding-request user=aaaa:bbbb controlled
    0.3 A > B binding-success mapped=B
    0.4 B > A client-hello
    0.5 A > B server-hello version=1.2 cipher=0xc02b profile=1
    0.6 B > A change-cipher-spec
    0.6 B > A finished
    0.7 A > B change-cipher-spec
    0.7 A > B finished
    0.8 A > B rtp ssrc=5 pt=0 times=50 every=0.02
    0.8 B > A rtp ssrc=6 pt=0 times=50 every=0.02
    1.9 A > B application
    1.9 B > A application
"""


def text_of(call: Call, verbose: int = 0, width: int = 80) -> str:
    return render_text(diagnose(call), color=False, width=width, verbose=verbose)


def test_a_broken_call_says_link_cause_evidence_and_what_to_do() -> None:
    text = text_of(call_from_trace(REFUSED))
    assert "✓ signalling ── ✗ ICE ── ? DTLS ── ? SRTP ── ? media ── ? data" in text
    assert "error[TURN001]" in text
    assert "a.pcapng frame 4" in text
    assert "= help: compare username" in text
    assert "Broken: ICE." in text.splitlines()[-2] + text.splitlines()[-1]
    assert "rtckit explain TURN001" in text
    assert "hunter2" not in text


def test_a_good_call_says_so_and_names_what_was_not_judged() -> None:
    text = text_of(call_from_trace(CONNECTED))
    assert text.splitlines()[-1] == "Nothing is broken. Not judged: SRTP."
    assert "10.0.0.1:5000 - 10.0.0.2:6000" in text
    assert "DTLS 1.2" in text


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("trace", [REFUSED, CONNECTED], ids=["refused", "connected"])
def test_lines_keep_to_the_width(trace: str, width: int) -> None:
    for line in text_of(call_from_trace(trace), verbose=1, width=width).splitlines():
        assert len(line) <= width, line


def test_verbose_shows_tables_and_timeline() -> None:
    text = text_of(call_from_trace(CONNECTED), verbose=1, width=120)
    for heading in ("candidates", "pairs", "streams", "timeline (seconds)"):
        assert heading in text.splitlines()
    assert "selected" in text


def test_colour_is_only_where_it_is_asked_for() -> None:
    diagnosis = diagnose(call_from_trace(REFUSED))
    assert "\x1b[" in render_text(diagnosis, color=True, width=80, verbose=0)
    assert "\x1b" not in render_text(diagnosis, color=False, width=80, verbose=2)


def test_json_has_the_shape_scripts_rely_on() -> None:
    answer = json.loads(json.dumps(to_dict(diagnose(call_from_trace(REFUSED)))))
    assert answer["schema"] == 1
    assert answer["broken"] == "ice"
    assert [link["layer"] for link in answer["chain"]] == [
        "signalling", "ice", "dtls", "srtp", "media", "data",
    ]  # fmt: skip
    assert {link["state"] for link in answer["chain"]} <= {"ok", "failed", "degraded", "unknown"}
    assert all(link["why"] for link in answer["chain"])
    finding = answer["findings"][0]
    assert finding["rule"] == "TURN001"
    assert set(finding) >= {"rule", "severity", "message", "location", "help", "certainty", "refs"}
    assert finding["location"] == {
        "file": "a.pcapng", "line": None, "column": None, "end_column": None, "frame": 4,
    }  # fmt: skip
    assert answer["details"]["turn"][0]["state"] == "refused"
    assert "hunter2" not in json.dumps(answer)


def test_json_details_of_a_good_call() -> None:
    details = to_dict(diagnose(call_from_trace(CONNECTED)))["details"]
    (session,) = details["ice"]
    (pair,) = session["views"][0]["pairs"]
    assert (pair["selected"], pair["nominated"], session["controlling"]) == (True, True, "a")
    # 100 ms from request to answer, as the trace has it.
    assert pair["checks"][0]["rtt_ms"] == pytest.approx(100.0)
    assert details["dtls"][0]["cipher"] == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert [stream["packets"] for stream in details["streams"]] == [50, 50]
    assert {item["address"] for item in details["candidates"]} == {"10.0.0.1:5000", "10.0.0.2:6000"}


def test_an_empty_call_is_unknown_throughout() -> None:
    answer = to_dict(diagnose(Call("nothing")))
    assert {link["state"] for link in answer["chain"]} == {"unknown"}
    assert answer["broken"] is None
    assert len(answer["absent"]) == 3
