"""Applying a description to the transports: BUNDLE, ICE parameters, DTLS roles and fingerprints."""

import re
from dataclasses import dataclass, field, replace

from rtckit.jsep.stacks.chromium.description import RTP, Content, Description, Extension, Transport
from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint
from rtckit.jsep.stacks.chromium.refusal import INVALID_STATE, Refused

_UFRAG_LENGTH = (4, 256)
_PWD_LENGTH = (22, 256)
_NOT_ICE_CHAR = re.compile(r"[^0-9A-Za-z+/\-=#_]")
_OTHER_ROLE = {"active": "passive", "passive": "active"}


@dataclass(slots=True)
class DtlsTransport:
    """One transport: what both sides said of it last, and the DTLS role that came of it.

    ``verified`` is the fingerprint the role was settled with.

    ``sections`` are the mids that use it, ``sources`` the section each remote source belongs to,
    ``extensions`` the header extensions each section has in use, and ``agreed`` those lists of
    them, by identity, that are known to agree with all others.
    """

    name: str
    local: Transport | None = None
    remote: Transport | None = None
    role: str | None = None
    verified: Fingerprint | None = None
    sections: set[str] = field(default_factory=set)
    sources: dict[int, str] = field(default_factory=dict)
    extensions: dict[str, list[Extension]] = field(default_factory=dict)
    agreed: dict[int, list[Extension]] = field(default_factory=dict)


class Transports:
    """The transports of a connection, and which sections share them."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.by_mid: dict[str, DtlsTransport] = {}
        self.by_name: dict[str, DtlsTransport] = {}
        self._ssrcs: dict[str, set[int]] = {}
        self._group_of: dict[str, list[str]] = {}
        self._stable: set[str] = set()

    def role_of(self, mid: str) -> str | None:
        """Return the DTLS role of a section; of one that led a bundle, also once it is rejected."""
        transport = self.by_mid.get(mid) or self.by_name.get(mid)
        return transport.role if transport else None

    def copied(self) -> "Transports":
        """Return the same transports, to return to when an offer is taken back."""
        copy = Transports()
        copy.groups = [list(group) for group in self.groups]
        copy._group_of = {mid: group for group in copy.groups for mid in group}
        copies: dict[int, DtlsTransport] = {}
        for old in (*self.by_name.values(), *self.by_mid.values()):
            if id(old) not in copies:
                copies[id(old)] = replace(
                    old,
                    sections=set(old.sections),
                    sources=dict(old.sources),
                    extensions=dict(old.extensions),
                )
        copy.by_name = {name: copies[id(old)] for name, old in self.by_name.items()}
        copy.by_mid = {mid: copies[id(old)] for mid, old in self.by_mid.items()}
        copy._ssrcs = dict(self._ssrcs)
        copy._stable = set(self._stable)
        return copy

    def take_extensions(self, undone: "Transports") -> None:
        """Go on with the header extensions of sections that a rollback takes away."""
        for name, transport in undone.by_name.items():
            kept = self.by_name.get(name)
            for mid, extensions in transport.extensions.items() if kept else ():
                if kept is not None and mid not in kept.extensions:
                    kept.extensions[mid] = extensions
                    kept.agreed = {}

    def set_sources(self, mid: str, ssrcs: set[int]) -> bool:
        """Route sources to a section; False if its transport routes one to another already."""
        transport = self.by_mid.get(mid)
        if transport is None:
            return False
        self._drop_sources(mid)
        if any(transport.sources.get(ssrc, mid) != mid for ssrc in ssrcs):
            return False
        self._ssrcs[mid] = ssrcs
        transport.sources.update(dict.fromkeys(ssrcs, mid))
        return True

    def set_extensions(self, mid: str, extensions: list[Extension]) -> None:
        """Register the header extensions of a section.

        Raises:
            Refused: a number means something else to a section of the same transport, or to this
                section so far.
        """
        transport = self.by_mid.get(mid)
        if transport is None:
            raise Refused(f"No transport assigned. (mid={mid})", INVALID_STATE)
        is_new = id(extensions) not in transport.agreed
        if is_new:
            used: set[int] = set()
            for new in extensions:
                if new.id in used:
                    raise Refused(f"Duplicate extension ID: {_shown(new)} (mid={mid})")
                used.add(new.id)
            self._check_numbers(transport, mid, extensions)
        before = transport.extensions.get(mid)
        if before is not extensions and before != extensions:
            if transport.extensions.pop(mid, None) is not None:
                transport.agreed, is_new = {}, True
            transport.extensions[mid] = extensions
        if is_new:
            transport.agreed = {**transport.agreed, id(extensions): extensions}

    def _check_numbers(
        self, transport: DtlsTransport, mid: str, extensions: list[Extension]
    ) -> None:
        """Refuse a number that means something else to a section of the transport."""
        for new in extensions:
            for other, active in transport.extensions.items():
                old = next((each for each in active if each.id == new.id), None)
                if old is not None and old.uri != new.uri:
                    raise Refused(
                        "RTP extension ID reassignment not supported (collision on active MID "
                        f'{other}, id={new.id}, old_uri="{old.uri}", new_uri="{new.uri}"). '
                        f"(mid={mid})"
                    )

    def _drop_sources(self, mid: str) -> None:
        transport = self.by_mid.get(mid)
        for ssrc in self._ssrcs.pop(mid, ()):
            if transport is not None and transport.sources.get(ssrc) == mid:
                del transport.sources[ssrc]

    def apply(
        self, side: str, kind: str, local: Description | None, remote: Description | None
    ) -> None:
        """Take the local or the remote description.

        Raises:
            Refused: it breaks a rule of BUNDLE, ICE or DTLS.
        """
        description = local if side == "local" else remote
        other = remote if side == "local" else local
        assert description is not None
        self._update_groups(description, kind, other)
        for content in description.contents:
            group = self._group_of.get(content.mid)
            if not content.rejected and (group is None or group[0] == content.mid):
                self._ensure(content.mid)
        for content in description.contents:
            if content.rejected:
                self._reject(content.mid)
            else:
                self._apply_section(content, side, kind)
        if kind == "answer":
            # Until then a transport without sections is kept: the offer may be taken back.
            self.by_name = {name: t for name, t in self.by_name.items() if t.sections}
            self._stable = set(self.by_name)

    def _ensure(self, mid: str) -> None:
        if mid not in self.by_name:
            self._leave(mid)
            self.by_name[mid] = self.by_mid[mid] = DtlsTransport(mid, sections={mid})

    def _leave(self, mid: str) -> None:
        """Take a section off its transport; one without sections is gone."""
        self._drop_sources(mid)
        transport = self.by_mid.pop(mid, None)
        if transport is not None:
            transport.sections.discard(mid)
            transport.extensions.pop(mid, None)
            transport.agreed = {}
            if not transport.sections and transport.name not in self._stable:
                self.by_name.pop(transport.name, None)

    def _reject(self, mid: str) -> None:
        group = self._group_of.get(mid)
        if group is not None and group[0] == mid:
            for member in group:
                self._leave(member)
                self._group_of.pop(member, None)
            self.groups.remove(group)
            return
        self._leave(mid)
        if group is not None:
            group.remove(mid)
            del self._group_of[mid]

    def _apply_section(self, content: Content, side: str, kind: str) -> None:
        group = self._group_of.get(content.mid)
        if group is not None and group[0] != content.mid:
            self._share(content.mid, self.by_name[group[0]])
            return
        if content.media_protocol == RTP and not content.bundle_only and not content.rtcp_mux:
            raise Refused(
                f"The m= section with mid='{content.mid}' is invalid. RTCP-MUX is not enabled "
                "when it is required."
            )
        transport = self.by_mid.get(content.mid)
        if transport is None:
            raise Refused(f"Could not find transport for m= section with mid='{content.mid}'")
        reason = self._describe(transport, content.transport, side, kind)
        if reason is not None:
            raise Refused(
                f"Failed to apply the description for m= section with mid='{content.mid}': {reason}"
            )

    def _share(self, mid: str, shared: DtlsTransport) -> None:
        """Move a section to a shared transport; its sources must not be another section's."""
        if self.by_mid.get(mid) is shared:
            return
        ssrcs = self._ssrcs.get(mid, set())
        self._leave(mid)
        self.by_mid[mid] = shared
        shared.sections.add(mid)
        if not self.set_sources(mid, ssrcs):
            raise Refused(f"Failed to process the bundled m= section with mid='{mid}'.")

    def _describe(
        self, transport: DtlsTransport, new: Transport, side: str, kind: str
    ) -> str | None:
        """Give a transport its parameters; return why that fails."""
        fault = find_ice_fault(new)
        if fault is not None:
            return f"Invalid ICE parameters: {fault}"
        if kind != "offer" and not (transport.local or transport.remote):
            return "Failed to setup RTCP mux."
        if side == "local":
            transport.local = new
        else:
            transport.remote = new
        if kind == "offer":
            return None
        return _negotiate(transport, "offer" if side == "remote" else kind)

    def _update_groups(
        self, description: Description, kind: str, other: Description | None
    ) -> None:
        """Check the BUNDLE groups of a description and establish them (RFC 9143, 7)."""
        groups = description.bundles
        _check_members(description, groups)
        if kind == "offer":
            self._check_unchanged(groups)
        elif kind == "answer" and other is not None:
            _check_subset(groups, other.bundles)
            named = {mid for group in groups for mid in group}
            for mid in (mid for group in self.groups for mid in group):
                content = description.content(mid)
                if mid not in named and not (content and content.rejected):
                    raise Refused(
                        f"Answer cannot remove m= section with mid='{mid}' from "
                        "already-established BUNDLE group."
                    )
        if kind == "offer":
            for group in groups:
                for mid in group:
                    established = self._group_of.get(mid)
                    if established is not None:
                        established[:] = group
                        break
        else:
            self.groups = [list(group) for group in groups]
        self._group_of = {mid: group for group in self.groups for mid in group}
        self._check_tags(description)

    def _check_tags(self, description: Description) -> None:
        for group in self.groups:
            if not group:
                continue
            tagged = description.content(group[0])
            if tagged is None:
                raise Refused("An m= section associated with the BUNDLE-tag doesn't exist.")
            if not tagged.rejected:
                continue
            for mid in group:
                content = description.content(mid)
                if content is None:
                    raise Refused(f"A BUNDLE group contains a MID='{mid}' matching no m= section.")
                if not content.rejected:
                    raise Refused(f"The m= section with mid='{mid}' should be rejected.")

    def _check_unchanged(self, groups: list[list[str]]) -> None:
        """Check that an offer does not move sections between established groups."""
        to_new: dict[int, int] = {}
        to_old: dict[int, int] = {}
        for place, group in enumerate(groups):
            for mid in group:
                established = self._group_of.get(mid)
                if established is None:
                    continue
                old = id(established)
                if to_new.setdefault(old, place) != place or to_old.setdefault(place, old) != old:
                    raise Refused(f"MID {mid} in the offer has changed group.")


def _shown(extension: Extension) -> str:
    """Return an extension as libwebrtc prints it, bytes that are no ASCII in octal."""
    encrypted = ", encrypt" if extension.encrypted else ""
    uri = re.sub(r"([\\\"'])", r"\\\1", extension.uri)
    uri = re.sub(r"[^ -~]", lambda match: f"\\{ord(match[0]):03o}", uri)
    return f"{{uri: {uri}, id: {extension.id}{encrypted}}}"


def _check_members(description: Description, groups: list[list[str]]) -> None:
    seen: set[str] = set()
    for group in groups:
        for mid in group:
            if mid in seen:
                raise Refused(
                    f"A BUNDLE group contains a MID='{mid}' that is already in a BUNDLE group."
                )
            seen.add(mid)
            if description.content(mid) is None:
                raise Refused(f"A BUNDLE group contains a MID='{mid}' matching no m= section.")


def _check_subset(groups: list[list[str]], offered: list[list[str]]) -> None:
    """Check that the groups of an answer are parts of those offered."""
    place_of = {mid: place for place, group in enumerate(offered) for mid in group}
    used: set[int] = set()
    for group in groups:
        if not group:
            continue
        place = place_of.get(group[0])
        if place is None:
            raise Refused("A BUNDLE group was added in the answer that did not exist in the offer.")
        if place in used:
            raise Refused("A MID in the answer has changed group.")
        used.add(place)
        for mid in group:
            if place_of.get(mid) != place:
                raise Refused(
                    f"A BUNDLE group in answer contains a MID='{mid}' that was not in the "
                    "offered group."
                )


def find_ice_fault(transport: Transport) -> str | None:
    """Return what is wrong with ICE credentials (RFC 8839, 5.4); none at all are in order here."""
    if not transport.ufrag and not transport.pwd:
        return None
    for name, value, (least, most) in (
        ("ufrag", transport.ufrag, _UFRAG_LENGTH),
        ("pwd", transport.pwd, _PWD_LENGTH),
    ):
        if not least <= len(value) <= most:
            return f"ICE {name} must be between {least} and {most} characters long."
        if _NOT_ICE_CHAR.search(value):
            return f"ICE {name} must contain only alphanumeric characters, '+', and '/'."
    return None


def _negotiate(transport: DtlsTransport, local_kind: str) -> str | None:
    """Settle the DTLS role (RFC 5763, 5; RFC 8842, 5) and take the fingerprint."""
    local, remote = transport.local, transport.remote
    if local is None or remote is None:
        return "Applying an answer transport description without applying any offer."
    if local.fingerprint is None or remote.fingerprint is None:
        if local.fingerprint is not None and local_kind == "answer":
            return "Local fingerprint supplied when caller didn't offer DTLS."
        return None
    if local_kind == "offer":
        if local.role != "actpass":
            return "Offerer must use actpass value for setup attribute."
        if remote.role not in ("active", "passive", None):
            return "Answerer must use either active or passive value for setup attribute."
        role = _OTHER_ROLE[remote.role or "active"]
    else:
        if remote.role in _OTHER_ROLE:
            if transport.role is None:
                if local.role != _OTHER_ROLE[remote.role]:
                    return (
                        f"Answerer must be {_OTHER_ROLE[remote.role]} when offerer is {remote.role}"
                    )
            elif transport.role == remote.role:
                return "Offerer must use current negotiated role for setup attribute."
        if local.role not in _OTHER_ROLE:
            return "Answerer must use either active or passive value for setup attribute."
        role = str(local.role)
    if not remote.fingerprint.fits:
        return "Failed to apply remote fingerprint."
    if transport.role not in (None, role) and transport.verified == remote.fingerprint:
        return "Failed to set SSL role for the transport."
    transport.role, transport.verified = role, remote.fingerprint
    return None
