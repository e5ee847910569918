"""Runs for the tests of comparisons, made as a user makes them, and scored runs that are built by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from steelyard.cli import execute
from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers, ScoredRun
from steelyard.records import Limits, Measurement, ModelIdentity, Origin, PlannedModel
from testkit.fixtures import SumsServer

QUESTIONS = 150
HOSTILE = "<script>alert(1)</script> \x1b[31m | [x](javascript:alert(1)) \u202e"


def sums_file(folder: Path, number: int = QUESTIONS, name: str = "sums") -> Path:
    """Distinct sums as a file of questions."""
    path = folder / f"{name}.jsonl"
    lines = [{"question": f"What is {n} + {n * 7 % 91}?", "answer": str(n + n * 7 % 91)} for n in range(number)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run_sums(file: Path, out: Path, *, wrong: int, name: str = "", options: Sequence[str] = ()) -> Path:
    """A run of the file on a server that is wrong on ``wrong`` of 256 sums, by a hash of its name."""
    name = name or out.name

    def is_wrong(first: str, second: str) -> bool:
        return hashlib.sha256(f"{name} {first}+{second}".encode()).digest()[0] < wrong

    with SumsServer() as server:
        server.name = name
        server.is_wrong = is_wrong  # type: ignore[method-assign]
        command = ["run", str(file), "--model", f"openai:{name}@{server.url}", "--out", str(out), *options]
        assert execute(command) in (0, 3, 4)
    return out


def scored_run(
    name: str,
    scores: Mapping[str, Mapping[str, float | None]],
    *,
    groups: Mapping[str, str] | None = None,
    **fields: object,
) -> ScoredRun:
    """A run by hand: scores by task and sample, None for an open one; every answer has the text that its score says."""
    measured = []
    for task, values in scores.items():
        measurement = Measurement(
            id=task, task=task, prompt="plain", kind="generate", scorers=("answer@1",), population=len(values),
            samples_root="", order_seed="",
        )  # fmt: skip
        samples = {
            sample: SampleAnswers(
                low=0.0 if value is None else value,
                high=1.0 if value is None else value,
                group=(groups or {}).get(sample, ""),
                item=f"{task} {sample}",
                answers=(f"{name} {sample}",),
            )
            for sample, value in values.items()
        }
        measured.append(MeasuredScores(measurement, "answer@1", samples))
    run = ScoredRun(
        name=name,
        path=Path(f"/no-such-folder/{name}"),
        plan_sha256=hashlib.sha256(name.encode()).hexdigest(),
        created="2026-11-26T12:00:00+00:00",
        role="subject",
        model=PlannedModel(
            identity=ModelIdentity(uri=f"openai:{name}@http://127.0.0.1/v1", name=name), limits=Limits()
        ),
        judge=None,
        origin=Origin(),
        is_sealed=True,
        has_ended=True,
        withheld=0,
        measured=tuple(measured),
    )
    return run.__class__(**{**run.__dict__, **fields})


def with_measurement(run: ScoredRun, **fields: object) -> ScoredRun:
    """The run with other fields of its first measurement."""
    first, *rest = run.measured
    changed = MeasuredScores(
        replace(first.measurement, **fields), first.scorer, first.samples, first.ended, first.trainings, first.usage
    )
    return ScoredRun(**{**run.__dict__, "measured": (changed, *rest)})


def two_runs(folder: Path) -> Path:
    """A folder with the runs ``small`` and ``large`` of the same sums; the large model is better."""
    file = sums_file(folder)
    run_sums(file, folder / "small", wrong=110)
    run_sums(file, folder / "large", wrong=20)
    return folder
