"""A server that breaks by plan: every run ends by itself, every request has its outcome, and the score tells the truth.

The whole of it, as a user meets it: `steelyard run` and the server are processes of their own. What must come out is
computed by `bench.engine.faults` from the plan of faults and the server's own counts; `python -m bench.engine.faults`
does the same with 2,000 samples.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engine.contenders import Ours
from bench.engine.faults import HANG, MIXED, Case, Endured, endure
from bench.engine.resume import Trial
from bench.engine.server import running
from bench.engine.sums import FaultPlan, make_sums

SAMPLES = 200


def endured(case: Case, folder: Path, kind: str = "openai") -> Endured:
    found = endure(Ours(kind=kind), case, make_sums(SAMPLES), 20, folder, 120)
    assert found.wrong == ()
    assert found.ended_as is not None
    return found


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("random", "openai"),
        # What each kind says of a fault is tested in tests/models/.
        *(pytest.param("first", kind, marks=pytest.mark.slow) for kind in ("openai", "anthropic", "openai-responses")),
    ],
)
def test_faults_that_pass_cost_no_answer(mode: str, kind: str, tmp_path: Path) -> None:
    found = endured(Case(FaultPlan.read(MIXED, mode)), tmp_path, kind)
    assert found.ended_as == {"ok": SAMPLES}
    assert (found.finish.code, found.missing, found.score) == (0, 0, 0.8)


@pytest.mark.slow
def test_faults_that_stay_are_missing_answers_and_open_the_bounds(tmp_path: Path) -> None:
    found = endured(Case(FaultPlan.read(MIXED, "always")), tmp_path)
    assert found.ended_as is not None
    assert set(found.ended_as) == {"ok", "rate_limited", "server_error", "malformed", "dropped"}
    assert found.finish.code == 4
    assert found.missing
    assert found.bounds is not None
    assert found.bounds[1] - found.bounds[0] == pytest.approx(found.missing / SAMPLES)
    assert found.bounds[0] <= 0.8 <= found.bounds[1]


# Slow: the fast run has a call that hangs in tests/runner/test_turns.py, and timeouts among the faults above.
@pytest.mark.slow
def test_a_call_that_hangs_is_timed_out_and_retried(tmp_path: Path) -> None:
    found = endured(Case(FaultPlan.read("hang=0.05", "first"), timeout=3.0, deadline=90.0), tmp_path)
    assert found.ended_as == {"ok": SAMPLES}


@pytest.mark.slow  # the fast run has a deadline over calls that hang in tests/auditing/test_engine.py
def test_the_deadline_cuts_off_what_hangs_and_loses_nothing(tmp_path: Path) -> None:
    found = endured(Case(FaultPlan.read(HANG, "always"), deadline=10.0, cut=True), tmp_path)
    assert found.finish.code == 4
    assert found.score is None


@pytest.mark.slow  # the fast run kills and resumes in tests/auditing/test_conductor.py
def test_killed_and_resumed_nothing_is_lost_or_repeated(tmp_path: Path) -> None:
    with running(0.02) as server:
        done = list(Trial(server, tmp_path, make_sums(SAMPLES), 10).kills(3, seed=3))
    assert [str(killed) for killed in done if not killed.kept] == []
    assert len(done) == 3
    assert any(0 < killed.finished < killed.of for killed in done)
