"""What else changed since the baseline: remarks beside the test, each by a plain rule, none of them an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from steelyard.records.record import Record
from steelyard.records.watching import PassFacts
from steelyard.stats.watching import MICRO, MOST_BELOW

__all__ = ["RULES", "Change", "ChangeKind", "changes_between", "deep_fall"]

ChangeKind = Literal["served_name", "template", "tokens", "latency", "thinks", "rate"]
_LONGER: Final = 1.5
_SLOWER: Final = 2.0
_MILLISECONDS: Final = 100  # less than this is what a busy machine does, not what an endpoint became
_PROMPTS: Final = 0.02

RULES: Final[dict[ChangeKind, str]] = {
    "served_name": "answers came from another name than any of the baseline's",
    "template": "the same questions had more or fewer prompt tokens than in any pass of the baseline, by over 2 %: "
    "another chat template, tokenizer or system message",
    "tokens": "the median answer has over 1.5 times the tokens of any baseline pass, or under 1/1.5",
    "latency": "the median answer took over twice as long as in any baseline pass, or under half, by .1 s at least",
    "thinks": "the endpoint reasons before it answers, unasked, and did not in the baseline; or it no longer does",
    "rate": "over 15 points fewer answers were right than the lower bound: one such look alone is no alarm",
}


class Change(Record, frozen=True, kw_only=True):
    """One thing that is otherwise than in the baseline. ``before`` and ``now`` are names or numbers, as text."""

    kind: ChangeKind
    before: str
    now: str


def changes_between(baseline: Sequence[PassFacts], now: PassFacts) -> tuple[Change, ...]:
    """What a look has otherwise than every pass of the baseline; what an endpoint does not say is no change."""
    return tuple(_changes(baseline, now))


def deep_fall(bound: int, high: int) -> tuple[Change, ...]:
    """The remark on a look whose mean is over 15 points below the bound, both in millionths: E counts it as 15."""
    if bound - high <= MOST_BELOW:
        return ()
    return (Change(kind="rate", before=f"{100 * bound / MICRO:.1f} %", now=f"{100 * high / MICRO:.1f} %"),)


def _changes(baseline: Sequence[PassFacts], now: PassFacts) -> Iterator[Change]:
    names = sorted({name for each in baseline for name in each.served})
    if names and (new := [name for name in now.served if name not in names]):
        yield Change(kind="served_name", before=", ".join(names), now=", ".join(new))
    whole = [each.prompt_tokens for each in baseline if each.prompt_tokens and not each.missing]
    if not now.missing:
        yield from _out_of_range("template", whole, now.prompt_tokens, 1 + _PROMPTS)
    answers = [each.answer_tokens for each in baseline if each.answer_tokens]
    yield from _out_of_range("tokens", answers, now.answer_tokens, _LONGER)
    times = [each.milliseconds for each in baseline if each.milliseconds]
    yield from _out_of_range("latency", times, now.milliseconds, _SLOWER, _MILLISECONDS)
    thought = {_thinks(each) for each in baseline}
    if len(thought) == 1 and _thinks(now) not in thought and now.missing < now.items:
        yield Change(kind="thinks", before=_yes(not _thinks(now)), now=_yes(_thinks(now)))


def _out_of_range(kind: ChangeKind, before: Sequence[int], now: int, factor: float, least: int = 0) -> Iterator[Change]:
    """A change where a number is outside the baseline's by the factor, and by ``least`` of its unit."""
    if not (before and now):
        return
    low, high = min(before), max(before)
    if now < min(low / factor, low - least + 1) or now > max(high * factor, high + least - 1):
        yield Change(kind=kind, before=f"{low}" if low == high else f"{low}–{high}", now=f"{now}")


def _thinks(facts: PassFacts) -> bool:
    """Whether most answers came with reasoning, or the endpoint was seen to reason when the pass was planned."""
    return facts.reasons or 2 * facts.reasoned > facts.items


def _yes(thinks: bool) -> str:
    return "thinks" if thinks else "does not think"
