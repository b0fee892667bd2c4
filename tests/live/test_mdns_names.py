"""Names published and resolved by multicast that never leaves loopback."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from rtckit.live import mdns as live_mdns
from rtckit.live.mdns import MdnsNames
from rtckit.wire import mdns


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def names(port: int) -> MdnsNames:
    return MdnsNames(["127.0.0.1"], port=port)


def test_a_name_is_resolved(port: int) -> None:
    async def work() -> None:
        one, other = names(port), names(port)
        name = one.publish("127.0.0.1", Random(1))
        assert name.endswith(".local")
        assert len(name) == 42  # a UUID of version 4
        assert name[14] == "4"
        assert await other.resolve(name.upper()) == ("127.0.0.1", "")
        assert await one.resolve(name) == ("127.0.0.1", "")
        one.close()
        other.close()

    run(work)


def test_a_name_that_comes_late(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Firefox joins the group when it begins to check: asking again is what finds it.
    monkeypatch.setattr(live_mdns, "_ASK_AT_S", (0.0, 0.3, 0.6))

    async def work() -> None:
        asking = names(port)
        name = "1f4712db-ea17-4bcf-a596-105139dfd8bf.local"
        waiting = asyncio.ensure_future(asking.resolve(name))
        await asyncio.sleep(0.1)
        late = names(port)
        late._own[name] = "127.0.0.1"
        assert await waiting == ("127.0.0.1", "")
        asking.close()
        late.close()

    run(work)


def test_a_name_nobody_has(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_mdns, "_GIVE_UP_S", 0.2)

    async def work() -> None:
        asking = names(port)
        ip, why = await asking.resolve("nobody.local")
        assert ip is None
        assert "not answered" in why
        assert (await asking.resolve("example.org"))[0] is None
        assert (await asking.resolve(("x" * 200) + ".local"))[0] is None
        asking.close()

    run(work)


def test_an_address_without_an_interface() -> None:
    async def work() -> None:
        asking = MdnsNames(["192.0.2.99"], port=5399)
        ip, why = await asking.resolve("nobody.local")
        assert ip is None
        assert "cannot be used" in why
        asking.close()

    run(work)


def test_answers_are_not_multiplied_and_names_are_taken_back(port: int) -> None:
    async def work() -> None:
        one = names(port)
        name = one.publish("127.0.0.1", Random(1))
        heard: list[mdns.MdnsMessage] = []
        other = names(port)
        learn = other._learn

        def listen(message: mdns.MdnsMessage) -> None:
            heard.append(message)
            learn(message)

        other._learn = listen  # type: ignore[method-assign]
        query = mdns.MdnsMessage((mdns.Question(name, mdns.A),))
        for _ in range(20):
            other._send(query)
        await asyncio.sleep(0.2)
        answers = [message for message in heard if message.answers[0].name == name]
        assert 1 <= len(answers) <= 2  # the announcement may be among them
        one.close()
        await asyncio.sleep(0.05)
        assert heard[-1].answers[0].ttl == 0
        other.close()

    run(work)


def test_garbage_and_floods_change_nothing(port: int) -> None:
    async def work() -> None:
        asking = names(port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(2000):
                record = mdns.address_record(f"n{number}.local", "192.0.2.1")
                message = mdns.MdnsMessage(answers=(record,), flags=0x8400)
                sender.sendto(mdns.build(message), ("127.0.0.1", port))
                sender.sendto(bytes([number % 256]) * (number % 40), ("127.0.0.1", port))
                if number % 50 == 0:
                    await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert len(asking._known) <= 200
        asking.close()

    run(work)
