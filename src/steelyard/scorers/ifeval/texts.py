"""Text statistics for IFEval's checks: words, words in capitals, sentences, and the language.

Everything here takes time linear in the text, whatever it contains: texts of models are untrusted.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["capital_words", "count_joined_words", "count_sentences", "count_words", "language_of"]

# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_WORD = re.compile(r"\w+")
# What nltk's word_tokenize parts from words; slashes, hyphens, single full stops, and commas before digits stay.
_PARTED = re.compile(r"[,:](?=\D|$)|\.{2,}|[;@#$%&?!*\[\](){}<>\"«»“”‘’„`–—]|--|(?<=[^'])'(?=\s|$)")
_CLITIC = re.compile(r"(?<=[^'\s])(?=(?i:'[SMD]|'LL|'RE|'VE|N'T)(?:\s|$))")
_CONTRACTED = re.compile(
    r"\b(CAN)(NOT)\b|\b(D)('YE)\b|\b(GIM|LEM)(ME)\b|\b(GON|WAN)(NA)\b|\b(GOT)(TA)\b|\b(MORE)('N)\b"
)
_JOINERS = "\u200c\u200d"
_CIRCLED = re.compile("[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]")


def count_words(text: str) -> int:
    """Runs of letters, digits and underscores, as in the original: *don't* and *well-known* are two each."""
    return sum(1 for _ in _WORD.finditer(text))


def count_joined_words(text: str) -> int:
    r"""As :func:`count_words`, by the ``\w`` that nltk has from 3.10 on (the module regex): marks join a word.

    Python's own parts Hindi's words at their vowel signs. There a superscript 2 is no part of a word, and an emoji's
    variation selector is a word.
    """
    return count_words(text if text.isascii() else "".join(map(_as_in_regex, text)))


def _as_in_regex(character: str) -> str:
    if character.isascii():
        return character
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Pc" or character in _JOINERS or _CIRCLED.match(character):
        return "_"
    return " " if category == "No" else character


def capital_words(text: str) -> int:
    """Words without any small letter, such as ``I``, ``NASA`` and ``COVID-19``, as nltk's word_tokenize cuts words.

    So *CAN'T* and *AT&T* are two. Counted here without nltk, whose model of sentences moves only full stops.
    """
    parted = _PARTED.sub(" ", text)
    parted = _CLITIC.sub(" ", parted)
    parted = _CONTRACTED.sub(lambda match: " ".join(filter(None, match.groups())), parted)
    return sum(word.isupper() for word in parted.split())


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────

# A sentence may end at these marks before white space or one of these characters (nltk's punkt); “ and ” are none.
_END = re.compile(r"[.?!](?=[)\";}\]*:@'({\[!?]|\s)")
_CLOSING = re.compile(r"[\"')\]}]+(?=\s|$)")
_NEXT = re.compile(r"\s*(\S+)")
_BEFORE = 60  # characters: a text without any space is not read again and again from its start


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ABBREVIATIONS = _set_of(
    "a.m adj adm adv apr assn assoc aug ave b.c blvd bros capt cf cmdr co col corp cpl ct d.c dec dept dr ed eds "
    "esq est etc feb fig ft gen gov hon inc jan jr jul jun lt ltd maj mar messrs min mr mrs ms mt n.y no nov oct "
    "p.m ph.d pp pres prof rep rev sen sep sept sgt sr st u.k u.n u.s vol vs wash"
)
# An abbreviation or an ellipsis ends a sentence where one of these follows in capitals: words that are no names.
_STARTERS = _set_of(
    "a after all also although an and another are as at because before both but by can did do does each even "
    "every few finally first for from had has have he her here his how however i if in is it its just let like "
    "many maybe more most my no nobody not nothing now of oh on once one only or other our perhaps she since so "
    "some sometimes soon still such suddenly that the their then there these they this those though through to "
    "today two under until was we well were what when where whether which while who why will with without would "
    "yes yet you your "
)


def count_sentences(text: str) -> int:
    """How many sentences a text has, by the rules of nltk's punkt for English with word lists of our own.

    ``?`` and ``!`` before white space or a bracket end one, and so does a full stop, but not after an abbreviation,
    an initial (*J. Smith*), or a number before a small letter (*1. buy*; *1. Buy* has two sentences, as in punkt). An
    ellipsis or abbreviation ends one before a common word in capitals. The rest of the text is one more.
    """
    count, start = 0, 0
    for match in _END.finditer(text):
        if match.start() < start:
            continue
        after = match.end()
        if text[after] in ".?!":  # "?!" ends one sentence, at its last mark
            continue
        if match.group() == "." and not _ends(text, match.start(), after):
            continue
        closing = _CLOSING.match(text, after)
        after = closing.end() if closing else after
        if text[start:after].strip():
            count += 1
            start = after
    return count + bool(text[start:].strip())


def _ends(text: str, dot: int, after: int) -> bool:
    """Whether the full stop at ``dot`` ends a sentence."""
    following = _NEXT.match(text, after)
    if following is None:
        return True
    before = _word_before(text, dot)
    if not text[after].isspace():  # a bracket or quotation mark follows: no word to decide by
        return not (before.endswith(".") or _is_abbreviation(before))
    word = following.group(1)
    name, small = word.strip("\"'()[]{}*_.,;:!?").casefold(), word[:1].islower()
    starts = word[:1].isupper() and name in _STARTERS
    if before.endswith("."):
        return starts
    if len(before) == 1 and before.isalpha():
        return starts if word[:1].isupper() else not small
    if _is_abbreviation(before):
        return starts
    return not (before.replace(",", "").replace("-", "").isdigit() and small)


def _word_before(text: str, dot: int) -> str:
    words = text[max(0, dot - _BEFORE) : dot].split()
    if not words or text[dot - 1].isspace():
        return ""
    return words[-1].lstrip("\"'([{*_")


def _is_abbreviation(word: str) -> bool:
    lowered = word.casefold()
    return lowered in _ABBREVIATIONS or lowered.rpartition("-")[2] in _ABBREVIATIONS


# ── language ────────────────────────────────────────────────────────────────────────────────────────────────────────

# The languages that the original's detector knows, zh-cn and zh-tw as one: a rarer one is not mistaken for English.
_LANGUAGES = _set_of(
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr ne nl no pa pl pt ro "
    "ru sk sl so sq sv sw ta te th tl tr uk ur vi zh"
)


def language_of(text: str) -> str:
    """The language's ISO 639-1 code; empty where the text has no letters. Case is ignored."""
    if not any(map(str.isalpha, text)):
        return ""
    code, _ = _identifier().classify(text.lower().encode("utf-8", "replace").decode())
    return str(code)


@cache
def _identifier() -> LanguageIdentifier:
    # An identifier of our own: the package's is shared, and anybody may narrow its languages.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(sorted(_LANGUAGES))
    return identifier
