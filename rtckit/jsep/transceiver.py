"""RTCRtpTransceiver with its sender, as far as descriptions show it (W3C webrtc-pc, 5.4)."""

from dataclasses import dataclass, field

__all__ = ["DIRECTIONS", "Encoding", "Transceiver", "direction_of", "intersect", "reverse_of"]

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
"""RTCRtpTransceiverDirection, but for ``stopped``."""

_REVERSED = {"sendonly": "recvonly", "recvonly": "sendonly"}
_SENDING = ("sendrecv", "sendonly")
_RECEIVING = ("sendrecv", "recvonly")


def reverse_of(direction: str) -> str:
    """Return a direction as the other side sees it (RFC 3264, 6.1)."""
    return _REVERSED.get(direction, direction)


def direction_of(sends: bool, receives: bool) -> str:
    """Return the direction that sends or not, and receives or not."""
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def intersect(one: str, other: str) -> str:
    """Return what two directions of the same side have in common (RFC 9429, 5.3.1)."""
    return direction_of(
        one in _SENDING and other in _SENDING, one in _RECEIVING and other in _RECEIVING
    )


@dataclass(slots=True)
class Encoding:
    """One entry of sendEncodings (RTCRtpEncodingParameters).

    Attributes:
        rid: its RtpStreamId (RFC 8851); None for a single encoding.
        active: whether it is sent.
        scale_resolution_down_by: by how much pictures are made smaller; None if not given.
    """

    rid: str | None = None
    active: bool = True
    scale_resolution_down_by: float | None = None


@dataclass(slots=True, eq=False)
class Transceiver:
    """A transceiver.

    Attributes:
        kind: ``audio`` or ``video``.
        direction: the preferred direction, as the page set it.
        current_direction: what was negotiated last; None before.
        mid: the mid it is associated with; None before a description with it is set.
        level: the index of its m-line once a local or remote description gave it one.
        proposed_mid: the mid createOffer gave it, not set yet (RFC 9429, 5.2.1).
        track_id: the id of the sender's track; None without a track.
        stream_ids: the MediaStreams the sender's track is associated with.
        encodings: the send encodings; one without a rid when no simulcast is asked for.
        codec_preferences: ``mime/clock/channels/fmtp`` capabilities set by setCodecPreferences, as
            dictionaries of RTCRtpCodec (``mimeType``, ``clockRate``, ``channels``,
            ``sdpFmtpLine``); empty for the default order.
        stopping: stop() was called.
        stopped: the m-line was rejected as well, in a completed exchange.
        made_by: ``addTrack``, ``addTransceiver`` or ``setRemoteDescription``.
        used_by_add_track: addTrack gave a track to it after it was made by something else.
        has_sent: its current direction once included sending; addTrack does not take it then.
        remote_stream_ids: the MediaStreams the peer's track belongs to.
        remote_track_id: the id the peer's description gives its track, if any.
        is_receiving: whether a ``track`` event was fired for it and not taken back.
    """

    kind: str
    direction: str = "sendrecv"
    current_direction: str | None = None
    mid: str | None = None
    level: int | None = None
    proposed_mid: str | None = None
    track_id: str | None = None
    stream_ids: tuple[str, ...] = ()
    encodings: list[Encoding] = field(default_factory=lambda: [Encoding()])
    codec_preferences: tuple[dict[str, object], ...] = ()
    stopping: bool = False
    stopped: bool = False
    made_by: str = "addTransceiver"
    used_by_add_track: bool = False
    has_sent: bool = False
    remote_stream_ids: tuple[str, ...] = ()
    remote_track_id: str | None = None
    is_receiving: bool = False

    @property
    def sends(self) -> bool:
        """Whether the preferred direction includes sending."""
        return self.direction in _SENDING

    @property
    def receives(self) -> bool:
        """Whether the preferred direction includes receiving."""
        return self.direction in _RECEIVING

    @property
    def shown_direction(self) -> str:
        """What the ``direction`` attribute reads: ``stopped`` once stop() was called."""
        return "stopped" if self.stopping else self.direction

    @property
    def shown_current_direction(self) -> str | None:
        """What the ``currentDirection`` attribute reads: ``stopped`` when it is."""
        return "stopped" if self.stopped else self.current_direction

    def stop_sending_and_receiving(self) -> None:
        """Mark it as stopping (W3C webrtc-pc, 5.4, "stop sending and receiving")."""
        self.direction = "inactive"
        self.stopping = True

    def stop(self) -> None:
        """Stop it for good (W3C webrtc-pc, 5.4, "stop the RTCRtpTransceiver")."""
        if not self.stopping:
            self.stop_sending_and_receiving()
        self.stopped = True
        self.current_direction = None

    def negotiate(self, direction: str) -> None:
        """Take the direction an answer settled, from this side."""
        self.current_direction = direction
        if direction in _SENDING:
            self.has_sent = True
