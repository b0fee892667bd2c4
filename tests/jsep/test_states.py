"""The table of signalling states against W3C webrtc-pc, 4.3.1, and RFC 9429, 3.2, 5.5 to 5.7."""

import itertools

import pytest

from rtckit.jsep.states import (
    ANSWER_STATES,
    IMPLICIT_ROLLBACK,
    IMPLICIT_TYPES,
    OFFER_STATES,
    SDP_TYPES,
    SIDES,
    SIGNALING_STATES,
    TRANSITIONS,
    next_state,
)

# RFC 9429, figure 2, arrow by arrow, and 5.7 with the limits of W3C webrtc-pc, 4.4.1.4, step 2.
# One line a state: what each of set{Local,Remote}({offer,pranswer,answer,rollback}) leads to.
EXPECTED = """
state                 L-offer            L-pranswer          L-answer L-rollback R-offer           R-pranswer           R-answer R-rollback
stable                have-local-offer   -                   -        -          have-remote-offer -                    -        -
have-local-offer      have-local-offer   -                   -        stable     -                 have-remote-pranswer stable   stable
have-remote-offer     -                  have-local-pranswer stable   stable     have-remote-offer -                    -        stable
have-local-pranswer   -                  have-local-pranswer stable   -          -                 -                    -        -
have-remote-pranswer  -                  -                   -        -          -                 have-remote-pranswer stable   -
closed                -                  -                   -        -          -                 -                    -        -
"""  # noqa: E501 - a table
ROWS = [line.split() for line in EXPECTED.strip().splitlines()[1:]]
COLUMNS = [(side, sdp_type) for side in ("local", "remote") for sdp_type in SDP_TYPES]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_state(row: list[str]) -> None:
    found = [next_state(row[0], side, sdp_type) or "-" for side, sdp_type in COLUMNS]
    assert found == row[1:]


def test_the_table_says_nothing_else() -> None:
    every = set(itertools.product(SIGNALING_STATES, SIDES, SDP_TYPES))
    assert set(TRANSITIONS) <= every
    assert len(ROWS) == len(SIGNALING_STATES)
    assert set(TRANSITIONS.values()) <= set(SIGNALING_STATES)


def test_every_state_but_closed_leads_back_to_stable() -> None:
    leads = {state for (state, _, _), after in TRANSITIONS.items() if after == "stable"}
    assert leads == set(SIGNALING_STATES) - {"stable", "closed"}


def test_where_descriptions_can_be_made() -> None:
    # createOffer: "neither "stable" nor "have-local-offer"" is refused; createAnswer: "neither
    # "have-remote-offer" nor "have-local-pranswer"".
    assert {"stable", "have-local-offer"} == OFFER_STATES
    assert {"have-remote-offer", "have-local-pranswer"} == ANSWER_STATES
    for state in OFFER_STATES:
        assert next_state(state, "local", "offer")
    for state in ANSWER_STATES:
        assert next_state(state, "local", "answer")


def test_what_is_made_without_an_argument() -> None:
    # "offer" if "stable", "have-local-offer" or "have-remote-pranswer"; otherwise "answer".
    offers = {state for state, made in IMPLICIT_TYPES.items() if made == "offer"}
    assert offers == {"stable", "have-local-offer", "have-remote-pranswer"}
    assert set(IMPLICIT_TYPES) == set(SIGNALING_STATES) - {"closed"}


def test_glare_is_the_one_step_that_rolls_back_by_itself() -> None:
    assert IMPLICIT_ROLLBACK not in TRANSITIONS
    state, _, _ = IMPLICIT_ROLLBACK
    assert next_state(state, "local", "rollback") == "stable"
