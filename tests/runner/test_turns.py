"""Before a call begins, what an earlier one left running is waited for: it costs the next call no time."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from steelyard.models import Settings
from steelyard.models.python_function import PythonFunction, open_python
from steelyard.planning.options import Options, planned_model
from steelyard.records import Outcome
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.turns import TurnTakingModel, wait_turn
from tests.runner.test_runner import ScriptedModel, carry_out, good

SOURCE = """
import threading
calls = []
def hangs_once(messages):
    calls.append(messages[-1]["content"])
    if len(calls) == 1:
        threading.Event().wait()
    return "answered"
async def blocks_once(messages):
    return hangs_once(messages)
"""


@pytest.mark.parametrize("function", ["hangs_once", "blocks_once"])
def test_a_call_that_hangs_is_missing_once_and_the_others_are_answered(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hanging_for_test.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("hanging_for_test", None)
    model = open_python(f"hanging_for_test:{function}", Settings())
    planned = planned_model(*asyncio.run(model.identify()), Options())
    assert planned.max_attempts == 1
    model = open_python(f"hanging_for_test:{function}", Settings())
    assert isinstance(model, PythonFunction)
    assert isinstance(model, TurnTakingModel)
    retry = RetryPolicy(max_attempts=planned.max_attempts)
    end, attempts, finals = carry_out(tmp_path / "r", model, 3, retry=retry, attempt_timeout=2.0)  # type: ignore[arg-type]
    assert end == "complete"
    assert len(finals) == 3
    assert [each.outcome for each in attempts] == [Outcome.TIMEOUT, Outcome.OK, Outcome.OK]
    sys.modules.pop("hanging_for_test", None)


def test_other_models_have_nothing_to_wait_for() -> None:
    asyncio.run(wait_turn(ScriptedModel(good), 0.0))
