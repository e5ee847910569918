"""Questions by rules alone: a sentence with a gap where one number, date, name or code stood. No model is needed.

They are poorer than questions that a person or a model writes, and cost nothing. With the passage beside it a cloze
question tests reading; without, whether a system finds the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from steelyard.records import DroppedItem, SuiteItem
from steelyard.scorers.ifeval.texts import language_of
from steelyard.scorers.reading.dates import dates_in
from steelyard.scorers.reading.grounding import holds_answer
from steelyard.suites.collected import Collected
from steelyard.suites.sources.passages import Passage
from steelyard.suites.sources.sentences import sentences
from steelyard.suites.writers.writer import Progress, Redact, as_it_is, collected_from, item_of

__all__ = ["GAP", "ClozeWriter"]

GAP: Final = "_____"
_Kind = Literal["date", "number", "name", "code"]
_MIN_SENTENCE: Final = 40  # characters
_MAX_SENTENCE: Final = 400
_MIN_REST: Final = 5  # words of a sentence beside the gap

_CODE: Final = re.compile(
    r"`([^`\n]{2,60})`"
    r"|\b([A-Za-z]+(?:_[A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z]{2,}[-_/]?[0-9]+(?:[-_/.][A-Z0-9]+)*"
    r"|--[a-z][a-z-]+[a-z]|(?:[a-z][a-z0-9_]*\.){1,4}[a-z][a-z0-9_]*\(\))(?![\w-])"
)
_MONTH: Final = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)"
)
_DATE: Final = re.compile(
    rf"\b(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{1,2}}\.[ ]?(?:[0-9]{{1,2}}\.[ ]?|{_MONTH}[ ])[0-9]{{4}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?[ ](?:of[ ])?{_MONTH}[ ][0-9]{{4}}|{_MONTH}[ ][0-9]{{1,2}},?[ ][0-9]{{4}})\b"
)
_NUMBER: Final = re.compile(
    r"(?<![\w.,/-])[0-9]{1,3}(?:[.,'’][0-9]{3})+(?:[.,][0-9]+)?(?![\w/-]|[.,][0-9])"
    r"|(?<![\w.,/-])[0-9]+(?:[.,][0-9]+)?(?![\w/-]|[.,][0-9])"
)
_ORDINAL: Final = re.compile(r"\.[ ]+(?:[a-zà-ÿ]|[A-ZÄÖÜ][a-zà-ÿ]+[ ][0-9])")  # of the text behind "3": "3. Mai 2019"
_NAME: Final = re.compile(r"[A-ZÄÖÜ][\w’'-]*[a-zà-ÿ][\w’'-]*(?:[ ][A-ZÄÖÜ][\w’'-]*[a-zà-ÿ][\w’'-]*){1,3}")
_WORDS: Final = re.compile(r"\w+")
# What begins with a capital and is no part of a name.
_NO_NAMES: Final = """
the a an this that these those in on at of for and but or if when while after before since because however
der die das den dem des ein eine einen einem einer im am zum zur von vom beim und oder wenn als nach vor seit weil
herr frau mr mrs ms sie er es wir ihr ihre ihren sein seine unser unsere dieser diese dieses jede jeder alle
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonntag
"""
_NOT_IN_NAMES: Final = frozenset(_NO_NAMES.split())
_ARTICLES: Final = "der die das den dem des ein eine einen einem einer eines im am zum zur vom beim ihre seine unsere"
_BEFORE_NOUNS: Final = frozenset(_ARTICLES.split())
_ASKED: Final = {
    "en": "What belongs in the gap? Answer with {what} alone.\n\n{sentence}",
    "de": "Was gehört in die Lücke? Antworte nur mit {what}.\n\n{sentence}",
}
_WHAT: Final = {
    "en": {"date": "the date", "number": "the number", "name": "the name", "code": "the code or term"},
    "de": {"date": "dem Datum", "number": "der Zahl", "name": "dem Namen", "code": "dem Code oder Begriff"},
}


@dataclass(frozen=True)
class _Gap:
    """What a question may leave out: its place in the page's text, within one sentence."""

    kind: _Kind
    start: int
    end: int
    sentence: tuple[int, int]


@dataclass(frozen=True)
class ClozeWriter:
    """Writes at most ``per_passage`` items a passage, one a sentence; the same ``seed`` gives the same ones.

    ``redact``, ``with_context`` and ``progress`` are as :class:`~steelyard.suites.writers.model.ModelWriter` has them.
    A sentence of which something is redacted is not asked.
    """

    per_passage: int = 3
    seed: str = "0"
    redact: Redact = as_it_is
    with_context: bool = True
    progress: Progress = field(default=lambda done, total: None)

    async def write(self, passages: Sequence[Passage]) -> Collected:
        """Write the items; calls no model."""
        items: list[SuiteItem] = []
        dropped: list[DroppedItem] = []
        for done, passage in enumerate(passages, 1):
            found, left_out = self._of_passage(passage)
            items += found
            dropped += left_out
            self.progress(done, len(passages))
        return collected_from(passages, items, dropped)

    def _of_passage(self, passage: Passage) -> tuple[list[SuiteItem], list[DroppedItem]]:
        sent = self.redact(passage)
        language = "de" if language_of(passage.text) == "de" else "en"
        chosen: dict[tuple[int, int], _Gap] = {}
        dropped: list[DroppedItem] = []
        for gap in sorted(_gaps(passage, language), key=lambda gap: self._draw(passage, gap)):
            if len(chosen) == self.per_passage:
                break
            if gap.sentence in chosen:
                continue
            fault = _fault(passage, gap, sent)
            if fault is None:
                chosen[gap.sentence] = gap
            else:
                dropped.append(DroppedItem(check=fault[0], reason=fault[1], item=_item(passage, gap, language, "")))
        if not chosen and not dropped:
            reason = "No sentence holds a number, date, name or code that could be left out."
            dropped.append(DroppedItem(check="nothing to ask", reason=reason, item=item_of(passage, "")))
        context = sent if self.with_context else ""
        return [_item(passage, chosen[place], language, context) for place in sorted(chosen)], dropped

    def _draw(self, passage: Passage, gap: _Gap) -> bytes:
        """A place in a random order that the seed and the text decide."""
        parts = (self.seed, passage.document.sha256, str(passage.place), str(gap.start), str(gap.end))
        return sha256("\n".join(parts).encode()).digest()


def _fault(passage: Passage, gap: _Gap, sent: str) -> tuple[str, str] | None:
    """Why a gap cannot be asked: the check that it fails, and a sentence."""
    page = passage.page_text
    answer = page[gap.start : gap.end]
    if page[gap.sentence[0] : gap.sentence[1]] not in sent:
        return "redacted", "The sentence holds what was replaced."
    around = f"{page[passage.start : gap.start]} \n\n {page[gap.end : passage.end]}"
    if holds_answer(around, answer):
        return "answer not unique", "The passage holds the answer more than once."
    if not holds_answer(page[gap.sentence[0] : gap.sentence[1]], answer):  # such as the first half of a name
        return "answer not in the span", "The sentence does not hold the answer as a whole."
    return None


def _item(passage: Passage, gap: _Gap, language: str, context: str) -> SuiteItem:
    page = passage.page_text
    sentence = f"{page[gap.sentence[0] : gap.start]}{GAP}{page[gap.end : gap.sentence[1]]}"
    question = _ASKED[language].replace("{what}", _WHAT[language][gap.kind]).replace("{sentence}", sentence)
    return item_of(passage, question, page[gap.start : gap.end], gap.sentence, context)


def _gaps(passage: Passage, language: str) -> Iterator[_Gap]:
    page = passage.page_text
    for start, end in sentences(page, passage.start, passage.end):
        sentence = page[start:end]
        if not _MIN_SENTENCE <= len(sentence) <= _MAX_SENTENCE or len(_WORDS.findall(sentence)) <= _MIN_REST:
            continue
        for kind, first, last in _found(sentence, language):
            rest = sentence[:first] + sentence[last:]
            if len(_WORDS.findall(rest)) >= _MIN_REST:
                yield _Gap(kind, start + first, start + last, (start, end))


def _found(sentence: str, language: str) -> Iterator[tuple[_Kind, int, int]]:
    """Dates, codes, numbers and names of a sentence; what is part of one is no other."""
    taken: list[tuple[int, int]] = []
    for kind, first, last in _in_order(sentence, language):
        if all(last <= start or first >= end for start, end in taken):
            taken.append((first, last))
            yield kind, first, last


def _in_order(sentence: str, language: str) -> Iterator[tuple[_Kind, int, int]]:
    for found in _DATE.finditer(sentence):
        if dates_in(found[0]):
            yield "date", found.start(), found.end()
    for found in _CODE.finditer(sentence):
        group = 1 if found[1] else 2
        yield "code", found.start(group), found.end(group)
    for found in _NUMBER.finditer(sentence):
        if not _ORDINAL.match(sentence, found.end()):
            yield "number", found.start(), found.end()
    for found in _NAME.finditer(sentence):
        yield from _name(found, language)


def _name(found: re.Match[str], language: str) -> Iterator[tuple[_Kind, int, int]]:
    """A run of capitalised words as a name, but not where it begins the sentence.

    In German every noun has a capital: behind an article the first word is one (*die Gründerin Maria Huber*).
    """
    if found.start() == 0:
        return
    words = list(re.finditer(r"[^ ]+", found[0]))
    if any(word[0].casefold() in _NOT_IN_NAMES for word in words):
        return
    if language == "de" and found.string[: found.start()].rstrip().rpartition(" ")[2].casefold() in _BEFORE_NOUNS:
        del words[0]
    if len(words) > 1:
        yield "name", found.start() + words[0].start(), found.end()
