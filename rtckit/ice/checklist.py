"""The checklist: pairs in order, and which of them is checked next (RFC 8445, 6.1.2 and 6.1.4)."""

from collections import deque
from collections.abc import Iterator

from rtckit.core.address import Address
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.pairs import CandidatePair, PairState, best_first, why_not_paired

__all__ = ["Checklist"]

_MOST_FORMED = 4
"""How many times the limit of pairs may be formed, for pairs of checks that come from anywhere."""

_ACTIVE = (PairState.WAITING, PairState.IN_PROGRESS)


class Checklist:
    """The pairs of a session.

    Attributes:
        pairs: those that are kept, the highest priority first.
        concluded: a pair was nominated for good; only triggered checks are sent from now on
            (RFC 8445, 8.1.1).
        formed: how many pairs there ever were, those of earlier generations included.
    """

    def __init__(self, most_pairs: int, formed: int = 0) -> None:
        self._most = most_pairs
        self.pairs: list[CandidatePair] = []
        self._by_key: dict[tuple[str, Address, Address], CandidatePair] = {}
        self._triggered: deque[CandidatePair] = deque()
        self.formed = formed
        self._most_formed = formed + _MOST_FORMED * most_pairs
        self.concluded = False

    def __iter__(self) -> Iterator[CandidatePair]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def find(self, transport: str, local: Address, remote: Address) -> CandidatePair | None:
        """Return the pair whose checks go from one address to the other."""
        return self._by_key.get((transport, local, remote))

    def form(
        self,
        local: IceCandidate,
        remote: IceCandidate,
        *,
        controlling: bool,
        learned: bool = False,
    ) -> CandidatePair | None:
        """Pair two candidates if they suit and are no pair yet (RFC 8445, 6.1.2.2 to 6.1.2.5).

        Of two pairs with the same addresses the one with the higher priority stays, unless it is
        being checked already (RFC 8838, 10). Above the limit the worst pair that was never
        checked goes; a new one that is worse than all is not kept. ``learned`` is one that a check
        of the peer came on.
        """
        if why_not_paired(local, remote, learned=learned) is not None:
            return None
        pair = CandidatePair(self.formed + 1, local, remote, 0)
        pair.update_priority(controlling=controlling)
        twin = self._by_key.get(pair.key)
        if twin is not None:
            untouched = twin.state in (PairState.FROZEN, PairState.WAITING)
            if untouched and pair.priority > twin.priority:
                twin.local, twin.remote, twin.priority = local, remote, pair.priority
                self.sort()
            return None
        if learned and self.formed >= self._most_formed:
            return None
        if len(self.pairs) >= self._most and not self._make_room(pair.priority):
            return None
        self.formed += 1
        pair.state = self._initial_state(pair)
        self.pairs.append(pair)
        self._by_key[pair.key] = pair
        self.sort()
        return pair

    def _make_room(self, priority: int) -> bool:
        for pair in reversed(self.pairs):
            if pair.state in (PairState.FROZEN, PairState.WAITING, PairState.FAILED):
                if pair.state is not PairState.FAILED and pair.priority >= priority:
                    continue
                self._drop(pair)
                return True
        return False

    def _drop(self, pair: CandidatePair) -> None:
        self.pairs.remove(pair)
        del self._by_key[pair.key]
        if pair in self._triggered:
            self._triggered.remove(pair)

    def _initial_state(self, pair: CandidatePair) -> PairState:
        """The best pair of each foundation begins waiting (RFC 8445, 6.1.2.6; RFC 8838, 12).

        One below it that waits and was not checked yet is frozen again, as if both had been there
        from the beginning.
        """
        alike = [other for other in self.pairs if other.foundation == pair.foundation]
        if any(other.state is PairState.SUCCEEDED for other in alike):
            return PairState.WAITING
        if any(other.priority >= pair.priority for other in alike):
            return PairState.FROZEN
        for other in alike:
            unsent = other.state is PairState.WAITING and other.first_sent is None
            if unsent and other not in self._triggered:
                other.state = PairState.FROZEN
        return PairState.WAITING

    def sort(self) -> None:
        """Put the pairs in the order of their priorities."""
        self.pairs = best_first(self.pairs)

    def trigger(self, pair: CandidatePair) -> None:
        """Have a pair checked before others (RFC 8445, 6.1.4.1)."""
        if pair not in self._triggered:
            self._triggered.append(pair)

    def conclude(self, chosen: CandidatePair) -> None:
        """Have no other pair checked any more, unless the peer checks it (RFC 8445, 8.1.2)."""
        self.concluded = True
        self._triggered = deque(pair for pair in self._triggered if pair is chosen)

    def next_to_check(self) -> CandidatePair | None:
        """Return the pair to check now, taken from the triggered ones first; None for none."""
        while self._triggered:
            pair = self._triggered.popleft()
            if pair.state is not PairState.FAILED or not pair.definitive:
                return pair
        return None if self.concluded else self._best_waiting() or self._thaw()

    def _best_waiting(self) -> CandidatePair | None:
        for pair in self.pairs:
            if pair.state is PairState.WAITING:
                return pair
        return None

    def _thaw(self) -> CandidatePair | None:
        """Take a frozen pair whose foundation nobody else is being checked for."""
        frozen = [pair for pair in self.pairs if pair.state is PairState.FROZEN]
        if not frozen:
            return None
        active = {pair.foundation for pair in self.pairs if pair.state in _ACTIVE}
        for pair in frozen:
            if pair.foundation not in active:
                pair.state = PairState.WAITING
                return pair
        return None

    def thaw_alike(self, pair: CandidatePair) -> None:
        """Free the frozen pairs that share a foundation with one that works (7.2.5.3.3)."""
        for other in self.pairs:
            if other.state is PairState.FROZEN and other.foundation == pair.foundation:
                other.state = PairState.WAITING

    @property
    def has_work(self) -> bool:
        """Whether any pair is still to be checked or being checked."""
        return bool(self._triggered) or any(
            pair.state in (PairState.FROZEN, *_ACTIVE) for pair in self.pairs
        )

    @property
    def has_unsent(self) -> bool:
        """Whether a check can be sent now."""
        if self._triggered or self.concluded:
            return bool(self._triggered)
        frozen = []
        for pair in self.pairs:
            if pair.state is PairState.WAITING:
                return True
            if pair.state is PairState.FROZEN:
                frozen.append(pair)
        if not frozen:
            return False
        active = {pair.foundation for pair in self.pairs if pair.state in _ACTIVE}
        return any(pair.foundation not in active for pair in frozen)

    def why_waiting(self, pair: CandidatePair) -> str:
        """Say why a pair is not checked yet, for people."""
        if self.concluded and pair.state in (PairState.FROZEN, PairState.WAITING):
            return "not needed any more"
        if pair.state is PairState.FROZEN:
            alike = next(
                (
                    other
                    for other in self.pairs
                    if other.foundation == pair.foundation and other.state in _ACTIVE
                ),
                None,
            )
            return f"waits for #{alike.number}, which is alike" if alike else "not its turn yet"
        if pair.state is PairState.WAITING:
            place = [p for p in self.pairs if p.state is PairState.WAITING].index(pair)
            return "is next" if place == 0 else f"{place} pairs are before it"
        return ""
