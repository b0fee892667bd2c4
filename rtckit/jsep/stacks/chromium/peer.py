"""Chromium's RTCPeerConnection: the machine with libwebrtc's checks, texts and habits."""

from functools import lru_cache
from typing import Any, ClassVar

from rtckit.jsep.configuration import Configuration
from rtckit.jsep.connection import PeerConnection, PeerError
from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.identity import Identity
from rtckit.jsep.stacks.chromium.answering import create_answer
from rtckit.jsep.stacks.chromium.applying import Applying
from rtckit.jsep.stacks.chromium.capabilities import engine_of, own_capabilities
from rtckit.jsep.stacks.chromium.connection import Connection
from rtckit.jsep.stacks.chromium.description import Description
from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint
from rtckit.jsep.stacks.chromium.lexer import ParseFailed
from rtckit.jsep.stacks.chromium.offering import create_offer
from rtckit.jsep.stacks.chromium.options import Identifiers, Making
from rtckit.jsep.stacks.chromium.payload_types import PayloadTypes
from rtckit.jsep.stacks.chromium.predict import bytes_of, parse_message, set_description
from rtckit.jsep.stacks.chromium.reading import facts_of
from rtckit.jsep.stacks.chromium.refusal import INTERNAL, Refused
from rtckit.jsep.stacks.chromium.rereading import read_back
from rtckit.jsep.stacks.chromium.session import parse_description
from rtckit.jsep.stacks.chromium.words import WORDS
from rtckit.jsep.stacks.chromium.writing import write_description
from rtckit.jsep.states import ANSWER_STATES, IMPLICIT_ROLLBACK, OFFER_STATES
from rtckit.jsep.transceiver import Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = ["ChromiumPeer"]

_IMPLICIT_STATES = {
    "offer": ("stable", "have-local-offer", "have-remote-pranswer"),
    "answer": ANSWER_STATES,
    "pranswer": ANSWER_STATES,
}
_FACTS_KEPT = 8
_ROLLED_BACK = ["signalingstatechange:stable", "negotiationneeded"]


@lru_cache(maxsize=64)
def _own_fingerprint(digest: str) -> Fingerprint:
    return Fingerprint("sha-256", bytes.fromhex(digest.replace(":", "")))


class _Invented(Identifiers):
    """Sources and names from the identity of the peer."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity
        self.cname = identity.cname

    def new_ssrc(self) -> int:
        return self._identity.new_ssrc()


class ChromiumPeer(Applying, PeerConnection):
    """A peer connection of Chromium 156.

    Next to the state all peers have there is libwebrtc's own (`Connection`): the two differ after
    a description that failed half-way, which leaves a page's view as it was but the connection
    useless ("session error").
    """

    stack: ClassVar[str] = "chromium"
    words: ClassVar[dict[str, tuple[str, str]]] = WORDS

    def __init__(
        self,
        configuration: Configuration | None = None,
        identity: Identity | None = None,
        capabilities: Any = None,
    ) -> None:
        super().__init__(configuration, identity, capabilities)
        self.engine = engine_of(capabilities)
        if capabilities is None:
            self.capabilities = own_capabilities()
        self._native = Connection()
        self._native.kind_at = self._kind_at
        self._last: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self._fitting: dict[str, TypedSdp] = {}
        self._extension_numbers: dict[str, int] = {}
        self._payload_types = PayloadTypes(self.engine)
        self._lines: dict[Transceiver, int] = {}
        self._senders: dict[Transceiver, str] = {}
        self._extensions: dict[Transceiver, dict[str, int]] = {}
        self._fingerprint = _own_fingerprint(self.identity.fingerprint)

    @property
    def has_sctp(self) -> bool:
        """Whether the ``sctp`` attribute has a transport: from the first description with it."""
        return self.data_level is not None

    # -- making ---------------------------------------------------------------------------------

    def create_offer(self, *, ice_restart: bool = False) -> TypedSdp:
        """Return an offer; see `PeerConnection.create_offer`."""
        self._require_open("createOffer")
        if not {self.signaling_state, self._native.signaling_state} <= OFFER_STATES:
            raise self._say("wrong-state-createOffer", method="createOffer")
        self._check_session("createOffer")
        return self._remember(self._make_offer(ice_restart=ice_restart))

    def create_answer(self) -> TypedSdp:
        """Return an answer; see `PeerConnection.create_answer`."""
        self._require_open("createAnswer")
        if not {self.signaling_state, self._native.signaling_state} <= ANSWER_STATES:
            raise self._say("wrong-state-createAnswer", method="createAnswer")
        self._check_session("createAnswer")
        try:
            return self._remember(self._make_answer())
        except Refused as refusal:
            raise self._refuse("createAnswer", refusal) from None

    def _remember(self, description: TypedSdp) -> TypedSdp:
        self._last[description.type] = description.sdp
        self._fitting[description.type] = description
        if description.type == "offer":
            self.created_offer = description.sdp
        else:
            self.created_answer = description.sdp
        return description

    def _make_offer(self, *, ice_restart: bool = False) -> TypedSdp:
        self.renew_credentials(for_offer=True, ice_restart=ice_restart)
        self.version += 1
        self.decisions = []
        self.offer_plan = self._plan_offer()
        sections = self._offer_sections(self.offer_plan)
        made = create_offer(sections, self._making(), self._native.local)
        if self.explain:
            from rtckit.jsep.stacks.chromium.explaining_offers import explain_offer

            before = self._native.local
            self.decisions = explain_offer(self.offer_plan, sections, made, before, self.engine)
        return self._write("offer", made)

    def renew_credentials(self, *, for_offer: bool, ice_restart: bool = False) -> None:
        """Take over credentials from the local description in force, but from nowhere else."""
        if for_offer and self.credentials_to_replace:
            ice_restart = True
        super().renew_credentials(for_offer=for_offer, ice_restart=ice_restart)
        local = {section.mid for section in self.facts_of(self.local).sections}
        self.credentials = {m: pair for m, pair in self.credentials.items() if m in local}

    def restarts_remotely(self, section: SectionFacts) -> bool:
        """Whether a section has other credentials than before; none that is rejected has."""
        return not section.rejected and super().restarts_remotely(section)

    def _make_answer(self) -> TypedSdp:
        self.renew_credentials(for_offer=False)
        self._drop_restarted_credentials()
        self.version += 1
        self.decisions = []
        offer = self._native.remote
        assert offer is not None
        sections = self._answer_sections(offer)
        self._payload_types.note_answered(offer)
        made = create_answer(offer, sections, self._making(), self._native.local)
        if self.explain:
            from rtckit.jsep.stacks.chromium.explaining import explain_answer

            self.decisions = explain_answer(offer, made, sections, self.engine)
        return self._write("answer", made)

    def _write(self, kind: str, made: Description) -> TypedSdp:
        for content in made.contents:
            self.credentials[content.mid] = (content.transport.ufrag, content.transport.pwd)
        self._native.created[kind] = made
        text = write_description(made, self.identity.session_id, self.version + 1)
        if not text.isascii():
            text = text.encode("latin-1").decode("utf-8", "replace")
        self._written[kind] = text
        return TypedSdp(kind, text)

    def _making(self) -> Making:
        making = Making(self.engine, self._fingerprint, _Invented(self.identity))
        making.extension_numbers = self._extension_numbers
        making.payload_types = self._payload_types
        if self._native.local is not None:
            for content in self._native.local.contents:
                for stream in content.streams if not content.rejected else ():
                    if stream.track is not None:
                        making.streams.setdefault(stream.track, stream)
        return making

    def _write_offer(self) -> str:
        return self._make_offer().sdp

    def _write_answer(self) -> str:
        return self._make_answer().sdp

    # -- setting --------------------------------------------------------------------------------

    def set_local_description(self, description: TypedSdp | None = None) -> None:
        """Set a local description; see `PeerConnection.set_local_description`.

        An empty text stands for what was created last, whether it still fits or not. Where nothing
        was created, and without an argument, it is what was created last if nothing was changed
        since, else it is made now.
        """
        method = "setLocalDescription"
        self._require_open(method)
        if description is not None and description.type != "rollback":
            last = "offer" if description.type == "offer" else "answer"
            created = self._last.get(last, "")
            if not (description.sdp or created):
                if self.signaling_state not in _IMPLICIT_STATES[description.type]:
                    raise self._say("wrong-implicit", method=method)
                description = None
            else:
                self._set("local", TypedSdp(description.type, description.sdp or created), created)
        elif description is not None:
            self._set("local", description, None)
        if description is None:
            made = self._make_implicitly_now()
            self._set("local", made, made.sdp)

    def _make_implicitly_now(self) -> TypedSdp:
        """Return what setLocalDescription makes of nothing."""
        answers = self.signaling_state in ANSWER_STATES
        fitting = self._fitting.get("answer" if answers else "offer")
        try:
            self._check_native()
            if fitting is not None:
                return fitting
            if not answers and self.signaling_state not in OFFER_STATES:
                text = WORDS["wrong-state-createOffer"][1].partition("': ")[2]
                raise Refused(text, "InvalidStateError")
            return self._make_answer() if answers else self._make_offer()
        except Refused as refusal:
            reason = "SetLocalDescription failed to create session description - " + refusal.reason
            raise self._refuse("setLocalDescription", Refused(reason, refusal.error)) from None

    def set_remote_description(self, description: TypedSdp) -> None:
        """Set a remote description; see `PeerConnection.set_remote_description`."""
        self._require_open("setRemoteDescription")
        self._set("remote", description, None)

    def _set(self, side: str, description: TypedSdp, created: str | None) -> None:
        """Have libwebrtc set a description, then do what it does to transceivers."""
        kind = description.type
        method = f"set{side.capitalize()}Description"
        implicit = (self._native.signaling_state, side, kind) == IMPLICIT_ROLLBACK
        try:
            read = self._read_back(kind, description.sdp) if side == "local" else None
            made = set_description(self._native, side, kind, description.sdp, created, read)
        except ParseFailed as failure:
            raise self._refuse(method, Refused(parse_message(failure), INTERNAL)) from None
        except Refused as refusal:
            if implicit and self._native.signaling_state == "stable":
                self._roll_back()
            raise self._refuse(method, refusal) from None
        if implicit:
            self._roll_back()
        if made is not None:
            if side == "remote":
                self._payload_types.note_remote(made)
            else:
                self._payload_types.note_local(made)
            self._keep_facts(description.sdp, facts_of(made))
        self._fitting.clear()
        self._apply(side, description)
        self._update_negotiation_needed()
        if kind == "rollback" and self.events[-2:] == _ROLLED_BACK:
            # The state is told of together with the promise, behind what has waited for it.
            self.events[-2:] = reversed(_ROLLED_BACK)

    def _read_back(self, kind: str, text: str) -> Description | None:
        """Return the reading of a text that is what was made last; None for any other."""
        name = "offer" if kind == "offer" else "answer"
        made = self._native.created.get(name)
        if made is None or self._written.get(name) != text or not text.isascii():
            return None
        return read_back(made)

    def _note_change(self) -> None:
        self._fitting.clear()
        super()._note_change()

    def _negotiation_needed(self) -> bool:
        # Without a local description libwebrtc looks no further; after a description it could
        # not apply it is in another state than the page is told.
        if self._native.signaling_state != "stable":
            return self.negotiation_needed
        return self.current_local is None or super()._negotiation_needed()

    def _keep_facts(self, text: str, facts: DescriptionFacts) -> None:
        if len(self._facts) >= _FACTS_KEPT:
            in_use = {d.sdp for d in self._descriptions() if d is not None}
            self._facts = {key: value for key, value in self._facts.items() if key in in_use}
        self._facts[text] = facts

    def _read(self, sdp: str) -> DescriptionFacts:
        found = self._facts.get(sdp)
        if found is None:
            found = facts_of(parse_description(bytes_of(sdp)))
            self._keep_facts(sdp, found)
        return found

    # -- refusing -------------------------------------------------------------------------------

    def _check_native(self) -> None:
        reason = self._native.session_error
        if reason is not None:
            raise Refused(
                f"Session error code: ERROR_CONTENT. Session error description: {reason}.",
                INTERNAL,
            )

    def _check_session(self, method: str) -> None:
        try:
            self._check_native()
        except Refused as refusal:
            raise self._refuse(method, refusal) from None

    def _refuse(self, method: str, refusal: Refused) -> PeerError:
        text = f"Failed to execute '{method}' on 'RTCPeerConnection': {refusal.reason}"
        return PeerError(refusal.error, text)

    def _require_open(self, method: str) -> None:
        if self.is_closed and method != "restartIce":
            code = f"closed-{method}"
            raise self._say(code if code in WORDS else "closed", method=method)
