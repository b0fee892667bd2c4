"""What an error means and what to do: told of what browsers say when a negotiation goes wrong."""

import pytest

from rtckit.jsep.simulation import Trace, simulate
from rtckit.jsep.simulation.advice import Advice, advise
from rtckit.jsep.simulation.trace import Call

CREATED = {"type": "offer", "sdp": "v=0\r\n"}
HELD = {"currentRemote": None, "pendingRemote": None}


def failed(
    message: str,
    op: str = "setRemoteDescription",
    error: str = "OperationError",
    state: str = "stable",
    kind: str = "offer",
) -> Call:
    operation = {"op": op, "description": {**CREATED, "type": kind}}
    outcome = {"ok": False, "error": error, "message": message, "events": [], "state": HELD}
    return Call("a", operation, outcome, state)


def advice_of(trace: Trace) -> list[Advice]:
    return [found for call in trace.failures if (found := advise(call)) is not None]


@pytest.mark.parametrize(
    ("message", "means"),
    [
        ("the page is lost", "a fault of the browser"),
        ("Partial ICE restart is unsupported at this time", "nobody restarted ICE"),
        ("it restarts ICE, which was not offered (RFC 9429, 5.10)", "nobody restarted ICE"),
        ("A BUNDLE group contains a codec collision for header extension id=2.", "an id stands"),
        ("RTP extension ID reassignment not supported (collision on active MID 0", "an id stands"),
        ("m-section at level 1 is missing a=rtcp-mux, which is required", "a port of its own"),
        ("Invalid description, no ice-ufrag attribute at level 1", "credentials are missing"),
        ("Called with SDP without DTLS fingerprint.", "no DTLS fingerprint"),
        ("The order of m-lines in answer doesn't match order in offer.", "never dropped"),
        ("Failed to set SSL role for the transport.", "who opens the DTLS connection"),
        ("something nobody has heard of", "does not take the description"),
    ],
)
def test_the_words_of_a_stack(message: str, means: str) -> None:
    found = advise(failed(message))
    assert found is not None
    assert means in found.means
    assert found.fix


def test_what_follows_from_the_state() -> None:
    assert advise(failed("", state="closed")) == advise(failed("x", "createOffer", state="closed"))
    late = advise(failed("", error="InvalidStateError", kind="answer"))
    assert late is not None
    assert "no offer of this side is open" in late.means
    early = advise(failed("", "addIceCandidate"))
    assert early is not None
    assert "before the description" in early.means
    edited = advise(failed("", "setLocalDescription", "InvalidModificationError"))
    assert edited is not None
    assert "edited" in edited.means
    assert advise(failed("", "createOffer")) is None


@pytest.mark.parametrize("stack", ["chromium", "firefox"])
def test_every_failure_of_the_library_is_explained(stack: str) -> None:
    for name in ("glare", "two-answers", "sip-gateway-sdes", "late-answer"):
        trace = simulate(name, stack, stack)
        assert len(advice_of(trace)) == len(trace.failures)
