"""Scores from a journal: pure scorers over texts, executing scorers over what was recorded, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from steelyard.auditing.scoring import Unscored, read_score, score_attempts, unscored_attempts
from steelyard.auditing.stated import AS_ASKED, Stated
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import (
    Attempt,
    GenerateRequest,
    ModelOutput,
    Outcome,
    RecordedScore,
    Sample,
    SampleScore,
    Score,
)
from steelyard.storage.journal.lines import JournalRecord
from testkit.plans import measurement, plan


@dataclass(frozen=True)
class Runs:
    """A scorer that executes; it must not run when a journal is read."""

    executes: bool = True
    identifier: str = "runs@1"

    def unavailable_reason(self) -> str:
        return ""

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        raise AssertionError("it ran again")


@dataclass(frozen=True)
class Exact:
    identifier: str = "exact@5"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        return Score(value=float(answer.text == sample.target))


ASKED = measurement(id="00-code", task="code", prompt="written", scorers=("runs@1",))
PLAN = plan(ASKED)
SAMPLES = [Sample(id=f"code/row/{n}", request=GenerateRequest(prompt=f"write {n}"), target=str(n)) for n in range(50)]
TEXTS = {sha256_hex(canonical(sample)): canonical(sample).decode() for sample in SAMPLES}
TEXTS |= {sha256_hex(sample.target.encode()): sample.target for sample in SAMPLES}


def attempt(number: int, **changes: Any) -> Attempt:
    sample = SAMPLES[number]
    fields: dict[str, Any] = {
        "seq": number, "measurement": ASKED.id, "position": number, "sample": sample.id,
        "item": sha256_hex(canonical(sample)), "repeat": 0, "attempt": 1,
        "request": sha256_hex(canonical(sample.request)), "outcome": Outcome.OK, "final": True,
        "answer": sha256_hex(sample.target.encode()), "started_us": 0, "elapsed_us": 1,
    }  # fmt: skip
    return Attempt(**fields | changes)


def recorded(number: int, value: float | None, **changes: Any) -> RecordedScore:
    fields: dict[str, Any] = {"measurement": ASKED.id, "sample": SAMPLES[number].id, "repeat": 0, "scorer": "runs@1"}
    return RecordedScore(**fields | {"value": value} | changes)


def scored(records: list[JournalRecord], scorer: Any = None) -> list[SampleScore | Unscored]:
    return list(score_attempts(PLAN, records, {ASKED.id: (scorer or Runs(),)}, TEXTS))


def in_short(found: list[SampleScore | Unscored]) -> list[tuple[str, str, float | None]]:
    return [(score.sample, score.status, score.value) for score in found if isinstance(score, SampleScore)]


def test_recorded_scores_are_read_and_nothing_runs_again() -> None:
    records: list[JournalRecord] = [attempt(0), attempt(1), recorded(1, 0.0), attempt(2), recorded(0, 1.0)]
    records += [recorded(2, 0.5, parsed=False), attempt(3, outcome=Outcome.TIMEOUT, answer="")]
    assert in_short(scored(records)) == [
        ("code/row/1", "scored", 0.0),
        ("code/row/0", "scored", 1.0),
        ("code/row/2", "unparsed", 0.5),
        ("code/row/3", "missing", None),
    ]


def test_a_score_may_come_before_its_output_since_segments_are_read_one_after_another() -> None:
    assert in_short(scored([recorded(4, 1.0), attempt(4)])) == [("code/row/4", "scored", 1.0)]


def test_a_scorer_that_failed_and_an_output_without_its_score_are_missing() -> None:
    records: list[JournalRecord] = [attempt(0), attempt(1), recorded(1, None)]
    assert in_short(scored(records)) == [("code/row/1", "missing", None), ("code/row/0", "missing", None)]
    assert [left.attempt.sample for left in unscored_attempts(records, {ASKED.id: (Runs(),)})] == ["code/row/0"]
    assert not list(unscored_attempts(records, {ASKED.id: (Exact(),)}))


def test_a_recorded_score_needs_no_texts() -> None:
    found = list(score_attempts(PLAN, [attempt(0), recorded(0, 1.0)], {ASKED.id: (Runs(),)}, {}))
    assert in_short(found) == [("code/row/0", "scored", 1.0)]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([attempt(0), recorded(0, 1.0), recorded(0, 0.0)], "no answer that waits"),
        ([recorded(0, 1.0), recorded(0, 0.0), attempt(0)], "same call"),
        ([recorded(0, 1.0)], "no answer that waits"),
        ([attempt(0, outcome=Outcome.TIMEOUT, answer=""), recorded(0, 1.0)], "no answer that waits"),
        ([attempt(0), recorded(0, 2.0)], "is not between 0 and 1"),
        ([attempt(0), recorded(0, 1.0, scorer="runs@2")], r"whose scores runs@2 records"),
        ([attempt(0), recorded(0, 1.0, measurement="01-none")], "no measurement 01-none"),
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


def test_a_pure_scorer_takes_no_recorded_scores() -> None:
    with pytest.raises(VerificationError, match="whose scores runs@1 records"):
        scored([attempt(0), recorded(0, 1.0)], Exact())


def test_pure_scores_stream_in_the_order_of_the_journal() -> None:
    def records() -> Iterator[JournalRecord]:
        for number in (7, 3, 5):
            yield attempt(number, answer="", outcome=Outcome.SERVER_ERROR, final=False)
            yield attempt(number)
            seen.append(number)

    seen: list[int] = []
    stream = score_attempts(PLAN, records(), {ASKED.id: (Exact(),)}, TEXTS)
    first = next(stream)
    assert (in_short([first]), seen) == ([("code/row/7", "scored", 1.0)], [])
    assert [each.sample for each in stream if isinstance(each, SampleScore)] == ["code/row/3", "code/row/5"]


def test_a_withheld_text_leaves_the_attempt_to_be_read() -> None:
    found = list(score_attempts(PLAN, [attempt(0)], {ASKED.id: (Exact(),)}, {}))
    assert found == [Unscored(attempt(0), Exact())]


def test_several_scorers_score_the_same_output() -> None:
    both = plan(msgspec.structs.replace(ASKED, scorers=("exact@5", "runs@1")))
    records: list[JournalRecord] = [attempt(0), recorded(0, 0.5)]
    found = list(score_attempts(both, records, {ASKED.id: (Exact(), Runs())}, TEXTS))
    assert [(score.scorer, score.value) for score in found if isinstance(score, SampleScore)] == [
        ("exact@5", 1.0),
        ("runs@1", 0.5),
    ]


def test_an_output_that_cannot_be_read_in_one_way_is_open() -> None:
    class Unsure:
        identifier = "unsure@1"

        def score(self, sample: Sample, answer: ModelOutput) -> Score:
            return Score(value=None)

    assert in_short(scored([attempt(0)], Unsure())) == [("code/row/0", "open", None)]
    assert in_short(scored([attempt(0), recorded(0, None, open=True)])) == [("code/row/0", "open", None)]


THOUGHT = "first the units"


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("", {}, ("unparsed", 0.0)),
        (" \n ", {}, ("unparsed", 0.0)),
        ("<|im_end|>", {}, ("unparsed", 0.0)),
        ("", {"reasoning": sha256_hex(THOUGHT.encode())}, ("open", None)),
        ("", {"reasoning_tokens": 12}, ("open", None)),
        ("", {"completion_tokens": 120}, ("open", None)),
        ("", {"completion_tokens": 2}, ("unparsed", 0.0)),
        (" ", {"completion_tokens": 120}, ("open", None)),
        (" ", {"completion_tokens": 4}, ("unparsed", 0.0)),
        (f"<think>{THOUGHT}</think>\n", {}, ("open", None)),
        ("", {"outcome": Outcome.TRUNCATED}, ("open", None)),
        ("", {"outcome": Outcome.EMPTY}, ("missing", None)),
        ("", {"outcome": Outcome.REFUSED, "finish_reason": "content_filter"}, ("open", None)),
    ],
)
def test_an_answer_with_nothing_in_it_is_wrong_and_open_after_reasoning(
    text: str, changes: dict[str, Any], expected: tuple[str, float | None]
) -> None:
    class Generous:
        identifier = "generous@1"

        def score(self, sample: Sample, answer: ModelOutput) -> Score:
            return Score(value=1.0)

    answer = sha256_hex(text.encode()) if text else ""
    texts = {**TEXTS, answer: text, sha256_hex(THOUGHT.encode()): THOUGHT}
    records = [attempt(0, answer=answer, **changes)]
    (found,) = score_attempts(PLAN, records, {ASKED.id: (Generous(),)}, texts)
    assert isinstance(found, SampleScore)
    assert (found.status, found.value) == expected


@pytest.mark.parametrize(
    ("request_of", "finish", "value"),
    [
        (GenerateRequest(prompt="def f():", stop=("\ndef",)), "stop", 0.0),
        (GenerateRequest(prompt="def f():", stop=("\ndef",)), "", None),
        (GenerateRequest(prompt="def f():"), "stop", None),
        (GenerateRequest(prompt="Write f.", stop=("\ndef",), chat=True), "stop", None),  # it may have reasoned unseen
    ],
)
def test_a_text_that_was_stopped_before_its_first_word_is_wrong(
    request_of: GenerateRequest, finish: str, value: float | None
) -> None:
    """Whatever the server counts: some stop a text after they made it."""
    sample = Sample(id="s/0", request=request_of, target="x")
    output = ModelOutput(outcome=Outcome.OK, text="", completion_tokens=120, finish_reason=finish)
    assert read_score(Exact(), sample, output).value == value


def test_where_reasoning_is_withheld_an_empty_answer_is_not_scored_again() -> None:
    (found,) = score_attempts(PLAN, [attempt(0, answer="", reasoning="0" * 64)], {ASKED.id: (Exact(),)}, TEXTS)
    assert isinstance(found, Unscored)


class Reads:
    """A scorer that reads an answer's last number, also of a text that was cut off."""

    identifier = "last@1"
    reads_truncated = True

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        return Score(value=float(answer.text.split()[-1:] == [sample.target]))


CHAT = Sample(id="s/0", request=GenerateRequest(prompt="q", chat=True, max_tokens=900), target="5")
LONG = "first the units, " * 30
ASSUMED = Stated(decoding=False)


@pytest.mark.parametrize(
    ("output", "stated", "value"),
    [
        (ModelOutput(outcome=Outcome.OK, text="It is 6"), AS_ASKED, 0.0),
        (ModelOutput(outcome=Outcome.OK, text="It is 6"), ASSUMED, 0.0),
        (ModelOutput(outcome=Outcome.OK, text="It is 6", reasoning_tokens=90), AS_ASKED, 0.0),
        (ModelOutput(outcome=Outcome.OK, text="It is 6", reasoning_tokens=90), ASSUMED, None),
        (ModelOutput(outcome=Outcome.OK, text="<think>hm</think>It is 6"), ASSUMED, None),
        (ModelOutput(outcome=Outcome.OK, text="<think>hm</think>It is 5"), ASSUMED, 1.0),
        (ModelOutput(outcome=Outcome.OK, text='<tool_call>{"name": "add"}</tool_call>\n'), AS_ASKED, None),
        (ModelOutput(outcome=Outcome.OK, text='[TOOL_CALLS]add{"a": 1}'), AS_ASKED, None),
        (ModelOutput(outcome=Outcome.OK, text="[TOOL_CALLS]" * 100_000 + "\nIt is 6"), AS_ASKED, 0.0),  # in no time
        (ModelOutput(outcome=Outcome.TRUNCATED, text=LONG + "it is 6"), AS_ASKED, None),
        (ModelOutput(outcome=Outcome.TRUNCATED, text=LONG + "it is 5"), AS_ASKED, 1.0),
        (ModelOutput(outcome=Outcome.TRUNCATED, text="It is 6"), AS_ASKED, 0.0),  # a short form, as a letter
        (ModelOutput(outcome=Outcome.TRUNCATED, text="the same again. " * 900), AS_ASKED, None),
        (ModelOutput(outcome=Outcome.TRUNCATED, text="the same again. " * 900), ASSUMED, None),
    ],
)
def test_what_is_held_against_a_model(output: ModelOutput, stated: Stated, value: float | None) -> None:
    assert read_score(Reads(), CHAT, output, stated).value == value


@pytest.mark.parametrize(("tokens", "value"), [(900, 0.0), (899, 0.0), (60, None), (0, None)])
def test_only_the_limit_that_is_stated_ends_an_answer(tokens: int, value: float | None) -> None:
    cut = ModelOutput(
        outcome=Outcome.TRUNCATED, text=LONG + "it is 6", finish_reason="length", completion_tokens=tokens
    )
    assert read_score(Reads(), CHAT, cut, Stated(limit=900)).value == value
