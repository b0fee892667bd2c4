"""What an application edited between createOffer and setLocalDescription, and what comes of it.

No edit is allowed (RFC 9429, 5.4); what the browsers do was measured on a first offer with audio,
video and a data channel, in Chromium 156 and Firefox ESR 153.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from rtckit.sdp.comparison import diff
from rtckit.sdp.comparison.change import Change, Diff, Kind
from rtckit.sdp.document import Document

__all__ = ["MEASURED", "Edit", "Munging", "Reaction", "find_munging"]

MEASURED = ("Chromium 156", "Firefox ESR 153")
"""The browsers whose reactions are told."""


class Reaction(NamedTuple):
    """What setLocalDescription does with an edit.

    ``outcome`` is ``refused`` (``error`` and ``message`` as the browser shows them), ``kept`` (it
    stands in ``localDescription``), ``ignored`` (accepted, and gone from there) or ``unknown``.
    """

    outcome: str
    error: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit and the reactions to it."""

    change: Change
    chromium: Reaction
    firefox: Reaction


@dataclass(frozen=True, slots=True)
class Munging:
    """The edits between what was created and what was set; ``diff`` is their comparison.

    ``stale`` tells that the two are not of one session: another connection's description, or an
    older one, was set.
    """

    diff: Diff
    edits: tuple[Edit, ...]
    stale: bool

    def refused_by(self, browser: str) -> list[Edit]:
        """The edits that ``chromium`` or ``firefox`` refuses, in the order of the sections."""
        return [edit for edit in self.edits if getattr(edit, browser).outcome == "refused"]


def find_munging(created: Document, given: Document, *, fold: bool = True) -> Munging:
    """Say what was edited in ``created`` before it was given to setLocalDescription.

    Values that differ in every description count here, since nothing but an edit changes them; with
    ``fold`` those without effect (payload types with another number aside) are left out.
    """
    found = diff(created, given, fold=False)
    edits = [
        Edit(_as_an_edit(change), *_reactions(change))
        for change in found.changes
        if not (fold and change.volatile and not _TELLS.search(change.leaf))
    ]
    return Munging(found, tuple(edits), not found.same_session)


_MEANS = {
    "ice": "credentials the application chose, not the browser",
    "fingerprints": "not the fingerprint of the browser's certificate: the peer's DTLS check fails",
}


def _as_an_edit(change: Change) -> Change:
    """The change with what it means for a description not yet in use."""
    impact = _MEANS.get(change.leaf) if change.kind is Kind.CHANGED else None
    return replace(change, impact=impact) if impact else change


_TELLS = re.compile(r"payload_type$|ssrc$|cname$|msid$|session_id$|^session\.origin")

_KEPT, _IGNORED, _UNKNOWN = Reaction("kept"), Reaction("ignored"), Reaction("unknown")


def _refused(error: str, message: str) -> Reaction:
    return Reaction("refused", error, message)


_NOT_THE_SAME = _refused(
    "InvalidModificationError", "The SDP does not match the previously generated SDP for this type"
)
_NOT_ACCEPTABLE = _refused("InvalidModificationError", "SDP is modified in a non-acceptable way")
_NUMBER = _refused("InvalidModificationError", "Changing the number of m-sections is not allowed")
_PAYLOAD = (
    _refused(
        "InvalidAccessError", "The media section with MID='...' used an invalid payload type ..."
    ),
    _refused("OperationError", 'Illegal audio/video payload type "..." at level ...'),
)


class _Rule(NamedTuple):
    """Which changes a measured reaction is to: by leaf, and by kind unless that is empty."""

    leaf: re.Pattern[str]
    kinds: str
    chromium: Reaction
    firefox: Reaction


def _rule(leaf: str, kinds: str, chromium: Reaction, firefox: Reaction) -> _Rule:
    return _Rule(re.compile(leaf), kinds, chromium, firefox)


_RULES = (
    _rule(r"^media\[\d+\]$", "added removed", _NOT_ACCEPTABLE, _NUMBER),
    _rule(
        r"^media$",
        "moved",
        _refused("OperationError", "Transceiver type does not match media description type."),
        _refused(
            "InvalidModificationError", "Changing the media-type of m-sections is not allowed"
        ),
    ),
    _rule(
        r"^mid$",
        "",
        _KEPT,
        _refused("InvalidModificationError", "Changing the mid of m-sections is not allowed."),
    ),
    _rule(
        r"^fingerprints$",
        "removed",
        _refused("InvalidAccessError", "Called with SDP without DTLS fingerprint."),
        _refused("InvalidAccessError", "Invalid description, no fingerprint attribute at level 0"),
    ),
    _rule(r"^fingerprints$", "", _NOT_THE_SAME, _KEPT),
    _rule(
        r"^setup$",
        "removed",
        _KEPT,
        _refused("InvalidAccessError", "Invalid offer, no setup attribute at level 0"),
    ),
    _rule(
        r"^session\.ice_lite$",
        "added",
        _KEPT,
        _refused("InvalidModificationError", "Running ICE in lite mode is unsupported"),
    ),
    _rule(
        r"^rtcp_mux$",
        "removed",
        _refused("InvalidAccessError", "rtcp-mux must be enabled when BUNDLE is enabled."),
        _refused(
            "InvalidAccessError",
            "m-section at level 0 is missing a=rtcp-mux, which is required by rtcpMuxPolicy",
        ),
    ),
    _rule(
        r"^candidates\[.*\]$",
        "added",
        _KEPT,
        _refused(
            "InvalidModificationError", "Adding your own candidate attributes is not supported"
        ),
    ),
    _rule(
        r"^end_of_candidates$",
        "added",
        _IGNORED,
        _refused("InvalidModificationError", "Why are you trying to set a=end-of-candidates?"),
    ),
    _rule(
        r"^codecs\.[^.]*payload_type$|^codecs\..*\.payload_type$|^payload_types\.", "", *_PAYLOAD
    ),
    _rule(r"^codecs\..*\.(fmtp\.|rtcp_fb$)", "", _KEPT, _KEPT),
    _rule(r"^codecs\.", "added", *_PAYLOAD),
    _rule(r"^codecs\.", "removed", _KEPT, _KEPT),
    _rule(r"^codecs$", "moved", _KEPT, _KEPT),
    _rule(r"^rids\.", "added", _IGNORED, _KEPT),
    _rule(r"^simulcast$", "added", _KEPT, _KEPT),
    _rule(
        r"^ssrc_groups$",
        "added changed",
        _refused("OperationError", "Failed to add send stream ssrc: ..."),
        _KEPT,
    ),
    _rule(r"^attributes\.ptime$", "", _KEPT, _KEPT),
    _rule(r"^attributes\.x-", "added", _IGNORED, _IGNORED),
    _rule(r"^(session\.)?session_name$|^crypto$", "added changed", _IGNORED, _IGNORED),
    _rule(r"^session\.origin\.(version|session_id)$", "", _KEPT, _KEPT),
    _rule(r"^session\.groups\.BUNDLE$", "removed changed moved", _KEPT, _KEPT),
    _rule(r"^(ice|ice_options|port|protocol|direction|setup)$", "changed", _KEPT, _KEPT),
    _rule(r"^(ice_options|rtcp_rsize|ssrcs|ssrc_groups)$", "removed", _KEPT, _KEPT),
    _rule(r"^(bandwidth|max_message_size|sctp_port|msid)$", "", _KEPT, _KEPT),
    _rule(r"^extmap\[.*\](\.id)?$", "", _KEPT, _KEPT),
    _rule(r"^ssrcs\[\d+\]\.(ssrc|cname)$", "", _KEPT, _KEPT),
)


def _reactions(change: Change) -> tuple[Reaction, Reaction]:
    kind = str(change.kind)
    if change.kind is Kind.CHANGED and change.leaf.startswith("media["):
        kind = "recycled"
    for rule in _RULES:
        if rule.leaf.search(change.leaf) and (not rule.kinds or kind in rule.kinds.split()):
            return rule.chromium, rule.firefox
    return _UNKNOWN, _UNKNOWN
