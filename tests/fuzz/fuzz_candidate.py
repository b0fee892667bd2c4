"""A candidate is read strictly, or refused with ParseError; tolerantly, it never raises."""

from rtckit.core.errors import ParseError
from rtckit.sdp import Candidate, build_candidate, decode_candidate, parse_candidate

SEEDS = [
    b"candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
    b"a=candidate:1 1 TCP 2128609279 10.0.1.1 9 typ host tcptype active generation 0 network-id 1",
    b"0 1 UDP 2122187007 bac659e8-98a8-487a-8df4-332c6a621d00.local 46910 typ host",
    b"candidate:8 256 tcp 9 fd77::1 9 typ relay raddr :: rport 0 tcptype so ufrag  x y",
]


def check(data: bytes) -> None:
    """The laws of ``parse_candidate``, ``decode_candidate`` and ``build_candidate``."""
    text = data.decode("utf-8", "surrogateescape")
    decoded, problems = decode_candidate(text)
    parsed, error = _strictly(text)
    if error is not None:
        assert error.column is not None
        assert 1 <= error.column <= len(text) + 1
        assert problems
        for problem in problems:
            assert problem.span.column < problem.span.end_column
    if parsed is not None:
        assert (decoded, problems) == (parsed, ())
        assert parse_candidate(build_candidate(parsed)) == parsed


def _strictly(text: str) -> tuple[Candidate | None, ParseError | None]:
    try:
        return parse_candidate(text), None
    except ParseError as error:
        return None, error
