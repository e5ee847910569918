"""How far two texts share words or letters: measures between 0 and 1, exact, without any model.

``token_f1`` as SQuAD's F1 (without leaving out articles), ``chrf`` as sacreBLEU's chrF2 of one reference (character
n-grams up to 6, β = 2, no white space), ``rouge_l`` as the F-measure of ROUGE-L. Case counts for ``chrf`` alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

__all__ = ["MEASURES", "character_grams", "chrf", "rouge_l", "token_f1", "tokens"]

ORDER: Final = 6  # of chrF's n-grams
BETA: Final = 2
# Scripts without spaces between words: each of their characters is a token.
_TOKEN: Final = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff]|[^\W_\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff]+")  # fmt: skip  # noqa: E501


def tokens(text: str) -> list[str]:
    """The words of a text in order, without case and punctuation; *don't* is two."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def token_f1(one: str, other: str) -> Fraction:
    """The harmonic mean of the shares of each text's words that the other has too; symmetric, order does not count."""
    ours, theirs = tokens(one), tokens(other)
    shared = (Counter(ours) & Counter(theirs)).total()
    return Fraction(2 * shared, len(ours) + len(theirs)) if shared else Fraction(0)


def rouge_l(one: str, other: str) -> Fraction:
    """The same of the longest sequence of words that both have in this order, with gaps; symmetric."""
    ours, theirs = tokens(one), tokens(other)
    shared = _longest_common(ours, theirs)
    return Fraction(2 * shared, len(ours) + len(theirs)) if shared else Fraction(0)


def chrf(hypothesis: str, reference: str) -> Fraction:
    """chrF2: precision and recall of character n-grams, each averaged over the orders that both texts have."""
    ours, theirs = ("".join(unicodedata.normalize("NFC", text).split()) for text in (hypothesis, reference))
    orders = min(ORDER, len(ours), len(theirs))
    if not orders:
        return Fraction(0)
    precision = recall = Fraction(0)
    for size in range(1, orders + 1):
        mine, right = character_grams(ours, size), character_grams(theirs, size)
        shared = (mine & right).total()
        precision += Fraction(shared, mine.total())
        recall += Fraction(shared, right.total())
    precision, recall = precision / orders, recall / orders
    if not precision + recall:
        return Fraction(0)
    return (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def character_grams(text: str, size: int) -> Counter[str]:
    """A text's sequences of so many characters, with how often each is there."""
    return Counter(text[place : place + size] for place in range(len(text) - size + 1))


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, a row of the table at a time as the bits of one number.

    Hyyrö, Bit-parallel LCS-length computation revisited (2004).
    """
    places: dict[str, int] = {}
    for place, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << place
    full = (1 << len(one)) - 1
    row = full
    for token in other:
        met = row & places.get(token, 0)
        row = ((row + met) | (row - met)) & full
    return len(one) - row.bit_count()


MEASURES: Final[dict[str, Callable[[str, str], Fraction]]] = {"chrf": chrf, "rouge_l": rouge_l, "token_f1": token_f1}
