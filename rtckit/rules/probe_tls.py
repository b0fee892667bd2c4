"""Why TLS to a STUN or TURN server fails, and ports that speak something else."""

from collections.abc import Iterator

from rtckit.analysis.probe import ProbeSet
from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.probe_evidence import probe_hit

__all__: list[str] = []


def _hits(probes: ProbeSet, defects: tuple[str, ...], message: str) -> Iterator[Hit]:
    """A hit for each TLS step with one of these defects, also where it was not asked to verify."""
    for probe in probes.probes:
        for step in probe.steps:
            if step.name != "tls":
                continue
            listed = str(step.facts.get("defects", "")).split()
            if step.failure is not None and step.failure.kind == "tls":
                listed.insert(0, step.failure.name)
            found = [defect for defect in defects if defect in listed]
            if not found:
                continue
            facts = step.facts
            said = message.format(
                host=probe.host,
                names=facts.get("names", "other names"),
                until=facts.get("not_after", "an earlier time"),
                since=facts.get("not_before", "a later time"),
                issuer=facts.get("issuer", "itself"),
                version=facts.get("version", ""),
            )
            yield probe_hit(f"{probe.where}: {said}", probe, step)


@rule(
    "TURN026",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 5280, 4.1.2.5", "RFC 8656, 3.1"),
    subject="probe",
)
def certificate_out_of_date(probes: ProbeSet) -> Iterator[Hit]:
    """The server's certificate has expired, or is not valid yet.

    Why: browsers refuse it without a word: there is no relayed candidate and no error that names
    the certificate. Servers that renew certificates often keep the old one loaded.

    Fires on:
        turns:T over tls user=alice
          connect ok 10ms
          tls tls expired not_after=2025-12-01
    Silent on:
        turns:T over tls user=alice
          connect ok 10ms
          tls ok version=TLSv1.3
    Fix: renew it and have the server load it again (coturn: SIGUSR2 or restart); check the clock of
    this machine.
    """
    yield from _hits(probes, ("expired",), "the certificate expired at {until}")
    yield from _hits(probes, ("not-yet-valid",), "the certificate is not valid before {since}")


@rule(
    "TURN027",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 6125, 6.4", "RFC 8656, 3.1"),
    subject="probe",
)
def certificate_for_another_name(probes: ProbeSet) -> Iterator[Hit]:
    """The server's certificate is for another name.

    Why: the name in the URI must stand in the certificate's subjectAltName; the subject's common
    name no longer counts. A URI with an IP address needs a certificate with that address.

    Fires on:
        turns:T over tls user=alice
          connect ok 10ms
          tls tls wrong-name names=www.example.org
    Silent on:
        turns:T over tls user=alice
          connect ok 10ms
          tls ok version=TLSv1.3
    Fix: use the name of the certificate in the URI, or get one for the name in use.
    """
    yield from _hits(probes, ("wrong-name",), "the certificate is for {names} and not for {host}")


@rule(
    "TURN028",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 5280, 6.1", "RFC 8656, 3.1"),
    subject="probe",
)
def certificate_not_trusted(probes: ProbeSet) -> Iterator[Hit]:
    """Nobody this machine trusts has signed the server's certificate.

    Why: it is signed by itself, by an unknown authority, or the server does not send the
    intermediate certificates, which works in browsers that happen to have them and fails in
    others.

    Fires on:
        turns:T over tls user=alice
          connect ok 10ms
          tls tls self-signed
    Silent on:
        turns:T over tls user=alice
          connect ok 10ms
          tls ok version=TLSv1.3
    Fix: install a certificate of a public authority with its whole chain (coturn: cert=fullchain),
    or name your own authority (--ca FILE here, the system's store for browsers).
    """
    yield from _hits(probes, ("self-signed",), "the certificate is signed by itself")
    yield from _hits(
        probes,
        ("untrusted", "chain"),
        "no trusted authority vouches for the certificate ({issuer})",
    )


@rule(
    "TURN029",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 6.2.3", "RFC 8996, 4"),
    subject="probe",
)
def tls_not_agreed(probes: ProbeSet) -> Iterator[Hit]:
    """The two ends do not agree on TLS.

    Why: TLS 1.0 and 1.1 are withdrawn, and browsers refuse them; a server that offers nothing
    newer, no common cipher, or refuses the application protocol cannot be used.

    Fires on:
        turns:T over tls user=alice
          connect ok 10ms
          tls tls version
    Silent on:
        turns:T over tls user=alice
          connect ok 10ms
          tls ok version=TLSv1.2
    Fix: enable TLS 1.2 and 1.3 on the server (coturn: no no-tlsv1_2, a current OpenSSL), and look
    at its cipher list.
    """
    yield from _hits(probes, ("version",), "no TLS version in common (1.2 and 1.3 are offered)")
    yield from _hits(probes, ("alpn",), "the server refuses the application protocol stun.turn")
    yield from _hits(probes, ("handshake",), "the TLS handshake fails")


@rule(
    "TURN030",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 3.1", "RFC 7065, 3.2"),
    subject="probe",
)
def port_speaks_something_else(probes: ProbeSet) -> Iterator[Hit]:
    """What answers on the port is not what the URI says.

    Why: `turns:` pointed at the plain port, `turn:` at the TLS port, or at a web server or proxy
    that answers in HTTP; a captive portal does the same.

    Fires on:
        turns:T over tls user=alice
          connect ok 10ms
          tls tls plain
    Silent on:
        turns:T over tls user=alice
          connect ok 10ms
          tls ok version=TLSv1.3
          binding ok
    Fix: 3478 is the plain port and 5349 the TLS port unless configured; on 443 only one of web
    server and TURN server can listen, unless a proxy tells them apart by SNI or ALPN.
    """
    yield from _hits(
        probes,
        ("plain", "timeout", "closed"),
        "the port does not speak TLS: is it the plain one?",
    )
    for probe in probes.probes:
        failed = list(probe.failed())
        foreign = [(step, failure) for step, failure in failed if failure.kind == "not-stun"]
        if foreign:
            speaks = foreign[0][1].name or "something else"
            steps = [step for step, _ in foreign]
            yield probe_hit(f"{probe.where}: the port speaks {speaks}, not STUN", probe, *steps)
            continue
        closed = [
            step
            for step, failure in failed
            if failure.kind == "closed" or failure.name in ("ECONNRESET", "EPIPE")
            if step.name in ("connect", "binding", "challenge")
        ]
        if closed:
            yield probe_hit(
                f"{probe.where}: the server closes the connection when it is asked: a TLS port, "
                "a proxy, or a server that serves others only",
                probe,
                *closed,
            )
