"""What the rfc stack keeps of sections it read: the same as when it reads them anew."""

import random

import pytest

from rtckit.jsep import PeerError, peer_connection
from rtckit.jsep.facts import read_facts
from rtckit.jsep.identity import Identity
from rtckit.jsep.matching.formats import format_of_codec
from rtckit.jsep.stacks.rfc import rereading
from rtckit.jsep.stacks.rfc.rereading import formats_of, problems_of
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp import parse
from tests.oracle import recorded
from tests.oracle.recorded_answers import given

BASES = recorded.read("bases")


def check(text: str) -> None:
    for media in parse(text).media:
        fresh = parse(text).media[media.index]
        formats = [format_of_codec(media.kind, codec) for codec in fresh.codecs]
        assert list(formats_of(media)) == [item for item in formats if item is not None]
        assert problems_of(media) == fresh.problems


@pytest.mark.parametrize("name", sorted(BASES))
def test_damaged_lines_are_told_whatever_was_read_before(name: str) -> None:
    rng = random.Random(name)
    check(BASES[name])
    lines = BASES[name].split("\r\n")
    for _ in range(150):
        damaged = list(lines)
        at = rng.randrange(4, len(damaged))
        kind = rng.randrange(4)
        if kind == 0:
            damaged[at] = damaged[at][: rng.randrange(len(damaged[at]) + 1)]
        elif kind == 1:
            damaged.insert(at, rng.choice(lines))
        elif kind == 2:
            damaged[at] = damaged[at].replace(rng.choice(":/= 0129"), rng.choice("x: "), 1)
        else:
            del damaged[at]
        check("\r\n".join(damaged))


def test_no_more_is_kept_than_is_of_use() -> None:
    head = BASES["chromium-audio"].split("m=")[0]
    for number in range(600):
        check(f"{head}m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 x{number}/8000\r\n")
    assert len(rereading._KEPT) <= rereading._MOST_KEPT
    check(f"{head}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" + "a=x:" + "y" * 30_000 + "\r\n")
    assert max(map(len, rereading._KEPT)) <= rereading._LONGEST_KEPT


def test_facts_of_an_answer_are_those_it_states() -> None:
    offers = {case.offer for stack in ("chromium", "firefox") for case in given().answered(stack)}
    answered = 0
    for offer in sorted(offers):
        one = peer_connection("rfc", identity=Identity("facts"))
        one.add_track("audio", stream_ids=["s", "t"])
        one.add_track("video")
        try:
            one.set_remote_description(TypedSdp("offer", offer))
        except PeerError:
            continue
        text = one.create_answer().sdp
        known = one._facts.get(text)
        if known is not None:
            assert known == read_facts(text)
            answered += 1
    assert answered > len(offers) // 2
