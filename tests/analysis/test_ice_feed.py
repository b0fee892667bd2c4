"""Feeds of ICE events: what they fold into, what they say, and how they are played."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.analysis.bundle import open_call
from rtckit.analysis.ice_feed import IceFeed, Player, parse_event, read_events
from rtckit.analysis.ice_replay import replay_call, replay_simulation
from rtckit.analysis.ice_table import IceTable
from rtckit.analysis.ice_verdict import judge
from rtckit.analysis.ice_waiting import say_why
from rtckit.core.errors import ParseError
from rtckit.ice.events import Event
from rtckit.ice.simulate import simulate

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
HOST = "host udp 192.0.2.1:5000"
KINDS = [
    *("local-candidate", "remote-candidate", "candidate-error", "gathering", "engine", "pair"),
    *("sent", "retransmitted", "response", "request", "error", "role", "nominated", "selected"),
    *("state", "consent", "restart", "finding", "result", "discarded", "server", "anything"),
]


def table_of(*events: tuple[Any, ...]) -> IceTable:
    """A table after events given as (t, event, pair, detail)."""
    table = IceTable()
    for t, event, pair, detail in events:
        table.apply(Event(t, event, pair, detail))
    return table


def checked(number: int = 1, **detail: Any) -> tuple[tuple[Any, ...], ...]:
    """A pair that is being checked since the time 1."""
    return (
        (0.0, "pair", number, {"state": "waiting", "local": HOST, "remote": HOST, **detail}),
        (1.0, "sent", number, {}),
    )


# -- the table ------------------------------------------------------------------------------------


def test_a_check_its_retransmission_and_its_answer_are_counted() -> None:
    table = table_of(
        *checked(),
        (1.5, "retransmitted", 1, {"attempt": 2}),
        (1.6, "response", 1, {"rtt": 0.1}),
        (1.6, "pair", 1, {"state": "succeeded"}),
    )
    pair = table.pairs[1]
    assert (pair.sent, pair.retransmissions, pair.received) == (2, 1, 1)
    assert pair.rtt_ms == pytest.approx(100)
    assert pair.state == "succeeded"


def test_a_retransmitted_check_has_no_round_trip() -> None:
    table = table_of(*checked(), (2.0, "response", 1, {"rtt": None}))
    assert table.pairs[1].rtt_ms is None


def test_candidates_are_read_from_fields_and_from_words() -> None:
    table = table_of(
        (
            0.0,
            "local-candidate",
            None,
            {"type": "srflx", "transport": "udp", "address": "198.51.100.7", "port": 4000}
            | {"interface": "eth0", "server": "stun:s", "rtt_ms": 12.5},
        ),
        (0.0, "remote-candidate", None, {"candidate": "host udp [2001:db8::1]:7"}),
        (0.0, "remote-candidate", None, {"candidate": "nonsense"}),
    )
    (local,) = table.local.values()
    assert (local.endpoint, local.interface, local.server) == (
        "198.51.100.7:4000",
        "eth0",
        "stun:s",
    )
    (remote,) = table.remote.values()
    assert (remote.address, remote.port) == ("2001:db8::1", 7)


def test_the_selected_pair_is_the_last_one_selected() -> None:
    table = table_of(*checked(1), *checked(2), (2.0, "selected", 1, {}), (3.0, "selected", 2, {}))
    assert table.selected is table.pairs[2]
    assert table.connected == 2.0


def test_a_restart_forgets_pairs_and_the_peer() -> None:
    table = table_of(
        (0.0, "local-candidate", None, {"candidate": HOST}),
        (0.0, "remote-candidate", None, {"candidate": HOST}),
        *checked(),
        (2.0, "restart", None, {"ufrag": "abcd"}),
    )
    assert table.local
    assert not table.remote
    assert not table.pairs


def test_a_request_counts_for_the_pair_it_came_on() -> None:
    table = table_of(*checked(), (2.0, "request", None, {"remote": "192.0.2.1:5000"}))
    assert table.pairs[1].received == 1


def test_memory_stays_bounded() -> None:
    table = IceTable()
    for number in range(20_000):
        table.apply(Event(number, "pair", number, {"state": "waiting"}))
        address = {"candidate": f"host udp 10.0.{number >> 8}.{number & 255}:1"}
        table.apply(Event(number, "remote-candidate", None, address))
    assert len(table.pairs) == len(table.remote) == 1000
    assert len(table.log) == 5000
    assert table.forgotten == 38_000


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_NAMES = (
    "state candidate address port priority rtt rtt_ms attempt local remote code reason why "
    "foundation side controlling lost asked ta rto transmissions message severity server "
    "interface timers use_candidate sent type transport mapped engine connected"
)
_FIELDS = st.sampled_from(_NAMES.split())
_EVENTS = st.builds(
    Event,
    st.floats(),
    st.sampled_from(KINDS) | st.text(max_size=12),
    st.none() | st.integers() | st.booleans(),
    st.dictionaries(_FIELDS, _ANY, max_size=6),
)


@given(st.lists(_EVENTS, max_size=12))
def test_whatever_the_events_hold_nothing_raises(events: list[Event]) -> None:
    feed = IceFeed()
    feed.apply_all(events)
    for table in feed.tables.values():
        assert judge(table).headline
        for pair in table.checklist:
            assert say_why(table, pair, table.now + 1)
    assert feed.version == len(events)


# -- why a pair waits -----------------------------------------------------------------------------


def test_a_pair_in_progress_says_the_attempt_and_when_the_next_one_follows() -> None:
    table = table_of(*checked())
    # RFC 8489, 6.2.1: the second transmission after one RTO (500 ms).
    assert say_why(table, table.pairs[1], 1.2) == "attempt 1 of 7, again in 300 ms"
    table.apply(Event(1.5, "retransmitted", 1, {"attempt": 2}))
    # ... the third after two more.
    assert say_why(table, table.pairs[1], 1.5) == "attempt 2 of 7, again in 1000 ms"
    table.apply(Event(32.5, "retransmitted", 1, {"attempt": 7}))
    # ... and the end 16 RTO after the seventh.
    assert say_why(table, table.pairs[1], 32.5) == "attempt 7 of 7, gives up in 8000 ms"


def test_other_timers_give_other_times() -> None:
    engine = (0.0, "engine", None, {"rto": 0.1, "transmissions": 3, "last_wait": 4})
    table = table_of(engine, *checked())
    assert say_why(table, table.pairs[1], 1.0) == "attempt 1 of 3, again in 100 ms"
    unknown = table_of((0.0, "engine", None, {"timers": False}), *checked())
    assert say_why(unknown, unknown.pairs[1], 1.25) == "1 check, the last 250 ms ago, not answered"


def test_a_waiting_pair_says_how_many_are_before_it() -> None:
    table = table_of(
        (0.0, "pair", 1, {"state": "waiting", "priority": 30}),
        (0.0, "pair", 2, {"state": "waiting", "priority": 20}),
        (0.0, "pair", 3, {"state": "waiting", "priority": 10}),
    )
    assert say_why(table, table.pairs[1]) == "is next; a new check every 50 ms"
    assert say_why(table, table.pairs[3]).startswith("after 2 pairs of higher priority;")


def test_a_frozen_pair_names_the_one_it_is_alike() -> None:
    alike = {"foundation": ["f", "g"]}
    table = table_of(
        *checked(4, **alike),
        (0.0, "pair", 5, {"state": "frozen", **alike}),
        (0.0, "pair", 6, {"state": "frozen", "foundation": ["f", "h"]}),
    )
    assert say_why(table, table.pairs[5]) == (
        "shares its foundations with #4, which is in progress"
    )
    assert say_why(table, table.pairs[6]) == "frozen until no other pair waits"


def test_a_pair_that_works_frees_those_it_is_alike() -> None:
    table = table_of(
        (0.0, "pair", 1, {"state": "frozen", "foundation": ["f", "g"]}),
        (0.0, "pair", 2, {"state": "frozen", "foundation": ["f", "h"]}),
        *checked(3, foundation=["f", "g"]),
        (1.1, "pair", 3, {"state": "succeeded"}),
    )
    assert [pair.state for pair in table.pairs.values()] == ["waiting", "frozen", "succeeded"]


def test_foundations_come_from_the_candidates_where_the_pair_does_not_tell() -> None:
    table = table_of(
        (0.0, "local-candidate", None, {"candidate": HOST, "foundation": "f"}),
        (0.0, "remote-candidate", None, {"candidate": HOST, "foundation": "g"}),
        *checked(),
    )
    assert table.pairs[1].foundation == ("f", "g")


def test_a_failed_pair_says_its_cause() -> None:
    table = table_of(*checked(), (2.0, "pair", 1, {"state": "failed", "why": "no route"}))
    assert say_why(table, table.pairs[1]) == "no route"


# -- verdicts -------------------------------------------------------------------------------------


def test_a_connected_session_says_over_what_and_how_fast() -> None:
    feed = IceFeed()
    feed.apply_all(replay_simulation(simulate("open", "open", rtt=0.04)))
    verdict = judge(feed.table("a"))
    assert verdict.word == "connected"
    assert verdict.headline.startswith("Connected directly, host to host, ")
    assert "round trip 40.0 ms" in verdict.headline


def test_a_relayed_session_says_that_it_is() -> None:
    feed = IceFeed()
    feed.apply_all(replay_simulation(simulate("symmetric", "symmetric", turn=True)))
    verdict = judge(feed.table("a"))
    assert "through a TURN relay" in verdict.headline
    assert any("TURN server" in advice.text for advice in verdict.advice)


def test_two_symmetric_nats_are_told_to_get_a_relay() -> None:
    feed = IceFeed()
    feed.apply_all(replay_simulation(simulate("symmetric", "symmetric")))
    verdict = judge(feed.table("a"))
    assert verdict.word == "failed"
    assert any("Use a TURN server" in advice.text for advice in verdict.advice)
    # What the virtual network did to the checks stands with the pair.
    whys = [pair.error for pair in feed.table("a").checklist]
    assert any("NAT" in why for why in whys)


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        ([(0.0, "gathering", None, {"state": "complete"})], "GATHER001"),
        ([*checked(), (2.0, "error", 1, {"code": 401, "reason": "Unauthorized"})], "CHECK004"),
        ([*checked(), (30.0, "consent", 1, {"lost": True})], "CONSENT001"),
        (
            [*checked(), (2.0, "request", 1, {}), (9.0, "state", None, {"state": "failed"})],
            "CHECK011",
        ),
        ([*checked(), (9.0, "state", None, {"state": "failed"})], "CHECK012"),
        (
            [
                (0.0, "local-candidate", None, {"candidate": "host udp 192.0.2.1:5"}),
                (0.0, "remote-candidate", None, {"candidate": "host udp [2001:db8::1]:5"}),
                (1.0, "state", None, {"state": "checking"}),
            ],
            "CHECK006",
        ),
        (
            [
                (0.0, "remote-candidate", None, {"candidate": "host udp x.local:5"}),
                (1.0, "state", None, {"state": "failed"}),
            ],
            "GATHER003",
        ),
    ],
)
def test_advice_names_the_rule_that_explains_it(events: list[tuple[Any, ...]], rule: str) -> None:
    assert rule in {advice.rule for advice in judge(table_of(*events)).advice}


def test_a_server_that_fails_on_two_interfaces_is_one_piece_of_advice() -> None:
    events = [
        (0.0, "candidate-error", None, {"server": "turn:t", "code": 401, "reason": "no"}),
        (0.0, "candidate-error", None, {"server": "turn:t", "code": 401, "reason": "no"}),
    ]
    (advice,) = judge(table_of(*events)).advice
    assert advice.text == "turn:t: 401 no."


# -- feeds and players ----------------------------------------------------------------------------


def test_each_side_has_a_table_and_what_has_no_side_goes_to_all() -> None:
    feed = IceFeed()
    feed.apply(Event(0.0, "state", None, {"side": "a", "state": "checking"}))
    feed.apply(Event(0.0, "state", None, {"side": "b", "state": "failed"}))
    feed.apply(Event(1.0, "finding", None, {"rule": "CHECK001", "message": "m"}))
    assert feed.sides == ["a", "b"]
    assert [feed.table(side).state for side in feed.sides] == ["checking", "failed"]
    assert all(table.findings for table in feed.tables.values())


def test_whose_description_it_is_makes_no_end() -> None:
    feed = IceFeed()
    feed.apply(Event(0.0, "state", None, {"state": "checking"}))
    feed.apply(Event(0.0, "description", None, {"side": "local", "type": "offer"}))
    feed.apply(Event(0.0, "description", None, {"side": "remote", "type": "answer"}))
    assert feed.sides == [""]
    assert [entry.text for entry in feed.table().log][1:] == [
        "the own description was given: offer",
        "the peer's description came",
    ]


def test_events_survive_their_way_through_a_file() -> None:
    events = replay_simulation(simulate("symmetric", "open", turn=True))
    text = "\n".join(json.dumps(event.as_json()) for event in events)
    again = read_events(text)
    assert [event.as_json() for event in again] == [event.as_json() for event in events]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "x", "[]", "{}", '{"event": 5}', '{"event":"a"}\n{', "[" * 100_000]
)
def test_what_is_no_feed_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        read_events(text)
    assert caught.value.line is not None


@given(st.text(max_size=80))
def test_a_line_is_an_event_or_a_parse_error(line: str) -> None:
    try:
        event = parse_event(line)
    except ParseError:
        return
    assert isinstance(event.event, str)


def test_a_player_gives_every_event_once_and_in_order() -> None:
    events = [Event(float(t), "sent", 1, {}) for t in (3, 0, 2, 1)]
    player = Player(events, speed=2.0)
    assert [event.t for event in player.advance(0.5)] == [0.0, 1.0]
    assert [event.t for event in player.step()] == [2.0]
    assert player.position == 2.0
    assert [event.t for event in player.finish()] == [3.0]
    assert player.finished
    assert player.advance(10) == []
    player.rewind()
    assert len(player.finish()) == 4


def test_speed_has_a_first_and_a_last_gear() -> None:
    player = Player([])
    for _ in range(20):
        player.change_speed(1)
    assert player.speed == Player.SPEEDS[-1]
    for _ in range(20):
        player.change_speed(-1)
    assert player.speed == Player.SPEEDS[0]


# -- captures -------------------------------------------------------------------------------------


def replayed(name: str) -> IceFeed:
    """A recorded call, played to its end."""
    feed = IceFeed()
    feed.apply_all(replay_call(open_call(CAPTURES / name)))
    return feed


def test_a_recorded_call_is_replayed_from_both_ends() -> None:
    feed = replayed("chromium-firefox")
    assert feed.sides == ["Chromium", "Firefox"]
    ours, theirs = (feed.table(side).selected for side in feed.sides)
    assert ours is not None
    assert theirs is not None
    # tshark -r captures/chromium-firefox/a.pcapng -Y stun shows DTLS on the IPv6 pair.
    assert (ours.local, ours.remote) == (theirs.remote, theirs.local)
    assert ours.local == "host udp [fd77::1]:46685"
    assert (ours.sent, ours.received, ours.retransmissions) == (6, 8, 0)


def test_a_recorded_failure_says_that_every_pair_stayed_without_answer() -> None:
    table = replayed("ice-failed").table("Firefox")
    assert table.state == "failed"
    # The two pairs of Firefox: one check each, sent seven times (RFC 8489's Rc).
    assert [(pair.sent, pair.retransmissions) for pair in table.checklist] == [(7, 6), (7, 6)]
    assert all(pair.state == "failed" for pair in table.pairs.values())
    srflx = [row for row in table.local.values() if row.type == "srflx"]
    assert {row.server for row in srflx} == {"stun:203.0.113.10:3478", "stun:203.0.113.11:3478"}
    assert all(row.rtt_ms is not None and row.rtt_ms < 10 for row in srflx)


def test_a_lone_capture_tells_a_relayed_call_too() -> None:
    # The Allocate of 10.77.1.1 was answered with XOR-RELAYED-ADDRESS 203.0.113.10:58176.
    feed = replayed("relayed/a.pcapng")
    assert all("through a TURN relay" in judge(table).headline for table in feed.tables.values())
    chosen = feed.table(feed.sides[0]).selected
    assert chosen is not None
    assert chosen.local == "relay udp 203.0.113.10:58176"


def test_a_refused_allocation_is_an_error_of_its_server() -> None:
    feed = replayed("turn-wrong-password")
    for side in feed.sides:
        errors = feed.table(side).errors
        assert {(error.code, error.rule) for error in errors} == {(401, "TURN001")}


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURES.iterdir()))
def test_every_recorded_call_replays_in_order_and_ends_as_it_did(name: str) -> None:
    events = replay_call(open_call(CAPTURES / name))
    assert [event.t for event in events] == sorted(event.t for event in events)
    feed = IceFeed()
    feed.apply_all(events)
    failed = name in ("ice-failed", "turn-wrong-password")
    assert {judge(table).word for table in feed.tables.values()} == {
        "failed" if failed else "connected"
    }
