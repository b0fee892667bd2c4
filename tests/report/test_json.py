"""The JSON answers: their shape, and that nothing in them can reach a terminal's controls."""

import json
import math
from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.findings import Finding, Location, Severity
from rtckit.report.json import answer, dump


def test_an_answer_has_schema_and_findings_in_the_agreed_shape() -> None:
    found = Finding(
        rule="TURN001",
        severity=Severity.ERROR,
        message="refused",
        location=Location("call.pcapng", frame=4),
        help="look",
        refs=("RFC 8489, 9.2.4",),
    )
    value = json.loads(dump(answer([found], packets=3)))
    assert list(value) == ["schema", "findings", "packets"]
    assert value["schema"] == 1
    assert value["findings"] == [
        {
            "rule": "TURN001",
            "severity": "error",
            "message": "refused",
            "location": {
                "file": "call.pcapng",
                "line": None,
                "column": None,
                "end_column": None,
                "frame": 4,
            },
            "help": "look",
            "certainty": "seen",
            "refs": ["RFC 8489, 9.2.4"],
            "evidence": [],
        }
    ]


def test_what_json_has_no_word_for() -> None:
    class Colour(StrEnum):
        RED = "red"

    value = {"b": b"\x01\xff", "n": math.nan, "i": math.inf, "s": {"y", "x"}, "e": Colour.RED}
    assert json.loads(dump(value)) == {
        "b": "01ff",
        "n": None,
        "i": None,
        "s": ["x", "y"],
        "e": "red",
    }


@given(st.text())
def test_only_printable_ascii_leaves(text: str) -> None:
    written = dump({"text": text})
    assert all(" " <= character <= "~" for character in written.replace("\n", ""))
    assert json.loads(written) == {"text": text}
