"""Any bytes are read as some form of description, or refused with ParseError."""

import base64
import contextlib
import gzip
import json

from rtckit.core.errors import ParseError
from rtckit.sdp import Sources, read_description, read_descriptions
from rtckit.sdp.anonymize import Anonymizer
from tests.sdp.descriptions import ALL

_OFFER = ALL["aiortc-offer"]
_CANDIDATE = "candidate:1 1 udp 1 192.0.2.1 9 typ host"
_OBJECT = json.dumps({"type": "offer", "sdp": _OFFER})

SEEDS = [
    # Damaged so that other values make it look like JSON.
    b'[::1a=candidate:k="type":"offer",SIP/2.0 200 OK\r\na=crypto:m=audio 9 X 0{eyJ[[::1]',
    _OBJECT.encode(),
    json.dumps({"candidate": _CANDIDATE, "sdpMid": "0", "sdpMLineIndex": 0}).encode(),
    base64.b64encode(_OBJECT.encode()),
    gzip.compress(_OFFER.encode(), mtime=0),
    f"RTCSessionDescription {{type: 'offer', sdp: '{_OFFER}'}}".replace("\r\n", "\\r\\n").encode(),
    "".join(f"12:00:00 {line}\n" for line in _OFFER.split("\r\n")).encode(),
    b"INVITE sip:a@b SIP/2.0\r\nc: application/sdp\r\n\r\n" + _OFFER.encode(),
    b"RTCStatsDump\n{}\n"
    + json.dumps(["setLocalDescription", "1", json.loads(_OBJECT), 1]).encode(),
    json.dumps(
        {"PeerConnections": {"1": {"updateLog": [{"type": "onicecandidate", "value": _OBJECT}]}}}
    ).encode(),
    f"a=ice-ufrag:abcd\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na={_CANDIDATE}\r\n".encode(),
    b'<div id="pc-heading: x"><div id="tab_pane_offer_x"><pre>' + _OFFER.encode() + b"</pre>",
]


def check(data: bytes) -> None:
    """The law of ``read_descriptions``, and that what it finds can be anonymised."""
    for source in (data, data.decode("utf-8", "surrogateescape")):
        try:
            sources = read_descriptions(source)
        except ParseError:
            continue
        assert isinstance(sources, Sources)
        assert sources.items
        anonymizer = Anonymizer("seed", ssrcs=True)
        for item in sources.distinct[:20]:
            before = item.document
            after = anonymizer.anonymize(before)
            assert [line.end for line in after.lines] == [line.end for line in before.lines]
            assert len(after.media) == len(before.media)
        for one in sources.candidates[:20]:
            anonymizer.candidate(one.text)
    with contextlib.suppress(ParseError):
        read_description(data)
