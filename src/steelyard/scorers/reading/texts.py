"""Whether a text's final answer is the target: yes, no, or readable in two ways."""

from __future__ import annotations

import re
import unicodedata
from functools import partial

from steelyard.scorers.reading.dates import Date, dates_in, dates_of
from steelyard.scorers.reading.dress import comparable, strip_remark, undress
from steelyard.scorers.reading.emphasis import BOLD, stands_out
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.numbers import plain_number, sole_numbers
from steelyard.scorers.reading.parts import (
    CONTRAST,
    RETRACTED,
    SENTENCE_END,
    WORDS,
    first_sentence,
    goes_on,
    holds,
    read_with_own_part,
    without_tags,
)
from steelyard.scorers.reading.phrases import COPULAS, NUMBER_WORDS, TRUTH_WORDS, hedges
from steelyard.scorers.reading.rivals import has_rival, sole_block
from steelyard.scorers.reading.sentences import is_short_statement, is_statement, states
from steelyard.scorers.reading.statements import states_plainly
from steelyard.scorers.reading.times import is_time

__all__ = ["SHORT", "Reading", "holds", "line_reading", "text_reading"]

# True: the target; False: not; None: it can be read in two ways, or not at all.
Reading = bool | None

SHORT = 60
_OPENING_WORD = re.compile(
    r"\A(?:(?:sure|absolutely|indeed|certainly|so)[,!.]?\s+)?[*_]{0,3}(\w+)[*_]{0,3}(?:\s*[,.;:!。、，！—–-]|\Z)"
)
_COPULA_AT_END = re.compile(r"(?:です|でした|になります|である|だ)[。！]?\s*\Z")
_ABOUT = re.compile(r"\A(?:(?:approximately|approx\.?|about|around|roughly|ca\.?|etwa|environ)\s|[≈~])\s*")
_STRONG = re.compile(r"<(?:b|strong)>([^<>\n]{1,60})</", re.IGNORECASE)
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_READ_BEFORE_MARKS = re.compile(r"```|[])）][\s.*_]*\Z")  # a block, a remark behind all of the text
_EMPHASIS = re.compile(r"[*`]")
_JOINING = ("and", "und", "et", "y", "e", "the", "of")
_TURNS = re.compile(r"\W*(?:or|but|no|not|maybe|perhaps|possibly|oder|aber|ou|mais|pero)\b", re.IGNORECASE)
# "It is often confused with Sydney or Melbourne": names joined by "or" that are no second answer
_OR_BETWEEN_NAMES = re.compile(
    r"\b(?:confused|mistaken|compared|like|as|with|from|for|than)\b[^.!?]{0,60}?\b(?:or|not)\b"
)
_FULL = {"mt": "mount", "st": "saint", "ste": "sainte", "dr": "doctor", "jr": "junior", "sr": "senior"}
_AFTER_ANSWER = re.compile(
    r"\A(?![.,:/-][0-9])\s*(?:[,:.!?()（\-]|because\b|since\b|as\b|weil\b|da\b|denn\b|car\b|parce\b|です|。)"
)


def text_reading(text: str, target: str, *, anywhere: bool = False) -> Reading:
    """Read a text against a target text.

    The last marked answer counts. Where none is marked, the whole text, its first or last line, or the sentence that
    ends or begins with the target is the answer; then the target as a whole word is a second reading, in texts of at
    most 60 characters, or (``anywhere``) in any. With ``anywhere`` a short answer that may mean the target is open too,
    and plain sentences without *is*, and times of day, are read. What is right for another answer, too, is open.
    """
    wanted = comparable(target)
    if not text.strip() or not wanted:
        return None
    return read_with_own_part(text, False, lambda part, _: _text_reading(part, target, wanted, anywhere=anywhere))


def _text_reading(text: str, target: str, wanted: str, *, anywhere: bool) -> Reading:
    text = without_tags(text[-MAX_CHARACTERS:])
    reading = _reading(text, target, anywhere=anywhere)
    if not reading or (comparable(text) == wanted and not _EMPHASIS.search(text)):
        return reading
    if (_days(target) and dates_in(text)) or is_time(text, target):  # of these there is one in a text
        return reading
    marked = marked_answers(text)
    if marked and comparable(marked[-1].text) == wanted and not _READ_BEFORE_MARKS.search(text):
        return reading
    is_right = partial(_is_right, text, anywhere=anywhere)
    return None if has_rival(text, wanted, is_right, _are_same) else True


def _is_right(text: str, target: str, *, anywhere: bool) -> bool:
    return _reading(text, target, anywhere=anywhere) is True


def _are_same(one: str, other: str) -> bool:
    return _is_same(one, other) or _is_same(other, one)


def _reading(text: str, target: str, *, anywhere: bool) -> Reading:
    wanted = comparable(target)
    if _is_same(text, wanted) or _is_sole_block(text, wanted):
        return True
    days = _days(target)
    if days and (dates_in(text) or _holds_day(text, days)):
        return _date_reading(text, days)
    text = CONTRAST.sub(lambda found: found[0] if holds(comparable(found[0]), wanted) else "", text)
    if marked := marked_answers(text):
        return _content_reading(marked[-1].text, wanted, meaning=anywhere)
    if (said := _opening_truth(text)) is not None and _truth(wanted) is not None:
        rest = undress(text).partition(" ")[2]
        return None if RETRACTED.search(rest) and _names_other_truth(rest, said) else said == _truth(wanted)
    if stands_out(text, wanted) or _unmarked_is(text, wanted):
        return True
    if anywhere and (is_time(text, target) or states_plainly(text, target)):
        return True
    if not any(map(str.isalnum, wanted)) and wanted in re.sub(r"[\s`*]", "", text):
        return None
    if not (anywhere or len(text.strip()) <= SHORT or _points_at(text, wanted)):
        return False
    found = holds(_plain(comparable(text)), _plain(wanted))
    return None if found or _may_be_same(text, wanted, meaning=anywhere) else False


def line_reading(text: str, target: str) -> Reading:
    """Read a text that was cut off: only what more text could not have changed, otherwise None.

    That is a marked answer that is closed, and a first line of at most 60 characters that a line break closes.
    """
    wanted = comparable(target)
    if not wanted:
        return None
    text = text[-MAX_CHARACTERS:]
    if closed := [each for each in marked_answers(text) if each.closed]:
        content = closed[-1].text
        if goes_on(text[closed[-1].end :]):
            return None
        reading = _content_reading(content, wanted, meaning=False)
        if not reading or comparable(content) == wanted:
            return reading
        is_right = partial(_is_content, content)
        return None if has_rival(f"<answer>{content}</answer>", wanted, is_right, _are_same) else True
    first, line_break, rest = text.strip("\n ").partition("\n")
    if len(WORDS.findall(rest)) <= 3 or goes_on(rest):  # perhaps a second answer
        return None
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
    if "," in wanted or ";" in wanted:  # a list, however it is separated
        return _items(text) == _items(wanted)
    if wanted[:1].isdigit() and (exact := _ABOUT.sub("", found)) != found:
        return comparable(exact) == wanted
    bare = strip_remark(found)
    return bare != found and comparable(bare) == wanted and not hedges(found[len(bare) :])


def _days(target: str) -> frozenset[Date]:
    """The dates that a target can mean; without its century it may as well be a version: 1.2.10."""
    return (dates_of(comparable(target)) or dates_of(target)) if _YEAR.search(target) else frozenset()


def _holds_day(text: str, days: frozenset[Date]) -> bool:
    """Whether a text has the day's number, perhaps of a date without its year."""
    return any(re.search(rf"(?<![0-9])0?{day}(?![0-9])", text) for _, _, day in days)


def _date_reading(text: str, days: frozenset[Date]) -> Reading:
    """A text against a date: right where it names it alone, open where others too, or its day without the year."""
    found = dates_in(text)
    if not found:
        return None
    if all(each == days for each in found) and not hedges(text) and not RETRACTED.search(text):
        return True
    return None if any(each & days for each in found) else False


def _is_bare_list(content: str) -> bool:
    """Whether a marked answer is three short items or more, and nothing else: no item of it is its answer."""
    items = comparable(content).split(",")
    return len(items) > 2 and all(0 < len(WORDS.findall(item)) <= 2 for item in items)


def _names_other_truth(text: str, said: bool) -> bool:
    return any(_truth(word) is (not said) for word in re.findall(r"\w+", text.casefold()))


def _is_sole_block(text: str, wanted: str) -> bool:
    block = sole_block(text)
    return block is not None and _is_same(block, wanted)


def _points_at(text: str, wanted: str) -> bool:
    """Whether a long text, as some read it, has the target for its answer: in bold, or said of its subject."""
    if any(comparable(each) == wanted for each in BOLD.findall(text) + _STRONG.findall(text)):
        return True
    said = re.compile(rf"\b(?:is|are|was|by|ist|est|es)\s(?:the\s)?{re.escape(wanted)}(?!\w)")
    return any(states(each, wanted) or said.search(comparable(each)) for each in SENTENCE_END.split(text))


def _items(text: str) -> list[str]:
    return [word for word in WORDS.findall(comparable(text)) if word not in _JOINING]


def _may_be_same(text: str, wanted: str, *, meaning: bool) -> bool:
    """Whether a short answer that is not the target may mean it.

    It is the same without accents, the same number, or a date that can be the same day. With ``meaning`` also: its
    words are some of the target's, or the other way round ("Shakespeare"); its numbers are the target's, beside other
    words ("5 Euro" for "5 €"); it is a list in another order.
    """
    found = comparable(text)
    if len(found) > max(SHORT, 2 * len(wanted)):
        return False
    if _plain(found).replace(" ", "") == _plain(wanted).replace(" ", ""):
        return True
    digits = [re.sub(r"[^0-9]", "", each) for each in (found, wanted)]
    if (
        digits[0] == digits[1] and len(digits[0]) > 5 and not re.search(r"[^\W\d_]", found + wanted)
    ):  # a telephone number
        return True
    value = plain_number(wanted)
    values = {value, value / 100 if "%" in wanted else value} if value is not None else set()
    if any(values & {number.value, *number.others} for number in sole_numbers(text)):
        return True
    if not meaning:
        return False
    if "," in wanted or ";" in wanted:  # a list, in another order
        return sorted(_items(text)) == sorted(_items(wanted))
    said, meant = ({_FULL.get(word, word) for word in _items(each)} for each in (found, wanted))
    if said and meant and (said <= meant or meant <= said):
        return any(len(word) > 2 or word.isdigit() for word in said & meant)
    is_name = not re.search(r"[0-9]", wanted)  # "6 pounds" is not "5 pounds"
    if is_name and len(name := _items(wanted)) > 1 and len(name[-1]) > 3 and name[-1] in said:  # "W. Shakespeare"
        return True
    if _abbreviates(_items(text), _items(wanted)) or _abbreviates(_items(wanted), _items(text)):
        return True
    said, meant = ({str(NUMBER_WORDS.get(word, word)) for word in words} for words in (said, meant))
    numbers = [sorted(word.lstrip("0") for word in words if word.isdigit()) for words in (said, meant)]
    return bool(numbers[0]) and numbers[0] == numbers[1]


def _abbreviates(one: list[str], other: list[str]) -> bool:
    """Whether one word is the initials of others, perhaps not of all of them: *USA*, *MLK*."""
    return len(one) == 1 < len(other) and len(one[0]) > 1 and "".join(each[0] for each in other).startswith(one[0])


def _plain(text: str) -> str:
    """A comparable text without accents, umlauts written out, hyphens and the v of a version."""
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        text = text.replace(umlaut, letters)
    text = re.sub(r"\bv(?=[0-9])", "", text)
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def _truth(word: str) -> bool | None:
    return True if word in TRUTH_WORDS[0] else False if word in TRUTH_WORDS[1] else None


def _opening_truth(text: str) -> bool | None:
    """Whether a text opens with yes or no, closed by a mark: "No, it is not."."""
    opening = _OPENING_WORD.match(undress(text).casefold())
    return None if opening is None else _truth(opening[1])


def _content_reading(content: str, wanted: str, *, meaning: bool) -> Reading:
    """A marked answer to the end of its line."""
    if _is_same(content, wanted):
        return True
    content = _COPULA_AT_END.sub("", content)
    if _is_same(content, wanted) or _is_same(first_sentence(content), wanted):
        return True
    if len(SENTENCE_END.split(content.strip())) == 1 and states(content, wanted):
        return True
    found = comparable(content)
    truth, word = _truth(wanted), re.match(r"\w+", found)
    if truth is not None and word and (said := _truth(word.group())) is not None:
        verb, _, rest = found[word.end() :].strip().partition(" ")
        return None if verb in COPULAS and _names_other_truth(rest, said) else said == truth  # "yes is no"
    if _is_bare_list(content) and "," not in wanted:  # "apple, banana, cherry" may be "apple banana cherry"
        is_in_order = meaning and WORDS.findall(found) == WORDS.findall(wanted)
        return None if is_in_order or holds(found, wanted) else False
    if not holds(found, wanted):
        return None if _may_be_same(content, wanted, meaning=meaning) else False
    after = found[len(wanted) :]
    if found.startswith(wanted) and _AFTER_ANSWER.match(after) and not hedges(after) and not RETRACTED.search(after):
        return True
    return None


def _is_content(content: str, target: str) -> bool:
    return _content_reading(content, comparable(target), meaning=False) is True


def _unmarked_is(text: str, wanted: str) -> bool:
    """Whether a text that marks nothing plainly gives the target as its answer."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        if _are_listed(lines):
            return False
        if _is_same(lines[-1], wanted):
            return True
        if _is_same(lines[0], wanted) and not any(RETRACTED.search(line) for line in lines[1:]):
            return True
    sentences = [sentence for sentence in SENTENCE_END.split(text) if sentence.strip()]
    if not sentences:
        return False
    if len(sentences) == 2 and sentences[0].endswith("!") and len(sentences[0].split()) <= 2:  # "Sure! Paris."
        return _is_same(sentences[1], wanted) or states(sentences[1], wanted)
    is_first = comparable(sentences[-1]).startswith(wanted)
    if states(sentences[-1], wanted) and not (is_first and any(map(is_statement, sentences[:-1]))):
        return True
    if len(sentences) > 1 and (states(sentences[0], wanted) or _is_same(sentences[0], wanted)):
        rest = sentences[1:]
        if any(RETRACTED.search(each) or _TURNS.match(each) for each in rest) or is_short_statement(rest[-1]):
            return False
        return not any(hedges(_OR_BETWEEN_NAMES.sub(" ", sentence)) for sentence in sentences)
    return False


def _are_listed(lines: list[str]) -> bool:
    """Whether short lines stand side by side, none of which leads to another: two answers, or none."""
    short = [line for line in lines if len(WORDS.findall(line)) <= 3]
    if len(short) < len(lines) or any(line.rstrip(" *_").endswith((":", "!", ".", ",", "：")) for line in lines[:-1]):
        return False
    return len({comparable(line) for line in lines if WORDS.search(line)}) > 1
