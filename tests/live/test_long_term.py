"""Credentials: MD5 and SHA-256, hidden names, nonces that go stale, users that expire."""

import asyncio
from typing import Any

import pytest

from rtckit.live.errors import BadAnswer, RedirectLoop, StunError
from rtckit.live.long_term import LongTerm, make_rest_credential, rest_expiry
from rtckit.live.turn_client import TurnClient
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from tests.live.fakes import RELAYED, SERVER, FakeTransport, FakeTurnServer


def allocate(
    server: FakeTurnServer, username: str = "alice", password: str = "open sesame"
) -> tuple[FakeTransport, TurnClient]:
    transport = FakeTransport()
    transport.server = server

    async def work() -> TurnClient:
        client = TurnClient(transport, SERVER, username, password, rto=0.05, attempts=2)
        try:
            await client.allocate(keep=False)
        finally:
            transport.client = client  # type: ignore[attr-defined]
        return client

    return transport, asyncio.run(work())


@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("algorithms", [None, (1,), (2,), (2, 1), (1, 2), (77, 2)])
def test_every_way_to_sign(algorithms: tuple[int, ...] | None, anonymous: bool) -> None:
    server = FakeTurnServer(algorithms=algorithms, anonymous=anonymous)
    transport, client = allocate(server)
    assert client.allocation is not None
    assert client.allocation.relayed == RELAYED
    first, second = transport.requests(Method.ALLOCATE)
    assert not first.has_integrity
    assert first.realm is None
    assert second.has(T.USERHASH) is anonymous
    assert second.has(T.USERNAME) is not anonymous
    modern = algorithms is not None
    assert second.has(T.MESSAGE_INTEGRITY_SHA256) is modern
    assert second.has(T.MESSAGE_INTEGRITY) is not modern
    if algorithms is not None:
        known = next(number for number in algorithms if number in (1, 2))
        assert second.get(T.PASSWORD_ALGORITHM).number == known
        offered = second.get(T.PASSWORD_ALGORITHMS)
        assert [item.number for item in offered] == list(algorithms), "as the server sent it"


def test_wrong_password_is_asked_once() -> None:
    transport = FakeTransport()
    transport.server = FakeTurnServer()

    async def work() -> None:
        client = TurnClient(transport, SERVER, "alice", "wrong")
        with pytest.raises(StunError) as caught:
            await client.allocate()
        assert caught.value.code == 401

    asyncio.run(work())
    assert len(transport.requests(Method.ALLOCATE)) == 2, "the challenge and one answer to it"


def test_stale_nonce_is_followed() -> None:
    server = FakeTurnServer(stale_after=1)
    transport = FakeTransport()
    transport.server = server

    async def work() -> TurnClient:
        client = TurnClient(transport, SERVER, "alice", "open sesame")
        await client.allocate(keep=False)
        await client.refresh()
        await client.create_permission(["192.0.2.9"])
        return client

    client = asyncio.run(work())
    assert client.auth is not None
    assert client.auth.stale == 2
    assert not client.auth.stale_repeated
    assert server.permissions == {"192.0.2.9"}


def test_nonces_that_are_always_stale_end() -> None:
    transport = FakeTransport()
    transport.server = FakeTurnServer(stale_after=0)

    async def work() -> None:
        client = TurnClient(transport, SERVER, "alice", "open sesame")
        with pytest.raises(StunError) as caught:
            await client.allocate()
        assert caught.value.code == 438

    asyncio.run(work())
    assert len(transport.requests(Method.ALLOCATE)) <= 5


def challenge(*attributes: tuple[int, Any], code: int = 401) -> StunError:
    data = stun.build(Method.ALLOCATE, MessageClass.ERROR, bytes(12), attributes)
    return StunError(code, "", stun.parse(data))


COOKIE = stun.build_nonce_cookie(stun.SecurityFeatures.PASSWORD_ALGORITHMS)


def test_a_challenge_that_lacks_what_its_nonce_promises_is_an_attack() -> None:
    # RFC 8489, 9.2.5: the client MUST NOT retry.
    auth = LongTerm("alice", "secret")
    with pytest.raises(BadAnswer, match="PASSWORD-ALGORITHMS"):
        auth.learn(challenge((T.REALM, "r"), (T.NONCE, COOKIE + b"x")))


def test_no_algorithm_in_common() -> None:
    offered = (stun.PasswordAlgorithm(9),)
    with pytest.raises(BadAnswer, match="9"):
        LongTerm("alice", "secret").learn(
            challenge((T.REALM, "r"), (T.NONCE, COOKIE), (T.PASSWORD_ALGORITHMS, offered))
        )


@pytest.mark.parametrize("attributes", [(), ((T.REALM, "r"),), ((T.NONCE, b"n"),)])
def test_challenges_without_realm_or_nonce(attributes: tuple[tuple[int, Any], ...]) -> None:
    with pytest.raises(BadAnswer):
        LongTerm("alice", "secret").learn(challenge(*attributes))


def test_sha256_is_never_given_up_again() -> None:
    auth = LongTerm("alice", "secret")
    both = (stun.PasswordAlgorithm(2), stun.PasswordAlgorithm(1))
    auth.learn(challenge((T.REALM, "r"), (T.NONCE, COOKIE), (T.PASSWORD_ALGORITHMS, both)))
    assert auth.algorithm == "SHA-256"
    auth.learn(challenge((T.REALM, "r"), (T.NONCE, b"plain"), code=438))
    assert auth.modern
    assert auth.keys()[0] is None


def test_rest_credential_of_the_draft() -> None:
    # Worked out apart: base64(HMAC-SHA1("north wind", "1767229000:alice")) with openssl.
    username, password = make_rest_credential("north wind", "alice", 1767229000)
    assert username == "1767229000:alice"
    assert password == "lp6sqcoeg17bsveMAHKLLyJiZkE="
    assert rest_expiry(username) == 1767229000
    assert rest_expiry("alice:1767229000") == 1767229000
    assert rest_expiry("1767229000") == 1767229000
    assert rest_expiry("alice") is None
    assert rest_expiry("12:alice") is None


def test_credentials_are_not_shown() -> None:
    from rtckit.live.servers import parse_server

    server = parse_server("turn:example.org", "alice", "open sesame")
    assert "open sesame" not in repr(server) + server.label


def test_redirections_end() -> None:
    from rtckit.core.address import Address
    from rtckit.live import turn_client

    path = [SERVER, Address("203.0.113.11", 3478)]
    asked: list[Address] = []

    async def fake_open(server: Any, remote: Address, **settings: Any) -> FakeTransport:
        asked.append(remote)
        transport = FakeTransport()
        following = path[(path.index(remote) + 1) % 2]

        def redirect(data: bytes) -> list[bytes]:
            request = stun.parse(data)
            attributes = [(T.ERROR_CODE, (300, "")), (T.ALTERNATE_SERVER, following)]
            kind = MessageClass.ERROR
            return [stun.build(Method.ALLOCATE, kind, request.transaction_id, attributes)]

        transport.server = redirect
        return transport

    from rtckit.live.servers import parse_server

    async def work() -> None:
        original = turn_client.open_transport
        turn_client.open_transport = fake_open  # type: ignore[assignment]
        try:
            with pytest.raises(RedirectLoop) as caught:
                await turn_client.open_turn(parse_server(f"turn:{SERVER}", "alice", "x"))
            assert caught.value.path == (*path, SERVER)
        finally:
            turn_client.open_transport = original

    asyncio.run(work())
    assert asked == path


@pytest.mark.parametrize("algorithms", [(2, 1), (1,)])
def test_a_check_signs_as_the_server_asks(algorithms: tuple[int, ...]) -> None:
    from rtckit.live.relay_check import CheckSettings
    from rtckit.live.servers import parse_server
    from rtckit.live.transport import open_udp
    from rtckit.live.turn_check import Target, check_servers

    async def work() -> None:
        fake = FakeTurnServer(algorithms=algorithms, anonymous=True)
        transport = await open_udp("127.0.0.1")

        def receive(data: bytes, remote: Any) -> None:
            for answer in fake(data):
                transport.send(answer, remote)

        transport.on_datagram = receive
        server = parse_server(f"turn:{transport.local}", "alice", "open sesame")
        settings = CheckSettings(timeout_s=1, count=1, outside=False)
        (probe,) = (await check_servers([Target(server)], settings)).probes
        steps = {step.name: step for step in probe.steps}
        names = {2: "SHA-256", 1: "MD5"}
        offered = " ".join(names[number] for number in algorithms)
        assert steps["challenge"].facts["algorithms"] == offered
        assert steps["challenge"].facts["anonymous"] is True
        for name in ("allocate", "refresh", "permission", "channel", "deallocate"):
            assert steps[name].ok, steps[name]
        assert all(message.username is None for message in fake.seen), "the name stays hidden"
        transport.close()

    asyncio.run(work())
