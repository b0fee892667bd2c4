"""Codecs compared: which came and went, their order, parameters, feedback and payload types."""

from collections import Counter

from rtckit.sdp.comparison.change import Kind
from rtckit.sdp.comparison.codec_identity import CodecId, CodecTable
from rtckit.sdp.comparison.impact import feedback_impact
from rtckit.sdp.comparison.matching import Pairs, order_of_common, pair_up
from rtckit.sdp.comparison.recorder import Recorder
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec

__all__ = ["compare_codecs", "label_codecs", "match_codecs"]

_ROBUSTNESS = {
    "red": "redundant copies are no longer sent",
    "ulpfec": "forward error correction no longer possible",
    "flexfec-03": "forward error correction no longer possible",
    "flexfec": "forward error correction no longer possible",
    "telephone-event": "tones (DTMF) can no longer be sent as events",
    "cn": "no comfort noise",
}


def match_codecs(a: CodecTable, b: CodecTable) -> Pairs[Codec]:
    """Pair codecs by identity, then by name and payload type; an ``rtx`` goes by what it repairs.

    Where several are the same, those whose parameters or payload types agree go together. The pairs
    come in the order of ``a``, then those only ``b`` has.
    """
    of_a = {id(codec) for codec in a.codecs}
    repaired: dict[int, int] = {}

    def table(codec: Codec) -> CodecTable:
        return a if id(codec) in of_a else b

    def same(codec: Codec) -> tuple[CodecId, int | None]:
        return table(codec).ids[codec.payload_type], repaired.get(id(codec))

    def parameters(codec: Codec) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(table(codec).parameters[codec.payload_type].items()))

    def loosely(codec: Codec) -> tuple[str, str]:
        return codec.name.lower(), codec.payload_type

    pairs = pair_up(
        [codec for codec in a.codecs if not a.repairs(codec)],
        [codec for codec in b.codecs if not b.repairs(codec)],
        lambda codec: (same(codec), parameters(codec), codec.payload_type),
        lambda codec: (same(codec), parameters(codec)),
        lambda codec: (same(codec), codec.payload_type),
        same,
        loosely,
    )
    number: dict[int, int] = {}
    for index, (x, y) in enumerate(pairs):
        number.update((id(codec), index) for codec in (x, y) if codec is not None)
        if x is not None and y is not None:
            b.call_as(y, a.meaning(x.payload_type))
    repairs = [[codec for codec in side.codecs if side.repairs(codec)] for side in (a, b)]
    for side, found in zip((a, b), repairs, strict=True):
        for codec in found:
            target = side.repairs(codec)
            if target is not None:
                repaired[id(codec)] = number[id(target)]
    repairing = pair_up(
        repairs[0],
        repairs[1],
        lambda codec: (repaired.get(id(codec)), codec.payload_type),
        lambda codec: repaired.get(id(codec)),
    )
    pairs += repairing

    def place(pair: tuple[Codec | None, Codec | None]) -> tuple[bool, int]:
        x, y = pair
        if x is not None:
            return False, a.place[x.payload_type]
        return True, b.place[y.payload_type] if y is not None else 0

    return sorted(pairs, key=place)


def label_codecs(pairs: Pairs[Codec], a: CodecTable, b: CodecTable) -> list[str]:
    """What each pair is called in paths: its name, with more where the name alone is not enough.

    ``VP8``, ``telephone-event[8000]``, ``H264[constrained baseline, packetization-mode=1]``,
    ``rtx[VP8]``.
    """
    ids = [_identity(pair, a, b) for pair in pairs]
    names = [_name(pair) for pair in pairs]
    plain = Counter(name.lower() for name in names)
    spelled = dict(zip(ids, names, strict=True))
    labels = []
    for name, found in zip(names, ids, strict=True):
        if isinstance(found.repairs, CodecId):
            target = spelled.get(found.repairs, found.repairs.name)
            several = sum(other.name == found.repairs.name for other in spelled) > 1
            labels.append(f"rtx[{_detail(target, found.repairs) if several else target}]")
        elif plain[name.lower()] > 1:
            labels.append(_detail(name, found))
        else:
            labels.append(name)
    counted = Counter(labels)
    seen: Counter[str] = Counter()
    for index, label in enumerate(labels):
        if counted[label] > 1:
            seen[label] += 1
            labels[index] = f"{label}#{seen[label]}"
    return labels


def _detail(name: str, found: CodecId) -> str:
    if found.significant:
        return f"{name}[{', '.join(found.details())}]"
    rate = str(found.clock_rate or "?")
    if found.channels and found.channels > 1:
        rate += f"/{found.channels}"
    return f"{name}[{rate}]"


def _identity(pair: tuple[Codec | None, Codec | None], a: CodecTable, b: CodecTable) -> CodecId:
    x, y = pair
    if x is None:
        assert y is not None
        return b.ids[y.payload_type]
    if y is None:
        return a.ids[x.payload_type]
    # The same from both sides, so that comparing the other way round names it alike.
    return min(a.ids[x.payload_type], b.ids[y.payload_type], key=repr)


def _name(pair: tuple[Codec | None, Codec | None]) -> str:
    return min(codec.name for codec in pair if codec is not None)


def compare_codecs(
    recorder: Recorder, x: MediaSection, y: MediaSection, *, same_session: bool
) -> None:
    """Compare the codecs of two sections that carry RTP."""
    a, b = CodecTable(x), CodecTable(y)
    pairs = match_codecs(a, b)
    labels = label_codecs(pairs, a, b)
    _compare_payload_types(recorder, a, b, pairs, same_session)
    alone = {
        (a if y is None else b).ids[(x or y).payload_type]  # type: ignore[union-attr]
        for x, y in pairs
        if x is None or y is None
    }
    for (one, other), label in zip(pairs, labels, strict=True):
        leaf = f"codecs.{label}"
        if one is None or other is None:
            codec = one or other
            assert codec is not None
            table = a if one is not None else b
            impact = (_gone if other is None else _come)(table, codec, label)
            follows = table.ids[codec.payload_type].repairs in alone
            if follows:
                impact = "goes with the codec it repairs"
            recorder.add(
                leaf,
                _describe(one) if one else None,
                _describe(other) if other else None,
                (one.span if one else None, other.span if other else None),
                impact,
                volatile=follows,
            )
        else:
            _compare_codec(recorder, leaf, one, other, a, b)
    _compare_order(recorder, a, b, pairs)


def _describe(codec: Codec) -> str:
    text = f"{codec.payload_type} {codec}"
    return f"{text} {codec.fmtp_text}" if codec.fmtp_text else text


def _gone(table: CodecTable, codec: Codec, label: str) -> str:
    name = codec.name.lower()
    if name == "rtx":
        return f"retransmission no longer possible for {_repaired(label)}"
    if name in _ROBUSTNESS:
        return _ROBUSTNESS[name]
    if table.place[codec.payload_type] == 0:
        return f"{label} can no longer be used; it was the preferred codec"
    return f"{label} can no longer be used"


def _repaired(label: str) -> str:
    """What an ``rtx`` repeats, from its label; what its apt names may be no codec here."""
    return label[4:-1] if label.startswith("rtx[") else "a payload type that is not here"


def _come(table: CodecTable, codec: Codec, label: str) -> str:
    name = codec.name.lower()
    if name == "rtx":
        return f"retransmission possible for {_repaired(label)}"
    if table.place[codec.payload_type] == 0:
        return f"{label} can be used and is preferred"
    return f"{label} can be used"


def _compare_payload_types(
    recorder: Recorder, a: CodecTable, b: CodecTable, pairs: Pairs[Codec], same_session: bool
) -> None:
    """Payload types that mean something else now (RFC 3264, 8.3.2)."""
    partner = {x.payload_type: y for x, y in pairs if x is not None}
    for codec in a.codecs:
        number = codec.payload_type
        now = b.media.find_codec(number)
        if now is None or partner.get(number) is now or a.ids[number] == b.ids[number]:
            continue
        if codec.name.lower() == now.name.lower() == "rtx" and codec.apt == now.apt:
            continue  # it still repairs the same number, of which the change is told
        target = b.repairs(now)
        means = f"{now.name} for {target.name}" if target else now.name
        impact = (
            f"payload {number} now means {means}: packets in flight will be misread; "
            "a number keeps its codec for the whole session (RFC 3264, 8.3.2)"
            if same_session
            else f"payload {number} means {means} in the other session"
        )
        places = (codec.span, now.span)
        recorder.add(
            f"payload_types.{number}", str(a.ids[number]), str(b.ids[number]), places, impact
        )


def _compare_codec(
    recorder: Recorder, leaf: str, x: Codec, y: Codec, a: CodecTable, b: CodecTable
) -> None:
    places = (x.span, y.span)
    impact = "the same codec under another number; each side sends the numbers of the other's"
    recorder.compare(
        f"{leaf}.payload_type", x.payload_type, y.payload_type, places, impact, volatile=True
    )
    name = x.name.lower()
    impact = "another clock rate is another codec: RTP timestamps would run at the wrong speed"
    recorder.compare(f"{leaf}.clock_rate", x.clock_rate, y.clock_rate, places, impact)
    impact = "another number of channels is another codec"
    if name == "opus" and y.channels != 2:
        impact = "opus must be written opus/48000/2 (RFC 7587, 7); browsers drop it otherwise"
    recorder.compare(f"{leaf}.channels", x.channels, y.channels, places, impact)
    _compare_parameters(recorder, leaf, x, y, a, b)
    if x.rtcp_fb != y.rtcp_fb:
        places = (_feedback_place(a.media, x), _feedback_place(b.media, y))
        recorder.compare_sets(f"{leaf}.rtcp_fb", x.rtcp_fb, y.rtcp_fb, places, feedback_impact)


_PARAMETERS = {
    "stereo": "whether the writer likes to receive stereo",
    "sprop-stereo": "whether the writer will send stereo",
    "useinbandfec": "whether the writer takes in-band error correction",
    "usedtx": "whether the peer may stop sending in silence",
    "maxaveragebitrate": "the bitrate the peer's encoder aims at",
    "maxplaybackrate": "the audio bandwidth the peer's encoder should use",
    "packetization-mode": "H264 cannot be decoded by an end that only takes the other mode",
    "level-asymmetry-allowed": "whether each direction may have its own level",
    "x-google-start-bitrate": "where Chromium's bandwidth estimate starts",
    "x-google-min-bitrate": "the least bitrate of Chromium's encoder",
    "x-google-max-bitrate": "the most bitrate of Chromium's encoder",
    "max-fr": "the most frames a second the writer takes",
    "max-fs": "the largest picture the writer takes, in macroblocks",
    "minptime": "the least audio in a packet that the writer likes to receive",
    "profile-id": "another profile is another bitstream",
    "events": "the events (tones) the writer takes",
    "apt": "what the retransmissions repeat",
    "encodings": "what the redundant packets carry",
}


def _compare_parameters(
    recorder: Recorder, leaf: str, x: Codec, y: Codec, a: CodecTable, b: CodecTable
) -> None:
    before, after = a.parameters[x.payload_type], b.parameters[y.payload_type]
    if before == after:
        return
    places = (_fmtp_place(a.media, x), _fmtp_place(b.media, y))
    for parameter in sorted({*before, *after}):
        impact = _PARAMETERS.get(parameter, f"a parameter of {x.name}")
        if parameter == "profile-level-id":
            profiles = [
                dict(t.ids[c.payload_type].significant)["profile"] for t, c in ((a, x), (b, y))
            ]
            if profiles[0] != profiles[1]:
                impact = (
                    f"H264 {profiles[0]} became {profiles[1]}: "
                    "a decoder of the former may not read it"
                )
            else:
                impact = "another level of the same H264 profile: other limits of size and rate"
        if before.get(parameter) != after.get(parameter):
            recorder.add(
                f"{leaf}.fmtp.{parameter}",
                a.show_parameter(x, parameter),
                b.show_parameter(y, parameter),
                places,
                impact,
            )


def _fmtp_place(media: MediaSection, codec: Codec) -> Span:
    for attribute in media.find_all("fmtp"):
        if (attribute.value or "").split(" ", 1)[0] == codec.payload_type:
            return attribute.span
    return codec.span


def _feedback_place(media: MediaSection, codec: Codec) -> Span:
    for attribute in media.find_all("rtcp-fb"):
        if (attribute.value or "").split(" ", 1)[0] in (codec.payload_type, "*"):
            return attribute.span
    return codec.span


def _compare_order(recorder: Recorder, a: CodecTable, b: CodecTable, pairs: Pairs[Codec]) -> None:
    """The order of preference of the codecs both have; retransmissions have none."""
    # What only repairs or accompanies is not preferred to anything.
    real: Pairs[Codec] = [
        (x, y)
        for x, y in pairs
        if x is not None and y is not None and x.name.lower() not in {"rtx", *_ROBUSTNESS}
    ]
    places_a = {id(codec): n for n, codec in enumerate(a.codecs)}
    places_b = {id(codec): n for n, codec in enumerate(b.codecs)}
    places = places_a | places_b
    left, right = order_of_common(real, lambda codec: places[id(codec)])
    if left == right:
        return
    labels = label_codecs(real, a, b)
    before, after = [labels[n] for n in left], [labels[n] for n in right]
    recorder.add(
        "codecs",
        ", ".join(before),
        ", ".join(after),
        (a.media.media_line.span, b.media.media_line.span),
        f"{after[0]} is now preferred to {before[0]}"
        if before[0] != after[0]
        else f"{before[0]} stays preferred; the order behind it is another",
        kind=Kind.MOVED,
    )
