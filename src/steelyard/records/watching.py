"""The lines of a watch's log: what is watched, each pass as it begins and ends, the baseline, and passes that are lost.

Each line names the digest of the one before, and the plan of each pass names the line before that pass begins. So no
look can be left out, put in or moved without asking all later ones again.
"""

from __future__ import annotations

from typing import Final, Literal

from steelyard.records.record import Record

__all__ = ["WATCH_FORMAT", "WATCH_INPUT", "BaselineSet", "PassBegun", "PassEnded", "PassFacts", "PassKind", "PassLost",
           "WatchLine", "WatchOpened"]  # fmt: skip

WATCH_FORMAT: Final = "steelyard-watch/2"
WATCH_INPUT: Final = "watch"  # the name and the kind of the plan's input that is the log's line before the pass

PassKind = Literal["baseline", "look"]


class WatchOpened(Record, frozen=True, kw_only=True, tag="watch", tag_field="type"):
    """The first line: what is asked, how many passes are the baseline, and at which level of all years together.

    ``spread``: each call asks one pass of the baseline, so that they lie on several days. ``scorer``,
    ``output_tokens`` and ``reasoning_effort`` are the user's, as in a plan.
    """

    seq: int = 0
    prev: str = ""
    format: Literal["steelyard-watch/2"]
    software: str
    at: str
    task: str
    prompt: str = ""
    shots: int | None = None
    temperature: float | None = None
    scorer: str = ""
    output_tokens: int | None = None
    reasoning_effort: str = ""
    passes: int
    spread: bool = False
    alpha: float = 0.05


class PassBegun(Record, frozen=True, kw_only=True, tag="begun", tag_field="type"):
    """A pass whose plan is sealed, and of which nothing is asked yet: its plan's SHA-256."""

    seq: int
    prev: str
    at: str
    kind: PassKind
    number: int
    plan: str


class PassFacts(Record, frozen=True, kw_only=True):
    """What one pass came to, computed from its sealed run.

    ``low`` and ``high`` are its mean in millionths, rounded up, with missing answers as 0 and as 1; an answer that
    cannot be read in one way (``open``) counts as 0 in both. ``served`` are the names that answers came from, at most
    five; ``reasons``: the endpoint reasons unasked; ``reasoned`` counts answers with reasoning. ``prompt_tokens`` are
    those of all answers, ``answer_tokens`` and ``milliseconds`` the median answer's; 0: the endpoint does not say.
    """

    items: int
    low: int
    high: int
    missing: int = 0
    open: int = 0
    served: tuple[str, ...] = ()
    reasons: bool = False
    reasoned: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    milliseconds: int = 0


class PassEnded(Record, frozen=True, kw_only=True, tag="ended", tag_field="type"):
    """A pass whose run is sealed: the SHA-256 of its seal, and what it came to."""

    seq: int
    prev: str
    at: str
    kind: PassKind
    number: int
    bundle: str
    facts: PassFacts


class BaselineSet(Record, frozen=True, kw_only=True, tag="baseline", tag_field="type"):
    """What every look is held against: :class:`steelyard.stats.watching.Baseline` in whole numbers.

    ``mean``, ``spread`` and ``bound`` are in millionths, ``bets`` in thousandths.
    """

    seq: int
    prev: str
    at: str
    items: int
    mean: int
    spread: int
    bound: int
    bets: tuple[int, ...]


class PassLost(Record, frozen=True, kw_only=True, tag="lost", tag_field="type"):
    """A pass that began and has no end: its folder was ``gone``, or the user ``gave_up``."""

    seq: int
    prev: str
    at: str
    kind: PassKind
    number: int
    reason: Literal["gone", "gave_up"]


WatchLine = WatchOpened | PassBegun | PassEnded | BaselineSet | PassLost
