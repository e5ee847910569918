"""Which side of a sentence is its answer: "The capital is *Paris*.", "*Paris* is the capital.".

The text alone decides which side, before any target is looked at: "yes is no" is right neither for *yes* nor for *no*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import islice

from steelyard.scorers.reading.dress import comparable, strip_remark
from steelyard.scorers.reading.phrases import COPULAS, hedges

__all__ = [
    "Side",
    "answer_side",
    "ends_in_verb",
    "is_described",
    "is_short_statement",
    "is_statement",
    "stated_parts",
    "states",
]

_WORD = re.compile(r"[\w'’]+")
_DRESS = re.compile(r"[*_`\"„“”»«]")
_SIGN = re.compile(r"[:=→：]")
_REST = re.compile(r"[:=→：是は]")
_MADE_BY = (
    r"(?:written|painted|composed|invented|discovered|directed|created|founded|designed|built|developed|given) by"
)
_STATED = rf"\b(?:is|are|{_MADE_BY}|ist|est|es|war|fut) (?:(?!(?:in|at|on|of|from|to|for|with)\b)\w+ )?"
_BY = re.compile(rf"\b{_MADE_BY}\s+|\A\s*by\s+", re.IGNORECASE)
_OWNED = re.compile(r"(?<=\w['’]s)\s+")
_FORMERLY = re.compile(r"\b(?:used to|once|formerly|previously|früher|ehemals|autrefois)\b")
_FOLLOWS = (
    r"(?:an?|which|who|with|located|at|in|from|since|because|as|around|eine?|geschrieben)\b"  # … is Paris, which …
)
_FOLLOWED = re.compile(rf"(?: \([^()]{{0,80}}\))?,? {_FOLLOWS}", re.IGNORECASE)
_BEFORE_TARGET = ("is the", "is a", "is an", "ist die", "ist der", "ist das", "est la", "est le")

_SUBJECTS_TEXT = """
it this that these those he she they there here i we you my your our his her its their what which who so then thus
therefore hence es das dies dieses er sie hier da ich wir mein meine ihr ihre sein was wer also somit daher ce cela
ça il elle ils elles je nous vous mon ma mes son sa ses esto eso ese esta él ella yo mi su questo isso ele ela
"""
_DEFINITE_TEXT = "the der die das den dem le la les el los las il lo gli o os"
_INDEFINITE_TEXT = "a an one eine ein einen un une una uno um uma any some another each every"
_PREPOSITIONS_TEXT = """
in at on of for from by with as about since because to known located based used considered im am an auf von für mit
bei aus seit als en à de du des dans pour par con por per da born written made found home famous part very also often
still well just
"""
_AFFIRMS = ("correct", "right", "richtig", "the correct one", "the right one", "exact", "correcto")
_RELATIVES = ("that", "which", "who", "qui", "que", "welche", "welcher", "welches")
_LINKS_TEXT = "of von des der de du del della di da do 's"
# What a lazy sentence calls its answer by, without an article: "Capital is Paris."
_LABELS_TEXT = """
capital result total sum solution sentiment label category class classification type kind name city country colour
color department group author winner verdict value number hauptstadt ergebnis summe lösung kategorie klasse name
stadt land farbe abteilung gruppe capitale résultat somme nom ville pays couleur catégorie
"""

_SUBJECTS = frozenset(_SUBJECTS_TEXT.split())
_DEFINITE = frozenset(_DEFINITE_TEXT.split())
_INDEFINITE = frozenset(_INDEFINITE_TEXT.split())
_PREPOSITIONS = frozenset(_PREPOSITIONS_TEXT.split())
_LINKS = frozenset(_LINKS_TEXT.split())
_LABELS = frozenset(_LABELS_TEXT.split())
_PRONOUNS = _SUBJECTS | {"answer", "antwort", "réponse", "respuesta", "risposta", "resposta"}


class Side(Enum):
    """The side of a sentence that holds its answer."""

    LEFT = "left"
    RIGHT = "right"


def states(sentence: str, wanted: str) -> bool:
    """Whether a sentence says that its subject is the target: "… is Paris." or "Paris is …", without a hedge.

    ``wanted`` is the target's comparable form. The side is :func:`answer_side`'s.
    """
    said = comparable(sentence)
    if wanted not in said or hedges(said.replace(wanted, " ")) or _FORMERLY.search(said):
        return False
    side = answer_side(sentence)
    if side is None:
        return False
    bare = strip_remark(said)
    if side is Side.LEFT:
        return any(_opens(found, wanted) for found in (said, bare))
    if re.search(rf"{_STATED}{re.escape(wanted)}(?: \([^()]*\))?,? {_FOLLOWS}", said):
        return True
    return any(_closes(found, wanted) for found in (said, bare, said.rstrip("\"'` ")))


def _opens(said: str, wanted: str) -> bool:
    after = said.removeprefix(wanted)
    words = _WORD.findall(after)
    return after != said and bool(words) and words[0] in COPULAS and after[:1].isspace()


def _closes(said: str, wanted: str) -> bool:
    if said == wanted + "です" or said.endswith(("は" + wanted, "は" + wanted + "です", "是" + wanted)):
        return True
    before = said.removesuffix(wanted).rstrip("\"'`* ") + " " if said.endswith(wanted) else said
    words = re.findall(r"[^\s\w]+|[\w']+", before)
    if before == said or not words:
        return False
    if before.strip() == "by" or re.search(rf"\b{_MADE_BY}\s*\Z", before):
        return True
    is_relative = _is_relative(words[-3:-1])
    if (
        words[-1].endswith(("'s", "’s"))
        or (words[-1] in COPULAS and not is_relative)
        or before.rstrip()[-1:] in (":", "=", "→")
    ):
        return True
    return " ".join(words[-2:]) in _BEFORE_TARGET


# ── sides ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def answer_side(sentence: str) -> Side | None:
    """The side that is the answer; None where both may be, or neither.

    The right one where the left one describes ("The capital of France is Paris."), the left one where only the right
    one does ("Paris is the capital."). Without a verb, or with a colon before it, it is the right one.
    """
    return _side(" ".join(_DRESS.sub("", sentence).split()))


@lru_cache(maxsize=64)
def _side(plain: str) -> Side | None:
    verb = _verb(plain)
    sign = _SIGN.search(plain)
    if verb is None or (sign and sign.start() < verb.start()):
        return Side.RIGHT
    left, right = plain[: verb.start()].strip(" ,"), plain[verb.end() :]
    if not _WORD.search(left) or verb.group().casefold() in ("c'est", "it's", "that's"):
        return Side.RIGHT
    while (again := _WORD.match(right.lstrip())) and again.group().casefold() in COPULAS:
        right = right.lstrip()[again.end() :]
    if _is_strongly_described(left):
        return Side.RIGHT
    if right.strip(" .!").casefold() in _AFFIRMS:
        return Side.LEFT
    if _first(left) in _DEFINITE | _INDEFINITE:  # "The Nile", "Die Hauptstadt"
        if not is_described(right):
            return None if _first(right) in _DEFINITE else Side.RIGHT
        return Side.LEFT
    if _BY.match(right.strip()):
        return Side.RIGHT
    if is_described(right) or _first(right) in _DEFINITE:
        return Side.LEFT
    return Side.RIGHT if _holds_digit(left) and not _holds_digit(right) else None


def _verb(plain: str) -> re.Match[str] | None:
    return next(_verbs(plain), None)


def _verbs(plain: str) -> Iterator[re.Match[str]]:
    """The verbs of a sentence such as *is*, but for those of a relative clause: "a bill that is wrong"."""
    before: list[str] = []
    for each in _WORD.finditer(plain):
        if _is_verb(each.group()) and not _is_relative(before):
            yield each
        before = [*before[-1:], each.group().casefold()]


def _is_relative(before: list[str]) -> bool:
    """Whether a verb behind these two words is of a relative clause: "a bill that is", not "the answer to that is"."""
    return len(before) > 1 and before[-1] in _RELATIVES and before[-2] not in _PREPOSITIONS


def _is_verb(word: str) -> bool:
    return word.casefold().replace("’", "'") in COPULAS


def ends_in_verb(part: str) -> bool:
    """Whether a part of a sentence ends where its answer begins: "The answer is", "Capital:"."""
    words = _WORD.findall(part)
    return part.rstrip().endswith((":", "=", "：")) or bool(words and _is_verb(words[-1]))


def _first(text: str) -> str:
    found = _WORD.search(text)
    return found.group().casefold() if found else ""


def _holds_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_strongly_described(left: str) -> bool:
    """Whether the left side is surely no answer: a pronoun, a noun with its article, "the … of …", four words."""
    words = _WORD.findall(left)
    low = [word.casefold().replace("’", "'") for word in words]
    if set(low) & _PRONOUNS - _DEFINITE or low[-1] in _LABELS or low[-1].endswith("'s"):
        return True
    named = [word for word, lower in zip(words, low, strict=True) if lower not in _LINKS | _DEFINITE | _INDEFINITE]
    if named and all(not word[0].islower() for word in named):  # a name, however long
        return False
    determined = low[0] in _DEFINITE | _INDEFINITE
    return determined or len(words) > 3 or any(each in _LINKS or each.endswith("'s") for each in low[1:])


def is_described(part: str) -> bool:
    """Whether a part of a sentence describes more than it names: *a city in France*, *the capital*, *known for it*."""
    words = _WORD.findall(part)
    if len(words) < 2:
        return False
    first = words[0].casefold()
    if first in _INDEFINITE | _PREPOSITIONS | _SUBJECTS:
        return True
    if first in _DEFINITE:
        return words[1][0].islower() or words[1].casefold() in _LABELS
    return len(words) > 3 and any(word[0].islower() for word in words)


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def stated_parts(sentence: str) -> list[str]:
    """Every part of a sentence that :func:`states` can find to be its answer, each in one of its writings.

    Parts that hold another one whole are left out, where the shorter one is there.
    """
    plain = " ".join(_DRESS.sub("", sentence).split()).rstrip(".!?。！？ ")
    side = answer_side(sentence)
    if side is None:
        return []
    if side is Side.LEFT:
        verb = _verb(plain)
        return [plain[: verb.start()].strip()] if verb else []
    ends = [each.end() for each in _verbs(plain)]
    ends += [each.end() for pattern in (_REST, _BY, _OWNED) for each in pattern.finditer(plain)]
    parts = [plain[end:].strip(" ,") for end in sorted(ends)[-_MOST_PARTS:]]
    for part in tuple(parts):
        for followed in islice(_FOLLOWED.finditer(part), 4):
            parts += [part[: followed.start()], part[: followed.start()].partition(" ")[2]]
    return [each.removesuffix("です") for part in parts for each in (part, strip_remark(part)) if each.strip()]


_MOST_PARTS = 12


def is_statement(sentence: str) -> bool:
    """Whether a sentence has a verb such as *is*."""
    return any(word in COPULAS for word in re.findall(r"[\w']+", sentence.casefold()))


def is_short_statement(sentence: str) -> bool:
    """Whether a sentence is so short ("It is Paris.") that it may be the answer itself."""
    words = re.findall(r"[\w']+", sentence)
    if len(words) <= 2 and not sentence.rstrip().endswith("!"):
        return True
    return len(words) <= 5 and any(word.casefold() in COPULAS or word.casefold() == "it's" for word in words)
