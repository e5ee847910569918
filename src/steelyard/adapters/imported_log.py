"""What an adapter reads from a log, what of it a run can keep, and what a first pass over it shows."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from steelyard.adapters.untrusted_json import refused
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import ModelIdentity, ModelOutput, Origin, Outcome, Sample, Score
from steelyard.util.compact import Digests, Naturals

__all__ = [
    "ImportedItem",
    "ImportedLog",
    "ImportedTask",
    "Survey",
    "clean",
    "kept_answer",
    "kept_sample",
    "survey_of",
]

# As the runner: far beyond what a model says in one answer; a line of the journal's texts must stay readable.
MAX_ANSWER: Final = 1_000_000
MAX_SAMPLE_BYTES: Final = 4 * 2**20
MAX_REPEATS: Final = 10_000
MAX_SAMPLES: Final = 1 << 32
MAX_TRIALS: Final = 4_000_000  # a log may state more than it holds, and each of them becomes a record here


@dataclass(frozen=True)
class ImportedItem:
    """One call of a log: what was asked, what came back, and the harness's own score (in [0, 1]) where it gave one.

    ``repeat`` counts a sample's epochs from 0. Times are microseconds, 0 where the log does not say.
    """

    sample: Sample
    answer: ModelOutput
    repeat: int = 0
    score: Score | None = None
    started_us: int = 0
    elapsed_us: int = 0


@dataclass(frozen=True)
class ImportedTask:
    """One task of a log. ``items`` is gone through twice, so that no log need fit into memory.

    ``scorer`` is an identifier: one that executes takes the items' own scores, any other scores the answers again.
    ``prompt`` says how the harness asked, in a word; ``reported`` is the score that the log itself states, a
    fraction; ``public``: the questions are known to be published.
    """

    name: str
    items: Iterable[ImportedItem]
    scorer: str
    prompt: str
    shots: int = 0
    differences: tuple[str, ...] = ()
    reported: float | None = None
    public: bool = False


@dataclass(frozen=True)
class ImportedLog:
    """What an adapter reads: the tasks, where they come from, and the model as the log names it."""

    tasks: tuple[ImportedTask, ...]
    origin: Origin
    model: ModelIdentity


# ── first pass: what is there ───────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Survey:
    """What one pass over a task's items shows: a digest and a score of each sample, and its id."""

    index: dict[str, int] = field(default_factory=dict)
    digests: Digests = field(default_factory=Digests)
    first: Sample | None = None
    repeats: int = 1
    scores: array[float] = field(default_factory=lambda: array("d"))


def survey_of(task: ImportedTask) -> Survey:
    """Go through a task once; raises InputError for what an import refuses."""
    found = Survey()
    seen = Naturals()
    for item in task.items:
        sample = kept_sample(item.sample)
        data = canonical(sample)
        if len(data) > MAX_SAMPLE_BYTES:
            raise refused(f"{task.name}: the sample {_short(sample.id)} is longer than a run can hold (4 MiB)")
        digest = sha256_hex(data)
        place = found.index.setdefault(sample.id, len(found.digests))
        if place == len(found.digests):
            found.digests.append(digest)
            found.first = found.first or sample
        elif found.digests[place] != digest:
            raise refused(f"{task.name}: the sample {_short(sample.id)} is in the log with two contents")
        if not 0 <= item.repeat < MAX_REPEATS:
            raise refused(f"{task.name}: the sample {_short(sample.id)} has the repeat {item.repeat}")
        if not seen.add(item.repeat * MAX_SAMPLES + place):
            raise refused(f"{task.name}: the sample {_short(sample.id)} is in the log twice: import one run alone")
        found.repeats = max(found.repeats, item.repeat + 1)
        if len(found.digests) * found.repeats > MAX_TRIALS:
            raise refused(f"{task.name}: more than {MAX_TRIALS:,} calls, which one import does not take")
        if item.score is not None and item.answer.outcome.answered:
            found.scores.append(_checked(item.score, task, sample))
    if found.first is None:
        raise refused(f"{task.name}: the log holds no samples of it")
    return found


def _checked(score: Score, task: ImportedTask, sample: Sample) -> float:
    if score.value is None or not 0 <= score.value <= 1:
        raise refused(
            f"{task.name}: the score of {_short(sample.id)} is {score.value}, outside 0 to 1: "
            "choose another metric or scorer of the log"
        )
    return score.value


def _short(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:39] + "…")


# ── what a run can keep ─────────────────────────────────────────────────────────────────────────────────────────────


def kept_sample(sample: Sample) -> Sample:
    """Without lone surrogates, which no digest of UTF-8 can be taken of."""
    try:
        canonical(sample)
    except ValueError:
        return msgspec.convert(_deep_clean(msgspec.to_builtins(sample)), Sample)
    return sample


def _deep_clean(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {key: _deep_clean(each) for key, each in value.items()}
        case list() | tuple():
            return [_deep_clean(each) for each in value]
    return value


def kept_answer(answer: ModelOutput) -> ModelOutput:
    """What a run can keep of an answer: no flood, no infinities, no lone surrogates, as of one that we asked for."""
    if max(len(answer.text), len(answer.reasoning)) > MAX_ANSWER:
        return ModelOutput(outcome=Outcome.MALFORMED, detail=f"the answer is longer than {MAX_ANSWER:,} characters")
    if not all(math.isfinite(value) for value in answer.logprobs):
        return ModelOutput(
            outcome=Outcome.MALFORMED, detail="a log-likelihood is not finite", model=clean(answer.model)
        )
    return msgspec.structs.replace(
        answer,
        text=clean(answer.text),
        reasoning=clean(answer.reasoning),
        detail=" ".join(clean(answer.detail).split()),
        model=clean(answer.model),
        finish_reason=clean(answer.finish_reason),
    )


def clean(text: str) -> str:
    """A text without lone surrogates."""
    return text.encode("utf-8", "replace").decode()
