"""Why a TURN server refuses credentials (RFC 8489, 9.2)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rtckit.analysis.probe import ProbeSet, ServerProbe
from rtckit.core.findings import Certainty, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.probe_evidence import failures, probe_hit, quoted_reason, severity_for

__all__ = ["rest_expiry"]


def rest_expiry(username: str | None) -> int | None:
    """When a REST-style user name (``timestamp:user``) expires, in Unix seconds; None for others.

    Ten digits before or after the colon, or alone: a time between 2001 and 2286.
    """
    text = username or ""
    for part in (text.partition(":")[0], text.rpartition(":")[2]):
        if part.isascii() and part.isdigit() and 10**9 <= int(part) < 10**10:
            return int(part)
    return None


def _expired_for(probes: ProbeSet, probe: ServerProbe) -> float | None:
    """Seconds since the credentials expired, None when they have not or do not."""
    expiry = rest_expiry(probe.username)
    return probes.at - expiry if expiry is not None and expiry < probes.at else None


def _other_realm(probe: ServerProbe) -> str | None:
    step = probe.step("allocate")
    proven = None if step is None else step.facts.get("key_realm")
    return proven if isinstance(proven, str) else None


def _realm(probe: ServerProbe) -> str | None:
    step = probe.step("challenge")
    realm = None if step is None else step.facts.get("realm")
    return None if realm is None else str(realm)


@rule(
    "TURN013",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 9.2.4", "RFC 8489, 9.2.5"),
    subject="probe",
)
def credentials_refused(probes: ProbeSet) -> Iterator[Hit]:
    """The TURN server refuses the username or the credential.

    Why: a first 401 only asks for credentials; a second one, to a request signed with them, means
    that the server does not know the user or has another password. The server does not say which.

    Fires on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate 401 Unauthorized
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000
    Fix: compare both with the server's (coturn: user=NAME:PASSWORD, or the secret of
    use-auth-secret that the credential is made with; turnadmin -l lists users). Look for spaces
    and line ends that were copied along.
    """
    for probe, step, failure in failures(probes, codes=(401,)):
        if step.name in ("binding", "challenge"):
            continue
        if _expired_for(probes, probe) is not None or _other_realm(probe) is not None:
            continue
        if probe.realm is not None and _realm(probe) not in (None, probe.realm):
            continue
        rest = rest_expiry(probe.username)
        secret = " or of the shared secret (the user name is a time-limited one)" if rest else ""
        if step.name == "allocate":
            message = f"wrong username or password{secret}: the signed Allocate request was "
        else:
            message = f"the credentials were good before and are refused now{secret}: {step.name} "
        yield probe_hit(
            f"{probe.where}: {message}answered {quoted_reason(failure)}",
            probe,
            *(item for item in (probe.step("challenge"),) if item is not None),
            step,
        )


@rule(
    "TURN014",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 9.2.4", "draft-uberti-behave-turn-rest-00"),
    subject="probe",
)
def credentials_expired(probes: ProbeSet) -> Iterator[Hit]:
    """The time-limited credentials have expired.

    Why: their user name begins with the Unix time until which they are valid; after it the server
    answers 401 as to a wrong password. Pages that stay open, and clocks that differ, meet this.

    Fires on:
        at 2026-01-01T00:00:00Z
        turn:T over udp user=1767220000:alice
          challenge ok realm=example.org
          allocate 401 Unauthorized
    Silent on:
        at 2026-01-01T00:00:00Z
        turn:T over udp user=1767229000:alice
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000
    Fix: fetch new credentials for each call, make them valid longer than a call lasts, and set the
    clocks of the server and of the machine that makes them by NTP.
    """
    for probe, step, failure in failures(probes, codes=(401,)):
        ago = _expired_for(probes, probe)
        expiry = rest_expiry(probe.username)
        if ago is None or expiry is None:
            continue
        when = datetime.fromtimestamp(expiry, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        yield probe_hit(
            f"{probe.where}: the credentials expired {_span(ago)} ago, at {when} "
            f"({quoted_reason(failure)})",
            probe,
            step,
        )


def _span(seconds: float) -> str:
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"


@rule(
    "TURN015",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 9.2.4", "RFC 8489, 9.2.5"),
    subject="probe",
)
def challenge_incomplete(probes: ProbeSet) -> Iterator[Hit]:
    """The server's challenge cannot be answered: REALM or NONCE is missing.

    Why: a 401 must carry both. Without a realm no client can compute its key, and all of them
    give up.

    Fires on:
        turn:T over udp user=alice
          challenge bad-answer "401 without REALM and NONCE"
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
    Fix: give the server a realm (coturn: realm=example.org together with lt-cred-mech or
    use-auth-secret).
    """
    for probe, step, failure in failures(probes, "challenge", "allocate"):
        if failure.kind == "bad-answer":
            yield probe_hit(
                f"{probe.where}: the challenge cannot be answered: "
                f"{failure.text.removeprefix('bad-answer ')}",
                probe,
                step,
            )


@rule(
    "TURN016",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 9.2.2", "RFC 8656, 5"),
    subject="probe",
)
def wrong_realm(probes: ProbeSet) -> Iterator[Hit]:
    """The credentials belong to another realm than the server's.

    Why: the key is a hash of user name, realm and password, so a server whose realm was changed
    no longer accepts keys it has stored hashed, and answers 401 as to a wrong password; 441 says
    that a request's realm or user is not the allocation's.

    Fires on:
        turn:T over udp user=alice realm=old.example.org
          challenge ok realm=new.example.org
          allocate 401 Unauthorized key_realm=old.example.org
    Silent on:
        turn:T over udp user=alice realm=example.org
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000
    Fix: make the server's realm that of the stored keys again, or make the keys anew (coturn:
    turnadmin -a -u USER -r REALM -p PASSWORD).
    """
    for probe, allocate, failure in failures(probes, codes=(401, 441)):
        server = _realm(probe)
        proven = _other_realm(probe)
        code = failure.code
        if proven is not None:
            message = (
                f"the server's realm is {server}, and its key for this user was made for {proven}"
            )
        elif code == 441:
            message = f"wrong realm or user for this allocation ({quoted_reason(failure)})"
        elif code == 401 and probe.realm is not None and server not in (None, probe.realm):
            message = f"the server's realm is {server}, the credentials are for {probe.realm}"
        else:
            continue
        yield probe_hit(
            f"{probe.where}: {message}",
            probe,
            *(item for item in (probe.step("challenge"), allocate) if item is not None),
            certainty=Certainty.SEEN if proven or code == 441 else Certainty.LIKELY,
        )


@rule("TURN017", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.4",), subject="probe")
def nonces_always_stale(probes: ProbeSet) -> Iterator[Hit]:
    """The server calls its own nonces stale.

    Why: one 438 is normal and brings a new nonce. When that one is stale as well, requests reach
    different servers behind one address, a NAT changes the source port between them, or the
    server's nonces live shorter than a round trip.

    Fires on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate 438 "Stale nonce" stale=3
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000 stale=1
    Fix: have the load balancer send one client always to one server, or share the nonce key
    between them; check coturn's stale-nonce time (seconds).
    """
    for probe, step, failure in failures(probes, codes=(438,)):
        count = step.facts.get("stale", 1)
        repeated = " with the same nonce" if step.facts.get("stale_repeated") else ""
        yield probe_hit(
            f"{probe.where}: {step.name} answered {quoted_reason(failure)}{repeated}, "
            f"{count} nonces stale in a row",
            probe,
            step,
        )
    for probe in probes.probes:
        late = [item for item in probe.steps if item.ok and item.facts.get("stale", 0) > 1]
        if late:
            last = late[-1]
            yield probe_hit(
                f"{probe.where}: {last.facts['stale']} nonces stale before {last.name} went on",
                probe,
                *late,
                severity=Severity.WARNING,
            )


@rule("TURN037", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.5",), subject="probe")
def answers_signed_wrongly(probes: ProbeSet) -> Iterator[Hit]:
    """The server's answers are not signed with the key of the request.

    Why: clients must throw such answers away, so that nobody on the way can forge them, and time
    out. The server has another password than this one and lets it pass, something between
    changes its answers, or they do not come from it.

    Fires on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate integrity sent=4
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000
    Fix: capture the exchange at both ends and compare; over TLS nothing on the way can touch it.
    """
    for probe, step, failure in failures(probes):
        if failure.kind == "integrity":
            yield probe_hit(
                f"{probe.where}: {step.name}: answers came and none was signed rightly",
                probe,
                step,
                severity=severity_for(probe),
            )


@rule("TURN036", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8656, 21.1.1",), subject="probe")
def open_relay(probes: ProbeSet) -> Iterator[Hit]:
    """The server relays for everybody, without credentials.

    Why: an open relay is used for attacks on others and, worse, on what the server can reach
    inside its own network.

    Fires on:
        turn:T over udp
          challenge ok open=yes relayed=203.0.113.9:50000
    Silent on:
        turn:T over udp
          challenge ok realm=example.org
    Fix: ask for credentials (coturn: lt-cred-mech or use-auth-secret, no no-auth).
    """
    for probe in probes.probes:
        step = probe.step("challenge")
        if step is not None and step.facts.get("open") is True:
            yield probe_hit(
                f"{probe.where}: an allocation was granted without credentials",
                probe,
                step,
                severity=Severity.WARNING,
            )
