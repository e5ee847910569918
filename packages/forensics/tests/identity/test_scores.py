"""What is read of one text by several files: the smallest core factor, and the whole factors of each."""

from __future__ import annotations

import pytest

from steelyard_forensics.identity.scores import FileScores, factors_of

FIRST = FileScores("reference", ("Q2_K", "Q8_0"), ("Q2_K",))
SECOND = FileScores("reference-2", ("Q2_K", "Q8_0"), ("Q2_K",))


def shares(**factors: float) -> dict[str, float | None]:
    """By scorer; a factor that is not named is 1. Names: core and whole of Q2_K, by file."""
    found: dict[str, float | None] = dict.fromkeys((*FIRST.scorers, *SECOND.scorers), 0.5)
    names = {
        "core": FIRST.core("Q2_K"),
        "core_2": SECOND.core("Q2_K"),
        "whole": FIRST.whole("Q2_K"),
        "whole_2": SECOND.whole("Q2_K"),
    }
    return found | {names[name]: f / (1 + f) for name, f in factors.items()}


def test_the_core_counts_by_the_file_that_explains_it_best_and_the_whole_by_each() -> None:
    found = factors_of((FIRST, SECOND), shares(core=4.0, core_2=0.25, whole=8.0, whole_2=0.5))
    assert found is not None
    assert found.core == pytest.approx({"Q2_K": 0.25, "Q8_0": 1.0})
    assert [by["Q2_K"] for by in found.whole] == pytest.approx([8.0, 0.5])


def test_one_file_has_its_own_factors() -> None:
    found = factors_of((FIRST,), shares(core=4.0, whole=8.0))
    assert found is not None
    assert [found.core["Q2_K"], found.whole[0]["Q2_K"]] == pytest.approx([4.0, 8.0])


@pytest.mark.parametrize("missing", [FIRST.core("Q2_K"), SECOND.whole("Q8_0"), SECOND.surprise("z")])
def test_a_text_that_lacks_a_score_is_not_read(missing: str) -> None:
    assert factors_of((FIRST, SECOND), shares() | {missing: None}) is None
