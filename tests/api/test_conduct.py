"""What the command line and the calls from Python share: the signer, the folder, what a run measures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from steelyard.api.conduct import (
    default_folder,
    local_settings_for,
    models_in_words,
    plan_within,
    run_request,
    signer_at,
)
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


def test_models_are_named_with_their_roles() -> None:
    uris = {"subject": "openai:a@http://x", "reference": "openai:b@http://x"}
    assert models_in_words(uris) == "openai:a@http://x, reference=openai:b@http://x"


def test_planning_ends_at_the_deadline() -> None:
    async def slow() -> Any:
        await asyncio.sleep(60)

    with pytest.raises(DeadlineExceeded, match="the deadline ended before m was identified"):
        asyncio.run(plan_within(slow(), 0.01, "m"))


def test_a_path_is_a_file_and_a_plain_word_a_builtin_task(sums_file: tuple[Path, float]) -> None:
    for task in (sums_file[0], str(sums_file[0])):
        wanted, options = run_request(task, "", 0, None, Options())
        assert wanted.task == "sums"
        assert options.task_files == (sums_file[0],)
    wanted, options = run_request("chain_sum", "completion", None, None, Options())
    assert (wanted.task, options.task_files) == ("chain_sum", ())
    with pytest.raises(InputError, match="nonsense"):
        run_request("chain_sum", "nonsense", None, None, Options())


def test_what_a_resume_needs_is_noted(tmp_path: Path) -> None:
    options = Options(data=tmp_path, task_files=(tmp_path / "sums.jsonl",))
    noted = local_settings_for({"subject": "embedded:smollm2"}, {"subject": "KEY"}, options)
    assert noted == {
        "models": {"subject": "embedded:smollm2"},
        "api_key_env": {"subject": "KEY"},
        "data": str(tmp_path),
        "tasks": [str(tmp_path / "sums.jsonl")],
    }
