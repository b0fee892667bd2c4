"""Transactions: when they are sent again, what answers them and what does not (RFC 8489, 6)."""

import asyncio
import errno
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rtckit.core.address import Address
from rtckit.live.errors import (
    BadAnswer,
    IcmpError,
    IntegrityViolated,
    NoAnswer,
    Refused,
    StreamClosed,
    StunError,
)
from rtckit.live.stun_client import StunClient
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from tests.live.fakes import MAPPED, SERVER, FakeTransport

KEY = stun.long_term_key("alice", "example.org", "open sesame")


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(work(), 10))  # type: ignore[arg-type]


def answer(
    transport: FakeTransport,
    attributes: list[tuple[int, Any]],
    kind: MessageClass = MessageClass.SUCCESS,
    **settings: Any,
) -> bytes:
    """An answer to the latest request."""
    request = stun.parse(transport.sent[-1][0])
    method = settings.pop("method", request.method)
    return stun.build(method, kind, request.transaction_id, attributes, **settings)


async def pending(transport: FakeTransport, **settings: Any) -> asyncio.Task[Any]:
    client = StunClient(transport)
    task = asyncio.ensure_future(client.request(Method.BINDING, [], SERVER, **settings))
    await asyncio.sleep(0)
    return task


def icmp(code: int) -> IcmpError:
    return IcmpError(
        errno.ECONNREFUSED, "", origin="icmp", icmp_type=3, icmp_code=code, reporter="192.0.2.1"
    )


def test_success_response() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport)
        transport.arrive(answer(transport, [(T.XOR_MAPPED_ADDRESS, MAPPED)]))
        response = await task
        assert response.message.xor_mapped_address == MAPPED
        assert response.sent == 1
        assert response.remote == SERVER
        assert 0 <= response.rtt_s <= response.elapsed_s < 1

    run(work)


def test_sends_again_with_doubling_pauses_and_gives_up() -> None:
    async def work() -> None:
        transport = FakeTransport()
        client = StunClient(transport)
        times: list[float] = []
        loop = asyncio.get_running_loop()
        client.on_send = lambda method, number, remote: times.append(loop.time())
        start = loop.time()
        with pytest.raises(NoAnswer) as caught:
            await client.request(Method.BINDING, [], SERVER, rto=0.02, attempts=4, last_wait_s=0.1)
        # 0, 20, 60, 140 ms, and 100 ms after the last: the sum that RFC 8489, 6.2.1 makes.
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        for gap, nominal in zip(gaps, (0.02, 0.04, 0.08), strict=True):
            assert nominal - 0.002 <= gap < nominal + 0.1, "later on a loaded machine, never sooner"
        assert 0.238 <= loop.time() - start < 0.6
        assert caught.value.sent == 4
        assert len({data for data, _ in transport.sent}) == 1, "the same bytes each time"
        assert client.pending == 0

    run(work)


def test_standard_schedule_is_39_5_seconds() -> None:
    # RFC 8489, 6.2.1: requests at 0, 500, 1500, 3500, 7500, 15500, 31500 ms, failure at 39500.
    times = [0.5 * (2**number - 1) for number in range(7)]
    assert times == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    from rtckit.live import stun_client

    assert times[-1] + stun_client.LAST_WAIT * stun_client.RTO_S == 39.5
    assert stun_client.RELIABLE_WAIT_S == 39.5


def test_reliable_transports_send_once() -> None:
    async def work() -> None:
        transport = FakeTransport(reliable=True)
        client = StunClient(transport)
        with pytest.raises(NoAnswer):
            await client.request(Method.BINDING, [], SERVER, rto=0.01, last_wait_s=0.1)
        assert len(transport.sent) == 1

    run(work)


def test_error_response() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport)
        error = [(T.ERROR_CODE, (486, "Quota\0\0"))]
        transport.arrive(answer(transport, error, MessageClass.ERROR))
        with pytest.raises(StunError) as caught:
            await task
        assert (caught.value.code, caught.value.reason) == (486, "Quota")
        assert caught.value.as_json()["error"] == "stun"
        assert caught.value.authenticated

    run(work)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: (data, Address("203.0.113.66", 3478)),
        lambda data: (data, Address(SERVER.ip, 3479)),
        lambda data: (data[:-1] + bytes([data[-1] ^ 1]), SERVER),  # FINGERPRINT
        lambda data: (data[:19] + bytes([data[19] ^ 1]) + data[20:], SERVER),
        lambda data: (data[:-4], SERVER),
        lambda data: (data[:2] + b"\xff\xfc" + data[4:], SERVER),
        lambda data: (data[:4] + b"\0\0\0\0" + data[8:], SERVER),
    ],
    ids=["ip", "port", "fingerprint", "transaction", "cut", "length", "cookie"],
)
def test_what_is_no_answer_changes_nothing(
    spoil: Callable[[bytes], tuple[bytes, Address]],
) -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport)
        right = answer(transport, [(T.XOR_MAPPED_ADDRESS, MAPPED)])
        data, remote = spoil(right)
        transport.arrive(data, remote)
        await asyncio.sleep(0)
        assert not task.done()
        transport.arrive(right)
        assert (await task).message.xor_mapped_address == MAPPED

    run(work)


def test_answers_of_another_method_or_without_a_code_change_nothing() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport)
        transport.arrive(answer(transport, [], method=Method.ALLOCATE))
        transport.arrive(answer(transport, [], MessageClass.ERROR))
        await asyncio.sleep(0)
        assert not task.done()
        transport.arrive(answer(transport, []))
        await task

    run(work)


def test_any_source_when_asked_for() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport, any_source=True)
        other = Address("203.0.113.11", 3479)
        transport.arrive(answer(transport, []), other)
        assert (await task).remote == other

    run(work)


def test_a_success_must_be_signed_with_the_key() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport, key=KEY)
        transport.arrive(answer(transport, [(T.XOR_MAPPED_ADDRESS, MAPPED)]))
        wrong = stun.long_term_key("alice", "example.org", "another")
        transport.arrive(answer(transport, [(T.XOR_MAPPED_ADDRESS, MAPPED)], key=wrong))
        await asyncio.sleep(0)
        assert not task.done()
        transport.arrive(answer(transport, [(T.XOR_MAPPED_ADDRESS, MAPPED)], key=KEY))
        await task

    run(work)


def test_sha1_does_not_answer_where_sha256_was_agreed() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport, key_sha256=KEY)
        transport.arrive(answer(transport, [], key=KEY))
        await asyncio.sleep(0)
        assert not task.done()
        transport.arrive(answer(transport, [], key_sha256=KEY))
        await task

    run(work)


def test_only_wrongly_signed_answers_are_told_as_such() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport, key=KEY, rto=0.01, attempts=1, last_wait_s=0.02)
        transport.arrive(answer(transport, [], key=b"another key, of "))
        with pytest.raises(IntegrityViolated) as caught:
            await task
        assert caught.value.kind == "integrity"

    run(work)


def test_an_unsigned_error_gives_way_to_a_signed_answer() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport, key=KEY, rto=0.05)
        forged = [(T.ERROR_CODE, (437, "forged"))]
        transport.arrive(answer(transport, forged, MessageClass.ERROR))
        await asyncio.sleep(0)
        assert not task.done()
        transport.arrive(answer(transport, [], key=KEY))
        await task

        task = await pending(transport, key=KEY, rto=0.02)
        transport.arrive(answer(transport, forged, MessageClass.ERROR))
        with pytest.raises(StunError) as caught:
            await task
        assert not caught.value.authenticated

    run(work)


@pytest.mark.parametrize("code", [300, 401, 438])
def test_challenges_need_no_signature(code: int) -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport, key=KEY)
        transport.arrive(answer(transport, [(T.ERROR_CODE, (code, ""))], MessageClass.ERROR))
        with pytest.raises(StunError):
            await task

    run(work)


def test_unknown_attributes_that_must_be_understood() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport)
        transport.arrive(answer(transport, [(0x7777, b"??")]))
        with pytest.raises(BadAnswer, match="0x7777"):
            await task

    run(work)


def test_icmp_fails_what_it_is_about_and_nothing_else() -> None:
    async def work() -> None:
        transport = FakeTransport()
        client = StunClient(transport)
        other = Address("203.0.113.99", 3478)
        one = asyncio.ensure_future(client.request(Method.BINDING, [], SERVER))
        two = asyncio.ensure_future(client.request(Method.BINDING, [], other))
        await asyncio.sleep(0)
        transport.on_error(icmp(3), other)
        with pytest.raises(Refused) as caught:
            await two
        assert caught.value.kind == "icmp"
        assert caught.value.as_json()["name"] == "port unreachable"
        assert not one.done()
        one.cancel()

    run(work)


def test_a_route_that_is_missing_twice_is_missing() -> None:
    async def work() -> None:
        transport = FakeTransport()
        task = await pending(transport)
        transport.on_error(icmp(1), SERVER)
        await asyncio.sleep(0)
        assert not task.done()
        transport.on_error(icmp(1), SERVER)
        with pytest.raises(Refused, match="host unreachable"):
            await task

    run(work)


def test_the_end_of_a_stream_fails_everything() -> None:
    async def work() -> None:
        transport = FakeTransport(reliable=True)
        task = await pending(transport)
        transport.error = StreamClosed()
        transport.on_error(transport.error, SERVER)
        with pytest.raises(StreamClosed):
            await task
        with pytest.raises(StreamClosed):
            await StunClient(transport).request(Method.BINDING, [], SERVER)

    run(work)


def test_what_answers_nothing_is_data() -> None:
    async def work() -> None:
        transport = FakeTransport()
        client = StunClient(transport)
        seen: list[bytes] = []
        client.on_data = lambda data, remote: seen.append(data)
        stray = stun.build(Method.BINDING, MessageClass.SUCCESS, bytes(12), [])
        for data in (b"", b"\x80rtp", stray, b"\0\1"):
            transport.arrive(data)
        assert seen == [b"", b"\x80rtp", stray, b"\0\1"]

    run(work)


def test_many_transactions_on_one_socket() -> None:
    async def work() -> None:
        transport = FakeTransport()
        client = StunClient(transport)

        def server(data: bytes) -> list[bytes]:
            request = stun.parse(data)
            number = request.get(T.PRIORITY)
            mapped = [(T.XOR_MAPPED_ADDRESS, Address("198.51.100.1", number))]
            kind = MessageClass.SUCCESS
            return [stun.build(Method.BINDING, kind, request.transaction_id, mapped)]

        transport.server = server
        asked = [
            client.request(Method.BINDING, [(T.PRIORITY, number)], SERVER)
            for number in range(1, 501)
        ]
        answers = await asyncio.gather(*asked)
        ports = [answer.message.xor_mapped_address.port for answer in answers]  # type: ignore[union-attr]
        assert ports == list(range(1, 501))
        assert client.pending == 0

    run(work)


def test_a_cancelled_request_leaves_nothing() -> None:
    async def work() -> None:
        transport = FakeTransport()
        client = StunClient(transport)
        task = asyncio.ensure_future(client.request(Method.BINDING, [], SERVER))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.pending == 0

    run(work)
