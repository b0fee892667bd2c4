"""The lines and attributes of WebRTC's session descriptions, as a table.

One row an attribute: where it may stand, how often, what its value looks like, whether a media
section takes it from the session level, what it says, and where it is defined. The views, the
annotated listing and the checks all read this table; nothing about an attribute is written twice.
"""

from typing import NamedTuple

__all__ = [
    "ATTRIBUTES",
    "DIRECTIONS",
    "LINE_TYPES",
    "MEDIA_LINE_ORDER",
    "SESSION_LINE_ORDER",
    "AttributeRule",
    "LineType",
    "is_known",
]

SESSION_LINE_ORDER = "vosiuepcbtrzka"
"""Order of the session-level lines; ``t``, ``r`` and ``z`` may repeat (RFC 8866, 9)."""

MEDIA_LINE_ORDER = "micbka"
"""Order of a media section's lines (RFC 8866, 9)."""

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
"""The media directions (RFC 8866, 6.7)."""


class LineType(NamedTuple):
    """A letter before the ``=``: what the line is called, its value, and its definition."""

    name: str
    form: str
    reference: str


LINE_TYPES: dict[str, LineType] = {
    "v": LineType("protocol version", "0", "RFC 8866, 5.1"),
    "o": LineType(
        "origin",
        "<username> <session id> <version> <nettype> <addrtype> <address>",
        "RFC 8866, 5.2",
    ),
    "s": LineType("session name", "<text>", "RFC 8866, 5.3"),
    "i": LineType("information", "<text>", "RFC 8866, 5.4"),
    "u": LineType("URI", "<uri>", "RFC 8866, 5.5"),
    "e": LineType("email address", "<address>", "RFC 8866, 5.6"),
    "p": LineType("phone number", "<number>", "RFC 8866, 5.6"),
    "c": LineType("connection", "<nettype> <addrtype> <address>", "RFC 8866, 5.7"),
    "b": LineType("bandwidth", "<type>:<number>", "RFC 8866, 5.8"),
    "t": LineType("time active", "<start> <stop>", "RFC 8866, 5.9"),
    "r": LineType("repeat times", "<interval> <duration> <offset>...", "RFC 8866, 5.10"),
    "z": LineType("time zone adjustment", "<time> <offset>...", "RFC 8866, 5.11"),
    "k": LineType("encryption key (obsolete)", "<method>[:<key>]", "RFC 8866, 5.12"),
    "a": LineType("attribute", "<name>[:<value>]", "RFC 8866, 5.13"),
    "m": LineType("media", "<kind> <port>[/<count>] <protocol> <format>...", "RFC 8866, 5.14"),
}


class AttributeRule(NamedTuple):
    """One attribute.

    ``levels`` holds ``s`` (session) and ``m`` (media section); ``form`` is the value's form, empty
    for a property attribute; ``many`` tells whether it may stand several times at one level;
    ``inherited`` tells whether the session level holds for media sections without their own.
    """

    levels: str
    form: str
    many: bool
    inherited: bool
    says: str
    reference: str


def _rule(
    levels: str,
    form: str,
    says: str,
    reference: str,
    *,
    many: bool = False,
    inherited: bool = False,
) -> AttributeRule:
    return AttributeRule(levels, form, many, inherited, says, reference)


_EXTMAP_FORM = "<id>[/<direction>] <uri> [<attributes>]"
_RID_FORM = "<rid> send|recv [pt=<payload type>,...;][<restriction>=<value>;...]"

ATTRIBUTES: dict[str, AttributeRule] = {
    # The session as a whole.
    "group": _rule(
        "s", "<semantics> <mid>...", "media sections that belong together", "RFC 5888, 5", many=True
    ),
    "ice-lite": _rule("s", "", "an ICE lite agent: answers checks, sends none", "RFC 8839, 5.3"),
    "ice-pacing": _rule("s", "<milliseconds>", "wished pace of ICE checks", "RFC 8839, 5.5"),
    "identity": _rule("s", "<assertion>", "who vouches for the fingerprints", "RFC 8827, 5"),
    "msid-semantic": _rule(
        "s",
        "<semantic> <stream id>...",
        "streams named in this description (legacy)",
        "",
        many=True,
    ),
    "charset": _rule("s", "<character set>", "character set of free text", "RFC 8866, 6.10"),
    "tool": _rule("s", "<name and version>", "what wrote the description", "RFC 8866, 6.3"),
    "cat": _rule("s", "<category>", "dot-separated category", "RFC 8866, 6.1"),
    "keywds": _rule("s", "<keywords>", "keywords", "RFC 8866, 6.2"),
    "type": _rule("s", "<type>", "conference type", "RFC 8866, 6.9"),
    # ICE.
    "ice-ufrag": _rule(
        "sm", "<4 to 256 ice-chars>", "ICE username fragment", "RFC 8839, 5.4", inherited=True
    ),
    "ice-pwd": _rule(
        "sm", "<22 to 256 ice-chars>", "ICE password", "RFC 8839, 5.4", inherited=True
    ),
    "ice-options": _rule(
        "sm", "<option> ...", "ICE extensions supported", "RFC 8839, 5.6", inherited=True
    ),
    "candidate": _rule(
        "m",
        "<foundation> <component> <transport> <priority> <address> <port> typ <type> ...",
        "a transport address for connectivity checks",
        "RFC 8839, 5.1",
        many=True,
    ),
    "remote-candidates": _rule(
        "m", "<component> <address> <port> ...", "the pairs in use", "RFC 8839, 5.2"
    ),
    "end-of-candidates": _rule(
        "sm", "", "no more candidates will follow", "RFC 8840, 8.1", inherited=True
    ),
    "ice-mismatch": _rule("m", "", "the default address was no candidate", "RFC 8839, 5.3"),
    # DTLS and older keys.
    "fingerprint": _rule(
        "sm",
        "<hash function> <XX:XX:...>",
        "hash of the certificate the DTLS handshake must show",
        "RFC 8122, 5",
        many=True,
        inherited=True,
    ),
    "setup": _rule(
        "sm",
        "actpass|active|passive|holdconn",
        "who opens the DTLS connection",
        "RFC 4145, 4",
        inherited=True,
    ),
    "connection": _rule("m", "new|existing", "whether a connection is reused", "RFC 4145, 5"),
    "tls-id": _rule(
        "m", "<20 to 255 characters>", "names the DTLS association", "RFC 8842, 4", inherited=True
    ),
    "dtls-id": _rule(
        "m", "<characters>", "tls-id under the name its drafts used", "", inherited=True
    ),
    "crypto": _rule(
        "m",
        "<tag> <suite> inline:<key>[|...] [<session parameter>...]",
        "SRTP key in the clear (SDES); must not be used in WebRTC",
        "RFC 4568, 4",
        many=True,
    ),
    "key-mgmt": _rule(
        "sm",
        "<protocol> <data>",
        "key management message",
        "RFC 4567, 3",
        many=True,
        inherited=True,
    ),
    # Identification and grouping of media.
    "mid": _rule("m", "<token>", "names this media section", "RFC 5888, 4"),
    "bundle-only": _rule(
        "m", "", "accept only bundled; the zero port is no rejection", "RFC 9143, 6"
    ),
    "msid": _rule(
        "m",
        "<stream id> [<track id>]",
        "MediaStream this media belongs to",
        "RFC 8830, 2",
        many=True,
    ),
    "label": _rule("m", "<token>", "label of the media stream", "RFC 4574, 4"),
    "content": _rule("m", "<content>,...", "what the media shows", "RFC 4796, 5"),
    # Direction and timing of media.
    "sendrecv": _rule("sm", "", "sends and receives", "RFC 8866, 6.7.2", inherited=True),
    "sendonly": _rule("sm", "", "only sends", "RFC 8866, 6.7.3", inherited=True),
    "recvonly": _rule("sm", "", "only receives", "RFC 8866, 6.7.1", inherited=True),
    "inactive": _rule("sm", "", "neither sends nor receives", "RFC 8866, 6.7.4", inherited=True),
    "ptime": _rule("m", "<milliseconds>", "audio in each packet", "RFC 8866, 6.4"),
    "maxptime": _rule("m", "<milliseconds>", "most audio in a packet", "RFC 8866, 6.5"),
    "framerate": _rule("m", "<frames per second>", "highest frame rate", "RFC 8866, 6.13"),
    "quality": _rule("m", "<0 to 10>", "wished picture quality", "RFC 8866, 6.14"),
    "orient": _rule("m", "<orientation>", "orientation of a workspace", "RFC 8866, 6.8"),
    "sdplang": _rule(
        "sm", "<language>", "language of the description", "RFC 8866, 6.11", many=True
    ),
    "lang": _rule(
        "sm", "<language>", "language of the session or media", "RFC 8866, 6.12", many=True
    ),
    # Clocks and sources of broadcast equipment.
    "ts-refclk": _rule(
        "sm",
        "<source>[=<server>]",
        "clock that timestamps follow",
        "RFC 7273, 4",
        many=True,
        inherited=True,
    ),
    "mediaclk": _rule(
        "sm",
        "[id=<stream>] <source>[=<value>] [rate=<n>/<d>]",
        "clock that the media follows",
        "RFC 7273, 5",
        inherited=True,
    ),
    "source-filter": _rule(
        "sm",
        "incl|excl <nettype> <addrtype> <destination> <source>...",
        "sources of multicast to take or leave",
        "RFC 4570, 3",
        many=True,
        inherited=True,
    ),
    # Codecs.
    "rtpmap": _rule(
        "m",
        "<payload type> <name>/<clock rate>[/<channels>]",
        "what a payload type means",
        "RFC 8866, 6.6",
        many=True,
    ),
    "fmtp": _rule(
        "m", "<format> <parameters>", "parameters of a format", "RFC 8866, 6.15", many=True
    ),
    "rtcp-fb": _rule(
        "m", "<payload type>|* <feedback>", "RTCP feedback for a format", "RFC 4585, 4.2", many=True
    ),
    "imageattr": _rule(
        "m", "<payload type>|* send|recv ...", "image sizes", "RFC 6236, 3", many=True
    ),
    # RTP and RTCP.
    "rtcp": _rule(
        "m", "<port> [<nettype> <addrtype> <address>]", "where RTCP goes", "RFC 3605, 2.1"
    ),
    "rtcp-mux": _rule("m", "", "RTCP on the port of RTP", "RFC 5761, 5.1.1"),
    "rtcp-mux-only": _rule("m", "", "RTCP only on the port of RTP", "RFC 8858, 3"),
    "rtcp-rsize": _rule("m", "", "RTCP may be reduced-size", "RFC 5506, 5"),
    "rtcp-xr": _rule(
        "sm", "<block>[=<value>] ...", "RTCP extended reports", "RFC 3611, 5.1", inherited=True
    ),
    "extmap": _rule(
        "sm",
        _EXTMAP_FORM,
        "RTP header extension and its id",
        "RFC 8285, 5",
        many=True,
        inherited=True,
    ),
    "extmap-allow-mixed": _rule(
        "sm", "", "one- and two-byte header extensions may mix", "RFC 8285, 6", inherited=True
    ),
    "ssrc": _rule(
        "m",
        "<ssrc> <attribute>[:<value>]",
        "property of one RTP source",
        "RFC 5576, 4.1",
        many=True,
    ),
    "ssrc-group": _rule(
        "m", "<semantics> <ssrc>...", "RTP sources that belong together", "RFC 5576, 4.2", many=True
    ),
    "rid": _rule("m", _RID_FORM, "one encoding of the media", "RFC 8851, 4", many=True),
    "simulcast": _rule(
        "m",
        "send|recv <rid>[,<alternative>...][;<rid>...] [send|recv ...]",
        "encodings sent or received at the same time",
        "RFC 8853, 5.1",
    ),
    "x-google-flag": _rule(
        "m",
        "conference",
        "Chromium: several encodings in one section, as before simulcast had a line",
        "",
        many=True,
    ),
    "packetization": _rule(
        "m",
        "<payload type> raw",
        "Chromium: the payload is the raw frame",
        "",
        many=True,
    ),
    # Data channels.
    "sctp-port": _rule("m", "<port>", "SCTP port of the data channels", "RFC 8841, 5"),
    "max-message-size": _rule(
        "m", "<bytes>", "largest message it will take; 0 is any", "RFC 8841, 6"
    ),
    "sctpmap": _rule(
        "m",
        "<port> <application> [<streams>]",
        "SCTP port in the form of old drafts",
        "",
        many=True,
    ),
}


def is_known(name: str) -> bool:
    """Whether the table has an attribute of exactly this name."""
    return name in ATTRIBUTES
