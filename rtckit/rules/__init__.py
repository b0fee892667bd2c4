"""What is wrong with a call: one function a rule, in one module a family.

A rule is declared with :func:`rtckit.rules.catalogue.rule`; its docstring is its documentation and
its test. See ``CONTRIBUTING.md`` for how to add one.
"""

from rtckit.rules.catalogue import Hit, Layer, Rule, all_rules, find_rule, rule, run

__all__ = ["Hit", "Layer", "Rule", "all_rules", "find_rule", "rule", "run"]
