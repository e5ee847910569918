"""Questions that cannot be asked: they lean on a text that nobody shows, or hold their own answer."""

from __future__ import annotations

import re
from typing import Final

from steelyard.scorers.reading.grounding import holds_answer

__all__ = ["names_the_passage", "why_not"]

MAX_QUESTION: Final = 1_000  # characters
_MIN_WORDS: Final = 3
# Names of what is read; the second kind is also a thing in the world ("the source of the Rhine").
_TEXTS: Final = r"(?:passage|text|document|excerpt|extract|paragraph|snippet)s?"
_OTHERS: Final = r"(?:article|section|source|author|writer|statement|context|information|quote|span)s?"
_TEXTE: Final = (
    r"(?:passagen?|text(?:e[sn]?|s|abschnitts?|auszugs?|stellen?)?|dokument(?:s|es|en|e)?|auszugs?|ausschnitts?"
    r"|abschnitts?)"
)
_ANDERE: Final = r"(?:absatz(?:es)?|artikels?|zitats?|quelle|autors?|autorin|verfassers?|verfasserin|kontexts?)"
_POINTING: Final = r"(?:this|given|provided|following|above|preceding|previous)"
_BY: Final = r"(?:according to|based on|as (?:stated|mentioned|described|given|said) (?:in|by))"
_ZEIGEND: Final = r"(?:diese[mrs]?|(?:obig|folgend|vorliegend|gegeben)e[mnrs]?)"
_ARTIKEL: Final = r"(?:im|vom|zum|beim|der|die|das|des|dem|den)"
_UNNUMBERED: Final = r"\b(?!\s+(?:[0-9§(]|no\.|nr\.))"  # "section 12" is one of a law
_NAMED: Final = re.compile(
    rf"\b(?:the|that|these|{_POINTING})\s+{_TEXTS}{_UNNUMBERED}"
    rf"|\b{_POINTING}\s+{_OTHERS}{_UNNUMBERED}"
    rf"|\b{_BY}\s+the\s+{_OTHERS}{_UNNUMBERED}"
    r"|\b(?:mentioned|described|given|stated|listed|shown|quoted)\s+(?:above|below)\b|\babove-mentioned\b"
    rf"|\b(?:{_ARTIKEL}|laut|gemäß|{_ZEIGEND})\s+{_TEXTE}{_UNNUMBERED}"
    rf"|\b(?:laut|gemäß|{_ZEIGEND})\s+(?:dem\s+|der\s+)?{_ANDERE}{_UNNUMBERED}"
    r"|\b(?:oben|unten)\s+(?:genannt|erwähnt|beschrieben|stehend|aufgeführt)\w{0,3}\b",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[^\W_]+")
# Scripts that write no spaces between words.
_UNSPACED: Final = re.compile("[\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def names_the_passage(question: str) -> bool:
    """Whether a question speaks of *the passage*, *the text above*, *diesem Abschnitt* and the like."""
    return _NAMED.search(question) is not None


def why_not(question: str, answer: str) -> tuple[str, str] | None:
    """The check that a question fails, and why, in a sentence; None for one that can be asked."""
    if not question or len(question) > MAX_QUESTION:
        return "no question", f"The question is empty, or longer than {MAX_QUESTION:,} characters."
    if len(_WORDS.findall(question)) < _MIN_WORDS and not _UNSPACED.search(question):
        return "no question", f"The question has fewer than {_MIN_WORDS} words."
    if names_the_passage(question):
        return "names the passage", "The question speaks of a text that who is asked may not see."
    if holds_answer(question, answer):
        return "holds its answer", "The answer stands in the question."
    return None
