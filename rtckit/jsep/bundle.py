"""BUNDLE: who is in the group, whose transport it is, and who may only be taken with it.

RFC 9143, and RFC 9429, 4.1.1, 5.2.1, 5.2.2 and 5.3.1. A group is its mids; the first is the tag,
the section whose transport all of them use.
"""

from collections.abc import Collection, Iterable, Sequence

from rtckit.jsep.facts import SectionFacts
from rtckit.jsep.peer_state import SectionPlan

__all__ = [
    "answer_group",
    "bundle_only_levels",
    "lead_with",
    "offer_group",
    "refused_by_policy",
]

Group = tuple[str, ...]


def offer_group(
    plan: Iterable[SectionPlan], negotiated: Group | None = None, known: int = 0
) -> Group:
    """Return the group of an offer: every section at first, then what stays and what is new.

    Args:
        plan: the sections of the offer.
        negotiated: the group of the most recent answer, empty if it had none; None for the first
            offer. Its order stays, so that the tag moves on only when its section is rejected.
        known: how many sections that answer had; later ones are new.
    """
    alive = [section for section in plan if not section.rejected]
    if negotiated is None:
        return tuple(section.mid for section in alive)
    mids = {section.mid for section in alive}
    kept = [mid for mid in negotiated if mid in mids]
    new = [s.mid for s in alive if (s.recycled or s.level >= known) and s.mid not in kept]
    return (*kept, *new)


def lead_with(group: Group, mid: str | None) -> Group:
    """Return a group with a mid moved to its front, as its tag; as it was if it is not in it."""
    if mid is None or mid not in group:
        return group
    return (mid, *(other for other in group if other != mid))


def answer_group(offered: Group, taken: Collection[str]) -> Group:
    """Return the group that answers an offered one, in its order (RFC 9143, 7.3.1).

    The tag is the first section that is taken. Empty when none is: then no group is answered.
    """
    return tuple(mid for mid in offered if mid in taken)


def bundle_only_levels(plan: Sequence[SectionPlan], policy: str) -> frozenset[int]:
    """Return the sections of a first offer that are marked bundle-only (RFC 9429, 5.2.1).

    Once an answer was had no section is (5.2.2). ``max-bundle`` is taken as what RFC 9429 calls
    ``must-bundle``: the two are defined alike (4.1.1).
    """
    if policy == "max-compat":
        return frozenset()
    levels = set()
    seen: set[str] = set()
    for section in plan:
        if section.rejected:
            continue
        kind = section.kind if policy == "balanced" else ""
        if kind in seen:
            levels.add(section.level)
        seen.add(kind)
    return frozenset(levels)


def refused_by_policy(
    sections: Sequence[SectionFacts], bundles: Iterable[Group], policy: str
) -> frozenset[int]:
    """Return the offered sections an answerer of a policy rejects for BUNDLE (RFC 9429, 5.3.1).

    That is each that is not the first (``max-bundle``), or not the first of its kind
    (``balanced``), and not in one group with it either.
    """
    if policy == "max-compat":
        return frozenset()
    group_of = {mid: place for place, group in enumerate(bundles) for mid in group}
    first: dict[str, SectionFacts] = {}
    refused = set()
    for section in sections:
        if section.rejected:
            continue
        leader = first.setdefault(section.kind if policy == "balanced" else "", section)
        if leader is section:
            continue
        group = None if section.mid is None else group_of.get(section.mid)
        if group is None or leader.mid is None or group_of.get(leader.mid) != group:
            refused.add(section.index)
    return frozenset(refused)
