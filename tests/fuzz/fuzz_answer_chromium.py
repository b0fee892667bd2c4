"""Fuzz target: what chromium answers to any text, and why."""

from tests.fuzz.answering import OFFERS, check_answer

SEEDS = OFFERS


def check(data: bytes) -> None:
    """Answer as chromium, without any error but the one that is documented."""
    check_answer(data, "chromium")
