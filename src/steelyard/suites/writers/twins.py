"""A model writes twins of items: other questions that test the same. What stays is what two further calls confirm.

A twin stays if it has the form of its item, another answer, no personal data and no canary, is no near duplicate of its
item or of another one, and both calls give its answer: one that answers at once, one in steps. What is thrown out is
kept with its reason. The checks hold a twin to what the checking model can answer: a right twin that it cannot answer
goes, and a wrong one stays where the model makes the same mistake three times. A person looks at the twins afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from steelyard.errors import ModelUnavailable
from steelyard.records import DroppedItem, Outcome, SuiteItem
from steelyard.scorers.reading.dress import comparable
from steelyard.suites.collected import item_id
from steelyard.suites.duplicates import merge_duplicates
from steelyard.suites.made import CANARY
from steelyard.suites.redaction.redactor import Placeholders, redact
from steelyard.suites.writers import prompts
from steelyard.suites.writers.asking import Ask
from steelyard.suites.writers.checking import NO_REPLY, all_of, dropped, failure, score_of
from steelyard.suites.writers.replies import TwinProposal, Unreadable, twin_in
from steelyard.suites.writers.wording import why_not
from steelyard.suites.writers.writer import Progress
from steelyard.util.text import one_line

__all__ = ["CALLS", "TwinWriter", "WrittenTwins"]

CALLS: Final = 3  # for each item, without retries
_Found = SuiteItem | DroppedItem


@dataclass(frozen=True)
class WrittenTwins:
    """Twins by the id of their item, and what was thrown out, each with its reason."""

    by_item: dict[str, SuiteItem]
    dropped: tuple[DroppedItem, ...]


@dataclass(frozen=True)
class TwinWriter:
    """Has ``ask`` write a twin of each item, and checks it with two calls to ``check``, by default ``ask``.

    ``labels`` are what every answer of the suite is one of, ``canary`` the text in its files. With ``redacts`` no item
    is sent that holds personal data or a secret. ``progress`` gets the numbers of items that are done and of all.
    """

    ask: Ask
    check: Ask | None = None
    labels: tuple[str, ...] = ()
    canary: str = ""
    redacts: bool = True
    progress: Progress = field(default=lambda done, total: None)

    async def write(self, items: Sequence[SuiteItem], others: Sequence[SuiteItem]) -> WrittenTwins:
        """Write a twin of each of ``items``; ``others`` are all of the suite, of which none is a near duplicate.

        Raises ModelUnavailable where no call got an answer.
        """
        done = 0

        async def one(item: SuiteItem) -> _Found:
            nonlocal done
            found = await self._twin(item)
            done += 1
            self.progress(done, len(items))
            return found

        found = await all_of(one(item) for item in items)
        thrown_out = [each for each in found if isinstance(each, DroppedItem)]
        if found and len(thrown_out) == len(found) and all(each.check == NO_REPLY for each in thrown_out):
            raise ModelUnavailable(f"the model answered no call: {thrown_out[0].reason}")
        twins = {item.id: each for item, each in zip(items, found, strict=True) if isinstance(each, SuiteItem)}
        copies = _copies(twins, others)
        thrown_out += [_dropped("duplicate", reason, twins.pop(of)) for of, reason in copies.items()]
        return WrittenTwins(twins, tuple(thrown_out))

    async def _twin(self, item: SuiteItem) -> _Found:
        if fault := self._cannot_be_sent(item):
            return _dropped(*fault, item)
        output = await self.ask(prompts.twin(item, self.labels))
        if not output.outcome.answered:
            return _dropped(NO_REPLY, failure(output), item)
        try:
            proposal = twin_in(output.text)
        except Unreadable as error:
            cut = " It was cut off." if output.outcome is Outcome.TRUNCATED else ""
            return _dropped("unreadable", f"{error}{cut}", item)
        twin = _as_item(item, proposal)
        fault = self._fault(item, twin, output.text)
        return _dropped(*fault, twin) if fault else await self._confirmed(twin)

    def _cannot_be_sent(self, item: SuiteItem) -> tuple[str, str] | None:
        if not item.answer.strip():
            return "no answer", "The item has no right answer, so that no twin of it can be checked."
        if item.images:
            return "images", "The item shows images, which no model draws anew."
        if item.history:
            return "conversation", "The item has a conversation before it, which is not written anew."
        if self.redacts and _is_personal(item):
            return "redacted", "The item holds personal data or a secret, and was not sent."
        return None

    def _fault(self, item: SuiteItem, twin: SuiteItem, reply: str) -> tuple[str, str] | None:
        """The check that a twin fails before anything more is asked, and why."""
        if CANARY in reply or (self.canary and self.canary in reply):
            return "canary", "The reply holds a suite's canary: the model has read its files."
        if fault := _other_form(item, twin, self.labels):
            return "other form", fault
        if self.redacts and _is_personal(twin):
            return "redacted", "The twin holds personal data or a secret."
        if _same(item, twin):
            return "duplicate", f"Asks nearly the same as {item.id}, of which it is to be a twin."
        if not (item.choices or self.labels) and comparable(item.answer) == comparable(twin.answer):
            return "same answer", f"Has the answer of {item.id}: who learned that item would know it."
        # What the item's own question does not keep to is no fault of its twin's.
        return why_not(twin.question, twin.answer) if why_not(item.question, item.answer) is None else None

    async def _confirmed(self, twin: SuiteItem) -> _Found:
        """Have the twin answered at once and in steps: both must give its answer."""
        check = self.check or self.ask
        ways: tuple[Callable[[SuiteItem, Sequence[str]], str], ...] = (prompts.solve, prompts.solve_in_steps)
        for way in ways:
            output = await check(way(twin, self.labels))
            if not output.outcome.answered:
                return _dropped(NO_REPLY, failure(output), twin)
            if score_of(twin, output) != 1:
                said = one_line(output.text[-200:], 80)
                return _dropped("unconfirmed", f"The twin was answered otherwise: {said!r}.", twin)
        return twin


def _as_item(item: SuiteItem, proposal: TwinProposal) -> SuiteItem:
    """The twin, with the tags and the group of its item."""
    return replace(
        item,
        id=item_id(proposal.question, proposal.choices, proposal.answer),
        question=proposal.question,
        answer=proposal.answer,
        choices=proposal.choices,
        context=proposal.context,
        source=None,
        canary="",
    )


def _other_form(item: SuiteItem, twin: SuiteItem, labels: Sequence[str]) -> str:
    """Why a twin cannot be asked in its item's place, in a sentence; empty where it can."""
    if len(twin.choices) != len(item.choices) or len(set(twin.choices)) != len(twin.choices) or "" in twin.choices:
        return f"The twin needs {len(item.choices)} different choices."
    if twin.choices and twin.answer not in twin.choices:
        return "Its answer is not one of its choices."
    if labels and twin.answer.casefold() not in {" ".join(label.split()).casefold() for label in labels}:
        return "Its answer is none of the suite's choices."
    if bool(twin.context) != bool(item.context):
        return "It needs a passage of its own where its item has one, and none where it has none."
    return ""


def _texts(item: SuiteItem) -> tuple[str, ...]:
    return (item.question, item.context, item.answer, *item.choices)


def _is_personal(item: SuiteItem) -> bool:
    places = Placeholders()
    return any(redact(text, places).text != text for text in _texts(item))


def _same(item: SuiteItem, twin: SuiteItem) -> bool:
    """Whether a twin asks nearly the same as its item: the same question about nearly the same passage."""
    pairs = [(item.question, twin.question), *([(item.context, twin.context)] if item.context else [])]
    return all(merge_duplicates(pair) for pair in pairs)


def _copies(twins: Mapping[str, SuiteItem], others: Sequence[SuiteItem]) -> dict[str, str]:
    """By the item of each twin that is a near duplicate of an item or of a twin before it: why it goes."""
    every, of = [*others, *twins.values()], [*(each.id for each in others), *twins]
    groups: dict[int, list[int]] = {}
    for merge in merge_duplicates([f"{each.context}\n{each.question}".strip() for each in every]):
        groups.setdefault(merge.kept, [merge.kept]).append(merge.dropped)
    found: dict[str, str] = {}
    for group in groups.values():
        first, *more = sorted(group)
        reason = f"Asks nearly the same as {every[first].id}."
        found |= {of[place]: reason for place in more if place >= len(others)}
    return found


def _dropped(check: str, reason: str, item: SuiteItem) -> DroppedItem:
    return dropped(check, reason, replace(item, canary=""))
