"""Paths that worked and then died (RFC 7675)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.core.clock import NANOSECONDS, format_duration
from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import at_frame, check_evidence, frame_evidence, sides

__all__: list[str] = []

# RFC 7675, 5.1: consent expires after 30 seconds without a valid response.
_CONSENT_TIMEOUT_NS = 30 * NANOSECONDS
_UNANSWERED_IN_A_ROW = 4


@rule("CONSENT001", Severity.ERROR, layer=Layer.ICE, refs=("RFC 7675, 5.1",))
def consent_lost(call: Call) -> Iterator[Hit]:
    """The peer stopped answering on the selected pair.

    Why: an agent must stop sending after 30 seconds without an answer; browsers show `disconnected`
    after about five and `failed` later. The peer is gone, a NAT binding ended, or the network
    changed.

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 B > A binding-request user=aaaa:bbbb controlled
        0.3 A > B binding-success mapped=B
        2.0 A > B binding-request user=bbbb:aaaa controlling times=6 every=2
        20.0 A > B binding-request user=bbbb:aaaa controlling
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        5.0 A > B binding-request user=bbbb:aaaa controlling
        5.1 B > A binding-success mapped=A
        9.9 A > B binding-request user=bbbb:aaaa controlling
        9.95 B > A binding-success mapped=A
    Fix: restart ICE (restartIce) when the state becomes disconnected; if it happens after a fixed
    time, look at NAT and firewall UDP timeouts, TURN refreshes, and sleeping devices.
    """
    for session in call.ice:
        for view in session.views:
            vantage = call.vantage(view.vantage)
            pair = view.selected
            if pair is None:
                continue
            for side, far in sides(call):
                checks = sorted(
                    pair.checks_from(side), key=lambda check: check.transaction.first.time_ns
                )
                answered = [check for check in checks if check.transaction.succeeded]
                if not answered:
                    continue
                last = answered[-1].transaction.responses[-1]
                silent = [
                    check for check in checks if check.transaction.first.time_ns > last.time_ns
                ]
                if len(silent) < _UNANSWERED_IN_A_ROW or vantage.last_ns is None:
                    continue
                gap = vantage.last_ns - last.time_ns
                expired = gap >= _CONSENT_TIMEOUT_NS
                yield Hit(
                    f"{call.peer_name(far)} answers no check on {pair.a} - {pair.b} any more: "
                    f"{len(silent)} in a row, silent for {format_duration(gap)}"
                    + (", so consent has expired" if expired else ""),
                    at_frame(vantage, silent[0].transaction.first),
                    (
                        frame_evidence(vantage, last, "the last answer"),
                        *(check_evidence(call, vantage.name, check) for check in silent[:3]),
                    ),
                )
                return
