"""The scorer ``regex``: patterns of strangers, on answers of strangers, in bounded time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers.regex import Regex
from testkit.hostile_patterns import BY_NAME

OUTER_SECONDS = 120  # what backtracks on these needs years


def score(pattern: str, answer: str, target: str, which: str = "first") -> float | None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target)
    return Regex(pattern, which).score(sample, ModelOutput(outcome=Outcome.OK, text=answer)).value  # type: ignore[arg-type]


SCORE_ALL = """
from testkit.hostile_patterns import BY_NAME
from tests.scorers.test_regex import score
for pattern, answer in BY_NAME.values():
    print(*(score(pattern, answer, "1", which) for which in ("first", "last")))
"""


def test_thirteen_hostile_patterns_are_matched_to_the_end() -> None:
    assert len(BY_NAME) == 13
    done = subprocess.run([sys.executable, "-c", SCORE_ALL], capture_output=True, text=True, timeout=OUTER_SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["None None", "None None"]
    assert done.stdout.count("None") == 2 * 13


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"answer (?=\d)", "looks ahead or behind"),
        (r"(?<!not )yes", "looks ahead or behind"),
        (r"(\d) or \1", "refers back to a group"),
        (r"\d++", "has a possessive repetition"),
        (r"(?>\d+)x", "has an atomic group"),
        (r"(a*){2,}", "repeats what can be empty"),
        (r"\w{501}", "is too large"),
        ("(", "is no pattern"),
    ],
)
def test_what_takes_no_bounded_time_is_refused_in_one_line(pattern: str, words: str) -> None:
    with pytest.raises(InputError, match=r"\Ascorer 'regex': the pattern .*") as caught:
        Regex(pattern)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_last_match_that_is_always_empty_is_refused() -> None:
    with pytest.raises(InputError, match="its last match is empty: use the first"):
        Regex(r"(\d*)", "last")
    assert score(r"(\d*)", "42 or 43", "42") == 1


def test_the_pattern_reads_unicode_as_python_does() -> None:
    assert score(r"\bl’été (\w+)\b", "Non, l’été durcît.", "durcît") == 1
    assert score(r"(?i)ANTWORT: STRASSE ?(\d+)$", "Antwort: straße 3", "3") is None  # one letter for one, as in Python
    assert score(r"(\d+)$", "so 1\nso ٣\n", "٣") == 1


CAREFUL = "(?i)answer is:? *(.*)"


def read_carefully(answer: str, target: str, outcome: Outcome = Outcome.OK) -> float | None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target)
    return Regex(CAREFUL, careful=True).score(sample, ModelOutput(outcome=outcome, text=answer)).value


@pytest.mark.parametrize(
    ("answer", "target", "value"),
    [
        ("So the answer is (B).", "(B)", 1),
        ("The answer is: **(B)**.", "(B)", 1),
        ("So the answer is (B) 12/25/1937.", "(B)", None),
        ("So the answer is (B), since it is Christmas.", "(B)", None),
        ("So the answer is option (B).", "(B)", None),
        ("So the answer is 8 (eight).", "8", None),
        ("So the answer is False. I hope that helps.", "False", None),
        ("So the answer is syndrome, therefrom.", "syndrome therefrom", None),
        ("The answer is not obvious.\nSo the answer is (B).", "(B)", None),
        ("So the answer is (A).\nWait, so the answer is (B).", "(B)", None),
        ("So the answer is (B).\nWait, so the answer is (A).", "(B)", None),
        ("So the answer is:\n(B)", "(B)", None),
        ("We see.", "(B)", None),
        ("So the answer is (A).", "(B)", 0),
        ("So the answer is (A) 12/25/1937.", "(B)", 0),
        ("So the answer is (A), since it is Christmas.", "(B)", 0),
        ("So the answer is 88.", "8", 0),
        ("So the answer is 8.5.", "8", 0),
        ("So the answer is 9 (nine).", "8", 0),
        ("So the answer is not plausible.", "no", 0),
        ("So the answer is True. I hope that helps.", "False", 0),
        ("So the answer is therefrom syndrome.", "syndrome therefrom", 0),
    ],
)
def test_careful_calls_wrong_only_what_no_reader_takes_for_the_target(
    answer: str, target: str, value: float | None
) -> None:
    assert read_carefully(answer, target) == value


@given(
    target=st.sampled_from(["(B)", "8", "yes", "valid", "a b"]), rest=st.text(alphabet=" .,;:()abc19\n", max_size=30)
)
def test_careful_never_calls_the_target_wrong_whatever_stands_behind_it(target: str, rest: str) -> None:
    assert read_carefully(f"So the answer is {target} {rest}", target) != 0


def test_careful_calls_nothing_wrong_that_was_cut_off() -> None:
    assert read_carefully("So the answer is (A).\nBut", "(B)", Outcome.TRUNCATED) is None
    assert read_carefully("So the answer is (B).\nBut", "(B)", Outcome.TRUNCATED) == 1


def test_careful_stands_in_the_identifier_and_is_true_or_false() -> None:
    scorer = Regex(CAREFUL, careful=True)
    assert scorer.identifier == 'regex[{"careful":true,"pattern":"(?i)answer is:? *(.*)"}]@5'
    assert Regex.from_options(scorer.identifier.removeprefix("regex[").removesuffix("]@5")) == scorer
    assert Regex("x").identifier == 'regex[{"pattern":"x"}]@5'
    with pytest.raises(InputError, match="careful must be true or false"):
        Regex("x", careful="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("We see. So the answer is (B).", 1),
        ("So the answer is (B).\n\nQ: Which one?\nSo the answer is (A).", 1),
        ("So the answer is (A).\n\nOr so the answer is (B).", 0),
        ("We see.\n\nSo the answer is (B).", None),
        ("\n\nSo the answer is (B).", None),
        ("We see.\n\nSo the answer is (A).", 0),
        ("We see.\n\nSo the answer is (A).\n\nWait, so the answer is (B).", None),
        ("We see.\n\n(B)", None),
        ("We see.\n\n(A)", None),
        ("We see.", None),
    ],
)
def test_behind_the_place_where_a_harness_stops_a_right_answer_is_open(answer: str, value: float | None) -> None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target="(B)")
    scorer = Regex(CAREFUL, careful=True, until="\n\n")
    assert scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=answer)).value == value


def test_what_stands_before_the_place_where_a_harness_stops_is_whole() -> None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target="(B)")
    scorer = Regex(CAREFUL, careful=True, until="\n\n")
    cut = [
        ModelOutput(outcome=Outcome.TRUNCATED, text=text)
        for text in (
            "So the answer is (A).\n\nAnd so on",
            "So the answer is (B).\n\nSo the",
            "We see.\n\nSo the answer is (A",
        )
    ]
    assert [scorer.score(sample, each).value for each in cut] == [0, 1, None]
    assert Regex.from_options(scorer.identifier.removeprefix("regex[").removesuffix("]@5")) == scorer
    with pytest.raises(InputError, match="until must be a text"):
        Regex("x", until="x" * 41)
