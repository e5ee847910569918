"""The scorer ``regex``: patterns of strangers, on answers of strangers, in bounded time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers.regex import Regex
from tests.hostile_patterns import BY_NAME

OUTER_SECONDS = 120  # what backtracks on these needs years


def score(pattern: str, answer: str, target: str, which: str = "first") -> float | None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target)
    return Regex(pattern, which).score(sample, ModelOutput(outcome=Outcome.OK, text=answer)).value  # type: ignore[arg-type]


SCORE_ALL = """
from tests.hostile_patterns import BY_NAME
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
