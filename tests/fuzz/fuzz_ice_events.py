"""Files of ICE events: any bytes are events or a ParseError, and any events make a table."""

import json

from rtckit.analysis.ice_feed import IceFeed, Player, read_events
from rtckit.analysis.ice_verdict import judge
from rtckit.analysis.ice_waiting import say_why
from rtckit.core.errors import ParseError
from rtckit.report.ice_privacy import AddressMask
from rtckit.report.ice_watch import render_text, to_dict

_FEEDS = [
    [
        {"t": 0.0, "event": "local-candidate", "candidate": "host udp 192.0.2.1:5", "priority": 1},
        {"t": 0.1, "event": "pair", "pair": 1, "state": "frozen", "foundation": ["a", "b"]},
        {"t": 0.2, "event": "sent", "pair": 1},
        {"t": 0.3, "event": "response", "pair": 1, "rtt": 0.1},
    ],
    [
        {"t": 1, "event": "candidate-error", "server": "turn:x", "code": 401, "reason": "no"},
        {"event": "state", "state": "failed", "why": "x", "side": "a"},
        {"event": "consent", "pair": 1, "lost": True},
        {"event": "restart"},
    ],
    [
        {"t": 1e308, "event": "engine", "ta": -1, "rto": 1e-9, "transmissions": 1e9},
        {"event": "retransmitted", "pair": 1, "attempt": 1e300},
        {"event": "finding", "message": []},
    ],
    [
        {"event": "result", "connected": False},
        {"event": "description", "side": "local"},
    ],
]
SEEDS = ["\n".join(map(json.dumps, feed)).encode() for feed in _FEEDS]


def check(data: bytes) -> None:
    """Reading raises ParseError alone; folding, judging and drawing raise nothing."""
    try:
        events = read_events(data.decode("utf-8", "replace"))
    except ParseError:
        return
    feed = IceFeed()
    feed.apply_all(Player(events).finish())
    for table in feed.tables.values():
        assert judge(table).headline
        for pair in table.checklist:
            assert say_why(table, pair)
    mask = AddressMask()
    render_text(feed, mask=mask, verbose=2)
    to_dict(feed, mask)
