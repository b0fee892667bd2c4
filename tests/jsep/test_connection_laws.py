"""Laws of a connection, over random operations on two peers that signal to each other."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rtckit.jsep.connection import PeerConnection, PeerError
from rtckit.jsep.identity import Identity
from rtckit.jsep.stacks.rfc.peer import RfcPeer
from rtckit.jsep.states import SIGNALING_STATES
from rtckit.jsep.transceiver import DIRECTIONS, Transceiver
from rtckit.jsep.verdict import TypedSdp
from tests.jsep.plain_peer import exchange, plain_peer

ROLLBACK = TypedSdp("rollback", "")
peers = st.integers(0, 1)
kinds = st.sampled_from(["audio", "video"])


def snapshot(peer: PeerConnection) -> dict[str, Any]:
    """Everything of a connection that a failed call must leave as it was."""
    kept = {
        name: repr(sorted(value) if isinstance(value, set) else value)
        for name, value in vars(peer).items()
        if name not in ("identity", "_facts", "transceivers", "_before")
    }
    kept["transceivers"] = repr([(id(t), t) for t in peer.transceivers])
    return kept


def association(peer: PeerConnection) -> dict[str, Any]:
    """What a rollback restores."""
    return {
        "descriptions": (peer.local, peer.remote),
        "mids": {id(t): (t.mid, t.level, t.current_direction) for t in peer.transceivers},
        "data": (peer.data_mid, peer.data_level),
    }


def stopped_without_section(peer: PeerConnection) -> bool:
    """Whether a transceiver was stopped that never got a section: by the letter of W3C
    webrtc-pc, 4.7.3, step 5.1, an exchange is needed for ever after.
    """
    return any(t.stopping and not t.stopped and t.mid is None for t in peer.transceivers)


class TwoPeers(RuleBasedStateMachine):
    def make(self, seed: str) -> PeerConnection:
        return plain_peer(seed)

    @initialize()
    def begin(self) -> None:
        self.peers = [self.make("one"), self.make("two")]
        self.sent: list[list[TypedSdp]] = [[], []]
        self.mids: dict[int, tuple[Transceiver, str]] = {}
        self.sections = [0, 0]
        self.stable = [association(peer) for peer in self.peers]
        self.failures: list[tuple[str, str]] = []

    def attempt(self, index: int, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method; a failure must be a PeerError that changes nothing."""
        peer = self.peers[index]
        before = snapshot(peer)
        state = peer.signaling_state
        try:
            return getattr(peer, method)(*arguments, **options)
        except PeerError as error:
            self.failures.append((error.name, error.message))
            rolled_back = (
                method == "set_remote_description"
                and state == "have-local-offer"
                and arguments[0].type == "offer"
            )
            if not rolled_back:
                assert snapshot(peer) == before
            return error

    def pick(self, index: int, number: int) -> Transceiver | None:
        transceivers = self.peers[index].transceivers
        return transceivers[number % len(transceivers)] if transceivers else None

    # -- media ----------------------------------------------------------------------------------

    @rule(index=peers, kind=kinds, streams=st.lists(st.sampled_from("st"), max_size=2))
    def add_track(self, index: int, kind: str, streams: list[str]) -> None:
        self.attempt(index, "add_track", kind, stream_ids=streams)

    @rule(index=peers, kind=kinds, direction=st.sampled_from(DIRECTIONS))
    def add_transceiver(self, index: int, kind: str, direction: str) -> None:
        self.attempt(index, "add_transceiver", kind, direction=direction)

    @rule(index=peers, number=st.integers(0, 5), direction=st.sampled_from(DIRECTIONS))
    def set_direction(self, index: int, number: int, direction: str) -> None:
        if transceiver := self.pick(index, number):
            self.attempt(index, "set_direction", transceiver, direction)

    @rule(index=peers, number=st.integers(0, 5))
    def remove_track(self, index: int, number: int) -> None:
        if transceiver := self.pick(index, number):
            self.attempt(index, "remove_track", transceiver)

    @rule(index=peers, number=st.integers(0, 5))
    def stop(self, index: int, number: int) -> None:
        if transceiver := self.pick(index, number):
            self.attempt(index, "stop", transceiver)

    @rule(index=peers)
    def create_data_channel(self, index: int) -> None:
        self.attempt(index, "create_data_channel", "x")

    @rule(index=peers)
    def restart_ice(self, index: int) -> None:
        self.attempt(index, "restart_ice")

    # -- descriptions ---------------------------------------------------------------------------

    @rule(index=peers, restart=st.booleans())
    def create_offer(self, index: int, restart: bool) -> None:
        self.attempt(index, "create_offer", ice_restart=restart)

    @rule(index=peers)
    def create_answer(self, index: int) -> None:
        self.attempt(index, "create_answer")

    @rule(index=peers, sdp_type=st.sampled_from([None, "offer", "pranswer", "answer"]))
    def set_local(self, index: int, sdp_type: str | None) -> None:
        given = None if sdp_type is None else TypedSdp(sdp_type, "")
        failed = self.attempt(index, "set_local_description", given)
        if failed is None:
            self.note_exchange(index)
            local = self.peers[index].local
            assert local is not None
            self.sent[1 - index].append(local)

    @rule(index=peers)
    def deliver(self, index: int) -> None:
        if self.sent[index]:
            self.attempt(index, "set_remote_description", self.sent[index].pop(0))
            self.note_exchange(index)

    @rule(index=peers, number=st.integers(0, 9), sdp_type=st.sampled_from(["offer", "answer"]))
    def deliver_wrongly(self, index: int, number: int, sdp_type: str) -> None:
        known = [p.local for p in self.peers if p.local] + [
            p.remote for p in self.peers if p.remote
        ]
        if known:
            text = known[number % len(known)].sdp
            self.attempt(index, "set_remote_description", TypedSdp(sdp_type, text))
            self.note_exchange(index)

    @rule(index=peers, local=st.booleans())
    def roll_back(self, index: int, local: bool) -> None:
        peer = self.peers[index]
        state = peer.signaling_state
        before = self.stable[index]
        method = "set_local_description" if local else "set_remote_description"
        failed = self.attempt(index, method, ROLLBACK)
        legal = state in ("have-local-offer", "have-remote-offer")
        assert (failed is None) == legal
        if legal:
            after = association(peer)
            assert after["descriptions"] == before["descriptions"]
            assert after["data"] == before["data"]
            for key, was in before["mids"].items():
                assert after["mids"].get(key, was)[:2] == was[:2]
            for key, now in after["mids"].items():
                assert key in before["mids"] or now[0] is None

    @rule(first=peers)
    @precondition(lambda self: all(p.signaling_state == "stable" for p in self.peers))
    def exchange(self, first: int) -> None:
        one, two = self.peers[first], self.peers[1 - first]
        levels = [len(p.facts_of(p.local).sections) for p in self.peers]
        if levels[0] != levels[1] or (one.local and one.local not in (two.local, two.remote)):
            return  # they have come to disagree by what was delivered wrongly
        try:
            exchange(one, two)
        except PeerError:
            return
        for index in (0, 1):
            self.note_exchange(index)
        assert one.negotiation_needed == stopped_without_section(one)
        # What the answerer wants beyond the offer it may still ask for.
        exchange(two, one)
        for index, peer in enumerate(self.peers):
            self.note_exchange(index)
            assert peer.negotiation_needed == stopped_without_section(peer)
            assert peer.is_offerer is (peer is two)
        for transceiver in one.transceivers:
            if transceiver.stopping:
                continue
            mirror = two.find_by_mid(transceiver.mid)
            assert mirror is not None
            assert mirror.kind == transceiver.kind

    def note_exchange(self, index: int) -> None:
        peer = self.peers[index]
        if peer.signaling_state == "stable":
            self.stable[index] = association(peer)
            self.mids = {key: value for key, value in self.mids.items() if value[0].mid == value[1]}

    # -- laws -----------------------------------------------------------------------------------

    @invariant()
    def failures_have_names_and_words(self) -> None:
        assert all(name and message for name, message in self.failures)

    @invariant()
    def states_and_descriptions_agree(self) -> None:
        for peer in self.peers:
            assert peer.signaling_state in SIGNALING_STATES
            pending = (peer.pending_local is not None, peer.pending_remote is not None)
            assert (
                pending
                == {
                    "stable": (False, False),
                    "have-local-offer": (True, False),
                    "have-remote-offer": (False, True),
                    "have-local-pranswer": (True, True),
                    "have-remote-pranswer": (True, True),
                }[peer.signaling_state]
            )
            assert (peer.current_local is None) == (peer.current_remote is None)
            local, remote = peer.facts_of(peer.current_local), peer.facts_of(peer.current_remote)
            assert len(local.sections) == len(remote.sections)

    @invariant()
    def sections_never_disappear(self) -> None:
        for index, peer in enumerate(self.peers):
            count = len(peer.facts_of(peer.current_local).sections)
            assert count >= self.sections[index]
            self.sections[index] = count

    @invariant()
    def an_associated_transceiver_keeps_its_mid(self) -> None:
        for peer in self.peers:
            current = peer.facts_of(peer.current_local)
            for transceiver in peer.transceivers:
                settled = current.find(transceiver.mid)
                if settled is not None and transceiver.mid is not None:
                    before = self.mids.setdefault(id(transceiver), (transceiver, transceiver.mid))
                    assert before[1] == transceiver.mid

    @invariant()
    def mids_and_places_are_given_once(self) -> None:
        for peer in self.peers:
            mids = [t.mid for t in peer.transceivers if t.mid is not None]
            levels = [t.level for t in peer.transceivers if t.level is not None]
            mids += [peer.data_mid] if peer.data_mid is not None else []
            levels += [peer.data_level] if peer.data_level is not None else []
            assert len(set(mids)) == len(mids)
            assert len(set(levels)) == len(levels)
            assert all((t.mid is None) == (t.level is None) for t in peer.transceivers)

    @invariant()
    def a_transceiver_has_the_section_it_names(self) -> None:
        for peer in self.peers:
            for transceiver in peer.transceivers:
                if transceiver.mid is None:
                    continue
                facts = [
                    found
                    for d in (peer.local, peer.remote)
                    if (found := peer.section_of(transceiver, d)) is not None
                ]
                assert facts
                assert all(f.kind == transceiver.kind for f in facts)
                assert all(f.index == transceiver.level for f in facts)

    @invariant()
    def the_flag_says_what_the_algorithm_says(self) -> None:
        for peer in self.peers:
            if peer.signaling_state == "stable":
                assert peer.negotiation_needed == peer._negotiation_needed()


TwoPeers.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
test_laws = TwoPeers.TestCase


class TwoRfcPeers(TwoPeers):
    """The same laws hold of the stack that writes whole descriptions."""

    def make(self, seed: str) -> PeerConnection:
        return RfcPeer(identity=Identity(seed))


TwoRfcPeers.TestCase.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
test_laws_of_rfc = TwoRfcPeers.TestCase
