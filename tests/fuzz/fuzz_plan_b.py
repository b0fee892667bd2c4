"""Fuzz target: unified plan of any description."""

from rtckit.core.errors import ParseError
from rtckit.jsep.plan_b import find_plan_b, to_unified_plan
from rtckit.sdp import parse
from tests.fuzz.answering import OFFERS

SEEDS = OFFERS


def check(data: bytes) -> None:
    """Convert without an error; what is converted has one track a section, and stays as it is."""
    try:
        document = parse(data)
    except ParseError:
        return
    find_plan_b(document)
    made = to_unified_plan(document).document
    found = find_plan_b(made)
    assert found is None or not found.is_certain
    assert to_unified_plan(made).document.text == made.text
