"""How a pair comes to be selected: nominating one, and following a nomination (RFC 8445, 8.1)."""

from rtckit.ice.candidate import RELAY
from rtckit.ice.consent import Consent
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.requesting import Requesting

__all__ = ["Nominating"]

_HEARD_INTERVALS = 3
_LEAST_PATIENCE = 0.05

_OPEN = (PairState.WAITING, PairState.IN_PROGRESS, PairState.FROZEN)


class Nominating(Requesting):
    """The part of an agent that nominates and selects."""

    def nominate(self, now: float, pair: CandidatePair) -> None:
        """Send a check with USE-CANDIDATE on a pair that works.

        Raises:
            ValueError: this side does not control, the pair has not worked, or another one was
                nominated and the peer does not know renomination (RFC 8445, 8.1.1).
        """
        if not self.controlling or not pair.valid:
            raise ValueError("only the controlling side nominates, and only a valid pair")
        if self._generation_selected and not self.renominates:
            raise ValueError("a pair was nominated; another one takes renomination or a restart")
        self._nominating = pair
        self._nominations += 1
        self._send_check(now, pair, use_candidate=True)

    @property
    def _nominates_all(self) -> bool:
        """Whether every check carries USE-CANDIDATE.

        Never towards a lite peer, nor when there are TCP candidates (RFC 6544, 8). What was
        begun is gone on with.
        """
        if self._is_aggressive is not None:
            return self._is_aggressive
        if self.nomination != "aggressive" or self.remote_lite or self.renominates:
            return False
        return not any(c.transport == "tcp" for c in (*self.local, *self.remote))

    def _plan_nomination(self, now: float) -> None:
        """Decide when to nominate: at once when nothing better can come (RFC 8445, 8.1.1)."""
        if not self.controlling or self._generation_selected or self._nominating is not None:
            return
        best = next((pair for pair in self.checklist if pair.valid), None)
        if best is None:
            self._nominate_at = None
            return
        if self._nominates_all:
            # Only after a change of role: checks of the controlled side nominated nothing.
            self._nominate_best(now)
            return
        better = [p for p in self.checklist if p.priority > best.priority and p.state in _OPEN]
        if not better:
            self._nominate_best(now)
            return
        due = now + self._patience(best)
        if self._nominate_at is None or due < self._nominate_at:
            self._nominate_at = due

    def _patience(self, best: CandidatePair) -> float:
        """How long to wait for pairs above the best that works.

        They were sent before it, so that a quarter of its round trip is plenty, unless it is
        relayed: then a direct one, which is hardly slower, may need a check of either end to open
        the NATs on its way, and it saves the relay for the whole session.
        """
        is_relayed = RELAY in (best.local.type, best.remote.type)
        if best.rtt is None:
            return self.settings.relay_patience if is_relayed else self.settings.patience
        if is_relayed:
            return min(self.settings.relay_patience, 2 * best.rtt + _LEAST_PATIENCE)
        return min(self.settings.patience, best.rtt / 4 + self.settings.ta)

    def _nominate_best(self, now: float) -> None:
        self._nominate_at = None
        best = next((pair for pair in self.checklist if pair.valid), None)
        if best is not None and self.controlling:
            self.nominate(now, best)

    def _nominate_again(self, now: float, pair: CandidatePair) -> None:
        """Repeat a nomination nobody answered, now that the peer shows that the path works."""
        under_way = [t for t in self._transactions.values() if t.pair is pair and t.use_candidate]
        if under_way and now < max(t.last_sent for t in under_way) + self.settings.rto:
            return
        self._cancel_checks(pair)
        self._forget_oldest(pair)
        self._send_check(now, pair, use_candidate=True)

    def _is_worth_nominating_again(self, now: float, pair: CandidatePair) -> bool:
        """Whether the peer still checks a pair whose nomination was not answered.

        It asks for consent, so it has selected it, and would not follow to another one.
        """
        recent = _HEARD_INTERVALS * self.settings.consent_interval
        return pair.heard_at is not None and now < pair.heard_at + recent

    def _follow_nomination(self, now: float, pair: CandidatePair, value: int) -> None:
        """The other side nominated a pair (RFC 8445, 7.3.1.5); ``value`` is of renomination."""
        if self.renominates and value:
            if value < self._followed:
                return
            self._followed = value
            for other in self.checklist:
                other.nominate_on_success = False
        if pair.state is PairState.SUCCEEDED and pair.valid:
            self._nominated(now, pair, latest=bool(value) and self.renominates)
        else:
            pair.nominate_on_success = True

    def _nominated(self, now: float, pair: CandidatePair, *, latest: bool = False) -> None:
        """Both sides know of the nomination: select, by priority if several were nominated.

        Args:
            now: the time.
            pair: what was nominated.
            latest: it takes the place of what was nominated before, whatever its priority.
        """
        if self._consent_lost:
            return  # only a restart revives it (RFC 7675, 5.1)
        if not pair.nominated:
            pair.nominated = True
            self._note(now, "nominated", pair)
        is_better = self.selected is None or (
            pair.valid_priority(controlling=self.controlling)
            > self.selected.valid_priority(controlling=self.controlling)
        )
        is_mine = pair is self._nominating
        if is_mine:
            self._nominating = None
        if not self._generation_selected or is_better or latest or is_mine:
            self._select(now, pair)
        if not self._nominates_all:
            self._conclude(pair)
        if self.state != "completed":
            self._set_state(now, "connected")
        self._judge(now)

    def _select(self, now: float, pair: CandidatePair) -> None:
        changed = pair is not self.selected
        self.selected = pair
        self._generation_selected = True
        self._consent_lost = False
        self.failure, self.causes = None, ()
        if not changed:
            return
        self._note(now, "selected", pair, local=str(pair.local), remote=str(pair.remote))
        if self.lite or self.remote_credentials is None:
            self._keepalive_at = now + self.settings.keepalive
        else:
            self.consent = Consent.begin(
                *(now, self.settings, self.random),
                *(pair, self.credentials, self.remote_credentials),
            )

    def _conclude(self, chosen: CandidatePair) -> None:
        """Check no other pair any more (RFC 8445, 8.1.2)."""
        self.checklist.conclude(chosen)
        self._nominate_at = None
        for pair in self.checklist:
            if pair is not chosen:
                self._cancel_checks(pair)

    def _switch_role(self, now: float, *, controlling: bool) -> None:
        """Take the other role; priorities depend on it (RFC 8445, 7.3.1.1)."""
        self.controlling = controlling
        for pair in self.checklist:
            pair.update_priority(controlling=controlling)
        self.checklist.sort()
        self._nominate_at = self._nominating = None
        self._note(now, "role", controlling=controlling)
        self._plan_nomination(now)
