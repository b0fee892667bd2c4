"""What a connection keeps between calls, how it is saved and restored, and how it refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, ClassVar

from rtckit.jsep.configuration import Configuration
from rtckit.jsep.decision import Decision
from rtckit.jsep.facts import NOTHING, DescriptionFacts, SectionFacts, read_facts
from rtckit.jsep.identity import Identity
from rtckit.jsep.refusals import WORDS, PeerError
from rtckit.jsep.states import CLOSED, STABLE
from rtckit.jsep.transceiver import Encoding, Transceiver
from rtckit.jsep.verdict import State, TypedSdp

__all__ = ["Association", "PeerState", "SectionPlan"]

_PLAIN_FIELDS = tuple(field.name for field in fields(Transceiver) if field.name != "encodings")
_TRANSCEIVER_FIELDS = ("encodings", *_PLAIN_FIELDS)
_read_fields = attrgetter(*_PLAIN_FIELDS)  # one call for all of them
_FACTS_KEPT = 8
_COPIED = frozenset((list, dict, set))  # a look-up: three times as fast as isinstance


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """One section a description is to have.

    Attributes:
        level: its index.
        mid: its mid.
        kind: ``audio``, ``video`` or ``data``; what the other side wrote for what is unknown.
        transceiver: whose it is; None for data and for what is rejected and nobody's any more.
        rejected: it is written with port zero.
        recycled: another section stood here, rejected (RFC 9429, 5.2.2).
    """

    level: int
    mid: str
    kind: str
    transceiver: Transceiver | None = None
    rejected: bool = False
    recycled: bool = False


@dataclass(frozen=True, slots=True)
class Association:
    """What a transceiver was before the exchange under way, for a rollback."""

    mid: str | None
    level: int | None
    encodings: tuple[Encoding, ...]
    remote_stream_ids: tuple[str, ...]
    remote_track_id: str | None
    is_receiving: bool


class PeerState:
    """The state of a connection; its subclasses are the rules.

    Attributes:
        configuration: what it was made with.
        identity: where the values it makes up come from.
        capabilities: the codecs and extensions it has; None for the stack's own.
        signaling_state: RTCSignalingState.
        transceivers: those of getTransceivers(), in order.
        data_channels: the labels of the channels created here.
        data_mid: the mid of the section of the data transport; None while there is none.
        data_level: the index of that section.
        current_local: the local description of the last completed exchange.
        current_remote: the remote one.
        pending_local: the local description of the exchange under way.
        pending_remote: the remote one.
        created_offer: what createOffer returned last and may be set; None when that is over.
        created_answer: the same of createAnswer.
        offer_plan: the sections of ``created_offer``, in order.
        is_offerer: whether this side made the offer of the last completed exchange.
        negotiation_needed: the negotiation-needed flag.
        events: names of the events fired and not taken, in order.
        credentials: ufrag and password by mid, as last written or set; see `renew_credentials`.
        credentials_to_replace: those an ICE restart is to be rid of.
        version: the last ``o=`` session version.
        remote_candidates: what addIceCandidate added: the mid or index, and the candidate.
        explain: collect `decisions`.
        decisions: why the last description that was made came out so.
    """

    stack: ClassVar[str] = "rfc"
    words: ClassVar[dict[str, tuple[str, str]]] = WORDS

    def __init__(
        self,
        configuration: Configuration | None = None,
        identity: Identity | None = None,
        capabilities: Any = None,
    ) -> None:
        self.configuration = configuration or Configuration()
        self.identity = identity or Identity()
        self.capabilities = capabilities
        self.signaling_state = STABLE
        self.transceivers: list[Transceiver] = []
        self.data_channels: list[str] = []
        self.data_mid: str | None = None
        self.data_level: int | None = None
        self.current_local: TypedSdp | None = None
        self.current_remote: TypedSdp | None = None
        self.pending_local: TypedSdp | None = None
        self.pending_remote: TypedSdp | None = None
        self.created_offer: str | None = None
        self.created_answer: str | None = None
        self.offer_plan: list[SectionPlan] = []
        self.is_offerer: bool | None = None
        self.negotiation_needed = False
        self.events: list[str] = []
        self.credentials: dict[str, tuple[str, str]] = {}
        self.credentials_to_replace: frozenset[tuple[str, str]] = frozenset()
        self.version = 0
        self.remote_candidates: list[tuple[str | int | None, str]] = []
        self.explain = False
        self.decisions: list[Decision] = []
        self._used_mids: set[str] = set()
        self._next_mid = 0
        self._before: dict[Transceiver, Association] = {}
        self._data_before: tuple[str | None, int | None] = (None, None)
        self._facts: dict[str, DescriptionFacts] = {}
        self._changes = 0
        self._created_at: dict[str, int] = {}

    # -- views ----------------------------------------------------------------------------------

    @property
    def local(self) -> TypedSdp | None:
        """The local description in force: the pending one, else the current one."""
        return self.pending_local or self.current_local

    @property
    def remote(self) -> TypedSdp | None:
        """The remote description in force: the pending one, else the current one."""
        return self.pending_remote or self.current_remote

    @property
    def is_closed(self) -> bool:
        """Whether close() was called."""
        return self.signaling_state == CLOSED

    @property
    def has_sctp(self) -> bool:
        """Whether the ``sctp`` attribute has a transport (W3C webrtc-pc, 6.1)."""
        return self.data_level is not None and self.current_local is not None

    @property
    def ice_restart_requested(self) -> bool:
        """Whether restartIce() was called and no exchange has done it yet."""
        return bool(self.credentials_to_replace)

    def state(self) -> State:
        """Return where the connection stands, as the verdict models take it."""
        return State(
            signaling_state=self.signaling_state,
            current_local=self.current_local,
            current_remote=self.current_remote,
            pending_local=self.pending_local,
            pending_remote=self.pending_remote,
            created_offer=self.created_offer,
            created_answer=self.created_answer,
            is_offerer=self.is_offerer,
        )

    def take_events(self) -> list[str]:
        """Return the events since the last call, in order, and forget them."""
        events, self.events = self.events, []
        return events

    def facts_of(self, description: TypedSdp | None) -> DescriptionFacts:
        """Return the facts of a description; empty ones if there is none."""
        return NOTHING if description is None else self._read(description.sdp)

    def find_by_mid(self, mid: str | None) -> Transceiver | None:
        """Return the transceiver associated with a mid; None if there is none."""
        if mid is None:
            return None
        return next((t for t in self.transceivers if t.mid == mid), None)

    def find_by_level(self, level: int) -> Transceiver | None:
        """Return the transceiver associated with the section at a level."""
        return next((t for t in self.transceivers if t.level == level), None)

    def section_of(
        self, transceiver: Transceiver, description: TypedSdp | None
    ) -> SectionFacts | None:
        """Return a transceiver's section in a description; None if it is not associated."""
        if transceiver.mid is None:
            return None
        return self.facts_of(description).locate(transceiver.mid, transceiver.level)

    # -- ICE credentials ------------------------------------------------------------------------

    def renew_credentials(self, *, for_offer: bool, ice_restart: bool = False) -> None:
        """Bring ``credentials`` to those of the local description in force, but for restarts.

        What is missing from them afterwards the writer makes up anew (RFC 9429, 5.2.2). Those of
        an offer that was never set are forgotten where the description in force has others. Only
        offers heed restartIce: an answer cannot restart on its own (RFC 9429, 5.10).
        """
        replaced = self.credentials_to_replace if for_offer else frozenset()
        # A bundled section has none in its text, and must not keep those it had on its own.
        kept = (
            {} if ice_restart else {m: p for m, p in self.credentials.items() if p not in replaced}
        )
        for section in self.facts_of(self.local).sections:
            if section.mid is None or section.ufrag is None or section.pwd is None:
                continue
            pair = (section.ufrag, section.pwd)
            if ice_restart or pair in replaced:
                kept.pop(section.mid, None)
            else:
                kept[section.mid] = pair
        self.credentials = kept

    def restarts_remotely(self, section: SectionFacts) -> bool:
        """Whether a section of a remote offer has other credentials than in force before it."""
        old = self.facts_of(self.current_remote).locate(section.mid, section.index)
        return old is not None and (old.ufrag, old.pwd) != (section.ufrag, section.pwd)

    # -- hooks and refusals ---------------------------------------------------------------------

    def _read(self, sdp: str) -> DescriptionFacts:
        """Return the facts of a text; the last few are kept.

        Raises:
            ParseError: it is no description at all.
        """
        found = self._facts.get(sdp)
        if found is None:
            found = read_facts(sdp)
            if len(self._facts) >= _FACTS_KEPT:
                in_use = {d.sdp for d in self._descriptions() if d is not None}
                self._facts = {text: f for text, f in self._facts.items() if text in in_use}
            self._facts[sdp] = found
        return found

    def _descriptions(self) -> tuple[TypedSdp | None, ...]:
        return self.current_local, self.current_remote, self.pending_local, self.pending_remote

    def _say(self, code: str, **facts: object) -> PeerError:
        """Return the refusal of a code in the words of the stack; the caller raises it."""
        name, text = self.words[code]
        facts.setdefault("method", "")
        facts.setdefault("state", self.signaling_state)
        return PeerError(name, text.format(**facts))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Undo what was done inside when it fails (RFC 9429, 5.9 and 5.10)."""
        saved = self.__dict__.copy()
        for name, value in self.__dict__.items():
            if type(value) in _COPIED:
                saved[name] = value.copy()
        transceivers = [(t, _save(t)) for t in self.transceivers]
        facts = self._facts
        try:
            yield
        except PeerError:
            self.__dict__.clear()
            self.__dict__.update(saved)
            self._facts = facts
            for transceiver, values in transceivers:
                for name, value in zip(_TRANSCEIVER_FIELDS, values, strict=True):
                    setattr(transceiver, name, value)
            raise


def _save(transceiver: Transceiver) -> tuple[object, ...]:
    encodings = [
        Encoding(e.rid, e.active, e.scale_resolution_down_by) for e in transceiver.encodings
    ]
    return (encodings, *_read_fields(transceiver))
