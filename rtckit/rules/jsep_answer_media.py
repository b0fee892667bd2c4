"""Rules for an answer against its offer: codecs, payload types and feedback."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import formats_of, rtp_pairs
from rtckit.rules.lint import OfferAnswer

__all__: list[str] = []

ERROR, WARNING, INFO = Severity


@rule(
    "OA005",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 6.1", "RFC 9429, 5.3.1"),
    subject="offer-answer",
)
def common_codec(pair: OfferAnswer) -> Iterator[Hit]:
    """An accepted section must have a codec that was offered.

    Why: each end sends only what the other listed. With no codec in common nothing can be sent;
        Chromium takes the answer all the same, Firefox says "Answer had no codecs in common".
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 98
        a=rtpmap:98 VP9/90000
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 98
        a=rtpmap:98 VP9/90000
    Fix: choose from the codecs of the offer, or refuse the section with port 0.
    """
    for offered, answered in rtp_pairs(pair):
        asked, given = formats_of(offered), formats_of(answered)
        if not asked or not given:
            continue
        offered_keys = {item.key for item in asked.values()}
        if not any(item.key in offered_keys for item in given.values()):
            texts = ", ".join(dict.fromkeys(item.text for item in list(given.values())[:3]))
            yield Hit(
                f"none of the codecs ({texts}) was offered in section {offered.index} "
                f"(offer, line {offered.first_line})",
                pair.answer.at_word(answered, 3),
            )


@rule(
    "OA006",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 6.1",),
    subject="offer-answer",
)
def payload_type_kept(pair: OfferAnswer) -> Iterator[Hit]:
    """A codec should be answered under the payload type that was offered.

    Why: each end then sends with the other's numbers, and a middlebox, a recorder or a stack that
        keeps one table for both directions drops what it does not know. Browsers accept it.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 100
        a=rtpmap:100 VP8/90000
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
    Fix: take payload type and rtpmap from the offer.
    """
    for offered, answered in rtp_pairs(pair):
        asked = formats_of(offered)
        numbers: dict[tuple[object, ...], list[str]] = {}
        for number, item in asked.items():
            numbers.setdefault(item.key, []).append(number)
        for number, item in formats_of(answered).items():
            known = numbers.get(item.key)
            if known is not None and number not in known:
                yield Hit(
                    f"{item.text} has payload type {number}, but {', '.join(known[:4])} in the "
                    "offer",
                    pair.answer.at_format(answered, number),
                )


@rule(
    "OA035",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 8.3.2", "RFC 3264, 6.1"),
    subject="offer-answer",
)
def payload_type_taken(pair: OfferAnswer) -> Iterator[Hit]:
    """A payload type of the offer must not mean another codec in the answer.

    Why: the number is bound to its codec for the whole session. A receiver with one table for both
        directions decodes one codec as the other; both browsers accept the answer.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP9/90000
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 98
        a=rtpmap:98 VP9/90000
    Fix: take payload type and rtpmap from the offer, and a free number for a codec of one's own.
    """
    for offered, answered in rtp_pairs(pair):
        asked = formats_of(offered)
        for number, item in formats_of(answered).items():
            before = asked.get(number)
            if before is None or before.key[:3] == item.key[:3]:
                continue  # A difference in parameters is the matter of OA054.
            if item.name == before.name == "rtx":
                continue
            yield Hit(
                f"payload type {number} is {item.text}, but {before.text} in the offer "
                f"(line {before.codec.span.line})",
                pair.answer.at(item.codec.span),
            )


@rule(
    "OA054",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 6184, 8.2.2", "RFC 9628, 6.1.2", "RFC 4588, 8.6"),
    subject="offer-answer",
)
def configuration_kept(pair: OfferAnswer) -> Iterator[Hit]:
    """Parameters that choose a codec's configuration must be answered unchanged.

    Why: profile and packetization mode of H.264, the profile of VP9, AV1 and H.265, and the codec
        that `rtx` repeats belong to the payload type. One end encodes what the other cannot decode.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=64001f
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e00c
    Fix: copy these parameters, or leave the payload type out of the answer.
    """
    for offered, answered in rtp_pairs(pair):
        asked = formats_of(offered)
        fmtp = {
            (attribute.value or "").partition(" ")[0]: attribute
            for attribute in answered.find_all("fmtp")
        }
        for number, item in formats_of(answered).items():
            before = asked.get(number)
            if before is None or before.name != item.name or before.key == item.key:
                continue
            if item.name != "rtx" and before.key[:3] != item.key[:3]:
                continue
            # What `rtx` repeats may have changed under its number; that is said there.
            same_number = item.codec.apt == before.codec.apt
            if item.name == "rtx" and same_number and item.key[1] == before.key[1]:
                continue
            where = fmtp.get(number)
            yield Hit(
                f"payload type {number} is {item.text}, but {before.text} in the offer "
                f"(line {before.codec.span.line})",
                pair.answer.at(item.codec.span if where is None else where.value_span),
            )


@rule(
    "OA046",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 5.11", "RFC 4585, 4.2"),
    subject="offer-answer",
    levels={"chromium": WARNING, "firefox": WARNING, "aiortc": WARNING},
)
def feedback_not_offered(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must not add feedback that was not offered for the codec.

    Why: what is answered is binding, so the answerer would wait for reports or send requests that
        the offerer does not know. Browsers drop such a line in silence.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 transport-cc
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 transport-cc
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 transport-cc
    Fix: list only feedback of the offer.
    """
    for offered, answered in rtp_pairs(pair):
        if not answered.has("rtcp-fb"):
            continue
        asked: dict[tuple[object, ...], set[str]] = {}
        for item in formats_of(offered).values():
            known = asked.setdefault(item.key, set())
            known.update(feedback.lower() for feedback in item.codec.rtcp_fb)
        lines = {
            " ".join((attribute.value or "").split()): attribute
            for attribute in answered.find_all("rtcp-fb")
        }
        seen: set[tuple[tuple[object, ...], str]] = set()
        for number, item in formats_of(answered).items():
            offered_feedback = asked.get(item.key)
            if offered_feedback is None:
                continue
            for feedback in item.codec.rtcp_fb:
                if feedback.lower() in offered_feedback or (item.key, feedback) in seen:
                    continue
                seen.add((item.key, feedback))
                line = lines.get(f"{number} {feedback}") or lines.get(f"* {feedback}")
                yield Hit(
                    f"feedback {feedback[:40]!r} for {item.text} was not offered",
                    pair.answer.at_line(answered) if line is None else pair.answer.at_value(line),
                )
