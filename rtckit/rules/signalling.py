"""What went wrong before any packet of the call: descriptions missing, doubled or not matching."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import connected, quoted

__all__: list[str] = []


@rule("SIG001", Severity.ERROR, layer=Layer.SIGNALLING, refs=("RFC 3264, 4", "RFC 9429, 4.1.9"))
def no_answer(call: Call) -> Iterator[Hit]:
    """There is an offer and no answer.

    Why: until the answer is applied the offerer knows neither the peer's candidates nor its
    fingerprint, and ICE cannot begin in earnest.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == capture a
        0.0 A > S binding-request
        0.1 S > A binding-success mapped=M
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
    Fix: see whether the offer reached the other end, and whether createAnswer failed there; the
    signalling server's log or the other end's webrtc-internals shows it.
    """
    offer = call.signalling.offer
    if offer is None or call.signalling.answer is not None or connected(call):
        return
    # An offer alone, with no packets and no statistics, is a file to read and not a broken call.
    if not call.vantages and not call.stats:
        return
    yield Hit(
        "an offer was made and no answer is on record",
        offer.location(1),
        (Evidence("the offer", offer.location(1)),),
        certainty=Certainty.LIKELY,
    )


@rule("SIG002", Severity.ERROR, layer=Layer.SIGNALLING, refs=("RFC 8839, 5.4", "RFC 8842, 5.3"))
def own_offer_returned(call: Call) -> Iterator[Hit]:
    """The answer is the offerer's own description.

    Why: a signalling server that broadcasts to everybody sends an offer back to its sender; taken
    as an answer it has the sender's own ufrag and fingerprint, and both ends wait for nobody.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
    Fix: deliver each message to the other participants only, never to its sender.
    """
    offer, answer = call.signalling.offer, call.signalling.answer
    if offer is None or answer is None:
        return
    offered = {section.ice_ufrag for section in offer.document.media if section.ice_ufrag}
    answered = {section.ice_ufrag for section in answer.document.media if section.ice_ufrag}
    for ufrag in sorted(offered & answered):
        yield Hit(
            f"offer and answer carry the same ICE ufrag {quoted(ufrag)}: "
            "this is one description, sent back to its sender",
            answer.location(1),
            (Evidence("the offer", offer.location(1)), Evidence("the answer", answer.location(1))),
        )
        return


@rule("SIG003", Severity.ERROR, layer=Layer.SIGNALLING, refs=("RFC 3264, 6", "RFC 9429, 5.11"))
def sections_disagree(call: Call) -> Iterator[Hit]:
    """The answer's media sections are not those of the offer.

    Why: an answer has as many m= lines as its offer, of the same kinds in the same order; browsers
    refuse it otherwise, and nothing is negotiated.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        m=audio 9 UDP/TLS/RTP/SAVPF 111
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        m=video 0 UDP/TLS/RTP/SAVPF 96
    Fix: answer every section of the offer in its place; reject one with port 0, never leave it out.
    """
    offer, answer = call.signalling.offer, call.signalling.answer
    if offer is None or answer is None:
        return
    offered = [section.kind for section in offer.document.media]
    answered = [section.kind for section in answer.document.media]
    if offered != answered:
        yield Hit(
            f"the offer has {_listed(offered)}, the answer {_listed(answered)}",
            answer.location(1),
            (Evidence("the offer", offer.location(1)), Evidence("the answer", answer.location(1))),
        )


@rule("SIG004", Severity.ERROR, layer=Layer.SIGNALLING, refs=("RFC 3264, 6", "RFC 9429, 5.3.1"))
def sections_rejected(call: Call) -> Iterator[Hit]:
    """The answer rejects what the offer wants.

    Why: port 0 in an answer refuses a section: no common codec, a kind the peer does not do, or a
    choice of the application. When every section is refused nothing is left to connect.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 OPUS/48000
        == answer
        m=audio 0 UDP/TLS/RTP/SAVPF 111
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
    Fix: compare the codecs of the two sections, parameters included (`opus/48000/2` has two
    channels in every offer); if the refusal is meant, nothing is wrong.
    """
    offer, answer = call.signalling.offer, call.signalling.answer
    if offer is None or answer is None or not answer.document.media:
        return
    pairs = list(zip(offer.document.media, answer.document.media, strict=False))
    refused = [(mine, theirs) for mine, theirs in pairs if theirs.rejected and not mine.rejected]
    if not refused:
        return
    offered, first = refused[0]
    everything = all(theirs.rejected for _, theirs in pairs)
    place = answer.location(first.first_line, 1)
    yield Hit(
        f"{call.peer_name(answer.sender)} rejects {'every' if everything else len(refused)} "
        f"section{'' if everything or len(refused) == 1 else 's'}: "
        + ", ".join(quoted(mine.kind) for mine, _ in refused),
        place,
        (
            Evidence(f"offered: m={offered.kind}", offer.location(offered.first_line, 1)),
            Evidence(f"rejected: m={first.kind} with port 0", place),
        ),
        severity=Severity.ERROR if everything else Severity.INFO,
    )


def _listed(kinds: list[str]) -> str:
    return ", ".join(quoted(kind) for kind in kinds) if kinds else "no media section"
