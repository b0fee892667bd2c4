"""Extensions, rids, directions, bandwidth and roles: tables from the text of their RFCs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.jsep.capabilities import ExtensionCapability
from rtckit.jsep.matching.bandwidth import limits_of, rtcp_shares, tias_of_as
from rtckit.jsep.matching.directions import answer_direction, hold, is_held
from rtckit.jsep.matching.extensions import (
    ENCRYPT,
    AnsweredExtension,
    DroppedExtension,
    ExtensionIds,
    build_extmap,
    match_extensions,
)
from rtckit.jsep.matching.sctp import match_data, message_limit
from rtckit.jsep.matching.simulcast import (
    answer_rids,
    build_rid,
    build_simulcast,
    find_rid_fault,
    is_stricter,
)
from rtckit.jsep.matching.transport import (
    answer_setup,
    dtls_client,
    ice_controlling,
    is_ice_restart,
    match_rtcp_mux,
    starts_new_association,
)
from rtckit.sdp.fields import parse_bandwidth
from rtckit.sdp.rtp import parse_extmap, parse_rid, parse_simulcast

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
A, B, C = "urn:example:a", "urn:example:b", "urn:example:c"


# -- directions ---------------------------------------------------------------------------------


# RFC 3264, 6.1: what may answer, for an answerer that wants both.
@pytest.mark.parametrize(
    ("offered", "own", "answered"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendrecv", "recvonly", "recvonly"),
        ("sendonly", "sendrecv", "recvonly"),  # The example of RFC 9429, 5.3.1.
        ("sendonly", "sendonly", "inactive"),
        ("recvonly", "sendrecv", "sendonly"),
        ("recvonly", "recvonly", "inactive"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "inactive", "inactive"),
    ],
)
def test_answer_direction(offered: str, own: str, answered: str) -> None:
    assert answer_direction(offered, own) == answered


def test_hold() -> None:
    # RFC 3264, 8.4: sendrecv becomes sendonly, recvonly becomes inactive.
    assert [hold(item) for item in DIRECTIONS] == ["sendonly", "sendonly", "inactive", "inactive"]
    assert [is_held(item) for item in DIRECTIONS] == [False, True, False, True]
    assert is_held("sendrecv", "0.0.0.0")


# -- header extensions --------------------------------------------------------------------------


def _match(
    offered: list[str],
    own: list[ExtensionCapability],
    direction: str = "sendrecv",
    shared: dict[int, tuple[str, str]] | None = None,
    ids: ExtensionIds | None = None,
) -> tuple[list[AnsweredExtension], list[DroppedExtension]]:
    return match_extensions(
        [parse_extmap(item) for item in offered],
        own,
        direction,
        shared=shared or {},
        ids=ids or ExtensionIds(),
    )


def _own(*uris: str) -> list[ExtensionCapability]:
    return [ExtensionCapability("video", uri) for uri in uris]


@pytest.mark.parametrize(
    ("offered", "own", "stream", "written"),
    [
        (f"1 {A}", "sendrecv", "sendrecv", f"1 {A}"),
        (f"1 {A}", "sendrecv", "recvonly", f"1 {A}"),
        # RFC 8285, 7: sendonly is answered recvonly, and the other way round.
        (f"1/sendonly {A}", "sendrecv", "sendrecv", f"1/recvonly {A}"),
        (f"1/recvonly {A}", "sendrecv", "sendrecv", f"1/sendonly {A}"),
        # A sendrecv extension may be narrowed.
        (f"1 {A}", "recvonly", "sendrecv", f"1/recvonly {A}"),
        (f"1/inactive {A}", "sendrecv", "inactive", f"1/inactive {A}"),
        # No direction may contradict the stream's.
        (f"1/sendonly {A}", "sendrecv", "sendonly", None),
        (f"1/sendonly {A}", "sendonly", "sendrecv", None),
        # Ids: 0 is none, 15 to 255 have two-byte headers, 256 to 4095 are reserved.
        (f"0 {A}", "sendrecv", "sendrecv", None),
        (f"15 {A}", "sendrecv", "sendrecv", f"15 {A}"),
        (f"255 {A}", "sendrecv", "sendrecv", f"255 {A}"),
        (f"256 {A}", "sendrecv", "sendrecv", None),
        (f"4352 {A}", "sendrecv", "sendrecv", None),
        (f"2 {B}", "sendrecv", "sendrecv", None),
    ],
)
def test_one_extension(offered: str, own: str, stream: str, written: str | None) -> None:
    taken, dropped = _match([offered], [ExtensionCapability("video", A, own)], stream)
    shown = [build_extmap(item.id, item.uri, item.direction, item.attributes) for item in taken]
    assert shown == ([] if written is None else [written])
    assert len(dropped) == (written is None)


def test_example_of_rfc_8285() -> None:
    # Section 7, the video section: alternatives under 4096, a new id for what is taken.
    offered = ["1 URI-toffset", "14 URI-obscure", "4096 URI-gps-string", "4096 URI-gps-binary"]
    offered.append("4097 URI-frametype")
    own = _own("URI-toffset", "URI-frametype", "URI-gps-binary")
    own.append(ExtensionCapability("video", "URI-gps-string", "recvonly"))
    taken, dropped = _match(offered, own)
    assert [(item.id, item.direction, item.uri) for item in taken] == [
        (1, None, "URI-toffset"),
        (2, "recvonly", "URI-gps-string"),
        (3, None, "URI-frametype"),
    ]
    assert {item.offered.uri: item.why for item in dropped} == {
        "URI-obscure": "not supported",
        "URI-gps-binary": "another extension under id 4096 is taken",
    }


def test_ids_mean_one_thing_in_a_section_and_in_a_bundle() -> None:
    taken, dropped = _match([f"1 {A}", f"1 {B}", f"2 {A}"], _own(A, B))
    assert [(item.id, item.uri) for item in taken] == [(1, A)]
    assert len(dropped) == 2
    taken, dropped = _match([f"3 {A}", f"4 {B}"], _own(A, B), shared={3: (C, "")})
    assert [(item.id, item.uri) for item in taken] == [(4, B)]
    assert C in dropped[0].why


def test_encrypted_extensions() -> None:
    # RFC 6904, 4: the URI says encrypt, its attribute says what is encrypted.
    own = [ExtensionCapability("video", ENCRYPT, attributes=A), *_own(A)]
    taken, dropped = _match([f"1 {A}", f"2 {ENCRYPT} {A}"], own)
    assert [(item.id, item.uri, item.attributes) for item in taken] == [(2, ENCRYPT, A)]
    assert "encrypted" in dropped[0].why
    taken, dropped = _match([f"2 {ENCRYPT} {A}"], _own(A))
    assert not taken


def test_ids_are_never_given_to_another_extension() -> None:
    ids = ExtensionIds()
    ids.bind(1, (A, ""))
    ids.bind(1, (B, ""))
    ids.bind(5, (A, ""))
    assert ids.choose((A, ""), 9) == 1
    assert ids.choose((B, ""), 1) == 2
    assert ids.choose((C, ""), 7) == 7
    assert ids.choose((C, ""), 7, {7}) == 2
    for number in range(1, 15):
        ids.bind(number, (f"urn:example:{number}", ""))
    assert ids.choose((C, ""), 0) == 16
    assert not ids.is_free(0, (C, ""))
    assert not ids.is_free(4096, (C, ""))


# -- rids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rids", "fault"),
    [
        (["1 send"], False),
        (["1 send pt=96"], False),
        (["1 send pt=96,100"], False),
        (["1 send pt=100"], True),  # RFC 8851, 6.2.2, step 3.
        (["1 send", "1 recv"], True),  # Step 2.
        (["1 recv max-width=320;max-fps=15"], False),
        (["1 recv max-feet=6"], True),  # Step 4.
        (["1 send max-feet=6"], False),  # A sender may restrict itself as it likes.
        (["1 send depend=2", "2 send"], False),
        (["1 send depend=3", "2 send"], True),  # Step 5.
    ],
)
def test_rid_faults(rids: list[str], fault: bool) -> None:
    parsed = [parse_rid(item) for item in rids]
    assert (find_rid_fault(parsed[0], parsed, ["96", "97"]) is not None) == fault


def test_simulcast_is_answered_the_other_way_round() -> None:
    rids = [parse_rid(item) for item in ("h send pt=96,97", "l send", "r recv max-width=320")]
    simulcast = parse_simulcast("send h;~l recv r")
    found = answer_rids(rids, simulcast, {"96": "96"}, ["96", "97"], sendable=("r",), receives=True)
    assert [build_rid(rid) for rid in found.rids] == [
        "h recv pt=96",
        "l recv",
        "r send max-width=320",
    ]
    assert build_simulcast(found.send, found.recv) == "send r recv h;~l"
    assert found.dropped == ()


def test_a_jsep_endpoint_receives_no_simulcast() -> None:
    rids = [parse_rid(item) for item in ("h send", "l send")]
    found = answer_rids(rids, parse_simulcast("send h;l"), {"96": "96"}, ["96"])
    assert found.rids == ()
    assert build_simulcast(found.send, found.recv) == ""
    assert {item.refs for item in found.dropped} == {("RFC 9429, 3.7",)}


def test_alternatives_without_their_codec_go() -> None:
    rids = [parse_rid(item) for item in ("1 send pt=96", "2 send pt=97", "3 send depend=2")]
    found = answer_rids(
        rids, parse_simulcast("send 2,1;3"), {"96": "96"}, ["96", "97"], receives=True
    )
    assert [rid.id for rid in found.rids] == ["1"]
    assert build_simulcast(found.send, found.recv) == "recv 1"
    assert {item.rid for item in found.dropped} == {"2", "3"}


@pytest.mark.parametrize(
    ("name", "offered", "answered", "stricter"),
    [
        ("max-width", "640", "320", True),
        ("max-width", "640", "640", True),
        ("max-width", "640", "1280", False),
        ("max-width", "640", None, False),
        ("max-width", None, "1280", True),
        ("max-bpp", "0.5", "0.25", True),
        ("max-bpp", "0.5", "x", False),
        ("depend", "1", "2", False),
    ],
)
def test_restrictions_only_get_stricter(
    name: str, offered: str | None, answered: str | None, stricter: bool
) -> None:
    assert is_stricter(name, offered, answered) == stricter


# -- bandwidth ----------------------------------------------------------------------------------


def test_bandwidth() -> None:
    # RFC 9429, 5.10: 1000 kbit/s are 1000 * 1000 * 0.95 - 50 * 40 * 8 = 934000 bit/s.
    assert tias_of_as(1000) == 934_000
    assert tias_of_as(1) == 0
    lines = [parse_bandwidth(item) for item in ("AS:1000", "TIAS:500000", "RS:800", "CT:5")]
    assert limits_of(lines) == (500_000, "TIAS", 800, None)
    assert limits_of(lines[:1]) == (934_000, "AS", None, None)
    assert limits_of(lines[3:]) == (None, None, None, None)
    # RFC 3556, 2: five percent, a quarter of it for senders.
    assert rtcp_shares(limits_of([]), 1_000_000) == (12_500, 37_500)
    assert rtcp_shares(limits_of(lines), 1_000_000) == (800, 49_200)


# -- roles --------------------------------------------------------------------------------------


# RFC 4145, 4.1, without holdconn, which is not for DTLS (RFC 8842, 5.1).
@pytest.mark.parametrize(
    ("offered", "established", "answered"),
    [
        ("actpass", None, "active"),
        ("active", None, "passive"),
        ("passive", None, "active"),
        (None, None, "passive"),
        ("holdconn", None, None),
        # RFC 8842, 5.3: roles do not change while the association goes on.
        ("actpass", "passive", "passive"),
        ("actpass", "active", "active"),
        ("active", "passive", "passive"),
        ("active", "active", None),
    ],
)
def test_setup(offered: str | None, established: str | None, answered: str | None) -> None:
    assert answer_setup(offered, established=established) == answered


def test_who_is_who() -> None:
    assert dtls_client("actpass", "active") == "answerer"
    assert dtls_client("actpass", "passive") == "offerer"
    assert dtls_client("active", "active") is None
    # RFC 8445, 6.1.1: a full agent controls a lite one, whoever offers.
    assert ice_controlling(True, False, False)
    assert not ice_controlling(False, False, False)
    assert ice_controlling(False, False, True)
    assert not ice_controlling(True, True, False)
    assert ice_controlling(True, True, True)


def test_new_associations_and_restarts() -> None:
    one, other = frozenset(("sha-256 AA",)), frozenset(("sha-256 BB",))
    assert not starts_new_association(("a", one), ("a", one))
    assert starts_new_association(("a", one), ("b", one))
    assert starts_new_association(("a", one), ("a", other))
    assert not starts_new_association((None, one), ("b", one))
    assert is_ice_restart(("u", "p"), ("v", "q"))
    assert not is_ice_restart(("u", "p"), ("u", "p"))
    assert not is_ice_restart((None, None), ("u", "p"))


@pytest.mark.parametrize(
    ("offered", "only", "policy", "was", "taken", "line"),
    [
        (True, False, "require", False, True, True),
        (True, True, "negotiate", False, True, True),
        (False, False, "require", False, False, False),
        (False, False, "negotiate", False, True, False),
        (False, True, "negotiate", False, False, False),
        (False, False, "negotiate", True, False, False),
    ],
)
def test_rtcp_mux(
    offered: bool, only: bool, policy: str, was: bool, taken: bool, line: bool
) -> None:
    found = match_rtcp_mux(offered, only, policy, was_muxed=was)
    assert (found.taken, bool(found.parameters)) == (taken, line)


# -- data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "formats", "port", "answer"),
    [
        ("UDP/DTLS/SCTP", ["webrtc-datachannel"], 5001, "5000"),
        ("TCP/DTLS/SCTP", ["webrtc-datachannel"], 5000, "5000"),
        ("DTLS/SCTP", ["5000"], 5000, "5000"),
        ("UDP/DTLS/SCTP", ["webrtc-datachannel"], 0, "0"),
        ("UDP/DTLS/SCTP", ["webrtc-datachannel"], None, None),
        ("UDP/DTLS/SCTP", ["bfcp"], 5000, None),
        ("DTLS/QUIC", ["webrtc-datachannel"], 5000, None),
    ],
)
def test_data(protocol: str, formats: list[str], port: int | None, answer: str | None) -> None:
    found = match_data(protocol, formats, port, 5000)
    assert found.taken == (answer is not None)
    if found.taken:
        assert found.parameters == (("sctp-port", answer),)


def test_message_sizes() -> None:
    # RFC 8841, 6.1: 64K without the attribute, any size with 0.
    assert message_limit(None) == 65536
    assert message_limit(0) == 0
    assert message_limit(0, 262_144) == 262_144
    assert message_limit(100_000, 65_536) == 65_536
    assert message_limit(None, 262_144) == 65_536


# -- laws ---------------------------------------------------------------------------------------


@given(st.sampled_from(DIRECTIONS), st.sampled_from(DIRECTIONS))
def test_an_answer_never_receives_what_is_not_sent(offered: str, own: str) -> None:
    sends = {"sendrecv": "sr", "sendonly": "s", "recvonly": "r", "inactive": ""}
    answer = sends[answer_direction(offered, own)]
    assert set(answer) <= set(sends[own])
    assert ("s" not in answer) or "r" in sends[offered]
    assert ("r" not in answer) or "s" in sends[offered]


@given(
    st.lists(st.tuples(st.integers(0, 4100), st.sampled_from([A, B, C, "urn:example:d"]))),
    st.sampled_from(DIRECTIONS),
)
def test_answered_ids_are_unique_and_usable(items: list[tuple[int, str]], stream: str) -> None:
    taken, dropped = _match([f"{number} {uri}" for number, uri in items], _own(A, B, C), stream)
    assert len(taken) + len(dropped) == len(items)
    assert len({item.id for item in taken}) == len({item.uri for item in taken}) == len(taken)
    assert all(1 <= item.id <= 255 for item in taken)


@given(
    st.lists(st.text("ab1 sendrecvpt=,;~96", max_size=20)), st.text("ab1;,~ sendrecv", max_size=20)
)
def test_rids_never_raise(texts: list[str], simulcast: str) -> None:

    rids = []
    for text in texts:
        try:
            rids.append(parse_rid(text))
        except ParseError:
            continue
    try:
        parsed = parse_simulcast(simulcast)
    except ParseError:
        parsed = None
    found = answer_rids(rids, parsed, {"96": "96"}, ["96"], sendable=("a",), receives=True)
    assert {rid.id for rid in found.rids}.isdisjoint(item.rid for item in found.dropped)
