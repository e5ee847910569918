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


def test_five_far_prompts_accuse_more_often_in_one_burst_than_spread_at_random() -> None:
    lines = [line.split(" | ") for line in next_token.bursts(400).splitlines()[4:8]]
    rates = [float(cells[2].split()[0]) for cells in lines if " of " not in cells[2]]
    by_chance, exactly, in_some_runs = rates
    assert max(by_chance, exactly) <= 0.05
    assert in_some_runs > 0.1
    assert "| exactly 5, in one burst | 96 | 17 of 96 | 11 of 96 | 7 of 96 |" in next_token.bursts(1)


def test_tables_that_mix_servers_use_the_prompts_that_all_have(banks: Path) -> None:
    write(SERVER, 140, 0.08, 1)
    mixed = next_token.common({served: next_token.read_bank(served) for served in (SERVER, "Q2_K", "Q8_0")})
    assert {served: len(bank) for served, bank in mixed.items()} == {SERVER: 100, "Q2_K": 100}
    assert mixed[SERVER] == next_token.read_bank(SERVER)[:100]
    before = next_token.power(5)
    with gzip.open(next_token.path_of(SERVER), "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in mixed[SERVER])
    assert next_token.power(5) == before


@pytest.mark.parametrize(("more", "sets", "of"), [(100, 5, "2 servers"), (400, 20, "1 to 2 servers")])
def test_reports_count_each_set_of_prompts_once_over_the_servers_that_were_asked_it(
    banks: Path, monkeypatch: pytest.MonkeyPatch, more: int, sets: int, of: str
) -> None:
    write("flash attention", 100, 0.08, 4)
    write(SERVER, more, 0.08, 5)
    written: list[tuple[object, ...]] = []
    monkeypatch.setattr(next_token, "write_elsewhere", lambda *args: written.append(args))
    next_token.write_reports()
    what = f"sets of 20 prompts, each asked of {of} of the reference's weights, at 0.05"
    assert written == [("next_token@1", what, 0, sets)]


def test_a_set_that_accuses_one_of_its_servers_counts_once(banks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("flash attention", 40, 0.8, 4)
    written: list[tuple[object, ...]] = []
    monkeypatch.setattr(next_token, "write_elsewhere", lambda *args: written.append(args))
    next_token.write_reports()
    assert written[0][2:] == (2, 5)
