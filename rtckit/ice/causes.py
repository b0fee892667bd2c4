"""Why an agent could not connect: what can be told from what it sent, heard and never heard."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rtckit.ice.candidate import PRFLX
from rtckit.ice.pairs import CandidatePair, PairState, why_not_paired

if TYPE_CHECKING:
    from rtckit.ice.session import Session

__all__ = ["Cause", "Heard", "find_causes"]

_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why there is no connection.

    Attributes:
        kind: a stable word for programs, such as ``one-way`` or ``wrong-password``.
        text: what was seen, and what it means.
        fix: what to do about it.
        pairs: the numbers of the pairs it is about.
    """

    kind: str
    text: str
    fix: str
    pairs: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the cause as JSON would take it."""
        return {"kind": self.kind, "text": self.text, "fix": self.fix, "pairs": list(self.pairs)}


@dataclass(slots=True)
class Heard:
    """What came in, counted.

    Attributes:
        requests: checks of the peer that were signed as they should be.
        wrong_password: requests for this side's ufrag that were signed with another password.
        wrong_ufrag: requests for a ufrag that is not this side's.
        other_session: good requests from a ufrag that is not the peer's.
        unsigned: answers to checks of this side that carried no good signature.
        refusals: error answers to checks, signed or not, by code.
        conflicts: how often the roles had to be switched or a conflict was refused.
        broken: messages whose FINGERPRINT is wrong or that are no STUN.
    """

    requests: int = 0
    wrong_password: int = 0
    wrong_ufrag: int = 0
    other_session: int = 0
    unsigned: int = 0
    conflicts: int = 0
    broken: int = 0
    refusals: Counter[int] = field(default_factory=Counter)

    def refuse(self, code: int) -> None:
        """Count an error answer; codes are below 1000, so the table stays small."""
        self.refusals[code] += 1

    @property
    def anything(self) -> bool:
        """Whether anything at all came from a peer."""
        return bool(
            self.requests
            or self.wrong_password
            or self.wrong_ufrag
            or self.other_session
            or self.unsigned
            or self.broken
            or self.refusals
        )


def find_causes(session: "Session") -> tuple[Cause, ...]:
    """Return why a session without a selected pair did not come to one, the surest cause first."""
    return tuple(_causes(session))


def _causes(session: "Session") -> list[Cause]:
    pairs = list(session.checklist)
    found = _without_candidates(session) or _signalling(session) + _paths(session, pairs)
    if session.remote_lite and session.lite:
        found.append(Cause("both-lite", "both ends are lite: nobody checks", "make one full"))
    return found


def _without_candidates(session: "Session") -> list[Cause]:
    """Say why there was nothing to check."""
    if not session.local:
        text = "there is no local candidate"
        fix = "look at gathering: interfaces, filters, a relay policy without a TURN server"
        return [Cause("no-local-candidates", text, fix)]
    if len(session.checklist):
        return []
    if not session.remote:
        if session.remote_credentials is None:
            text, fix = "the peer's description never came", "look at the signalling"
        else:
            text = "the peer told of no candidate, and none of its checks arrived"
            fix = "see whether its candidates reach this side: trickling, order, wrong ufrag"
        return [Cause("no-remote-candidates", text, fix)]
    unresolved = [c.address.ip for c in session.remote if c.address.family == 0]
    if len(unresolved) == len(session.remote):
        names = ", ".join(dict.fromkeys(unresolved[:_MOST_SHOWN]))
        text = f"no mDNS name of the peer could be resolved: {names}"
        fix = (
            "let multicast DNS pass (same link, no AP isolation), or give both ends a STUN or TURN"
            " server"
        )
        return [Cause("unresolved-names", text, fix)]
    reasons = Counter(
        reason
        for local in session.local
        for remote in session.remote
        if local.type != PRFLX and (reason := why_not_paired(local, remote))
    )
    said = ", ".join(reason for reason, _ in reasons.most_common(_MOST_SHOWN))
    text = f"no local candidate suits any remote one: {said}"
    return [Cause("no-pairs", text, "give both ends a common family and transport, or a TURN")]


def _signalling(session: "Session") -> list[Cause]:
    """Tell what credentials and roles that do not match look like."""
    heard, found = session.heard, []
    if heard.wrong_password or heard.refusals[401]:
        who = "the peer's checks were" if heard.wrong_password else "checks of this side were"
        text = f"{who} signed with another password than the description has"
        fix = "compare a=ice-pwd of both ends: an old description, a restart on one side, munging"
        found.append(Cause("wrong-password", text, fix))
    if heard.wrong_ufrag or heard.other_session:
        text = "checks came that carry the ufrag of another session"
        fix = "compare a=ice-ufrag of both ends: an old description, another call on this port"
        found.append(Cause("wrong-ufrag", text, fix))
    if heard.conflicts > 4:
        text = f"the roles were in conflict {heard.conflicts} times and were never settled"
        fix = "one end must control and one be controlled; look at a=ice-lite and who offers"
        found.append(Cause("role-conflict", text, fix))
    if heard.broken:
        text = f"{heard.broken} messages arrived damaged"
        found.append(Cause("damaged", text, "look for a middlebox that rewrites packets (ALG)"))
    return found


def _paths(session: "Session", pairs: list[CandidatePair]) -> list[Cause]:
    """Tell what became of the checks themselves."""
    found = []
    valid = [pair for pair in pairs if pair.valid]
    if valid and not session.controlling:
        text = "a pair works, but the controlling side never nominated one"
        fix = "look at the peer: USE-CANDIDATE is missing; or both ends are controlled"
        found.append(Cause("not-nominated", text, fix, _numbers(valid)))
    if session.lite and not session.heard.requests:
        text = "no check of the peer arrived, and this end is lite: it sends none itself"
        fix = "see whether the peer can reach an address of this end; a lite end needs a public one"
        found.append(Cause("lite-unreached", text, fix))
    elif session.lite:
        text = "checks of the peer arrive, but it nominated no pair"
        fix = "see whether this end's answers reach the peer: a lite end needs a public address"
        found.append(Cause("not-nominated", text, fix, _numbers(pairs)))
    unreachable = [pair for pair in pairs if pair.unsendable]
    for reason, some in _by_reason(unreachable).items():
        text = f"packets could not be sent: {reason}"
        fix = "look at routes and the firewall of this machine, or at the port of the peer"
        found.append(Cause("unreachable", text, fix, _numbers(some)))
    crooked = [pair for pair in pairs if pair.answered_from]
    if crooked:
        first = crooked[0]
        text = f"checks to {first.remote.address} were answered from {first.answered_from}"
        fix = (
            "the peer has several addresses and answers from the wrong one, then bind its sockets;"
            " or its NAT takes a new port for each destination, then only a TURN server helps"
        )
        found.append(Cause("other-source", text, fix, _numbers(crooked)))
    refused = [pair for pair in pairs if pair.refused_with]
    for reason, some in _by_reason(refused).items():
        text = f"the peer refused checks: {reason}"
        found.append(Cause("refused", text, "look at the peer's log for this code", _numbers(some)))
    silent = [
        pair
        for pair in pairs
        if pair.requests_sent
        and not pair.valid
        and not (pair.unsendable or pair.answered_from or pair.refused_with)
    ]
    if silent and not session.heard.anything:
        text = f"nothing at all came from the peer in answer to {_sent(silent)} checks"
        fix = (
            "see whether the peer runs and has this side's candidates; if it does, both NATs drop"
            " checks (symmetric against symmetric or port restricted): a TURN server helps"
        )
        found.append(Cause("nothing-heard", text, fix, _numbers(silent)))
    elif silent and any(pair.requests_received for pair in silent):
        some = [pair for pair in silent if pair.requests_received]
        text = "checks of the peer arrive, but its answers to checks of this side do not"
        fix = "one direction is blocked, or the peer drops these checks: compare ufrag and password"
        found.append(Cause("one-way", text, fix, _numbers(some)))
    elif silent:
        text = f"no answer to {_sent(silent)} checks on {len(silent)} pairs"
        fix = "a NAT or a firewall drops them; a TURN server on one end is the way around it"
        found.append(Cause("no-answers", text, fix, _numbers(silent)))
    return found


def _numbers(pairs: list[CandidatePair]) -> tuple[int, ...]:
    return tuple(sorted(pair.number for pair in pairs))


def _sent(pairs: list[CandidatePair]) -> int:
    return sum(pair.requests_sent for pair in pairs)


def _by_reason(pairs: list[CandidatePair]) -> dict[str, list[CandidatePair]]:
    grouped: dict[str, list[CandidatePair]] = {}
    for pair in pairs:
        if pair.state is PairState.FAILED or pair.last_error:
            grouped.setdefault(pair.last_error or "", []).append(pair)
    return grouped
