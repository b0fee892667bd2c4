"""Nothing that tells of people and machines survives; everything else does."""

import re
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import scope_of
from rtckit.sdp import parse
from rtckit.sdp.anonymize import Anonymizer, anonymize
from tests.sdp.descriptions import ALL

EVERYTHING = "\r\n".join(
    [
        "v=0",
        "o=alice 2890844526 2890844526 IN IP4 198.51.100.77",
        "s=Weekly meeting",
        "i=About the merger",
        "u=https://corp.example.org/merger?who=alice",
        "e=alice@corp.example.org (Alice Liddell)",
        "p=+44 171 380 7777",
        "c=IN IP4 8.8.4.4/127",
        "k=clear:swordfish99",
        "t=0 0",
        "a=group:BUNDLE mic cam",
        "a=msid-semantic: WMS streamOne",
        "a=identity:eyJpZHAiOnsiZG9tYWluIjoiZXhhbXBsZS5vcmcifX0=",
        "m=audio 54400 RTP/SAVPF 111",
        "c=IN IP6 2607:f8b0:4004:800::200e",
        "a=rtcp:54401 IN IP4 8.8.4.4",
        "a=candidate:3498147984 1 udp 2122260223 192.168.7.23 54400 typ host generation 0",
        "a=candidate:842163049 1 udp 1677729535 8.8.4.4 54400 typ srflx raddr 192.168.7.23 rport 1",
        "a=candidate:1510613869 1 udp 2122194687 fd12:3456:789a::17 54402 typ host",
        "a=candidate:12 1 udp 1 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 5 typ host ufrag Kx9f",
        "a=remote-candidates:1 8.8.4.4 54400",
        "a=ice-ufrag:Kx9f",
        "a=ice-pwd:kY3n5dXwVb0pQzR8tLm2sA6c",
        "a=fingerprint:sha-1 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:7C:9D:F0:65",
        "a=tls-id:abc3de65cddef001be82de65cddef001",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20",
        "a=mid:mic",
        "a=msid:streamOne trackOne",
        "a=rtpmap:111 opus/48000/2",
        "a=extmap:1 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=ssrc:3162115896 cname:user8472@host",
        "a=ssrc-group:FID 3162115896 1162115897",
        "a=x-contact:sip:bob.the.builder@pbx.example.org",
        "a=x-debug:seen 10.9.8.7 and 2a00:1450:4001:82f::200e",
        "a=x-auth-token:Zk93jfuu2",
        "",
    ]
)
SECRETS = [
    *("alice", "2890844526", "198.51.100.77", "Weekly", "merger", "corp.example", "Liddell"),
    *(
        "171 380",
        "7777",
        "8.8.4.4",
        "swordfish99",
        "streamOne",
        "trackOne",
        "eyJpZHAi",
        "2607:f8b0",
    ),
    *("3498147984", "842163049", "192.168.7.23", "fd12:3456", "9b36eaac", "Kx9f"),
    *("kY3n5dXwVb0pQzR8tLm2sA6c", "7B:8B:F0", "abc3de65", "d0Rmdmcm", "user8472", "3162115896"),
    *("bob.the.builder", "pbx.example", "10.9.8.7", "2a00:1450", "Zk93jfuu2", "1162115897"),
]


def test_no_secret_survives() -> None:
    shown = anonymize(parse(EVERYTHING), "seed", ssrcs=True).text
    assert [secret for secret in SECRETS if secret in shown] == []


def test_the_rest_stays() -> None:
    before, after = parse(EVERYTHING), anonymize(parse(EVERYTHING), "seed")
    assert [line.type for line in after.lines] == [line.type for line in before.lines]
    assert [line.end for line in after.lines] == [line.end for line in before.lines]
    assert after.bundle == ["mic", "cam"]
    (one,), (other,) = before.media, after.media
    assert (other.mid, other.port, other.formats) == (one.mid, one.port, one.formats)
    assert [codec.name for codec in other.codecs] == ["opus"]
    assert [item.uri for item in other.extmap] == [item.uri for item in one.extmap]
    assert other.ssrcs.keys() == one.ssrcs.keys()
    assert len(other.ice_pwd or "") == len(one.ice_pwd or "")
    assert re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){19}", other.fingerprints[0].value)
    assert other.crypto[0].key_parameters.endswith("|2^20")
    for old, new in zip(one.candidates, other.candidates, strict=True):
        assert (old.priority, old.port, old.type) == (new.priority, new.port, new.type)


def test_one_value_is_the_same_everywhere() -> None:
    media = anonymize(parse(EVERYTHING), "seed").media[0]
    host, reflexive, _, mdns = media.candidates
    assert reflexive.related_address == host.address
    assert reflexive.address == media.rtcp.connection.address  # type: ignore[union-attr]
    assert mdns.extension("ufrag") == media.ice_ufrag
    assert uuid.UUID(mdns.address.removesuffix(".local"))
    assert media.msids[0].stream in anonymize(parse(EVERYTHING), "seed").session.lines[11].text


def test_several_descriptions_share_one_anonymizer() -> None:
    offer = parse("v=0\r\nm=audio 9 X 0\r\na=ice-ufrag:abcdef\r\n")
    answer = parse("v=0\r\na=ice-ufrag:abcdef\r\na=candidate:1 1 udp 1 9.9.9.9 9 typ host\r\n")
    anonymizer = Anonymizer("s")
    first, second = anonymizer.anonymize(offer), anonymizer.anonymize(answer)
    assert first.media[0].ice_ufrag == second.session.find("ice-ufrag").value  # type: ignore[union-attr]
    assert anonymizer.mapping["9.9.9.9"] in anonymizer.candidate(
        "candidate:7 1 udp 1 9.9.9.9 9 typ host"
    )


def test_the_seed_decides() -> None:
    document = parse(EVERYTHING)
    assert anonymize(document, "a").text == anonymize(document, "a").text
    assert anonymize(document, "a").text != anonymize(document, "b").text


def test_a_value_never_becomes_one_of_the_input() -> None:
    # All but one of the addresses that 198.51.100.0/24 and its sisters could give are taken.
    taken = [f"192.0.2.{host}" for host in range(1, 255)]
    lines = [f"a=candidate:1 1 udp 1 {ip} 9 typ host\r\n" for ip in ["8.8.8.8", *taken]]
    anonymizer = Anonymizer("s")
    shown = anonymizer.anonymize(parse("v=0\r\nm=audio 9 X 0\r\n" + "".join(lines)))
    addresses = [item.address for item in shown.media[0].candidates]
    assert not set(addresses) & {"8.8.8.8", *taken}
    assert len(set(addresses)) == 255


@pytest.mark.parametrize("name", ALL)
def test_a_description_of_a_real_peer_reads_the_same(name: str) -> None:
    before = parse(ALL[name].encode())
    after = anonymize(before, "seed", ssrcs=True)
    assert isinstance(after.write(), bytes)
    assert [str(item) for item in after.problems] == [str(item) for item in before.problems]
    assert [media.direction for media in after.media] == [media.direction for media in before.media]
    assert [codec for media in after.media for codec in media.codecs] == [
        codec for media in before.media for codec in media.codecs
    ]


_DOCUMENTATION = re.compile(
    r"(?:192\.0\.2|198\.51\.100|203\.0\.113|198\.1[89]\.\d+)\.\d+|2001:db8:.*"
)


@given(st.ip_addresses())
def test_an_address_keeps_its_scope(address: object) -> None:
    text = str(address)
    shown = Anonymizer("s").address(text)
    scope = scope_of(text)
    if scope in ("public", "documentation", "reserved"):
        assert _DOCUMENTATION.fullmatch(shown) or "::ffff" in shown.lower()
    else:
        assert scope_of(shown) == scope
    if scope not in ("unspecified", "loopback"):
        assert shown != text


@given(
    st.lists(
        st.text(string.ascii_letters + string.digits + "+/", min_size=8, max_size=40),
        min_size=3,
        max_size=3,
        unique=True,
    ),
    st.integers(0, 2**32),
)
def test_no_credential_survives(values: list[str], seed: int) -> None:
    ufrag, pwd, cname = values
    text = f"v=0\na=ice-ufrag:{ufrag}\nm=audio 9 X 0\na=ice-pwd:{pwd}\na=ssrc:1 cname:{cname}\n"
    shown = anonymize(parse(text), str(seed)).text
    for value in values:
        if any(character.isalnum() for character in value):
            assert value not in shown
    assert [len(line) for line in shown.split("\n")] == [len(line) for line in text.split("\n")]
