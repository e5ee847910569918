"""The words of a question, without what makes no difference: spacing, case, punctuation, politeness, small synonyms.

What makes a difference stays: numbers, signs of arithmetic, brackets, negations and the order of words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from steelyard.suites.redaction.surface import plain_text

__all__ = ["Question", "is_fixed", "question_words", "synonyms"]

_TOKEN: Final = re.compile(
    r"(?P<number>(?<![\w)\]])-?\d+(?:[.,]\d+)*+|\d+(?:[.,]\d+)*+)|(?P<word>[^\W\d_]\w*)|(?P<sign>[+*/=<>^%$€£#&|~@\\(){}\[\]_]|-(?=\s{0,3}[\d(]))"
    r"|(?P<end>[.?!;:](?=[\s\"')\]]|\Z)|\n\s*\n)"
)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’‘ʼ`"))
# Without their apostrophes, as they are often typed.
_CONTRACTED: Final = {
    f"{verb}nt": [verb, "not"]
    for verb in (
        "do", "does", "did", "is", "are", "was", "were", "has", "have", "had", "would", "could", "should", "must",
        "need", "might",
    )
} | {f"{word}s": [word, "is"] for word in ("what", "who", "where", "how", "when", "that", "there")} | {
    "cant": ["can", "not"], "cannot": ["can", "not"], "wont": ["will", "not"], "shant": ["shall", "not"],
}  # fmt: skip

# Words of one group count as the same one. Each has its inflections in the order of the others.
_SYNONYMS: Final = tuple(
    group.split()
    for group in (
        "begin start", "begins starts", "began started", "beginning starting", "buy purchase", "buys purchases",
        "bought purchased", "buying purchasing", "big large", "bigger larger", "biggest largest", "small little",
        "kid child", "kids children", "quick fast rapid", "quickly rapidly", "finish complete", "finished completed",
        "finishes completes", "car automobile", "cars automobiles", "bike bicycle", "bikes bicycles", "shop store",
        "shops stores", "job occupation", "help assist", "helps assists", "reply answer respond", "select choose pick",
        "selects chooses picks", "selected chose picked", "show display", "shows displays", "correct right",
        "incorrect wrong", "entire whole", "also too", "maybe perhaps", "nearly almost", "approximately roughly about",
        "receive get", "receives gets", "received got", "require need", "requires needs", "required needed",
        "additional extra", "movie film", "movies films", "amount quantity", "gift present", "gifts presents",
        "remaining leftover", "mom mother", "dad father", "photo photograph picture", "photos photographs pictures",
        "house home", "houses homes", "street road", "garbage trash", "sofa couch", "function method", "array list",
        "delete remove", "find determine", "compute calculate", "create construct", "following below",
        "0 zero", "1 one", "2 two", "3 three", "4 four", "5 five", "6 six", "7 seven", "8 eight", "9 nine", "10 ten",
        "11 eleven", "12 twelve", "13 thirteen", "14 fourteen", "15 fifteen", "16 sixteen", "17 seventeen",
        "18 eighteen", "19 nineteen", "20 twenty", "30 thirty", "40 forty", "50 fifty", "60 sixty", "70 seventy",
        "80 eighty", "90 ninety",
    )
)  # fmt: skip
_SAME_AS: Final = {word: group[0] for group in _SYNONYMS for word in group}

# At the beginning or the end of a sentence these say nothing.
_POLITE: Final = sorted(
    (
        tuple(phrase.split())
        for phrase in (
            "please", "please answer", "please answer this", "please answer the following",
            "please answer the following question", "kindly", "hi", "hello", "hey", "hi there", "hello there",
            "dear all", "good morning", "good day", "thanks", "thank you", "thanks a lot", "many thanks",
            "thank you very much", "thanks in advance", "thank you in advance", "could you please", "could you",
            "can you please", "can you", "would you please", "would you", "could you tell me",
            "could you please tell me", "can you tell me", "can you please tell me", "would you please tell me",
            "please tell me", "tell me", "i would like to know", "i'd like to know", "i have a question",
            "quick question", "excuse me", "sorry", "i was wondering", "if you don't mind", "bitte", "hallo",
            "guten tag", "danke", "vielen dank", "besten dank", "können sie mir sagen", "könnten sie mir bitte sagen",
            "kannst du mir sagen", "sag mir bitte", "ich hätte eine frage", "s'il vous plaît", "s'il te plaît",
            "bonjour", "merci", "merci d'avance", "pouvez-vous me dire", "dites-moi", "por favor", "hola", "gracias",
            "buenos días", "muchas gracias", "puede decirme", "podría decirme", "puedes decirme", "per favore",
            "ciao", "grazie", "buongiorno", "può dirmi", "potrebbe dirmi", "puoi dirmi",
        )
    ),
    key=len,
    reverse=True,
)  # fmt: skip
_ARTICLES: Final = frozenset({"a", "an", "the"})
# Without one of these a text is hardly English, and its *a* or *an* another word (*Konto A*, *il a*, *an der Reihe*).
_ENGLISH: Final = frozenset({"the", "is", "are", "of", "how", "what", "which", "does", "has", "have", "and"})


@dataclass(frozen=True, slots=True)
class Question:
    """``sentences`` are the words of each sentence; ``asks`` are the numbers of those that end with a question mark.

    ``words`` are all of them, in order. ``fixed`` are its numbers, signs and words with digits, sorted: two questions
    that differ there are not the same.
    """

    sentences: tuple[tuple[str, ...], ...]
    asks: frozenset[int]
    words: tuple[str, ...]
    fixed: tuple[str, ...]


_GROUPS: Final = {group[0]: tuple(group) for group in _SYNONYMS}


def synonyms(word: str) -> tuple[str, ...]:
    """The words that count as this one, which stands for them in a :class:`Question`; itself first."""
    return _GROUPS.get(word, (word,))


def question_words(text: str) -> Question:
    """Read a question's words."""
    sentences: list[tuple[str, ...]] = []
    asks: set[int] = set()
    read = _sentences(text)
    english = any(not _ENGLISH.isdisjoint(tokens) for tokens, _ in read)
    for tokens, mark in read:
        words = _without_politeness(tokens)
        kept = [
            _SAME_AS.get(word, word) for place, word in enumerate(words) if not (english and _is_article(words, place))
        ]
        if not kept:
            continue
        if mark == "?":
            asks.add(len(sentences))
        sentences.append(tuple(kept))
    found = tuple(word for sentence in sentences for word in sentence)
    return Question(tuple(sentences), frozenset(asks), found, tuple(sorted(filter(is_fixed, found))))


def is_fixed(word: str) -> bool:
    """Whether it can hold no typing error: it is not of letters alone."""
    return not word.isalpha()


def _sentences(text: str) -> list[tuple[list[str], str]]:
    """Tokens of each sentence, and the mark that ended it."""
    plain = _THOUSANDS.sub("", plain_text(text).text.translate(_APOSTROPHES).casefold())
    found: list[tuple[list[str], str]] = [([], "")]
    for token in _TOKEN.finditer(plain):
        if token.lastgroup == "end":
            found[-1] = found[-1][0], found[-1][1] or token[0]
            found.append(([], ""))
        else:
            found[-1][0].extend(_CONTRACTED.get(token[0]) or [token[0]])
    return found


def _plain_phrase(phrase: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(token for tokens, _ in _sentences(" ".join(phrase)) for token in tokens)


_PHRASES: Final = sorted({_plain_phrase(phrase) for phrase in _POLITE}, key=lambda phrase: (-len(phrase), phrase))


def _without_politeness(tokens: list[str]) -> list[str]:
    start, end = 0, len(tokens)
    stripped = True
    while stripped and start < end:
        stripped = False
        for phrase in _PHRASES:
            if tuple(tokens[start : start + len(phrase)]) == phrase and start + len(phrase) <= end:
                start += len(phrase)
                stripped = True
                break
            if tuple(tokens[max(start, end - len(phrase)) : end]) == phrase:
                end -= len(phrase)
                stripped = True
                break
    return tokens[start:end]


def _is_article(words: list[str], place: int) -> bool:
    """Whether it is an article; the letter of a choice (``(A)``, *A or B*) is none."""
    following = words[place + 1] if place + 1 < len(words) else ""
    return words[place] in _ARTICLES and following[:1].isalnum() and following not in ("or", "and")
