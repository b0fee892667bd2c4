"""Fuzz target: what firefox answers to any text, and why."""

from tests.fuzz.answering import OFFERS, check_answer

SEEDS = OFFERS


def check(data: bytes) -> None:
    """Answer as firefox, without any error but the one that is documented."""
    check_answer(data, "firefox")
