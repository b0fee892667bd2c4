"""Data channels that do not open (RFC 8831, RFC 8832). Their contents are inside DTLS."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.analysis.media_plan import planned_data
from rtckit.core.clock import NANOSECONDS, format_duration
from rtckit.core.findings import Certainty, Evidence, Location, Severity
from rtckit.core.text import escape_controls
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import frame_evidence

__all__: list[str] = []


@rule("DATA101", Severity.ERROR, layer=Layer.DATA, refs=("RFC 8831, 6.2", "RFC 8841, 9.3"))
def association_silent(call: Call) -> Iterator[Hit]:
    """A data channel was agreed, DTLS completed, and no data records follow.

    Why: SCTP runs inside DTLS application data; without any, the association was never begun:
    neither end created a channel, or one end has no SCTP transport (a missing `a=sctp-port`).

    Fires on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture a
        0.1 B > A client-hello
        0.2 A > B server-hello version=1.2 cipher=0xc02b
        0.2 B > A change-cipher-spec
        0.2 B > A finished
        0.2 A > B change-cipher-spec
        0.2 A > B finished
        4.0 A > B binding-request user=bbbb:aaaa controlling
    Silent on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        == capture a
        0.1 B > A client-hello
        0.2 A > B server-hello version=1.2 cipher=0xc02b
        0.2 B > A change-cipher-spec
        0.2 B > A finished
        0.2 A > B change-cipher-spec
        0.2 A > B finished
        0.3 A > B application
        0.4 B > A application
        4.0 A > B binding-request user=bbbb:aaaa controlling
    Fix: create the channel before the offer (or negotiate again after it), and see that both
    descriptions have a=sctp-port.
    """
    if not planned_data(call.signalling):
        return
    for session in call.dtls:
        done = session.completed
        if done is None:
            continue
        vantage = call.vantage(session.vantage)
        waited = (vantage.last_ns or done.time_ns) - done.time_ns
        silent = [role for role, end in session.ends.items() if not end.application_records]
        if not silent or waited < 2 * NANOSECONDS:
            continue
        who = "neither end" if len(silent) == 2 else f"not the DTLS {silent[0]}"
        yield Hit(
            f"a data channel was agreed, but {who} sent DTLS application data in "
            f"{format_duration(waited)} after the handshake",
            frame_evidence(vantage, done, "").location,
            (frame_evidence(vantage, done, "the DTLS handshake completes"),),
            severity=Severity.ERROR if len(silent) == 2 else Severity.WARNING,
            certainty=Certainty.SEEN,
        )


@rule("DATA102", Severity.ERROR, layer=Layer.DATA, refs=("RFC 8832, 5.1", "RFC 8831, 6.5"))
def channel_not_open(call: Call) -> Iterator[Hit]:
    """An end reports a data channel that never opened.

    Why: DATA_CHANNEL_OPEN was not sent or not answered; messages wait in the buffer or are lost.

    Fires on:
        == stats a
        {"type": "data-channel", "id": "d", "label": "chat", "state": "connecting"}
        {"type": "transport", "id": "t", "dtlsState": "connected"}
    Silent on:
        == stats a
        {"type": "data-channel", "id": "d", "label": "chat", "state": "open"}
        {"type": "transport", "id": "t", "dtlsState": "connected"}
    Fix: wait for the open event before sending; when it never comes, look at DTLS and at DATA101.
    """
    complete = any(session.completed is not None for session in call.dtls)
    for stats in call.stats.values():
        if not complete and stats.dtls_state != "connected":
            continue
        for report in stats.data_channels:
            if report.get("state") == "connecting":
                label = escape_controls(str(report.get("label", "")))
                yield Hit(
                    f'data channel "{label}" is still connecting',
                    Location(stats.file),
                    (Evidence('data-channel: state is "connecting"', Location(stats.file)),),
                )
