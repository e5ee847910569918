"""The finder: what failed and was asked again, against what was answered and was asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steelyard.detectors.not_served.choice import Choice
from steelyard.errors import VerificationError
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, Note, Plan, PlannedTest, SampleScore, VerdictWord

__all__ = ["MIN_FAILED", "NotServedFinder"]

# An item fails again where at least so many of its three further calls fail: one failure in three says little.
MIN_FAILED = 2

_APART = {
    "refused": "the model refused",
    "filtered": "stopped by a content filter",
    "too_long": "beyond the context or another limit of size",
    "rejected": "rejected as bad requests",
    "tools": "calls for tools instead of text",
    "timed_out": "not finished within our own time limit",
    "ours": "lost on our own side",
}


class NotServedFinder:
    """Watches how the calls of a claim are served, and what becomes of those that are made again.

    It never asks for an answer of the claim's own measurements, and reads no score: only whether a call failed.
    """

    def __init__(self, test: PlannedTest, plan: Plan, least: int) -> None:
        self._test, self._alpha = test, plan.alpha
        self._least = least
        by_id = plan.by_id
        watched = [by_id[reads.measurement] for reads in test.reads if by_id[reads.measurement].again]
        self._choices = [Choice(by_id[each.beside], each, least) for each in watched]
        self._by_first = {choice.first.id: choice for choice in self._choices}
        self._by_again = {choice.again.id: choice for choice in self._choices}

    def observe(self, score: SampleScore) -> None:
        """Take in how one call was served."""
        if (choice := self._by_first.get(score.measurement)) is not None:
            choice.observe_first(score)
        else:
            self._by_again[score.measurement].observe_again(score)

    @property
    def closed(self) -> frozenset[str]:
        """The claim's own measurements: it looks on, and needs none of their answers."""
        return frozenset(self._by_first)

    @property
    def heads(self) -> Mapping[str, int | None]:
        """None of its own: see :class:`steelyard.plugins.Chooser`."""
        return dict.fromkeys(self._by_again)

    def has_read(self, measurement: str) -> bool:
        """Whether all that was planned of one of the claim's measurements was read."""
        return self._by_first[measurement].has_read

    def left(self, measurement: str) -> Sequence[int]:
        """The places that are still to be asked again."""
        return self._by_again[measurement].left()

    def progress(self) -> Progress:
        """Nothing to show: what is asked again is shown by its measurement."""
        return Progress(remaining=0)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """The test over all items that were asked again; p is 1 where nothing was, or not all of it.

        Raises VerificationError where something was asked again that the committed order does not choose.
        """
        for choice in self._choices:
            if strays := choice.strays():
                raise VerificationError(f"{choice.again.id}: place {strays[0]} was asked again, and was not to be")
        left = sum(len(choice.left()) for choice in self._choices)
        if left or not any(choice.pairs for choice in self._choices):
            return self._nothing(left)
        return self._tested()

    def _nothing(self, left: int) -> DetectorResult:
        failed = sum(choice.services["failed"] for choice in self._choices)
        reason, word = "", VerdictWord.CONSISTENT
        if left:
            reason, word = (
                f"not all was asked again: the run ended before ({left:,} left)",
                VerdictWord.INSUFFICIENT_POWER,
            )
        elif failed:
            reason = f"{failed:,} calls failed: of fewer than {self._least} items, which cannot show anything"
        return self._result(word, 1.0, reason)

    def _tested(self) -> DetectorResult:
        from steelyard.stats.fisher import fisher_p

        items = sum(choice.pairs for choice in self._choices)
        counts = [choice.failed_again(MIN_FAILED) for choice in self._choices]
        again, others = (sum(each) for each in zip(*counts, strict=True))
        p = fisher_p(again, items, others, items)
        said = (
            f"{again} of {items} items that got no answer failed again, {others} of {items} answered ones "
            f"(each asked {self._choices[0].again.repeats} more times)"
        )
        if p > self._alpha:
            return self._result(VerdictWord.CONSISTENT, p, f"{said}: nothing shows that it depends on the item")
        finding = Finding(
            detector="not_served",
            check="not_served",
            task=self._choices[0].first.task,
            null=self._test.null,
            assumptions=(
                "whether a call fails within the endpoint does not follow from how long the question is",
                "no cache before the endpoint answers what is asked again",
            ),
            p=p,
            effect=(again - others) / items,
            n=2 * items,
            calls=sum(len(choice.again_failed) for choice in self._choices),
            message=f"not served: {said}. Which calls fail depends on the item. It does not show why: a fault that "
            "some questions cause, or a limit of the endpoint, looks as a failure on purpose does. What was not "
            "answered can neither confirm nor refute the claim.",
        )
        return self._result(VerdictWord.INSUFFICIENT_POWER, p, said, (finding,))

    def _result(self, word: VerdictWord, p: float, reason: str, findings: tuple[Finding, ...] = ()) -> DetectorResult:
        return DetectorResult(
            test=self._test.id,
            rule=self._test.rule,
            word=word,
            p=p,
            reason=reason,
            findings=findings,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterator[Note]:
        """What got no answer of the model for a reason that is no finding, counted by kind."""
        for choice in self._choices:
            found: Counter[str] = Counter({kind: choice.services[kind] for kind in _APART if choice.services[kind]})
            if found:
                kinds = "; ".join(f"{number:,} {_APART[kind]}" for kind, number in found.items())
                message = f"calls that say nothing of what is served: {kinds}"
                yield Note(detector="not_served", check="apart", task=choice.first.task, message=message)
