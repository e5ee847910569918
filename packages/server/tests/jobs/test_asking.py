from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.errors import InputError
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.jobs.asking import arguments_of, job_of
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.specification import AuditSpecification, RunSpecification

URI = "openai:sums@http://127.0.0.1:1/v1"
SETUP = Setup(
    uri=URI, host="127.0.0.1", port=1, key="sk-1", calls=3, price=(1.5, 2.0), data="/", project="default", project_id=1,
    job=1, attempt=1, lease_seconds=10.0,
)  # fmt: skip
LINE = '{"question": "What is 1 + 1?", "answer": "2"}\n'


def test_a_run_of_questions_asks_what_the_command_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_DATA", "/srv/mirror")
    asked = RunSpecification(
        endpoint="one", model="sums", questions={"sums": LINE * 3}, limit=2, repeats=2, temperature=0.5, rpm=60
    )
    args = arguments_of(asked, SETUP, tmp_path, tmp_path / "run")
    assert dict(args.models) == {"subject": URI}
    assert (args.limit, args.rpm, args.data, args.out) == (2, 60, Path("/srv/mirror"), tmp_path / "run")
    assert (dict(args.keys), args.usual_keys, args.key) == ({}, False, None)
    assert (dict(args.api_keys), args.concurrency, args.price) == ({"subject": "sk-1"}, 3, (1.5, 2.0))
    assert "sk-1" not in f"{args!r} {args.settings()!r} {SETUP!r}"
    assert args.socket_factory is not None
    assert args.task_files == (tmp_path / "sums.jsonl",)
    assert args.task_files[0].read_text() == LINE * 3
    job = job_of(asked, args, tmp_path)
    assert job.name == "sums"
    assert job.options.task_files == (tmp_path / "sums.jsonl",)
    assert job.options.repeats == 2


def test_an_audit_reads_its_sheet_and_its_tasks(tmp_path: Path) -> None:
    sheet = "model: a\nclaims:\n- task: sums\n  value: 50\n"
    asked = AuditSpecification(
        endpoint="one", model="sums", sheet=sheet, questions={"sums": LINE}, tolerance="1.5", detect="none"
    )
    job = job_of(asked, arguments_of(asked, SETUP, tmp_path, tmp_path / "run"), tmp_path)
    assert (job.about, job.options.tolerance) == ("a", "1.5")
    assert job.options.task_files == (tmp_path / "sums.jsonl",)


@pytest.mark.parametrize(
    "asked",
    [
        RunSpecification(endpoint="one", model="sums", task="no-such-task"),
        RunSpecification(endpoint="one", model="sums", task="gsm8k", prompt="no-such-format"),
        AuditSpecification(endpoint="one", model="sums", sheet="!!python/object:os.system"),
        AuditSpecification(endpoint="one", model="sums", sheet="model: a\nclaims: []\n", detect="no-such"),
        RunSpecification(endpoint="one", model="sums", questions={"sums": LINE}, scorer="no-such"),
    ],
)
def test_what_cannot_be_asked_is_bad_input(tmp_path: Path, asked: RunSpecification | AuditSpecification) -> None:
    with pytest.raises(InputError):
        job_of(asked, arguments_of(asked, SETUP, tmp_path, tmp_path / "run"), tmp_path)


def test_the_platform_itself_is_not_asked(tmp_path: Path) -> None:
    setup = msgspec.structs.replace(SETUP, own=OwnPlaces(ports=(1,)))
    with pytest.raises(InputError, match=r"127\.0\.0\.1 is not called: this is the platform itself"):
        arguments_of(RunSpecification(endpoint="one", model="sums", task="gsm8k"), setup, tmp_path, tmp_path / "run")


@pytest.fixture
def among_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what belongs to whoever started the worker."""
    folder = tmp_path / "of the worker"
    folder.mkdir()
    (folder / "payroll.csv").write_text("question,answer\nWho earns most?,Ada\n")
    (folder / "link.csv").symlink_to(folder / "payroll.csv")
    (folder / "reasoning-gym:x.csv").write_text("question,answer\nWho earns most?,Ada\n")
    (folder / "mysuite").mkdir()
    (folder / "mysuite" / "suite.yaml").write_text("id: mysuite\n")
    (folder / "mysuite" / "samples.jsonl").write_text(LINE)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "task", ["payroll.csv", "payrol", "link.csv", "mysuite", "mysuit", "./payroll.csv", "/etc/passwd", "no.such"]
)
@pytest.mark.parametrize("is_absolute", [False, True])
def test_a_task_is_never_a_file_of_this_machine(among_files: Path, task: str, is_absolute: bool) -> None:
    """Not by a path, a link or a suite's folder; and no name of a file is said."""
    name = str(among_files / task) if is_absolute else task
    asked = RunSpecification(endpoint="one", model="sums", task=name)
    inputs = among_files.parent
    with pytest.raises(InputError, match="no task has this name") as caught:
        job_of(asked, arguments_of(asked, SETUP, inputs, inputs / "run"), inputs)
    assert "did you mean" not in str(caught.value)
    assert "steelyard tasks lists" in str(caught.value)


def test_a_generator_whose_name_has_a_dot_is_no_file(among_files: Path) -> None:
    asked = RunSpecification(endpoint="one", model="sums", task="reasoning-gym:x.csv")
    inputs = among_files.parent
    job = job_of(asked, arguments_of(asked, SETUP, inputs, inputs / "run"), inputs)
    assert job.options.task_files == ()


def test_the_claims_of_a_sheet_name_no_file(among_files: Path) -> None:
    sheet = "model: a\nclaims:\n- task: payroll.csv\n  value: 50\n- task: mysuite\n  value: 50\n"
    asked = AuditSpecification(endpoint="one", model="sums", sheet=sheet)
    inputs = among_files.parent
    assert job_of(asked, arguments_of(asked, SETUP, inputs, inputs / "run"), inputs).options.task_files == ()


@pytest.mark.parametrize("name", ["gsm8k", "gsm-8k", "gpqa"])
def test_questions_of_ones_own_do_not_bear_the_name_of_a_benchmark(tmp_path: Path, name: str) -> None:
    sheet = f"model: a\nclaims:\n- task: {name}\n  value: 50\n"
    for asked in (
        AuditSpecification(endpoint="one", model="sums", sheet=sheet, questions={name: LINE}),
        RunSpecification(endpoint="one", model="sums", questions={name: LINE}),
    ):
        with pytest.raises(InputError, match="public benchmark"):
            arguments_of(asked, SETUP, tmp_path, tmp_path / "run")
