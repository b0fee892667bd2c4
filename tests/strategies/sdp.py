"""Session descriptions for hypothesis: valid candidates, and documents of anything."""

from hypothesis import strategies as st

from rtckit.sdp import Candidate

ICE_CHARACTERS = "ABCXYZabcxyz0189+/"
TOKEN_CHARACTERS = "!#$%&'*+-.0189AZaz^_`{|}~"
_VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
_RESERVED = {"raddr", "rport", "tcptype"}

tokens = st.text(TOKEN_CHARACTERS, min_size=1, max_size=12)

addresses = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.uuids().map(lambda value: f"{value}.local"),
    st.text("abcdef.-0123456789", min_size=1, max_size=20),
)

ports = st.integers(0, 65535)


def candidates() -> st.SearchStrategy[Candidate]:
    """Candidates that RFC 8839, 5.1 allows."""
    related = st.one_of(st.none(), addresses)
    extensions = st.tuples(
        tokens.filter(lambda name: name not in _RESERVED), st.text(_VISIBLE, max_size=12)
    )
    return st.builds(
        Candidate,
        foundation=st.text(ICE_CHARACTERS, min_size=1, max_size=32),
        component=st.integers(1, 256),
        transport=st.sampled_from(["udp", "UDP", "tcp", "TCP"]) | tokens,
        priority=st.integers(1, 2**31 - 1),
        address=addresses,
        port=ports,
        type=st.sampled_from(["host", "srflx", "prflx", "relay"]) | tokens,
        related_address=related,
        related_port=st.none() | ports,
        tcptype=st.none() | st.sampled_from(["active", "passive", "so"]),
        extensions=st.lists(extensions, max_size=5).map(tuple),
    )


LINE_ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])

_NAMES = (
    b"rtpmap fmtp rtcp-fb candidate ice-ufrag ice-pwd ice-options fingerprint setup mid group "
    b"extmap ssrc ssrc-group rid simulcast msid rtcp sctp-port sctpmap max-message-size crypto "
    b"identity tls-id msid-semantic sendonly bundle-only end-of-candidates x-unknown"
).split()

_foreign = st.binary(max_size=24).map(lambda data: data.translate(None, b"\r\n"))
_value_parts = st.sampled_from(
    b"0 1 96 111 * opus/48000/2 VP8/90000 sha-256 AB:CD actpass BUNDLE WMS send recv q;h ~f,q"
    b" apt=96 4294967296 -1 typ host udp 192.0.2.1 2001:db8::1 9 FID cname:x nack pli 1/sendonly"
    b" urn:x inline:abc UDP/TLS/RTP/SAVPF UDP/DTLS/SCTP IN IP4".split()
)
_values = st.one_of(
    _foreign,
    st.lists(st.one_of(_value_parts, _foreign), max_size=9).map(b" ".join),
)
_attributes = st.one_of(
    st.sampled_from(_NAMES).map(lambda name: b"a=" + name),
    st.builds(lambda name, value: b"a=" + name + b":" + value, st.sampled_from(_NAMES), _values),
)
_media = st.builds(
    lambda kind, rest: b"m=" + kind + b" " + rest,
    st.sampled_from([b"audio", b"video", b"application", b""]),
    _values,
)
_other = st.builds(
    lambda letter, value: bytes([letter]) + b"=" + value,
    st.sampled_from(list(b"vosiuepcbtrzkamxA")),
    _values,
)
lines = st.one_of(_attributes, _media, _other, _foreign)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """SDP of some kind: ``v=0`` somewhere near the top, then lines of anything, ends of any kind.

    The last line may have no end; a byte order mark may stand at the front.
    """
    body = draw(st.lists(lines, max_size=25))
    start = draw(st.sampled_from([b"v=0", b"v=0", b"o=- 1 1 IN IP4 0.0.0.0", b"m=audio 9 X 0"]))
    rows = [start, *body]
    ends = draw(st.one_of(LINE_ENDS.map(lambda end: [end] * len(rows)), _mixed(len(rows))))
    text = b"".join(row + end for row, end in zip(rows, ends, strict=True))
    if draw(st.booleans()):
        text = text.rstrip(b"\r\n")
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text


def _mixed(count: int) -> st.SearchStrategy[list[bytes]]:
    return st.lists(LINE_ENDS, min_size=count, max_size=count)
