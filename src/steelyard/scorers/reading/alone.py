r"""Whether a short answer says the target alone, in other dress than a strict rule reads: *In 2010*, ``45\%``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from steelyard.scorers.reading.bounds import excludes
from steelyard.scorers.reading.numbers import Number, sole_numbers
from steelyard.scorers.reading.parts import RETRACTED
from steelyard.scorers.reading.phrases import NUMBER_WORDS, TRUTH_WORDS, hedges

__all__ = ["names_alone", "plain_line", "sole_values"]

MAX_CHARACTERS: Final = 300
_ELEMENT: Final = re.compile(r"<(\w{1,20})>([^<>]*)</\1>")
_LATEX: Final = re.compile(
    r"\\(?:boxed|fbox|text\w{0,6}|math\w{0,6}|operatorname|displaystyle|left|right)\b|\\[()\[\]]"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_RATIO: Final = re.compile(r"[0-9]\s*[:/]\s*[0-9]")
_TEN: Final = frozenset(Fraction(10) ** power for power in range(-9, 10))  # what a scale, % or a separator stands for
# Words that name nothing, and what a chart's parts are called: beside them an answer is still alone.
_PLAIN_WORDS: Final = """
    the a an it its it's this that these those there they is was are were be been has had have in on at of by for from
    to with during as among since which who so thus therefore hence answer final about around approximately roughly
    nearly almost only just
"""
_PART_WORDS: Final = """
    line lines bar bars color colour colors colours segment segments section sections slice slices category categories
    group groups country countries year years region regions state states party column columns row rows series label
    chart graph value values people percent
"""
_PLAIN: Final = frozenset(_PLAIN_WORDS.split())
_NO_NAMES: Final = _PLAIN | frozenset(_PART_WORDS.split())
_COMPARES: Final = re.compile(
    r"\b(?:than|versus|vs|over|above|below|under|compared|like|unlike|before|after|between|both|all|none)\b", re.I
)
_JOINED_BEFORE: Final = re.compile(r"(?:\b(?:and|und|et|y|e)\s+(?:the\s+)?|[&/;+|-]\s*)\Z", re.IGNORECASE)
_JOINED_AFTER: Final = re.compile(r"\s*(?:(?:and|und|et|y|e)\b|[&/;+|])|-", re.IGNORECASE)
_GOES_ON: Final = re.compile(
    r"\s*,(?!\s*(?:with|at|which|who|since|because|as|it|is|has|had|in|by|where|for|reaching)\b)", re.IGNORECASE
)
_PLACED: Final = re.compile(r"(?:in|among|for|during|by|from|across|of|on|at)\b[^,]*,\s*", re.IGNORECASE)


def plain_line(line: str) -> str:
    r"""A line without the commands, dollars and braces of LaTeX, Markdown, quotes, and angle brackets.

    Empty where it is longer than 300 characters: that is no short answer.
    """
    text = _ELEMENT.sub(r" \2 ", line if len(line) <= MAX_CHARACTERS else "")
    text = text.replace("{,}", ",").replace("\\,", " ").replace("\\ ", " ").replace("\\%", "%").replace("\\$", "$")
    return " ".join(re.sub(r"[{}\"<>*_`\\]|(?<!\S)\$|\$(?!\S)", " ", _LATEX.sub(" ", text)).split())


def sole_values(line: str) -> frozenset[Fraction]:
    """The values that the one number of a line can have, with and without its scale or per cent; none for two numbers.

    ``line`` is plain. A number that is excluded, bounded or hedged is none, nor is one of a ratio. A number word counts
    where the line begins with it.
    """
    if hedges(line) or RETRACTED.search(line) or _RATIO.search(line):
        return frozenset()
    numbers = sole_numbers(line) if any(map(str.isdigit, line)) else _of_words(line)
    if len(numbers) != 1 or excludes(line, numbers[0].value):
        return frozenset()
    value = numbers[0].value
    return frozenset({value, *(other for other in numbers[0].others if value and other / value in _TEN)})


def _of_words(line: str) -> list[Number]:
    words = [word.casefold() for word in _WORD.findall(line)]
    found = [word for word in words if word in NUMBER_WORDS]
    return [Number(Fraction(NUMBER_WORDS[found[0]]))] if len(found) == 1 and words[0] == found[0] else []


def names_alone(line: str, target: str) -> bool:
    """Whether a plain line names a target that is no number, and nothing beside it that may be another answer.

    Beside it may stand words in small letters that neither compare, join nor take back. A word before it that may
    belong to it makes it another name: *light blue* is not *blue*. Yes and no count at the beginning alone.
    """
    if target[:1] == "[" and target[-1:] == "]":  # a list: its items, in any order
        return _items(line) == _items(target)
    lowered, wanted = line.casefold(), " ".join(target.casefold().split())
    if len(wanted) < 2 or len(lowered) != len(line):
        return False
    if (truths := next((words for words in TRUTH_WORDS if wanted in words), None)) is not None:
        words = [word.casefold() for word in _WORD.findall(line)]
        others = (TRUTH_WORDS[0] | TRUTH_WORDS[1]) - truths
        return bool(words) and words[0] in truths and not others & set(words) and " or " not in f" {lowered} "
    places = [found.span() for found in re.finditer(rf"(?<!\w){re.escape(wanted)}(?!\w)", lowered)]
    if len(places) != 1:
        return False
    before, after = line[: places[0][0]], line[places[0][1] :]
    rest = f"{before} ; {after}"
    if hedges(rest) or RETRACTED.search(rest) or _COMPARES.search(rest):
        return False
    if any(map(str.isdigit, wanted)) and any(map(str.isdigit, rest)):
        return False
    if _JOINED_BEFORE.search(before) or _JOINED_AFTER.match(after) or _GOES_ON.match(after):
        return False
    return _is_free(before) and not any(_is_name(word) for word in _WORD.findall(rest))


def _items(text: str) -> list[str]:
    """The items of a list in brackets or without, sorted: *Germany and France* has two."""
    items = re.split(r"[,;]|\band\b|&", text.casefold().strip("[] ."))
    return sorted(item.strip(" '\".") for item in items if item.strip(" '\"."))


def _is_free(before: str) -> bool:
    """Whether what stands before a name is no part of it: nothing, a mark, or a word that names nothing."""
    last = re.search(r"([^\W\d_]+(?:['’][^\W\d_]+)*|\S)\s*\Z", before)
    return last is None or last[1] in ":=(" or _PLACED.fullmatch(before) is not None or last[1].casefold() in _PLAIN


def _is_name(word: str) -> bool:
    return word[0].isupper() and word.casefold() not in _NO_NAMES
