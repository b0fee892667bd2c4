"""Local munging: a description that is not what createOffer or createAnswer returned.

libwebrtc looks for the first difference in a fixed order and allows nearly all of them; the few it
refuses are refused only when nothing else differs before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    VIDEO,
    Codec,
    Content,
    Description,
    Transport,
)
from rtckit.jsep.stacks.chromium.keeping import kept_by_items

_ADDED_NAMES = ("multiopus", "l16")
_ADDED_FEEDBACK = (("nack", ""), ("rrtr", ""))
_OPUS = {"stereo": True, "useinbandfec": False, "usedtx": True, "cbr": True}


def munging_is_allowed(created: Description, new: Description) -> bool:
    """Whether what was created may be set in this form."""
    if len(created.contents) != len(new.contents):
        return False
    for before, after in zip(created.contents, new.contents, strict=True):
        allowed = _compare(before, after)
        if allowed is not None:
            return allowed
    if created.bundles != new.bundles or any(
        _parameters(before.transport) != _parameters(after.transport)
        for before, after in zip(created.contents, new.contents, strict=True)
    ):
        return True
    return created.cryptex == new.cryptex


def _compare(before: Content, after: Content) -> bool | None:
    """Whether the first difference of two sections is allowed; None if there is none."""
    if (before.mid, before.rejected, before.kind) != (after.mid, after.rejected, after.kind):
        return True
    if before.kind == DATA:
        if before.sctp_init != after.sctp_init:
            return False
        ports = (before.max_message_size, before.sctp_port)
        if ports != (after.max_message_size, after.sctp_port):
            return True
    if len(before.codecs) != len(after.codecs):
        return True
    if before.kind == AUDIO and _audio_differs(before.codecs, after.codecs):
        return True
    if before.kind == VIDEO and _has_simulcast_group(before) != _has_simulcast_group(after):
        return True
    if (before.rtcp_mux, before.rtcp_rsize) != (after.rtcp_mux, after.rtcp_rsize):
        return True
    if before.xr_round_trip != after.xr_round_trip:
        return False
    if before.direction != after.direction:
        return True
    if _payload_types(before.codecs) != _payload_types(after.codecs):
        return True
    if before.sframe != after.sframe:
        return False
    if before.streams != after.streams or before.extensions != after.extensions:
        return True
    return None if before.cryptex == after.cryptex else False


def _audio_differs(before: list[Codec], after: list[Codec]) -> bool:
    old, new = _audio_facts(before), _audio_facts(after)
    return any(now > was for was, now in zip(old.added, new.added, strict=True)) or any(
        was != now and now == when_set
        for was, now, when_set in zip(old.options, new.options, _OPUS.values(), strict=True)
    )


class _AudioFacts(NamedTuple):
    """Whether each name and feedback is there, and each option of opus."""

    added: tuple[bool, ...]
    options: tuple[bool, ...]


@kept_by_items
def _audio_facts(codecs: Sequence[Codec]) -> _AudioFacts:
    return _AudioFacts(
        (
            *(any(codec.key == name for codec in codecs) for name in _ADDED_NAMES),
            *(any(each in codec.feedback for codec in codecs) for each in _ADDED_FEEDBACK),
        ),
        tuple(
            any(c.name == "opus" and c.parameters.get(name) == "1" for c in codecs)
            for name in _OPUS
        ),
    )


def _has_simulcast_group(content: Content) -> bool:
    return any(g.semantics == "SIM" for stream in content.streams for g in stream.groups)


@kept_by_items
def _payload_types(codecs: Sequence[Codec]) -> list[tuple[int, str]]:
    return sorted((codec.payload_type, codec.key) for codec in codecs)


def _parameters(transport: Transport) -> tuple[object, ...]:
    return (transport.ufrag, transport.pwd, transport.lite, transport.role, transport.options)
