"""Offers by RFC 9429, 5.2: what each line must be follows from the section that is cited."""

import pytest

from rtckit.jsep.capabilities import Capabilities, CodecCapability
from rtckit.jsep.connection import Configuration
from rtckit.jsep.stacks.rfc import CAPABILITIES
from rtckit.jsep.stacks.rfc.peer import RfcPeer
from rtckit.jsep.transceiver import Encoding
from rtckit.sdp import Document, parse
from tests.jsep.rfc_descriptions import OFFER, exchange, peer, values


def offered(by: RfcPeer, *, ice_restart: bool = False) -> Document:
    return parse(by.create_offer(ice_restart=ice_restart).sdp)


def test_initial_offer() -> None:
    offerer = peer()
    offerer.add_track("audio", stream_ids=["s"])
    offerer.add_transceiver("video", direction="recvonly")
    offerer.create_data_channel("d")
    document = offered(offerer)
    audio, video, data = document.media
    assert [media.protocol for media in document.media] == [
        "UDP/TLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVPF",
        "UDP/DTLS/SCTP",
    ]
    assert document.bundle == ["0", "1", "2"]
    assert document.session.ice_options == ["trickle", "ice2"]
    assert values(audio, "msid") == ["s"]
    assert not video.has("msid")
    assert audio.maximum_packet_time == 120
    assert len({media.ice_ufrag for media in document.media}) == 3
    for media in document.media:
        assert media.setup == "actpass"
        assert media.has("tls-id")
    for media in (audio, video):
        assert media.rtcp_mux
        assert media.rtcp_mux_only
        assert media.rtcp_rsize
        assert values(media, "rtcp") == ["9 IN IP4 0.0.0.0"]
    assert not data.rtcp_mux
    assert data.formats == ["webrtc-datachannel"]
    assert not any(document.session.has(name) for name in ("ice-lite", "crypto", "key-mgmt"))


def test_mandatory_codecs() -> None:
    # RFC 7742, 5 and RFC 7874, 3.
    names = {codec.name for codec in CAPABILITIES.codecs}
    assert {"VP8", "H264", "opus", "PCMU", "PCMA", "telephone-event", "CN"} <= names
    profiles = {
        codec.parameters.get("profile-level-id")
        for codec in CAPABILITIES.codecs
        if codec.name == "H264"
    }
    assert profiles == {"42e01f"}
    numbers = [(codec.kind, codec.payload_type) for codec in CAPABILITIES.codecs]
    assert len(set(numbers)) == len(numbers)
    # RFC 5761, 4.
    assert not any(64 <= number < 96 for _, number in numbers)


@pytest.mark.parametrize(
    ("policy", "ports"),
    [
        ("balanced", [9, 0, 9, 9]),
        ("max-bundle", [9, 0, 0, 0]),
        ("max-compat", [9, 9, 9, 9]),
    ],
)
def test_bundle_policies(policy: str, ports: list[int]) -> None:
    offerer = peer(configuration=Configuration(bundle_policy=policy))
    for kind in ("audio", "audio", "video"):
        offerer.add_transceiver(kind)
    offerer.create_data_channel("d")
    document = offered(offerer)
    assert [media.port for media in document.media] == ports
    for media in document.media:
        assert media.bundle_only == (media.port == 0)
        assert media.has("ice-ufrag") == (media.port != 0)
        assert not media.rejected


def test_simulcast() -> None:
    offerer = peer()
    offerer.add_transceiver("video", send_encodings=[Encoding("h"), Encoding("l")])
    (video,) = offered(offerer).media
    assert values(video, "rid") == ["h send", "l send"]
    assert values(video, "simulcast") == ["send h;l"]


def test_lip_sync() -> None:
    offerer = peer()
    for kind, stream in (("audio", "s"), ("video", "s"), ("video", "t")):
        offerer.add_track(kind, stream_ids=[stream])
    groups = [group.mids for group in offered(offerer).groups if group.semantics == "LS"]
    assert groups == [("0", "1")]


def test_codec_preferences() -> None:
    offerer = peer()
    transceiver = offerer.add_transceiver("video")
    offerer.set_codec_preferences(
        transceiver,
        [{"mimeType": "video/VP9"}, {"mimeType": "video/rtx"}, {"mimeType": "video/VP8"}],
    )
    (video,) = offered(offerer).media
    assert [codec.name for codec in video.codecs] == ["VP9", "rtx", "VP8", "rtx"]
    assert [codec.apt for codec in video.codecs] == [None, "98", None, "96"]


def test_versions_rise_and_the_rest_stays() -> None:
    offerer = peer()
    offerer.add_transceiver("audio")
    first, second = offerer.create_offer().sdp, offerer.create_offer().sdp
    assert first.split("\r\n")[2:] == second.split("\r\n")[2:]
    origins = [parse(text).session.origin for text in (first, second)]
    assert [item.version for item in origins if item is not None] == ["1", "2"]


# -- subsequent offers (5.2.2) ------------------------------------------------------------------


def _agreed() -> tuple[RfcPeer, RfcPeer, Document, Document]:
    one, other = peer("one"), peer("other")
    one.add_track("audio", stream_ids=["s"])
    one.add_track("video", stream_ids=["s"])
    return (one, other, *exchange(one, other))


def test_a_second_offer() -> None:
    one, _, first, answer = _agreed()
    one.create_data_channel("d")
    audio, video, data = (second := offered(one)).media
    for name in ("ice-ufrag", "ice-pwd", "tls-id", "fingerprint", "mid", "msid"):
        assert values(audio, name) == values(first.media[0], name), name
    assert audio.setup == "actpass"
    assert audio.rtcp_mux
    # RFC 9429, 5.2.2: not in an offer of what was agreed.
    assert not audio.rtcp_mux_only
    assert not audio.has("rtcp")
    assert not video.has("ice-ufrag")
    assert not data.has("ice-ufrag")
    assert not data.bundle_only
    assert data.port == 9
    assert second.bundle == ["0", "1", "2"]
    assert [media.formats for media in (audio, video)] == [media.formats for media in answer.media]


def test_either_side_may_offer_next() -> None:
    _, other, first, answer = _agreed()
    second = offered(other)
    assert [media.formats for media in second.media] == [media.formats for media in answer.media]
    ids = {item.uri: item.id for media in first.media for item in media.extmap}
    for media in second.media:
        assert all(ids.get(item.uri, item.id) == item.id for item in media.extmap)
    assert second.media[0].ice_ufrag == answer.media[0].ice_ufrag


def test_ice_restart() -> None:
    one, _, first, _ = _agreed()
    restarted = offered(one, ice_restart=True).media[0]
    assert restarted.ice_ufrag != first.media[0].ice_ufrag
    assert restarted.ice_pwd != first.media[0].ice_pwd
    assert values(restarted, "tls-id") == values(first.media[0], "tls-id")


def test_a_stopped_section_and_the_one_in_its_place() -> None:
    one, other, first, _ = _agreed()
    one.stop(one.transceivers[0])
    second, _ = exchange(one, other)
    assert second.media[0].rejected
    assert not second.media[0].has("msid")
    assert second.bundle == ["1"]
    # The transport goes on in the section that is left.
    assert second.media[1].ice_ufrag == first.media[0].ice_ufrag
    assert second.media[1].rtcp_mux
    one.add_transceiver("audio")
    third = offered(one)
    assert len(third.media) == 2
    assert third.media[0].mid not in ("0", "1")
    assert not third.media[0].rejected
    assert third.bundle == ["1", third.media[0].mid]


def test_order_of_codecs_is_that_of_the_answer() -> None:
    one, other = peer("one"), peer("other")
    one.add_transceiver("video")
    preferred = other.add_track("video")
    other.set_codec_preferences(preferred, [{"mimeType": "video/VP9"}, {"mimeType": "video/VP8"}])
    _, answer = exchange(one, other)
    assert [codec.name for codec in answer.media[0].codecs] == ["VP9", "VP8"]
    names = [codec.name for codec in offered(one).media[0].codecs]
    assert names[:2] == ["VP9", "VP8"]
    assert "H264" in names[2:]


# -- capabilities -------------------------------------------------------------------------------


def test_capabilities_of_an_offer() -> None:
    found = Capabilities.from_offer(parse(OFFER))
    assert [str(codec) for codec in found.codecs_of("audio")] == [
        "96 opus/48000/2",
        "0 PCMU/8000",
        "97 telephone-event/8000",
    ]
    rtx = found.find_codec("video", 101)
    assert rtx is not None
    assert rtx.apt == 100
    assert rtx.is_resiliency
    vp8 = found.find_codec("video", 100)
    assert vp8 is not None
    assert vp8.feedback == ("nack", "nack pli")
    assert vp8.mime_type == "video/VP8"
    assert [item.id for item in found.extensions_of("audio")] == [1]
    assert found.max_message_size == 65536
    assert found.sctp_port == 5000


def test_directions_of_capabilities() -> None:
    text = OFFER.replace("a=sendrecv", "a=recvonly")
    codec = Capabilities.from_offer(parse(text)).codecs[0]
    assert (codec.sends, codec.receives) == (False, True)


def test_channels_are_written_as_they_were() -> None:
    text = OFFER.replace("PCMU/8000", "PCMU/8000/1")
    found = Capabilities.from_offer(parse(text)).find_codec("audio", 0)
    assert found is not None
    assert found.encoding == "PCMU/8000/1"
    assert CodecCapability("audio", "L16", 8000, 2).encoding == "L16/8000/2"
    assert CodecCapability("audio", "red", 8000, fmtp=(("0/5", None),)).fmtp_text == "0/5"
