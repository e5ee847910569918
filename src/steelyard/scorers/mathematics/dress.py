r"""The usual dress of mathematical answers: words outside ``\text{}``, other signs for the same, units, mixed numbers.

:func:`same_words` finds answers in words equal. :func:`rewritten` gives other texts that an answer may mean: where one
of them is the target and the answer itself is not, it can be read in two ways. All is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["in_dollars", "is_none", "light", "rewritten", "same_words", "unbracketed", "words_of"]

_LONGEST: Final = 300  # characters that are rewritten
_COMMAND: Final = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox|operatorname)\s*\{([^{}]*)\}")
_SPACES: Final = re.compile(r"\\[,;:! ]|\\quad|~|\s+")
_WORDS_ONLY: Final = re.compile(r"[\w\s.,:;'’\"()&-]*")
_SIGNED: Final = re.compile(r"-\s*\d")
_WORD: Final = re.compile(r"\d+(?:[.,:]\d+)*|[^\W_]+")
_FILLING: Final = frozenset({"a", "an", "the", "it", "is", "are", "they", "and"})
_NONE: Final = frozenset(
    {"none", "no solution", "no solutions", "no real solution", "no real solutions", "empty set", "does not exist",
     "\\emptyset", "\\varnothing", "∅", "\\{\\}"}
)  # fmt: skip
_SIGNS: Final = {
    "∞": "\\infty ", "π": "\\pi ", "≤": "\\le ", "≥": "\\ge ", "∪": "\\cup ", "∩": "\\cap ", "−": "-", "–": "-",
    "×": "\\times ", "·": "\\cdot ", "÷": "/", "°": "^\\circ ", "²": "^2", "³": "^3", "½": "\\frac{1}{2}",
    "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}", "∅": "\\emptyset ", "∈": "\\in ", ">=": "\\ge ", "<=": "\\le ",
    "**": "^", "*": "\\cdot ",
}  # fmt: skip
_SIGN: Final = re.compile("|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)))
_ROOT: Final = re.compile(r"(?:√|(?<![\\a-z])sqrt)\s*(?:\(([^()]*)\)|\{([^{}]*)\}|(\w+))")
_PI: Final = re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])")
_INFINITY: Final = re.compile(r"(?<![\\A-Za-z])(?:infinity|inf)(?![A-Za-z])")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])(\d{1,3})((?:(?:\\[,;: ]|\{,\}|,|[  ])\d{3})+)(?!\d)")
_MIXED: Final = re.compile(
    r"(?<![\d./\\])(\d{1,6})\s*(?:\+|\\ |\s)?\s*(?:\\[dt]?frac\{?(\d)\}?\{?(\d)\}?|(?<=\s)(\d+)/(\d+))"
)
_SLASH: Final = re.compile(r"(?<![\w.^}])(\d+)\s*/\s*(\d+)(?![\w.])")
_DECIMAL: Final = re.compile(r"(?<![\w.,])(\d{1,9})\.(\d{1,9})(?![\d.])")
_COMMA: Final = re.compile(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?![\d.,])")
_UNIT: Final = re.compile(
    r"(?P<value>.*[\d})!])(?:\s|\\[,;: ])*(?:\\(?:text|mathrm|mbox)\s*\{[^{}]*\}|(?<=[\s\d])[A-Za-z]{2,}[A-Za-z. ]*)"
    r"(?:\^\{?[23]\}?)?\s*"
)
_BOUNDS: Final = re.compile(
    r"(?P<low>[^<>]+?)\s*(?P<first><|\\leq?(?![a-z])|\\lt)\s*[A-Za-z]\s*(?P<second><|\\leq?(?![a-z])|\\lt)\s*(?P<high>[^<>]+)"
)
_NAMED: Final = re.compile(
    r"\s*(?:\(?[A-Za-z](?:\([A-Za-z]\)|(?:\s*,\s*[A-Za-z])+\))?)\s*(?:=|\\in(?![a-z])|:)\s*(?P<value>.+)"
)
_COLUMN: Final = re.compile(r"\\begin\{[bpv]?matrix\}(?P<rows>[^&]*?)\\end\{[bpv]?matrix\}", re.DOTALL)
_BRACKETS: Final = ("[]", "()", "{}")
_NUMBERS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    "eighteen nineteen twenty",
)
_VALUES: Final = {word: str(value) for value, word in enumerate(" ".join(_NUMBERS).split())}
_DOLLARS: Final = re.compile(r"[^$]*\$([^$]+)\$[^$]*")


def light(text: str) -> str:
    """An answer without Markdown and a closing full stop alone: brackets, quotes and ``!`` stay, which may be its."""
    text = text.strip()
    while len(text) > 1:
        before = text
        text = text.strip().lstrip("*_").strip()
        text = text.removesuffix(".").rstrip("*_ ") or text
        for mark in ("`", "$$", "$", '"'):
            inner = text[len(mark) : -len(mark)]
            if inner and text.startswith(mark) and text.endswith(mark) and mark not in inner:
                text = inner
        if text == before:
            break
    return text.strip()


def words_of(text: str) -> list[str]:
    r"""The words and numbers of an answer in words, with or without ``\text{}``; empty for a formula."""
    text = _COMMAND.sub(r" \1 ", text[:_LONGEST]).replace("$", "")
    text = _SPACES.sub(" ", text).strip()
    if not _WORDS_ONLY.fullmatch(text) or _SIGNED.search(text) or not any(map(str.isalpha, text)):
        return []
    return [word.casefold() for word in _WORD.findall(text)]


def same_words(answer: str, target: str, *, loosely: bool = False) -> bool:
    """Whether two answers in words are the same, whatever their case.

    One of the words has two letters at least: a single letter may be a variable. ``loosely``: whatever articles are
    beside them, and letters alone, too.
    """
    found, wanted = words_of(answer), words_of(target)
    if loosely:
        found, wanted = ([word for word in each if word not in _FILLING] for each in (found, wanted))
    return found == wanted and any(loosely or len(word) > 1 for word in wanted if word.isalpha())


def in_dollars(text: str) -> str:
    """The only formula between dollars in a text; empty for none or several."""
    found = _DOLLARS.fullmatch(text)
    return found[1].strip() if found else ""


def is_none(text: str) -> bool:
    """Whether an answer says that there is no solution."""
    text = text.strip().strip("$").strip()
    return text in _NONE or " ".join(words_of(text)) in _NONE


def rewritten(text: str) -> list[str]:
    """Other texts that an answer may mean, at most a dozen, none of them the text itself."""
    text = text.strip().strip("$").strip()
    if not text or len(text) > _LONGEST:
        return []
    plain = _INFINITY.sub(r"\\infty ", _PI.sub(r"\\pi ", _ROOT.sub(_root, _SIGN.sub(lambda m: _SIGNS[m[0]], text))))
    found = dict.fromkeys(each.strip() for base in (text, plain) for each in _ways(base))
    return [each for each in found if each and each != text][:12]


def _ways(text: str) -> Iterator[str]:
    yield text
    yield _COMMAND.sub(r" \1 ", text)
    if text.casefold() in _VALUES:
        yield _VALUES[text.casefold()]
    if unit := _UNIT.fullmatch(text):
        yield unit["value"]
    if named := _NAMED.fullmatch(text):
        yield named["value"]
    yield _THOUSANDS.sub(lambda m: m[1] + re.sub(r"\D", "", m[2]), text)
    yield _COMMA.sub(r"\1.\2", text)
    yield _MIXED.sub(lambda m: rf"({m[1]}+\frac{{{m[2] or m[4]}}}{{{m[3] or m[5]}}})", text)
    fractions = _SLASH.sub(r"\\frac{\1}{\2}", text)
    yield fractions
    yield _DECIMAL.sub(lambda m: rf"\frac{{{int(m[1] + m[2])}}}{{{10 ** len(m[2])}}}", fractions)
    yield text.replace("\\%", "").replace("%", "")
    yield from _in_brackets(text)


def _in_brackets(text: str) -> Iterator[str]:
    """Bounds as an interval, a column as a tuple."""
    if bounds := _BOUNDS.fullmatch(text):
        opening = "(" if bounds["first"] in ("<", "\\lt") else "["
        closing = ")" if bounds["second"] in ("<", "\\lt") else "]"
        yield f"{opening}{bounds['low']},{bounds['high']}{closing}"
    yield _COLUMN.sub(lambda m: f"({m['rows'].strip().replace(chr(92) * 2, ',')})", text)


def unbracketed(text: str) -> str:
    """A list or tuple without the brackets around it; empty where there are none."""
    inner = text.strip().strip("$").replace("\\{", "{").replace("\\}", "}")
    inner = inner.replace("\\left", "").replace("\\right", "").strip()
    for opening, closing in _BRACKETS:
        if (
            inner[:1] == opening
            and inner[-1:] == closing
            and not any(each in inner[1:-1] for each in opening + closing)
        ):
            return inner[1:-1].strip()
    return ""


def _root(found: re.Match[str]) -> str:
    return rf"\sqrt{{{found[1] or found[2] or found[3] or ''}}}"
