"""What a description is to say, before codecs are chosen: one entry a section.

The machine fills these in from transceivers; answers and offers are written from them alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtckit.jsep.stacks.chromium.capabilities import RECORDED, Engine
from rtckit.jsep.stacks.chromium.description import Codec, Stream
from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint
from rtckit.jsep.stacks.chromium.payload_types import PayloadTypes

__all__ = ["OWN_FINGERPRINT", "Credentials", "Identifiers", "SectionOptions", "Sender"]

OWN_FINGERPRINT = Fingerprint("sha-256", bytes(32))
"""Stands for the certificate of a connection that has shown none yet."""

Credentials = tuple[str, str]
"""An ICE ufrag and pwd."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What a section says of its sender.

    Attributes:
        track: the id its sender goes by, also without a track.
        stream_ids: the streams of the track.
        layers: the rid of each simulcast layer and whether it is active; empty without simulcast.
    """

    track: str
    stream_ids: tuple[str, ...] = ()
    layers: tuple[tuple[str, bool], ...] = ()


@dataclass(slots=True)
class SectionOptions:
    """A section of a description to be made.

    Attributes:
        kind: ``audio``, ``video``, ``data`` or ``unsupported``.
        mid: its mid.
        direction: what the transceiver wants.
        stopped: it is to be rejected.
        sender: None where nothing is, and never was, sent.
        preferences: what setCodecPreferences was given.
        extensions: the header extensions wanted, in order, with the numbers they would have; None
            for the default ones.
        credentials: ICE credentials of its transport if it becomes one.
        role: the DTLS role negotiated before.
    """

    kind: str
    mid: str
    direction: str = "recvonly"
    stopped: bool = False
    sender: Sender | None = None
    preferences: tuple[Codec, ...] = ()
    extensions: Mapping[str, int] | None = None
    credentials: Credentials = ("a" * 4, "a" * 24)
    role: str | None = None


class Identifiers:
    """The sources and names an answer or offer invents; this one counts instead of rolling dice."""

    def __init__(self) -> None:
        self._last = 0
        self.cname = "a" * 16

    def new_ssrc(self) -> int:
        """Return a source that was not used yet."""
        self._last += 1
        return self._last


@dataclass(slots=True)
class Making:
    """What is the same for all sections of a description that is made.

    Attributes:
        engine: codecs and header extensions.
        fingerprint: that of the own certificate.
        identifiers: where new sources come from.
        streams: the tracks in the local description in force, by id.
        payload_types: the numbers codecs are offered under; kept by the peer.
        extension_numbers: the numbers header extensions were ever offered under; kept by the
            peer, and added to.
    """

    engine: Engine = RECORDED
    fingerprint: Fingerprint = OWN_FINGERPRINT
    identifiers: Identifiers = field(default_factory=Identifiers)
    streams: dict[str, Stream] = field(default_factory=dict)
    extension_numbers: dict[str, int] = field(default_factory=dict)
    payload_types: PayloadTypes = field(default_factory=lambda: PayloadTypes(RECORDED))
