"""Checks that carry other credentials than those signalled (RFC 8445, 7.2.2)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import (
    at_frame,
    breaks_ice,
    check_evidence,
    quoted,
    reason,
    sides,
)
from rtckit.rules.ice_evidence import checks_from, views

__all__: list[str] = []


@rule("CHECK002", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.2.2", "RFC 8489, 9.1.3"))
def wrong_password(call: Call) -> Iterator[Hit]:
    """Checks are signed with another password than the one signalled.

    Why: the receiver drops them (or answers 401), so every pair fails. One end works with an old or
    a damaged description: a restart that reached one side only, a munged or cut `a=ice-pwd`.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling pwd=wrongwrongwrongwrongwrong times=3
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling pwd=bbbbbbbbbbbbbbbbbbbbbbbb times=3
    Fix: compare the `a=ice-pwd` each end holds with the one its peer made; deliver every new
    description to both ends, and never edit ICE credentials.
    """
    for _, view, vantage in views(call):
        for side, far in sides(call):
            wrong = [check for check in checks_from(view, side) if check.integrity is False]
            right = [check for check in checks_from(view, side) if check.integrity is True]
            if not wrong:
                continue
            credentials = call.signalling.find_credentials(view.agent(far).ufrag)
            evidence = [check_evidence(call, vantage.name, check) for check in wrong[:3]]
            if credentials is not None:
                place = credentials.description.location(1)
                evidence.append(
                    Evidence(f"the password signalled with {quoted(credentials.ufrag)}", place)
                )
            yield Hit(
                f"{len(wrong)} check(s) of {call.peer_name(side)} carry a MESSAGE-INTEGRITY that "
                f"does not agree with the password signalled by {call.peer_name(far)}",
                at_frame(vantage, wrong[0].transaction.first),
                tuple(evidence),
                severity=breaks_ice(call) if not right else Severity.WARNING,
            )
            return


@rule("CHECK003", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.2.2", "RFC 8839, 4.4.1.1.1"))
def unknown_ufrag(call: Call) -> Iterator[Hit]:
    """Checks name a ufrag that no description on record has.

    Why: the sender works with another description than the receiver: an older generation, another
    call's answer, or a restart that was not delivered. The receiver drops such checks.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture a
        0.0 A > B binding-request user=old1:aaaa controlling times=3
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling times=3
    Fix: make sure both ends apply the same latest offer and answer; if the capture holds several
    calls, give the descriptions of the right one.
    """
    known = {credentials.ufrag for credentials in call.signalling.credentials()}
    if len(known) < 2:
        return
    for session, view, vantage in views(call):
        strange = [ufrag for ufrag in (view.a.ufrag, view.b.ufrag) if ufrag not in known]
        if not strange:
            continue
        checks = sorted(view.checks, key=lambda check: check.transaction.first.time_ns)
        yield Hit(
            f"checks carry the ufrag {', '.join(quoted(ufrag) for ufrag in strange)}, which none "
            f"of the descriptions has ({', '.join(quoted(ufrag) for ufrag in sorted(known))})",
            at_frame(vantage, checks[0].transaction.first),
            tuple(check_evidence(call, vantage.name, check) for check in checks[:2]),
            # Another call in the same capture is no fault of this one.
            severity=Severity.INFO if session.connected else breaks_ice(call),
            certainty=Certainty.LIKELY,
        )


@rule("CHECK004", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.3", "RFC 8489, 9.1.3"))
def check_refused(call: Call) -> Iterator[Hit]:
    """The peer answers checks with an error other than a role conflict.

    Why: 400 means that the peer finds no credentials in the check, 401 that it does not accept
    them,
    420 that it does not know an attribute.

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A binding-error 401
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A binding-success mapped=A
    Fix: compare the ICE credentials both ends use; 401 and 400 come from a stale or damaged
    description.
    """
    for _, view, vantage in views(call):
        for side, far in sides(call):
            refused = [
                check
                for check in checks_from(view, side)
                if check.transaction.error is not None and check.transaction.error.code != 487
            ]
            if refused and refused[0].transaction.error is not None:
                yield Hit(
                    f"{call.peer_name(far)} answers {len(refused)} check(s) of "
                    f"{call.peer_name(side)} with {reason(refused[0].transaction.error)}",
                    at_frame(vantage, refused[0].transaction.responses[0]),
                    tuple(check_evidence(call, vantage.name, check) for check in refused[:3]),
                    severity=breaks_ice(call),
                )
                return
