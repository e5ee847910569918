"""The kinds of reasons: every sentence of a record is read back, and still made where it is looked for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import steelyard
from steelyard.records import ClaimVerdict, Needs, VerdictWord
from steelyard.reports.summary_reasons import KINDS, advice_on, reason_of
from tests.reports import report_fixtures as make
from tests.reports.summary_fixtures import REASONS

SOURCE = Path(steelyard.__file__).parent
# What the code itself says of each kind: a part of the sentence without numbers and names.
PARTS = {
    "limit": "stopped at the limit of",
    "unread": "answers can be read two ways or were cut off",
    "missing": "answers are missing",
    "unread_and_missing": "answers are missing, were cut off or can be read two ways",
    "few": "enough to say at least",
    "few_items": "are so few that the tolerance would be",
    "too_noisy": "answers vary so much between repeats that the tolerance would be",
    "format_unstated": "the vendor states none of the task's prompt formats, and ",
    "estimate": "this is an estimate with a bootstrap interval, and decides nothing",
    "unstated": "the score is below the claim, and the vendor does not state its ",
    "other_model": "two models by their names; if they are one, add --accept-model",
    "metric": "needs several answers to a sample",
    "unit": "is not a share of right answers",
    "outside": "is outside 0 to",
    "chance": "points is not above",
    "part": "the data here hold",
    "scored_more": "items, the data here hold",
    "no_task": "no task has this name",
    "known": " is known, but has no task here (steelyard tasks lists those that do)",
    "subset": "the claim is about a part of the benchmark (",
    "no_data": "no data for",
    "loglikelihoods": "cannot give log-likelihoods: ",
    "role": "no model has the role",
}


def claim(reason: str, word: VerdictWord = VerdictWord.NOT_TESTABLE) -> ClaimVerdict:
    return msgspec.structs.replace(make.verdict().claims[3], reason=reason, verdict=word)


def test_the_table_has_every_kind() -> None:
    assert set(REASONS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_sentence_is_read_as_its_kind(kind: str) -> None:
    sentence, _ = REASONS[kind]
    (found,) = reason_of(claim(sentence))
    assert found.kind == kind
    assert found.quote == (sentence if kind == "other" else "")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "other"])
def test_each_sentence_is_still_made_where_it_was(kind: str) -> None:
    """Whoever rewords a reason finds out here that the summary reads it."""
    sentence, module = REASONS[kind]
    part = PARTS.get(kind, sentence)
    assert part in sentence
    assert part in (SOURCE / module).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "sentence",
    [
        "this model gives no log-likelihoods; ask for text with --prompt chat",
        "the recording holds no log-likelihoods",
        "no data: the mirror has no gsm8k.jsonl; add it, or leave out --data and STEELYARD_DATA to use the hub",
        "the hub gave no data for openai/gsm8k (OSError: offline): give a mirror with --data DIR",
        "the task needs a world model (world two-room): audit one with --model world:PATH",
        "the task needs world two-room; the given world model has nothing",
        "the endpoint was asked for a, and answers as b: two models by their names; if they are one, add "
        "--accept-model",
        "the sheet says served_as a, and this is b: two models by their names; if they are one, add --accept-model",
    ],
)
def test_other_sentences_of_the_same_kinds(sentence: str) -> None:
    assert reason_of(claim(sentence))[0].kind != "other"


def test_the_numbers_in_it() -> None:
    assert reason_of(claim(REASONS["unread"][0]))[0].values == {"number": "31", "of": "1,319"}
    assert reason_of(claim(REASONS["few"][0]))[0].values == {
        "number": "12", "of": "12", "low": "69 %", "high": "91 %", "questions": "260",
    }  # fmt: skip
    assert reason_of(claim(REASONS["other_model"][0]))[0].values == {"first": "Acme-70B", "second": "Acme-8B"}


def test_several_prompt_formats_have_a_reason_each() -> None:
    both = f"chat: {REASONS['few'][0]}; completion: {REASONS['unread'][0]}"
    found = reason_of(claim(both, VerdictWord.INSUFFICIENT_POWER))
    assert [(each.prompt, each.kind) for each in found] == [("chat", "few"), ("completion", "unread")]


def test_a_half_known_reason_stays_a_quotation() -> None:
    both = f"chat: {REASONS['few'][0]}; completion: nobody knows"
    (found,) = reason_of(claim(both, VerdictWord.INSUFFICIENT_POWER))
    assert (found.kind, found.quote) == ("other", both)


def test_no_reason() -> None:
    assert reason_of(claim("")) == ()
    assert advice_on(claim("")) == "report"


def test_what_helps() -> None:
    needs = msgspec.structs.replace(claim(REASONS["few"][0]), needs=Needs(samples=3))
    assert [advice_on(each) for each in (needs, claim(REASONS["unread"][0]), claim("nobody knows"))] == [
        "more",
        "open",
        "report",
    ]
