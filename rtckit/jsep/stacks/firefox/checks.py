"""Firefox's JSEP checks of a description that could be read, in the order it makes them."""

from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.stacks.firefox.load import load

_LATER = "which is unsupported until 2-byte rtp header extensions are supported in webrtc.org"
_FORBIDDEN = frozenset((1, 2, 19, *range(64, 96)))
_USABLE = frozenset(str(number) for number in range(128) if number not in _FORBIDDEN)
_MIN_UFRAG = 4
_MIN_PWD = 22
_KEPT_COUNT = 16
_KEPT_LENGTH = 1_000_000
# The last texts, oldest first, with what was read of each.
_KEPT: dict[str, Description | tuple[str, str]] = {}
# Of all printable characters the only one that is refused (measured): RFC 8839, 5.4 allows
# letters, digits, + and / alone.
_INVALID_IN_ICE = "$"


class Rejected(Exception):
    """A check failed.

    Attributes:
        error: the name of the exception a page sees.
        message: its text.
    """

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message


def read_description(text: str) -> Description:
    """Read a description and check what every description must keep to.

    The last few are kept, since every step of an exchange looks at them again, and so are those
    Firefox made itself: what is returned is not to be changed.

    Raises:
        Rejected: an ``OperationError``; of a syntax error the message lists all that SIPCC
            found, a line each.
    """
    read = _KEPT.get(text)
    if read is None:
        read = _read(text)
        _keep(text, read)
    if isinstance(read, tuple):
        raise Rejected(*read)
    return read


def keep_description(text: str, description: Description) -> None:
    """Keep what will be read of a text that Firefox made itself, if its checks will pass it."""
    try:
        _check(description)
    except Rejected:
        return
    _keep(text, description)


def _keep(text: str, read: Description | tuple[str, str]) -> None:
    if len(text) > _KEPT_LENGTH:
        return
    while len(_KEPT) >= _KEPT_COUNT:
        _KEPT.pop(next(iter(_KEPT)), None)
    _KEPT[text] = read


def _check(description: Description) -> None:
    """Check each section that is not refused.

    Raises:
        Rejected: an ``OperationError`` for the first fault.
    """
    for section in description.sections:
        if not section.is_disabled:
            _check_section(section)


def _read(text: str) -> Description | tuple[str, str]:
    """Return a description, or the name and the message of the exception."""
    description, errors = load(text)
    if description is None:
        listed = "".join(f"SDP Parse Error on line {line}: {text}\n" for line, text in errors)
        return "OperationError", f"SIPCC Failed to parse SDP: {listed}"
    try:
        _check(description)
    except Rejected as rejection:
        return rejection.error, rejection.message
    return description


def _check_section(section: Section) -> None:
    """Check mid, extension ids and payload types of a section that is not refused."""
    level = section.level
    if section.mid is not None and len(section.mid) > 16:
        raise Rejected(
            "OperationError",
            "Invalid description, mid length greater than 16 unsupported until 2-byte rtp "
            "header extensions are supported in webrtc.org",
        )
    seen: set[int] = set()
    for number, _, _ in section.extensions or ():
        if not 1 <= number <= 14:
            raise Rejected(
                "OperationError",
                f"Description contains invalid extension id {number} on level {level} {_LATER}",
            )
        if number in seen:
            raise Rejected(
                "OperationError",
                f"Description contains duplicate extension id {number} on level {level}",
            )
        seen.add(number)
    if section.media not in ("audio", "video"):
        return
    if _USABLE.issuperset(section.formats):
        return
    for payload_type in section.formats:
        if int(payload_type) > 127:
            raise Rejected(
                "OperationError",
                f'audio/video payload type "{payload_type}" is too large at level {level}',
            )
        if int(payload_type) in _FORBIDDEN:
            raise Rejected(
                "OperationError",
                f'Illegal audio/video payload type "{payload_type}" at level {level}',
            )


def bundled_mids(description: Description) -> dict[str, Section]:
    """Return the mids in BUNDLE groups with the section that owns their transport.

    Raises:
        Rejected: a group begins with a mid nobody has or one that is refused, or a mid stands
            in the groups twice.
    """
    found: dict[str, Section] = {}
    place = "mid specified for bundle transport in group attribute"
    sections = description.by_mid() if description.bundles else {}
    for mids in description.bundles:
        if not mids:
            continue
        owner = sections.get(mids[0])
        if owner is None:
            raise Rejected(
                "InvalidAccessError", f"{place} does not exist in the SDP. (mid={mids[0]})"
            )
        if owner.is_disabled:
            raise Rejected(
                "InvalidAccessError",
                f"{place} points at a disabled m-section. (mid={mids[0]})",
            )
        for mid in mids:
            if mid in found:
                raise Rejected(
                    "InvalidAccessError", f"mid '{mid}' appears more than once in a BUNDLE group"
                )
            found[mid] = owner
    return found


def owns_transport(section: Section, bundled: dict[str, Section], *, is_offer: bool) -> bool:
    """Whether a section needs a transport of its own; in an offer only bundle-only does not."""
    if section.is_disabled:
        return False
    if section.mid is None or (is_offer and not section.is_bundle_only):
        return True
    return bundled.get(section.mid, section) is section


def _check_rtcp_mux(description: Description) -> None:
    """Check that each section with RTCP agrees to multiplex it (RFC 8829bis, 4.1.1).

    Raises:
        Rejected: an ``InvalidAccessError`` for the first that does not.
    """
    for section in description.sections:
        if not section.is_disabled and section.has_rtcp and not section.has_rtcp_mux:
            raise Rejected(
                "InvalidAccessError",
                f"m-section at level {section.level} is missing a=rtcp-mux, "
                "which is required by rtcpMuxPolicy",
            )


def check_transports(description: Description, *, is_offer: bool) -> None:
    """Check rtcp-mux and BUNDLE, then ICE, fingerprint and setup of each owner of a transport.

    Raises:
        Rejected: an ``InvalidAccessError``.
    """
    _check_rtcp_mux(description)
    bundled = bundled_mids(description)
    for section in description.sections:
        if owns_transport(section, bundled, is_offer=is_offer):
            fault = _transport_fault(section, is_offer=is_offer)
            if fault:
                raise Rejected("InvalidAccessError", fault)


def _transport_fault(section: Section, *, is_offer: bool) -> str | None:
    """Say what is wrong with the transport of a section; None if nothing is."""
    level = section.level
    if not section.ice_ufrag:
        return f"Invalid description, no ice-ufrag attribute at level {level}"
    if len(section.ice_ufrag) < _MIN_UFRAG:
        return f"Invalid description, ice-ufrag is too short at level {level}"
    if _INVALID_IN_ICE in section.ice_ufrag:
        return f"Invalid description, ice-ufrag contains invalid characters at level {level}"
    if not section.ice_pwd:
        return f"Invalid description, no ice-pwd attribute at level {level}"
    if len(section.ice_pwd) < _MIN_PWD:
        return f"Invalid description, ice-pwd is too short at level {level}"
    if _INVALID_IN_ICE in section.ice_pwd:
        return f"Invalid description, ice-pwd contains invalid characters at level {level}"
    if section.fingerprints is None:
        return f"Invalid description, no fingerprint attribute at level {level}"
    if section.fingerprints == 0:
        return f"Invalid description, no supported fingerprint algorithms present at level {level}"
    if section.setup == "holdconn":
        return f'Invalid description, illegal setup attribute "holdconn" at level {level}'
    if section.setup == "actpass" and not is_offer:
        return f'Invalid answer, illegal setup attribute "actpass" at level {level}'
    if section.setup is None and is_offer:
        return f"Invalid offer, no setup attribute at level {level}"
    return None
