"""What the command line and the calls from Python share: the signer, the folder, what a run measures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from steelyard.api.arguments import RunArguments, ends_after
from steelyard.api.conduct import Job, default_folder, planned, run_request, signer_at
from steelyard.errors import DeadlineExceeded, InputError
from steelyard.planning.options import Options


def test_without_a_key_a_run_stays_unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "key.pem"))
    assert signer_at(None) is None
    with pytest.raises(InputError, match="no key is here"):
        signer_at(tmp_path / "key.pem")


def test_runs_of_one_second_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = []
    for _ in range(3):
        folders.append(default_folder("sums"))
        folders[-1].mkdir(parents=True)
    seconds = {folder.name.split("-")[2] for folder in folders}
    assert len(set(folders)) == 3
    assert len(seconds) > 1 or [folder.name[-2:] for folder in folders[1:]] == ["-2", "-3"]


def test_planning_ends_at_the_deadline(sums_file: tuple[Path, float]) -> None:
    """The models are named with their roles."""

    async def slow(*_: Any) -> Any:
        await asyncio.sleep(60)

    async def plan() -> None:
        models = {"subject": "openai:a@http://x", "reference": "openai:b@http://x"}
        args = RunArguments(models=models, ends_at=ends_after(0.01))
        job = Job(about="sums", name="sums", options=Options(), plan=slow)
        async with planned(job, args):
            raise AssertionError("a plan came")

    expected = "the deadline ended before openai:a@http://x, reference=openai:b@http://x was identified"
    with pytest.raises(DeadlineExceeded, match=expected):
        asyncio.run(plan())


def test_a_path_is_a_file_and_a_plain_word_a_builtin_task(sums_file: tuple[Path, float]) -> None:
    for task in (sums_file[0], str(sums_file[0])):
        wanted, options = run_request(task, "", 0, None, Options())
        assert wanted.task == "sums"
        assert options.task_files == (sums_file[0],)
    wanted, options = run_request("chain_sum", "completion", None, None, Options())
    assert (wanted.task, options.task_files) == ("chain_sum", ())
    with pytest.raises(InputError, match="nonsense"):
        run_request("chain_sum", "nonsense", None, None, Options())
