"""The simulation of panels: what is drawn, who is accused, and that the tables are printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bench import panel
from bench.panel import accusations, draw


def test_a_draw_shares_items_and_counts_families() -> None:
    drawn = draw(300, 60, 2, np.random.default_rng(1))
    assert drawn.public.shape == drawn.twins.shape == (len(drawn.family), 300)
    assert len(set(drawn.family.tolist())) == 61
    assert (drawn.family == drawn.family[-1]).sum() == 1
    alike = draw(300, 6, 2, np.random.default_rng(1), alike=10)
    same = (alike.public[0] == alike.public[1]).mean()
    assert same > 0.9


def test_the_best_of_several_checkpoints_has_a_higher_public_score_alone() -> None:
    one, best = (draw(300, 60, 2, np.random.default_rng(1), best_of=number) for number in (1, 20))
    assert one.own[0] < best.own[0]
    assert (one.public[:-1] == best.public[:-1]).all()
    assert (one.twins == best.twins).all()


def test_rules_accuse_who_knows_the_samples_by_heart() -> None:
    found = [accusations(draw(500, 60, 2, np.random.default_rng(at), by_heart=0.8)) for at in range(8)]
    assert sum(each["ours"] for each in found if each is not None) >= 6
    honest = [accusations(draw(500, 60, 2, np.random.default_rng(at))) for at in range(30)]
    assert sum(each["ours"] for each in honest if each is not None) <= 5


def test_the_tables_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "peer", lambda models: "peers")
    monkeypatch.setattr(panel, "_SIZES", ((164, 60),))
    monkeypatch.setattr(panel, "_MATRICES", tmp_path)
    monkeypatch.setattr(panel, "one_panel", lambda panels, models: "one")
    done = CliRunner().invoke(panel.main, ["--panels", "3", "--workers", "1", "--markdown", str(tmp_path / "new.md")])
    assert done.exit_code == 0, done.output
    assert "| 4, heavy tails | 164 | 60 |" in (tmp_path / "new.md").read_text()
    assert "| 1,319 | 124 | 20 |" in (tmp_path / "new.md").read_text()
