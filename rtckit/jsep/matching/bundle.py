"""BUNDLE groups of an answer, and what they make of its sections (RFC 9143, 7.3)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BundleAnswer", "OfferedSection", "answer_bundles", "is_bundle_only"]

_POLICY_REFS = ("RFC 9429, 5.3.1",)
_TAG_REFS = ("RFC 9143, 7.3.3",)
_ONLY_REFS = ("RFC 9143, 6",)


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """A section of an offer, as far as BUNDLE is concerned.

    Attributes:
        index: its place.
        mid: its mid.
        kind: ``audio``, ``video``, ``data``...
        has_port: it has a transport of its own: its port is not zero.
        bundle_only: it has ``a=bundle-only``, or no transport of its own for another reason.
        rejected: why it is rejected for other reasons; None if it is not.
        conflict: why it cannot share the transport of its group; None if it can.
    """

    index: int
    mid: str | None
    kind: str
    has_port: bool = True
    bundle_only: bool = False
    rejected: str | None = None
    conflict: str | None = None


@dataclass(slots=True)
class BundleAnswer:
    """The groups of an answer.

    Attributes:
        groups: the mids of each group that is kept, the tagged one first.
        rejected: by index, why BUNDLE rejects a section, and the sources.
        moved: by index, why a section is accepted outside its group.
        tags: by mid, the tagged one of its group.
    """

    groups: list[tuple[str, ...]] = field(default_factory=list)
    rejected: dict[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def tag_of(self, mid: str | None) -> str | None:
        """The mid whose transport a section uses; None outside all groups."""
        return self.tags.get(mid) if mid is not None else None


def is_bundle_only(policy: str, is_first: bool, is_first_of_kind: bool) -> bool:
    """Whether a section of an initial offer is bundle-only (RFC 9429, 4.1.1 and 5.2.1)."""
    if policy == "max-bundle":
        return not is_first
    return policy == "balanced" and not is_first_of_kind


def answer_bundles(
    groups: Sequence[Sequence[str]],
    sections: Sequence[OfferedSection],
    policy: str = "balanced",
    *,
    negotiated: Collection[str] = (),
) -> BundleAnswer:
    """Choose the groups of an answer, and the sections they reject (RFC 9143, 7.3.1 to 7.3.3).

    Args:
        groups: the mids of each BUNDLE group of the offer, in order.
        sections: the sections of the offer, in order.
        policy: one's own bundle policy.
        negotiated: the mids bundled before this offer. Of a group with one of them the tagged
            section cannot be rejected by itself, nor can any be moved out.

    A section is rejected when the policy wants it bundled and it is not, when it is bundle-only
    and its group has no tag, and with the tagged section of a group negotiated before.
    """
    answer = BundleAnswer()
    group_of: dict[str, int] = {}
    for place, group in enumerate(groups):
        for mid in group:
            group_of.setdefault(mid, place)
    by_mid: dict[str, OfferedSection] = {}
    for section in sections:
        if section.mid is not None:
            by_mid.setdefault(section.mid, section)
    settled = {
        place for place, group in enumerate(groups) if any(mid in negotiated for mid in group)
    }
    _move_conflicts(sections, group_of, settled, answer)
    _apply_policy(sections, group_of, policy, answer)
    for place, group in enumerate(groups):
        members = [
            by_mid[mid]
            for mid in dict.fromkeys(group)
            if mid in by_mid and group_of.get(mid) == place
        ]
        _choose_tag(members, place in settled, answer)
    bundled = {mid for group in answer.groups for mid in group}
    for section in sections:
        if section.bundle_only and section.mid not in bundled and not _is_out(section, answer):
            why = "it has no transport of its own, and its group is not accepted"
            answer.rejected[section.index] = (why, _ONLY_REFS)
    return answer


def _is_out(section: OfferedSection, answer: BundleAnswer) -> bool:
    return section.rejected is not None or section.index in answer.rejected


def _move_conflicts(
    sections: Sequence[OfferedSection],
    group_of: dict[str, int],
    settled: Collection[int],
    answer: BundleAnswer,
) -> None:
    for section in sections:
        mid = section.mid
        if section.conflict is None or mid is None or mid not in group_of:
            continue
        if section.bundle_only or group_of[mid] in settled:
            answer.rejected[section.index] = (section.conflict, ("RFC 9143, 9.1.1",))
        else:
            # It has an address of its own, and so may leave (RFC 9143, 7.3.2).
            answer.moved[section.index] = section.conflict
            del group_of[mid]


def _apply_policy(
    sections: Sequence[OfferedSection],
    group_of: Mapping[str, int],
    policy: str,
    answer: BundleAnswer,
) -> None:
    """Reject what is not bundled as the policy wants; sections the offer rejects do not count."""
    if policy not in ("max-bundle", "balanced"):
        return
    first: dict[str, OfferedSection] = {}
    for section in sections:
        if not section.has_port and not section.bundle_only:
            continue
        kind = section.kind if policy == "balanced" else ""
        leader = first.setdefault(kind, section)
        if leader is section or _is_out(section, answer):
            continue
        group = group_of.get(section.mid or "")
        if group is None or group != group_of.get(leader.mid or ""):
            what = "section" if policy == "max-bundle" else f"{section.kind} section"
            why = f"policy {policy}: it is not bundled with the first {what}"
            answer.rejected[section.index] = (why, _POLICY_REFS)


def _choose_tag(members: Sequence[OfferedSection], settled: bool, answer: BundleAnswer) -> None:
    """Find the tagged section of a group, and keep or reject the group with it."""
    alive = [section for section in members if not _is_out(section, answer)]
    offered_tag = next((section for section in members if section.has_port), None)
    if settled and offered_tag is not None and _is_out(offered_tag, answer):
        for section in alive:
            why = f"the tagged section {offered_tag.index} of its bundle is rejected"
            answer.rejected[section.index] = (why, _TAG_REFS)
        return
    tag = next((section for section in alive if section.has_port), None)
    if tag is None:
        return
    rest = [section.mid for section in alive if section is not tag]
    mids = tuple(mid for mid in (tag.mid, *rest) if mid is not None)
    answer.groups.append(mids)
    answer.tags.update((mid, mids[0]) for mid in mids)
