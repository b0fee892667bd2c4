"""BUNDLE groups: RFC 9143 and RFC 9429, 4.1.1, 5.2.1, 5.2.2, 5.3.1."""

import pytest

from rtckit.jsep.bundle import (
    answer_group,
    bundle_only_levels,
    lead_with,
    offer_group,
    refused_by_policy,
)
from rtckit.jsep.facts import SectionFacts
from rtckit.jsep.peer_state import SectionPlan


def plan(*kinds: str) -> list[SectionPlan]:
    """Sections of these kinds; ``-audio`` is a rejected one. Their mids are their places."""
    return [
        SectionPlan(level, str(level), kind.lstrip("-"), rejected=kind.startswith("-"))
        for level, kind in enumerate(kinds)
    ]


def offered(*kinds: str) -> list[SectionFacts]:
    return [SectionFacts(level, kind, str(level)) for level, kind in enumerate(kinds)]


def test_a_first_offer_bundles_every_section() -> None:
    assert offer_group(plan("audio", "video", "data")) == ("0", "1", "2")
    assert offer_group(plan()) == ()


def test_a_later_offer_keeps_the_group_and_adds_what_is_new() -> None:
    # 5.2.2: "the MID identifiers specified in the bundle group in the most recent answer, minus
    # any "m=" sections that have been marked as rejected, plus any newly added or re-enabled".
    sections = plan("audio", "video", "data", "audio")
    assert offer_group(sections, ("1", "0"), known=3) == ("1", "0", "3")
    sections[0] = SectionPlan(0, "0", "audio", rejected=True)
    assert offer_group(sections, ("0", "1"), known=4) == ("1",)  # the tag moves on
    sections[0] = SectionPlan(0, "9", "video", recycled=True)
    assert offer_group(sections, ("0", "1"), known=4) == ("1", "9")


def test_without_bundle_in_the_answer_later_offers_only_bundle_what_is_new() -> None:
    assert offer_group(plan("audio", "video"), (), known=2) == ()
    assert offer_group(plan("audio", "video", "video"), (), known=2) == ("2",)


def test_the_tag_can_be_chosen() -> None:
    assert lead_with(("0", "1", "2"), "1") == ("1", "0", "2")
    assert lead_with(("0", "1"), "7") == lead_with(("0", "1"), None) == ("0", "1")


def test_an_answer_keeps_the_order_and_moves_the_tag_to_the_first_taken() -> None:
    # RFC 9143, 7.3.1: "pick the next identification-tag in the identification-tag list".
    assert answer_group(("a", "v", "d"), {"a", "v", "d"}) == ("a", "v", "d")
    assert answer_group(("a", "v", "d"), {"d", "v"}) == ("v", "d")
    assert answer_group(("a",), set()) == ()


@pytest.mark.parametrize(
    ("policy", "kinds", "expected"),
    [
        ("balanced", ("audio", "video", "data"), set()),
        ("balanced", ("audio", "audio", "video", "audio"), {1, 3}),
        ("balanced", ("-audio", "audio", "audio"), {2}),
        ("max-compat", ("audio", "audio"), set()),
        ("max-bundle", ("audio", "video", "data"), {1, 2}),
        ("max-bundle", ("-audio", "video", "data"), {2}),
    ],
)
def test_bundle_only(policy: str, kinds: tuple[str, ...], expected: set[int]) -> None:
    assert bundle_only_levels(plan(*kinds), policy) == expected


@pytest.mark.parametrize(
    ("policy", "kinds", "groups", "expected"),
    [
        ("balanced", ("audio", "video", "audio"), [], {2}),
        ("balanced", ("audio", "video", "audio"), [("0", "2")], set()),
        ("balanced", ("audio", "video", "audio"), [("0", "1"), ("2",)], {2}),
        ("max-bundle", ("audio", "video", "data"), [], {1, 2}),
        ("max-bundle", ("audio", "video", "data"), [("0", "2")], {1}),
        ("max-compat", ("audio", "audio", "data"), [], set()),
    ],
)
def test_what_a_policy_refuses(
    policy: str, kinds: tuple[str, ...], groups: list[tuple[str, ...]], expected: set[int]
) -> None:
    assert refused_by_policy(offered(*kinds), groups, policy) == expected
