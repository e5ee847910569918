"""The command that simulates skewed differences: its tables, and what they are drawn of."""

from __future__ import annotations

import numpy as np
import pytest

from bench import compare_skewed
from bench.compare_skewed import GROUPED, POWERS, SKEWED, Grouped, Skewed, main, measure


@pytest.mark.parametrize("what", [*SKEWED[:3], *POWERS[:2], *GROUPED[:4]], ids=str)
def test_the_mean_is_what_it_says(what: Skewed | Grouped) -> None:
    random = np.random.default_rng(1)
    means = [float(what.draw(random)[0].mean()) for _ in range(3_000)]
    assert np.mean(means) == pytest.approx(what.mean, abs=4 * float(np.std(means)) / 3_000**0.5)


def test_signs_alone_err_where_no_bad_sample_was_drawn() -> None:
    found = measure(Skewed(30, 0.02, 0.005), 60)
    assert found.signs >= 20
    assert found.rejected == 0
    assert found.unseen >= found.signs - 2


def test_the_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SKEWED", "POWERS", "GROUPED"):
        monkeypatch.setattr(compare_skewed, name, getattr(compare_skewed, name)[:1])
    main(["--runs", "2"])
    printed = capsys.readouterr().out
    assert "30 scores, 0.24 worse on 2 %, else 0.005 better" in printed
    assert "8 groups of 20, 72 points worse on 10 %, else 8 points better" in printed
    assert "at 0.1 %" in printed
