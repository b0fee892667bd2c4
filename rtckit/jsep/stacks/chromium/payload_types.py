"""The payload types Chromium gives to codecs in its offers.

Every codec comes with two numbers of its own: one from the list of those that are sent, one from
the list of those that are received. The latter stands in an offer unless it means something else
to the other side, or in this offer already. Then it is one of those that were noted when the
first description was made; where none is free, the highest one that is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from rtckit.jsep.stacks.chromium.capabilities import Engine
from rtckit.jsep.stacks.chromium.description import AUDIO, VIDEO, Codec, Description
from rtckit.jsep.stacks.chromium.formats import h264_format

__all__ = ["Meaning", "PayloadTypes", "meaning_of"]

Meaning = tuple[object, ...]

_LOW = range(35, 64)
_HIGH = range(96, 128)
_DOWNWARDS = (*reversed(_HIGH), *reversed(_LOW))
_RESERVED = (105, 106, 110, 111, 112, 113, 126)
"""Dynamic numbers that audio has always had: comfort noise, opus, telephone events."""
_PROFILES = {"vp9": "profile-id", "av1": "profile"}
_MOST_WAITING = 8
_FOLLOWING = ("rtx", "red")


def meaning_of(codec: Codec, kind: str) -> Meaning:
    """Return what a number means: codecs with the same meaning may share it."""
    key = codec.key
    if kind == AUDIO:
        channels = max(codec.channels, 1)
        return (
            kind,
            key,
            codec.clock_rate,
            channels,
            codec.parameters.get("") if key == "red" else "",
        )
    if key == "rtx":
        return kind, key, codec.parameters.get("apt")
    if key == "h264":
        known = h264_format(codec)
        return kind, key, known and known.profile, codec.parameters.get("packetization-mode", "0")
    return kind, key, codec.parameters.get(_PROFILES.get(key, ""), "0")


class PayloadTypes:
    """The numbers a connection knows; they outlive offers that are taken back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._theirs: dict[int, Meaning] = {}
        self._fixed = _numbers_of_audio(engine)
        self._noted: dict[Meaning, list[int]] = {m: [number] for number, m in self._fixed.items()}
        self._seen = {*_RESERVED, *self._fixed}
        self._ours: dict[Meaning, int] = {}
        self._waiting: list[tuple[Callable[[Description], None], Description]] = []

    def note_remote(self, description: Description) -> None:
        """Learn the numbers of a remote description that was set."""
        self._later(self._note_remote, description)

    def note_local(self, description: Description) -> None:
        """Learn the numbers of a local description that was set."""
        self._later(self._note_local, description)

    def note_answered(self, offer: Description) -> None:
        """Note a number for each codec of the kinds in an offer that is answered."""
        self._later(self._prepare, offer)

    def _later(self, learn: Callable[[Description], None], description: Description) -> None:
        """Put off what only offers need; few connections make any after they answered."""
        self._waiting.append((learn, description))
        if len(self._waiting) > _MOST_WAITING:
            self._catch_up()

    def _catch_up(self) -> None:
        waiting, self._waiting = self._waiting, []
        for learn, description in waiting:
            learn(description)

    def _note_remote(self, description: Description) -> None:
        for content in description.contents:
            for codec in content.codecs if not content.rejected else ():
                meaning = meaning_of(codec, content.kind)
                self._theirs[codec.payload_type] = meaning
                self._note(codec.payload_type, meaning)

    def _note_local(self, description: Description) -> None:
        for content in description.contents:
            for codec in content.codecs if not content.rejected else ():
                self._ours[meaning_of(codec, content.kind)] = codec.payload_type

    def _prepare(self, offer: Description) -> None:
        agreed: dict[Meaning, int] = {}
        kinds: dict[str, None] = {}
        for content in offer.contents:
            if not content.rejected:
                kinds[content.kind] = None
                for codec in content.codecs:
                    agreed.setdefault(meaning_of(codec, content.kind), codec.payload_type)
        agreed |= self._ours
        engine = self._engine
        for kind in kinds:
            if kind == AUDIO:
                self._suggest_all(engine.audio, {}, agreed, AUDIO)
            elif kind == VIDEO:
                self._suggest_all(engine.video_send, _numbers_of_senders(engine), agreed, VIDEO)
        if VIDEO in kinds:
            self._suggest_all(engine.video_receive, {}, agreed, VIDEO)

    def _suggest_all(
        self,
        codecs: Sequence[Codec],
        numbers: Mapping[int, int],
        agreed: Mapping[Meaning, int],
        kind: str,
    ) -> None:
        suggested: dict[str, str] = {}
        for codec in _in_turn(codecs):
            renamed = _referring(codec, suggested)
            own = numbers.get(codec.payload_type, codec.payload_type)
            meaning = meaning_of(renamed, kind)
            number = agreed.get(meaning)
            if number is None:
                number = self._suggest(own, renamed, meaning)
            suggested[str(codec.payload_type)] = str(number)

    def _suggest(self, own: int, codec: Codec, meaning: Meaning) -> int:
        for number in self._noted.get(meaning, ()):
            if self._theirs.get(number, meaning) == meaning:
                return number
        if own not in self._seen:
            self._note(own, meaning)
            return own
        number = _first_free(codec, self._seen)
        self._note(number, meaning)
        return number

    def _note(self, number: int, meaning: Meaning) -> None:
        self._seen.add(number)
        numbers = self._noted.setdefault(meaning, [])
        if number not in numbers:
            numbers.append(number)

    def number(
        self,
        codecs: Sequence[Codec],
        kind: str,
        used: dict[int, Meaning] | None,
        reference: Mapping[str, str],
    ) -> dict[int, Codec]:
        """Return codecs of our own under the numbers they get in an offer, by their own numbers.

        Args:
            codecs: those to be added to a section, in order.
            kind: the kind of the section.
            used: the numbers in use in the offer and what they mean; those given are added. None
                if codecs may share a number, because most are going to be left out.
            reference: the numbers in the section of codecs that are there, by our own numbers.
        """
        self._catch_up()
        places = dict(reference)
        result: dict[int, Codec] = {}
        for codec in _in_turn(codecs):
            renamed = _referring(codec, places)
            meaning = meaning_of(renamed, kind)
            number = self._choose(codec.payload_type, meaning, used)
            if used is not None:
                used[number] = meaning
            places[str(codec.payload_type)] = str(number)
            if number != codec.payload_type:
                renamed = renamed.with_number(number)
            result[codec.payload_type] = renamed
        return result

    def _choose(self, own: int, meaning: Meaning, used: Mapping[int, Meaning] | None) -> int:
        known: tuple[int, ...] = (own, *self._noted.get(meaning, ()))
        for number in known:
            fixed = self._fixed.get(number, meaning)
            if self._theirs.get(number, fixed) == meaning and (
                used is None or used.get(number, meaning) == meaning
            ):
                return number
        taken = {*self._theirs, *self._fixed, *_RESERVED, *(used or ())}
        for number in (*_DOWNWARDS, own):
            if number not in taken:
                break
        self._note(number, meaning)
        return number


def _in_turn(codecs: Iterable[Codec]) -> list[Codec]:
    """Return codecs in the order they get their numbers: last those that refer to others."""
    return sorted(codecs, key=lambda codec: codec.key in _FOLLOWING)


def _referring(codec: Codec, numbers: Mapping[str, str]) -> Codec:
    """Return an rtx or red codec with the numbers that what it refers to has now."""
    name = {"rtx": "apt", "red": ""}.get(codec.key)
    text = codec.parameters.get(name) if name is not None else None
    if name is None or text is None:
        return codec
    changed = "/".join(numbers.get(part, part) for part in text.split("/"))
    return codec if changed == text else codec.with_parameter(name, changed)


def _prefers_low(codec: Codec) -> bool:
    """Whether a codec gets a number below 64 first: most that came late do."""
    key, parameters = codec.key, codec.parameters
    if key == "rtx":
        return parameters.get("apt", "").isdecimal() and int(parameters["apt"]) in _LOW
    if key == "red":
        return "" in parameters
    if key == "h264":
        profile = parameters.get("profile-level-id", "")[:2].lower()
        return profile == "f4" or (profile == "4d" and parameters.get("packetization-mode") == "0")
    if key == "vp9":
        return parameters.get("profile-id") in ("1", "3")
    return key in ("av1", "h265", "flexfec-03")


def _first_free(codec: Codec, seen: set[int]) -> int:
    ranges = (*_LOW, *_HIGH) if _prefers_low(codec) else (*_HIGH, *reversed(_LOW))
    return next((number for number in ranges if number not in seen), codec.payload_type)


@lru_cache(maxsize=16)
def _numbers_of_audio(engine: Engine) -> dict[int, Meaning]:
    """Return what the numbers of the audio codecs mean, whatever else is offered."""
    return {codec.payload_type: meaning_of(codec, AUDIO) for codec in engine.audio}


@lru_cache(maxsize=16)
def _numbers_of_senders(engine: Engine) -> dict[int, int]:
    """Return the numbers that the codecs to be sent come with, by those they are offered under.

    Both lists are numbered in their order. Where that of the codecs to be received is another than
    theirs, nothing is known of this one.
    """
    received = _numbered(engine.video_receive)
    if any(own != number for own, number in received.items()):
        return {}
    return _numbered(engine.video_send)


def _numbered(codecs: Iterable[Codec]) -> dict[int, int]:
    seen = set(_RESERVED)
    numbers: dict[int, int] = {}
    for codec in codecs:
        names = {str(own): str(number) for own, number in numbers.items()}
        number = _first_free(_referring(codec, names), seen)
        seen.add(number)
        numbers[codec.payload_type] = number
    return numbers
