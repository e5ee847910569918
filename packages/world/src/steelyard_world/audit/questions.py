"""The questions that an audit asks a world model, one JSON text each, and the parsers of its answers.

A question names a world and a held-out seed, never a frame: model and scorer both make the observations from the seed.
An answer is what the model did or measured (actions, surprises, an estimate, a choice), never how good that was. Beside
that it names by role the weights of what answered (``answered_by``), which no scorer reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec
import numpy as np

from steelyard_world.sim.simulator import Floats

__all__ = [
    "ANSWERED_BY",
    "Actions",
    "ChooseOutcome",
    "LocateObject",
    "PlayHeadToHead",
    "Question",
    "ReachGoal",
    "ReachGoalShifted",
    "Surprise",
    "arrays_in",
    "numbers_in",
    "read_question",
]

Actions = list[list[float]]
_T = TypeVar("_T")

ANSWERED_BY = "answered_by"
MAX_ANSWER = 200_000  # characters; an episode of 200 steps in two numbers each takes about 4,000
LARGEST = 1e6  # no action, place or surprise is larger; float32 has room for its square


class _Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="ask"):
    seed: int


class ReachGoal(_Question, frozen=True, kw_only=True, tag="reach goal"):
    """Reach the goal of this episode. Answer: ``{"actions": [[…], …]}``, one a step, in pixels."""

    world: str


class ReachGoalShifted(_Question, frozen=True, kw_only=True, tag="reach goal shifted"):
    """Reach the goal in the world of training and again under a shift. Answer: ``{"trained": …, "shifted": …}``."""

    world: str
    shift: str


class PlayHeadToHead(_Question, frozen=True, kw_only=True, tag="play head to head"):
    """Let the model of few frames and its rival play the same episode. Answer: ``{"ours": …, "rival": …}``.

    ``tie`` is the side for which a tie counts. Every episode is asked both ways, so that ties count half for each.
    """

    world: str
    rival: str
    tie: Literal["ours", "rival"]


class Surprise(_Question, frozen=True, kw_only=True, tag="surprise"):
    """Watch two clips of a matched quad. Answer: ``{"possible": […], "impossible": […]}``.

    There is one number for each frame after the first.

    Pairs 0 to 3: possible A with impossible A|B and B|A, possible B with both.
    """

    category: str
    pair: Literal[0, 1, 2, 3]


class LocateObject(_Question, frozen=True, kw_only=True, tag="locate object"):
    """Estimate where the ball is behind its screen, one frame before it comes out. Answer: ``{"x": [pixels]}``."""


class ChooseOutcome(_Question, frozen=True, kw_only=True, tag="choose outcome"):
    """Choose the outcome, of seven, that follows when one cause is changed. Answer: ``{"choice": [index]}``, from 0."""

    world: str


Question = ReachGoal | ReachGoalShifted | PlayHeadToHead | Surprise | LocateObject | ChooseOutcome

_QUESTION: msgspec.json.Decoder[Question] = msgspec.json.Decoder(Question)


def read_question(text: str) -> Question:
    """Parse a question; raises ValueError where the text is none."""
    return _QUESTION.decode(text)


def arrays_in(text: str, names: Sequence[str], width: int, most: int) -> dict[str, Floats] | None:
    """Read ``{name: [[number × width], … up to most], …}`` as float32 (steps, width); else None.

    The text is untrusted: nothing in it raises.
    """
    found = _decoded(text, dict[str, list[list[float]]])
    if found is None or set(found) != set(names):
        return None
    arrays = {}
    for name, rows in found.items():
        if len(rows) > most or any(len(row) != width for row in rows):
            return None
        array = np.asarray(rows, dtype=np.float64).reshape(len(rows), width)
        if not np.isfinite(array).all() or (np.abs(array) > LARGEST).any():
            return None
        arrays[name] = array.astype(np.float32)
    return arrays


def numbers_in(text: str, names: Sequence[str]) -> dict[str, list[float]] | None:
    """Read ``{name: [number, …], …}``, all of one length and none empty; else None.

    Numbers beyond a million are refused.
    """
    found = _decoded(text, dict[str, list[float]])
    if found is None or set(found) != set(names):
        return None
    lengths = {len(numbers) for numbers in found.values()}
    if len(lengths) != 1 or 0 in lengths:
        return None
    if any(not abs(number) <= LARGEST for numbers in found.values() for number in numbers):
        return None
    return found


def _decoded(text: str, kind: type[_T]) -> _T | None:
    if len(text) > MAX_ANSWER:
        return None
    try:
        parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        parts.pop(ANSWERED_BY, None)
        return msgspec.json.decode(msgspec.json.encode(parts), type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
