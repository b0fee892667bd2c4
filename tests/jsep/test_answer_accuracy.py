"""Answers predicted against those that real peers gave, offer by offer."""

import pytest

from tests.oracle.measure_answers import AnswerScore, score
from tests.oracle.recorded_answers import AnswerSet, given, read_set

_FLOORS = {"chromium": 0.98, "firefox": 0.98, "aiortc": 0.95}


@pytest.fixture(scope="module", params=["given", "development", "final"])
def answers(request: pytest.FixtureRequest) -> tuple[str, AnswerSet]:
    """A recorded set and its name; no model was made with the offers of the final one."""
    name = str(request.param)
    return name, given() if name == "given" else read_set(f"new-{name}")


@pytest.mark.parametrize("stack", list(_FLOORS))
def test_answers_are_those_of_the_peer(stack: str, answers: tuple[str, AnswerSet]) -> None:
    name, recorded = answers
    cases = recorded.answered(stack)
    assert len(cases) >= (150 if stack == "aiortc" else 250)
    result = score(stack, cases, f"{stack}, {name}")
    assert result.rate >= _FLOORS[stack], _causes(result)


@pytest.mark.parametrize("stack", list(_FLOORS))
def test_new_offers_are_refused_as_the_peer_does(
    stack: str, answers: tuple[str, AnswerSet]
) -> None:
    name, recorded = answers
    cases = [case for case in recorded.of(stack) if case.answer is None]
    result = score(stack, cases, f"{stack}, {name}")
    assert result.refused >= 0.95 * result.refusals, _causes(result)


def _causes(result: AnswerScore) -> str:
    shown = [f"{miss.case.id}: {miss.differences[0]}" for miss in result.misses[:10]]
    return "\n".join([str(result), *shown])
