"""Which items are asked again: a function of the committed order and of how its calls were served, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from steelyard.records import Measurement, SampleScore
from steelyard.util.compact import SmallIntegers

__all__ = ["Choice"]

_ANSWERED, _FAILED, _APART = range(3)


class Choice:
    """The first items of a committed order that failed, and as many of the first that were answered.

    Only the contiguous prefix of the order counts, and of each item its first answer there. So the choice does not
    depend on what arrives first, and grows as more is read. The order is random, so that those of each kind are random
    ones. Nothing is chosen before so many items of both kinds are there that asking again could show anything
    (``least``).
    """

    def __init__(self, first: Measurement, again: Measurement, least: int) -> None:
        self.first, self.again = first, again
        self.failed: list[int] = []  # by the place of the first answer
        self.answered: list[int] = []
        self.again_failed: dict[int, bool] = {}  # by place of what was asked again
        self.services: Counter[str] = Counter()
        self._least = least
        self._next = 0
        self._waiting = SmallIntegers()
        # Where an item is asked several times, its later answers are passed over.
        self._names: dict[int, str] | None = {} if first.repeats > 1 else None
        self._seen: set[str] = set()

    def observe_first(self, score: SampleScore) -> None:
        """Take in how one call of the first measurement was served."""
        self.services[score.service] += 1
        if score.position < 0:  # of the repeat check, which is in no order
            return
        kind = {"answered": _ANSWERED, "failed": _FAILED}.get(score.service, _APART)
        self._waiting[score.position] = kind
        if self._names is not None:
            self._names[score.position] = score.sample
        while (found := self._waiting.get(self._next)) is not None:
            self._take(found)
            self._next += 1
            self._waiting.forget_before(self._next)

    def _take(self, kind: int) -> None:
        if self._names is not None:
            name = self._names.pop(self._next)
            if name in self._seen:
                return
            self._seen.add(name)
        of_kind = {_ANSWERED: self.answered, _FAILED: self.failed}.get(kind)
        if of_kind is not None and len(of_kind) < self.again.again:
            of_kind.append(self._next)

    def observe_again(self, score: SampleScore) -> None:
        """Take in how a call that was made again was served."""
        self.again_failed[score.position] = score.service == "failed"

    @property
    def has_read(self) -> bool:
        """Whether all that was planned of the first measurement was read."""
        return self._next >= self.first.planned

    @property
    def pairs(self) -> int:
        """How many items of each kind are asked again."""
        pairs = min(len(self.failed), len(self.answered))
        return pairs if pairs >= self._least else 0

    def left(self) -> Sequence[int]:
        """The places that are to be asked again and were not, in the order that the measurement's seed draws."""
        places = [
            place
            for item in (*self.failed[: self.pairs], *self.answered[: self.pairs])
            for place in self._places(item)
            if place not in self.again_failed
        ]
        return sorted(places, key=self._drawn)

    def _places(self, item: int) -> range:
        return range(item * self.again.repeats, (item + 1) * self.again.repeats)

    def _drawn(self, place: int) -> bytes:
        return sha256(f"{self.again.order_seed}:{place}".encode()).digest()

    def failed_again(self, most: int) -> tuple[int, int]:
        """Of the items that failed and of those that were answered: how many failed at least ``most`` times again."""
        kinds = (self.failed[: self.pairs], self.answered[: self.pairs])
        failed, answered = (
            sum(sum(self.again_failed[place] for place in self._places(item)) >= most for item in items)
            for items in kinds
        )
        return failed, answered

    def strays(self) -> list[int]:
        """Places that were asked again and were not to be."""
        chosen = {
            place for item in (*self.failed[: self.pairs], *self.answered[: self.pairs]) for place in self._places(item)
        }
        return sorted(self.again_failed.keys() - chosen)
