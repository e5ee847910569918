"""What a log says of an answer: a person accepted it, rejected it, or wrote the right one.

The fields are few and documented, and none is guessed: a number whose scale is not known says nothing.

=====================================  ============================  ======================================
field                                  accepted                      rejected
=====================================  ============================  ======================================
``accepted``                           true                          false
``feedback``: a word, or an object     *up*, *positive*, 1, true …   *down*, *negative*, 0, −1, false …
with ``score``, ``thumbs`` or
``rating``
``rating``                             a word as above, 4, 5         a word as above, −1, 0, 2
``corrected``, ``correction``,         their text is the answer
``target``, ``expected``
=====================================  ============================  ======================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from steelyard.suites.sources.conversations import tidy

__all__ = ["Judgement", "judgement_of"]

CORRECTIONS: Final = ("corrected", "correction", "target", "expected")
_UP: Final = frozenset(
    ("up", "thumbs_up", "thumbsup", "thumbs up", "thumbsupdown_up", "positive", "good", "like", "👍")
)
_DOWN: Final = frozenset(("down", "thumbs_down", "thumbsdown", "thumbs down", "negative", "bad", "dislike", "👎"))


@dataclass(frozen=True)
class Judgement:
    """``accepted`` is None where nobody said so, or two fields contradict each other; ``correction`` is a person's."""

    accepted: bool | None = None
    correction: str = ""


def judgement_of(*fields: Mapping[str, Any] | None) -> Judgement:
    """What these fields say of an answer, together."""
    given = [each for each in fields if each is not None]
    correction = next(
        (text for each in given for key in CORRECTIONS if isinstance(each.get(key), str) and (text := tidy(each[key]))),
        "",
    )
    votes = {vote for each in given for vote in _votes(each)}
    return Judgement(votes.pop() if len(votes) == 1 else None, correction)


def _votes(fields: Mapping[str, Any]) -> Iterator[bool]:
    if isinstance(fields.get("accepted"), bool):
        yield fields["accepted"]
    feedback = fields.get("feedback")
    entries = feedback if isinstance(feedback, Mapping) else {"score": feedback}
    for key in ("score", "thumbs"):
        if (vote := _vote(entries.get(key), {1: True, 0: False, -1: False})) is not None:
            yield vote
    for rating in (fields.get("rating"), entries.get("rating")):
        if (vote := _vote(rating, {5: True, 4: True, 2: False, 0: False, -1: False})) is not None:
            yield vote


def _vote(value: Any, numbers: Mapping[int, bool]) -> bool | None:
    """The vote that a value is; None for one that says nothing: 3 of 5, .7, and 1, which may be a star or a thumb."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return numbers.get(int(value)) if value == value and abs(value) < 10 and value == int(value) else None
    word = value.strip().casefold() if isinstance(value, str) else ""
    return True if word in _UP else False if word in _DOWN else None
