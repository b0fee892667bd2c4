"""What a table of ICE events comes to, and what to do about it.

Where a rule of the catalogue says more, its id stands with the advice: ``rtckit explain ID``.
"""

from dataclasses import dataclass

from rtckit.analysis.ice_rows import CandidateRow, PairRow, as_text
from rtckit.analysis.ice_table import IceTable
from rtckit.core.address import Scope, scope_of

__all__ = ["Advice", "IceVerdict", "judge"]

_GROUPS = (Scope.PRIVATE, Scope.LINK_LOCAL, Scope.UNIQUE_LOCAL, Scope.LOOPBACK, Scope.SHARED)
_MOST_ADVICE = 12
_MANY_CONFLICTS = 2
_MANY_TRIES = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to know or to do.

    ``severity`` is ``error``, ``warning`` or ``info``; ``rule`` names the rule that explains it.
    """

    severity: str
    text: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class IceVerdict:
    """How the session stands: one word, one line, and advice.

    ``word`` is ``connected``, ``failed``, ``disconnected``, ``checking``, ``gathering``, ``new``
    or ``closed``.
    """

    word: str
    headline: str
    advice: tuple[Advice, ...] = ()


_NO_LOCAL = Advice(
    "error",
    "There is no local candidate: no interface is up, or a policy filtered them all.",
    "GATHER001",
)
_NO_REMOTE = Advice("error", "The peer sent no candidates: look at the signalling.", "GATHER001")
_LOCAL_INSIDE = Advice(
    "warning",
    "This end has only addresses of its own network: give it a STUN server and a TURN server.",
)
_REMOTE_INSIDE = Advice(
    "warning",
    "The peer has only addresses of its own network: it needs a STUN server and a TURN server.",
)
_NO_RELAY = Advice(
    "error",
    "Neither end has a relayed candidate: where two NATs map each destination anew or filter, "
    "only TURN connects.",
    "CHECK001",
)
_HIDDEN = Advice(
    "warning",
    "The peer hides addresses behind .local names, which only its own network resolves.",
    "GATHER003",
)
_CONSENT_LOST = Advice(
    "error",
    "The peer stopped consenting: it is gone, its address changed, or a NAT forgot the mapping. "
    "Restart ICE.",
    "CONSENT001",
)
_CONFLICTS = Advice(
    "error",
    "The conflict of roles comes back again and again: one end does not give way.",
    "CHECK005",
)


def judge(table: IceTable) -> IceVerdict:
    """Say how a session stands after the events so far."""
    advice = [
        *_advise_on_findings(table),
        *_advise_on_errors(table),
        *_advise_on_candidates(table),
        *_advise_on_checks(table),
    ]
    return IceVerdict(_word(table), _headline(table), tuple(advice[:_MOST_ADVICE]))


def _word(table: IceTable) -> str:
    if table.state == "completed":
        return "connected"
    if table.state in ("new", "gathering") and table.pairs:
        return "checking"
    known = ("connected", "failed", "disconnected", "checking", "gathering", "closed")
    return table.state if table.state in known else "new"


def _headline(table: IceTable) -> str:
    word = _word(table)
    chosen = table.selected
    if word == "connected" and chosen is not None:
        return f"Connected {_kind(chosen)}{_took(table)}{_round_trip(chosen)}"
    if word == "connected":
        return "Connected; no pair is selected yet"
    if word == "failed":
        reason = table.failure or "no pair works"
        return f"Failed{_after(table)}: {reason}"
    if word == "disconnected":
        return "Disconnected: the peer stopped answering on the selected pair"
    if word == "checking":
        return f"Checking: {_count_pairs(table)}"
    if word == "gathering":
        return _say_gathering(table)
    if word == "closed":
        return "Closed" + (f" after being connected {_kind(chosen)}" if chosen else "")
    return "Nothing happened yet"


def _kind(pair: PairRow) -> str:
    types = {pair.local_type, pair.remote_type}
    way = "through a TURN relay" if "relay" in types else "directly"
    return f"{way}, {pair.local_type or '?'} to {pair.remote_type or '?'}"


def _took(table: IceTable) -> str:
    if table.started is None or table.connected is None:
        return ""
    return f", {_milliseconds((table.connected - table.started) * 1000)} after the first pair"


def _after(table: IceTable) -> str:
    if table.started is None or table.now <= table.started:
        return ""
    return f" after {_milliseconds((table.now - table.started) * 1000)}"


def _round_trip(pair: PairRow) -> str:
    return "" if pair.rtt_ms is None else f", round trip {_milliseconds(pair.rtt_ms)}"


def _milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 999.5 else f"{value / 1000:.1f} s"


def _count_pairs(table: IceTable) -> str:
    if not table.pairs:
        return "no pairs yet"
    parts = []
    for state in ("succeeded", "in-progress", "waiting", "frozen", "failed"):
        count = len(table.pairs_in(state))
        if count:
            parts.append(f"{count} {state.replace('-', ' ')}")
    count = len(table.pairs)
    return f"{count} {'pair' if count == 1 else 'pairs'}, {', '.join(parts)}"


def _say_gathering(table: IceTable) -> str:
    count = len(table.local)
    found = f"{count} local {'candidate' if count == 1 else 'candidates'}"
    failed = f", {len(table.errors)} failed" if table.errors else ""
    done = table.gathering == "complete" or table.result is not None
    return f"{'Gathered' if done else 'Gathering'}: {found}{failed}"


# -- advice ---------------------------------------------------------------------------------------


def _advise_on_findings(table: IceTable) -> list[Advice]:
    """What a diagnosis of the same call found, as it found it."""
    found = []
    for finding in table.findings:
        text = as_text(finding.get("message"))
        help_text = as_text(finding.get("help"))
        severity = as_text(finding.get("severity")) or "info"
        if help_text:
            text = f"{text.rstrip('.')}. {help_text[:1].upper()}{help_text[1:]}"
        found.append(Advice(severity, text, as_text(finding.get("rule"))))
    return found


def _advise_on_errors(table: IceTable) -> list[Advice]:
    """One line for each server that failed, unless a finding says more of it."""
    advice: dict[tuple[str, str], Advice] = {}
    told = " ".join(as_text(finding.get("message")) for finding in table.findings)
    for error in table.errors:
        if error.server and error.server in told:
            continue
        what = " ".join(
            part for part in ("" if error.code is None else str(error.code), error.reason) if part
        )
        key = (error.server, what)
        if key in advice:
            continue
        where = f" on {error.interface}" if error.interface else ""
        text = f"{error.server or 'A server'}{where}: {what or 'no candidate'}."
        advice[key] = Advice("warning", f"{text} {error.help}".strip(), error.rule)
    return list(advice.values())[:5]


def _advise_on_candidates(table: IceTable) -> list[Advice]:
    if _word(table) in ("connected", "closed", "disconnected") or table.findings:
        return []
    local, remote = list(table.local.values()), list(table.remote.values())
    failed = table.state == "failed"
    advice = []
    if not local and (table.gathering == "complete" or remote or failed):
        advice.append(_NO_LOCAL)
    if local and remote and not table.pairs and (failed or table.started is not None):
        advice.append(_advise_on_mismatch(local, remote))
    if not failed:
        return advice
    if not remote:
        advice.append(_NO_REMOTE)
    for rows, words in ((local, _LOCAL_INSIDE), (remote, _REMOTE_INSIDE)):
        if rows and not _has(rows, "srflx", "prflx", "relay") and _all_inside(rows):
            advice.append(words)
    if local and remote and not _has([*local, *remote], "relay"):
        advice.append(_NO_RELAY)
    if any(scope_of(row.address) is Scope.MDNS for row in remote):
        advice.append(_HIDDEN)
    return advice


def _advise_on_mismatch(local: list[CandidateRow], remote: list[CandidateRow]) -> Advice:
    ours, theirs = _kinds(local), _kinds(remote)
    return Advice(
        "error",
        f"No local candidate suits a remote one: here {', '.join(sorted(ours))}; there "
        f"{', '.join(sorted(theirs))}.",
        "CHECK006",
    )


def _kinds(rows: list[CandidateRow]) -> set[str]:
    return {
        f"{row.transport.upper()} over "
        + ("IPv6" if ":" in row.address else "IPv4" if row.address[-1:].isdigit() else "a name")
        for row in rows
    }


def _has(rows: list[CandidateRow], *types: str) -> bool:
    return any(row.type in types for row in rows)


def _all_inside(rows: list[CandidateRow]) -> bool:
    return all(scope_of(row.address) in _GROUPS for row in rows)


def _advise_on_checks(table: IceTable) -> list[Advice]:
    advice = [_CONSENT_LOST] if table.consent_lost else []
    for code in (400, 401):
        if table.refused[code]:
            words = f"The peer refuses checks with {code}: it was signalled another password."
            advice.append(Advice("error", words, "CHECK004"))
    if table.refused[487] > _MANY_CONFLICTS:
        advice.append(_CONFLICTS)
    if not table.findings:
        advice += _advise_on_silence(table)
    chosen = table.selected
    if chosen is not None and "relay" in (chosen.local_type, chosen.remote_type):
        direct = [
            pair
            for pair in table.pairs.values()
            if "relay" not in (pair.local_type, pair.remote_type) and pair.state != "succeeded"
        ]
        words = "Data takes the way over a TURN server"
        if direct:
            count = "the direct pair" if len(direct) == 1 else f"{len(direct)} direct pairs"
            words += f"; {count} did not work"
        advice.append(Advice("info", words + "."))
    if table.forgotten:
        words = f"{table.forgotten} candidates or pairs were too many to show."
        advice.append(Advice("warning", words))
    return advice


def _advise_on_silence(table: IceTable) -> list[Advice]:
    """Checks without answers: does the peer's own traffic arrive, or nothing at all?"""
    checked = [pair for pair in table.pairs.values() if pair.sent]
    if not checked or table.counts["response"] or table.selected is not None:
        return []
    failed = table.state == "failed"
    if table.counts["request"]:
        words = (
            "Checks of the peer arrive, and none of ours is answered: the way there is blocked, "
            "or the peer ignores us."
        )
        return [Advice("error" if failed else "info", words, "CHECK011")]
    tries = max(pair.attempt or pair.retransmissions + 1 for pair in checked)
    if not failed and tries < _MANY_TRIES:
        return []
    words = (
        "Nothing at all arrives from the peer: it has not started, has other candidates, or a "
        "firewall drops both ways."
    )
    return [Advice("error" if failed else "warning", words, "CHECK012")]
