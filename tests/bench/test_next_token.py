"""The tables of the detector of next tokens, from small banks of made-up differences."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from bench import next_token

SERVER = "llama.cpp's server, eight at a time"


def write(served: str, prompts: int, spread: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    with gzip.open(next_token.path_of(served), "wt") as file:
        for number in range(prompts):
            row = [round(float(each), 4) for each in random.normal(0, spread, 5)]
            file.write(json.dumps([*row[:4], None] if number == 3 else row) + "\n")


@pytest.fixture
def banks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(next_token, "BANKS", tmp_path)
    write(SERVER, 100, 0.08, 1)
    write("Q2_K", 100, 0.8, 2)
    write(next_token.REFERENCE, 100, 3.0, 3)
    return tmp_path


def test_a_bank_is_read_as_it_was_written(banks: Path) -> None:
    bank = next_token.read_bank(SERVER)
    assert (len(bank), bank[3][4]) == (100, None)
    assert next_token.read_bank("Q8_0") == []
    least, most = next_token.distances_of(bank)[3]
    assert most == pytest.approx(least + 0.2)


def test_another_temperature_is_as_far_as_the_values_are_apart(banks: Path) -> None:
    distances = next_token.distances_of(next_token.at_temperature(0.7))
    assert np.mean([least for least, _ in distances]) > 0.3
    assert max(most for _, most in next_token.distances_of(next_token.at_temperature(1.0))) == 0


def test_the_reference_is_hardly_accused_and_another_model_soon(banks: Path) -> None:
    own = next_token.distances_of(next_token.read_bank(SERVER))
    other = next_token.distances_of(next_token.read_bank("Q2_K"))
    took, confirmed, highest = next_token.prompts_until(own, 0.01)
    assert (took, highest) == (None, 1.0)
    assert confirmed is not None
    found, confirmed, highest = next_token.prompts_until(other, 0.01)
    assert found is not None
    assert found < 10
    assert confirmed is None
    assert highest >= 100


def test_the_tables_have_a_row_for_what_is_recorded(banks: Path) -> None:
    assert f"| {SERVER} | 100 |" in next_token.false_alarms()
    table = next_token.power(5)
    assert "| Q2_K | 1 |" in table
    assert "| temperature 0.7 | 0.3 |" in table
    assert "| Q8_0 |" not in table
    assert f"| {SERVER} | 1.000" in next_token.confirmed(5)
