"""Why sections, codecs and header extensions stand in an answer of Chromium, or do not."""

from collections.abc import Iterator, Sequence

from rtckit.jsep.decision import Decision
from rtckit.jsep.stacks.chromium.capabilities import Engine
from rtckit.jsep.stacks.chromium.codec_matching import find_match, has_media
from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    UNSUPPORTED,
    VIDEO,
    Codec,
    Content,
    Description,
)
from rtckit.jsep.stacks.chromium.options import SectionOptions

__all__ = ["explain_answer"]

_RESILIENCE: dict[str, tuple[str, tuple[str, ...]]] = {
    "rtx": ("retransmission", ("RFC 4588, 8.6",)),
    "red": ("redundancy", ("RFC 2198, 5",)),
    "ulpfec": ("forward error correction", ("RFC 5109, 14.1",)),
    "flexfec-03": ("forward error correction", ("RFC 8627, 5.1",)),
}
_PROFILES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "h264": (("profile-level-id", "packetization-mode"), ("RFC 6184, 8.2.2",)),
    "vp9": (("profile-id",), ("RFC 9628, 6",)),
    "av1": (("profile", "tier"), ()),
    "h265": (("profile-id", "tier-flag", "level-id", "tx-mode"), ("RFC 7798, 7.1",)),
}


def explain_answer(
    offer: Description, answer: Description, sections: Sequence[SectionOptions], engine: Engine
) -> list[Decision]:
    """Return the decisions behind an answer, section by section.

    Args:
        offer: the remote description, as Chromium reads it.
        answer: what was made of it.
        sections: what the connection asked for in each section.
        engine: the codecs and header extensions of this peer.
    """
    found = list(_explain_bundles(offer, answer))
    for index, (offered, made, wanted) in enumerate(
        zip(offer.contents, answer.contents, sections, strict=True)
    ):
        outcome, why, refs = _judge_section(offered, made, wanted, engine)
        found.append(Decision(index, made.mid or None, "section", "", outcome, why, refs))
        if offered.kind in (AUDIO, VIDEO):
            found += _explain_codecs(index, offered, made, wanted, engine)
            if not made.rejected:
                found += _explain_extensions(index, offered, made, engine)
                found += _explain_direction(index, offered, made, wanted)
    return found


def _explain_bundles(offer: Description, answer: Description) -> Iterator[Decision]:
    kept = {mid for mids in answer.bundles for mid in mids}
    for mids in offer.bundles:
        for mid in mids:
            outcome = "taken" if mid in kept else "dropped"
            why = "shares the transport of its group" if mid in kept else "its section is rejected"
            yield Decision(None, mid, "bundle", mid, outcome, why, ("RFC 9143, 7.3",))


def _judge_section(
    offered: Content, made: Content, wanted: SectionOptions, engine: Engine
) -> tuple[str, str, tuple[str, ...]]:
    if not made.rejected:
        return "taken", "Chromium has something in common with it", ("RFC 9429, 5.3.1",)
    if offered.rejected:
        return "rejected", "the offer rejects it: port 0 without bundle-only", ("RFC 3264, 6",)
    if wanted.stopped:
        return "rejected", "its transceiver is stopped", ("RFC 9429, 5.3.1",)
    if offered.kind == UNSUPPORTED:
        return "rejected", "Chromium knows neither this kind nor protocol", ("RFC 3264, 6",)
    if offered.kind in (AUDIO, VIDEO) and not has_media(_common(offered, engine)):
        return "rejected", "no codec in common", ("RFC 3264, 6",)
    return "rejected", f"Chromium does not take {offered.protocol} here", ("RFC 3264, 6",)


def _common(offered: Content, engine: Engine) -> list[Codec]:
    own = engine.all_codecs(offered.kind)
    return [
        codec
        for codec in offered.codecs
        if find_match(offered.codecs, own, codec, offered.kind) is not None
    ]


def _explain_codecs(
    index: int, offered: Content, made: Content, wanted: SectionOptions, engine: Engine
) -> Iterator[Decision]:
    taken = {} if made.rejected else {codec.payload_type: codec for codec in made.codecs}
    common = {codec.payload_type for codec in _common(offered, engine)}
    own = engine.codecs(offered.kind, made.direction)
    usable = {
        codec.payload_type
        for codec in offered.codecs
        if find_match(offered.codecs, own, codec, offered.kind) is not None
    }
    for codec in offered.codecs:
        answered = taken.get(codec.payload_type)
        if answered is not None and answered.key == codec.key:
            outcome, why, refs = _taken(codec, answered)
        else:
            outcome = "dropped"
            why, refs = _why_dropped(
                codec, made, wanted, common=common, usable=usable, kind=offered.kind, engine=engine
            )
        yield Decision(index, made.mid or None, "codec", _name(codec), outcome, why, refs)


def _taken(codec: Codec, answered: Codec) -> tuple[str, str, tuple[str, ...]]:
    changed = [
        f"{name}={value}"
        for name, value in answered.parameters.items()
        if codec.parameters.get(name) != value
    ]
    refs: tuple[str, ...] = _PROFILES.get(codec.key, ((), ()))[1] or ("RFC 3264, 6.1",)
    if changed:
        return "changed", f"Chromium has it, and answers {'; '.join(changed)}", refs
    return "taken", "Chromium has it", refs


def _why_dropped(
    codec: Codec,
    made: Content,
    wanted: SectionOptions,
    *,
    common: set[int],
    usable: set[int],
    kind: str,
    engine: Engine,
) -> tuple[str, tuple[str, ...]]:
    if made.rejected:
        return "its section is rejected", ("RFC 3264, 6",)
    if not codec.name:
        return "no rtpmap line gives it a name", ("RFC 8866, 6.6",)
    alike = [own for own in engine.all_codecs(kind) if own.key == codec.key]
    if codec.payload_type in common:
        if codec.payload_type not in usable:
            return "Chromium only receives it, and this section sends", ()
        if wanted.preferences:
            return "the codec preferences leave it out", ("W3C webrtc-pc, 5.4",)
        return "a codec of the offer before it took its place", ("RFC 3264, 6.1",)
    if codec.key in _RESILIENCE:
        what, refs = _RESILIENCE[codec.key]
        if not alike:
            return f"Chromium has no such {what}", refs
        return f"its {what} is for a codec that is not taken", refs
    if not alike:
        return "Chromium has no such codec", ()
    names, refs = _PROFILES.get(codec.key, ((), ()))
    if names:
        given = "; ".join(f"{name}={codec.parameters.get(name, '')}" for name in names)
        return f"Chromium has no such profile of it: {given}", refs
    rates = sorted({f"{own.clock_rate}/{own.channels or 1}" for own in alike})
    return f"Chromium has it with {', '.join(rates)} only", ("RFC 3264, 6.1",)


def _explain_extensions(
    index: int, offered: Content, made: Content, engine: Engine
) -> Iterator[Decision]:
    taken = {extension.uri for extension in made.extensions}
    known = {own.uri for own in engine.extensions.get(offered.kind, ())}
    for uri in dict.fromkeys(extension.uri for extension in offered.extensions):
        if uri in taken:
            outcome, why = "taken", "both sides know it"
        elif uri in known:
            outcome, why = "dropped", "Chromium knows it, but does not use it in this section"
        else:
            outcome, why = "dropped", "Chromium does not know it"
        yield Decision(index, made.mid or None, "extension", uri, outcome, why, ("RFC 8285, 6",))


def _explain_direction(
    index: int, offered: Content, made: Content, wanted: SectionOptions
) -> Iterator[Decision]:
    if offered.direction == made.direction == "sendrecv":
        why = "both sides send and receive"
    elif made.direction == wanted.direction:
        why = f"the transceiver is {wanted.direction}"
    else:
        why = f"the offer is {offered.direction}, the transceiver {wanted.direction}"
    outcome = "taken" if made.direction == offered.direction else "changed"
    yield Decision(
        index, made.mid or None, "direction", made.direction, outcome, why, ("RFC 3264, 6.1",)
    )


def _name(codec: Codec) -> str:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    return f"{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
