"""Whether the final number of a text is the target: yes, no, or readable in two ways."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import partial

from steelyard.scorers.reading.bounds import excludes, without_contrasts
from steelyard.scorers.reading.dress import undress
from steelyard.scorers.reading.emphasis import BOLD
from steelyard.scorers.reading.frames import read_in_frame
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.numbers import Number, numbers_in, plain_number, sole_numbers
from steelyard.scorers.reading.parts import (
    AFTERWORD,
    RETRACTED,
    SENTENCE_END,
    WORDS,
    first_sentence,
    goes_on,
    read_with_own_part,
    without_tags,
)
from steelyard.scorers.reading.phrases import NUMBER_WORDS, hedges
from steelyard.scorers.reading.texts import SHORT, Reading
from steelyard.scorers.reading.workings import are_listed, checks_backwards, is_broken_down

__all__ = ["framed_number", "number_reading"]

_TOTALS = re.compile(r"\b(?:so|therefore|thus|hence|total|answer|altogether)\b", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")  # most often the whole of an answer, and read in one way alone
_FIRST = 300  # characters of a first line or sentence that are read
_LAST_LABEL = re.compile(r"\s*(?:a|ans)\s*[:=]", re.IGNORECASE)  # "A: 60" ends worked solutions
_LONG_WORD = re.compile(r"[^\W\d_]{2,}")
_CONCLUDES = re.compile(
    r"\b(?:so|therefore|thus|hence|gives|makes|leaves|equals|totals|means|is|are|also|folglich|daher|ergibt|sind|ist|donc"
    r"|alors|est|sont)\b"
)


_REMARK = re.compile(r"[(\[]([^()\[\]]*)[)\]]")


def framed_number(text: str, target: Fraction, *, settled_only: bool = False) -> Reading:
    """Read a text as :func:`number_reading`, and as :func:`~steelyard.scorers.reading.frames.read_in_frame`.

    "2 hours (120 minutes)" is open for 120.
    """
    if settled_only or _WHOLE_NUMBER.fullmatch(text):
        return number_reading(text, target, settled_only=settled_only)

    def read(text: str) -> Reading:
        reading = number_reading(text, target)
        if reading is False:
            said = marked[-1].text if (marked := marked_answers(text)) else text.rstrip().rpartition("\n")[2]
            remarks = [[each.value for each in numbers_in(remark)] for remark in _REMARK.findall(said)]
            return None if [target] in remarks else False
        return reading

    return read_in_frame(text, read, lambda text: any(each.value == target for each in numbers_in(text)))


def number_reading(text: str, target: Fraction, *, settled_only: bool = False) -> Reading:
    """Read a text against a number: the marked one, else the last one; None where several compete, or none is there.

    ``settled_only``: the text was cut off, so only a mark that is closed counts; otherwise None.
    """
    if not settled_only and _WHOLE_NUMBER.fullmatch(text):
        return int(text) == target
    return read_with_own_part(text, settled_only, partial(_number_reading, target))


def _number_reading(target: Fraction, text: str, settled_only: bool) -> Reading:
    text = without_contrasts(without_tags(text[-MAX_CHARACTERS:]), target)
    marked = [each for each in marked_answers(text) if sole_numbers(each.text)]
    hashes = [each for each in marked if text[: each.end].rstrip("\n").rpartition("\n")[2].lstrip().startswith("####")]
    if settled_only:
        closed = [each for each in hashes[:1] or marked if each.closed]
        last = closed[0 if hashes else -1] if closed else None
        is_open = last is None or (not hashes and goes_on(text[last.end :]))
        return None if last is None or is_open else _one_of(sole_numbers(last.text), target)
    if len(hashes) > 1:
        return _one_of([number for each in hashes for number in sole_numbers(each.text)], target)
    if marked:
        mark = hashes[0] if hashes else marked[-1]
        reading = _marked_number(first_sentence(mark.text), target)
        return None if reading is False and _ends_with(text[mark.end :], target) else reading
    return _unmarked_number(text, target)


def _marked_number(content: str, target: Fraction) -> Reading:
    reading = _not_excluded(_one_of(sole_numbers(content), target), content, target)
    before, equals, _ = content.partition("=")
    if reading is False and equals and [each.value for each in numbers_in(before)] == [target]:  # "18 = 10 + 8"
        return None
    return reading


def _ends_with(rest: str, target: Fraction) -> bool:
    """Whether the last number behind a mark is the target, as in "Step 1: The answer is 20 - 2. Step 2: That is 18".

    lm-eval's flexible-extract and Inspect read that one, whatever was marked before.
    """
    found = numbers_in(rest)
    return bool(found) and found[-1].value == target


def _one_of(numbers: list[Number], target: Fraction) -> Reading:
    """The target where all of the numbers have its value, not where none can have it, otherwise open."""
    if not numbers:
        return None
    if all(number.value == target for number in numbers):
        return True
    if len(numbers) == 2 and numbers[1].value and numbers[0].value / numbers[1].value == target:  # "3 out of 4"
        return None
    return None if any(number.value == target or target in number.others for number in numbers) else False


def _not_excluded(reading: Reading, text: str, target: Fraction) -> Reading:
    """Open where *not*, *less than* or a root stands right before the number of the text."""
    return None if reading and excludes(text, target) else reading


def _unmarked_number(text: str, target: Fraction) -> Reading:
    """The reading of a text, also without what stands behind its answer: a check, an explanation, a closing phrase."""
    if are_listed(text) or checks_backwards(text, target):
        return None if any(number.value == target for number in numbers_in(text)) else False
    if is_broken_down(text, target):
        return True
    reading, afterword = _last_number(text, target), AFTERWORD.search(text)
    line, _, rest = text.strip().partition("\n\n")
    is_bare = bool(rest) and plain_number(undress(line)) is not None and len(_LONG_WORD.findall(rest)) > 2
    before = line if is_bare else text[: afterword.start()] if afterword else ""
    if is_bare and reading is True and _last_number(line, target) is False:
        return None
    if not before.strip() or reading is True or _last_number(before, target) is not True:
        return None if reading is False and _stands_first(text, target) else reading
    is_settled = is_bare or (afterword is not None and not numbers_in(text[afterword.start() :]))
    after = text.strip()[len(before) :]
    return None if not is_settled or RETRACTED.search(after) or _TOTALS.search(after) else True


def _stands_first(text: str, target: Fraction) -> bool:
    """Whether a text that ends with another number gave the target before, as its answer.

    It is in bold and no other number is, or alone in the first line or the first sentence.
    """
    bold = [number for each in BOLD.findall(text[: 10 * _FIRST]) for number in numbers_in(each)]
    if bold and all(number.value == target for number in bold):
        return True
    lines = [line for line in text.split("\n") if line.strip()]
    sentences = [each for each in SENTENCE_END.split(text) if each.strip()]
    if not lines or _LAST_LABEL.match(lines[-1]):
        return False
    for each in dict.fromkeys((*lines[:1], *sentences[:1])):
        numbers = numbers_in(each[:_FIRST].partition("=")[0])  # "18 = 10 + 8"
        if numbers and all(number.value == target for number in numbers):
            return True
    return False


def _word_reading(text: str, target: Fraction) -> Reading:
    """A text without digits that has one number word: "There are three."."""
    words = {word for word in WORDS.findall(text.casefold()) if word in NUMBER_WORDS}
    return True if len(words) == 1 and NUMBER_WORDS[words.pop()] == target and not hedges(text) else None


def _last_number(text: str, target: Fraction) -> Reading:
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    bold = [each for each in BOLD.finditer(lines[-1]) if len(numbers_in(each[1])) == 1 and len(each[1].split()) <= 3]
    if bold and not bold[-1][1].endswith(":") and not numbers_in(lines[-1][bold[-1].end() :]):
        return _one_of(numbers_in(bold[-1][1]), target)
    found = sole_numbers(lines[-1] if len(lines) > 1 else text)
    if len(found) == 1:
        return _not_excluded(_one_of(found, target), lines[-1], target)
    sentences = [each for each in SENTENCE_END.split(undress(text)) if numbers_in(each) or sole_numbers(each)]
    if not sentences:
        return _word_reading(text, target)
    last = sole_numbers(sentences[-1]) or numbers_in(sentences[-1])
    short = numbers_in(text) if len(text.strip()) <= SHORT else []
    if last[-1].value == target and _concludes_with_one(sentences[-1]):
        return _not_excluded(True, sentences[-1], target)
    return _one_of(short if len(short) > len(last) else last, target)


def _concludes_with_one(sentence: str) -> bool:
    """Whether a sentence has one number alone behind its last "so", "gives" or "is"."""
    clauses = [clause for clause in _CONCLUDES.split(sentence) if numbers_in(clause)]
    return len(clauses) > 1 and len(sole_numbers(clauses[-1])) == 1
