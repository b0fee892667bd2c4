"""aiortc's RTCPeerConnection 1.16, without sockets and without asyncio."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from rtckit.jsep.connection import Configuration, PeerConnection, PeerError
from rtckit.jsep.identity import Identity
from rtckit.jsep.stacks.aiortc.answering import create_answer
from rtckit.jsep.stacks.aiortc.applying import check_type, set_local, set_remote
from rtckit.jsep.stacks.aiortc.capabilities import RECORDED
from rtckit.jsep.stacks.aiortc.connection import (
    AiortcTransceiver,
    Connection,
    InternalError,
    TypedRead,
    none_has_no,
)
from rtckit.jsep.stacks.aiortc.explaining import explain_answer, explain_offer
from rtckit.jsep.stacks.aiortc.negotiation import FAILURES
from rtckit.jsep.stacks.aiortc.offering import create_offer
from rtckit.jsep.stacks.aiortc.preferences import read_preferences
from rtckit.jsep.stacks.aiortc.reader import DIRECTIONS, read_candidate
from rtckit.jsep.stacks.aiortc.sections import or_direction
from rtckit.jsep.stacks.aiortc.writing import write
from rtckit.jsep.transceiver import Encoding, Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = ["AiortcPeer"]


class AiortcPeer(PeerConnection):
    """A connection of aiortc: its steps, its texts, its exceptions.

    A step that fails is not undone: what it did before it failed stays. aiortc has no rollback
    (one is set like any description), no restartIce, no removeTrack, no simulcast and no
    negotiationneeded; ``signalingstatechange`` is told of each setter, changed or not. Descriptions
    are kept as aiortc writes them again, without what it does not read.
    """

    stack: ClassVar[str] = "aiortc"

    def __init__(
        self,
        configuration: Configuration | None = None,
        identity: Identity | None = None,
        capabilities: Any = None,
    ) -> None:
        self._connection = Connection(
            identity or Identity(),
            capabilities or RECORDED,
            (configuration or Configuration()).bundle_policy,
        )
        super().__init__(configuration, self._connection.identity, self._connection.capabilities)
        # The same list: what the connection adds, a reader of this attribute sees.
        self.transceivers = cast(list[Transceiver], self._connection.transceivers)
        self._close_failed = False
        # Once closed, aiortc has nobody left to tell of an event.
        self._is_deaf = False

    @contextmanager
    def _step(self) -> Iterator[Connection]:
        """Take a step on the connection, and show its outcome also when it fails."""
        try:
            yield self._connection
        except FAILURES as error:
            raise PeerError(type(error).__name__, str(error)) from error
        finally:
            self._show()

    def _show(self) -> None:
        connection = self._connection
        self.signaling_state = connection.signaling_state
        if not self._is_deaf:
            self.events.extend(connection.events)
        connection.events.clear()
        sctp = connection.sctp
        self.data_mid = sctp.mid if sctp is not None else None
        self.data_level = sctp.level if sctp is not None else None

    def _note_credentials(self) -> None:
        local = self._connection.local
        for part in local.media if local is not None else ():
            if part.mid and part.ufrag and part.password:
                self.credentials[part.mid] = (part.ufrag, part.password)

    # -- what there is to see: written when asked for, as aiortc does; the base cannot set it ----

    @property
    def current_local(self) -> TypedSdp | None:
        """The local description, once an answer was set."""
        return _shown(self._connection.current_local)

    @current_local.setter
    def current_local(self, _: TypedSdp | None) -> None:
        pass

    @property
    def current_remote(self) -> TypedSdp | None:
        """The remote description, once an answer was set."""
        return _shown(self._connection.current_remote)

    @current_remote.setter
    def current_remote(self, _: TypedSdp | None) -> None:
        pass

    @property
    def pending_local(self) -> TypedSdp | None:
        """The local offer set last, until a local answer is."""
        return _shown(self._connection.pending_local)

    @pending_local.setter
    def pending_local(self, _: TypedSdp | None) -> None:
        pass

    @property
    def pending_remote(self) -> TypedSdp | None:
        """The remote offer set last, until a remote answer is."""
        return _shown(self._connection.pending_remote)

    @pending_remote.setter
    def pending_remote(self, _: TypedSdp | None) -> None:
        pass

    @property
    def has_sctp(self) -> bool:
        """Whether there is an SCTP transport; aiortc makes it before it is negotiated."""
        return self._connection.sctp is not None

    # -- descriptions ------------------------------------------------------------------------------

    def create_offer(self, *, ice_restart: bool = False) -> TypedSdp:
        """Return an offer, in any state; see `offering.create_offer` for what it changes.

        Raises:
            PeerError: closed; a section has lost what stood behind it; or ``ice_restart``, which
                aiortc does not know.
        """
        if ice_restart:
            raise _unexpected("createOffer", "iceRestart")
        with self._step() as connection:
            made = create_offer(connection)
            self.decisions = explain_offer(connection, made) if self.explain else []
            self.created_offer = write(made)
            self.version += 1
            return TypedSdp("offer", self.created_offer)

    def create_answer(self) -> TypedSdp:
        """Return an answer to the remote offer.

        Raises:
            PeerError: closed, no offer to answer, or a section that cannot be answered.
        """
        with self._step() as connection:
            made = create_answer(connection)
            self.decisions = explain_answer(connection, made) if self.explain else []
            self.created_answer = write(made)
            self.version += 1
            return TypedSdp("answer", self.created_answer)

    def set_local_description(self, description: TypedSdp | None = None) -> None:
        """Set a local description; any text of the right type, made here or not.

        An empty text is a description without sections, not the one made last.

        Raises:
            PeerError: it cannot be set; the signalling state may have changed all the same.
        """
        with self._step() as connection:
            if description is None:
                set_local(connection, None)
            else:
                check_type(description.type)
                set_local(connection, description.sdp, description.type)
            if self.signaling_state != connection.signaling_state == "stable":
                self.is_offerer = False
            self._note_credentials()

    def set_remote_description(self, description: TypedSdp) -> None:
        """Set a remote description; an offer in have-local-offer is refused, never rolled back.

        Raises:
            PeerError: it cannot be set; transceivers may have been made all the same.
        """
        with self._step() as connection:
            check_type(description.type)
            set_remote(connection, description.sdp, description.type)
            if self.signaling_state != connection.signaling_state == "stable":
                self.is_offerer = True

    def add_ice_candidate(
        self, candidate: str, mid: str | None = None, index: int | None = None
    ) -> None:
        """Add a candidate, or with an empty text end them all.

        A section that is not there, or no remote description at all, is no error.

        Raises:
            PeerError: a candidate that cannot be read, or without a section.
        """
        with self._step() as connection:
            line = read_candidate(candidate.removeprefix("candidate:")) if candidate else None
            if line is not None and mid is None and index is None:
                raise ValueError("Candidate must have either sdpMid or sdpMLineIndex")
            if line is None and None in connection.transports_in_use():
                raise none_has_no("transport")
            remote = connection.pending_remote or connection.current_remote
            if remote is not None:
                remote.add_candidate(line, mid, index)
        self.remote_candidates.append((mid if mid is not None else index, candidate))

    # -- media -------------------------------------------------------------------------------------

    def add_track(
        self, kind: str, *, track_id: str | None = None, stream_ids: Sequence[str] = ()
    ) -> Transceiver:
        """Send a track by the first transceiver of its kind without one, or by a new one.

        It does not matter how the transceiver came about or whether it sent before. Streams
        cannot be named: aiortc has one for all its tracks.

        Raises:
            PeerError: closed, the track has a sender already, or no such kind.
        """
        with self._step() as connection:
            connection.assert_open()
            _check_kind(kind)
            self._check_track(track_id)
            for transceiver in connection.transceivers:
                if transceiver.kind == kind and transceiver.track_id is None:
                    self._give_track(transceiver, track_id or self.identity.new_uuid())
                    transceiver.direction = or_direction(transceiver.direction, "sendonly")
                    transceiver.used_by_add_track = True
                    return transceiver
            return connection.new_transceiver(
                kind, "sendrecv", track_id or self.identity.new_uuid(), "addTrack"
            )

    def remove_track(self, transceiver: Transceiver) -> None:
        """Refuse: aiortc has no such method."""
        raise _missing("removeTrack")

    def add_transceiver(
        self,
        kind: str,
        *,
        direction: str = "sendrecv",
        track: bool = False,
        stream_ids: Sequence[str] = (),
        send_encodings: Sequence[Encoding] = (),
    ) -> Transceiver:
        """Add a transceiver; streams cannot be named.

        Raises:
            PeerError: closed, a wrong kind or direction, or ``send_encodings``, which aiortc does
                not know.
        """
        if send_encodings:
            raise _unexpected("addTransceiver", "sendEncodings")
        with self._step() as connection:
            connection.assert_open()
            _check_kind(kind)
            if direction not in DIRECTIONS:
                raise InternalError(f'Invalid direction "{direction}"')
            track_id = self.identity.new_uuid() if track else None
            return connection.new_transceiver(kind, direction, track_id, "addTransceiver")

    def stop(self, transceiver: Transceiver) -> None:
        """Stop a transceiver; aiortc goes on negotiating a section it had before."""
        transceiver.stopped = True

    def set_direction(self, transceiver: Transceiver, direction: str) -> None:
        """Set the preferred direction, also of a stopped or closed one.

        Raises:
            PeerError: it is no direction.
        """
        if direction not in DIRECTIONS:
            raise PeerError("AssertionError", "")
        transceiver.direction = direction

    def replace_track(self, transceiver: Transceiver, track_id: str | None) -> None:
        """Give the sender another track or none; without one it gets a new id in ``a=msid``."""
        self._give_track(cast(AiortcTransceiver, transceiver), track_id)

    def set_codec_preferences(
        self, transceiver: Transceiver, codecs: Sequence[dict[str, object]]
    ) -> None:
        """Set which codecs an offer names, and of a peer's which are kept.

        Raises:
            PeerError: a codec that is not one of aiortc's.
        """
        with self._step() as connection:
            own = connection.codecs_of(transceiver.kind)
            preferred = read_preferences(own, transceiver.kind, codecs)
            cast(AiortcTransceiver, transceiver).preferred = preferred
            transceiver.codec_preferences = tuple(codecs)

    def _give_track(self, transceiver: AiortcTransceiver, track_id: str | None) -> None:
        transceiver.track_id = track_id
        transceiver.sender_id = track_id or self.identity.new_uuid()

    def _check_track(self, track_id: str | None) -> None:
        if track_id is not None and any(item.track_id == track_id for item in self.transceivers):
            raise PeerError("InvalidAccessError", "Track already has a sender")

    # -- data, ICE, the end ------------------------------------------------------------------------

    def create_data_channel(self, label: str) -> None:
        """Create a data channel, also on a closed connection.

        Raises:
            PeerError: the transport it would share is gone.
        """
        with self._step() as connection:
            if connection.sctp is None:
                connection.new_sctp()
        self.data_channels.append(label)

    def restart_ice(self) -> None:
        """Refuse: aiortc has no such method."""
        raise _missing("restartIce")

    def close(self) -> None:
        """Close the connection; its transceivers are stopped, and the last event tells of it.

        Raises:
            PeerError: a section without a transport, on which aiortc fails half-way. Closing it
                again then waits for ever, told here as a TimeoutError.
        """
        connection = self._connection
        if connection.closed:
            if self._close_failed:
                raise PeerError("TimeoutError", "the coroutine does not end")
            return
        with self._step():
            connection.closed = True
            connection.enter("closed")
            for transceiver in connection.transceivers:
                transceiver.stopped = True
            self._close_failed = True
            if connection.sctp is not None and connection.sctp.transport is None:
                raise none_has_no("_unregister_data_receiver")
            if any(item.transport is None for item in connection.transceivers):
                raise none_has_no("stop")
            self._close_failed = False
        self._is_deaf = True

    def _negotiation_needed(self) -> bool:
        return False


def _shown(kept: TypedRead | None) -> TypedSdp | None:
    return kept.shown if kept is not None else None


def _check_kind(kind: str) -> None:
    if kind not in ("audio", "video"):
        raise InternalError(f'Invalid track kind "{kind}"')


def _missing(method: str) -> PeerError:
    return PeerError("AttributeError", f"'RTCPeerConnection' object has no attribute '{method}'")


def _unexpected(method: str, argument: str) -> PeerError:
    return PeerError(
        "TypeError",
        f"RTCPeerConnection.{method}() got an unexpected keyword argument '{argument}'",
    )
