"""The formats of a lint, byte for byte, with findings made by hand."""

import json
from typing import Any

from rtckit.core.findings import Evidence, Finding, Location, Severity
from rtckit.jsep import Verdict
from rtckit.report.github import render_github
from rtckit.report.json import dump
from rtckit.report.lint import render_concise, render_full, summarize, to_dict
from rtckit.report.sarif import render_sarif, to_sarif
from rtckit.report.text import Paint
from rtckit.rules.catalogue import all_rules

SETUP = Finding(
    "DTLS009",
    Severity.WARNING,
    "the offer insists on active",
    Location("o, 1.sdp", 3, 9, 15),
    "write `a=setup:actpass`.",
    refs=("RFC 8842, 5.2",),
    evidence=(Evidence("as here", Location("b.sdp", 7, 1, 4)),),
)
BLANK = Finding("SDP015", Severity.ERROR, "blank \x1b[2J 100%", Location("b.sdp", 4, 1, 2))
CASE = Finding("SDP051", Severity.INFO, "encoding name vp8", Location("b.sdp", 9, 13, 16))
FRAME = Finding(
    "DTLS101", Severity.ERROR, "no", Location("c.pcapng", frame=42, byte_start=3, byte_end=8)
)
SOURCES = {"o, 1.sdp": ["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=setup:active"]}
REFUSED = Verdict(False, "setRemoteDescription", "OperationError", "no \x1b good")


def test_concise() -> None:
    assert render_concise([SETUP, BLANK, CASE]) == (
        "o, 1.sdp:3:9: DTLS009 the offer insists on active\n"
        "b.sdp:4:1: SDP015 blank \\x1b[2J 100%\n"
        "b.sdp:9:13: SDP051 encoding name vp8\n"
        "Found 3 problems (1 error, 1 warning, 1 info). Explain one: rtckit explain SDP015"
    )
    assert render_concise([]) == "No problems found."


def test_github() -> None:
    assert render_github([SETUP, BLANK, CASE]) == (
        "::warning title=rtckit (DTLS009),file=o%2C 1.sdp,line=3,endLine=3,col=9,endColumn=15"
        "::the offer insists on active%0AWrite `a=setup:actpass`.\n"
        "::error title=rtckit (SDP015),file=b.sdp,line=4,endLine=4,col=1,endColumn=2"
        "::blank \\x1b[2J 100%25\n"
        "::notice title=rtckit (SDP051),file=b.sdp,line=9,endLine=9,col=13,endColumn=16"
        "::encoding name vp8"
    )


def test_full_has_the_frame_the_verdict_and_the_sum() -> None:
    text = render_full(
        [SETUP], paint=Paint(), sources=SOURCES, verdict=("chromium", REFUSED), width=80
    )
    assert text == (
        "warning[DTLS009]: the offer insists on active\n"
        " --> o, 1.sdp:3:9\n"
        "  |\n"
        "2 | m=audio 9 UDP/TLS/RTP/SAVPF 0\n"
        "3 | a=setup:active\n"
        "  |         ^^^^^^\n"
        "  = seen: b.sdp:7:1: as here\n"
        "  = help: write `a=setup:actpass`.\n"
        "  = see: RFC 8842, 5.2\n"
        "\n"
        "chromium: OperationError in setRemoteDescription\n"
        "    no \\x1b good\n"
        "\n"
        "Found 1 problem (1 warning). Explain one: rtckit explain DTLS009"
    )
    accepted = render_full([], paint=Paint(), verdict=("firefox", Verdict(True)))
    assert accepted == "firefox: accepts the description\n\nNo problems found."


def test_json_has_the_agreed_fields() -> None:
    value = json.loads(
        dump(to_dict([SETUP], profile="jsep", verdict=("firefox", REFUSED), types={"o": "offer"}))
    )
    assert value["schema"] == 1
    assert value["verdict"] == {
        "stack": "firefox",
        "accepts": False,
        "stage": "setRemoteDescription",
        "error": "OperationError",
        "message": "no \x1b good",
    }
    assert value["findings"][0]["location"] == {
        "file": "o, 1.sdp",
        "line": 3,
        "column": 9,
        "end_column": 15,
        "frame": None,
    }
    assert value["descriptions"] == [{"file": "o", "type": "offer"}]
    assert to_dict([], profile="rfc")["verdict"] is None


def test_sarif_has_what_the_standard_requires() -> None:
    # SARIF 2.1.0, 3.13 (log), 3.14 (run), 3.19 (driver), 3.27 (result), 3.30 (region).
    log = to_sarif([SETUP, BLANK, CASE, FRAME], all_rules(), version="1.2.3")
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("rtckit", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["DTLS009", "DTLS101", "SDP015", "SDP051"]
    for rule in driver["rules"]:
        for key in ("shortDescription", "fullDescription", "help"):
            assert rule[key]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    results: list[dict[str, Any]] = run["results"]
    assert [result["level"] for result in results] == ["warning", "error", "note", "error"]
    for result in results:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    physical = results[0]["locations"][0]["physicalLocation"]
    assert physical == {
        "artifactLocation": {"uri": "o%2C%201.sdp"},
        "region": {"startLine": 3, "startColumn": 9, "endColumn": 15},
    }
    assert run["columnKind"] == "unicodeCodePoints"
    assert results[0]["relatedLocations"][0]["message"] == {"text": "as here"}
    of_frame = results[3]["locations"][0]
    assert of_frame["logicalLocations"] == [{"name": "frame 42"}]
    assert of_frame["physicalLocation"]["region"] == {"byteOffset": 3, "byteLength": 5}
    text = render_sarif([BLANK], all_rules(), version="1")
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["runs"][0]["results"][0]["message"]["text"] == BLANK.message


def test_sum_names_the_gravest_rule() -> None:
    assert summarize([CASE, CASE]).startswith("Found 2 problems (2 info).")
    assert summarize([CASE, BLANK]).endswith("rtckit explain SDP015")
