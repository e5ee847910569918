"""A vendor's log against the embedded file: the benchmark whose outputs somebody else wrote is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import steelyard
from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.errors import ExitCode, InputError
from steelyard.evidence.verify import verify_integrity
from steelyard.records import GenerateRequest, ModelIdentity, ModelOutput, Origin, Outcome, Sample, VerdictWord

LINES = (Path(__file__).parents[1] / "assets" / "published.jsonl").read_text().splitlines()
PUBLISHED = [tuple(json.loads(line)) for line in LINES]


def log(run: Path, own: int = len(PUBLISHED)) -> Path:
    """Two benchmarks: so many outputs of the embedded file, and texts that stand behind other prompts."""
    others = [f" {one} {two}" for (one, _), (two, _) in zip(PUBLISHED[1:17], PUBLISHED[17:33], strict=True)]
    rows = {"own": PUBLISHED[:own], "foreign": [(PUBLISHED[at][0], other) for at, other in enumerate(others)]}
    tasks = [
        ImportedTask(
            name=name,
            items=[
                ImportedItem(
                    Sample(id=f"{name}/{at}", request=GenerateRequest(prompt=prompt, max_tokens=40), target="x"),
                    ModelOutput(outcome=Outcome.TRUNCATED, text=text),
                )
                for at, (prompt, text) in enumerate(texts)
            ],
            scorer="exact@5",
            prompt="some_harness",
        )
        for name, texts in rows.items()
    ]
    origin = Origin(kind="imported", harness="some_harness 1.2", file="log.eval", sha256="ab" * 32)
    write_imported_run(run, tasks, origin, ModelIdentity(uri="imported:flagship", name="flagship"))
    return run


@pytest.mark.slow  # the command's tests read a log by weights, too
def test_the_row_that_somebody_else_wrote_is_named(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    found = steelyard.published_outputs(
        log(tmp_path / "run"), "embedded:smollm2", progress=lambda *each: told.append(each)
    )
    own, foreign = found.rows
    assert (own.word, foreign.word, found.exit) == (
        VerdictWord.CONSISTENT,
        VerdictWord.INCONSISTENT,
        ExitCode.INCONSISTENT,
    )
    assert (own.share or 0) > 0.98
    assert foreign.read <= 16
    assert found.answers_root == verify_integrity(tmp_path / "run").answers_root
    assert len(told) == len(own.samples) + len(foreign.samples)
    assert found.reading.proof == ""
    assert found.reference.details.keys() == {"Q2_K", "Q3_K_M"}


@pytest.mark.parametrize(
    ("reference", "limit", "message"),
    [
        ("openai:x@http://127.0.0.1:1/v1", 5, "gguf:PATH"),
        ("gguf:/nowhere.gguf", 5, "no such"),
        ("embedded:smollm2", 0, "--limit"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, reference: str, limit: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        steelyard.published_outputs(log(tmp_path / "run"), reference, limit=limit)
