"""Whether two questions ask the same: every difference between their words must be a harmless one.

Harmless are typing errors, and parts whose order does not matter: the question itself before or after what it is
about, and a clause such as *if …* or *in 2020* at either end of its sentence. Any other difference, a name, a number, a
negation, one more word, makes two questions of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from steelyard.errors import MissingDependency
from steelyard.suites.question_words import Question, is_fixed, synonyms

try:
    from rapidfuzz.distance import OSA, Levenshtein
except ImportError:
    raise MissingDependency("near duplicates need rapidfuzz: pip install 'steelyard[suites]'") from None

__all__ = ["difference", "is_typo", "most_typos"]

Words = tuple[str, ...]

_MOST_TYPOS: Final = 3
_WORDS_A_TYPO: Final = 6
_FEWEST_WORDS: Final = 3
_FEW: Final = 3  # texts that may hold one typing error,
_TIMES: Final = 10  # where the right word is in ten times as many
_SHORTEST: Final = 4  # letters of a word that may have one
_STARTS: Final = frozenset(
    {
        *(
            "if",
            "when",
            "while",
            "because",
            "since",
            "as",
            "given",
            "suppose",
            "assuming",
            "until",
            "according",
            "based",
        ),
        *("in", "on", "at", "by", "for", "from", "during", "after", "before", "with", "without", "using"),
        *("wenn", "falls", "weil", "nach", "bei", "im", "am", "seit", "si", "quand", "pendant", "après", "dans", "en"),
        *("se", "quando", "durante", "dopo", "nel", "cuando", "después", "desde"),
    }
)
_NEIGHBOURS: Final = {
    letter: frozenset(
        other
        for rows in (("qwertyuiop", "asdfghjkl", "zxcvbnm"), ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
                     ("azertyuiop", "qsdfghjklm", "wxcvbn"))
        for row, line in enumerate(rows)
        for place, each in enumerate(line)
        if each == letter
        for near in (line[max(0, place - 1) : place + 2], *(rows[beside][max(0, place - 1) : place + 2]
                     for beside in (row - 1, row + 1) if 0 <= beside < len(rows)))
        for other in near
    )
    for letter in "abcdefghijklmnopqrstuvwxyzäöü"
}  # fmt: skip


def most_typos(words: Words) -> int:
    """How many typing errors these words may have: one in six, at least 1 and at most 3; none in fewer than three.

    Numbers and signs do not count.
    """
    count = sum(not is_fixed(word) for word in words)
    return min(_MOST_TYPOS, max(1, count // _WORDS_A_TYPO)) if count >= _FEWEST_WORDS else 0


def is_typo(first: str, second: str) -> bool:
    """Whether one may be the other with a typing error.

    Two neighbours swapped, but for the first; or one letter too many or too few, or a neighbouring key of QWERTY,
    QWERTZ or AZERTY, neither at the beginning nor at the end, where *employer* and *employee* differ. Not in words of
    fewer than four.
    """
    if min(len(first), len(second)) < _SHORTEST or not (first + second).isalpha() or first[0] != second[0]:
        return False
    if OSA.distance(first, second, score_cutoff=1) != 1:
        return False
    changed = [place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other]
    if len(first) == len(second) and len(changed) == 2:  # two letters swapped: nothing else has distance 1
        return True
    if first[-1] != second[-1]:
        return False
    return len(first) != len(second) or second[changed[0]] in _NEIGHBOURS.get(first[changed[0]], ())


def difference(first: Question, second: Question, seen: Callable[[str], int]) -> str | None:
    """What differs, in words, where they ask the same; else None. Nothing (``""``) where all words are equal.

    ``seen`` says in how many texts a word stands: of two words that stand in several texts none is a typing error,
    unless it is very much the rarer one.
    """
    if first.fixed != second.fixed:
        return None
    typos = _in_order(first.words, second.words, seen)
    if typos is None:
        typos = _moved(first, second, seen)
        return None if typos is None else "; ".join(["the order of its parts", *_named(typos)])
    return "; ".join(_named(typos))


def _named(typos: Sequence[str]) -> list[str]:
    return [f"typing errors: {', '.join(typos)}"] if typos else []


def _in_order(first: Words, second: Words, seen: Callable[[str], int]) -> list[str] | None:
    """The typing errors (``right/wrong``) that turn one sequence of words into the other; None where it is not so."""
    if first == second:
        return []
    limit = most_typos(first)
    if len(first) != len(second) or Levenshtein.distance(first, second, score_cutoff=limit) > limit:
        return None
    changed = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    if len(changed) > limit:
        return None
    if not all(_is_rare(seen(one), seen(other)) and _may_be_typo(one, other) for one, other in changed):
        return None
    return [f"{one}/{other}" for one, other in changed]


def _may_be_typo(first: str, second: str) -> bool:
    return any(is_typo(one, other) for one in synonyms(first) for other in synonyms(second))


def _is_rare(first: int, second: int) -> bool:
    rarer, other = sorted((first, second))
    return rarer <= 1 or (rarer <= _FEW and _TIMES * rarer <= other)


def _moved(first: Question, second: Question, seen: Callable[[str], int]) -> list[str] | None:
    """The typing errors that are left when the question or a clause of a sentence was moved; None where it was not."""
    if len(first.sentences) != len(second.sentences):
        return None
    for order in _orders(first):
        typos = _by_sentence([first.sentences[number] for number in order], second.sentences, seen)
        if typos is not None:
            return typos if len(typos) <= most_typos(first.words) else None
    return None


def _orders(question: Question) -> list[list[int]]:
    """The sentences' order as it is, and with the only question among them at the beginning or at the end."""
    numbers = list(range(len(question.sentences)))
    if len(question.asks) != 1 or len(numbers) == 1:
        return [numbers]
    (asks,) = question.asks
    rest = [number for number in numbers if number != asks]
    return [numbers, [asks, *rest], [*rest, asks]]


def _by_sentence(first: Sequence[Words], second: Sequence[Words], seen: Callable[[str], int]) -> list[str] | None:
    typos: list[str] = []
    for one, other in zip(first, second, strict=True):
        found = _in_order(one, other, seen)
        if found is None:
            found = _turned(one, other, seen)
        if found is None:
            return None
        typos += found
    return typos


def _turned(first: Words, second: Words, seen: Callable[[str], int]) -> list[str] | None:
    """The same for a sentence whose clause at the one end is at the other end in the second."""
    for one, other in ((first, second), (second, first)):
        if one[0] not in _STARTS:
            continue
        for place in range(1, len(other)):
            if other[place] == one[0] and (found := _in_order(one, other[place:] + other[:place], seen)) is not None:
                return found
    return None
