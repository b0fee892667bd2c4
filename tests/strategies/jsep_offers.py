"""Offers for hypothesis: valid by RFC 9429, 5.8, of many sections, codecs, extensions, bundles."""

from hypothesis import strategies as st

from tests.jsep.rfc_descriptions import MID, OPTIONS, SESSION, TRANSPORT, lines

_AUDIO = (
    ("opus/48000/2", "stereo=1;useinbandfec=1"),
    ("PCMU/8000", ""),
    ("G722/8000", ""),
    ("telephone-event/8000", "0-15"),
    ("telephone-event/48000", ""),
    ("CN/8000", ""),
    ("ISAC/16000", ""),
)
_VIDEO = (
    ("VP8/90000", ""),
    ("VP9/90000", "profile-id=0"),
    ("VP9/90000", "profile-id=2"),
    ("AV1/90000", "profile=0;level-idx=8"),
    ("H264/90000", "packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1"),
    ("H264/90000", "packetization-mode=0;profile-level-id=4d8014"),
    ("H264/90000", "packetization-mode=1;profile-level-id=640c1f"),
    ("H265/90000", "profile-id=1;level-id=120"),
    ("ulpfec/90000", ""),
    ("red/90000", ""),
    ("flexfec/90000", "repair-window=100000"),
    ("x-unknown/90000", ""),
)
_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")
_EXTENSIONS = (
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:toffset",
    "urn:3gpp:video-orientation",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:example:unknown",
)
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@st.composite
def _media(draw: st.DrawFn, index: int) -> tuple[str, ...]:
    """A section whose numbers and ids are its own, so that no bundle has a conflict."""
    kind = draw(st.sampled_from(["audio", "video"]))
    table = _AUDIO if kind == "audio" else _VIDEO
    chosen = draw(st.lists(st.sampled_from(table), min_size=1, max_size=5, unique=True))
    number = 96 + 10 * index
    formats: list[int] = []
    found: list[str] = []
    for encoding, parameters in chosen:
        formats.append(number)
        found.append(f"a=rtpmap:{number} {encoding}")
        if parameters:
            found.append(f"a=fmtp:{number} {parameters}")
        plain = encoding.split("/")[0] not in ("red", "ulpfec", "flexfec", "CN")
        for feedback in draw(st.lists(st.sampled_from(_FEEDBACK), max_size=3, unique=True)):
            if kind == "video" and plain:
                found.append(f"a=rtcp-fb:{number} {feedback}")
        number += 1
        if kind == "video" and plain and draw(st.booleans()):
            formats.append(number)
            found.append(f"a=rtpmap:{number} rtx/90000")
            found.append(f"a=fmtp:{number} apt={number - 1}")
            number += 1
    direction = draw(st.sampled_from(_DIRECTIONS))
    found.append(f"a={direction}")
    found.append(f"a=extmap:1 {MID}")
    for place, uri in enumerate(_EXTENSIONS, 2):
        if draw(st.booleans()):
            found.append(f"a=extmap:{place} {uri}")
    if direction in ("sendrecv", "sendonly"):
        found.append("a=msid:stream")
    if kind == "video" and draw(st.booleans()):
        way = "send" if direction == "sendonly" else "recv"
        if direction in ("sendonly", "recvonly"):
            found += [f"a=rid:h {way}", f"a=rid:l {way}", f"a=simulcast:{way} h;l"]
    return (
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, formats))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{index}",
        *found,
    )


@st.composite
def offers(draw: st.DrawFn) -> str:
    """One to three sections of media and perhaps data, bundled or not."""
    count = draw(st.integers(1, 3))
    sections = [draw(_media(index)) for index in range(count)]
    if draw(st.booleans()):
        sections.append(
            (
                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{count}",
                "a=sctp-port:5000",
            )
        )
    bundled = draw(st.booleans())
    only = draw(st.booleans())
    written: list[str | tuple[str, ...]] = [SESSION]
    if bundled:
        mids = " ".join(str(index) for index in range(len(sections)))
        written.append(f"a=group:BUNDLE {mids}")
    written.append(OPTIONS)
    for index, section in enumerate(sections):
        own = TRANSPORT if "RTP" in section[0] else TRANSPORT[:5]
        if not bundled:
            # Each has credentials of its own where it has a transport of its own.
            written.append((*section, f"a=ice-ufrag:uf{index:02}", *own[1:]))
        elif index == 0:
            written.append((*section, *own))
        elif only:
            head = section[0].replace(" 9 ", " 0 ")
            written.append((head, *section[1:], "a=bundle-only"))
        else:
            written.append(section)
    return lines(*written)
