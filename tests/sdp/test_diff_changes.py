"""Each kind of change, by pairs written by hand from one description."""

from collections.abc import Callable

import pytest

from rtckit.sdp import Change, Diff, diff
from tests.sdp.descriptions import CHROMIUM_OFFER, FINGERPRINT, crlf

OFFER = "".join(
    line
    for line in CHROMIUM_OFFER.splitlines(keepends=True)
    if not line.startswith(("a=rid:", "a=simulcast:"))
)
SIMULCAST = OFFER.replace(
    "a=mid:1\r\n",
    "a=mid:1\r\na=rid:q send\r\na=rid:h send pt=96\r\na=rid:f send pt=102\r\n"
    "a=simulcast:send f;h;q\r\n",
)


def edited(old: str, new: str, count: int = -1, base: str = OFFER) -> Diff:
    assert old in base
    return diff(base, base.replace(old, new, count))


def only(found: Diff, path: str) -> Change:
    assert [change.path for change in found.changes] == [path]
    return found.changes[0]


def test_the_same_is_equal() -> None:
    found = diff(OFFER, OFFER)
    assert found.equal
    assert not found
    assert found.changes == found.folded == ()


def test_direction() -> None:
    change = only(edited("a=sendonly", "a=inactive"), "media[1].direction")
    assert (change.kind, change.a, change.b) == ("changed", "sendonly", "inactive")
    assert change.impact == "the writer stops sending video; nothing flows any more"
    line = OFFER.split("\r\n").index("a=sendonly") + 1
    assert change.place_a == change.place_b == (line, 3, 11)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("sendonly", "stops receiving audio (hold)"),
        ("recvonly", "stops sending audio and still receives"),
        ("inactive", "stops in both directions"),
    ],
)
def test_hold_in_words_of_who_sends(now: str, said: str) -> None:
    assert said in only(edited("a=sendrecv", f"a={now}"), "media[0].direction").impact


def test_directions_of_two_writers() -> None:
    other = OFFER.replace("4611731400430051336", "77").replace("a=sendonly", "a=recvonly")
    (change,) = diff(OFFER, other).changes
    assert change.impact == "video: the first writer only sends, the second only receives"


def test_sendrecv_need_not_be_said() -> None:
    assert edited("a=sendrecv\r\n", "").equal


def test_port_zero_rejects() -> None:
    change = only(edited("m=video 9 ", "m=video 0 "), "media[1].port")
    assert (change.a, change.b) == ("9", "0")
    assert "video will be rejected" in change.impact


def test_what_stands_in_a_rejected_section_is_folded() -> None:
    found = diff(OFFER, OFFER.replace("m=video 9 ", "m=video 0 ").replace("a=sendonly\r\n", ""))
    assert [change.path for change in found.changes] == ["media[1].port"]
    assert [change.path for change in found.folded] == ["media[1].direction"]


def test_a_section_is_recycled() -> None:
    stopped = OFFER.replace("m=video 9 ", "m=video 0 ")
    taken = OFFER.replace("a=mid:1\r\n", "a=mid:3\r\n").replace("BUNDLE 0 1 2", "BUNDLE 0 1 2")
    (change,) = diff(stopped, taken).find("media[1]")
    assert change.kind == "changed"
    assert "section recycled" in change.impact
    assert (change.a, change.b) == ("video, mid 1, rejected", "video, mid 3, sendonly")


HALF_A_RESTART = "both browsers treat it as a restart, RFC 8839, 4.4.1.1.1 wants both"
ALL = ("ice-ufrag:YOmo", "ice-pwd:B14uzuQzBJjWnVIHYVlp7Qmk")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda s: s.replace(":YOmo", ":Zzzz").replace(":B14u", ":C25v"),
            "ICE restart: both ufrag and pwd are new",
        ),
        (
            lambda s: s.replace(":YOmo", ":Zzzz"),
            f"only the ufrag changed: {HALF_A_RESTART}",
        ),
        (
            lambda s: s.replace(":B14u", ":C25v"),
            f"only the pwd changed: {HALF_A_RESTART}",
        ),
    ],
)
def test_ice_credentials_are_one_change(edit: Callable[[str], str], said: str) -> None:
    found = diff(OFFER, edit(OFFER))
    assert {change.leaf for change in found.changes} == {"ice"}
    assert {change.impact for change in found.changes} == {said}


def test_credentials_of_another_session_are_no_restart() -> None:
    other = OFFER.replace(":YOmo", ":Zzzz").replace("4611731400430051336", "77")
    found = diff(OFFER, other)
    assert not found.same_session
    assert found.changes[0].impact.startswith("credentials of another session")


def test_credentials_moved_to_the_session_level_are_the_same() -> None:
    lines = f"a={ALL[0]}\r\na={ALL[1]}\r\n"
    assert lines in OFFER
    moved = OFFER.replace(lines, "").replace("t=0 0\r\n", "t=0 0\r\n" + lines)
    assert diff(OFFER, moved).equal


def test_certificate() -> None:
    found = edited(FINGERPRINT, FINGERPRINT.replace("03:", "AA:", 1))
    assert {change.leaf for change in found.changes} == {"fingerprints"}
    said = "the certificate changed: new DTLS association (RFC 8842, 3.1)"
    assert found.changes[0].impact == said
    assert edited(FINGERPRINT, FINGERPRINT.lower()).equal


def test_dtls_role() -> None:
    active = OFFER.replace("setup:actpass", "setup:active")
    found = diff(active, OFFER.replace("setup:actpass", "setup:passive"))
    assert {change.leaf for change in found.changes} == {"setup"}
    assert "the DTLS role moved: the writer now is the DTLS server" in found.changes[0].impact


def test_bundle_tag() -> None:
    change = only(edited("BUNDLE 0 1 2", "BUNDLE 1 0 2"), "session.groups.BUNDLE")
    assert change.kind == "moved"
    assert "BUNDLE tag moved from mid 0 to mid 1" in change.impact


def test_leaving_the_bundle() -> None:
    change = only(edited("BUNDLE 0 1 2", "BUNDLE 0 1"), "session.groups.BUNDLE")
    assert change.kind == "changed"
    assert "mid 2 left the bundle" in change.impact
    gone = only(edited("a=group:BUNDLE 0 1 2\r\n", ""), "session.groups.BUNDLE")
    assert (gone.kind, gone.b) == ("removed", None)


def test_codecs_moved_are_not_changed() -> None:
    change = only(edited("111 63 9 0 13 110", "0 111 63 9 13 110"), "media[0].codecs")
    assert change.kind == "moved"
    assert change.a == "opus, G722, PCMU"
    assert change.b == "PCMU, opus, G722"
    assert change.impact == "PCMU is now preferred to opus"


def test_a_codec_goes_with_its_retransmission() -> None:
    rest = OFFER.replace("96 97 102", "102")
    for number in ("96", "97"):
        for name in ("rtpmap", "fmtp", "rtcp-fb"):
            rest = "".join(
                line
                for line in rest.splitlines(keepends=True)
                if not line.startswith(f"a={name}:{number} ")
            )
    found = diff(OFFER, rest)
    change = only(found, "media[1].codecs.VP8")
    assert change.kind == "removed"
    assert change.impact == "VP8 can no longer be used; it was the preferred codec"
    assert [folded.path for folded in found.folded] == ["media[1].codecs.rtx[VP8]"]


def test_retransmission_alone() -> None:
    rest = OFFER.replace("96 97 102", "96 102")
    rest = rest.replace("a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n", "")
    change = only(diff(OFFER, rest), "media[1].codecs.rtx[VP8]")
    assert change.impact == "retransmission no longer possible for VP8"


def renumbered(text: str, old: str, new: str) -> str:
    for before, after in (
        (f"rtpmap:{old} ", f"rtpmap:{new} "),
        (f"fmtp:{old} ", f"fmtp:{new} "),
        (f"rtcp-fb:{old} ", f"rtcp-fb:{new} "),
        (f"apt={old}\r", f"apt={new}\r"),
        (f" {old} ", f" {new} "),
    ):
        text = text.replace(before, after)
    return text


def test_another_payload_type_is_the_same_codec() -> None:
    found = diff(OFFER, renumbered(OFFER, "96", "35"))
    assert found.equal
    (folded,) = found.folded
    assert (folded.path, folded.a, folded.b) == ("media[1].codecs.VP8.payload_type", "96", "35")


def test_a_payload_type_that_means_another_codec() -> None:
    swapped = renumbered(renumbered(renumbered(OFFER, "96", "35"), "102", "96"), "35", "102")
    found = diff(OFFER, swapped)
    assert {change.path for change in found.changes} == {
        "media[1].payload_types.96",
        "media[1].payload_types.102",
    }
    assert "payload 96 now means H264: packets in flight will be misread" in found.changes[0].impact


def test_feedback() -> None:
    change = only(edited("a=rtcp-fb:96 nack pli\r\n", ""), "media[1].codecs.VP8.rtcp_fb")
    assert (change.kind, change.a, change.b) == ("removed", "nack pli", None)
    assert change.impact == "a receiver cannot ask for a key frame with PLI"


def test_format_parameters() -> None:
    path = "media[0].codecs.opus.fmtp.stereo"
    change = only(edited("useinbandfec=1", "useinbandfec=1;stereo=1"), path)
    assert (change.kind, change.a, change.b) == ("changed", "0 (default)", "1")
    assert edited("useinbandfec=1", "useinbandfec=1;stereo=0").equal
    assert edited("minptime=10;useinbandfec=1", "useinbandfec=1; minptime=10").equal


def test_h264_level_and_profile() -> None:
    level = only(edited("42001f", "420020"), "media[1].codecs.H264.fmtp.profile-level-id")
    assert level.impact.startswith("another level of the same H264 profile")
    profile = only(edited("42001f", "64001f"), "media[1].codecs.H264.fmtp.profile-level-id")
    assert "H264 baseline became high" in profile.impact


def test_channels_of_opus() -> None:
    change = only(edited("opus/48000/2", "opus/48000"), "media[0].codecs.opus.channels")
    assert (change.a, change.b) == ("2", "1")
    assert "RFC 7587, 7" in change.impact


def test_candidates_go_by_address() -> None:
    path = "media[0].candidates[udp 203.0.113.9:61002 srflx]"
    lines = OFFER.split("\r\n")
    line = next(line for line in lines if "srflx" in line)
    change = only(edited(line + "\r\n", ""), path)
    assert change.kind == "removed"
    assert change.impact.startswith("no server-reflexive candidate left")
    assert edited("842163049 1 udp", "7 1 udp").equal
    assert edited("generation 0 network-id 1", "network-id 5 generation 2").equal
    priority = only(edited("1685987071", "1685987070"), path + ".priority")
    assert "RFC 8445, 5.1.2" in priority.impact


def test_header_extensions_go_by_uri() -> None:
    uri = "urn:ietf:params:rtp-hdrext:toffset"
    gone = only(edited(f"a=extmap:14 {uri}\r\n", ""), f"media[1].extmap[{uri}]")
    assert gone.kind == "removed"
    other = only(edited(f"a=extmap:14 {uri}", f"a=extmap:9 {uri}"), f"media[1].extmap[{uri}].id")
    assert (other.a, other.b) == ("14", "9")
    assert "RFC 8285, 6" in other.impact


def test_a_header_extension_id_that_means_another() -> None:
    mid, offset = "urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:toffset"
    head, tail = OFFER.split("m=video")
    tail = tail.replace(f"14 {offset}", f"4 {offset}").replace(f"4 {mid}", f"14 {mid}")
    paths = [change.path for change in diff(OFFER, head + "m=video" + tail).changes]
    assert "media[1].extmap_ids.14" in paths
    assert "media[1].extmap_ids.4" in paths


def test_simulcast_layers() -> None:
    change = only(edited("send f;h;q", "send f;h", base=SIMULCAST), "media[1].simulcast.send.q")
    assert change.impact == "simulcast layer q removed"
    paused = edited("send f;h;q", "send f;h;~q", base=SIMULCAST)
    assert only(paused, "media[1].simulcast.send.q.paused").impact == "simulcast layer q paused"
    moved = only(edited("send f;h;q", "send q;h;f", base=SIMULCAST), "media[1].simulcast.send")
    assert moved.kind == "moved"


def test_encodings_name_codecs() -> None:
    assert diff(
        SIMULCAST, renumbered(SIMULCAST, "96", "35").replace("send pt=96", "send pt=35")
    ).equal
    change = only(edited("send pt=96", "send pt=102", base=SIMULCAST), "media[1].rids.h.codecs")
    assert (change.a, change.b) == ("VP8/90000", "H264/90000")


def test_names_and_numbers_of_sources_are_folded() -> None:
    other = OFFER.replace("332619158", "77").replace("PFYLrFmLyfYBn1ic", "another")
    found = diff(OFFER, other)
    assert found.equal
    assert {change.leaf.rpartition(".")[2] for change in found.folded} == {"ssrc", "cname"}
    every = diff(OFFER, other, fold=False)
    assert not every.equal
    assert every.changes == found.folded


def test_session_version_is_folded() -> None:
    found = edited("4611731400430051336 2 ", "4611731400430051336 3 ")
    assert found.equal
    assert found.relation == "one session, version 2 and then 3"
    assert [change.path for change in found.folded] == ["session.origin.version"]


def test_sections_come_and_go_and_move() -> None:
    head, audio, video, data = (
        part if index == 0 else "m=" + part for index, part in enumerate(OFFER.split("m="))
    )
    gone = diff(OFFER, head + audio + video)
    assert [(change.path, change.kind) for change in gone.changes] == [("media[2]", "removed")]
    new = diff(head + audio + video, OFFER)
    assert [(change.path, change.kind) for change in new.changes] == [("media[2]", "added")]
    moved = only(diff(OFFER, head + video + audio + data), "media")
    assert (moved.kind, moved.a, moved.b) == ("moved", "0 1 2", "1 0 2")
    assert "matched by position" in moved.impact


def test_sections_without_mid_go_by_place_and_kind() -> None:
    plain = crlf(
        """
v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
m=audio 5000 RTP/AVP 0
m=video 5002 RTP/AVP 31
"""
    )
    change = only(diff(plain, plain.replace("5002", "5004")), "media[1].port")
    assert change.impact == "video must be sent to the new port"


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("a=rtcp-mux\r\n", "", "rtcp_mux", "browsers refuse it"),
        ("a=rtcp-rsize\r\n", "", "rtcp_rsize", "full compound packets"),
        ("trickle renomination", "renomination", "ice_options", "no trickle"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVPF", "protocol", "no DTLS any more"),
        ("a=mid:1\r\n", "a=mid:1\r\na=x-mine:1\r\n", "attributes.x-mine", "ignore"),
        ("c=IN IP4 0.0.0.0\r\na=rtcp", "c=IN IP4 0.0.0.0\r\nb=AS:500\r\na=rtcp", "bandwidth", ""),
    ],
)
def test_other_changes(old: str, new: str, path: str, said: str) -> None:
    found = edited(old, new)
    assert {change.leaf for change in found.changes} == {path}
    assert said in found.changes[0].impact


def test_data_channels() -> None:
    port = edited("a=sctp-port:5000\r\n", "")
    assert "no data channel can open" in port.find("media[2].sctp_port")[0].impact
    size = edited("a=max-message-size:262144\r\n", "a=max-message-size:1000\r\n")
    assert "send() of more than 1000 bytes fails" in only(size, "media[2].max_message_size").impact
    assert edited("a=max-message-size:262144\r\n", "a=max-message-size:0\r\n").changes


def test_secrets_are_in_no_change() -> None:
    keyed = OFFER.replace(
        "a=mid:0\r\n",
        "a=mid:0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRETKEYONE\r\n"
        "a=x-api-key:SECRETKEYTWO\r\nk=clear:SECRETKEYTHREE\r\nSECRETWORD SECRETPHRASE\r\n"
        "a=candidate:1 1 udp 1 192.0.2.99 9 typ host password SECRETFOUR\r\n",
    ).replace("B14uzuQzBJjWnVIHYVlp7Qmk", "SECRETPASSWORDSECRET")
    other = keyed.replace("SECRETKEY", "HIDDENKEY").replace("SECRETP", "HIDDENP")
    other = other.replace("SECRETFOUR", "HIDDENFOUR")
    for one, two in ((OFFER, keyed), (keyed, OFFER), (keyed, other)):
        found = diff(one, two, fold=False)
        assert found.changes
        shown = repr(found.changes) + found._repr_html_()
        for secret in ("KEYONE", "KEYTWO", "KEYTHREE", "PHRASE", "PASSWORD", "B14uzu", "DENFOUR"):
            assert secret not in shown
    assert "masked" in repr(diff(OFFER, keyed).changes)
