"""What aiortc answers: recorded answers, aiortc itself on new offers, its rule breaks one by one.

No difference is known: of 1035 given answers, of those to the recorded new offers and of every new
set asked so far, all are the same text, chance values apart.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator

import pytest

from rtckit.jsep.decision import Decision
from rtckit.jsep.negotiation import OfferRefused, answer, explain_answer, offer
from rtckit.jsep.stacks.aiortc.capabilities import RECORDED
from rtckit.jsep.stacks.aiortc.negotiation import FAILURES
from rtckit.jsep.stacks.aiortc.reader import read
from rtckit.jsep.stacks.aiortc.writing import write
from rtckit.sdp import MediaSection
from tests.capabilities import require
from tests.oracle import recorded
from tests.oracle.answers import masked
from tests.oracle.measure_answers import SETS, score
from tests.oracle.new_offers import new_offers
from tests.oracle.recorded_answers import Answered, given, read_set

AUDIO = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:aaaa\r\n"
    "a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendrecv\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
)


def video(*lines: str, formats: str = "96", head: str = "") -> str:
    """An offer with one video section."""
    start, _, section = AUDIO.partition("m=audio")
    section = f"m=video{section}".replace("SAVPF 111", f"SAVPF {formats}")
    section = section.replace("a=rtpmap:111 opus/48000/2\r\n", "")
    return start + head + section + "".join(f"{line}\r\n" for line in lines)


def section(text: str, index: int = 0) -> MediaSection:
    return answer(text, "aiortc").media[index]


# -- recorded answers ---------------------------------------------------------------------------


def test_given_answers() -> None:
    result = score("aiortc", given().of("aiortc"), "given")
    print(f"\n  {result}")
    assert result.answers == 1035
    assert result.rate == 1.0
    assert result.identical_rate == 1.0


@pytest.mark.parametrize("name", [each for each in SETS if recorded.exists(f"new-{each}")])
def test_answers_to_new_offers(name: str) -> None:
    result = score("aiortc", read_set(f"new-{name}").of("aiortc"), name)
    print(f"\n  {result}")
    assert result.answers > 100
    assert result.identical_rate == 1.0
    assert result.refused == result.refusals > 50


# -- aiortc itself ------------------------------------------------------------------------------


@pytest.fixture
def aiortc_without_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """aiortc that finds no address to gather a candidate on, and so sends nothing."""
    require("aiortc")
    import aioice.ice

    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def ask(name: str, text: str) -> tuple[Answered, str | None]:
    """The answer as created, and the local description once it is set."""
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    stage = "setRemoteDescription"
    try:
        await connection.setRemoteDescription(RTCSessionDescription(sdp=text, type="offer"))
        stage = "createAnswer"
        made = await connection.createAnswer()
        stage = "setLocalDescription"
        await connection.setLocalDescription(made)
    except Exception as error:
        return Answered(name, text, None, (stage, type(error).__name__, str(error))), None
    finally:
        with contextlib.suppress(AttributeError):
            await connection.close()
    return Answered(name, text, made.sdp), connection.localDescription.sdp


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("aiortc_without_network")
def test_answers_of_aiortc_itself_to_unseen_offers() -> None:
    # Without candidates: those with names would be looked up by multicast.
    offers = {
        name: "".join(
            line for line in text.splitlines(keepends=True) if not line.startswith("a=candidate")
        )
        for name, text in new_offers(120, 20261121).items()
    }

    async def ask_all() -> list[tuple[Answered, str | None]]:
        return [await asyncio.wait_for(ask(*each), 20) for each in offers.items()]

    said = asyncio.run(ask_all())
    result = score("aiortc", [case for case, _ in said], "unseen")
    print(f"\n  {result}")
    assert result.answers > 50
    assert result.refused == result.refusals > 10
    assert result.identical == result.answers
    for case, local in said:
        if local is not None:
            peer = answered_peer(case.offer)
            assert masked(peer) == masked(local)


def answered_peer(text: str) -> str:
    """The local description after an answer was set."""
    from rtckit.jsep.stacks.aiortc.peer import AiortcPeer
    from rtckit.jsep.verdict import TypedSdp

    peer = AiortcPeer()
    peer.set_remote_description(TypedSdp("offer", text))
    peer.set_local_description()
    assert peer.current_local is not None
    return peer.current_local.sdp


@pytest.mark.parametrize("name", ["mutated-offers", "unseen-development", "unseen-final"])
def test_descriptions_are_written_again_as_aiortc_writes_them(name: str) -> None:
    require("aiortc")
    from aiortc.sdp import SessionDescription

    equal = refused = 0
    for text in recorded.read(name)["offers"].values():
        theirs: str | None = None
        ours: str | None = None
        with contextlib.suppress(Exception):
            theirs = str(SessionDescription.parse(text))
        with contextlib.suppress(*FAILURES):
            ours = write(read(text))
        assert ours == theirs
        equal += theirs is not None
        refused += theirs is None
    assert equal > 500
    assert refused > 100


def test_recorded_capabilities_are_those_of_aiortc() -> None:
    require("aiortc")
    from aiortc.codecs import CODECS, HEADER_EXTENSIONS

    for kind in ("audio", "video"):
        assert [
            (codec.mime_type, codec.clock_rate, codec.channels, codec.payload_type, codec.feedback)
            for codec in RECORDED.codecs_of(kind)
        ] == [
            (
                each.mimeType,
                each.clockRate,
                each.channels,
                each.payloadType,
                tuple(" ".join(filter(None, (f.type, f.parameter))) for f in each.rtcpFeedback),
            )
            for each in CODECS[kind]
        ]
        assert [dict(codec.fmtp) for codec in RECORDED.codecs_of(kind)] == [
            {name: str(value) for name, value in each.parameters.items()} for each in CODECS[kind]
        ]
        assert [(item.id, item.uri) for item in RECORDED.extensions_of(kind)] == [
            (each.id, each.uri) for each in HEADER_EXTENSIONS[kind]
        ]


def test_the_capabilities_stand_in_its_own_offer() -> None:
    assert type(RECORDED).from_offer(offer("aiortc", 1, 1, True)).codecs == RECORDED.codecs


# -- its rule breaks, one by one ----------------------------------------------------------------
# Each follows from aiortc 1.16's sources and holds for what the recorded answers show.


def test_a_section_offered_with_port_zero_is_answered_like_any_other() -> None:
    made = section(AUDIO.replace("m=audio 9", "m=audio 0"))
    assert made.port == 9
    assert not made.rejected


def test_all_sections_are_bundled_whatever_the_offer_groups() -> None:
    assert answer(AUDIO.replace("a=group:BUNDLE 0\r\n", ""), "aiortc").bundle == ["0"]


def test_a_number_below_96_is_not_taken_over() -> None:
    made = section(AUDIO.replace("111", "63"))
    assert made.formats == ["96"]
    assert [str(codec.payload_type) for codec in made.codecs] == ["96"]


def test_numbers_may_collide_and_the_rtx_of_the_old_number_is_lost() -> None:
    made = section(
        video(
            *("a=rtpmap:35 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=35"),
            *("a=rtpmap:98 rtx/90000", "a=fmtp:98 apt=97"),
            formats="35 97 98",
        )
    )
    # VP8 becomes 97, and the rtx that repeats "97" is taken for its own.
    assert made.formats == ["97", "98"]


def test_a_codec_needs_no_place_in_the_m_line() -> None:
    assert section(AUDIO + "a=rtpmap:8 PCMA/8000\r\n").formats == ["111", "8"]


def test_a_static_payload_type_needs_an_rtpmap() -> None:
    assert section(AUDIO.replace("SAVPF 111", "SAVPF 0 111")).formats == ["111"]


def test_channels_are_not_compared() -> None:
    assert section(AUDIO.replace("opus/48000/2", "opus/48000")).codecs[0].channels == 2


def test_no_common_codec_fails_the_whole_answer() -> None:
    with pytest.raises(OfferRefused) as caught:
        answer(AUDIO.replace("opus", "speex"), "aiortc")
    assert (caught.value.stage, caught.value.name, caught.value.message) == (
        "setRemoteDescription",
        "OperationError",
        "Failed to set remote audio description send parameters",
    )


@pytest.mark.parametrize(
    ("fmtp", "taken"),
    [
        ("packetization-mode=1;profile-level-id=42e01f", "42e01f"),
        ("packetization-mode=1;profile-level-id=42001f", "42001f"),
        ("packetization-mode=1", "42e01f"),
        ("packetization-mode=1;profile-level-id=4d801f", "42e01f"),
        ("packetization-mode=0;profile-level-id=42e01f", None),
        ("packetization-mode=1;profile-level-id=4d001f", None),
        ("packetization-mode=1;profile-level-id=42e0ff", None),
        ("profile-level-id=42e01f", None),
    ],
)
def test_h264_is_baseline_with_packetization_mode_1(fmtp: str, taken: str | None) -> None:
    made = section(
        video(
            *("a=rtpmap:96 VP8/90000", "a=rtpmap:97 H264/90000", f"a=fmtp:97 {fmtp}"),
            formats="96 97",
        )
    )
    profiles = [codec.fmtp.get("profile-level-id") for codec in made.codecs]
    assert profiles == ([None] if taken is None else [None, taken])


def test_feedback_is_what_both_have_in_aiortcs_order() -> None:
    made = section(
        video("a=rtpmap:96 VP8/90000", *(f"a=rtcp-fb:96 {x}" for x in ("goog-remb", "ccm fir")))
        + "a=rtcp-fb:* nack pli\r\n"
    )
    assert made.codecs[0].rtcp_fb == ["nack pli", "goog-remb"]


def test_extensions_keep_the_numbers_and_order_of_the_offer() -> None:
    made = section(
        AUDIO
        + "a=extmap:7 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
        + "a=extmap:3/sendonly urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        + "a=extmap:4 urn:ietf:params:rtp-hdrext:toffset\r\n"
    )
    assert [(item.id, item.direction) for item in made.extmap] == [(7, None), (3, None)]


def test_a_legacy_data_section_is_answered_in_kind() -> None:
    text = AUDIO.replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=application 9 DTLS/SCTP 5000")
    text = text.replace("a=rtpmap:111 opus/48000/2", "a=sctpmap:5000 webrtc-datachannel 1024")
    made = answer(text, "aiortc").text
    assert "m=application 9 DTLS/SCTP 5000\r\n" in made
    assert "a=sctpmap:5000 webrtc-datachannel 65535\r\na=max-message-size:262144\r\n" in made


def test_simulcast_is_not_read() -> None:
    text = video("a=rtpmap:96 VP8/90000", "a=rid:h send", "a=simulcast:send h")
    assert section(text).simulcast is None


# -- why ----------------------------------------------------------------------------------------


def test_every_decision_has_a_reason() -> None:
    for name, text in recorded.read("mutated-offers")["offers"].items():
        try:
            made, decisions = explain_answer(text, "aiortc")
        except OfferRefused:
            continue
        assert decisions, name
        sections = [each for each in decisions if each.subject == "section"]
        assert [each.index for each in sections] == list(range(len(made.media)))
        assert all(each.why and not each.why.endswith(".") for each in decisions)
        for index, media in enumerate(made.media):
            taken = [each for each in decisions if each.index == index and each.subject == "codec"]
            kept = [each for each in taken if each.outcome != "dropped"]
            assert len(kept) == len(media.find_all("rtpmap")), name


def test_reasons() -> None:
    text = video(
        *("a=rtpmap:35 VP8/90000", "a=rtpmap:98 H264/90000", "a=fmtp:98 packetization-mode=0"),
        *("a=rtpmap:99 AV1/90000", "a=rtpmap:100 rtx/90000", "a=fmtp:100 apt=99"),
        *("a=rtcp-fb:35 nack", "a=rtcp-fb:35 transport-cc", "a=simulcast:send h", "a=rid:h send"),
        formats="35 98 99 100 34",
    ).replace("m=video 9", "m=video 0")
    decisions = explain_answer(text.replace("BUNDLE 0", "LS 0"), "aiortc")[1]
    told = {(each.subject, each.name): (each.outcome, each.why) for each in decisions}
    assert told["section", ""][0] == "changed"
    assert "port 0" in told["section", ""][1]
    assert told["codec", "35 VP8/90000"] == (
        "changed",
        "aiortc takes numbers from 96 to 127 only, and writes its own 97 here",
    )
    assert told["codec", "98 H264/90000"][1] == "aiortc has H264 with packetization-mode 1 only"
    assert told["codec", "99 AV1/90000"] == ("dropped", "aiortc does not have it")
    assert told["codec", "100 rtx/90000"] == ("dropped", "the codec it repeats is not taken")
    assert told["codec", "34"][1] == "it has no a=rtpmap, and aiortc knows no static payload types"
    assert told["feedback", "35 nack"][0] == "taken"
    assert told["feedback", "35 transport-cc"][0] == "dropped"
    assert told["simulcast", ""][0] == "dropped"
    assert told["bundle", "0"][0] == "changed"
    assert told["direction", "recvonly"] == (
        "changed",
        "the transceiver is recvonly, the offer lets it be sendrecv: what both allow",
    )
    assert Decision(0, "0", "setup", "active", "taken", told["setup", "active"][1]).why


def test_codecs_read_before_are_read_the_same_again() -> None:
    head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    lines = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:* nack\r\na=fmtp:96 x=1;apt=5\r\n"
    for kind in ("video", "audio"):
        text = f"{head}m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=rtcp-mux\r\n{lines}a=sendonly\r\n"
        first, second = read(text).media[0], read(text).media[0]
        assert first == second
        # What is done to one description is not done to the next.
        second.codecs[0].feedback.clear()
        second.codecs[0].parameters.clear()
        assert read(text).media[0] == first
        assert first.codecs[0].channels == (1 if kind == "audio" else None)
        with pytest.raises(RuntimeError, match="StopIteration"):
            read(text + "a=fmtp:97 x=1\r\n")
        with pytest.raises(AttributeError):
            read(text + "a=fmtp\r\n")
