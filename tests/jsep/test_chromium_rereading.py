"""What is set is what the parser makes of the text, also where no text is parsed again."""

from collections import Counter

import pytest

from rtckit.jsep import Encoding, OfferRefused, answer
from rtckit.jsep.stacks.chromium.description import Description
from rtckit.jsep.stacks.chromium.peer import ChromiumPeer
from rtckit.jsep.stacks.chromium.predict import bytes_of
from rtckit.jsep.stacks.chromium.session import parse_description
from tests.oracle import recorded_answers


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Have each reading that is taken over compared with the parser's, and count."""
    counted: Counter[str] = Counter()
    read_back = ChromiumPeer._read_back

    def compared(peer: ChromiumPeer, kind: str, text: str) -> Description | None:
        read = read_back(peer, kind, text)
        if read is None:
            counted["parsed"] += 1
        else:
            counted["taken over"] += 1
            parsed = parse_description(bytes_of(text))
            parsed.content(""), read.content("")
            assert read.groups == parsed.groups
            assert read.contents == parsed.contents
            assert (read.has_msid, read.has_ssrc_msid) == (parsed.has_msid, parsed.has_ssrc_msid)
            assert (read.allow_mixed, read.cryptex) == (parsed.allow_mixed, parsed.cryptex)
        return read

    monkeypatch.setattr(ChromiumPeer, "_read_back", compared)
    return counted


def test_answers(seen: Counter[str]) -> None:
    for case in recorded_answers.given().answered("chromium")[::4]:
        answer(case.offer, "chromium")
        answer(case.offer, "chromium", send=("audio", "video"))
    assert seen["taken over"] > 250


def test_offers(seen: Counter[str]) -> None:
    for number in range(40):
        peer = ChromiumPeer()
        peer.add_transceiver("audio", track=number % 2 == 0, stream_ids=("s", "t")[: number % 3])
        peer.add_transceiver("video", direction=("sendrecv", "recvonly", "inactive")[number % 3])
        layers = [Encoding(rid) for rid in ("q", "h", "f")[: number % 4]]
        peer.add_transceiver("video", track=number % 5 == 0, send_encodings=layers)
        if number % 2:
            peer.create_data_channel("d")
        peer.set_local_description(peer.create_offer())
        peer.set_local_description()
    assert seen["taken over"] >= 40
    assert seen["parsed"] >= 10, "offers with layers are left to the parser"


def test_odd_offers(seen: Counter[str]) -> None:
    for case in recorded_answers.read_set("new-development").of("chromium")[::3]:
        try:
            answer(case.offer, "chromium", send=("video",))
        except OfferRefused:
            seen["refused"] += 1
    assert seen["taken over"] > 60
