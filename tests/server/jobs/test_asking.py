from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.server.jobs.asking import arguments_of, job_of
from steelyard.server.jobs.specification import AuditSpecification, RunSpecification

URI = "openai:sums@http://127.0.0.1:1/v1"
LINE = '{"question": "What is 1 + 1?", "answer": "2"}\n'


def test_a_run_of_questions_asks_what_the_command_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_DATA", "/srv/mirror")
    asked = RunSpecification(model=URI, questions={"sums": LINE * 3}, limit=2, repeats=2, temperature=0.5, rpm=60)
    args = arguments_of(asked, tmp_path, tmp_path / "run")
    assert dict(args.models) == {"subject": URI}
    assert (args.limit, args.rpm, args.data, args.out) == (2, 60, Path("/srv/mirror"), tmp_path / "run")
    assert (dict(args.keys), args.usual_keys, args.key) == ({}, False, None)
    assert args.task_files == (tmp_path / "sums.jsonl",)
    assert args.task_files[0].read_text() == LINE * 3
    job = job_of(asked, args, tmp_path)
    assert job.name == "sums"
    assert job.options.task_files == (tmp_path / "sums.jsonl",)
    assert job.options.repeats == 2


def test_an_audit_reads_its_sheet_and_its_tasks(tmp_path: Path) -> None:
    sheet = "model: a\nclaims:\n- task: sums\n  value: 50\n"
    asked = AuditSpecification(model=URI, sheet=sheet, questions={"sums": LINE}, tolerance="1.5", detect="none")
    job = job_of(asked, arguments_of(asked, tmp_path, tmp_path / "run"), tmp_path)
    assert (job.about, job.options.tolerance) == ("a", "1.5")
    assert job.options.task_files == (tmp_path / "sums.jsonl",)


@pytest.mark.parametrize(
    "asked",
    [
        RunSpecification(model=URI, task="no-such-task"),
        RunSpecification(model=URI, task="gsm8k", prompt="no-such-format"),
        AuditSpecification(model=URI, sheet="!!python/object:os.system"),
        AuditSpecification(model=URI, sheet="model: a\nclaims: []\n", detect="no-such"),
        RunSpecification(model=URI, questions={"sums": LINE}, scorer="no-such"),
    ],
)
def test_what_cannot_be_asked_is_bad_input(tmp_path: Path, asked: RunSpecification | AuditSpecification) -> None:
    with pytest.raises(InputError):
        job_of(asked, arguments_of(asked, tmp_path, tmp_path / "run"), tmp_path)
