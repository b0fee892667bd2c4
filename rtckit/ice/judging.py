"""When a session is complete, and when it has failed (RFC 8445, 6.1.2.1 and 8.1.2; RFC 8863)."""

from rtckit.ice.causes import find_causes
from rtckit.ice.pairs import PairState
from rtckit.ice.session import Session

__all__ = ["Judging"]

_OPEN = (PairState.WAITING, PairState.IN_PROGRESS, PairState.FROZEN)

_ACCEPTING = ("passive", "so")
_CONNECTING = ("active", "so")


class Judging(Session):
    """The part of an agent that decides its state."""

    def _judge(self, now: float) -> None:
        """Decide whether the session is complete or has failed."""
        if self.state == "connected" and self._generation_selected:
            if self.lite or not self._has_better_work():
                self._set_state(now, "completed")
            return
        if self.state not in ("checking", "connected"):
            return
        if self.remote_credentials is None or self.started_at is None:
            return
        if self._is_out_of_time(now) or (self.settings.fail_at_once and self._is_hopeless()):
            self._give_up(now)

    @property
    def _deadline(self) -> float | None:
        """Until when the peer may take its time: to check, or to nominate a pair that works."""
        if self.started_at is None or self._generation_selected:
            return None
        begin = self.started_at
        for pair in self.checklist:
            if pair.valid and pair.succeeded_at is not None and pair.succeeded_at > begin:
                begin = pair.succeeded_at
        return begin + self.settings.pac

    def _is_out_of_time(self, now: float) -> bool:
        """Whether the time RFC 8863 grants is over; checks under way are waited for, once more."""
        deadline = self._deadline
        if deadline is None or now < deadline or self._nominating is not None:
            return False
        return not self._has_work or now >= deadline + self.settings.pac

    @property
    def _has_work(self) -> bool:
        """Whether a check is under way or to be sent; a lite agent sends none."""
        return not self.lite and self.checklist.has_work

    def _is_hopeless(self) -> bool:
        """Whether nothing that is known of can work any more (see `Settings.fail_at_once`)."""
        if self.lite or not self.gathering_ended or not self.remote_ended or self._has_work:
            return False
        if not all(pair.definitive and not pair.valid for pair in self.checklist):
            return False
        if not self.local:
            return True
        if any(c.tcptype in _ACCEPTING for c in self.local) and any(
            c.tcptype in _CONNECTING for c in self.remote
        ):
            return False  # the peer may still connect to this side
        # The peer may check this side from addresses it has not told, or whose names are unknown.
        return bool(self.remote) and all(c.address.family for c in self.remote)

    def _has_better_work(self) -> bool:
        """Whether a pair above the selected one may still come to work."""
        if self.selected is None:
            return True
        if self.checklist.concluded:
            return False
        best = self.selected.priority
        return any(pair.state in _OPEN and pair.priority > best for pair in self.checklist)

    def _give_up(self, now: float) -> None:
        self.causes = find_causes(self)
        self.failure = "; ".join(cause.text for cause in self.causes) or "no check was answered"
        self._transactions.clear()
        self._nominate_at = self._nominating = None
        self._set_state(now, "failed")
