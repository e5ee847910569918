"""Relaxed accuracy: as lm-eval scores outputs that are made up, and what it does beyond."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.relaxed import Relaxed, is_about, is_right_whole

# Outputs, targets, and the relaxed_accuracy of lm-eval 0.4.13 (lm_eval/tasks/chartqa/utils.py): all made up.
BY_LM_EVAL: list[list[Any]] = json.loads((Path(__file__).parent / "relaxed_by_lm_eval.json").read_text())


def value(output: str, target: str) -> float | None:
    return score(output, target)


def score(output: str, target: str, *, whole: bool = False) -> float | None:
    sample = Sample(id="charts/test/0", request=GenerateRequest(prompt="?"), target=target)
    return Relaxed(whole=whole).score(sample, ModelOutput(outcome=Outcome.OK, text=output)).value


@pytest.mark.parametrize(("output", "target", "theirs"), BY_LM_EVAL)
def test_it_scores_as_lm_eval_does(output: str, target: str, theirs: float) -> None:
    """But for what is wrong there for want of a mark alone, or for other words or signs around the target."""
    assert len(BY_LM_EVAL) >= 20
    has_mark = "answer:" in output.lower().replace("*", "")
    is_open = output in ("FINAL ANSWER: Japan (2010)", "FINAL ANSWER: 2,5") or not has_mark
    assert value(output, target) == theirs or (is_open and theirs == 0.0 and value(output, target) is None)


def test_a_mark_in_capitals_and_bold_is_one_here() -> None:
    assert value("**FINAL ANSWER**: 42", "42") == 1.0


def test_an_output_without_the_mark_is_unparsed() -> None:
    sample = Sample(id="charts/test/0", request=GenerateRequest(prompt="?"), target="42")
    found = Relaxed().score(sample, ModelOutput(outcome=Outcome.OK, text="It is 52."))
    assert (found.value, found.parsed) == (0.0, False)


UNMARKED = (
    "{}", "{}.", "**{}**", " {}\n", "`{}`", "\\boxed{{{}}}", "$\\boxed{{{}}}$", "Final Answer - {}",
    "FINAL ANSWER : {}",
    "<answer>{}</answer>", "The bars are read off the axis.\n\n{}", "Reading it off the axis, the value is {}.",
    "I see a chart.\nThe answer is {}.", "[{}]", "({})", '"{}"',
)  # fmt: skip


@pytest.mark.parametrize("form", UNMARKED)
@pytest.mark.parametrize(
    ("target", "right", "wrong"),
    [("42", ("42", "41.5", "43"), ("52", "4.2", "420")), ("1,042", ("1042", "1,042", "$1,042"), ("1142", "2,042")),
     ("14%", ("14%", "0.14", "14"), ("15.5%", "2")), ("Light blue", ("Light blue", "light blue"), ("Blue", "Red"))],
)  # fmt: skip
@pytest.mark.parametrize("whole", [False, True])
def test_no_right_answer_is_wrong_for_want_of_a_mark(
    form: str, target: str, right: tuple[str, ...], wrong: tuple[str, ...], whole: bool
) -> None:
    for answer in right:
        assert score(form.format(answer), target, whole=whole) in ((None, 1.0) if whole else (None,))
    for answer in wrong:
        assert score(form.format(answer), target, whole=whole) == 0.0


# By target: what says it alone behind the mark in another form, and what does not.
MARKED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "45%": (
        ("45\\%", "$45\\%$", "45 percent", "$\\boxed{45\\%}$", "In total 45%", "\\[\n\\boxed{45\\%}\n\\]", "<45%>"),
        ("54\\%", "45% or 46%", "not 45%", "less than 45%", "45 to 60%", "4.5\\%", "45:60"),
    ),
    "2010": (
        ("In 2010", "$\\boxed{2010}$", "The year 2010", "March 2010", "2010 (the highest)", "<answer>2010</answer>"),
        ("In 1809", "2010 or 1500", "2010 and 1500", "1500, not 2010", "before 2010", "2010-2019", "1500 (2010)"),
    ),
    "1234.5": (
        ("1,234.5 million", "1 234.5 million", "1{,}234.5", "$1\\,234.5$", "1.234,5", "1,234.5 USD"),
        ("12,345 million", "1,234.5 and 999", "12.345"),
    ),
    "2.5": (("2,5", "2.5 km", "2,5 km"), ("25 km", "2, 5")),
    "2": (("Two", "Two bars"), ("Three bars", "1,2", "one of the two", "1/2")),
    "-5.2": (("−5.2", "minus 5.2"), ("5.2 degrees",)),
    "Light blue": (
        ("The light blue line", "\\boxed{\\text{Light blue}}", "It is the light blue bar.", "Light blue (45%)"),
        ("Blue", "Dark blue", "Light blue or red", "Light blue and red", "not light blue", "red/light blue"),
    ),
    "Blue": (("The blue line",), ("The light blue line", "blue-green")),
    "Germany": (
        ("Germany has the highest share", "In 2010, Germany", "The country is Germany", "Germany, with 45%"),
        ("Germany and France", "France, Germany", "France is below Germany", "West Germany", "Germany or France"),
    ),
    "Yes": (("Yes, it is higher", "True", "Correct"), ("No, never", "Yes or no", "No, yes", "False")),
    "No": (("No, it is not", "False"), ("Yes, no", "It is not", "True")),
    "0.57": (("0.57:1", "0.57 to 1", "4/7", "57:100", "0.57 (4/7)"), ("0.75:1", "4/5", "0.57 and 1", "7/4")),
    "2015": (("2015, with 45%", "2015 with a value of 45", "2015 (45%)"), ("45% (2015)", "2015/16", "45, with 2015")),
    "3": (("3 out of 10", "3 (2010, 2011, 2012)"), ("10 (3 more)", "4 out of 3")),
    "Jan 2015": (("January 2015", "Jan. 2015"), ("Jan 2016", "2015", "June 2015")),
    "50-64": (("50\u201364", "50 to 64"), ("65+", "50", "30-49")),
    "Grey": (("Gray",), ("Dark grey", "Green")),
    "United States": (("USA", "U.S.", "the United States of America"), ("United Kingdom", "States")),
    "Republicans": (("Republican", "The Republicans"), ("Democrats",)),
    "Favourable": (("Favorable",), ("Unfavorable",)),
}


@pytest.mark.parametrize("target", list(MARKED))
@pytest.mark.parametrize(
    "mark", ["FINAL ANSWER: {}", "I see bars.\n\n**Final Answer:** {}", "Answer: 7\nFinal answer: {}."]
)
def test_the_target_alone_behind_the_mark_is_open_in_other_forms(mark: str, target: str) -> None:
    right, wrong = MARKED[target]
    assert {answer: value(mark.format(answer), target) for answer in right} == dict.fromkeys(right)
    assert {answer: value(mark.format(answer), target) for answer in wrong} == dict.fromkeys(wrong, 0.0)


def test_the_whole_output_counts_as_lmms_eval_counts_it() -> None:
    for output, target in (
        ("1042", "1042"),
        ("1000", "1042"),
        ("0.14", "14%"),
        ("Yes", "yes"),
        ("Light blue", "light blue"),
    ):
        assert score(output, target, whole=True) == 1.0
        assert is_right_whole(output, target)
    for output, target in (("1042 units", "1042"), ("Answer: 1042", "1042"), ("14", "14%"), ("Yes.", "yes")):
        assert not is_right_whole(output, target)
        assert score(output, target, whole=True) is None
    assert score("", "1042", whole=True) == 0.0
    assert score("900", "1042", whole=True) == 0.0


def test_no_unmarked_text_is_right_for_two_targets() -> None:
    for output in ("yes no", "1 2 3", "yes\nno", "42, 52", "\\boxed{42} \\boxed{52}"):
        assert {score(output, target) for target in ("yes", "no", "1", "2", "42", "52")} <= {0.0, None}


def test_it_opens_from_a_task_file_and_from_a_plan() -> None:
    assert open_identifier(open_scorer({"name": "relaxed"}).identifier) == Relaxed()
    assert open_identifier(open_scorer({"name": "relaxed", "whole": True}).identifier) == Relaxed(whole=True)
    with pytest.raises(InputError, match="has no option 'part'"):
        open_identifier("relaxed[part]@3")


@given(st.floats(-1e9, 1e9), st.floats(-0.049, 0.049))
def test_a_number_may_be_off_by_a_twentieth(target: float, share: float) -> None:
    assert is_about(f"{target * (1 + share):f}", f"{target:f}") or abs(target) < 1e-3


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_it(output: str, target: str) -> None:
    assert value(output, target) in (0.0, None, 1.0)
    assert value(f"answer: {output}", target) in (0.0, None, 1.0)
    assert score(output, target, whole=True) in (0.0, None, 1.0)
