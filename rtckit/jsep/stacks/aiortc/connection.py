"""What an aiortc connection remembers between descriptions, and how transports come about.

Nothing of aiortc's transceivers is read back from descriptions: each has its own codecs, header
extensions and transport, and a step that fails half-way leaves behind what it did before.
"""

import hashlib
from dataclasses import dataclass, field

from rtckit.jsep.capabilities import Capabilities
from rtckit.jsep.identity import Identity
from rtckit.jsep.stacks.aiortc.capabilities import RECORDED, codec_lines, extension_lines
from rtckit.jsep.stacks.aiortc.records import CandidateLine, CodecLine, Read
from rtckit.jsep.stacks.aiortc.writing import write
from rtckit.jsep.transceiver import Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = [
    "AiortcTransceiver",
    "Connection",
    "InternalError",
    "InvalidStateError",
    "OperationError",
    "SctpTransport",
    "Transport",
    "TypedRead",
    "none_has_no",
]

# The NTP time that aiortc writes as both numbers of o=; here a fixed one, counted up.
_SESSION_START = 3_900_000_000


class OperationError(Exception):
    """aiortc's exception of that name; so are the next ones."""


class InvalidStateError(Exception):
    """The step does not fit the signalling state."""


class InternalError(Exception):
    """An argument that aiortc does not take."""


def none_has_no(name: str) -> AttributeError:
    """What Python says where aiortc goes on with something that is not there."""
    return AttributeError(f"'NoneType' object has no attribute '{name}'")


@dataclass(slots=True, eq=False)
class Transport:
    """A DTLS transport on its ICE transport.

    ``role`` is auto, client or server. ``gathers`` turns False when bundling discards it, though
    sections may go on using it.
    """

    role: str = "auto"
    gathers: bool = True
    gathered: bool = False


@dataclass(slots=True, eq=False)
class AiortcTransceiver(Transceiver):
    """A transceiver with what aiortc keeps in it.

    ``level`` is set by createOffer already. ``transport`` is None when bundling found no section
    to share with. ``sender_id`` stands for the track in ``a=msid``, and is made up without one.
    """

    transport: Transport | None = None
    bundled: bool = False
    offered: str | None = None
    codecs: list[CodecLine] = field(default_factory=list)
    extensions: list[tuple[int, str]] = field(default_factory=list)
    preferred: list[CodecLine] = field(default_factory=list)
    sender_id: str = ""
    ssrc: int = 0
    rtx_ssrc: int = 0

    @property
    def shown_direction(self) -> str:
        """What ``direction`` reads; stopping changes nothing about it."""
        return self.direction

    @property
    def shown_current_direction(self) -> str | None:
        """What ``currentDirection`` reads; stopping changes nothing about it."""
        return self.current_direction


@dataclass(slots=True, eq=False)
class SctpTransport:
    """The SCTP transport of the data channels."""

    transport: Transport | None
    bundled: bool = False
    mid: str | None = None
    level: int | None = None


@dataclass(slots=True, eq=False)
class TypedRead:
    """A description as it was set, with its type and the text it was read from."""

    type: str
    description: Read
    text: str
    _shown: TypedSdp | None = None

    @property
    def shown(self) -> TypedSdp:
        """The description as its attribute shows it; the text as it was set where that fails."""
        if self._shown is None:
            try:
                self._shown = TypedSdp(self.type, write(self.description))
            except ValueError:
                self._shown = TypedSdp(self.type, self.text)
        return self._shown

    def add_candidate(self, line: CandidateLine | None, mid: str | None, index: int | None) -> None:
        """Add a candidate to the sections with a mid or index; None ends those of all."""
        self._shown = None
        for position, part in enumerate(self.description.media):
            if line is None:
                part.end_of_candidates = True
            elif position == index or part.mid == mid:
                part.candidates.append(line)


@dataclass(slots=True, eq=False)
class Connection:
    """The state of an RTCPeerConnection of aiortc."""

    identity: Identity = field(default_factory=Identity)
    capabilities: Capabilities = RECORDED
    bundle_policy: str = "balanced"
    signaling_state: str = "stable"
    closed: bool = False
    transceivers: list[AiortcTransceiver] = field(default_factory=list)
    sctp: SctpTransport | None = None
    sctp_legacy: bool = False
    transports: list[Transport] = field(default_factory=list)
    seen_mids: set[str | None] = field(default_factory=set)
    current_local: TypedRead | None = None
    current_remote: TypedRead | None = None
    pending_local: TypedRead | None = None
    pending_remote: TypedRead | None = None
    events: list[str] = field(default_factory=list)
    tracks: list[AiortcTransceiver] = field(default_factory=list)
    stream_id: str = ""
    cname: str = ""
    ufrag: str = ""
    password: str = ""
    _descriptions: int = 0
    _codecs: dict[str, list[CodecLine]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stream_id:
            self.stream_id = self.identity.new_uuid()
            self.cname = self.identity.new_uuid()
            self.ufrag = self.identity.new_ufrag(4)
            self.password = self.identity.new_pwd(22)

    @property
    def local(self) -> Read | None:
        """The local description in force."""
        found = self.pending_local or self.current_local
        return found.description if found is not None else None

    @property
    def remote(self) -> Read | None:
        """The remote description in force."""
        found = self.pending_remote or self.current_remote
        return found.description if found is not None else None

    @property
    def fingerprints(self) -> list[tuple[str, str]]:
        """The digests of the certificate; aiortc writes three of them."""
        digest = self.identity.fingerprint
        return [
            ("sha-256", digest),
            ("sha-384", hashlib.sha384(digest.encode()).digest().hex(":").upper()),
            ("sha-512", hashlib.sha512(digest.encode()).digest().hex(":").upper()),
        ]

    def new_description(self) -> Read:
        """An empty description with the origin and stream line of aiortc."""
        self._descriptions += 1
        number = _SESSION_START + self._descriptions
        return Read(origin=f"- {number} {number} IN IP4 0.0.0.0", msid_semantic=[("WMS", ["*"])])

    def codecs_of(self, kind: str) -> list[CodecLine]:
        """The codecs aiortc offers for a kind; not to be changed."""
        if kind not in self._codecs:
            self._codecs[kind] = codec_lines(self.capabilities, kind)
        return self._codecs[kind]

    def extensions_of(self, kind: str) -> list[tuple[int, str]]:
        """The header extensions aiortc offers for a kind: id and URI."""
        return extension_lines(self.capabilities, kind)

    def assert_open(self) -> None:
        """Raise InvalidStateError once closed."""
        if self.closed:
            raise InvalidStateError("RTCPeerConnection is closed")

    def enter(self, state: str) -> None:
        """Change the signalling state; aiortc tells of it even where nothing changed."""
        self.signaling_state = state
        self.events.append(f"signalingstatechange:{state}")

    def by_mid(self, mid: str | None) -> AiortcTransceiver | None:
        """The first transceiver with a mid, of whatever kind."""
        return next((item for item in self.transceivers if item.mid == mid), None)

    def by_level(self, level: int) -> AiortcTransceiver | None:
        """The first transceiver with an index among the sections."""
        return next((item for item in self.transceivers if item.level == level), None)

    def transports_in_use(self) -> list[Transport | None]:
        """The transport of each transceiver, and then that of SCTP."""
        used = [item.transport for item in self.transceivers]
        return used if self.sctp is None else [*used, self.sctp.transport]

    def new_transceiver(
        self, kind: str, direction: str, track_id: str | None = None, made_by: str = ""
    ) -> AiortcTransceiver:
        """Make a transceiver, on a transport as the bundle policy says."""
        transport, bundled = self._shared_transport(kind)
        made = AiortcTransceiver(
            kind,
            direction,
            transport=transport or self._new_transport(),
            bundled=bundled,
            track_id=track_id,
            stream_ids=(self.stream_id,),
            sender_id=track_id or self.identity.new_uuid(),
            ssrc=self.identity.new_ssrc(),
            rtx_ssrc=self.identity.new_ssrc(),
            made_by=made_by,
        )
        self.transceivers.append(made)
        return made

    def new_sctp(self) -> SctpTransport:
        """Make the SCTP transport; the ``AttributeError`` of a missing transport."""
        bundled = self.bundle_policy == "max-bundle" and bool(self.transceivers)
        transport = self.transceivers[0].transport if bundled else self._new_transport()
        if transport is None:
            raise none_has_no("state")
        self.sctp = SctpTransport(transport, bundled)
        return self.sctp

    def _shared_transport(self, kind: str) -> tuple[Transport | None, bool]:
        if self.bundle_policy == "max-bundle":
            if self.transceivers:
                return self.transceivers[0].transport, True
            if self.sctp is not None:
                return self.sctp.transport, True
        elif self.bundle_policy == "balanced":
            for item in self.transceivers:
                if item.kind == kind:
                    return item.transport, True
        return None, False

    def _new_transport(self) -> Transport:
        """A transport with the ICE credentials of the first one."""
        first = self.transceivers[0] if self.transceivers else self.sctp
        if first is not None and first.transport is None:
            raise none_has_no("transport")
        made = Transport()
        self.transports.append(made)
        return made
