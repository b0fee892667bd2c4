"""Video codecs: tables worked out from RFC 6184, 7798, 9628, 7741 and the AV1 specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep.matching import av1, h264, h265, vp8, vp9
from rtckit.jsep.matching.outcome import Match
from rtckit.sdp.codec_parameters import h264_parameters

# RFC 6184, 8.1, table 5: each line is one sub-profile, written in several ways; x bits vary.
SUB_PROFILES = {
    "Constrained Baseline": ["424000", "42c000", "42e000", "42f000", "4d8000", "4dc000", "58c000"],
    "Baseline": ["420000", "428000", "42a000", "588000", "58a000"],
    "Main": ["4d0000", "4d4000", "4d5000"],
    "Extended": ["580000", "582000"],
    "High": ["640000"],
    "High 10": ["6e0000"],
    "High 4:2:2": ["7a0000"],
    "High 4:4:4 Predictive": ["f40000"],
    "High 10 Intra": ["6e1000"],
    "CAVLC 4:4:4 Intra": ["2c1000"],
}
WRITTEN = [(name, text) for name, texts in SUB_PROFILES.items() for text in texts]


def _level(text: str, level: str) -> dict[str, str | None]:
    return {"profile-level-id": text[:4] + level}


@pytest.mark.parametrize(("name", "text"), WRITTEN)
def test_sub_profiles_match_their_other_spellings_and_nothing_else(name: str, text: str) -> None:
    for other_name, other in WRITTEN:
        found = h264.match(_level(text, "1f"), _level(other, "1f"))
        assert found.taken == (name == other_name), (text, other)
        assert found.taken or (name in found.why and other_name in found.why)


def test_without_profile_it_is_baseline_level_1() -> None:
    # RFC 6184, 8.1: "the Baseline profile, without additional constraints at Level 1".
    assert h264.configuration({}) == h264.configuration({"profile-level-id": "42000a"})
    assert h264.match({}, {"profile-level-id": "42001f"}).taken
    assert not h264.match({}, {"profile-level-id": "42e01f"}).taken


@pytest.mark.parametrize("mode", ["0", "1", "2"])
def test_packetization_modes_are_configurations(mode: str) -> None:
    offered = {"profile-level-id": "42e01f", "packetization-mode": mode}
    for other in ("0", "1", "2"):
        own = {**offered, "packetization-mode": other}
        assert h264.match(offered, own).taken == (mode == other)
    # Mode 0 is what holds without the parameter.
    assert h264.match({"profile-level-id": "42e01f"}, offered).taken == (mode == "0")


def test_unreadable_parameters_match_nothing() -> None:
    own = {"profile-level-id": "42000a", "packetization-mode": "0"}
    assert not h264.match({"profile-level-id": "42e0", "packetization-mode": "0"}, own).taken
    assert not h264.match({"profile-level-id": "42000a", "packetization-mode": "x"}, own).taken


# RFC 6184, 8.2.2: without asymmetry the lower default level, in the profile of the offer.
@pytest.mark.parametrize(
    ("offered", "own", "answered"),
    [
        ("42e01f", "42e01f", "42e01f"),
        ("42e014", "42e01f", "42e014"),
        ("42e028", "42e01f", "42e01f"),
        ("4d8014", "42e01f", "4d8014"),
        ("4d8028", "42e01f", "4d801f"),
        # Level 1b of Baseline is 11 with constraint_set3 (0x10); it is below level 1.1.
        ("42f00b", "42e00b", "42f00b"),
        ("42e00b", "42f00b", "42f00b"),
        ("42e01f", "42f00b", "42f00b"),
        # And above level 1, which has no such bit.
        ("42f00b", "42e00a", "42e00a"),
        # Other profiles have level_idc 9 for it.
        ("640009", "64001f", "640009"),
        ("64001f", "640009", "640009"),
    ],
)
def test_level_of_the_answer(offered: str, own: str, answered: str) -> None:
    found = h264.match({"profile-level-id": offered}, {"profile-level-id": own})
    assert found.taken
    assert dict(found.parameters)["profile-level-id"] == answered


@pytest.mark.parametrize(("theirs", "mine"), [("1", "1"), ("1", "0"), ("0", "1"), (None, "1")])
def test_asymmetry_takes_both(theirs: str | None, mine: str) -> None:
    offered: dict[str, str | None] = {"profile-level-id": "42e00a"}
    if theirs is not None:
        offered["level-asymmetry-allowed"] = theirs
    own: dict[str, str | None] = {
        "profile-level-id": "42e01f",
        "level-asymmetry-allowed": mine,
        "max-recv-level": "e028",
    }
    answer = dict(h264.match(offered, own).parameters)
    if theirs == mine == "1":
        assert answer["profile-level-id"] == "42e01f"
        assert answer["level-asymmetry-allowed"] == "1"
        assert answer["max-recv-level"] == "e028"
        assert h264.levels_in_use(offered, answer) == ("4", "1")
    else:
        assert answer["profile-level-id"] == "42e00a"
        assert "level-asymmetry-allowed" not in answer
        assert "max-recv-level" not in answer
        assert h264.levels_in_use(offered, answer) == ("1", "1")


def test_levels_in_use() -> None:
    high = {"profile-level-id": "42e01f", "level-asymmetry-allowed": "1"}
    low = {"profile-level-id": "42e014", "level-asymmetry-allowed": "1"}
    assert h264.levels_in_use(high, low) == ("2", "3.1")
    assert h264.levels_in_use(low, high) == ("3.1", "2")
    # max-recv-level: profile-iop and level_idc; e01f is level 3.1.
    assert h264.levels_in_use({**low, "max-recv-level": "e01f"}, high) == ("3.1", "3.1")
    # Not above the default level, it says nothing.
    assert h264.levels_in_use({**high, "max-recv-level": "e014"}, low) == ("2", "3.1")
    del low["level-asymmetry-allowed"]
    assert h264.levels_in_use(high, low) == ("2", "2")


# RFC 7798, 7.1: profile-space 0, profile-id 1, tier-flag 0, interop-constraints B00000000000,
# tx-mode SRST and level-id 93 hold where nothing is said.
DEFAULTS: dict[str, str | None] = {
    "profile-space": "0",
    "profile-id": "1",
    "tier-flag": "0",
    "interop-constraints": "B00000000000",
    "profile-compatibility-indicator": "40000000",
    "tx-mode": "SRST",
    "level-id": "93",
}


def test_h265_defaults() -> None:
    assert h265.configuration({}) == h265.configuration(DEFAULTS)
    assert h265.match({}, DEFAULTS).taken
    assert h265.match(DEFAULTS, {}).taken


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profile-space", "1"),
        ("profile-id", "2"),
        ("tier-flag", "1"),
        ("interop-constraints", "A00000000000"),
        ("profile-compatibility-indicator", "60000000"),
        ("tx-mode", "MRST"),
    ],
)
def test_h265_configuration_is_symmetric(name: str, value: str) -> None:
    found = h265.match({name: value}, {})
    assert not found.taken
    assert name in found.why
    assert not h265.match({}, {name: value}).taken
    assert h265.match({name: value}, {name: value}).taken


@pytest.mark.parametrize(
    ("offered", "own", "answered"),
    [("93", "120", "93"), ("120", "93", "93"), (None, "120", "93"), ("60", None, "60")],
)
def test_h265_level_is_not_above_the_offer(
    offered: str | None, own: str | None, answered: str
) -> None:
    parameters = [{} if text is None else {"level-id": text} for text in (offered, own)]
    found = h265.match(*parameters)
    assert found.taken
    assert dict(found.parameters)["level-id"] == answered


@pytest.mark.parametrize(
    ("offered", "own", "taken"),
    [(None, None, True), (None, "0", True), ("0", None, True), ("2", "2", True), ("2", "0", False)],
)
def test_vp9_profile(offered: str | None, own: str | None, taken: bool) -> None:
    first, second = ({} if text is None else {"profile-id": text} for text in (offered, own))
    found = vp9.match(first, {**second, "max-fs": "3600"})
    assert found.taken == taken
    if taken:
        # max-fs is the answerer's own (RFC 9628, 6.1.2).
        assert dict(found.parameters)["max-fs"] == "3600"
        assert ("profile-id" in dict(found.parameters)) == (offered is not None or own is not None)


def test_vp8_limits_are_ones_own() -> None:
    found = vp8.match({"max-fr": "30", "max-fs": "3600"}, {"max-fr": "60"})
    assert found.taken
    assert found.parameters == (("max-fr", "60"),)


def test_av1_example_of_the_specification() -> None:
    # 7.3.1: offered at level 2.0, answered with level 3.0 of tier 1.
    offered = {"profile": "0", "level-idx": "0"}
    own = {"profile": "0", "level-idx": "4", "tier": "1"}
    found = av1.match(offered, own)
    assert found.taken
    assert dict(found.parameters) == own
    sent = av1.sent_at(offered, own)
    assert (sent.profile, sent.level, sent.tier) == (0, "2.0", 0)
    assert av1.sent_at({}, {}).level == "3.1"


@pytest.mark.parametrize("profile", ["0", "1", "2"])
def test_av1_profiles_may_differ(profile: str) -> None:
    found = av1.match({"profile": profile}, {"profile": "1"})
    assert found.taken
    assert dict(found.parameters)["profile"] == "1"
    assert av1.sent_at({"profile": profile}, {"profile": "1"}).profile == min(int(profile), 1)


# -- laws ---------------------------------------------------------------------------------------

_NAMES = [
    "profile-level-id",
    "packetization-mode",
    "level-asymmetry-allowed",
    "max-recv-level",
    "profile-space",
    "profile-id",
    "tier-flag",
    "level-id",
    "tx-mode",
    "interop-constraints",
    "profile",
    "level-idx",
    "tier",
    "max-fs",
    "apt",
]
_VALUES = st.sampled_from(
    ["0", "1", "2", "9", "11", "42e01f", "42f00b", "640009", "4d0028", "e028", "SRST", "x", ""]
)
_PARAMETERS = st.dictionaries(
    st.sampled_from(_NAMES), st.one_of(st.none(), _VALUES, st.text(max_size=8)), max_size=6
)


@given(_PARAMETERS, _PARAMETERS)
def test_matching_never_raises_and_is_symmetric(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    for family in (h264, h265, vp9, av1):
        there, back = family.match(one, other), family.match(other, one)
        assert isinstance(there, Match)
        # Configurations are used symmetrically (RFC 6184, 8.2.2; RFC 7798, 7.2.2; RFC 9628, 6.1.2).
        assert there.taken == back.taken
        assert there.why
        assert there.refs
    assert h264.levels_in_use(one, other)
    assert vp8.match(one, other).taken


@given(_PARAMETERS, _PARAMETERS)
def test_an_answer_keeps_the_configuration(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    for family in (h264, h265, vp9):
        found = family.match(one, other)
        if found.taken:
            assert family.configuration(dict(found.parameters)) == family.configuration(one)


@given(_PARAMETERS, _PARAMETERS)
def test_h264_levels_never_rise_without_asymmetry(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    one.pop("level-asymmetry-allowed", None)
    found = h264.match(one, other)
    if found.taken:
        offered = h264_parameters(one).profile_level_id
        answered = h264_parameters(dict(found.parameters)).profile_level_id
        assert h264.level_rank(answered) <= h264.level_rank(offered)
