"""The methods of Chromium's interface around media: what they take, and what they make of it."""

import re
from collections.abc import Sequence

from rtckit.jsep.connection import PeerConnection
from rtckit.jsep.stacks.chromium.candidate import find_candidate_fault
from rtckit.jsep.stacks.chromium.capabilities import Engine
from rtckit.jsep.stacks.chromium.description import VIDEO
from rtckit.jsep.stacks.chromium.predict import bytes_of
from rtckit.jsep.stacks.chromium.preferences import find_preference_fault
from rtckit.jsep.transceiver import DIRECTIONS, Encoding, Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = ["Interface"]

_RID = re.compile(r"[A-Za-z0-9_-]*\Z")
_PLAIN_RID = re.compile(r"[A-Za-z0-9]*\Z")
_LONGEST_RID = 16
_MOST_LAYERS = 3


class Interface(PeerConnection):
    """The interface of a connection, but for descriptions."""

    engine: Engine
    _fitting: dict[str, TypedSdp]

    def add_transceiver(
        self,
        kind: str,
        *,
        direction: str = "sendrecv",
        track: bool = False,
        stream_ids: Sequence[str] = (),
        send_encodings: Sequence[Encoding] = (),
    ) -> Transceiver:
        """Add a transceiver; one made as ``stopped`` sends and receives."""
        if direction not in (*DIRECTIONS, "stopped"):
            raise self._say("bad-direction", method="addTransceiver", direction=direction)
        self._require_open("addTransceiver")
        return super().add_transceiver(
            kind,
            direction="sendrecv" if direction == "stopped" else direction,
            track=track,
            stream_ids=stream_ids,
            send_encodings=send_encodings,
        )

    def _read_encodings(self, kind: str, given: Sequence[Encoding]) -> list[Encoding]:
        """Check and complete sendEncodings: at most three layers, named; audio has one."""
        self._check_encodings(kind, given)
        if kind != VIDEO or len(given) < 2:
            first = given[0] if given else Encoding()
            scale = (first.scale_resolution_down_by or 1.0) if kind == VIDEO else None
            return [Encoding(None, first.active, scale)]
        layers = given[:_MOST_LAYERS]
        scaled = any(each.scale_resolution_down_by is not None for each in layers)
        return [
            Encoding(
                each.rid or str(place),
                each.active,
                (each.scale_resolution_down_by or 1.0)
                if scaled
                else float(2 ** (len(layers) - place - 1)),
            )
            for place, each in enumerate(layers)
        ]

    def _check_encodings(self, kind: str, given: Sequence[Encoding]) -> None:
        method = "addTransceiver"
        rids = [each.rid or "" for each in given]
        for rid in rids:
            if len(rid) > _LONGEST_RID:
                raise self._say("rid-length", method=method)
            if not _RID.match(rid):
                raise self._say("rid-character", method=method)
        if any(rids) and not all(rids):
            raise self._say("rid-missing", method=method)
        if not all(_PLAIN_RID.match(rid) for rid in rids):
            raise self._say("rid-invalid", method=method)
        scales = (each.scale_resolution_down_by for each in given)
        if kind == VIDEO and any(scale is not None and scale < 1.0 for scale in scales):
            raise self._say("bad-scale", method=method)

    def _find_for_track(self, kind: str) -> Transceiver | None:
        """Return the transceiver addTrack uses; one that is stopping stands in its way."""
        found = next(
            (
                t
                for t in self.transceivers
                if t.kind == kind and t.track_id is None and not (t.stopped or t.has_sent)
            ),
            None,
        )
        if found is not None and found.stopping:
            raise self._say("stopping-addTrack", method="addTrack")
        return found

    def set_direction(self, transceiver: Transceiver, direction: str) -> None:
        """Set the preferred direction; what is none is passed over."""
        if direction not in (*DIRECTIONS, "stopped"):
            return
        if direction == "stopped":
            raise self._say("set-stopped")
        self._require_open("direction")
        if transceiver.stopping:
            raise self._say("stopped-direction")
        if direction != transceiver.direction:
            transceiver.direction = direction
            self._note_change()

    def replace_track(self, transceiver: Transceiver, track_id: str | None) -> None:
        """Give the sender another track or none."""
        self._require_open("replaceTrack")
        if transceiver.stopping:
            raise self._say("stopped-replaceTrack", method="replaceTrack")
        transceiver.track_id = track_id

    def set_codec_preferences(
        self, transceiver: Transceiver, codecs: Sequence[dict[str, object]]
    ) -> None:
        """Set the codecs of a section; also possible once it is closed or stopped."""
        chosen: list[dict[str, object]] = []
        for codec in codecs:
            if codec not in chosen:
                chosen.append(codec)
        if chosen:
            fault = find_preference_fault(chosen, transceiver.kind, self.engine)
            if fault is not None:
                raise self._say(fault, method="setCodecPreferences")
        transceiver.codec_preferences = tuple(chosen)
        self._fitting.clear()

    def restart_ice(self) -> None:
        """Have the next offer restart ICE; nothing comes of it once closed."""
        if not self.is_closed:
            super().restart_ice()

    def add_ice_candidate(
        self, candidate: str, mid: str | None = None, index: int | None = None
    ) -> None:
        """Add a candidate of the other side; an empty one is passed over."""
        method = "addIceCandidate"
        self._require_open(method)
        if not candidate:
            return
        if mid is None and index is None:
            raise self._say("candidate-nowhere", method=method)
        if self.remote is None:
            raise self._say("no-remote", method=method)
        sections = self.facts_of(self.remote).sections
        if mid:
            known = any(section.mid == mid for section in sections)
        else:
            known = 0 <= (index or 0) < len(sections)
        if not known or find_candidate_fault(bytes_of(candidate)) is not None:
            raise self._say("candidate", method=method)
        self.remote_candidates.append((mid if mid is not None else index, candidate))

    def close(self) -> None:
        """Close the connection: every transceiver is stopped and has no mid any more."""
        super().close()
        for transceiver in self.transceivers:
            transceiver.mid = None
