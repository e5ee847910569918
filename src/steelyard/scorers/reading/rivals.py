"""The other answers that a text could be read to give, so that no text is right for two targets.

A text that was read as right for a target is read again for each other candidate that it holds. They are taken from the
text alone, from every place where the rules of :mod:`~steelyard.scorers.reading.texts` look for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from steelyard.scorers.reading.dates import dates_of
from steelyard.scorers.reading.dress import comparable, strip_remark
from steelyard.scorers.reading.emphasis import BOLD, CODE
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.numbers import plain_number
from steelyard.scorers.reading.parts import CONTRAST, SENTENCE_END, WORDS, first_sentence, holds
from steelyard.scorers.reading.phrases import NUMBER_WORDS, TRUTH_WORDS, hedges
from steelyard.scorers.reading.sentences import ends_in_verb, is_described, stated_parts
from steelyard.scorers.reading.statements import OPENER, plain_answers
from steelyard.scorers.reading.times import time_of

__all__ = ["MAX_CANDIDATES", "candidates", "has_rival", "sole_block"]

MAX_CANDIDATES: Final = 60
_FENCED = re.compile(r"^```[^\n`]*\n(.*?)\n?```", re.DOTALL | re.MULTILINE)
_EXPONENT = re.compile(r"[0-9.,]+ ?e[0-9]+")
_COPULA_AT_END = re.compile(r"(?:です|でした|になります|である|だ)[。！]?\s*\Z")
_CLOSED = re.compile(r"\A(.{1,200}?)(?=\s*[,:.!?()（\-。]|\s(?:because|since|as|weil|da|denn|car|parce)\b|です)")
_TRUTHS: Final = TRUTH_WORDS[0] | TRUTH_WORDS[1]


def has_rival(text: str, wanted: str, is_right: Callable[[str], bool], is_same: Callable[[str, str], bool]) -> bool:
    """Whether a text that is right for ``wanted``, a comparable form, is right for another candidate in it, too.

    ``is_right`` says whether the text is right for a candidate, ``is_same`` whether a text is an answer and no more.
    Candidates are no rivals where one holds the other (*Paris*, *Paris, France*), where they are of another kind (a
    number, a date), or where they only describe ("It is Paris. It is known for its museums.").
    """
    ranks = candidates(text)
    own, kind = ranks.get(wanted, _rank(wanted)), _kind(wanted)
    rivals = [
        each
        for each, rank in ranks.items()
        if rank <= own and _kind(each) == kind and _differ(each, wanted) and not is_same(each, wanted)
    ]
    return len(rivals) > MAX_CANDIDATES or any(map(is_right, rivals))


def candidates(text: str) -> dict[str, int]:
    """The comparable forms of what a text may give as its answer, each with its rank: of several, the lowest counts.

    A word for yes or no is 0, and so are the only fenced block and what a plain sentence says; a name 1; a description
    (*the capital of France*) 2; a greeting 3. Where one form has several writings, the highest rank is its own.
    """
    ranks: dict[str, int] = {}
    for piece in _pieces(text):
        if form := comparable(piece):
            ranks[form] = max(ranks.get(form, 0), _rank(piece))
    block = sole_block(text)
    for piece in (*plain_answers(text), *([] if block is None else _alone(block))):
        ranks[comparable(piece)] = 0
    ranks.pop("", None)
    return ranks


def sole_block(text: str) -> str | None:
    """The only fenced block of a text, which a colon may lead to; None where there is none, or several."""
    blocks = list(_FENCED.finditer(text))
    if len(blocks) != 1:
        return None
    before = text[: blocks[0].start()].strip(" *_\n")
    return blocks[0][1] if not before or before.endswith((":", "：")) else None


def _pieces(text: str) -> Iterator[str]:
    yield from _alone(text)
    without = CONTRAST.sub("", text)
    for each in (text,) if without == text else (text, without):
        if marked := marked_answers(each):
            yield from _of_content(marked[-1].text)
        else:
            yield from _unmarked(each)


def _alone(piece: str) -> Iterator[str]:
    yield piece
    if (bare := strip_remark(comparable(piece))) != piece:
        yield bare


def _of_content(content: str) -> Iterator[str]:
    for each in dict.fromkeys((content, _COPULA_AT_END.sub("", content), first_sentence(content))):
        yield from _alone(each)
    if closed := _CLOSED.match(comparable(content)):
        yield closed[1]
    yield from _opening_truth(content)
    yield from stated_parts(content)


def _unmarked(text: str) -> Iterator[str]:
    for pattern in (BOLD, CODE):
        spans = pattern.findall(text)
        if len(spans) == 1:
            yield spans[0]
    yield from _opening_truth(text)
    lines = [line for line in text.split("\n") if line.strip()]
    for line in dict.fromkeys((*lines[:1], *lines[-1:])):
        yield from _alone(line)
    sentences = [each for each in SENTENCE_END.split(text) if each.strip()]
    for sentence in dict.fromkeys((*sentences[:2], *sentences[-1:])):
        yield from _alone(sentence)
        yield from stated_parts(sentence)


def _opening_truth(text: str) -> Iterator[str]:
    first = WORDS.search(text)
    if first is not None and first.group().casefold() in _TRUTHS:
        yield first.group()


def _rank(piece: str) -> int:
    if comparable(piece) in _TRUTHS:
        return 0
    leads = OPENER.fullmatch(piece.strip()) or ends_in_verb(piece)
    return 3 if leads else 2 if is_described(piece) else 1


def _kind(form: str) -> str:
    if time_of(form) is not None:
        return "time"
    if plain_number(form) is not None or form in NUMBER_WORDS or _EXPONENT.fullmatch(form):
        return "number"
    return "date" if dates_of(form) else "text"


def _differ(one: str, other: str) -> bool:
    """Whether two forms of one kind are two answers: no one truth, number or time, and neither holds the other."""
    if any(one in words and other in words for words in TRUTH_WORDS):
        return False
    values = [NUMBER_WORDS.get(each, plain_number(each)) for each in (one, other)]
    minutes = [time_of(each) for each in (one, other)]
    if values != [None, None] or minutes != [None, None]:
        return values[0] != values[1] or minutes[0] != minutes[1]
    if "," in one and "," in other:  # two lists
        return True
    short, long = sorted((one, other), key=len)
    return not holds(long, short) or (long.endswith(short) and hedges(long.removesuffix(short)))
