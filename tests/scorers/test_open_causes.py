"""An open answer comes with the reason that a reader of it would give."""

from __future__ import annotations

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers.open_causes import OpenCause, open_cause
from testkit.said_answers import PLAIN


def cause(text: str, target: str, choices: tuple[str, ...] = (), **output: object) -> OpenCause:
    sample = Sample(id="s", request=GenerateRequest(prompt="?"), target=target, choices=choices)
    return open_cause(sample, ModelOutput(**{"outcome": Outcome.OK, "text": text, **output}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "target", "found"),
    [
        ("", "Paris", OpenCause.EMPTY),
        (" \n", "18", OpenCause.EMPTY),
        ("Gerne! Das Ticket gehört zur Technik, danke.", "Technik", OpenCause.NOT_NAMED),
        ("It is Paris or Berlin.", "Paris", OpenCause.HEDGED),
        ("Ich bin mir unsicher.", "Technik", OpenCause.UNREAD),
        ("Between 17 and 18.", "18", OpenCause.SEVERAL),
        ("Some 18 of them, if that is what is meant?", "18", OpenCause.NOT_NAMED),
        ("none", "18", OpenCause.UNREAD),
        ("def f(): pass", '{"names":["f"],"tests":["f()"]}', OpenCause.EITHER),
    ],
)
def test_a_text_or_a_number(text: str, target: str, found: OpenCause) -> None:
    assert cause(text, target) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Paris, then Rome", OpenCause.SEVERAL),
        ("B or C", OpenCause.SEVERAL),
        ("A walk in Paris", OpenCause.NOT_NAMED),
        ("It is not Paris", OpenCause.HEDGED),
        ("I do not know", OpenCause.UNREAD),
    ],
)
def test_choices(text: str, found: OpenCause) -> None:
    assert cause(text, "0", ("Paris", "Rome", "Berlin")) is found


def test_what_the_endpoint_ended_comes_first() -> None:
    assert cause("Paris or Ro", "Paris", outcome=Outcome.TRUNCATED) is OpenCause.CUT
    assert cause("", "Paris", finish_reason="content_filter") is OpenCause.FILTERED


@pytest.mark.parametrize("each", OpenCause)
def test_every_cause_is_a_clause_on_one_answer_and_on_several(each: OpenCause) -> None:
    for clause in (each.one, each.many):
        assert clause
        assert clause[0].islower()
        assert not clause.endswith(".")


def test_the_longest_text_is_read_from_its_end() -> None:
    assert cause("x " * 400_000 + PLAIN[next(iter(PLAIN))].format("Paris"), "Paris") is not OpenCause.UNREAD
