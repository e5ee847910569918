"""Whether a text's final answer is the target: yes, no, or readable in two ways."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from steelyard.scorers.reading.dates import dates_of
from steelyard.scorers.reading.dress import comparable, strip_remark, undress
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.numbers import Number, numbers_in, sole_numbers
from steelyard.scorers.reading.phrases import COPULAS, TRUTH_WORDS, hedges

__all__ = ["SHORT", "Reading", "holds", "line_reading", "number_reading", "text_reading"]

# True: the target; False: not; None: it can be read in two ways, or not at all.
Reading = bool | None

SHORT = 60
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
_BOLD = re.compile(r"\*\*([^*\n]{1,60})\*\*")
_CONTINUED = ("\nQuestion:", "\nQ:")
_OPENING_WORD = re.compile(r"\A(\w+)(?:\s*[,.;:!。、—–-]|\Z)")
_RETRACTED = re.compile(
    r"\b(?:wait|actually|correction|oops|sorry|instead|rather|no[,:]|nein|doch|eigentlich|falsch|pardon|en fait|non)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+")
_JOINING = ("and", "und", "et", "y", "e", "the", "of")
_FULL = {"mt": "mount", "st": "saint", "ste": "sainte", "dr": "doctor"}
_AFTER_ANSWER = re.compile(r"\A\s*(?:[,;:.!?()（\-]|because\b|since\b|as\b|weil\b|da\b|denn\b|car\b|parce\b|です|。)")
_EXCLUDED = re.compile(r"\b(?:not|never|nicht|keine?|pas|no)[ ]+[$€£*(]{0,3}[-−]?[0-9]", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:so|therefore|thus|hence|gives|makes|leaves|equals|totals|means|is|are|also|folglich|daher|ergibt|sind|ist|donc"
    r"|alors|est|sont)\b"
)


def text_reading(text: str, target: str, *, anywhere: bool = False) -> Reading:
    """Read a text against a target text.

    The last marked answer counts. Where none is marked, the whole text, its first or last line, or the sentence that
    ends or begins with the target is the answer; then the target as a whole word is a second reading, in texts of at
    most 60 characters, or (``anywhere``) in any.
    """
    wanted = comparable(target)
    if not text.strip() or not wanted:
        return None
    text = text[-MAX_CHARACTERS:]
    if _is_same(text, wanted):
        return True
    if marked := marked_answers(text):
        return _content_reading(marked[-1].text, wanted)
    if (said := _opening_truth(text)) is not None and _truth(wanted) is not None:
        return said == _truth(wanted)
    if _unmarked_is(text, wanted):
        return True
    if not (anywhere or len(text.strip()) <= SHORT):
        return False
    return None if holds(comparable(text), wanted) or _may_be_same(text, wanted) else False


def number_reading(text: str, target: Fraction, *, settled_only: bool = False) -> Reading:
    """Read a text against a number: the marked one, else the last one; None where several compete, or none is there.

    ``settled_only``: the text was cut off, so only a mark that is closed counts; otherwise None.
    """
    for delimiter in _CONTINUED:  # the model continues by itself
        text = text.partition(delimiter)[0]
    text = text[-MAX_CHARACTERS:]
    marked = [each for each in marked_answers(text) if sole_numbers(each.text)]
    hashes = [each for each in marked if text[: each.end].rstrip("\n").rpartition("\n")[2].lstrip().startswith("####")]
    if settled_only:
        closed = [each for each in hashes[:1] or marked if each.closed]
        return _one_of(sole_numbers(closed[0 if hashes else -1].text), target) if closed else None
    if len(hashes) > 1:
        return _one_of([number for each in hashes for number in sole_numbers(each.text)], target)
    if marked:
        content = (hashes[0] if hashes else marked[-1]).text
        return _not_excluded(_one_of(sole_numbers(content), target), content)
    return _unmarked_number(text, target)


def line_reading(text: str, target: str) -> Reading:
    """Read a text that was cut off: only what more text could not have changed, otherwise None.

    That is a marked answer that is closed, and a first line of at most 60 characters that a line break closes.
    """
    wanted = comparable(target)
    if closed := [each for each in marked_answers(text) if each.closed]:
        return _content_reading(closed[-1].text, wanted)
    first, line_break, _ = text.strip("\n ").partition("\n")
    if line_break and 0 < len(first.strip()) <= SHORT and _is_same(first, wanted):
        return True
    return None


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_same(text: str, wanted: str) -> bool:
    if len(text) > 4 * len(wanted) + 400:
        return False
    found = comparable(text)
    if found == wanted or _truth(found) == _truth(wanted) is not None:
        return True
    if dates_of(found) and dates_of(found) == dates_of(wanted):
        return True
    if "," in wanted or ";" in wanted:  # a list, however it is separated
        return _items(text) == _items(wanted)
    bare = strip_remark(found)
    return bare != found and comparable(bare) == wanted and not hedges(found[len(bare) :])


def _items(text: str) -> list[str]:
    return [word for word in _WORDS.findall(comparable(text)) if word not in _JOINING]


def _may_be_same(text: str, wanted: str) -> bool:
    """Whether a short answer that is not the target may mean it.

    Its words are some of the target's, or the other way round ("Shakespeare"); its numbers are the target's, beside
    other words ("5 Euro" for "5 €"); it is the same without accents; or it is a date that can be the same day.
    """
    found = comparable(text)
    if len(found) > max(SHORT, 2 * len(wanted)):
        return False
    if _unaccented(found) == _unaccented(wanted) or dates_of(found) & dates_of(wanted):
        return True
    said, meant = ({_FULL.get(word, word) for word in _items(each)} for each in (found, wanted))
    if said and meant and (said <= meant or meant <= said):
        return any(len(word) > 2 or word.isdigit() for word in said & meant)
    numbers = [sorted(word.lstrip("0") for word in words if word.isdigit()) for words in (said, meant)]
    return bool(numbers[0]) and numbers[0] == numbers[1]


def _unaccented(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def _truth(word: str) -> bool | None:
    return True if word in TRUTH_WORDS[0] else False if word in TRUTH_WORDS[1] else None


def _opening_truth(text: str) -> bool | None:
    """Whether a text opens with yes or no, closed by a mark: "No, it is not."."""
    opening = _OPENING_WORD.match(undress(text).casefold())
    return None if opening is None else _truth(opening[1])


def _content_reading(content: str, wanted: str) -> Reading:
    """A marked answer to the end of its line."""
    if _is_same(content, wanted):
        return True
    found = comparable(content)
    truth, word = _truth(wanted), re.match(r"\w+", found)
    if truth is not None and word and (said := _truth(word.group())) is not None:
        return said == truth
    if not holds(found, wanted):
        return None if _may_be_same(content, wanted) else False
    if found.startswith(wanted) and not hedges(found[len(wanted) :]) and _AFTER_ANSWER.match(found[len(wanted) :]):
        return True
    return None


def _unmarked_is(text: str, wanted: str) -> bool:
    """Whether a text that marks nothing plainly gives the target as its answer."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        if _is_same(lines[-1], wanted):
            return True
        if _is_same(lines[0], wanted) and not any(_RETRACTED.search(line) for line in lines[1:]):
            return True
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    if not sentences:
        return False
    if _states(sentences[-1], wanted):
        return True
    if len(sentences) > 1 and (_states(sentences[0], wanted) or _is_same(sentences[0], wanted)):
        return not any(hedges(sentence) for sentence in sentences) and not _short_statement(sentences[-1])
    return False


def _states(sentence: str, wanted: str) -> bool:
    """Whether a sentence says that its subject is the target: "… is Paris." or "Paris is …", without a hedge."""
    said = comparable(sentence)
    bare = strip_remark(said)
    if hedges(said.replace(wanted, " ")):
        return False
    for found in (said, bare):
        before = found.removesuffix(wanted)
        if before != found and (words := re.findall(r"[^\s\w]+|[\w']+", before)):
            if words[-1].endswith(("'s", "’s")) or words[-1] in COPULAS or before.rstrip()[-1:] in (":", "=", "→"):
                return True
            if " ".join(words[-2:]) in ("is the", "is a", "is an", "ist die", "ist der", "ist das", "est la", "est le"):
                return True
        after = found.removeprefix(wanted)
        if after != found and (words := re.findall(r"[\w']+", after)) and words[0] in COPULAS and after[:1].isspace():
            return True
        if found == wanted + "です" or found.endswith(("は" + wanted, "は" + wanted + "です")):
            return True
    return False


def _short_statement(sentence: str) -> bool:
    """Whether a sentence is so short ("It is Paris.") that it may be the answer itself."""
    words = re.findall(r"[\w']+", sentence)
    return len(words) <= 5 and any(word.casefold() in COPULAS or word.casefold() == "it's" for word in words)


def holds(text: str, wanted: str) -> bool:
    """Whether ``wanted`` occurs in a text, not as a part of a longer word or number."""
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        cut_before = start > 0 and _joins(text[start - 1], wanted[0])
        cut_after = end < len(text) and _joins(wanted[-1], text[end])
        if not cut_before and not cut_after:
            return True
        start = text.find(wanted, start + 1)
    return False


def _joins(one: str, other: str) -> bool:
    """Whether two neighbouring characters belong to one word; scripts without spaces join nothing."""
    return one.isalnum() and other.isalnum() and ord(one) < 0x2E80 and ord(other) < 0x2E80


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _one_of(numbers: list[Number], target: Fraction) -> Reading:
    """The target where all of the numbers have its value, not where none can have it, otherwise open."""
    if not numbers:
        return None
    if all(number.value == target for number in numbers):
        return True
    return None if any(number.value == target or target in number.others for number in numbers) else False


def _not_excluded(reading: Reading, text: str) -> Reading:
    """Open where *not* stands right before a number of the text."""
    return None if reading and _EXCLUDED.search(text) else reading


def _unmarked_number(text: str, target: Fraction) -> Reading:
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    bold = [each for each in _BOLD.finditer(lines[-1]) if len(numbers_in(each[1])) == 1 and len(each[1].split()) <= 3]
    if bold and not bold[-1][1].endswith(":") and not numbers_in(lines[-1][bold[-1].end() :]):
        return _one_of(numbers_in(bold[-1][1]), target)
    found = sole_numbers(lines[-1] if len(lines) > 1 else text)
    if len(found) == 1:
        return _not_excluded(_one_of(found, target), lines[-1])
    sentences = [each for each in _SENTENCE_END.split(undress(text)) if numbers_in(each) or sole_numbers(each)]
    if not sentences:
        return None
    last = sole_numbers(sentences[-1]) or numbers_in(sentences[-1])
    short = numbers_in(text) if len(text.strip()) <= SHORT else []
    if last[-1].value == target and _concludes_with_one(sentences[-1]):
        return True
    return _one_of([*last, *short], target)


def _concludes_with_one(sentence: str) -> bool:
    """Whether a sentence has one number alone behind its last "so", "gives" or "is"."""
    clauses = [clause for clause in _CONCLUDES.split(sentence) if numbers_in(clause)]
    return len(clauses) > 1 and len(sole_numbers(clauses[-1])) == 1
