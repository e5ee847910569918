"""IFEval's 25 verifiable instructions, each one small function of a text and the instruction's own arguments.

They follow google-research/instruction_following_eval (``instructions.py``), quirks included: a bullet alone on its
line takes the next line with it, ``**bold**`` is looked for by two patterns, a text without letters is in any language.
Where they differ:

- Section markers and postscripts are plain text; the original puts them into regular expressions as they stand.
- ``keywords:letter_frequency`` counts the character that the row names. The original replaces anything but an English
  letter (the data set asks for ``#`` and ``!``) by a letter drawn at random.
- An argument that is missing is an :class:`ArgumentMissing`. The original draws one at random.
- Sentences, words in capitals and languages are counted without nltk and langdetect: see ``texts.py``.

A check gives None where the original's own versions say different things: the pattern that a keyword such as *C++* is,
or its plain text; words as ``re`` or as ``regex`` finds them, which nltk uses from 3.10 on.

Every check takes time linear in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from steelyard.errors import InputError
from steelyard.scorers.ifeval.texts import (
    capital_words,
    count_joined_words,
    count_sentences,
    count_words,
    language_of,
)
from steelyard.util.foreign_pattern import ForeignPattern, compiled

__all__ = ["INSTRUCTIONS", "ArgumentMissing", "Arguments", "Check"]

CONSTRAINED_RESPONSES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
FENCES = ("```json", "```Json", "```JSON", "```")


class ArgumentMissing(ValueError):
    """The row names an instruction without an argument that it needs, or with one of another kind."""


class Arguments:
    """One entry of a row's ``kwargs``: the hub's table gives every key of every instruction, most of them null."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, key: str) -> str:
        """A text that is not empty, trimmed."""
        value = self._values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ArgumentMissing(f"{key} is not a text")
        return value.strip()

    def texts(self, key: str) -> list[str]:
        """Texts, at least one."""
        value = self._values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(part, str) and part for part in value):
            raise ArgumentMissing(f"{key} is not a list of texts")
        return value

    def number(self, key: str) -> int:
        """A whole number from 0 (a table's column of floats holds it as 3.0)."""
        value = self._values.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or value < 0:
            raise ArgumentMissing(f"{key} is not a whole number")
        return value

    def compares(self, found: int, relation_key: str, number_key: str) -> bool:
        """Whether a count is ``less than`` or ``at least`` the number asked for."""
        relation, number = self._values.get(relation_key), self.number(number_key)
        if relation not in ("less than", "at least"):
            raise ArgumentMissing(f"{relation_key} is neither 'less than' nor 'at least'")
        return found < number if relation == "less than" else found >= number


Check = Callable[[str, Arguments], bool | None]

_POSSESSIVE = re.compile(r"(?<=[+*?}])\+")  # "C++" is an error before Python 3.11, and one or more of C since
_FOUND = "\0"


def _agreed(*readings: bool) -> bool | None:
    """What all readings say; None where they differ."""
    return readings[0] if len(set(readings)) == 1 else None


def _pattern(keyword: str, around: str = "") -> ForeignPattern | None:
    """The pattern that a keyword is in the original; None where it is plain text, or no pattern."""
    if re.escape(keyword).replace("\\ ", " ").replace("\\-", "-") == keyword:
        return None
    try:
        return compiled(f"(?i){around}{_POSSESSIVE.sub('', keyword)}{around}")
    except InputError:
        return None


# ── words and letters ───────────────────────────────────────────────────────────────────────────────────────────────


def keyword_existence(text: str, arguments: Arguments) -> bool | None:
    """Every keyword occurs, even inside a longer word."""
    found = [_found(keyword, text) for keyword in arguments.texts("keywords")]
    return None if None in found and False not in found else all(found)


def keyword_frequency(text: str, arguments: Arguments) -> bool | None:
    """The keyword occurs less than, or at least, so many times; inside longer words too."""
    keyword = arguments.text("keyword")
    counts = [len(re.findall(re.escape(keyword), text, re.IGNORECASE))]
    if (pattern := _pattern(keyword)) is not None:
        try:
            counts.append(pattern.replace(text.replace(_FOUND, ""), _FOUND).count(_FOUND))
        except InputError:  # it may be empty, or is found too often
            return None
    return _agreed(*(arguments.compares(count, "relation", "frequency") for count in counts))


def forbidden_words(text: str, arguments: Arguments) -> bool | None:
    """None of the words occurs as a whole word."""
    found = [_found(word, text, around=r"\b") for word in arguments.texts("forbidden_words")]
    return None if None in found and True not in found else not any(found)


def letter_frequency(text: str, arguments: Arguments) -> bool:
    """The letter, small or capital, occurs less than, or at least, so many times."""
    return arguments.compares(text.lower().count(arguments.text("letter").lower()), "let_relation", "let_frequency")


def response_language(text: str, arguments: Arguments) -> bool:
    """The text is in the language; one without letters passes, as in the original."""
    return language_of(text) in ("", arguments.text("language").partition("-")[0])


def _found(keyword: str, text: str, around: str = "") -> bool | None:
    """Whether a keyword occurs; None where it does as plain text alone, or as a pattern alone."""
    plain = re.search(f"{around}{re.escape(keyword)}{around}", text, re.IGNORECASE) is not None
    pattern = _pattern(keyword, around)
    return plain if pattern is None else _agreed(plain, pattern.first(text) is not None)


# ── lengths ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def number_sentences(text: str, arguments: Arguments) -> bool:
    """Less than, or at least, so many sentences."""
    return arguments.compares(count_sentences(text), "relation", "num_sentences")


def number_words(text: str, arguments: Arguments) -> bool | None:
    """Less than, or at least, so many words."""
    counts = (count_words(text), count_joined_words(text))
    return _agreed(*(arguments.compares(count, "relation", "num_words") for count in counts))


def number_paragraphs(text: str, arguments: Arguments) -> bool:
    """Exactly so many paragraphs between dividers ``***``; only the first and the last part may be empty."""
    parts = [part.strip() for part in re.split(r"\s?\*\*\*\s?", text)]
    if not all(parts[1:-1]):
        return False
    return sum(map(bool, parts)) == arguments.number("num_paragraphs")


def nth_paragraph_first_word(text: str, arguments: Arguments) -> bool:
    """Exactly so many paragraphs between empty lines, and the n-th begins with the word, up to its punctuation."""
    wanted, place = arguments.number("num_paragraphs"), arguments.number("nth_paragraph")
    if not 1 <= place <= wanted:
        raise ArgumentMissing("nth_paragraph is none of the paragraphs")
    first = arguments.text("first_word").lower()
    paragraphs = text.split("\n\n")
    count = sum(bool(paragraph.strip()) for paragraph in paragraphs)
    if place > count:
        return False
    words = paragraphs[place - 1].split(maxsplit=1)  # the original counts empty ones up to the n-th
    if not words:
        return False
    word = re.split("[.,?!'\"]", words[0].lstrip("'").lstrip('"'), maxsplit=1)[0]
    return count == wanted and word.lower() == first


# ── content and format ──────────────────────────────────────────────────────────────────────────────────────────────


def number_placeholders(text: str, arguments: Arguments) -> bool:
    """At least so many ``[placeholders]``, each within a line."""
    return sum(map(_placeholders, text.split("\n"))) >= arguments.number("num_placeholders")


def _placeholders(line: str) -> int:
    count, place = 0, 0
    while (start := line.find("[", place)) >= 0 and (end := line.find("]", start)) >= 0:
        count, place = count + 1, end + 1
    return count


def postscript(text: str, arguments: Arguments) -> bool:
    """The postscript's marker occurs; *P.S.* and *P.P.S* may have spaces after their full stops."""
    marker = arguments.text("postscript_marker")
    patterns = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}
    return re.search(patterns.get(marker, re.escape(marker.lower())), text.lower()) is not None


def number_bullet_lists(text: str, arguments: Arguments) -> bool:
    """Exactly so many lines that begin with ``*`` (not ``**``) or ``-``."""
    lines = [line.lstrip() for line in text.split("\n")]
    count = sum(line.startswith("-") for line in lines)
    place = 0
    while place < len(lines):
        line = lines[place]
        alone = line == "*" and place + 1 < len(lines)
        count += alone or (line.startswith("*") and line[1:2] not in ("", "*"))
        place += 1 + alone
    return count == arguments.number("num_bullets")


def constrained_response(text: str, _: Arguments) -> bool:
    """One of the three answers occurs, as it is written."""
    return any(response in text for response in CONSTRAINED_RESPONSES)


def number_highlighted_sections(text: str, arguments: Arguments) -> bool:
    """At least so many ``*highlights*`` within a line; ``**bold**`` counts by both of the original's patterns."""
    single = re.findall(r"\*[^\n*]*\*", text)
    double = re.findall(r"\*\*[^\n*]*\*\*", text)
    count = sum(bool(part.strip("*").strip()) for part in (*single, *double))
    return count >= arguments.number("num_highlights")


def multiple_sections(text: str, arguments: Arguments) -> bool:
    """At least so many section markers such as ``Section 1``."""
    marker = re.escape(arguments.text("section_spliter"))
    return len(re.findall(rf"{marker}\s?\d+", text)) >= arguments.number("num_sections")


def json_format(text: str, _: Arguments) -> bool:
    """The whole text is JSON, perhaps in a fence of three backticks."""
    body = text.strip()
    for fence in FENCES:
        body = body.removeprefix(fence)
    try:
        json.loads(body.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def title(text: str, _: Arguments) -> bool:
    """There is a title in ``<<double angular brackets>>`` that is not empty, within a line."""
    return any(map(_has_title, text.split("\n")))


def _has_title(line: str) -> bool:
    start, end = line.find("<<"), line.rfind(">>")
    return 0 <= start < end - 2 and bool(line[start : end + 2].lstrip("<").rstrip(">").strip())


# ── the whole answer ────────────────────────────────────────────────────────────────────────────────────────────────


def two_responses(text: str, _: Arguments) -> bool:
    """Exactly two different answers between ``******``; only the first and the last part may be empty."""
    parts = [part.strip() for part in text.split("******")]
    if not all(parts[1:-1]):
        return False
    answers = [part for part in parts if part]
    return len(answers) == 2 and answers[0] != answers[1]


def repeat_prompt(text: str, arguments: Arguments) -> bool:
    """The answer begins with the request, whatever the case."""
    return text.strip().lower().startswith(arguments.text("prompt_to_repeat").lower())


def end_checker(text: str, arguments: Arguments) -> bool:
    """The answer ends with the phrase, whatever the case; quotation marks around the answer do not count."""
    return text.strip().strip('"').lower().endswith(arguments.text("end_phrase").lower())


def quotation(text: str, _: Arguments) -> bool:
    """The whole answer is enclosed in double quotation marks."""
    body = text.strip()
    return len(body) > 1 and body[0] == body[-1] == '"'


def capital_word_frequency(text: str, arguments: Arguments) -> bool:
    """Less than, or at least, so many words without any small letter."""
    return arguments.compares(capital_words(text), "capital_relation", "capital_frequency")


def english_capital(text: str, _: Arguments) -> bool:
    """English without any small letter."""
    return text.isupper() and language_of(text) == "en"


def english_lowercase(text: str, _: Arguments) -> bool:
    """English without any capital letter."""
    return text.islower() and language_of(text) == "en"


def no_comma(text: str, _: Arguments) -> bool:
    """There is no comma."""
    return "," not in text


INSTRUCTIONS: Mapping[str, Check] = {
    "keywords:existence": keyword_existence,
    "keywords:frequency": keyword_frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
    "language:response_language": response_language,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:number_words": number_words,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:json_format": json_format,
    "detectable_format:title": title,
    "combination:two_responses": two_responses,
    "combination:repeat_prompt": repeat_prompt,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
    "change_case:capital_word_frequency": capital_word_frequency,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "punctuation:no_comma": no_comma,
}
