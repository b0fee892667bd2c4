"""ICE, TURN and DTLS sessions rebuilt from traces whose course is written in the test."""

import pytest

from rtckit.analysis.call import Call
from rtckit.analysis.gathering import Mapping
from rtckit.analysis.ice_session import PairState
from rtckit.analysis.trace import call_from_trace
from rtckit.analysis.turn_session import AllocationState
from rtckit.core.address import Address

A, B = Address("10.0.0.1", 5000), Address("10.0.0.2", 6000)
MS = 1_000_000

SDP = """
    == offer
    m=audio 9 UDP/TLS/RTP/SAVPF 111
    a=mid:0
    a=ice-ufrag:aaaa
    a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
    a=rtpmap:111 opus/48000/2
    == answer
    m=audio 9 UDP/TLS/RTP/SAVPF 111
    a=mid:0
    a=ice-ufrag:bbbb
    a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
    a=rtpmap:111 opus/48000/2
"""


def call(text: str) -> Call:
    return call_from_trace(text)


def test_checks_become_pairs_with_round_trips_and_retransmissions() -> None:
    ice = call(
        """
        0.000 A > B binding-request user=bbbb:aaaa controlling=7 repeat=3 every=0.5
        1.030 B > A binding-success mapped=A
        1.100 B > A binding-request user=aaaa:bbbb controlled=9
        1.150 A > B binding-success mapped=B
        1.200 A > N binding-request user=bbbb:aaaa controlling=7
        """
    ).ice
    assert len(ice) == 1
    view = ice[0].views[0]
    assert (view.a.ufrag, view.b.ufrag) == ("aaaa", "bbbb")
    good, dead = view.pairs.values()
    # Sent at 0, 0.5 and 1.0 s; the answer at 1.03 s belongs to the last transmission.
    first = good.checks_from("a")[0].transaction
    assert (first.retransmissions, first.rtt_ns) == (2, 30 * MS)
    assert good.checks_from("b")[0].transaction.rtt_ns == 50 * MS
    assert (good.state, dead.state) == (PairState.SUCCEEDED, PairState.UNANSWERED)
    assert (view.a.controlling, view.a.tie_breaker) == (True, 7)
    assert (view.b.controlling, view.b.tie_breaker) == (False, 9)
    # Nothing was nominated, so nothing is selected.
    assert view.selected is None
    assert not ice[0].connected


def test_the_offerer_is_agent_a_even_if_the_answerer_checks_first() -> None:
    text = SDP + "== capture x\n0.0 B > A binding-request user=aaaa:bbbb controlled"
    view = call(text).ice[0].views[0]
    assert (view.a.ufrag, view.b.ufrag) == ("aaaa", "bbbb")
    assert (view.a.checks_sent, view.b.checks_sent) == (0, 1)


def test_the_pair_in_use_is_the_nominated_one_that_carries_media_last() -> None:
    view = (
        call(
            """
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 A > B rtp ssrc=1 pt=0 times=9 every=0.02
        1.0 A > N binding-request user=bbbb:aaaa controlling use-candidate
        1.1 N > A binding-success mapped=A
        1.2 A > N rtp ssrc=1 pt=0 times=3 every=0.02
        9.0 A > N binding-request user=bbbb:aaaa controlling
        9.1 N > A binding-success mapped=A
        """
        )
        .ice[0]
        .views[0]
    )
    assert view.selected is not None
    assert view.selected.b == Address("198.51.100.2", 41000)
    assert view.selected.media_packets == 3
    assert [check.consent for check in view.selected.checks] == [False, True]


def test_an_ssrc_is_one_stream_across_a_change_of_pairs_once_signalled() -> None:
    streams = call(
        SDP
        + """
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.0 A > N binding-request user=bbbb:aaaa controlling
        0.2 A > B rtp ssrc=1 pt=111 times=9 every=0.02
        1.2 A > N rtp ssrc=1 pt=111 times=3 every=0.02
        """
    ).streams
    assert [(stream.packets, stream.lost, stream.sender) for stream in streams] == [(12, 0, "a")]
    assert (streams[0].codec, streams[0].clock_rate, streams[0].mid) == ("opus", 48000, None)


def test_a_restart_is_a_session_of_its_own() -> None:
    ice = call(
        """
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        5.0 A > B binding-request user=dddd:cccc controlling use-candidate
        5.1 B > A binding-success mapped=A
        """
    ).ice
    assert [session.ufrags for session in ice] == [("aaaa", "bbbb"), ("cccc", "dddd")]


def test_one_check_seen_from_both_ends_is_one_session_with_two_views() -> None:
    ice = call(
        """
        == capture a
        0.0 A > N binding-request user=bbbb:aaaa controlling use-candidate id=1
        0.1 N > A binding-success mapped=M id=1
        == capture b
        0.0 M > B binding-request user=bbbb:aaaa controlling use-candidate id=1
        0.1 B > M binding-success mapped=M id=1
        """
    ).ice
    assert len(ice) == 1
    assert [view.vantage for view in ice[0].views] == ["a", "b"]
    near, far = (next(iter(view.pairs.values())) for view in ice[0].views)
    # The NAT shows: what left as A arrived as M.
    assert (near.a, far.a) == (A, Address("198.51.100.1", 40000))


@pytest.mark.parametrize(("pwd", "good"), [("b" * 24, True), ("b" * 23 + "x", False)])
def test_integrity_is_judged_with_the_receivers_password(pwd: str, good: bool) -> None:
    text = SDP + f"== capture a\n0.0 A > B binding-request user=bbbb:aaaa controlling pwd={pwd}"
    check = next(call(text).ice[0].views[0].checks)
    assert check.integrity is good


def test_an_answer_from_another_address_is_kept_and_marked() -> None:
    transactions = (
        call(
            """
        0.0 A > B binding-request user=bbbb:aaaa controlling id=5
        0.1 N > A binding-success mapped=A id=5
        """
        )
        .vantages[0]
        .transactions
    )
    transaction = next(iter(transactions))
    assert transaction.succeeded
    assert not transaction.from_expected_address


@pytest.mark.parametrize(
    ("answers", "mapping"),
    [
        (["S M"], Mapping.UNKNOWN),
        (["S M", "T M"], Mapping.ENDPOINT_INDEPENDENT),
        (["S M", "T N"], Mapping.DEPENDENT),
        (["S A", "T A"], Mapping.NONE),
        ([], Mapping.UNKNOWN),
    ],
)
def test_mapping_behaviour_from_the_answers_of_stun_servers(
    answers: list[str], mapping: Mapping
) -> None:
    lines = ["0.0 A > S binding-request id=0"]
    for number, answer in enumerate(answers, 1):
        server, mapped = answer.split()
        lines.append(f"{number}.0 A > {server} binding-request id={number}")
        lines.append(f"{number}.1 {server} > A binding-success mapped={mapped} id={number}")
    ((_, base),) = call("\n".join(lines)).bases
    assert base.mapping is mapping


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ("0 A > T allocate-request", AllocationState.UNANSWERED),
        (
            "0 A > T allocate-request\n1 T > A allocate-error 401 realm=r nonce=n",
            AllocationState.CHALLENGED,
        ),
        (
            (
                "0 A > T allocate-request user=u realm=r nonce=n\n"
                "1 T > A allocate-error 401 realm=r nonce=n"
            ),
            AllocationState.REFUSED,
        ),
        (
            "0 A > T allocate-request user=u realm=r nonce=n\n1 T > A allocate-error 486",
            AllocationState.REFUSED,
        ),
        (
            (
                "0 A > T allocate-request user=u realm=r nonce=n\n"
                "1 T > A allocate-success relayed=R mapped=M lifetime=600"
            ),
            AllocationState.ALLOCATED,
        ),
        (
            (
                "0 A > T allocate-request user=u realm=r nonce=n\n"
                "1 T > A allocate-success relayed=R mapped=M lifetime=600\n"
                "2 A > T refresh-request lifetime=0 user=u realm=r nonce=n\n"
                "3 T > A refresh-success lifetime=0"
            ),
            AllocationState.RELEASED,
        ),
    ],
)
def test_what_becomes_of_an_allocation(lines: str, state: AllocationState) -> None:
    ((_, allocation),) = call(lines).allocations
    assert allocation.state is state


def test_an_allocation_keeps_addresses_permissions_channels_and_traffic() -> None:
    ((_, allocation),) = call(
        """
        0.0 A > T allocate-request user=u realm=r nonce=n
        0.1 T > A allocate-success relayed=R mapped=M lifetime=600
        0.2 A > T create-permission-request peer=N user=u realm=r nonce=n
        0.3 T > A create-permission-error 403
        0.4 A > T channel-bind-request channel=0x4001 peer=B user=u realm=r nonce=n
        0.5 T > A channel-bind-success
        0.6 A > T channel 0x4001 | rtp ssrc=1
        0.7 T > A channel 0x4001 | rtp ssrc=2
        0.8 T > A channel 0x4001 | rtp ssrc=2
        """
    ).allocations
    assert allocation.relayed == Address("203.0.113.9", 50000)
    assert allocation.mapped == Address("198.51.100.1", 40000)
    assert allocation.lifetime == 600
    assert allocation.channels == {0x4001: B}
    assert [(error.code, error.peers) for error in allocation.errors] == [
        (403, (Address("198.51.100.2", 41000),))
    ]
    assert (allocation.sent_packets, allocation.received_packets) == (1, 2)


HANDSHAKE_12 = """
    0.00 B > A client-hello profiles=1,7
    0.05 A > B server-hello version=1.2 cipher=0xc02b profile=7
    0.06 A > B certificate der=3000
    0.10 B > A change-cipher-spec
    0.10 B > A finished
    0.15 A > B change-cipher-spec
    0.15 A > B finished
    0.20 B > A application
"""


def test_a_dtls_1_2_handshake() -> None:
    (session,) = call(HANDSHAKE_12).dtls
    assert (session.client, session.server) == (B, A)
    assert (session.version_name, session.cipher_suite, session.srtp_profile) == (
        "DTLS 1.2",
        0xC02B,
        7,
    )
    assert session.srtp_profiles_offered == (1, 7)
    # From the ClientHello at 0 to the server's Finished at 0.15 s.
    assert session.duration_ns == 150 * MS
    # printf '\\x30\\x00' | sha1sum
    assert list(session.fingerprints("server", "sha-1")) == [
        "F9:44:DC:D6:35:F9:80:1F:7A:C9:0A:40:7F:BC:47:99:64:DE:C0:24"
    ]


def test_a_dtls_1_3_handshake_hides_certificate_and_profile() -> None:
    (session,) = call(
        """
        0.00 B > A binding-request user=aaaa:bbbb controlled
        0.00 B > A client-hello version=1.3
        0.05 A > B server-hello version=1.3 cipher=0x1301
        0.06 A > B finished version=1.3
        0.10 B > A finished version=1.3
        0.20 B > A application version=1.3
        """
    ).dtls
    assert (session.version_name, session.cipher_suite) == ("DTLS 1.3", 0x1301)
    assert session.srtp_profile is None
    assert session.duration_ns == 100 * MS
    assert session.ends["client"].application_records == 1


def test_a_repeated_hello_counts_as_retransmission() -> None:
    (session,) = call("0.0 B > A client-hello repeat=3 every=1").dtls
    assert (session.retransmissions, session.ends["client"].hello_transmissions) == (2, 3)
    assert session.completed is None
    assert session.duration_ns is None


def test_a_session_joined_in_its_middle_has_no_roles() -> None:
    (session,) = call(
        "0 A > B binding-request user=bbbb:aaaa controlled\n0.1 A > B application\n"
        "0.2 B > A application"
    ).dtls
    assert session.client is None
    assert session.completed is not None
    assert {end.application_records for end in session.ends.values()} == {1}
