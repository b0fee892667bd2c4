"""Work and memory grow no faster than the description; counted, so that a busy machine may be."""

import gzip
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from rtckit.report.sdp_annotate import annotate
from rtckit.sdp import parse

MEDIA = "m=audio 9 RTP/AVP 0\r\n"
SFU_OFFER = Path(__file__).parent / "data" / "sfu-offer.sdp.gz"

# Each is a head and what repeats after it.
REPEATED = {
    "media": ("v=0\r\n", MEDIA),
    "undefined formats": ("v=0\r\n", "m=video 9 RTP/AVP 96 97 98\r\n"),
    "damaged media": ("v=0\r\n", "m=\r\n"),
    "media with mids": ("v=0\r\na=group:BUNDLE 0\r\n", MEDIA + "a=mid:0\r\n"),
    "blank": ("v=0\r\n", "\r\n"),
    "unknown": ("v=0\r\n" + MEDIA, "x=1\r\n"),
    "candidates": ("v=0\r\n" + MEDIA, "a=candidate:1 1 udp 1 192.0.2.1 9 typ host x y\r\n"),
    "damaged candidates": ("v=0\r\n" + MEDIA, "a=candidate:1 1 udp 1 192.0.2.1  9 typ\r\n"),
    "rtpmap": ("v=0\r\n" + MEDIA, "a=rtpmap:96 VP8/90000\r\n"),
    "feedback": ("v=0\r\nm=video 9 RTP/AVPF 96 97\r\n", "a=rtcp-fb:* nack\r\n"),
    "ssrc": ("v=0\r\n" + MEDIA, "a=ssrc:1 cname:x\r\n"),
    "simulcast": ("v=0\r\n" + MEDIA, "a=simulcast:send a;b\r\n"),
    "direction": ("v=0\r\n" + MEDIA, "a=sendonly\r\n"),
    "groups": ("v=0\r\n", "a=group:BUNDLE 0 1 2\r\n"),
    "formats": ("v=0\r\nm=video 9 RTP/AVPF", " 96"),
    "mids": ("v=0\r\na=group:BUNDLE", " x"),
    "images": ("v=0\r\n" + MEDIA + "a=imageattr:0 send", " [x=1,y=2]"),
    "brackets": ("v=0\r\n" + MEDIA + "a=imageattr:0 send ", "["),
    "mixed ends": ("v=0\r", "a=x\r\n\n"),
}


def calls_of(work: Callable[[], object]) -> int:
    """Calls of Python and C functions while ``work`` runs."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def read(text: str) -> None:
    """The document, all that is wrong with it, and every line explained."""
    document = parse(text)
    assert document.problems is not None
    assert document.write() == text
    for _ in annotate(document):
        pass


@pytest.mark.parametrize("name", REPEATED)
def test_work_is_linear(name: str) -> None:
    head, repeated = REPEATED[name]
    small, large = (head + repeated * count for count in (250, 1000))
    ratio = calls_of(lambda: read(large)) / calls_of(lambda: read(small))
    # Four times the text: four times the calls, not sixteen times.
    assert ratio < 4.6


@pytest.mark.parametrize("name", ["media", "damaged media", "undefined formats", "media with mids"])
def test_the_memory_of_very_many_sections_is_bounded(name: str) -> None:
    head, repeated = REPEATED[name]
    text = head + repeated * 5_000
    tracemalloc.start()
    try:
        found = len(parse(text).problems)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A few words a line; what a problem takes comes on top.
    assert peak < 5_000 * 600 + found * 700


def test_the_offer_of_a_conference() -> None:
    data = gzip.decompress(SFU_OFFER.read_bytes())
    document = parse(data)
    assert document.write() == data
    assert document.problems == []
    assert len(document.media) == 151
    assert [media.kind for media in document.media[-4:]] == [
        "audio",
        "video",
        "video",
        "application",
    ]
    assert document.bundle == [str(number) for number in range(151)]
    assert all(media.mid == str(media.index) for media in document.media)
    edited = document.edit().keep_codecs("1", ["VP8"]).document
    assert [codec.name for codec in edited.media[1].codecs] == ["VP8", "rtx"]
    assert edited.media[2].formats == document.media[2].formats
