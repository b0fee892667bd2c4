"""Ways for two ends to meet, and the descriptions that go over them."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

import rtckit
from rtckit.core.address import Address
from rtckit.core.errors import NetworkFailure, UnreadableInput, UsageError
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.settings import Credentials
from rtckit.live.description import (
    build_answer,
    build_offer,
    candidate_line,
    read_candidate,
    read_remote,
    with_candidates,
)
from rtckit.live.signalling import (
    FileSignalling,
    PasteSignalling,
    Signalling,
    SignallingEnded,
    open_signalling,
)

CREDENTIALS = Credentials("abcd", "p" * 24)
OTHERS = Credentials("efgh", "q" * 24)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


def host(ip: str = "192.0.2.1", port: int = 5000, name: str | None = None) -> IceCandidate:
    address = Address(ip, port)
    return IceCandidate("host", "udp", address, address, 2130706431, "1", name=name)


async def converse(one: Signalling, other: Signalling) -> None:
    await one.send({"type": "offer", "sdp": "v=0\r\n"})
    assert await other.receive() == {"type": "offer", "sdp": "v=0\r\n"}
    await other.send({"candidate": "", "sdpMid": "0"})
    await other.send({"type": "bye"})
    assert (await one.receive())["candidate"] == ""
    assert await one.receive() == {"type": "bye"}


def test_a_folder(tmp_path: Path) -> None:
    async def work() -> None:
        one, other = FileSignalling(tmp_path / "meet"), FileSignalling(tmp_path / "meet")
        assert (one.role, other.role) == ("offer", "answer")
        await converse(one, other)
        await one.close()
        await other.close()
        assert list((tmp_path / "meet").iterdir()) == []

    run(work)


def test_what_a_killed_run_left_in_a_folder(tmp_path: Path) -> None:
    import os

    # No process has the highest number there can be (PID_MAX_LIMIT, 2^22).
    mark = json.dumps({"process": 4194304, "host": os.uname().nodename})
    for name in ("offer", "answer"):
        (tmp_path / f"{name}.jsonl").write_text(mark + '\n{"type": "offer", "sdp": "old"}\n')

    async def work() -> None:
        one, other = FileSignalling(tmp_path), FileSignalling(tmp_path)
        assert (one.role, other.role) == ("offer", "answer")
        await converse(one, other)

    run(work)


def test_tcp() -> None:
    async def work() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        one, other = await asyncio.gather(
            open_signalling(f"connect:127.0.0.1:{port}"),
            open_signalling(f"listen:127.0.0.1:{port}"),
        )
        assert (one.role, other.role) == ("offer", "answer")
        await converse(one, other)
        await one.close()
        with pytest.raises(SignallingEnded, match="closed"):
            await other.receive()
        await other.close()

    run(work)


def test_nobody_comes() -> None:
    async def work() -> None:
        with pytest.raises(NetworkFailure, match="did not come"):
            await open_signalling("listen:127.0.0.1:0", timeout=0.05)

    run(work)


def test_nobody_listens() -> None:
    async def work() -> None:
        with pytest.raises(NetworkFailure, match="nobody listened there in"):
            await open_signalling("connect:127.0.0.1:1", timeout=0.05)

    run(work)


def test_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="it is no folder"):
        FileSignalling(tmp_path / "file")


@pytest.mark.parametrize("nothing", [None, "/dev/null", __file__])
def test_a_pipe_that_leads_nowhere(nothing: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        with pytest.raises(UsageError, match="nobody can answer over it"):
            await open_signalling("pipe", role="offer")

    with contextlib.ExitStack() as opened:
        stdin = None if nothing is None else opened.enter_context(Path(nothing).open())
        monkeypatch.setattr("sys.stdin", stdin)
        run(work)


@pytest.mark.parametrize(
    "way", ["", "dir:", "connect:host", "listen:a:b", "carrier pigeon", "paste"]
)
def test_no_such_way(way: str) -> None:
    async def work() -> None:
        with pytest.raises(UsageError):
            await open_signalling(way)

    run(work)


def test_paste() -> None:
    shown: list[str] = []

    async def work() -> None:
        way = PasteSignalling(shown.append, lambda: "v=0\r\n")
        await way.send({"type": "offer", "sdp": "v=0\r\n"})
        await way.send({"candidate": ""})
        assert (await way.receive())["sdp"] == "v=0\r\n"
        nothing = PasteSignalling(shown.append, lambda: " \n")
        with pytest.raises(SignallingEnded):
            await nothing.receive()

    run(work)
    assert [json.loads(text) for text in shown] == [{"type": "offer", "sdp": "v=0\r\n"}]


# --- descriptions


@pytest.mark.parametrize("trickle", [True, False])
def test_offer_and_answer(trickle: bool) -> None:
    offer = build_offer(CREDENTIALS, [host()], Random(1), trickle=trickle)
    read = read_remote(offer)
    assert read.credentials == CREDENTIALS
    assert [c.address for c in read.candidates] == [Address("192.0.2.1", 5000)]
    assert read.ended is not trickle
    answer = build_answer(offer, OTHERS, [host("192.0.2.2")], Random(2), trickle=trickle)
    assert read_remote(answer).credentials == OTHERS
    # What browsers would say to the pair: nothing is wrong with it.
    document = rtckit.sdp.parse(offer)
    assert [f for f in rtckit.lint(document) if f.severity == "error"] == []
    assert rtckit.jsep.predict_verdict(offer, "chromium", "offer").accepts
    assert rtckit.jsep.predict_verdict(offer, "firefox", "offer").accepts


def test_json_of_a_browser_is_read() -> None:
    offer = build_offer(CREDENTIALS, [], Random(1))
    read = read_remote(json.dumps({"type": "offer", "sdp": offer}))
    assert (read.type, read.mid) == ("offer", "0")


def test_lite_is_said_and_read() -> None:
    assert read_remote(build_offer(CREDENTIALS, [], Random(1), lite=True)).lite
    assert not read_remote(build_offer(CREDENTIALS, [], Random(1))).lite


def test_the_section_that_carries_the_bundle_counts() -> None:
    offer = build_offer(CREDENTIALS, [host()], Random(1)).replace(
        "m=application",
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\na=ice-ufrag:wxyz\r\n"
        f"a=ice-pwd:{'r' * 24}\r\nm=application",
        1,
    )
    assert read_remote(offer).credentials == CREDENTIALS


def test_names_stand_for_addresses() -> None:
    hidden = host(name="1f4712db-ea17-4bcf-a596-105139dfd8bf.local")
    offer = build_offer(CREDENTIALS, [hidden], Random(1))
    assert "192.0.2.1" not in offer
    assert "192.0.2.1" not in candidate_line(hidden)


def test_candidates_are_put_in_later() -> None:
    answer = build_answer(build_offer(CREDENTIALS, [], Random(1)), OTHERS, [], Random(2))
    assert [c.address.ip for c in read_remote(with_candidates(answer, [host()])).candidates] == [
        "192.0.2.1"
    ]


def test_candidates_that_come_alone() -> None:
    line = candidate_line(host())
    read = read_candidate(line)
    assert read is not None
    assert read.address == Address("192.0.2.1", 5000)
    assert read_candidate("") is None
    assert read_candidate("a=end-of-candidates") is None
    with pytest.raises(UnreadableInput):
        read_candidate("candidate:nonsense")


@pytest.mark.parametrize("text", ["", "hello", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"])
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(UnreadableInput):
        read_remote(text)
