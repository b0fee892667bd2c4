"""Declaring, finding and running rules, with rules over lists of words in place of calls."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtckit.core.errors import MissingCapability, UsageError
from rtckit.core.findings import Certainty, Evidence, Location, Severity
from rtckit.rules.catalogue import Catalogue, Hit, Layer
from rtckit.rules.examples import read_example

DOCSTRING = """Words should not be `{word}`.

Why: it is a test,
    over two lines.

    And two paragraphs.
Fires on:
    first {word}
      indented
Silent on: captures/some-call
Fix: choose
another word.
"""


def words_rule(word: str) -> Callable[[Any], Iterator[Hit]]:
    def words(subject: list[str]) -> Iterator[Hit]:
        for line, said in enumerate(subject, start=1):
            if said == word:
                yield Hit(f"{word} is there", Location(line=line), (Evidence("seen"),))

    words.__doc__ = DOCSTRING.format(word=word)
    return words


def declare(
    catalogue: Catalogue,
    rule_id: str = "TURN001",
    *,
    severity: Severity = Severity.ERROR,
    layer: Layer = Layer.ICE,
    function: Callable[[Any], Iterator[Hit]] | None = None,
) -> None:
    catalogue.rule(rule_id, severity, layer=layer, refs=("RFC 8656, 7.2",))(
        function or words_rule(rule_id.lower())
    )


def test_docstring_is_taken_apart() -> None:
    catalogue = Catalogue()
    declare(catalogue)
    rule = catalogue.find_rule("TURN001")
    assert rule.title == "Words should not be `turn001`"
    assert rule.why == "it is a test, over two lines.\n\nAnd two paragraphs."
    assert rule.fires_on == "first turn001\n  indented"
    assert rule.silent_on == "captures/some-call"
    assert rule.fix == "choose another word."
    assert rule.family == "TURN"
    assert rule.to_dict()["refs"] == ["RFC 8656, 7.2"]


@pytest.mark.parametrize("part", ["Why", "Fires on", "Silent on", "Fix"])
def test_docstring_without_a_part_is_refused(part: str) -> None:
    function = words_rule("x")
    assert function.__doc__ is not None
    function.__doc__ = function.__doc__.replace(f"{part}:", f"Not {part}:")
    with pytest.raises(ValueError, match=part):
        declare(Catalogue(), function=function)


def test_rule_without_docstring_is_refused() -> None:
    function = words_rule("x")
    function.__doc__ = None
    with pytest.raises(ValueError, match="title"):
        declare(Catalogue(), function=function)


def test_text_between_title_and_why_is_refused() -> None:
    function = words_rule("x")
    assert function.__doc__ is not None
    function.__doc__ = function.__doc__.replace("\n\nWhy", "\n\nMore words.\n\nWhy", 1)
    with pytest.raises(ValueError, match="between"):
        declare(Catalogue(), function=function)


@pytest.mark.parametrize("bad", ["TURN01", "TURN0001", "WORDS001", "turn001", "001", "TURN001 "])
def test_bad_ids_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="family"):
        declare(Catalogue(), bad)


def test_an_id_is_taken_once() -> None:
    catalogue = Catalogue()
    declare(catalogue)
    with pytest.raises(ValueError, match="taken"):
        declare(catalogue)


def test_unknown_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="subject"):
        Catalogue().rule("SDP001", Severity.INFO, layer=Layer.SIGNALLING, refs=(), subject="poem")(
            words_rule("x")
        )


def test_unknown_id_names_the_nearest() -> None:
    catalogue = Catalogue()
    declare(catalogue, "TURN001")
    declare(catalogue, "CHECK003")
    with pytest.raises(UsageError, match="TURN001"):
        catalogue.find_rule("TRUN001")
    with pytest.raises(UsageError, match="rtckit rules"):
        catalogue.find_rule("\x1b[2J")


def test_findings_take_what_a_hit_leaves_open_from_the_rule() -> None:
    catalogue = Catalogue()
    declare(catalogue)
    (finding,) = catalogue.run("call", ["turn001"])
    assert finding.rule == "TURN001"
    assert finding.severity is Severity.ERROR
    assert finding.help == "choose another word."
    assert finding.refs == ("RFC 8656, 7.2",)
    assert finding.location == Location(line=1)

    def soft(subject: object) -> Iterator[Hit]:
        yield Hit("m", severity=Severity.INFO, help="nothing", certainty=Certainty.LIKELY)

    soft.__doc__ = DOCSTRING.format(word="x")
    declare(catalogue, "TURN002", function=soft)
    (finding,) = catalogue.run("call", [], select=["TURN002"])
    assert (finding.severity, finding.help, finding.certainty) == (
        Severity.INFO,
        "nothing",
        Certainty.LIKELY,
    )


def test_findings_are_sorted_by_severity_then_by_place_in_the_call() -> None:
    catalogue = Catalogue()
    declare(catalogue, "MEDIA001", layer=Layer.MEDIA)
    declare(catalogue, "TURN002", severity=Severity.WARNING)
    declare(catalogue, "TURN001")
    declare(catalogue, "SIG001", layer=Layer.SIGNALLING)
    subject = ["turn002", "media001", "sig001", "turn001", "turn001"]
    found = [finding.rule for finding in catalogue.run("call", subject)]
    assert found == ["SIG001", "TURN001", "TURN001", "MEDIA001", "TURN002"]


def test_rules_are_selected_by_id_and_family() -> None:
    catalogue = Catalogue()
    for rule_id in ("TURN001", "TURN002", "CHECK001"):
        declare(catalogue, rule_id)
    assert [rule.id for rule in catalogue.select(["turn"])] == ["TURN001", "TURN002"]
    assert [rule.id for rule in catalogue.select(["TURN002", "CHECK"])] == ["CHECK001", "TURN002"]
    assert catalogue.select(["SDP"]) == ()
    with pytest.raises(UsageError, match="TURN001"):
        catalogue.select(["TURN003"])


def test_example_of_a_saved_call_needs_the_checkout(tmp_path: Path) -> None:
    with pytest.raises(MissingCapability, match="checkout"):
        read_example("call", "captures/none", root=tmp_path)
    with pytest.raises(ValueError, match="poem"):
        read_example("poem", "roses are red")
