"""BUNDLE groups of answers and payload types in them: RFC 9143, 7.3 and 9.1.1; RFC 3264, 8.3.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep.matching.bundle import OfferedSection, answer_bundles, is_bundle_only
from rtckit.jsep.matching.formats import MediaFormat, configuration_of, ordered_parameters
from rtckit.jsep.matching.payload_types import PayloadTypes, conflicts_in_bundle, free_numbers


def fmt(number: int, name: str, parameters: str = "", kind: str = "video") -> MediaFormat:
    encoding = f"{name}/90000"
    return MediaFormat(
        kind, number, name, 90000, None, ordered_parameters(parameters), (), encoding
    )


def sections(text: str) -> list[OfferedSection]:
    """``a v- d* x!``: first letter audio/video/data; - rejected, * bundle-only, ! conflict."""
    kinds = {"a": "audio", "v": "video", "d": "data"}
    found = []
    for index, item in enumerate(text.split()):
        mid, marks = item.rstrip("-*!"), item.lstrip("avd0123456789")
        found.append(
            OfferedSection(
                index,
                mid,
                kinds[mid[0]],
                "*" not in marks,
                "*" in marks,
                "no codec" if "-" in marks else None,
                "conflict" if "!" in marks else None,
            )
        )
    return found


@pytest.mark.parametrize(
    ("groups", "offered", "policy", "negotiated", "kept", "rejected"),
    [
        # Everything in one bundle.
        (["a v d"], "a v d", "balanced", "", ["a v d"], ""),
        # The first suggested section is rejected: the next one has the tag (7.3.1).
        (["a v d"], "a- v d", "balanced", "", ["v d"], ""),
        # It has no address, then: no group, and no transport for what is bundle-only.
        (["a v"], "a- v*", "balanced", "", [], "1"),
        (["a v* d"], "a- v* d", "balanced", "", ["d v"], ""),
        # Later the tag cannot be rejected alone (7.3.3).
        (["a v d"], "a- v d", "balanced", "a v d", [], "1 2"),
        (["a v d"], "a v- d", "balanced", "a v d", ["a d"], ""),
        # No bundle: balanced takes one of each kind (RFC 9429, 5.3.1).
        ([], "a v d", "balanced", "", [], ""),
        ([], "a a1 v v1 d", "balanced", "", [], "1 3"),
        ([], "a a1 v", "max-compat", "", [], ""),
        ([], "a v", "max-bundle", "", [], "1"),
        (["a v"], "a v d", "max-bundle", "", ["a v"], "2"),
        (["v d"], "a v d", "max-bundle", "", [], "1 2"),
        # Two groups.
        (["a v", "a1 v1"], "a v a1 v1", "max-compat", "", ["a v", "a1 v1"], ""),
        (["a v", "a1 v1"], "a v a1 v1", "balanced", "", ["a v"], "2 3"),
        # Payload types in conflict: out of the bundle, or out (7.3.2).
        (["a v"], "a v!", "balanced", "", ["a"], ""),
        (["a v"], "a v!", "max-bundle", "", ["a"], "1"),
        (["a v"], "a v*!", "balanced", "", ["a"], "1"),
        (["a v"], "a v!", "balanced", "a v", ["a"], "1"),
        (["a v"], "a v!", "balanced", "a", ["a"], "1"),
        # bundle-only outside any group.
        ([], "a v*", "max-compat", "", [], "1"),
        # Mids that are not there, and twice the same.
        (["a x a v"], "a v", "balanced", "", ["a v"], ""),
    ],
)
def test_groups_of_an_answer(
    groups: list[str],
    offered: str,
    policy: str,
    negotiated: str,
    kept: list[str],
    rejected: str,
) -> None:
    found = answer_bundles(
        [group.replace("*", "").split() for group in groups],
        sections(offered),
        policy,
        negotiated=negotiated.split(),
    )
    assert [" ".join(group) for group in found.groups] == kept
    assert sorted(found.rejected) == [int(index) for index in rejected.split()]


def test_tags() -> None:
    found = answer_bundles([["a", "v"]], sections("a v d"))
    assert found.tag_of("v") == "a"
    assert found.tag_of("d") is None
    assert found.tag_of(None) is None


@pytest.mark.parametrize(
    ("policy", "first", "first_of_kind", "only"),
    [
        # RFC 9429, 4.1.1.
        ("balanced", True, True, False),
        ("balanced", False, True, False),
        ("balanced", False, False, True),
        ("max-bundle", False, True, True),
        ("max-bundle", True, True, False),
        ("max-compat", False, False, False),
    ],
)
def test_bundle_only(policy: str, first: bool, first_of_kind: bool, only: bool) -> None:
    assert is_bundle_only(policy, first, first_of_kind) == only


# -- payload types ------------------------------------------------------------------------------


def test_configurations() -> None:
    vp8, rtx = fmt(96, "VP8"), fmt(97, "rtx", "apt=96")
    other, again = fmt(100, "vp8"), fmt(101, "RTX", "apt=100")
    assert configuration_of(vp8) == configuration_of(other)
    # The number an rtx repeats is part of what it is, but where only codecs are compared.
    assert configuration_of(rtx, [vp8, rtx]) != configuration_of(again, [other, again])
    assert configuration_of(rtx, [vp8, rtx], numbered=False) == configuration_of(
        again, [other, again], numbered=False
    )
    assert configuration_of(rtx, [fmt(96, "VP9")]) != configuration_of(rtx, [vp8])
    assert configuration_of(fmt(1, "VP9")) == configuration_of(fmt(2, "VP9", "profile-id=0"))
    assert configuration_of(fmt(1, "VP9")) != configuration_of(fmt(1, "VP9", "profile-id=2"))
    # An rtx that repeats itself, or another rtx, ends.
    loop = [fmt(96, "rtx", "apt=97"), fmt(97, "rtx", "apt=96")]
    assert configuration_of(loop[0], loop)


def test_conflicts_in_a_bundle() -> None:
    one = [fmt(96, "VP8"), fmt(97, "rtx", "apt=96")]
    assert conflicts_in_bundle([(0, one), (1, one)]) == []
    two = [fmt(96, "VP8"), fmt(97, "VP9")]
    (conflict,) = conflicts_in_bundle([(0, one), (2, two)])
    assert (conflict.payload_type, conflict.first, conflict.second) == (97, 0, 2)
    assert conflict.meanings == ("rtx/90000", "VP9/90000")


def test_free_numbers() -> None:
    numbers = list(free_numbers({96, 97}))
    assert numbers[0] == 98
    # RFC 5761, 4: 64 to 95 look like RTCP; the dynamic range goes first.
    assert set(numbers) == {*range(98, 128), *range(35, 64)}
    assert numbers.index(127) < numbers.index(35)


def test_numbers_keep_their_meaning() -> None:
    table = PayloadTypes()
    table.bind([fmt(96, "VP8"), fmt(97, "rtx", "apt=96")])
    vp8, vp9 = configuration_of(fmt(0, "VP8")), configuration_of(fmt(0, "VP9"))
    assert table.choose(vp8, 120, ()) == 96
    assert table.choose(vp8, 120, {96}) == 120
    assert table.choose(vp9, 96, ()) == 98
    assert table.choose(vp9, 70, ()) == 98
    assert not table.is_free(96, vp9)
    assert table.choose(vp9, 96, range(128)) is None


@given(st.lists(st.tuples(st.integers(0, 127), st.sampled_from(["VP8", "VP9", "AV1", "H265"]))))
def test_a_chosen_number_never_has_two_meanings(items: list[tuple[int, str]]) -> None:
    table = PayloadTypes()
    for number, name in items:
        item = fmt(number, name)
        chosen = table.choose(configuration_of(item), number, ())
        assert chosen is not None
        assert table.is_free(chosen, configuration_of(item))
        table.bind([fmt(chosen, name)])


@given(
    st.lists(st.lists(st.sampled_from(["a", "v", "d", "v1", "x"]), max_size=4), max_size=3),
    st.lists(st.sampled_from(["a", "v", "v1", "d"]), unique=True),
    st.lists(st.sampled_from(["", "-", "*", "!", "*!", "-*"]), min_size=4, max_size=4),
    st.sampled_from(["balanced", "max-bundle", "max-compat"]),
    st.lists(st.sampled_from(["a", "v", "d"])),
)
def test_groups_hold_only_what_is_accepted(
    groups: list[list[str]], mids: list[str], marks: list[str], policy: str, had: list[str]
) -> None:
    text = " ".join(mid + mark for mid, mark in zip(mids, marks, strict=False))
    offered = sections(text)
    found = answer_bundles(groups, offered, policy, negotiated=had)
    accepted = {
        item.mid for item in offered if item.rejected is None and item.index not in found.rejected
    }
    kept = [mid for group in found.groups for mid in group]
    assert len(kept) == len(set(kept))
    assert set(kept) <= accepted
    for group in found.groups:
        assert any(set(group) <= set(asked) for asked in groups)
        tag = next(item for item in offered if item.mid == group[0])
        assert tag.has_port
    for item in offered:
        assert not (item.bundle_only and item.mid in accepted) or item.mid in kept
