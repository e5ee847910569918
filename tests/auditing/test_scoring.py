"""Marks from a journal: pure scorers over texts, acting scorers over what was journalled, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from steelyard.auditing.scoring import final_attempts, score_attempts, unscored_attempts
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import (
    Attempt,
    ClaimSheet,
    GenerateRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
    Plan,
    PlanRow,
    RecordedScore,
    Sample,
    SampleScore,
    Score,
)
from steelyard.storage.journal.lines import JournalRecord


@dataclass(frozen=True)
class Runs:
    """A scorer that acts; its act must not happen when a journal is read."""

    executes: bool = True
    identifier: str = "runs@1"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        raise AssertionError("the act was repeated")


@dataclass(frozen=True)
class Exact:
    identifier: str = "exact@1"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        return Score(value=float(answer.text == sample.target))


ROW = PlanRow(
    id="00-code", claim=0, task="code", cell="written", scorer="runs@1", kind="generate", population=50,
    samples_root="0" * 64, order_seed="seed", tolerance="2", threshold=1, alpha_inconsistent=0.05,
    alpha_consistent=0.05, stop_inconsistent=(), stop_consistent=(), weight=1.0, share=1.0, estimate=True,
)  # fmt: skip
PLAN = Plan(
    software="0", created="", sheet=ClaimSheet(model="x"), model=ModelIdentity(uri="x"), alpha=0.05, tolerance="2",
    rows=(ROW,),
)  # fmt: skip
SAMPLES = [Sample(id=f"code/row/{n}", request=GenerateRequest(prompt=f"write {n}"), target=str(n)) for n in range(50)]
TEXTS = {sha256_hex(canonical(sample)): canonical(sample).decode() for sample in SAMPLES}
TEXTS |= {sha256_hex(sample.target.encode()): sample.target for sample in SAMPLES}


def attempt(number: int, **changes: Any) -> Attempt:
    sample = SAMPLES[number]
    fields: dict[str, Any] = {
        "seq": number, "prev": "", "row": ROW.id, "position": number, "sample": sample.id,
        "item": sha256_hex(canonical(sample)), "repeat": 0, "attempt": 1,
        "request": sha256_hex(canonical(sample.request)), "outcome": Outcome.OK, "final": True,
        "answer": sha256_hex(sample.target.encode()), "started_us": 0, "elapsed_us": 1,
    }  # fmt: skip
    return Attempt(**fields | changes)


def marked(number: int, value: float | None, **changes: Any) -> RecordedScore:
    fields: dict[str, Any] = {"row": ROW.id, "sample": SAMPLES[number].id, "repeat": 0, "scorer": "runs@1"}
    return RecordedScore(**fields | {"value": value} | changes)


def scored(records: list[JournalRecord], scorer: Any = None) -> list[SampleScore | Attempt]:
    return list(score_attempts(PLAN, records, {ROW.id: scorer or Runs()}, TEXTS))


def told(found: list[SampleScore | Attempt]) -> list[tuple[str, str, float | None]]:
    return [(score.sample, score.status, score.value) for score in found if isinstance(score, SampleScore)]


def test_the_marks_of_an_act_are_read_and_never_made_again() -> None:
    records: list[JournalRecord] = [attempt(0), attempt(1), marked(1, 0.0), attempt(2), marked(0, 1.0)]
    records += [marked(2, 0.5, parsed=False), attempt(3, outcome=Outcome.TIMEOUT, answer="")]
    assert told(scored(records)) == [
        ("code/row/1", "scored", 0.0),
        ("code/row/0", "scored", 1.0),
        ("code/row/2", "unparsed", 0.5),
        ("code/row/3", "missing", None),
    ]


def test_a_mark_may_stand_before_its_answer_since_segments_are_read_one_after_another() -> None:
    assert told(scored([marked(4, 1.0), attempt(4)])) == [("code/row/4", "scored", 1.0)]


def test_an_act_that_failed_and_an_answer_without_its_mark_are_missing() -> None:
    records: list[JournalRecord] = [attempt(0), attempt(1), marked(1, None)]
    assert told(scored(records)) == [("code/row/1", "missing", None), ("code/row/0", "missing", None)]
    assert [left.sample for left in unscored_attempts(records, {ROW.id: Runs()})] == ["code/row/0"]
    assert not list(unscored_attempts(records, {ROW.id: Exact()}))


def test_a_mark_needs_no_texts() -> None:
    found = list(score_attempts(PLAN, [attempt(0), marked(0, 1.0)], {ROW.id: Runs()}, {}))
    assert told(found) == [("code/row/0", "scored", 1.0)]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([attempt(0), marked(0, 1.0), marked(0, 0.0)], "no answer that waits"),
        ([marked(0, 1.0), marked(0, 0.0), attempt(0)], "same call"),
        ([marked(0, 1.0)], "no answer that waits"),
        ([attempt(0, outcome=Outcome.TIMEOUT, answer=""), marked(0, 1.0)], "no answer that waits"),
        ([attempt(0), marked(0, 2.0)], "no share of right"),
        ([attempt(0), marked(0, 1.0, scorer="runs@2")], r"made by runs@2"),
        ([attempt(0), marked(0, 1.0, row="01-none")], "no row 01-none"),
        ([attempt(0), attempt(0)], "both end the call"),
        ([attempt(0, position=-1, repeat=1), attempt(0, position=-1, repeat=1)], "both end the call"),
        ([attempt(0, position=50)], "no place 50"),
        ([attempt(0, sample="code/row/9")], "its item is code/row/0"),
        ([attempt(0, request="f" * 64)], "not the one that its sample asks for"),
    ],
)
def test_records_that_do_not_belong_together(records: list[JournalRecord], said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        scored(records)


def test_a_pure_scorer_takes_no_journalled_marks() -> None:
    with pytest.raises(VerificationError, match="whose marks are made by runs@1"):
        scored([attempt(0), marked(0, 1.0)], Exact())


def test_pure_marks_stream_in_the_order_of_the_journal() -> None:
    def records() -> Iterator[JournalRecord]:
        for number in (7, 3, 5):
            yield attempt(number, answer="", outcome=Outcome.SERVER_ERROR, final=False)
            yield attempt(number)
            seen.append(number)

    seen: list[int] = []
    stream = score_attempts(PLAN, records(), {ROW.id: Exact()}, TEXTS)
    first = next(stream)
    assert (told([first]), seen) == ([("code/row/7", "scored", 1.0)], [])
    assert [mark.sample for mark in stream] == ["code/row/3", "code/row/5"]
    assert [last.position for last in final_attempts(records())] == [7, 3, 5]


def test_a_withheld_text_leaves_the_attempt_to_be_read() -> None:
    found = list(score_attempts(PLAN, [attempt(0)], {ROW.id: Exact()}, {}))
    assert found == [attempt(0)]
