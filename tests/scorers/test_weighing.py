"""Which scorers weigh samples: IFEval's, where it takes both accuracies together."""

from __future__ import annotations

from steelyard.scorers import open_identifier
from steelyard.scorers.weighing import WeighingScorer


def weighs(identifier: str) -> bool:
    scorer = open_identifier(identifier)
    return isinstance(scorer, WeighingScorer) and scorer.weighs


def test_only_an_average_of_two_accuracies_weighs_its_samples() -> None:
    assert weighs("ifeval[average-strict]@2")
    assert weighs("ifeval[average-loose]@2")
    assert not weighs("ifeval[strict]@2")
    assert not weighs("exact@5")
    assert not weighs("anls@2")
