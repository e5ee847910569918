"""A model writes question, answer and source; what stays is what can be proved.

An item stays if its span stands in the passage, its answer in the span, its question leans on nothing and does not hold
the answer, the model answers it with the span and does not answer it without any document. Each check has a name, and
what it throws out is kept with its reason. One question costs two further calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from steelyard.errors import ModelUnavailable
from steelyard.records import DroppedItem, Outcome, SuiteItem
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.grounding import find_span, holds_answer
from steelyard.suites.collected import Collected
from steelyard.suites.sources.passages import Passage
from steelyard.suites.writers import prompts
from steelyard.suites.writers.asking import Ask
from steelyard.suites.writers.checking import NO_REPLY, all_of, dropped, failure, score_of
from steelyard.suites.writers.replies import Proposal, Unreadable, proposals_in
from steelyard.suites.writers.wording import why_not
from steelyard.suites.writers.writer import Progress, Redact, as_it_is, collected_from, item_of
from steelyard.util.text import one_line

__all__ = ["KNOWN", "UNANSWERABLE", "ModelWriter", "most_calls"]

UNANSWERABLE: Final = "unanswerable"
KNOWN: Final = "known without the document"
_Found = SuiteItem | DroppedItem


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

        results = await all_of(one(passage) for passage in passages)
        found = _without_copies([each for result in results for each in result])
        thrown_out = [each for each in found if isinstance(each, DroppedItem)]
        if found and len(thrown_out) == len(found) and all(each.check == NO_REPLY for each in thrown_out):
            raise ModelUnavailable(f"the model answered no call: {thrown_out[0].reason}")
        return collected_from(passages, [each for each in found if isinstance(each, SuiteItem)], thrown_out)

    async def _of_passage(self, passage: Passage) -> list[_Found]:
        sent = self.redact(passage)
        output = await self.ask(prompts.write(sent, self.per_passage))
        if not output.outcome.answered:
            return [dropped(NO_REPLY, failure(output), item_of(passage, ""))]
        try:
            proposals = proposals_in(output.text)
        except Unreadable as error:
            cut = " It was cut off." if output.outcome is Outcome.TRUNCATED else ""
            return [dropped("unreadable", f"{error}{cut}", item_of(passage, ""))]
        if not proposals:
            return [dropped("nothing to ask", "The model found nothing to ask.", item_of(passage, ""))]
        return await all_of(self._checked(passage, sent, proposal) for proposal in proposals)

    async def _checked(self, passage: Passage, sent: str, proposal: Proposal | Unreadable) -> _Found:
        if isinstance(proposal, Unreadable):
            return dropped("unreadable", str(proposal), item_of(passage, ""))
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
            return dropped(NO_REPLY, failure(output), item)
        if score_of(item, output) != 1:
            said = one_line(output.text, 80)
            return dropped(UNANSWERABLE, f"With its span, the question was answered otherwise: {said!r}.", item)
        output = await check(prompts.alone(item.question))
        if not output.outcome.answered:
            return dropped(NO_REPLY, failure(output), item)
        if score_of(item, output) != 0:
            said = one_line(output.text, 80)
            return dropped(KNOWN, f"The question was answered without any document: {said!r}.", item)
        return item


def _grounded(passage: Passage, sent: str, proposal: Proposal) -> _Found:
    """The item of a proposal whose span and answer are where they should be; else why not."""
    place = find_span(passage.text, proposal.span)
    bare = item_of(passage, proposal.question, proposal.answer)
    if find_span(sent, proposal.span) is None:
        return dropped("span not in the document", "The document does not hold the span.", bare)
    if place is None:
        return dropped("redacted", "The span holds what was replaced before the passage was sent.", bare)
    span = (passage.start + place[0], passage.start + place[1])
    item = item_of(passage, proposal.question, proposal.answer, span)
    assert item.source is not None
    if not holds_answer(item.source.text, proposal.answer):
        return dropped("answer not in the span", "The span does not hold the answer.", item)
    fault = why_not(proposal.question, proposal.answer)
    return item if fault is None else dropped(*fault, item)


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
            kept.append(dropped("duplicate", f"Asks the same as {seen[key]}.", each))
        else:
            seen[key] = each.id
            kept.append(each)
    return kept
