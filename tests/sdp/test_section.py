"""What keeps the tables of the sections true."""

import inspect
import re

import pytest

from rtckit.sdp import ATTRIBUTES, LINE_TYPES, MediaSection, SessionSection, parse
from rtckit.sdp.grammar import MEDIA_LINE_ORDER, SESSION_LINE_ORDER, is_known
from rtckit.sdp.section import Section
from rtckit.sdp.view import view
from tests.sdp.descriptions import ALL


@pytest.mark.parametrize("kind", [SessionSection, MediaSection])
def test_every_view_that_notes_problems_is_read_for_the_list_of_problems(
    kind: type[Section],
) -> None:
    """A view that may note must be reachable from a name in the table, or always read."""
    noting = re.compile(
        r"self\._(note|note_error|read|read_all|read_first|read_lines|text|number|decimal)\b"
    )
    read = {*kind._READ_BY.values(), *kind._ALWAYS_READ, "direction"}
    for name, value in inspect.getmembers(kind):
        if isinstance(value, view) and name not in read:
            source = inspect.getsource(value.function)
            assert not noting.search(source), f"{kind.__name__}.{name} notes problems unseen"


@pytest.mark.parametrize("kind", [SessionSection, MediaSection])
def test_the_table_names_views_and_attributes_that_exist(kind: type[Section]) -> None:
    for name, reader in kind._READ_BY.items():
        assert isinstance(getattr(kind, reader), view)
        assert is_known(name) or name[0] in LINE_TYPES


def test_a_view_is_read_once_and_documented() -> None:
    session = parse("v=0\r\na=group:LS a\r\n").session
    assert session.groups is session.groups
    assert SessionSection.groups.__doc__ == "The ``a=group`` lines."


def test_the_grammar_is_consistent() -> None:
    assert set(SESSION_LINE_ORDER) | set(MEDIA_LINE_ORDER) == set(LINE_TYPES)
    for name, rule in ATTRIBUTES.items():
        assert rule.levels in ("s", "m", "sm"), name
        assert rule.says, name
        assert re.fullmatch(r"|RFC \d{4}, \d+(\.\d+)*", rule.reference), name
        # Only what may stand at both levels, or was seen at the session level, can be inherited.
        assert not rule.inherited or "s" in rule.levels or name in ("tls-id", "dtls-id"), name
    assert not is_known("x-google-flags")
    assert not is_known("MID")


@pytest.mark.parametrize("name", ALL)
def test_real_descriptions_hold_only_known_attributes(name: str) -> None:
    for section in parse(ALL[name]).sections:
        for attribute in section.attributes:
            rule = ATTRIBUTES[attribute.name]
            level = "s" if isinstance(section, SessionSection) else "m"
            assert level in rule.levels
            assert (attribute.value is None) == (rule.form == "")
