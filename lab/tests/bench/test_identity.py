"""The tables of the identity detector, from small banks of made-up log ratios."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from bench import identity

NAMES = ("Q2_K", "Q3_K_M", "Q8_0", "T0.7", "T1.3", "T1.8")


def write(served: str, texts: int, sign: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    with gzip.open(identity.path_of(served), "wt") as file:
        for number in range(texts):
            line = {}
            for name in NAMES:
                kl = 2.0 if name == "Q2_K" else 0.02
                whole = random.normal(sign * kl if name == "Q2_K" else -kl, math.sqrt(2 * kl))
                line[name] = [round(whole, 4), round(whole / 2, 4)]
            file.write(json.dumps(None if number == 3 else line) + "\n")


@pytest.fixture
def banks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(identity, "BANKS", tmp_path)
    write("own", 240, -1, 1)
    write("Q2_K", 240, 1, 2)
    return tmp_path


def test_a_bank_is_read_as_it_was_written(banks: Path) -> None:
    bank = identity.read_bank("own")
    assert (len(bank), bank[3]) == (240, None)
    assert identity.read_bank("Q8_0") == []


def test_the_reference_is_hardly_accused_and_another_model_soon(banks: Path) -> None:
    own, other = identity.read_bank("own"), identity.read_bank("Q2_K")
    assert identity.texts_until(own, 0.01, 0)[0] is None
    found, highest = identity.texts_until(other, 0.01, 0)
    assert found is not None
    assert found < 20
    assert highest >= 100


def test_the_tables_have_a_row_for_what_is_recorded(banks: Path) -> None:
    assert "| own | core | 60 | 4 |" in identity.false_alarms()
    assert "| own | Q2_K |" in identity.means()
    table = identity.power(5)
    assert "| Q2_K | 1 |" in table
    assert "| Q8_0 |" not in table


def test_what_neither_of_two_files_explains_is_accused(banks: Path) -> None:
    write("Q8_0", 240, -1, 3)
    own, other = identity.read_bank("own"), identity.read_bank("Q2_K")
    assert identity.either_until(own[4:64], 0.05, 0.05) == ("undecided", 60)
    far_from_all = [{name: (-4.0, -2.0) if name != "Q8_0" else (0.0, 0.0) for name in NAMES}] * 60
    assert identity.either_until(far_from_all, 0.05, 0.05)[0] == "consistent"
    assert identity.either_until(other[4:64], 0.05, 0.05)[0] == "inconsistent"
    assert identity.either_until([None, *own[4:8]], 0.05, 0.05) == ("undecided", 5)
    table = identity.either(5)
    assert "| both, in turn | 240 + 240 |" in table
    assert "| temperature 0.7 |" not in table
