"""Journal → scores: a pure function, so that anyone can recompute every mark from the bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import msgspec

from assay.errors import Broken
from assay.evidence.canonical import canonical, sha256_hex
from assay.plugins import Scorer
from assay.records import Answer, Attempt, Plan, Sample, Score

__all__ = ["final_attempts", "score", "score_run", "scorers_of"]


def score(scorer: Scorer, attempt: Attempt, sample: Sample, answer: Answer) -> Score:
    """Mark the final attempt of one call; an attempt that brought no answer is *missing*, never silently wrong.

    So is an answer on which a scorer fails: a fault of ours must count neither for nor against the model.
    """
    status, value = "missing", None
    if attempt.outcome.answered:
        with suppress(Exception):
            mark = scorer.mark(sample, answer)
            status, value = ("scored" if mark.parsed else "unparsed"), mark.value
    return Score(
        row=attempt.row,
        position=attempt.position,
        sample=attempt.sample,
        repeat=attempt.repeat,
        status=status,  # type: ignore[arg-type]
        value=value,
        scorer=scorer.identifier,
        seq=attempt.seq,
    )


def final_attempts(attempts: Iterable[Attempt]) -> Iterator[Attempt]:
    """The attempt that ended each call; a call that no attempt ended was never finished and is not scored.

    Raises Broken where one call was ended twice: an answer was asked for again after a valid one.
    """
    ended: dict[tuple[str, str, int], int] = {}
    for attempt in attempts:
        if not attempt.final:
            continue
        call = (attempt.row, attempt.sample, attempt.repeat)
        if call in ended:
            raise Broken(f"records {ended[call]} and {attempt.seq} both end the call {attempt.sample}")
        ended[call] = attempt.seq
        yield attempt


def score_run(
    plan: Plan, attempts: Iterable[Attempt], scorers: Mapping[str, Scorer], texts: Mapping[str, str]
) -> list[Score | Attempt]:
    """Score every finished call, in the order of the journal.

    Where a text was withheld the attempt itself stands in the list: its score can be read, not recomputed.
    """
    marked: list[Score | Attempt] = []
    for attempt in final_attempts(attempts):
        if attempt.item not in texts or (attempt.answer and attempt.answer not in texts):
            marked.append(attempt)
            continue
        try:
            sample = msgspec.json.decode(texts[attempt.item], type=Sample)
        except msgspec.DecodeError:
            raise Broken(f"record {attempt.seq}: its item is not a sample") from None
        if sample.id != attempt.sample:
            raise Broken(f"record {attempt.seq}: its item is {sample.id}, not {attempt.sample}")
        if attempt.request != _request_digest(sample):
            raise Broken(f"record {attempt.seq}: the request is not the one that its sample asks for")
        answer = Answer(
            outcome=attempt.outcome,
            text=texts[attempt.answer] if attempt.answer else "",
            logprobs=attempt.logprobs,
            finish_reason=attempt.finish_reason,
        )
        marked.append(score(scorers[attempt.row], attempt, sample, answer))
    return marked


def _request_digest(sample: Sample) -> str:
    return sha256_hex(canonical(sample.request))


def scorers_of(plan: Plan) -> dict[str, Scorer]:
    """Each row's scorer, opened from the identifier that the plan sealed."""
    from assay.scorers import open_identifier

    return {row.id: open_identifier(row.scorer) for row in plan.rows}
