"""``rtckit rules`` and ``rtckit explain``."""

import json
from itertools import pairwise

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.rules.catalogue import Rule, all_rules

RULES = all_rules()


def test_rules_lists_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    listed = [line.split()[0] for line in out.splitlines()[1:-2] if not line.startswith(" ")]
    assert sorted(listed) == sorted(rule.id for rule in RULES)
    families = [name.rstrip("0123456789") for name in listed]
    assert sum(one != other for one, other in pairwise(families)) == len(set(families)) - 1
    assert f"{len(RULES)} rules." in out


def test_rules_of_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--family", "turn", "--format", "json"]) == ExitCode.CLEAN
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == 1
    assert answer["findings"] == []
    assert {rule["family"] for rule in answer["rules"]} == {"TURN"}
    assert len(answer["rules"]) == sum(rule.family == "TURN" for rule in RULES)


def test_rules_of_no_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--family", "POEM"]) == ExitCode.USAGE
    assert "no rule family 'POEM'" in capsys.readouterr().err


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_explain_says_all_of_a_rule(rule: Rule, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", rule.id.lower()]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    words = " ".join(out.split())
    assert rule.id in out
    for text in (rule.title, rule.why[1:], rule.fix[1:], *rule.refs):
        assert " ".join(text.split()) in words
    for example in (rule.fires_on, rule.silent_on):
        for line in example.splitlines():
            assert f"    {line}".rstrip() in out


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "TURN001", "--format", "json"]) == ExitCode.CLEAN
    answer = json.loads(capsys.readouterr().out)
    assert answer["rule"]["rule"] == "TURN001"
    assert answer["rule"]["refs"]


def test_explain_of_an_unknown_rule_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "TRUN001"]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert not shown.out
    assert "no rule 'TRUN001'" in shown.err
    assert "TURN001" in shown.err
