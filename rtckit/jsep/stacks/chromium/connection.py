"""A connection as far as descriptions change it: what is set, its state, its transports."""

from collections.abc import Callable

from rtckit.jsep.stacks.chromium.answering import create_answer, default_sections
from rtckit.jsep.stacks.chromium.channels import (
    check_local_codecs,
    check_local_streams,
    check_remote_codecs,
    check_remote_streams,
    deduplicated,
)
from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    VIDEO,
    Content,
    Description,
    Stream,
)
from rtckit.jsep.stacks.chromium.munging import munging_is_allowed
from rtckit.jsep.stacks.chromium.options import Making
from rtckit.jsep.stacks.chromium.refusal import (
    INTERNAL,
    INVALID_MODIFICATION,
    INVALID_STATE,
    Refused,
)
from rtckit.jsep.stacks.chromium.transports import Transports
from rtckit.jsep.stacks.chromium.validation import fill_in_mids, validate

_AFTER = {
    ("local", "offer"): "have-local-offer",
    ("remote", "offer"): "have-remote-offer",
    ("local", "pranswer"): "have-local-pranswer",
    ("remote", "pranswer"): "have-remote-pranswer",
}


KindAt = Callable[[str, int], str | None]
"""Says of which kind the transceiver of a mid or at a place is; None if there is none."""


class Connection:
    """What RTCPeerConnection keeps between the calls; a new one has nothing set.

    Attributes:
        lost_data_mid: the mid of a data section that a rollback took away; only a section of that
            mid is taken for data ever after.
    """

    def __init__(self) -> None:
        self.signaling_state = "stable"
        self.session_error: str | None = None
        self.local: Description | None = None
        self.remote: Description | None = None
        self.created: dict[str, Description] = {}
        self._transports = Transports()
        self._streams: dict[str, list[Stream]] = {}
        self._sent: dict[str, list[Stream]] = {}
        self._sctp: tuple[int, int] | None = None
        self._stable: tuple[Description | None, Description | None] = (None, None)
        self._transports_before: Transports | None = None
        self.kind_at: KindAt | None = None
        self.lost_data_mid: str | None = None
        self._mids: set[str] = set()

    def roll_back(self) -> None:
        """Undo the offer that is not answered yet.

        Raises:
            Refused: there is none.
        """
        self._check_session()
        if self.signaling_state not in ("have-local-offer", "have-remote-offer"):
            raise Refused(f"Called in wrong signalingState: {self.signaling_state}", INVALID_STATE)
        self.signaling_state = "stable"
        self.local, self.remote = self._stable
        if self._transports_before is not None:
            self._transports_before.take_extensions(self._transports)
            self._transports = self._transports_before

    def _check_session(self) -> None:
        if self.session_error is not None:
            raise Refused(
                "Session error code: ERROR_CONTENT. Session error description: "
                f"{self.session_error}.",
                INTERNAL,
            )

    def set_remote(self, kind: str, description: Description) -> None:
        """Take a remote description.

        Raises:
            Refused: it is not taken. If it was found out only while it was applied, the
                connection is of no further use.
        """
        self._check_session()
        if kind == "offer" and self.signaling_state == "have-local-offer":
            self.roll_back()
        fill_in_mids(description, self.local, self.remote, self._mids)
        self._mids.update(content.mid for content in description.contents)
        validate(description, kind, "remote", self.signaling_state, self.local, self.remote)
        self._begin()
        self.remote = description
        try:
            self._transports.apply("remote", kind, self.local, description)
            self._advance("remote", kind)
            for content in description.contents:
                if content.kind in (AUDIO, VIDEO) and not content.rejected:
                    self._receive(content)
            self._start_sctp()
        except Refused as refusal:
            self.session_error = refusal.reason
            raise

    def set_local(self, kind: str, description: Description, *, is_created: bool = False) -> None:
        """Take a local description.

        Args:
            kind: its type.
            description: what it says.
            is_created: it is known to be what was created last, as the parser reads it.

        Raises:
            Refused: it is not taken, for good as in `set_remote`.
        """
        self._check_session()
        validate(description, kind, "local", self.signaling_state, self.local, self.remote)
        created = self.created.get("offer" if kind == "offer" else "answer")
        if not (is_created or created is None or munging_is_allowed(created, description)):
            raise Refused("SDP is modified in a non-acceptable way", INVALID_MODIFICATION)
        self._begin()
        self.local = description
        try:
            self._check_fingerprints(created, description)
            self._transports.apply("local", kind, description, self.remote)
            self._check_kinds(created, description)
            self._advance("local", kind)
            for content in description.contents:
                if content.kind in (AUDIO, VIDEO) and not content.rejected:
                    self._transports.set_extensions(content.mid, deduplicated(content.extensions))
                    check_local_codecs(content)
                    check_local_streams(content, self._sent.get(content.mid, []))
                    self._sent[content.mid] = content.streams
            self._start_sctp()
            _check_sources(description)
        except Refused as refusal:
            self.session_error = refusal.reason
            raise Refused(refusal.reason, INTERNAL) from None

    def role_of(self, mid: str) -> str | None:
        """Return the DTLS role negotiated for a section; None if there is none yet."""
        return self._transports.role_of(mid)

    def create_answer(self) -> Description:
        """Return what createAnswer would without tracks and the page's wishes.

        Raises:
            Refused: it would fail.
        """
        if self.signaling_state not in ("have-remote-offer", "have-local-pranswer"):
            raise Refused(
                "PeerConnection cannot create an answer in a state other than have-remote-offer "
                "or have-local-pranswer.",
                INVALID_STATE,
            )
        assert self.remote is not None
        roles = {
            mid: transport.role
            for mid, transport in self._transports.by_mid.items()
            if transport.role is not None
        }
        return create_answer(
            self.remote, default_sections(self.remote, roles), Making(), self.local
        )

    def _receive(self, content: Content) -> None:
        self._transports.set_extensions(content.mid, deduplicated(content.extensions))
        check_remote_codecs(content)
        ssrcs = {ssrc for stream in content.streams for ssrc in stream.ssrcs}
        if not self._transports.set_sources(content.mid, ssrcs):
            raise Refused(f"Failed to set up audio demuxing for mid='{content.mid}'.")
        check_remote_streams(content, self._streams.get(content.mid, []))
        self._streams[content.mid] = content.streams

    def _start_sctp(self) -> None:
        """Start the data transport, or check that its ports are still those it started with."""
        ours = self.local and next((c for c in self.local.contents if c.kind == DATA), None)
        theirs = self.remote and next((c for c in self.remote.contents if c.kind == DATA), None)
        if not ours or not theirs:
            return
        if self._sctp is None:
            self._sctp = (ours.sctp_port, theirs.sctp_port)
        elif self._sctp != (ours.sctp_port, theirs.sctp_port):
            raise Refused("Failed to start SCTP transport.", INVALID_MODIFICATION)
        lost = self.lost_data_mid
        if lost not in (None, ours.mid) and lost not in self._transports.by_mid:
            raise Refused("Failed to start SCTP transport.", INVALID_MODIFICATION)

    def _check_fingerprints(self, created: Description | None, new: Description) -> None:
        """Check that local fingerprints are those of the certificate."""
        if created is None:
            return
        own = next((c.transport.fingerprint for c in created.contents), None)
        for content in new.contents:
            given = content.transport.fingerprint
            if content.rejected or given is None or own is None or given == own:
                continue
            if given.algorithm == own.algorithm:
                raise Refused(
                    "Failed to apply the description for m= section with "
                    f"mid='{content.mid}': Local fingerprint does not match identity. "
                    f"Expected: {own} Got: {given}"
                )

    def _check_kinds(self, created: Description | None, new: Description) -> None:
        """Check that every local media section is of the kind of its transceiver."""
        for place, content in enumerate(new.contents):
            if content.kind not in (AUDIO, VIDEO):
                continue
            if self.kind_at is not None:
                kind = self.kind_at(content.mid, place)
            else:
                kind = created.contents[place].kind if created else content.kind
            if kind not in (None, content.kind):
                raise Refused("Transceiver type does not match media description type.")

    def _begin(self) -> None:
        """Remember the transports that a rollback returns to."""
        if self.signaling_state == "stable":
            self._transports_before = self._transports.copied()

    def _advance(self, side: str, kind: str) -> None:
        self.signaling_state = _AFTER.get((side, kind), "stable")
        if self.signaling_state == "stable":
            self._stable = (self.local, self.remote)
            self._transports_before = None
        if side == "local":
            self.created.clear()


def _check_sources(description: Description) -> None:
    seen: set[int] = set()
    for content in description.contents:
        for stream in content.streams:
            for ssrc in stream.ssrcs:
                if ssrc in seen:
                    raise Refused(f"Duplicate ssrc {ssrc} is not allowed")
                seen.add(ssrc)
