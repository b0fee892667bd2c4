"""The wire that delays, loses, duplicates and reorders: its chance, and packets through it."""

import socket
import statistics
import time
from typing import cast

import pytest

from rtckit.lab.impairment import Carried, Impairment, impaired_link
from rtckit.lab.topology import Topology
from rtckit.lab.wire_process import Direction, stays_on_link
from tests.capabilities import require

MS = 1_000_000


def direction(**settings: float) -> Direction:
    nowhere = cast(socket.socket, None)
    made = Direction(nowhere, nowhere)
    made.set(settings)
    return made


def fates(seed: int, count: int = 2000, **settings: float) -> list[list[int]]:
    made = direction(seed=seed, **settings)
    return [made.times(number * MS) for number in range(count)]


def test_same_seed_same_fate() -> None:
    settings = {"loss": 0.1, "duplicate": 0.1, "reorder": 0.1, "reorder_ns": 5 * MS}
    assert fates(7, **settings) == fates(7, **settings)
    assert fates(7, **settings) != fates(8, **settings)


def test_more_loss_loses_others_besides_and_no_packet_instead() -> None:
    """What happens to one packet does not change the chances of those after it."""
    few = {number for number, times in enumerate(fates(3, loss=0.05)) if not times}
    many = {number for number, times in enumerate(fates(3, loss=0.2)) if not times}
    assert few < many


@pytest.mark.parametrize("part", [0.01, 0.2])
def test_parts_are_as_asked_for(part: float) -> None:
    count = 20_000
    made = direction(loss=part, reorder=part, seed=1)
    for number in range(count):
        made.times(number)
    # Five standard deviations of a binomial distribution.
    slack = 5 * (count * part * (1 - part)) ** 0.5
    assert abs(made.counts["lost"] - count * part) < slack
    survivors = count - made.counts["lost"]
    assert abs(made.counts["reordered"] - survivors * part) < slack


def test_jitter_varies_the_delay_and_keeps_the_order() -> None:
    made = direction(delay_ns=50 * MS, jitter_ns=20 * MS, seed=1)
    times = [made.times(number * MS)[0] for number in range(1000)]
    assert times == sorted(times)
    delays = [time - number * MS for number, time in enumerate(times)]
    assert min(delays) >= 30 * MS
    assert max(delays) <= 70 * MS
    assert max(delays) - min(delays) > 15 * MS


def test_reordered_packets_are_overtaken() -> None:
    made = direction(delay_ns=MS, reorder=0.1, reorder_ns=10 * MS, seed=1)
    times = [made.times(number * MS)[0] for number in range(1000)]
    assert times != sorted(times)
    assert {time - number * MS for number, time in enumerate(times)} == {MS, 11 * MS}


def test_neighbour_discovery_is_no_packet_of_a_path() -> None:
    assert stays_on_link(b"\xff" * 6 + b"\x02" * 6 + b"\x08\x06" + bytes(28))
    assert stays_on_link(b"\x02" * 12 + b"\x08\x06" + bytes(28))
    solicitation = b"\x86\xdd" + bytes(6) + b"\x3a\xff" + bytes(32) + b"\x87"
    assert stays_on_link(b"\x02" * 12 + solicitation)
    echo = b"\x86\xdd" + bytes(6) + b"\x3a\xff" + bytes(32) + b"\x80"
    assert not stays_on_link(b"\x02" * 12 + echo)
    assert not stays_on_link(b"\x02" * 12 + b"\x08\x00" + bytes(28))


@pytest.mark.parametrize(
    "wrong",
    [{"loss": 1.5}, {"loss": -0.1}, {"delay_ms": 1, "jitter_ms": 2}, {"reorder_ms": -1}],
)
def test_what_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Impairment(**wrong)


def test_description() -> None:
    text = Impairment(25, 5, loss=0.01, reorder=0.1).describe()
    assert text == "25 +- 5 ms, 0.01 lost, 0.1 reordered"
    assert Impairment().describe() == "unimpaired"


def received(topology: Topology, count: int) -> list[int]:
    """Which of ``count`` datagrams from a reach b, in the order in which they do."""
    arrived = []
    with topology.hosts["a"].socket() as a, topology.hosts["b"].socket() as b:
        b.bind((topology.addresses["b"][0], 0))
        b.settimeout(0.8)
        a.connect(b.getsockname())
        for number in range(count):
            a.send(number.to_bytes(2))
        while True:
            try:
                arrived.append(int.from_bytes(b.recv(10)))
            except TimeoutError:
                return arrived


@pytest.mark.lab
def test_same_packets_are_lost_in_every_run() -> None:
    require("netns")
    runs = []
    for _ in range(2):
        with impaired_link(loss=0.3, duplicate=0.1, seed=11) as topology:
            runs.append(received(topology, 200))
            there, back = topology.wires["a"].carried()
            assert (there.carried, back) == (200, Carried())
            assert there.lost == 200 - len(set(runs[-1]))
            assert there.duplicated == len(runs[-1]) - len(set(runs[-1]))
    assert runs[0] == runs[1]
    assert 100 < len(set(runs[0])) < 180


@pytest.mark.lab
@pytest.mark.parametrize("version", [0, 1], ids=["IPv4", "IPv6"])
def test_delay_is_exact(version: int) -> None:
    require("netns")
    with impaired_link(delay_ms=20) as topology:
        times = round_trips(topology, version)
        assert min(times) >= 0.040
        assert statistics.median(times) < 0.043
        topology.wires["a"].change(Impairment(1), Impairment(30))
        times = round_trips(topology, version)
        assert min(times) >= 0.031
        assert statistics.median(times) < 0.034


def round_trips(topology: Topology, version: int) -> list[float]:
    family = (socket.AF_INET, socket.AF_INET6)[version]
    times = []
    with topology.hosts["a"].socket(family) as a, topology.hosts["b"].socket(family) as b:
        for host in (a, b):
            host.settimeout(2)
        b.bind((topology.addresses["b"][version], 0))
        a.connect(b.getsockname()[:2])
        for _ in range(11):
            began = time.perf_counter()
            a.send(b"there")
            _, source = b.recvfrom(10)
            b.sendto(b"back", source)
            a.recv(10)
            times.append(time.perf_counter() - began)
    return times


@pytest.mark.lab
def test_large_packets_pass_whole() -> None:
    require("netns")
    with impaired_link() as topology:
        with topology.hosts["a"].socket() as a, topology.hosts["b"].socket() as b:
            b.bind((topology.addresses["b"][0], 0))
            b.settimeout(2)
            a.sendto(bytes(20_000), b.getsockname())
            assert b.recv(30_000) == bytes(20_000)
        kind = socket.SOCK_STREAM
        with topology.hosts["a"].socket(kind=kind) as a, topology.hosts["b"].socket(kind=kind) as b:
            b.bind((topology.addresses["b"][0], 0))
            b.listen()
            a.connect(b.getsockname())
            accepted, _ = b.accept()
            with accepted:
                a.sendall(bytes(200_000))
                a.shutdown(socket.SHUT_WR)
                assert sum(len(part) for part in iter(lambda: accepted.recv(65536), b"")) == 200_000
