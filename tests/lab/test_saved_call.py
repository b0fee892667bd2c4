"""The files of a saved call, read back by other readers."""

import json
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.lab.saved_call import toml_text, write_json, write_jsonl

# TOML basic strings hold any Unicode scalar value.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
)
VALUES = SCALARS | st.lists(st.integers() | TEXTS)
TABLES = st.recursive(
    st.dictionaries(TEXTS, VALUES, max_size=4),
    lambda inner: st.dictionaries(TEXTS, VALUES | inner, max_size=4),
    max_leaves=8,
)


@given(TABLES)
def test_toml_reads_back(document: dict[str, object]) -> None:
    assert tomllib.loads(toml_text(document)) == document


def test_toml_keeps_order_and_times() -> None:
    text = toml_text(
        {
            "schema": 1,
            "recorded": date(2026, 11, 21),
            "started": datetime(2026, 11, 21, 9, 30, 0, 125_000, tzinfo=UTC),
            "peers": {"a": {"name": "Chromium"}, "b": {"name": "Firefox"}},
            "expect": {"chain": {"ice": "ok"}},
        }
    )
    assert text == (
        "schema = 1\n"
        "recorded = 2026-11-21\n"
        "started = 2026-11-21T09:30:00.125Z\n"
        '\n[peers.a]\nname = "Chromium"\n'
        '\n[peers.b]\nname = "Firefox"\n'
        '\n[expect.chain]\nice = "ok"\n'
    )


def test_toml_refuses_what_it_has_no_form_for() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml_text({"nothing": None})


def test_json_and_lines(tmp_path: Path) -> None:
    write_json(tmp_path / "one.json", {"b": "é", "a": [1, None]})
    assert json.loads((tmp_path / "one.json").read_text("utf-8")) == {"a": [1, None], "b": "é"}
    write_jsonl(tmp_path / "many.jsonl", [{"t": 0.5}, {"t": 1, "sdp": "v=0\r\n"}])
    lines = (tmp_path / "many.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"t": 0.5}, {"t": 1, "sdp": "v=0\r\n"}]
