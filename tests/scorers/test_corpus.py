"""What a scorer of corpus scores is, and which counts can belong to a score whose text is withheld."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.records import GenerateRequest, Sample, SampleScore
from steelyard.scorers.chrf import Chrf, counts_of
from steelyard.scorers.corpus import corpus_scorer, counts_fit, counts_without_answer
from steelyard.scorers.exact import Exact
from steelyard.stats.chrf import corpus_score

SAMPLE = Sample(id="t/row/0", request=GenerateRequest(prompt="?"), target="the sea")
COUNTS = counts_of("the tea", "the sea")
SCORE = SampleScore(
    measurement="00-t",
    position=0,
    sample="t/row/0",
    repeat=0,
    status="scored",
    value=float(corpus_score(COUNTS)),
    scorer="chrf@2",
    seq=1,
    counts=COUNTS,
)


def test_only_a_scorer_of_corpus_scores_is_one() -> None:
    assert isinstance(corpus_scorer("chrf@2"), Chrf)
    assert corpus_scorer("exact@2") is None
    assert corpus_scorer('similarity[{"measure":"chrf"}]@1') is None
    assert corpus_scorer("not_installed@1") is None


def test_what_could_not_be_read_has_the_counts_of_an_empty_answer() -> None:
    assert counts_without_answer(Chrf(), SAMPLE) == counts_of("", "the sea")
    assert counts_without_answer(Exact(), SAMPLE) == ()


def test_counts_of_a_score_and_of_none() -> None:
    empty = {"value": None, "counts": counts_of("", "the sea")}
    assert counts_fit(Chrf(), SCORE)
    assert counts_fit(Chrf(), msgspec.structs.replace(SCORE, status="missing", **empty))
    assert counts_fit(Exact(), msgspec.structs.replace(SCORE, counts=()))


@pytest.mark.parametrize(
    "change",
    [
        {"counts": ()},
        {"counts": counts_of("the sea", "the sea")},
        {"value": 1.0},
        {"status": "open", "value": None},
        {"counts": (1, 1, 2, *COUNTS[3:])},
    ],
)
def test_other_counts_do_not_fit(change: dict[str, Any]) -> None:
    assert not counts_fit(Chrf(), msgspec.structs.replace(SCORE, **change))


def test_another_scorer_has_no_counts() -> None:
    assert not counts_fit(Exact(), SCORE)
