"""The same descriptions read by aiortc and aioice: two independent readings must agree."""

import asyncio
from operator import attrgetter

import pytest
from hypothesis import given

from rtckit.sdp import Candidate, MediaSection, build_candidate, parse, parse_candidate
from tests.capabilities import require
from tests.sdp.descriptions import AIORTC_OFFER, ALL, CHROMIUM_OFFER, FIREFOX_ANSWER
from tests.strategies.sdp import candidates

COMMON = {
    name: ALL[name] for name in ("chromium-offer", "firefox-answer", "aiortc-offer")
}  # SDES descriptions are beyond aiortc


def made_by_aiortc() -> str:
    """An offer as aiortc makes it, before gathering: no socket is opened."""
    from aiortc import RTCPeerConnection

    async def offer() -> str:
        connection = RTCPeerConnection()
        connection.addTransceiver("audio", direction="sendonly")
        connection.addTransceiver("video")
        connection.createDataChannel("data")
        description = await connection.createOffer()
        await connection.close()
        return str(description.sdp)

    return asyncio.run(offer())


@pytest.fixture(params=[*COMMON, "made by aiortc"])
def text(request: pytest.FixtureRequest) -> str:
    require("aiortc")
    return COMMON.get(request.param) or made_by_aiortc()


def test_both_read_the_same_sections(text: str) -> None:
    from aiortc.sdp import SessionDescription

    theirs = SessionDescription.parse(text)
    ours = parse(text)
    assert ours.problems == []
    assert [(group.semantics, list(group.mids)) for group in ours.groups] == [
        (group.semantic, group.items) for group in theirs.group
    ]
    assert len(ours.media) == len(theirs.media)
    for mine, other in zip(ours.media, theirs.media, strict=True):
        assert (mine.kind, mine.port, mine.protocol) == (other.kind, other.port, other.profile)
        assert mine.mid == other.rtp.muxId
        if other.direction is not None:
            assert mine.direction == other.direction
        assert mine.rtcp_mux == other.rtcp_mux
        assert mine.msid == other.msid
        _same_transport(mine, other)
        _same_codecs(mine, other)
        assert [(item.id, item.uri) for item in mine.extmap] == [
            (item.id, item.uri) for item in other.rtp.headerExtensions
        ]
        assert {ssrc: found.get("cname") for ssrc, found in mine.ssrcs.items()} == {
            item.ssrc: item.cname for item in other.ssrc
        }
        assert [(group.semantics, list(group.ssrcs)) for group in mine.ssrc_groups] == [
            (group.semantic, group.items) for group in other.ssrc_group
        ]
        assert mine.sctp_port == other.sctp_port
        if other.sctpCapabilities is not None:
            assert mine.max_message_size == other.sctpCapabilities.maxMessageSize


def _same_transport(mine: MediaSection, other: object) -> None:
    ice, dtls = other.ice, other.dtls  # type: ignore[attr-defined]
    assert (mine.ice_ufrag, mine.ice_pwd) == (ice.usernameFragment, ice.password)
    if dtls is not None and dtls.role is not None:
        assert mine.setup == {"auto": "actpass", "client": "active", "server": "passive"}[dtls.role]
        assert [(item.hash_function, item.value) for item in mine.fingerprints] == [
            (item.algorithm.lower(), item.value.upper()) for item in dtls.fingerprints
        ]
    assert mine.end_of_candidates == other.ice_candidates_complete  # type: ignore[attr-defined]
    ours = "foundation component transport priority address port type"
    theirs = "foundation component protocol priority ip port type"
    related = ("related_address related_port tcptype", "relatedAddress relatedPort tcpType")
    assert [attrgetter(*f"{ours} {related[0]}".split())(c) for c in mine.candidates] == [
        attrgetter(*f"{theirs} {related[1]}".split())(c)
        for c in other.ice_candidates  # type: ignore[attr-defined]
    ]


def _same_codecs(mine: MediaSection, other: object) -> None:
    theirs = {codec.payloadType: codec for codec in other.rtp.codecs}  # type: ignore[attr-defined]
    # aiortc lists only what has an rtpmap.
    stated = [codec for codec in mine.codecs if not codec.static]
    for codec in stated:
        their = theirs[int(codec.payload_type)]
        assert (codec.name, codec.clock_rate) == (their.name, their.clockRate)
        assert codec.channels == their.channels
        assert {
            name: None if value is None else str(value) for name, value in codec.fmtp.items()
        } == {
            name.lower(): None if value is None else str(value)
            for name, value in their.parameters.items()
        }
        assert codec.rtcp_fb == [
            feedback.type + (f" {feedback.parameter}" if feedback.parameter else "")
            for feedback in their.rtcpFeedback
        ]
    assert len(stated) == len(theirs)


@given(candidates())
def test_aioice_reads_the_candidates_we_write(candidate: Candidate) -> None:
    aioice = pytest.importorskip("aioice")
    if candidate.related_address == "" or any(not value for _, value in candidate.extensions):
        return  # aioice splits at runs of blanks, so it has no empty values
    value = build_candidate(candidate).removeprefix("candidate:")
    theirs = aioice.Candidate.from_sdp(value)
    ours = parse_candidate(value)
    assert (theirs.foundation, theirs.component, theirs.transport) == (
        ours.foundation,
        ours.component,
        ours.transport,
    )
    assert (theirs.priority, theirs.host, theirs.port, theirs.type) == (
        ours.priority,
        ours.address,
        ours.port,
        ours.type,
    )
    assert (theirs.related_address, theirs.related_port, theirs.tcptype) == (
        ours.related_address,
        ours.related_port,
        ours.tcptype,
    )


@pytest.mark.parametrize("text", [CHROMIUM_OFFER, FIREFOX_ANSWER, AIORTC_OFFER])
def test_we_read_the_candidates_aioice_writes(text: str) -> None:
    aioice = pytest.importorskip("aioice")
    for media in parse(text).media:
        for attribute in media.find_all("candidate"):
            theirs = aioice.Candidate.from_sdp(attribute.value)
            ours = parse_candidate(theirs.to_sdp())
            expected = parse_candidate(attribute.value or "")
            # aioice keeps no extension but generation.
            assert ours.extension("generation") == expected.extension("generation")
            assert (ours.address, ours.port, ours.type, ours.tcptype) == (
                expected.address,
                expected.port,
                expected.type,
                expected.tcptype,
            )
