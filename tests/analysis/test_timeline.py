"""The moments of a call in order."""

from rtckit.analysis.timeline import timeline
from rtckit.analysis.trace import call_from_trace


def test_moments_in_order_of_time() -> None:
    call = call_from_trace(
        """
        == capture a
        0.00 A > T allocate-request user=u realm=r nonce=n
        0.01 T > A allocate-error 486
        0.10 A > B binding-request user=bbbb:aaaa controlling use-candidate id=1
        0.12 B > A binding-success mapped=A id=1
        0.20 B > A client-hello
        0.21 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.30 A > B rtp ssrc=5 pt=0 times=3
        == capture b
        0.11 A > B binding-request user=bbbb:aaaa controlling use-candidate id=1
        0.115 B > A binding-success mapped=A id=1
        """
    )
    events = timeline(call)
    start = events[0].time_ns
    told = [(round((event.time_ns - start) / 1e6), event.layer, event.text) for event in events]
    assert told == [
        (0, "ice", "10.0.0.1:5000 at TURN server 203.0.113.9:3478: Allocate"),
        (10, "ice", "10.0.0.1:5000 at TURN server 203.0.113.9:3478: Allocate refused, 486"),
        (100, "ice", "first check of agent a"),
        # Nearest to the answer's sender first: b saw its own answer leave.
        (115, "ice", "pair nominated: 10.0.0.1:5000 - 10.0.0.2:6000"),
        (200, "dtls", "ClientHello of agent b"),
        (210, "dtls", "ServerHello, DTLS 1.2"),
        (300, "media", "first PCMU packet of agent a, SSRC 5"),
    ]
    assert str(events[0].location) == "a.pcapng frame 1"
    assert str(events[3].location) == "b.pcapng frame 2"


def test_nothing_happened() -> None:
    assert timeline(call_from_trace("")) == []
