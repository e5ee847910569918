"""The part of a text that is its answer: not a new question behind it, a contrast, an explanation, a closing phrase."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = [
    "AFTERWORD",
    "CONTRAST",
    "RETRACTED",
    "SENTENCE_END",
    "WORDS",
    "first_sentence",
    "goes_on",
    "holds",
    "own_part",
    "read_with_own_part",
    "without_tags",
]

_CONTINUED = ("\nQuestion:", "\nProblem:", "\nQ:", "\nUser:", "\nHuman:", "<|endoftext|>", "<|im_end|>", "<|eot_id|>")
RETRACTED = re.compile(
    r"\b(?:wait|actually|correction|oops|sorry|instead|rather|no[,:]|nein|doch|eigentlich|falsch|pardon|en fait|non"
    r"|on second thoughts?|reconsider|scratch that|i mean)",
    re.IGNORECASE,
)
# ", not Sydney": another name that the answer is set against
CONTRAST = re.compile(
    r"(?:[ ]?[,(，（][ ]?(?:(?:and|et|und|y|e)[ ])?|[ ](?:and|et|und|y)[ ]|[ ][–—-][ ])"
    r"(?:not|nicht|non|pas|rather than|instead of|as opposed to|而不是|不是)"
    r"[ ]?(?=[^\W\da-zà-ÿ_])[^,.;:!?()（）。，\n]{1,40}[)）]?"
    r"(?=[ ]?(?:[.!。]|\Z|\n))"
)
# What begins a part that explains, checks or closes, behind the answer.
SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
WORDS = re.compile(r"[^\W_]+")
AFTERWORD = re.compile(
    r"(?:\n|(?<=[.!?])[ ])[*_#\s]{0,8}(?:check|verif|note|explanation|proof|let me know"
    r"|feel free|i hope|to (?:double|verify)"
    r"|probe\b|vérif|erklärung|hinweis|explica|nota\b|検算|説明|解释|注|验证)",
    re.IGNORECASE,
)
_FIRST_SENTENCE = re.compile(r"(?<=[^\s.][^\s.][.!?])\s+(?=[^\W\da-z_]|[\"*])")
_TAKES_BACK = re.compile(
    r"\b(?:(?:that|this|which|it)(?:'s|’s| is| was)\s+(?:wrong|incorrect|not|false)|or|maybe|perhaps"
    r"|possibly|could|might|may)\b",
    re.IGNORECASE,
)
# "or", "wait", a second box or tag, cut off in the middle
_BEGUN = re.compile(r"\A\W*(?:o|wa?i?|ou|od|u|un|a|an)?\Z|\\(?:b\w*)?(?:\{[^{}]*)?\Z|\A[^\w<]*<", re.IGNORECASE)
_TAG = re.compile(r"</?(?:b|i|u|p|em|strong|span|div|code|li|ul|br)\s*/?>", re.IGNORECASE)


def own_part(text: str) -> str:
    """A text up to where the model continues by itself, with a new question or a new turn."""
    for delimiter in _CONTINUED:
        before = text.partition(delimiter)[0]
        text = before if before.strip() else text
    return text


def read_with_own_part(text: str, truncated: bool, read: Callable[[str, bool], bool | None]) -> bool | None:
    """The reading of a text in which a new question may begin, or the model may state its own question again.

    ``read`` reads a text, and whether it was cut off. What stands before the new question counts where it is right.
    Else the model may have stated the question before it answered, and the whole text may be right: then an answer that
    was found before is open, and where none was found the whole one counts. Wrong is what is wrong in both readings.
    """
    own = own_part(text)
    if own == text:
        return read(text, truncated)
    first = read(own, False)
    if first:
        return True
    whole = read(text, truncated)
    if first is None:
        return True if whole else None
    return False if whole is False else None


def goes_on(rest: str) -> bool:
    """Whether what stands behind an answer begins to take it back, or to name a second one; also the cut words do."""
    return bool(RETRACTED.search(rest) or _TAKES_BACK.search(rest) or _BEGUN.search(rest))


def first_sentence(content: str) -> str:
    """The first sentence of a marked answer, where those after it do not take it back; else all of it."""
    first, *rest = _FIRST_SENTENCE.split(content.strip(), maxsplit=1)
    return content if any(RETRACTED.search(each) or _TAKES_BACK.search(each) for each in rest) else first


def without_tags(text: str) -> str:
    """A text without the tags of HTML that make words bold and paragraphs."""
    return _TAG.sub("", text)


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
