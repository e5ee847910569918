"""What a check without a claim comes to, from small banks of made-up answers."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from bench import identify, identity, next_token
from bench.identify import LEVEL, Ended, read_prompts, read_texts, together

NAMES = ("Q2_K", "Q3_K_M", "Q8_0", "T0.7", "T1.3", "T1.8")


def texts(count: int, sign: int, seed: int) -> list[dict[str, tuple[float, float]]]:
    """Log ratios as of the file itself (−1), or of what is each alternative (1): KL 1 nat a text."""
    random = np.random.default_rng(seed)
    drawn = random.normal(sign, math.sqrt(2), count)
    return [{name: (round(value, 4), round(value / 2, 4)) for name in NAMES} for value in drawn]


def test_texts_of_the_file_confirm_it_and_others_accuse() -> None:
    assert read_texts(texts(200, -1, 1), LEVEL, LEVEL).word == -1
    accused = read_texts(texts(200, 1, 2), LEVEL, LEVEL)
    assert (accused.word, accused.asked < 40) == (1, True)
    assert read_texts(texts(200, 1, 2), LEVEL / 2, LEVEL).asked >= accused.asked
    assert read_texts([None, *texts(2, -1, 1)], LEVEL, LEVEL) == Ended(0, 3)


def test_prompts_that_are_near_confirm_and_far_ones_accuse() -> None:
    assert read_prompts([(0.1, 0.1)] * 100, LEVEL, LEVEL) == Ended(-1, 27)
    assert read_prompts([(0.4, 0.4)] * 100, LEVEL, LEVEL).word == 1
    assert read_prompts([(0.1, 0.4)] * 100, LEVEL, LEVEL) == Ended(0, 100)  # not sent: neither near nor far


@pytest.mark.parametrize(
    ("words", "both"), [((-1, -1), -1), ((-1, 0), 0), ((1, -1), 1), ((0, 0), 0), ((1, 0), 1), ((0, -1), 0)]
)
def test_both_ways_together(words: tuple[int, int], both: int) -> None:
    assert together(*(Ended(word, 10) for word in words)) == Ended(both, 20)


def test_the_table_has_a_line_for_each_way_that_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "BANKS", tmp_path)
    with gzip.open(identity.path_of("own"), "wt") as file:
        file.writelines(json.dumps(each) + "\n" for each in texts(60, -1, 3))
    monkeypatch.setattr(next_token, "BANKS", tmp_path / "none")
    lines = [line for line in identify.outcomes(20).splitlines() if line.startswith("| the file")]
    assert len(lines) == 1
    assert "| texts |" in lines[0]
