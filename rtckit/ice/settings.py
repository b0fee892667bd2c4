"""The numbers an agent works with; the defaults are those of the RFCs unless told otherwise."""

from dataclasses import dataclass

__all__ = ["Credentials", "Settings"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Username fragment and password of one side (RFC 8445, 5.3)."""

    ufrag: str
    pwd: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Timers and limits of an agent; times in seconds.

    Attributes:
        ta: between two new checks; RFC 8445, 14.2 allows 5 ms and defaults to 50 ms.
        rto: until the first retransmission, at least (RFC 8445, 14.3).
        transmissions: of one check in all (Rc, RFC 8489, 6.2.1).
        last_wait: how many times ``rto`` to wait after the last of them (Rm).
        tcp_timeout: how long a check over TCP waits for its answer (Ti, RFC 8489, 6.2.2).
        most_pairs: RFC 8445, 6.1.2.5.
        patience: how long the controlling side waits at most, once a pair works, for better ones.
        relay_patience: the same when the pair that works is relayed; it is less where the round
            trip is short.
        pac: how long to wait for the peer before failing (RFC 8863, 4).
        fail_at_once: fail before ``pac`` is over when every pair failed for good and neither side
            has more candidates. RFC 8863 would wait for peer-reflexive ones; a check of the peer
            that comes later revives the session all the same.
        consent_interval: between two consent checks, before the random factor (RFC 7675, 5.1).
        consent_timeout: without an answer until consent is gone.
        disconnected_after: without an answer until the state says ``disconnected``.
        keepalive: between two indications of a side that asks for no consent (Tr, RFC 8445, 11).
        early_checks: how many checks to remember before the remote credentials are known.
        most_remote: how many remote candidates to take, learned ones included.
        most_events: how many events to keep for a caller that does not take them.
        most_transmits: the same of datagrams to send.
        renomination: let the controlling side change its mind, if the peer can follow
            (``a=ice-options:renomination``, draft-thatcher-ice-renomination).
    """

    ta: float = 0.005
    rto: float = 0.5
    transmissions: int = 7
    last_wait: float = 16.0
    tcp_timeout: float = 39.5
    most_pairs: int = 100
    patience: float = 0.05
    relay_patience: float = 0.5
    pac: float = 39.5
    fail_at_once: bool = True
    consent_interval: float = 5.0
    consent_timeout: float = 30.0
    disconnected_after: float = 12.0
    keepalive: float = 15.0
    early_checks: int = 100
    most_remote: int = 200
    most_events: int = 5000
    most_transmits: int = 1000
    renomination: bool = False
