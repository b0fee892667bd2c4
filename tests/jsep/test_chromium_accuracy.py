"""How often the Chromium model is right, on recorded verdicts of Chromium 156."""

import pytest

from rtckit.jsep.stacks.chromium import predict_candidate
from tests.oracle import recorded
from tests.oracle.measure import Score, report, score


def _measured(cases: list[recorded.Recorded], name: str) -> Score:
    result = score("chromium", cases, name)
    report(result)
    return result


@pytest.mark.parametrize("source", ["mutated offers", "other cases"])
def test_given_cases(source: str) -> None:
    load = recorded.mutated_offers if source == "mutated offers" else recorded.exchanges
    result = _measured(load("chromium"), f"given, {source}")
    assert result.verdict_rate >= 0.99
    assert result.message_rate >= 0.95


@pytest.mark.parametrize("name", ["development", "final"])
def test_unseen_offers(name: str) -> None:
    cases = recorded.unseen_offers("chromium", name)
    assert len(cases) == 1000
    result = _measured(cases, f"unseen, {name} set")
    assert result.verdict_rate >= 0.97
    assert result.message_rate >= 0.90


def test_unseen_answers_reoffers_and_local_munging() -> None:
    cases = recorded.exchanges("chromium", "unseen-exchanges")
    assert len(cases) >= 290
    result = _measured(cases, "unseen, exchanges")
    assert result.verdict_rate >= 0.95
    assert result.message_rate >= 0.90


def test_candidates() -> None:
    misses = []
    for each in recorded.candidates("chromium"):
        init = each.init if isinstance(each.init, dict) else {}
        if isinstance(each.init, str):  # no RTCIceCandidateInit: the binding refuses it
            continue
        predicted = predict_candidate(
            init.get("candidate") or "",
            each.state,
            sdp_mid=None if init.get("sdpMid") is None else str(init["sdpMid"]),
            sdp_m_line_index=init.get("sdpMLineIndex"),
        )
        if predicted != each.verdict:
            misses.append((each.id, each.verdict.message, predicted.message))
    assert misses == []
