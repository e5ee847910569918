"""Going on with a stopped run from Python, on a real server on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import steelyard
from steelyard.cli import execute
from testkit.fixtures import SumsServer

Sums = tuple[Path, float]


def uri(server: Any) -> str:
    return f"openai:sums@{server.url}"


@pytest.fixture
def stopped(sums_server: Any, sums_file: Sums, tmp_path: Path) -> Path:
    """The folder of a run that was interrupted after some answers."""
    run = tmp_path / "run"
    sums_server.interrupts_at = 50
    with pytest.raises(steelyard.Interrupted):
        steelyard.run(sums_file[0], model=uri(sums_server), out=run, concurrency=20)
    return run


def test_a_resume_asks_what_is_left_and_gives_the_runs_result(sums_server: Any, sums_file: Sums, stopped: Path) -> None:
    result = steelyard.resume(stopped)
    assert result.folder == stopped
    assert result.measurements[0].measured == pytest.approx(sums_file[1])
    assert steelyard.verify(stopped).holds
    asked = sums_server.asked.copy()
    assert steelyard.resume(str(stopped)).verdict == result.verdict  # finished: nothing is asked
    assert sums_server.asked == asked


def test_a_resume_takes_an_opened_model_and_can_be_awaited(sums_server: Any, stopped: Path) -> None:
    async def script() -> steelyard.RunResult:
        with steelyard.open_model(uri(sums_server)) as model:
            return await steelyard.aresume(stopped, model=model, progress=False)

    assert asyncio.run(script()).exit_code == 0
    assert execute(["verify", str(stopped)]) == 0


def test_finalize_seals_what_there_is_and_asks_nothing(sums_server: Any, stopped: Path) -> None:
    asked = sums_server.asked.copy()
    result = steelyard.resume(stopped, finalize=True)
    assert sums_server.asked == asked
    assert 0 < result.measurements[0].asked < 900
    assert steelyard.verify(stopped).holds


def test_a_model_that_is_another_and_a_folder_that_is_none_are_refused_in_one_line(
    sums_server: Any, stopped: Path, tmp_path: Path
) -> None:
    with SumsServer() as other, pytest.raises(steelyard.InputError, match="the plan is about"):
        steelyard.resume(stopped, model=uri(other))
    with pytest.raises(steelyard.InputError, match="nowhere"):
        steelyard.resume(tmp_path / "nowhere")
    with pytest.raises(
        TypeError, match=r"resume\(\) got an unexpected keyword argument 'finalise'; did you mean 'finalize'"
    ):
        steelyard.resume(stopped, finalise=True)  # type: ignore[call-arg]
