"""Whatever the description, the model of Firefox gives a verdict that is whole."""

from rtckit.jsep.stacks.firefox import predict
from rtckit.jsep.verdict import Case
from tests.sdp.descriptions import ALL

SEEDS = [
    *(text.encode() for text in ALL.values()),
    b"v=0\no=- 1 1 IN IP4 0\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0\na=fmtp:0 apt=x;f\na=rid:h send\n",
]


def check(data: bytes) -> None:
    """Each way a description can be handed over ends in a verdict, with a text if refused."""
    text = data.decode("latin-1")
    ascii_only = data.decode("ascii", "ignore")
    for case in (
        Case("offer", ascii_only),
        Case("offer", text),
        Case("answer", ascii_only),
        Case("offer", ascii_only, side="local"),
    ):
        verdict = predict(case)
        assert verdict.accepts == (verdict.stage is None)
        assert verdict.accepts == (verdict.message is None)
