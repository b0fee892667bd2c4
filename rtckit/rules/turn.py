"""Why a TURN server gave no relayed candidate, or the relay does not carry (RFC 8656)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.analysis.turn_session import Allocation, AllocationState, TurnError
from rtckit.analysis.vantage import Vantage
from rtckit.core.address import Address, Scope, scope_of
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import (
    at_frame,
    breaks_ice,
    connected,
    frame_evidence,
    quoted,
    request_evidence,
)
from rtckit.wire import stun

__all__: list[str] = []

_UNSUPPORTED = {
    300: "the server asks to try another one",
    420: "the server does not know an attribute the client needs",
    440: "the server relays no addresses of the family asked for",
    442: "the server relays no such transport protocol",
    443: "the peer's address family is not that of the relayed address",
}


def _who(call: Call, vantage: Vantage) -> str:
    return call.peer_name(vantage.side) if vantage.side else f"the client in {vantage.name}"


Refusals = list[tuple[Allocation, TurnError]]


def _by_server(call: Call) -> Iterator[tuple[Vantage, list[Allocation]]]:
    """The allocations one end asked of one server: a browser asks once for each base."""
    found: dict[tuple[str, Address], tuple[Vantage, list[Allocation]]] = {}
    for vantage, allocation in call.allocations:
        key = (vantage.name, allocation.server)
        found.setdefault(key, (vantage, []))[1].append(allocation)
    yield from found.values()


def _refusals(call: Call, *codes: int) -> Iterator[tuple[Vantage, Refusals]]:
    """Errors of these codes, by client and server."""
    for vantage, allocations in _by_server(call):
        errors = [
            (allocation, error)
            for allocation in allocations
            for error in allocation.errors
            if error.code in codes
        ]
        if errors:
            yield vantage, sorted(errors, key=lambda item: item[1].response.time_ns)


def _evidence(vantage: Vantage, refusals: Refusals) -> tuple[Evidence, ...]:
    return tuple(_error_evidence(vantage, allocation, error) for allocation, error in refusals[:6])


def _error_evidence(vantage: Vantage, allocation: Allocation, error: TurnError) -> Evidence:
    name = stun.method_name(error.method)
    text = f"{name} request of {allocation.client} to {allocation.server}"
    if error.username:
        text += f" as user {quoted(error.username)}"
    reason = quoted(error.reason) if error.reason else stun.error_name(error.code)
    return frame_evidence(vantage, error.response, f"{text} refused: {error.code} {reason}")


@rule("TURN001", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.4", "RFC 8656, 5"))
def wrong_credentials(call: Call) -> Iterator[Hit]:
    """The TURN server refuses the username or credential.

    Why: the first 401 only asks for credentials; a second one, to a request that carries them,
    means that the server does not accept them. Without an allocation there is no relayed candidate,
    and calls between networks that cannot reach each other directly fail.

    Fires on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401 realm=example.org nonce=n1
        0.011 A > T allocate-request user=alice realm=example.org nonce=n1 password=wrong
        0.020 T > A allocate-error 401 realm=example.org nonce=n1
    Silent on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401 realm=example.org nonce=n1
        0.011 A > T allocate-request user=alice realm=example.org nonce=n1 password=right
        0.020 T > A allocate-success relayed=R mapped=A
    Fix: compare username and credential of the iceServers entry with the server's user list or
    shared secret. For time-limited users (a name that begins with a Unix time) check that the time
    has not passed and that both clocks agree. Try it apart from the call with the TURN server's own
    client.
    """
    for vantage, errors in _refusals(call, 401):
        refused = [
            (allocation, error)
            for allocation, error in errors
            if error.authenticated and allocation.relayed is None
        ]
        if not refused:
            continue
        allocation, first = refused[0]
        user = f" for user {quoted(first.username)}" if first.username else ""
        challenge = [item for item in errors if item[0] is allocation and not item[1].authenticated]
        yield Hit(
            f"TURN server {allocation.server} refuses the credentials of "
            f"{_who(call, vantage)}{user}: "
            f"{len(refused)} authenticated Allocate request(s) answered 401",
            at_frame(vantage, first.response),
            _evidence(vantage, challenge[:1] + refused),
            severity=breaks_ice(call),
        )


@rule("TURN002", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 6.2.1", "RFC 8656, 7.1"))
def server_silent(call: Call) -> Iterator[Hit]:
    """The TURN server does not answer.

    Why: Allocate requests left and nothing came back: the address or port is wrong, the server is
    down, or a firewall drops UDP. There is no relayed candidate from it.

    Fires on:
        0.000 A > T allocate-request repeat=4 every=0.5
    Silent on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401 realm=example.org nonce=n1
    Fix: check the server's address and port, that it runs, and that UDP to it passes; where UDP is
    blocked, offer `turns:` on port 443 over TCP as well.
    """
    for vantage, allocations in _by_server(call):
        asked = [
            transaction
            for allocation in allocations
            for transaction in allocation.transactions
            if transaction.method == stun.Method.ALLOCATE and not allocation.answered
        ]
        if not asked:
            continue
        sent = sum(len(transaction.requests) for transaction in asked)
        answered = any(allocation.answered for allocation in allocations)
        bases = f" from {len({t.src for t in asked})} of its addresses" if answered else ""
        yield Hit(
            f"TURN server {asked[0].dst} never answered {_who(call, vantage)}{bases}: "
            f"{sent} Allocate request(s) over {asked[0].transport.upper()}",
            at_frame(vantage, asked[0].first),
            tuple(request_evidence(vantage, transaction) for transaction in asked[:4]),
            certainty=Certainty.SEEN if sent > 1 else Certainty.LIKELY,
            # Silence from one base, such as a bridge's, is no fault where another was answered.
            severity=Severity.INFO if answered else breaks_ice(call),
        )


@rule("TURN003", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8656, 10.2", "RFC 8656, 12.2"))
def peer_forbidden(call: Call) -> Iterator[Hit]:
    """The TURN server forbids a peer address (403).

    Why: servers refuse to relay to private, loopback and denied addresses. For a peer's private
    host candidate that is expected and harmless; when every peer is refused, the relay carries
    nothing.

    Fires on:
        0.000 A > T create-permission-request peer=N user=u realm=r nonce=n
        0.010 T > A create-permission-error 403
    Silent on:
        0.000 A > T create-permission-request peer=N user=u realm=r nonce=n
        0.010 T > A create-permission-success
    Fix: allow the peers' range on the server (coturn: allowed-peer-ip, denied-peer-ip,
    no-multicast-peers, allow-loopback-peers in a laboratory), or make sure the peers signal public
    or relayed candidates.
    """
    for vantage, refused in _refusals(call, 403):
        allocation, first = refused[0]
        granted = [
            permission
            for asked, _ in refused
            for permission in asked.permissions
            if permission.granted
        ]
        peers = sorted({peer.ip for _, error in refused for peer in error.peers})
        if granted:
            severity, extent = Severity.INFO, f"{len(granted)} other permission(s) were granted"
        else:
            severity, extent = breaks_ice(call), "no permission was granted"
        yield Hit(
            f"TURN server {allocation.server} forbids {', '.join(peers) or 'the allocation'} (403) "
            f"to {_who(call, vantage)}; {extent}",
            at_frame(vantage, first.response),
            _evidence(vantage, refused),
            severity=severity,
        )


@rule("TURN004", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8656, 7.2", "RFC 8656, 8.2"))
def allocation_mismatch(call: Call) -> Iterator[Hit]:
    """The 5-tuple already has an allocation, or has none (437).

    Why: on Allocate, the server still holds an allocation of an earlier client with the same
    address and port; on other requests the allocation is gone, because it expired or because a NAT
    gave the client another port.

    Fires on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-error 437
    Silent on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-success relayed=R mapped=A
    Fix: use a fresh local port for a new allocation, or release the old one (Refresh with LIFETIME
    0) when a call ends; refresh in time, and look for a NAT that changes ports in mid-call.
    """
    for vantage, refused in _refusals(call, 437):
        allocation, error = refused[0]
        allocating = error.method == stun.Method.ALLOCATE
        cause = (
            "its 5-tuple still has an allocation"
            if allocating
            else "the allocation is gone or the client's port changed"
        )
        yield Hit(
            f"TURN server {allocation.server} answers 437 to {_who(call, vantage)}: {cause}",
            at_frame(vantage, error.response),
            _evidence(vantage, refused),
            severity=breaks_ice(call) if allocation.relayed is None else Severity.WARNING,
        )


@rule("TURN005", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8656, 7.2", "RFC 8656, 19"))
def server_full(call: Call) -> Iterator[Hit]:
    """The TURN server has no room: quota reached (486) or out of ports (508).

    Why: 486 is a limit of this user, 508 of the server. New calls of this user get no relay.

    Fires on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-error 486
    Silent on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-success relayed=R mapped=A
    Fix: raise the quota (coturn: user-quota, total-quota) or the relay port range (min-port,
    max-port), and release allocations when calls end.
    """
    for vantage, refused in _refusals(call, 486, 508):
        allocation, error = refused[0]
        what = "this user's quota is reached" if error.code == 486 else "it has no capacity left"
        yield Hit(
            f"TURN server {allocation.server} answers {error.code} to "
            f"{_who(call, vantage)}: {what}",
            at_frame(vantage, error.response),
            _evidence(vantage, refused),
            severity=breaks_ice(call),
        )


@rule("TURN006", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.4",))
def nonce_never_fresh(call: Call) -> Iterator[Hit]:
    """Every nonce is stale at once (438 again and again).

    Why: one 438 is normal, the client repeats the request with the new nonce. When the repeated
    request is refused too, the nonces come from different servers behind one address, or the
    client's address changes between requests.

    Fires on:
        0.000 A > T allocate-request user=u realm=r nonce=n1
        0.010 T > A allocate-error 438 realm=r nonce=n2
        0.011 A > T allocate-request user=u realm=r nonce=n2
        0.020 T > A allocate-error 438 realm=r nonce=n3
    Silent on:
        0.000 A > T allocate-request user=u realm=r nonce=n1
        0.010 T > A allocate-error 438 realm=r nonce=n2
        0.011 A > T allocate-request user=u realm=r nonce=n2
        0.020 T > A allocate-success relayed=R mapped=A
    Fix: bind each client to one server behind the load balancer (by source address and port), share
    the nonce key between servers, and check coturn's stale-nonce time.
    """
    for vantage, refused in _refusals(call, 438):
        allocation, first = refused[0]
        stale = [
            item
            for item in refused
            if item[0] is allocation and item[1].method == stun.Method.ALLOCATE
        ]
        if len(stale) < 2 or allocation.relayed is not None:
            continue
        yield Hit(
            f"TURN server {allocation.server} calls every nonce of {_who(call, vantage)} stale: "
            f"{len(stale)} Allocate requests answered 438",
            at_frame(vantage, first.response),
            _evidence(vantage, stale),
            severity=breaks_ice(call),
        )


@rule("TURN007", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8656, 7.2", "RFC 8445, 5.1.1.2"))
def relayed_address_unreachable(call: Call) -> Iterator[Hit]:
    """The relayed address is private although the server is not.

    Why: a server behind a NAT or in a container relays from an address nobody outside can reach
    unless it is told its public one.

    Fires on:
        0.000 A > 8.8.4.4:3478 allocate-request user=u realm=r nonce=n
        0.010 8.8.4.4:3478 > A allocate-success relayed=172.17.0.2:50000 mapped=9.9.9.9:5000
    Silent on:
        0.000 A > 8.8.4.4:3478 allocate-request user=u realm=r nonce=n
        0.010 8.8.4.4:3478 > A allocate-success relayed=8.8.4.4:50000 mapped=9.9.9.9:5000
    Fix: tell the server its public address (coturn: external-ip=PUBLIC/PRIVATE, or relay-ip).
    """
    inside = {
        Scope.PRIVATE,
        Scope.SHARED,
        Scope.LOOPBACK,
        Scope.LINK_LOCAL,
        Scope.UNIQUE_LOCAL,
        Scope.UNSPECIFIED,
    }
    for vantage, allocation in call.allocations:
        relayed, seen = allocation.relayed, allocation.allocated
        if relayed is None or seen is None or scope_of(allocation.server.ip) in inside:
            continue
        if scope_of(relayed.ip) in inside:
            yield Hit(
                f"TURN server {allocation.server} relays from {relayed}, "
                f"a {scope_of(relayed.ip)} address",
                at_frame(vantage, seen),
                (
                    frame_evidence(
                        vantage, seen, f"Allocate success: XOR-RELAYED-ADDRESS is {relayed}"
                    ),
                ),
                severity=breaks_ice(call),
            )


@rule("TURN008", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8656, 19", "RFC 8489, 10"))
def not_supported(call: Call) -> Iterator[Hit]:
    """The TURN server does not do what is asked (300, 420, 440, 442, 443).

    Why: it relays another address family or transport only, points to another server, or does not
    know an attribute the client insists on.

    Fires on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-error 442
    Silent on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-success relayed=R mapped=A
    Fix: enable the family or transport on the server, or offer another server entry that has it.
    """
    for vantage, refused in _refusals(call, *_UNSUPPORTED):
        allocation, error = refused[0]
        harmless = error.code == 443 and allocation.relayed is not None
        yield Hit(
            f"TURN server {allocation.server} answers {error.code} to {_who(call, vantage)}: "
            f"{_UNSUPPORTED[error.code]}",
            at_frame(vantage, error.response),
            _evidence(vantage, refused),
            severity=Severity.INFO if harmless else breaks_ice(call),
        )


@rule("TURN009", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.4",))
def challenge_without_realm(call: Call) -> Iterator[Hit]:
    """The server's challenge has no REALM or NONCE, so nobody can answer it.

    Why: a 401 must carry both; without a realm the client cannot compute its key and gives up.

    Fires on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401
    Silent on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401 realm=example.org nonce=n1
    Fix: set a realm on the server (coturn: realm=example.org with lt-cred-mech).
    """
    for vantage, allocation in call.allocations:
        for transaction in allocation.transactions:
            response, error = transaction.response, transaction.error
            if response is None or error is None or error.code != 401:
                continue
            if response.realm is None or response.nonce is None:
                yield Hit(
                    f"TURN server {allocation.server} challenges {_who(call, vantage)} "
                    "without REALM or NONCE",
                    at_frame(vantage, transaction.responses[0]),
                    (request_evidence(vantage, transaction),),
                    severity=breaks_ice(call),
                )
                break


@rule("TURN010", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.3.2", "RFC 8656, 7.1"))
def challenge_unanswered(call: Call) -> Iterator[Hit]:
    """The server asked for credentials and the client never sent any.

    Why: the iceServers entry has no username and credential, or the application gave up at once.

    Fires on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401 realm=example.org nonce=n1
        2.000 A > T binding-request
    Silent on:
        0.000 A > T allocate-request
        0.010 T > A allocate-error 401 realm=example.org nonce=n1
        0.011 A > T allocate-request user=u realm=example.org nonce=n1
        0.020 T > A allocate-success relayed=R mapped=A
    Fix: give username and credential in the iceServers entry of this server.
    """
    for vantage, allocations in _by_server(call):
        waiting = [
            (allocation, allocation.allocate_errors[-1])
            for allocation in allocations
            if allocation.state is AllocationState.CHALLENGED and allocation.allocate_errors
        ]
        if not waiting or len(waiting) < len(allocations):
            continue
        allocation, error = waiting[-1]
        answered = error.response
        # A capture that ends with the challenge says nothing of what came after.
        if vantage.last_ns is None or vantage.last_ns - answered.time_ns < 1_000_000_000:
            continue
        yield Hit(
            f"{_who(call, vantage)} never sent credentials to TURN server {allocation.server} "
            "after its challenge",
            at_frame(vantage, answered),
            _evidence(vantage, waiting),
            severity=breaks_ice(call),
        )


@rule("TURN011", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8656, 7.2", "RFC 8489, 14.8"))
def allocate_refused(call: Call) -> Iterator[Hit]:
    """The TURN server refuses the allocation for another reason.

    Why: 400 is a request it cannot read, 403 a user it does not serve, 441 credentials other than
    the allocation's, 500 its own failure.

    Fires on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-error 500
    Silent on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-success relayed=R mapped=A
    Fix: read the server's log at the time of the frame; the reason phrase names what it dislikes.
    """
    known = {401, 437, 438, 486, 508, *_UNSUPPORTED}
    for vantage, allocation in call.allocations:
        errors = [error for error in allocation.allocate_errors if error.code not in known]
        if errors and allocation.relayed is None:
            yield Hit(
                f"TURN server {allocation.server} refuses an allocation to {_who(call, vantage)}: "
                f"{errors[0].code} {quoted(errors[0].reason)}",
                at_frame(vantage, errors[0].response),
                tuple(_error_evidence(vantage, allocation, error) for error in errors[:3]),
                severity=breaks_ice(call),
            )


@rule("TURN012", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8656, 9", "RFC 8656, 11"))
def relay_carries_nothing(call: Call) -> Iterator[Hit]:
    """The relay sends to a peer and nothing ever comes back through it.

    Why: the allocation and the permission are fine, but datagrams to or from the relayed address
    are lost: its port range is closed in a firewall, or the peer cannot reach it.

    Fires on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-success relayed=R mapped=A
        0.100 A > T send-indication peer=N times=5 every=0.5 | binding-request user=bb:aa
    Silent on:
        0.000 A > T allocate-request user=u realm=r nonce=n
        0.010 T > A allocate-success relayed=R mapped=A
        0.100 A > T send-indication peer=N | binding-request user=bbbb:aaaa controlling
        0.120 T > A data-indication peer=N | binding-success mapped=R
    Fix: open the server's relay port range (49152-65535/udp unless configured) in both directions,
    and check that the peer's network lets it send there.
    """
    if connected(call):
        return
    for vantage, allocation in call.allocations:
        if allocation.sent_packets >= 5 and not allocation.received_packets:
            seen = allocation.allocated or allocation.requested
            if seen is None:
                continue
            yield Hit(
                f"{allocation.sent_packets} datagrams went out through the relay "
                f"{allocation.relayed} and none came back",
                at_frame(vantage, seen),
                (
                    frame_evidence(
                        vantage, seen, f"allocation of {allocation.client} at {allocation.server}"
                    ),
                ),
                certainty=Certainty.LIKELY,
                severity=Severity.ERROR,
            )
