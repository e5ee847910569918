"""A model writes question, answer and source; what stays is what can be proved.

An item stays if its span stands in the passage, its answer in the span, its question leans on nothing and does not hold
the answer, the model answers it with the span and does not answer it without any document. Each check has a name, and
what it throws out is kept with its reason. One question costs two further calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from steelyard.errors import ModelUnavailable
from steelyard.records import DroppedItem, GenerateRequest, ModelOutput, Outcome, Sample, SuiteItem
from steelyard.scorers.answer import Answer
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.grounding import find_span, holds_answer
from steelyard.suites.collected import Collected
from steelyard.suites.sources.passages import Passage
from steelyard.suites.writers import prompts
from steelyard.suites.writers.asking import Ask
from steelyard.suites.writers.replies import Proposal, Unreadable, proposals_in
from steelyard.suites.writers.wording import why_not
from steelyard.suites.writers.writer import Progress, Redact, as_it_is, collected_from, item_of
from steelyard.util.text import one_line

__all__ = ["KNOWN", "UNANSWERABLE", "ModelWriter", "most_calls"]

UNANSWERABLE: Final = "unanswerable"
KNOWN: Final = "known without the document"
_SCORER: Final = Answer()
_Found = SuiteItem | DroppedItem
_Result = TypeVar("_Result")


def most_calls(passages: int, per_passage: int) -> int:
    """The most calls that writing takes, without retries: one for a passage, two for each question."""
    return passages * (1 + 2 * per_passage)


@dataclass(frozen=True)
class ModelWriter:
    """Has ``ask`` write ``per_passage`` questions for each passage, and checks them.

    ``redact`` gives the text of a passage that is sent: what it replaces cannot be in a span. ``with_context``
    keeps the passage, as it was sent, with each item, for models that are to read and not to remember. ``progress``
    gets the numbers of passages that are done and of all. The calls that check go to ``check``, by default ``ask``.
    """

    ask: Ask
    per_passage: int = 3
    redact: Redact = as_it_is
    with_context: bool = True
    check: Ask | None = None
    progress: Progress = field(default=lambda done, total: None)

    async def write(self, passages: Sequence[Passage]) -> Collected:
        """Write and check the items. Raises ModelUnavailable where no call got an answer."""
        done = 0

        async def one(passage: Passage) -> list[_Found]:
            nonlocal done
            found = await self._of_passage(passage)
            done += 1
            self.progress(done, len(passages))
            return found

        results = await _all(one(passage) for passage in passages)
        found = _without_copies([each for result in results for each in result])
        dropped = [each for each in found if isinstance(each, DroppedItem)]
        if found and len(dropped) == len(found) and all(each.check == "no reply" for each in dropped):
            raise ModelUnavailable(f"the model answered no call: {dropped[0].reason}")
        return collected_from(passages, [each for each in found if isinstance(each, SuiteItem)], dropped)

    async def _of_passage(self, passage: Passage) -> list[_Found]:
        sent = self.redact(passage)
        output = await self.ask(prompts.write(sent, self.per_passage))
        if not output.outcome.answered:
            return [_dropped("no reply", _failure(output), item_of(passage, ""))]
        try:
            proposals = proposals_in(output.text)
        except Unreadable as error:
            cut = " It was cut off." if output.outcome is Outcome.TRUNCATED else ""
            return [_dropped("unreadable", f"{error}{cut}", item_of(passage, ""))]
        if not proposals:
            return [_dropped("nothing to ask", "The model found nothing to ask.", item_of(passage, ""))]
        return await _all(self._checked(passage, sent, proposal) for proposal in proposals)

    async def _checked(self, passage: Passage, sent: str, proposal: Proposal | Unreadable) -> _Found:
        if isinstance(proposal, Unreadable):
            return _dropped("unreadable", str(proposal), item_of(passage, ""))
        item = _grounded(passage, sent, proposal)
        if isinstance(item, DroppedItem):
            return item
        if self.with_context:
            item = replace(item, context=sent)
        return await self._asked(item)

    async def _asked(self, item: SuiteItem) -> _Found:
        """Ask the question with its span, and then without: both must come out as they should."""
        assert item.source is not None
        check = self.check or self.ask
        output = await check(prompts.with_span(item.question, item.source.text))
        if not output.outcome.answered:
            return _dropped("no reply", _failure(output), item)
        if _score(item, output) != 1:
            said = one_line(output.text, 80)
            return _dropped(UNANSWERABLE, f"With its span, the question was answered otherwise: {said!r}.", item)
        output = await check(prompts.alone(item.question))
        if not output.outcome.answered:
            return _dropped("no reply", _failure(output), item)
        if _score(item, output) != 0:
            said = one_line(output.text, 80)
            return _dropped(KNOWN, f"The question was answered without any document: {said!r}.", item)
        return item


async def _all(coroutines: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """The results in order; where one raises an exception the others are cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in coroutines]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _grounded(passage: Passage, sent: str, proposal: Proposal) -> _Found:
    """The item of a proposal whose span and answer are where they should be; else why not."""
    place = find_span(passage.text, proposal.span)
    bare = item_of(passage, proposal.question, proposal.answer)
    if find_span(sent, proposal.span) is None:
        return _dropped("span not in the document", "The document does not hold the span.", bare)
    if place is None:
        return _dropped("redacted", "The span holds what was replaced before the passage was sent.", bare)
    span = (passage.start + place[0], passage.start + place[1])
    item = item_of(passage, proposal.question, proposal.answer, span)
    assert item.source is not None
    if not holds_answer(item.source.text, proposal.answer):
        return _dropped("answer not in the span", "The span does not hold the answer.", item)
    fault = why_not(proposal.question, proposal.answer)
    return item if fault is None else _dropped(*fault, item)


def _score(item: SuiteItem, output: ModelOutput) -> float | None:
    """1, 0, or None where the output can be read in two ways, as our scorer ``answer`` reads it."""
    sample = Sample(id=item.id, request=GenerateRequest(prompt=item.question), target=item.answer)
    return _SCORER.score(sample, output).value


def _without_copies(found: Sequence[_Found]) -> list[_Found]:
    """Items that ask the same in the same words with the same answer are one; near duplicates are for the caller."""
    seen: dict[tuple[str, str], str] = {}
    kept: list[_Found] = []
    for each in found:
        if isinstance(each, DroppedItem):
            kept.append(each)
            continue
        key = comparable(each.question), comparable(each.answer)
        if key in seen:
            kept.append(_dropped("duplicate", f"Asks the same as {seen[key]}.", each))
        else:
            seen[key] = each.id
            kept.append(each)
    return kept


def _failure(output: ModelOutput) -> str:
    return (
        f"The model gave no answer ({output.outcome.value}{': ' * bool(output.detail)}{one_line(output.detail, 120)})."
    )


def _dropped(check: str, reason: str, item: SuiteItem) -> DroppedItem:
    return DroppedItem(check=check, reason=reason, item=item)
