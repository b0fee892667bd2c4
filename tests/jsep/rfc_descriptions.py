"""Descriptions written by hand for the tests of the standards' own peer."""

from rtckit.jsep.connection import PeerConnection
from rtckit.jsep.identity import Identity
from rtckit.jsep.stacks.rfc.peer import RfcPeer
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp import Document, MediaSection, parse

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))
SESSION = ("v=0", "o=- 4962303333179871722 1 IN IP4 0.0.0.0", "s=-", "t=0 0")
TRANSPORT = (
    "a=ice-ufrag:ETEn",
    "a=ice-pwd:OtSK0WpNtpUjkY4+86js7Z/l",
    f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass",
    "a=tls-id:91bbf309c0990a6bec11e38ba2933cee",
    "a=rtcp-mux",
    "a=rtcp-rsize",
)
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


def lines(*parts: str | tuple[str, ...]) -> str:
    """One text of lines, some of them in tuples."""
    flat = [line for part in parts for line in ((part,) if isinstance(part, str) else part)]
    return "".join(f"{line}\r\n" for line in flat)


def section(
    kind: str, mid: str | None, formats: str, *rest: str, port: int = 9, transport: bool = False
) -> tuple[str, ...]:
    """A section of media: its formats, ``rest`` of its attributes, perhaps the transport's."""
    return (
        f"m={kind} {port} UDP/TLS/RTP/SAVPF {formats}",
        "c=IN IP4 0.0.0.0",
        *((f"a=mid:{mid}",) if mid is not None else ()),
        *rest,
        *(TRANSPORT if transport else ()),
    )


AUDIO = section(
    "audio",
    "a1",
    "96 0 97",
    "a=sendrecv",
    "a=rtpmap:96 opus/48000/2",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:97 telephone-event/8000",
    f"a=extmap:1 {MID}",
    "a=msid:stream",
    transport=True,
)
VIDEO = section(
    "video",
    "v1",
    "100 101",
    "a=sendrecv",
    "a=rtpmap:100 VP8/90000",
    "a=rtpmap:101 rtx/90000",
    "a=fmtp:101 apt=100",
    "a=rtcp-fb:100 nack",
    "a=rtcp-fb:100 nack pli",
    f"a=extmap:1 {MID}",
    "a=msid:stream",
)
DATA = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:d1",
    "a=sctp-port:5000",
    "a=max-message-size:65536",
)
GROUP = "a=group:BUNDLE a1 v1 d1"
OPTIONS = "a=ice-options:trickle ice2"
OFFER = lines(SESSION, GROUP, OPTIONS, AUDIO, VIDEO, DATA)


def peer(seed: str = "test", **named: object) -> RfcPeer:
    """A peer that explains itself."""
    made = RfcPeer(identity=Identity(seed), **named)
    made.explain = True
    return made


def answer_to(offer: str, to: RfcPeer | None = None) -> Document:
    """The answer of a peer to a text, checked and set."""
    answerer = peer() if to is None else to
    answerer.set_remote_description(TypedSdp("offer", offer))
    made = answerer.create_answer()
    answerer.set_local_description(made)
    return parse(made.sdp)


def values(media: MediaSection, name: str) -> list[str]:
    """The values of an attribute of a section."""
    return [attribute.value or "" for attribute in media.find_all(name)]


def exchange(one: PeerConnection, other: PeerConnection) -> tuple[Document, Document]:
    """An offer of one peer and the answer of another, set on both."""
    offer = one.create_offer()
    one.set_local_description(offer)
    other.set_remote_description(offer)
    answer = other.create_answer()
    other.set_local_description(answer)
    one.set_remote_description(answer)
    return parse(offer.sdp), parse(answer.sdp)
