"""Fields of other harnesses' logs: scores, errors, times and targets, converted to ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from steelyard.adapters.untrusted_json import number, texts
from steelyard.claims.decoding import OTHER_DECODING
from steelyard.errors import InputError
from steelyard.records import Outcome, Score
from steelyard.util.text import one_line

__all__ = [
    "Targets",
    "microseconds",
    "microseconds_since_epoch",
    "notes_on_decoding",
    "outcome_of_error",
    "score_of",
]

# Inspect's letters: correct, incorrect, partial, no answer.
LETTERS: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
NO_ANSWER: Final = "N"
FAULTS: Final = (
    (re.compile(r"time[d ]*out|deadline", re.I), Outcome.TIMEOUT),
    (re.compile(r"\b429\b|rate.?limit|too many requests", re.I), Outcome.RATE_LIMITED),
    (re.compile(r"json|decode|pars|malformed|invalid response", re.I), Outcome.MALFORMED),
    (re.compile(r"\b5\d\d\b|internal server|overloaded|unavailable", re.I), Outcome.SERVER_ERROR),
    (re.compile(r"\b4\d\d\b|bad request|unauthori|not found|forbidden", re.I), Outcome.CLIENT_ERROR),
)
# Settings by which another token is taken than the likeliest one, or the one that is drawn, with the value that changes
# nothing.
ALTERING: Final[dict[str, float]] = {
    "repetition_penalty": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "no_repeat_ngram_size": 0,
    "num_beams": 1,
    "best_of": 1,
    "typical_p": 1,
    "xtc_probability": 0,
    "dry_multiplier": 0,
}
CONSTRAINING: Final = re.compile(
    r"(guided|constraint|structured).*|logit_bias|bad_words.*|grammar|regex|response_(format|schema)|json_schema"
)
MAX_MICROSECONDS: Final = 10**15


def notes_on_decoding(settings: dict[str, Any]) -> Iterator[str]:
    """A sentence on settings by which greedy outputs are not a model's likeliest tokens, where a log states any."""
    names = [
        name
        for name, value in sorted(settings.items())
        if (name in ALTERING and value is not None and number(value) != ALTERING[name])
        or (CONSTRAINING.fullmatch(name) and value)
    ]
    if names:
        yield f"{OTHER_DECODING}{', '.join(one_line(name, 40) for name in names)}."


def score_of(value: Any, where: Path, sample: str) -> Score | None:
    """Convert a score; None where there is none. Raises InputError where it is not a single number.

    The importer checks that it lies between 0 and 1.
    """
    if isinstance(value, str):
        known = LETTERS.get(value, LETTERS.get(value.lower() if len(value) > 1 else value))
        if known is not None:
            return Score(value=known, parsed=value != NO_ANSWER)
        value = _decimal(value)
    if value is None or (isinstance(value, float) and value != value):
        return None
    found = number(value)
    if found is None:
        kind = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "not a number"
        raise InputError(
            f"the score of {sample[:40]!r} is {kind}, not one number: choose another --metric", where=where
        )
    return Score(value=found)


def _decimal(value: str) -> Any:
    try:
        return float(value) if len(value) < 40 else value
    except ValueError:
        return object()


def outcome_of_error(message: str) -> Outcome:
    """The outcome that an error's text describes; *dropped* where it is unknown."""
    head = message[:2000]
    return next((outcome for pattern, outcome in FAULTS if pattern.search(head)), Outcome.DROPPED)


def microseconds(seconds: float | None) -> int:
    """Seconds as whole microseconds; 0 where the log has none."""
    return min(MAX_MICROSECONDS, max(0, round((seconds or 0.0) * 1e6)))


def microseconds_since_epoch(stamp: str) -> int:
    """ISO 8601 → microseconds since 1970; 0 for anything else."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, round(moment.timestamp() * 1e6))


@dataclass(frozen=True)
class Targets:
    """Reads targets. ``scorer`` names one of ours where the outputs are to be scored again, else it is empty."""

    scorer: str

    def one(self, value: Any, sample: str) -> str:
        """The target's text; several are joined by newlines, unless a scorer of ours needs one: then InputError."""
        found = texts(value)
        if len(found) > 1 and self.scorer:
            raise InputError(
                f"the sample {sample[:40]!r} has {len(found)} targets, and {self.scorer} takes one: "
                "leave --scorer out to keep the scores of the log"
            )
        return "\n".join(found)
