"""Plan B, told and converted: a description of two cameras made by hand."""

from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep.plan_b import find_plan_b, to_unified_plan, tracks_of
from rtckit.sdp import parse
from tests.jsep.rfc_descriptions import OFFER, SESSION, TRANSPORT, answer_to, lines, peer, values

_AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 0.0.0.0",
    "a=mid:audio",
    "a=sendrecv",
    "a=rtpmap:111 opus/48000/2",
    *TRANSPORT,
    "a=ssrc:11 cname:c",
    "a=ssrc:11 msid:room mic",
)
_VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 100 101",
    "c=IN IP4 0.0.0.0",
    "a=mid:video",
    "a=sendrecv",
    "a=rtpmap:100 VP8/90000",
    "a=rtpmap:101 rtx/90000",
    "a=fmtp:101 apt=100",
    "a=candidate:1 1 udp 2130706431 192.0.2.1 9000 typ host",
    *TRANSPORT,
    "a=ssrc-group:FID 21 22",
    "a=ssrc:21 cname:c",
    "a=ssrc:21 msid:room front",
    "a=ssrc:22 cname:c",
    "a=ssrc:31 cname:c",
    "a=ssrc:31 msid:room back",
)
PLAN_B = lines(SESSION, "a=group:BUNDLE audio video", _AUDIO, _VIDEO)
ONE_TRACK = lines(SESSION, "a=group:BUNDLE audio video", _AUDIO, _VIDEO[:-2])


def test_tracks() -> None:
    found = tracks_of(parse(PLAN_B).media[1])
    # 22 has no name; it is the retransmission of 21.
    assert [(item.track, item.ssrcs) for item in found] == [("front", (21, 22)), ("back", (31,))]


def test_detection() -> None:
    found = find_plan_b(parse(PLAN_B))
    assert found is not None
    assert found.is_certain
    assert found.signs == ("section 1 (video) has 2 tracks: front, back",)
    manner = find_plan_b(parse(ONE_TRACK))
    assert manner is not None
    assert not manner.is_certain
    assert find_plan_b(parse(OFFER)) is None
    # Chromium writes both lines in unified plan.
    both = OFFER.replace("a=msid:stream\r\n", "a=msid:stream t\r\na=ssrc:1 msid:stream t\r\n", 1)
    assert find_plan_b(parse(both)) is None


def test_each_track_gets_a_section() -> None:
    found = to_unified_plan(parse(PLAN_B))
    document = found.document
    assert [media.kind for media in document.media] == ["audio", "video", "video"]
    assert [media.mid for media in document.media] == ["audio", "video", "0"]
    assert [media.msid for media in document.media] == ["room mic", "room front", "room back"]
    assert [media.direction for media in document.media] == ["sendrecv", "sendrecv", "sendonly"]
    assert [sorted(media.ssrcs) for media in document.media] == [[11], [21, 22], [31]]
    assert document.bundle == ["audio", "video", "0"]
    _, kept, new = document.media
    assert [group.ssrcs for group in kept.ssrc_groups] == [(21, 22)]
    assert new.ssrc_groups == []
    assert new.bundle_only
    assert new.port == 0
    assert not new.rejected
    assert not any(new.has(name) for name in ("candidate", "ice-ufrag", "setup", "rtcp"))
    assert new.rtcp_mux
    assert new.formats == kept.formats
    assert kept.candidates
    assert len(found.steps) == 3
    assert "back" in found.steps[2]


def test_a_bundle_and_mids_are_made_up_where_there_are_none() -> None:
    text = "".join(
        line for line in PLAN_B.splitlines(True) if not line.startswith(("a=group", "a=mid"))
    )
    found = to_unified_plan(parse(text))
    assert [media.mid for media in found.document.media] == ["0", "1", "2"]
    assert found.document.bundle == ["1", "2"]


def test_unified_plan_stays_as_it_is() -> None:
    document = parse(OFFER)
    found = to_unified_plan(document)
    assert found.document is document
    assert found.steps == ()
    once = to_unified_plan(parse(PLAN_B)).document
    assert to_unified_plan(once).document is once


def test_the_peer_converts_when_asked() -> None:
    answerer = peer()
    answerer.converts_plan_b = True
    answer = answer_to(PLAN_B, answerer)
    assert [media.rejected for media in answer.media] == [False] * 3
    assert answer.bundle == ["audio", "video", "0"]
    assert [item.remote_track_id for item in answerer.transceivers] == ["mic", "front", "back"]
    plain = peer()
    assert len(answer_to(PLAN_B, plain).media) == 2
    assert any(item.name == "Plan B" for item in plain.decisions)
    assert values(answer.media[1], "msid") == []


@given(st.lists(st.sampled_from(PLAN_B.split("\r\n")), max_size=40))
def test_conversion_never_raises(texts: list[str]) -> None:
    document = parse(lines("v=0", *texts))
    find_plan_b(document)
    found = to_unified_plan(document)
    assert len(found.document.media) >= len(document.media)
    assert all(len(tracks_of(media)) < 2 for media in found.document.media if media.is_rtp)
