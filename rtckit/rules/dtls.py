"""Why DTLS did not complete, or completed with the wrong peer (RFC 6347, RFC 9147, RFC 5764)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.analysis.dtls_session import DtlsSession
from rtckit.analysis.vantage import Vantage
from rtckit.core.clock import NANOSECONDS, format_duration
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import connected, frame_evidence, quoted, sides
from rtckit.wire import dtls

__all__: list[str] = []

_WAIT_NS = 2 * NANOSECONDS
# RFC 8122, 5: the hash function that must be supported, and the one everybody uses.
_HASHES = {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"}


def _incomplete(call: Call) -> Iterator[tuple[DtlsSession, Vantage]]:
    for session in call.dtls:
        if session.completed is None:
            yield session, call.vantage(session.vantage)


def _side_of(call: Call, session: DtlsSession, role: str) -> str | None:
    """Which end has a DTLS role."""
    client = session.client_side
    if client is None:
        return None
    return client if role == "client" else {"a": "b", "b": "a"}[client]


def _uses_dtls(call: Call) -> bool:
    """Whether the call is one that should run DTLS (nearly all are)."""
    sections = [
        section
        for description in call.signalling.descriptions
        for section in description.document.media
        if not section.rejected
    ]
    return not sections or any("TLS" in section.protocol.upper() for section in sections)


@rule("DTLS101", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 5763, 5", "RFC 8842, 5"))
def no_client_hello(call: Call) -> Iterator[Hit]:
    """ICE connected and nobody began the DTLS handshake.

    Why: the active end sends the ClientHello. When both ends believe they are passive, or the
    active one has not applied the answer, both wait for ever.

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        3.0 A > B binding-request user=bbbb:aaaa controlling
        3.1 B > A binding-success mapped=A
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 B > A client-hello
        3.0 A > B binding-request user=bbbb:aaaa controlling
        3.1 B > A binding-success mapped=A
    Fix: compare `a=setup` in offer and answer: one end must be active, the other passive; then see
    whether the active end got as far as applying the answer.
    """
    if call.dtls or not _uses_dtls(call):
        return
    for session in call.ice:
        since = session.connected_ns
        if since is None:
            continue
        for view in session.views:
            vantage = call.vantage(view.vantage)
            pair = view.selected
            if pair is None or (vantage.last_ns or 0) - since < _WAIT_NS or pair.media_packets:
                continue
            nomination = pair.nominated_by
            if nomination is None:
                continue
            waited = (vantage.last_ns or 0) - since
            yield Hit(
                f"no ClientHello in {format_duration(waited)} after ICE connected",
                Evidence(
                    "", call.locate(vantage.name, nomination.transaction.first.frame)
                ).location,
                (
                    frame_evidence(
                        vantage, nomination.transaction.responses[0], "ICE connects here"
                    ),
                    *_setup_evidence(call),
                ),
            )
            return


def _setup_evidence(call: Call) -> Iterator[Evidence]:
    for side, _ in sides(call):
        description = call.signalling.of(side)
        if description is None:
            continue
        setups = {section.setup for section in description.document.media if section.setup}
        if setups:
            yield Evidence(
                f"{call.peer_name(side)} signalled a=setup:{', '.join(sorted(setups))}",
                description.location(1),
            )


@rule("DTLS102", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 6347, 4.2.4", "RFC 9147, 5.8"))
def hello_unanswered(call: Call) -> Iterator[Hit]:
    """The ClientHello is repeated and never answered.

    Why: the server end has not started DTLS yet, waits for a client role of its own, drops the
    packets because they come on another pair, or loses large datagrams (a ClientHello with
    post-quantum key shares is over 1200 bytes and comes in two).

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 B > A client-hello times=4 every=1
        5.0 A > B binding-request user=bbbb:aaaa controlling
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 B > A client-hello
        0.3 A > B server-hello version=1.2 cipher=0xc02b profile=1
        5.0 A > B binding-request user=bbbb:aaaa controlling
    Fix: see whether the passive end applied the remote description; try with a smaller MTU on the
    path, or without post-quantum key exchange, if only large datagrams are lost.
    """
    for session, vantage in _incomplete(call):
        hello, server = session.first, session.ends["server"]
        client = session.ends["client"]
        if session.client is None or hello is None or server.datagrams or session.fatal_alerts:
            continue
        waited = (vantage.last_ns or hello.time_ns) - hello.time_ns
        if waited < _WAIT_NS:
            continue
        yield Hit(
            f"{call.peer_name(session.client_side)} sent its ClientHello "
            f"{client.hello_transmissions} time(s) in {format_duration(waited)} and got no answer",
            frame_evidence(vantage, hello, "").location,
            (
                frame_evidence(vantage, hello, f"ClientHello {session.client} -> {session.server}"),
                *_setup_evidence(call),
            ),
        )


@rule("DTLS103", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 8446, 6.2", "RFC 5246, 7.2.2"))
def fatal_alert(call: Call) -> Iterator[Hit]:
    """An end breaks off the handshake with a fatal alert.

    Why: the alert names the cause: `handshake_failure` no common cipher suite or SRTP profile,
    `protocol_version` no common version, `bad_certificate` or `certificate_unknown` a certificate
    that does not match the signalled fingerprint, `decode_error` a damaged message.

    Fires on:
        0.0 B > A client-hello
        0.1 A > B alert 40
    Silent on:
        0.0 B > A client-hello
        0.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
    Fix: for certificate alerts compare `a=fingerprint` with the certificate (see DTLS104); for
    handshake_failure compare cipher suites and SRTP profiles of both ends' libraries.
    """
    for session in call.dtls:
        vantage = call.vantage(session.vantage)
        for alert in session.fatal_alerts[:1]:
            side = _side_of(call, session, "client" if alert.src == session.client else "server")
            who = call.peer_name(side) if side else str(alert.src)
            yield Hit(
                f"{who} sent the fatal alert {alert.name} ({alert.description})",
                frame_evidence(vantage, alert.seen, "").location,
                (frame_evidence(vantage, alert.seen, f"alert {alert.name} from {alert.src}"),),
                severity=Severity.ERROR if session.completed is None else Severity.WARNING,
            )


@rule("DTLS104", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 8122, 5", "RFC 5763, 5"))
def fingerprint_mismatch(call: Call) -> Iterator[Hit]:
    """The certificate on the wire is not the one whose fingerprint was signalled.

    Why: the peer breaks off, or must: somebody stands in between, the description is stale, or an
    application edited it. Readable in DTLS 1.2 only; 1.3 encrypts the certificate.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=fingerprint:sha-1 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00
        == capture a
        0.0 B > A binding-request user=aaaa:bbbb controlled
        0.1 B > A client-hello
        0.2 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.3 A > B certificate der=00
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=fingerprint:sha-1 5B:A9:3C:9D:B0:CF:F9:3F:52:B5:21:D7:42:0E:43:F6:ED:A2:78:4F
        == capture a
        0.0 B > A binding-request user=aaaa:bbbb controlled
        0.1 B > A client-hello
        0.2 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.3 A > B certificate der=00
    Fix: deliver the description unchanged, and make sure the peer connection that answers is the
    one that made it. If nobody edits it, treat it as an attack.
    """
    for session in call.dtls:
        vantage = call.vantage(session.vantage)
        for role in ("client", "server"):
            side = _side_of(call, session, role)
            description = call.signalling.of(side) if side is not None else None
            end = session.ends[role]
            if description is None or not end.certificates or end.certificate_seen is None:
                continue
            signalled = {
                (print_.hash_function.lower(), print_.value.upper()): print_
                for section in description.document.media
                for print_ in section.fingerprints
                if print_.hash_function.lower() in _HASHES
            }
            if not signalled:
                continue
            if any(
                next(iter(session.fingerprints(role, name)), "").upper() == value
                for name, value in signalled
            ):
                continue
            (name, value), first = next(iter(signalled.items()))
            actual = next(iter(session.fingerprints(role, name)))
            span = first.span
            yield Hit(
                f"the certificate of {call.peer_name(side)} has the {name} fingerprint "
                f"{actual[:23]}..., the description says {quoted(value[:23])}...",
                frame_evidence(vantage, end.certificate_seen, "").location,
                (
                    frame_evidence(vantage, end.certificate_seen, f"certificate: {name} {actual}"),
                    Evidence(
                        f"a=fingerprint:{name} {value}",
                        description.location(span.line, span.column)
                        if span
                        else description.location(),
                    ),
                ),
            )


@rule("DTLS105", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 5764, 4.1.1", "RFC 5764, 4.1.2"))
def no_srtp_profile(call: Call) -> Iterator[Hit]:
    """The server chose no SRTP profile, though media is negotiated.

    Why: without use_srtp in the ServerHello there are no SRTP keys; media cannot flow.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        == capture a
        0.0 B > A client-hello profiles=1,7
        0.1 A > B server-hello version=1.2 cipher=0xc02b
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        == capture a
        0.0 B > A client-hello profiles=1,7
        0.1 A > B server-hello version=1.2 cipher=0xc02b profile=7
    Fix: enable a common protection profile at both ends (SRTP_AES128_CM_HMAC_SHA1_80 is mandatory,
    SRTP_AEAD_AES_128_GCM and 256 usual).
    """
    media = [
        section
        for description in call.signalling.descriptions
        for section in description.document.media
        if section.kind in ("audio", "video") and not section.rejected
    ]
    for session in call.dtls:
        seen = session.server_hello_seen
        # From DTLS 1.3 on the choice is in EncryptedExtensions.
        if not media or seen is None or session.version == 0xFEFC:
            continue
        if session.srtp_profile is None:
            vantage = call.vantage(session.vantage)
            offered = session.srtp_profiles_offered
            yield Hit(
                "the ServerHello has no use_srtp extension"
                + ("" if offered else ", and the ClientHello offered none"),
                frame_evidence(vantage, seen, "").location,
                (frame_evidence(vantage, seen, "ServerHello without use_srtp"),),
            )


@rule("DTLS106", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 6347, 4.2.4", "RFC 9147, 5.8.1"))
def handshake_stuck(call: Call) -> Iterator[Hit]:
    """The handshake began and does not come to its end.

    Why: both ends speak, and one flight is lost or refused again and again: large datagrams dropped
    on the way, one end that does not accept the other's certificate and says nothing, or an end
    that went away.

    Fires on:
        0.0 B > A client-hello
        0.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
        1.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
        3.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
        5.0 A > B binding-request user=bbbb:aaaa controlling
    Silent on:
        0.0 B > A client-hello
        0.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.2 B > A change-cipher-spec
        0.2 B > A finished
        0.3 A > B change-cipher-spec
        0.3 A > B finished
        5.0 A > B binding-request user=bbbb:aaaa controlling
    Fix: see which flight is repeated last, and whether its datagrams are the large ones; lower the
    DTLS MTU, and read the log of the end that falls silent.
    """
    for session, vantage in _incomplete(call):
        first, last = session.first, session.last
        if first is None or last is None or session.fatal_alerts:
            continue
        if session.client is None or not session.ends["server"].datagrams:
            continue
        waited = (vantage.last_ns or first.time_ns) - first.time_ns
        if waited < _WAIT_NS:
            continue
        yield Hit(
            f"the DTLS handshake is not complete after {format_duration(waited)}; "
            f"{session.retransmissions} handshake fragment(s) were sent again",
            frame_evidence(vantage, last, "").location,
            (
                frame_evidence(vantage, first, "the handshake begins"),
                frame_evidence(vantage, last, "the last DTLS datagram"),
            ),
        )


@rule("DTLS109", Severity.ERROR, layer=Layer.DTLS, refs=("RFC 9147, 4.4", "RFC 6347, 4.1.1.1"))
def fragment_never_came(call: Call) -> Iterator[Hit]:
    """Part of a handshake message never arrives, however often it is sent.

    Why: a ClientHello with post-quantum key shares, or a certificate chain, is split over several
    datagrams. Where a path drops the large ones (a tunnel's MTU, a firewall that drops fragments),
    the message is never whole and the handshake never goes on.

    Fires on:
        == capture b
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 A > B client-hello part=2/2 repeat=4 every=1
        5.0 A > B binding-request user=bbbb:aaaa controlling
    Silent on:
        == capture b
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 A > B client-hello part=1/2
        0.2 A > B client-hello part=2/2
        5.0 A > B binding-request user=bbbb:aaaa controlling
    Fix: lower the DTLS MTU of the sending end (1200 bytes or less), mend the path's MTU, or turn
    post-quantum key exchange off to test.
    """
    if any(session.completed is not None for session in call.dtls):
        return
    for vantage in call.vantages:
        for session in vantage.dtls:
            for role, end in session.ends.items():
                pending = end.reassembler.pending
                if not pending or session.first is None or end.reassembler.retransmissions < 2:
                    continue
                message = pending[0]
                yield Hit(
                    f"{vantage.name} holds {message.received} of {message.length} bytes of the "
                    f"{role}'s {dtls.handshake_name(message.msg_type)}; the rest never came, "
                    f"though fragments were sent again {end.reassembler.retransmissions} time(s)",
                    frame_evidence(vantage, session.first, "").location,
                    (frame_evidence(vantage, session.first, "the handshake begins"),),
                )
                return


@rule("DTLS107", Severity.WARNING, layer=Layer.DTLS, refs=("RFC 9147, 5.8.2", "RFC 6347, 4.2.4.1"))
def handshake_slow(call: Call) -> Iterator[Hit]:
    """The handshake completed, but slowly.

    Why: every lost flight costs a retransmission timer (1 s, then doubling); the user waits. The
    usual causes are a ClientHello sent before the other end was ready, and lost large datagrams.

    Fires on:
        0.0 B > A client-hello times=2 every=1
        1.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
        1.2 B > A change-cipher-spec
        1.2 B > A finished
        1.3 A > B change-cipher-spec
        1.3 A > B finished
    Silent on:
        0.0 B > A client-hello
        0.1 A > B server-hello version=1.2 cipher=0xc02b profile=1
        0.2 B > A change-cipher-spec
        0.2 B > A finished
        0.3 A > B change-cipher-spec
        0.3 A > B finished
    Fix: see which flight was repeated; let the answerer be active so that the ClientHello comes
    from the end that is ready last.
    """
    for session in call.dtls:
        duration, first = session.duration_ns, session.first
        if duration is None or first is None or duration < NANOSECONDS:
            continue
        vantage = call.vantage(session.vantage)
        yield Hit(
            f"the DTLS handshake took {format_duration(duration)}, with "
            f"{session.retransmissions} handshake fragment(s) sent again",
            frame_evidence(vantage, first, "").location,
            (frame_evidence(vantage, first, "the handshake begins"),),
        )


@rule("DTLS108", Severity.WARNING, layer=Layer.DTLS, refs=("RFC 8842, 5.2", "RFC 8842, 5.3"))
def role_not_signalled(call: Call) -> Iterator[Hit]:
    """The DTLS roles on the wire are not those of `a=setup`.

    Why: the answer decides who is client: `active` is. When the other end sends the ClientHello
    too, the two handshakes collide or one end ignores its peer.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=setup:actpass
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=setup:active
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 A > B client-hello
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=setup:actpass
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=setup:active
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A client-hello
    Fix: let the answer's a=setup stand as the answerer made it, and check that both ends applied
    the same answer.
    """
    answer = call.signalling.answer
    if answer is None or answer.sender is None or (not connected(call) and not call.dtls):
        return
    setups = {
        section.setup for section in answer.document.media if section.setup and not section.rejected
    }
    if setups == {"active"}:
        expected = answer.sender
    elif setups == {"passive"}:
        expected = {"a": "b", "b": "a"}[answer.sender]
    else:
        return
    for session in call.dtls:
        seen = session.client_hello_seen or session.first
        if session.client_side in (None, expected) or seen is None:
            continue
        vantage = call.vantage(session.vantage)
        yield Hit(
            f"{call.peer_name(session.client_side)} is the DTLS client, but the answer makes "
            f"{call.peer_name(expected)} the client",
            frame_evidence(vantage, seen, "").location,
            (
                frame_evidence(vantage, seen, f"ClientHello from {session.client}"),
                *_setup_evidence(call),
            ),
            certainty=Certainty.SEEN,
        )
