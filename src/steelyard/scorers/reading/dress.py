"""What is around an answer and no part of it: Markdown, LaTeX, quotes, punctuation, a remark in brackets."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["FULL_WIDTH", "boxed", "comparable", "strip_remark", "undress"]

MAX_LAYERS = 12
FULL_WIDTH = {0xFF01 + place: 0x21 + place for place in range(94)}  # "Ｂ", "１８" as East Asian keyboards write them
_PAIRS = {
    "“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "‘": "’", "「": "」", "『": "』", "(": ")", "[": "]", "（": "）",
    "【": "】", "<": ">",
}  # fmt: skip
_SAME = ("```", "**", "__", "$$", "*", "_", "`", '"', "'", "$", "~~")
_COMMANDS = ("boxed", "text", "textbf", "textit", "mathrm", "mathbf", "fbox", "textrm", "operatorname", "emph", "bf")
_COMMAND = re.compile(rf"\\(?:{'|'.join(_COMMANDS)})\s*\{{")
_CLOSING = ".!?,;:。！？、，；：…"
_FENCE_LANGUAGE = re.compile(
    r"\A(?:text|txt|plaintext|markdown|md|json|python|latex|tex|answer)?[ \t]*\n", re.IGNORECASE
)
_LEADING = re.compile(
    r"\A(?:#{1,6}[ \t]+|>[ \t]+|-(?![ \t]+[$€£]?[0-9.])[ \t]+|[*+•→⇒✅✓][ \t]+|=>[ \t]*|=[ \t]+"
    r"|[0-9]{1,2}[.)][ \t]+(?=[^\W\d])|[A-Za-z][ ]?=[ ](?=\S))"
)
_ELEMENT = re.compile(r"\A<(b|i|u|p|em|strong|span|div|code|li)>(.*)</\1>\Z", re.IGNORECASE | re.DOTALL)
_SYMBOLS = ("So", "Cf", "Mn", "Cs")  # emoji and what joins them
_REMARK = re.compile(r"(?<!\s)\s*[(（\[][^()（）\[\]]*[)）\]]\s*\Z")
_ARTICLE = re.compile(
    r"\A(?:the|an|a(?=\s+\w)|der|die|das|den|dem|eine|ein|le|la|les|un|une|el|los|las|il|lo|gli|o|os)\s+|\A[ld]'"
)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f']\d{3})+(?!\d)")
_DIGIT_LETTER = re.compile(r"(?<=\d)(?=[^\W\d_]|[°%€$£])")
_INNER_COMMAND = re.compile(rf"\\(?:{'|'.join(_COMMANDS)})\s*\{{([^{{}}]*)\}}")
_INITIALS = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.[ ]?){2,}(?=[^\W\d_])")  # "J. R. R. Tolkien", "J.R.R. Tolkien"
_SUBSCRIPT = re.compile(r"(?<=[^\W_])\s?_\{?([0-9]+)\}?")  # CO_2
_ESCAPED = re.compile(r"\\([#_&$*+.!~-])")  # as Markdown and LaTeX write them
_LETTERS = re.compile(r"(?:[^\W\d_]\.){1,}[^\W\d_]\.?")  # U.S.A.
_VERSION = re.compile(r"\bversion (?=[0-9])")
_QUOTES = str.maketrans("’‘ʼ“”„−–—‐‑", "'''\"\"\"-----")


def undress(text: str) -> str:
    """Take layers of dress off: ``**“Paris”.**`` → ``Paris``. Brackets stay where something is outside of them."""
    for _ in range(MAX_LAYERS):
        before = text
        text = _unwrap(_strip_symbols(text.strip()))
        text = _LEADING.sub("", text)
        if len(text) > 1:
            text = text.rstrip(_CLOSING) or text
        if text == before:
            break
    return text


def _without_code_dress(symbols: str) -> str:
    """Symbols alone, without a fence, backticks, bold or quotes around them."""
    stripped = symbols.removesuffix(".")
    for mark in ("```", "**", "`", '"', "'"):
        inner = stripped[len(mark) : -len(mark)].strip()
        if inner and stripped.startswith(mark) and stripped.endswith(mark) and mark not in inner:
            return inner
    return symbols


def _strip_symbols(text: str) -> str:
    """Without the emoji at both ends; unchanged where nothing else is there."""
    begin, end = 0, len(text)
    while begin < end and unicodedata.category(text[begin]) in _SYMBOLS:
        begin += 1
    while end > begin and unicodedata.category(text[end - 1]) in _SYMBOLS:
        end -= 1
    return text[begin:end].strip() or text


def _unwrap(text: str) -> str:
    """Take one layer off: a pair around the whole text, or a LaTeX command whose braces close at its end."""
    if not text or text[0].isalnum():
        return text
    for mark in _SAME:
        inner = text[len(mark) : -len(mark)]
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark) and mark not in inner:
            return _FENCE_LANGUAGE.sub("", inner) if mark == "```" else inner
    closing = _PAIRS.get(text[0])
    if closing and text[-1] in closing and not any(each in text[1:-1] for each in (text[0], text[-1])):
        return text[1:-1]
    for opening, close in (("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(opening) and text.endswith(close) and len(text) >= 4:
            return text[2:-2]
    if element := _ELEMENT.match(text):
        return element[2]
    command = _COMMAND.match(text)
    if command and _closing_brace(text, command.end()) == len(text) - 1:
        return text[command.end() : -1]
    return text


def boxed(text: str) -> list[tuple[str, int]]:
    r"""The contents of every ``\boxed{…}`` whose brace closes, and where each ends."""
    found, start = [], text.find("\\boxed{")
    while start >= 0:
        inside = start + len("\\boxed{")
        end = _closing_brace(text, inside)
        if end < 0:
            break
        found.append((text[inside:end], end + 1))
        start = text.find("\\boxed{", end)
    return found


def _closing_brace(text: str, start: int) -> int:
    """Where the brace closes that opened before ``start``; −1 where it does not."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if not depth:
                return place
    return -1


def strip_remark(text: str) -> str:
    """Without the remark in brackets at the end, ``Berlin (approx.)`` → ``Berlin``; unchanged where nothing is left."""
    return _REMARK.sub("", text) or text


def comparable(text: str) -> str:
    """The form in which two answers are compared.

    Case, dress, a leading article, kinds of quotes and dashes, hyphen or space, thousands separators, and a space
    between number and unit make no difference. Symbols alone (``] ) }``) are compared as they are, without spaces.
    """
    return _comparable_again(text) if len(text) <= _SHORT else _comparable(text)


def _comparable(text: str) -> str:
    if not any(character.isalnum() for character in text):
        return "".join(_without_code_dress(text.strip()).split()).rstrip(".")
    if text.count("**") % 2:  # a mark before the answer took the other half: "**Answer: (B)**."
        text = text.replace("**", "")
    text = unicodedata.normalize("NFKC", undress(text)).translate(_QUOTES)
    text = (
        undress(text).replace("**", "").replace("__", "").replace("\\,", "").replace("\\%", "%").replace("&", " and ")
    )
    text = _INNER_COMMAND.sub(r" \1 ", text).replace("\\ ", " ").replace("\u00ad", "").strip()
    text = _SUBSCRIPT.sub(r"\1", _ESCAPED.sub(r"\1", text))
    if _LETTERS.fullmatch(text):
        text = text.replace(".", "")
    text = _THOUSANDS.sub(lambda number: re.sub(r"\D", "", number.group()), text)
    text = _DIGIT_LETTER.sub(" ", _VERSION.sub("v", text.casefold()))
    text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
    text = _INITIALS.sub(lambda found: found[0].replace(".", "").replace(" ", "") + " ", text)
    text = re.sub(r"(?<=[^\W\d_])\^(?=[0-9])", "", text)  # NFKC writes x² as x2
    text = " ".join(text.split())
    return _ARTICLE.sub("", text) or text


# One score compares the target, the choices and short answers again and again.
_SHORT = 80
_comparable_again = lru_cache(maxsize=4096)(_comparable)
