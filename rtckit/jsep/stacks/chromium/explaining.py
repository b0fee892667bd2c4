"""Why sections, codecs and header extensions stand in an answer of Chromium, or do not."""

from collections.abc import Sequence

from rtckit.jsep.decision import Decision
from rtckit.jsep.stacks.chromium.capabilities import Engine
from rtckit.jsep.stacks.chromium.description import Description
from rtckit.jsep.stacks.chromium.options import SectionOptions

__all__ = ["explain_answer"]


def explain_answer(
    offer: Description, answer: Description, sections: Sequence[SectionOptions], engine: Engine
) -> list[Decision]:
    """Return the decisions behind an answer."""
    return []
