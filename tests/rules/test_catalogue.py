"""Every rule of rtckit keeps its own promises."""

import re

import pytest

from rtckit.core.findings import Location
from rtckit.rules.catalogue import CATALOGUE, FAMILIES, Rule, all_rules
from rtckit.rules.examples import evaluate

RULES = all_rules()
by_id = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])

# RFCs from before sections were numbered.
UNNUMBERED = {"RFC 768", "RFC 791", "RFC 792"}
RFC_SECTION = re.compile(r"RFC [1-9]\d{2,4}, (Appendix )?[0-9A-Z]+(\.\d+)*( \(erratum \d+\))?")


@by_id
def test_rule_fires_on_its_example(rule: Rule) -> None:
    found = evaluate(rule, rule.fires_on)
    assert [finding.rule for finding in found] == [rule.id] * max(1, len(found))
    for finding in found:
        assert finding.evidence or finding.location != Location(), "a finding shows its evidence"


@by_id
def test_rule_is_silent_on_its_other_example(rule: Rule) -> None:
    assert evaluate(rule, rule.silent_on) == []


@by_id
def test_rule_is_documented_and_cites_its_standard(rule: Rule) -> None:
    assert rule.title
    assert rule.why
    assert rule.fix
    assert rule.title[0] == rule.title[0].upper() or not rule.title[0].isalpha()
    assert len(rule.title) <= 80, "the title is one line of `rtckit rules`"
    assert rule.refs
    for ref in rule.refs:
        known = ref in UNNUMBERED or not ref.startswith("RFC")
        assert known or RFC_SECTION.fullmatch(ref), ref


@by_id
def test_rule_has_a_module_of_the_catalogue(rule: Rule) -> None:
    assert rule.module.startswith("rtckit.rules.")
    assert CATALOGUE.find_rule(rule.id.lower()) is rule


def test_loading_the_catalogue_twice_changes_nothing() -> None:
    assert all_rules() == all_rules()
    assert {rule.family for rule in all_rules()} <= set(FAMILIES)
