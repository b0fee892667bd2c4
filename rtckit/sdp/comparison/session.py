"""The session level compared: whose session it is, its groups, and what holds for all of it."""

from rtckit.sdp.comparison.attributes import compare_other_attributes, compare_other_lines
from rtckit.sdp.comparison.change import Kind
from rtckit.sdp.comparison.impact import bundle_impact
from rtckit.sdp.comparison.matching import pair_up
from rtckit.sdp.comparison.recorder import Recorder, place_of
from rtckit.sdp.comparison.rtp import compare_extensions
from rtckit.sdp.comparison.transport import compare_transport
from rtckit.sdp.document import Document, SessionSection
from rtckit.sdp.fields import Group
from rtckit.sdp.lines import words

__all__ = ["compare_session", "relate"]


def relate(a: Document, b: Document) -> tuple[bool, str]:
    """Whether both descriptions are of one session, and that in words (RFC 8866, 5.2)."""
    one, other = a.session.origin, b.session.origin
    if one is None or other is None:
        return True, "no readable o= line to tell the session by"
    if (one.username, one.session_id) != (other.username, other.session_id):
        return False, "two sessions: the o= lines name different ones"
    if one.version == other.version:
        return True, f"one session, both version {one.version}"
    return True, f"one session, version {one.version} and then {other.version}"


def compare_session(recorder: Recorder, a: Document, b: Document, *, same_session: bool) -> None:
    """Compare the session levels, and what media sections take from there when there are none."""
    x, y = a.session, b.session
    one, other = x.origin, y.origin
    if one is not None and other is not None and one != other:
        places = (one.span, other.span)
        new = "another session; within one only the version may change (RFC 3264, 8)"
        version = "counts the descriptions of one session; must grow when they change"
        for name, impact, volatile in (
            ("session_id", new, True),
            ("version", version, True),
            ("username", new, False),
            ("nettype", "", False),
            ("addrtype", new, False),
            ("address", new, False),
        ):
            values = getattr(one, name), getattr(other, name)
            recorder.compare(f"origin.{name}", *values, places, impact, volatile=volatile)
    elif (one is None) != (other is None):
        recorder.compare(
            "origin",
            " ".join(one[:6]) if one else None,
            " ".join(other[:6]) if other else None,
            (one.span if one else None, other.span if other else None),
            "a description must have one (RFC 8866, 5.2)",
        )
    compare_other_lines(recorder, x, y)
    _compare_groups(recorder, a, b)
    recorder.flag(
        "ice_lite",
        x,
        y,
        x.ice_lite,
        y.ice_lite,
        "the writer answers checks and sends none: the peer must be the controlling end",
        "the writer now sends checks itself",
    )
    semantics = _semantics(x), _semantics(y)
    if semantics[0] != semantics[1]:
        recorder.compare(
            "msid_semantic",
            "; ".join(semantics[0]) or None,
            "; ".join(semantics[1]) or None,
            (place_of(x, "msid-semantic"), place_of(y, "msid-semantic")),
            "a legacy list of streams that is not read any more",
            volatile=True,
        )
    if not a.media or not b.media:
        compare_transport(recorder, a, b, x, y, same_session=same_session)
        compare_extensions(recorder, x, y)
        recorder.compare("direction", x.direction, y.direction)
        before, after = (" ".join(s.connection[:3]) if s.connection else None for s in (x, y))
        recorder.compare("connection", before, after)
    compare_other_attributes(recorder, x, y)


def _semantics(session: SessionSection) -> list[str]:
    found = session.find_all("msid-semantic")
    return sorted(" ".join(words(attribute.value or "")) for attribute in found)


def _compare_groups(recorder: Recorder, a: Document, b: Document) -> None:
    if a.groups == b.groups:
        return
    pairs = pair_up(
        a.groups,
        b.groups,
        lambda group: (group.semantics, group.mids),
        lambda group: (group.semantics, frozenset(group.mids)),
        lambda group: group.semantics,
    )
    several = len({group.semantics for group in a.groups}) < len(a.groups) or len(
        {group.semantics for group in b.groups}
    ) < len(b.groups)
    for one, other in pairs:
        if one and other and (one.semantics, one.mids) == (other.semantics, other.mids):
            continue
        _compare_group(recorder, one, other, several)


def _compare_group(
    recorder: Recorder, one: Group | None, other: Group | None, several: bool
) -> None:
    group = one or other
    assert group is not None
    leaf = f"groups.{group.semantics}"
    if several:
        leaf += f"[{' '.join(group.mids)}]"
    before, after = one.mids if one else (), other.mids if other else ()
    ordered = group.semantics in ("BUNDLE", "FID")
    same = sorted(before) == sorted(after)
    if one and other and same and not ordered:
        return
    if group.semantics != "BUNDLE":
        impact = "these sections belong together otherwise (RFC 5888, 5)"
    elif other is None:
        impact = "no BUNDLE any more: every section needs a transport of its own"
    elif one is None:
        impact = "the sections may share one transport (BUNDLE)"
    else:
        impact = bundle_impact(before, after)
    recorder.add(
        leaf,
        " ".join(before) if one else None,
        " ".join(after) if other else None,
        (one.span if one else None, other.span if other else None),
        impact,
        kind=Kind.MOVED if one and other and same else None,
    )
