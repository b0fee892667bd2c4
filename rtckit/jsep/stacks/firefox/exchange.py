"""Firefox's checks of a description against those that came before it."""

from rtckit.jsep.stacks.firefox.attributes import ExtMap
from rtckit.jsep.stacks.firefox.checks import Rejected, bundled_mids, check_transports
from rtckit.jsep.stacks.firefox.codecs import is_negotiable
from rtckit.jsep.stacks.firefox.description import Description, Section

_CHOSEN_BY_ANSWERER = 4096  # extension ids from here leave the choice to the answerer (RFC 8285)

UNASKED_RESTART = (
    "InvalidAccessError",
    (
        "Remote description indicates ICE restart but offer did not request ICE restart (new "
        "remote description changes either the ice-ufrag or ice-pwd)"
    ),
)
"""What is said where ICE restarts and the last offer was ours and did not ask for it."""


def check_remote(
    remote: Description,
    current_local: Description | None,
    current_remote: Description | None,
    negotiated: Description | None,
    *,
    pending_local: Description | None,
) -> None:
    """Check a remote description against the session in force.

    Args:
        remote: the new description.
        current_local: the local description in force; without one there is nothing to check.
        current_remote: the remote description in force.
        negotiated: which of the two is the answer.
        pending_local: the local offer this description answers, or that makes way for it.

    Raises:
        Rejected: an ``InvalidAccessError``.
    """
    if current_local is None:
        return
    if len(current_local.sections) > len(remote.sections):
        raise Rejected(
            "InvalidAccessError",
            "New remote description has fewer m-sections than the previous remote description.",
        )
    _check_extension_ids(remote, negotiated)
    if current_remote is None:
        return
    bundled_mids(remote)
    is_restarting = pending_local is not None and _has_new_ice(pending_local, current_local)
    first: bool | None = None
    for old, new in zip(current_remote.sections, remote.sections, strict=False):
        if not old.is_disabled and old.media != new.media:
            raise Rejected(
                "InvalidAccessError",
                f"Remote description changes the media type of m-line {new.level}; media type "
                "changes are only permitted when the m-section was previously disabled",
            )
        if old.is_disabled or new.is_disabled:
            continue
        differs = _ice_differs(old, new)
        if differs and pending_local is not None and not is_restarting:
            raise Rejected(*UNASKED_RESTART)
        if first is None:
            first = differs
        elif first != differs:
            raise Rejected(
                "InvalidAccessError",
                "Partial ICE restart is unsupported at this time (new remote description "
                "changes either the ice-ufrag or ice-pwd on fewer than all msections)",
            )


def _ice_differs(old: Section, new: Section) -> bool:
    return (old.ice_ufrag, old.ice_pwd) != (new.ice_ufrag, new.ice_pwd)


def _has_new_ice(new: Description, old: Description) -> bool:
    """Whether the ICE credentials of a description are others than before."""
    return any(
        _ice_differs(before, after)
        for before, after in zip(old.sections, new.sections, strict=False)
        if not before.is_disabled and not after.is_disabled
    )


def _check_extension_ids(remote: Description, negotiated: Description | None) -> None:
    """Check that no extension id that was agreed on now means another extension.

    Raises:
        Rejected: one does.
    """
    agreed = {
        extension.id: extension.uri
        for section in (negotiated.sections if negotiated else ())
        for extension in section.extensions or ()
        if not section.is_disabled
    }
    for section in remote.sections:
        for extension in section.extensions or ():
            before = agreed.get(extension.id, extension.uri)
            if before != extension.uri:
                raise Rejected(
                    "InvalidAccessError",
                    "Remote description attempted to remap RTP extension id "
                    f"{extension.id} from {before} to {extension.uri}",
                )


def check_local(local: Description, created: Description | None, *, is_first: bool) -> None:
    """Check what a page changed in the description Firefox made.

    Args:
        local: the description as the page hands it back.
        created: the description as it was made; None if it is not known.
        is_first: no exchange was completed before; then there can be no candidates in it.

    Raises:
        Rejected: an ``InvalidModificationError``.
    """

    def refuse(message: str) -> Rejected:
        return Rejected("InvalidModificationError", message)

    originals = created.sections if created else local.sections
    if len(local.sections) != len(originals):
        raise refuse("Changing the number of m-sections is not allowed")
    for section, original in zip(local.sections, originals, strict=True):
        if section.media != original.media:
            raise refuse("Changing the media-type of m-sections is not allowed")
        if is_first and section.has_candidates:
            raise refuse("Adding your own candidate attributes is not supported")
        if is_first and section.has_end_of_candidates:
            raise refuse("Why are you trying to set a=end-of-candidates?")
        if section.is_disabled:
            continue
        if section.mid is None:
            raise refuse("Local descriptions must have a=mid attributes.")
        if section.mid != original.mid:
            raise refuse("Changing the mid of m-sections is not allowed.")
    if local.is_ice_lite:
        raise refuse("Running ICE in lite mode is unsupported")


def check_answer(offer: Description, answer: Description) -> None:
    """Check an answer against its offer.

    Raises:
        Rejected: an ``InvalidAccessError``.
    """
    if len(offer.sections) != len(answer.sections):
        raise Rejected(
            "InvalidAccessError",
            "Offer and answer have different number of m-lines "
            f"({len(offer.sections)} vs {len(answer.sections)})",
        )
    check_transports(answer, is_offer=False)
    for offered, answered in zip(offer.sections, answer.sections, strict=True):
        fault = _pair_fault(offered, answered)
        if fault:
            raise Rejected("InvalidAccessError", fault)


def _pair_fault(offered: Section, answered: Section) -> str | None:
    """Say what is wrong with the answer to a section; None if nothing is."""
    level = offered.level
    if offered.media != answered.media:
        return f"Answer and offer have different media types at m-line {level}"
    if answered.is_disabled:
        return None
    if offered.is_disabled:
        return "Answer tried to enable an m-section that was disabled in the offer"
    if answered.is_receiving and not offered.is_sending:
        return "Answer tried to set recv when offer did not set send"
    if answered.is_sending and not offered.is_receiving:
        return "Answer tried to set send when offer did not set recv"
    if answered.mid is not None and offered.mid not in (None, answered.mid):
        return f"Answer changes mid for level, was '{offered.mid}', now '{answered.mid}'"
    return _extension_fault(offered, answered)


def _extension_fault(offered: Section, answered: Section) -> str | None:
    """Say which header extension of an answer was not offered like that."""
    level = offered.level
    if answered.extensions is None:
        return None
    if offered.extensions is None:
        return f"Answer adds extmap attributes to level {level}"
    by_uri: dict[str, ExtMap] = {}
    for extension in offered.extensions:
        by_uri.setdefault(extension.uri, extension)
    for extension in answered.extensions:
        matching = by_uri.get(extension.uri)
        if matching is None:
            return (
                f"Answer has extmap {extension.uri} at level {level} that was not present in offer."
            )
        if matching.id < _CHOSEN_BY_ANSWERER and matching.id != extension.id:
            return (
                f"Answer changed id for extmap attribute at level {level} ({extension.uri}) "
                f"from {matching.id} to {extension.id}."
            )
        if extension.id >= _CHOSEN_BY_ANSWERER:
            return (
                f"Answer used an invalid id ({extension.id}) for extmap attribute "
                f"at level {level} ({extension.uri})."
            )
    return None


def check_negotiation(answer: Description) -> None:
    """Check that each section an answer takes has a codec of Firefox.

    Raises:
        Rejected: an ``OperationError`` for the first that has none.
    """
    for section in answer.sections:
        if not section.is_disabled and not is_negotiable(section):
            raise Rejected(
                "OperationError",
                f"Answer had no codecs in common with offer in m-section {section.level}",
            )
