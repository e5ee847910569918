"""Which benchmarks of a log are named, and which are not: by shares that stand in for the weights'."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.claims.decoding import TEMPERATURE_NOT_STATED
from steelyard.comparison.published import ALPHA, PublishedOutputs, decided_again, published_outputs
from steelyard.errors import ExitCode, InputError
from steelyard.evidence import layout
from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelIdentity, ModelOutput, Origin, Outcome, Sample
from steelyard.records import VerdictWord as Word
from steelyard.storage.run_folder import RunFolder

ORIGIN = Origin(kind="imported", harness="some_harness 1.2", file="log.eval", sha256="ab" * 32)
MODEL = ModelIdentity(uri="imported:stub", name="stub")
WEIGHTS = ModelIdentity(uri="gguf:stub.gguf", sha256="cd" * 32)


def task(
    name: str, texts: Sequence[str], *, chat: bool = False, temperature: float = 0.0, differences: tuple[str, ...] = ()
) -> ImportedTask:
    """A benchmark whose outputs are these."""
    items = [
        ImportedItem(
            Sample(
                id=f"{name}/{number}",
                request=GenerateRequest(prompt=f"{name} {number}?", chat=chat, temperature=temperature),
                target="x",
            ),
            ModelOutput(outcome=Outcome.OK, text=text),
        )
        for number, text in enumerate(texts)
    ]
    return ImportedTask(name=name, items=items, scorer="exact@3", prompt="some_harness", differences=differences)


def held(tmp_path: Path, *tasks: ImportedTask, limit: int = 100) -> PublishedOutputs:
    """The log held against weights: an output's text is its own share."""
    write_imported_run(tmp_path / "run", tasks, ORIGIN, MODEL)
    run = RunFolder.open(tmp_path / "run")
    return published_outputs(run, "00" * 32, WEIGHTS, lambda request, text: float(text) if text != "?" else None, limit)


OWN, FOREIGN = ["1.0"] * 80, ["0.6"] * 80


def test_the_benchmark_of_another_model_is_named_and_no_other(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", FOREIGN), task("c", ["0.995"] * 80))
    assert [row.word for row in found.rows] == [Word.CONSISTENT, Word.INCONSISTENT, Word.CONSISTENT]
    assert ([row.task for row in found.foreign], found.exit) == (["b"], ExitCode.INCONSISTENT)
    assert found.rows[1].read < 20, "few outputs show it"
    assert (found.rows[1].p or 1.0) <= ALPHA
    assert (found.model, found.harness, found.answers_root) == ("stub", "some_harness 1.2", "00" * 32)


def test_all_of_one_model_is_consistent(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", OWN))
    assert found.exit is ExitCode.CONSISTENT
    assert all(row.ci is not None and row.ci[0] > 0.8 for row in found.rows)


def test_without_a_benchmark_that_is_read_right_nobody_is_accused(tmp_path: Path) -> None:
    """A hidden system prompt makes every output look foreign: that is our failure to read."""
    found = held(tmp_path, task("a", FOREIGN), task("b", ["0.5"] * 80))
    assert {row.word for row in found.rows} == {Word.NOT_TESTABLE}
    assert "no other benchmark of the log" in found.rows[0].reason
    assert found.exit is ExitCode.UNDECIDED


def test_a_chat_shows_nothing_of_how_a_completion_was_put(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN, chat=True), task("b", FOREIGN))
    assert [row.word for row in found.rows] == [Word.CONSISTENT, Word.NOT_TESTABLE]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (task("b", FOREIGN, temperature=0.7), "drawn at a temperature"),
        (task("b", FOREIGN, differences=(TEMPERATURE_NOT_STATED,)), "does not say the temperature"),
        (task("b", ["?"] * 80), "no output could be read"),
    ],
)
def test_what_cannot_be_read_accuses_nobody(tmp_path: Path, row: ImportedTask, reason: str) -> None:
    found = held(tmp_path, task("a", OWN), row)
    assert found.rows[1].word is Word.NOT_TESTABLE
    assert reason in found.rows[1].reason
    assert (found.foreign, found.exit) == ((), ExitCode.UNDECIDED)


def test_few_outputs_decide_nothing(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", ["0.85"] * 4))
    assert found.rows[1].word is Word.INSUFFICIENT_POWER


def test_the_limit_is_kept_and_the_order_is_that_of_the_import(tmp_path: Path) -> None:
    shares = [f"{0.9 + number / 1000}" for number in range(80)]
    found = held(tmp_path, task("a", shares), limit=5)
    assert found.rows[0].read == 5
    assert found == held(tmp_path / "again", task("a", shares), limit=5)
    assert [name for name, _ in found.rows[0].samples] != [f"a/{number}" for number in range(5)]


def test_honest_outputs_that_scatter_around_the_bar_are_rarely_accused(tmp_path: Path) -> None:
    """The worst honest case: a mean of exactly the bar, beside a benchmark that is read right."""
    random_, accused = random.Random(20261127), 0
    for number in range(40):
        shares = [f"{random_.choice([0.84, 1.0])}" for _ in range(80)]
        found = held(tmp_path / str(number), task("a", OWN), task("b", shares))
        accused += bool(found.foreign)
    assert accused <= 5  # more has a chance below 1 % at .05


def test_a_run_without_texts_and_one_of_log_likelihoods_are_refused(tmp_path: Path) -> None:
    write_imported_run(tmp_path / "run", [task("a", OWN)], ORIGIN, MODEL)
    for path in (tmp_path / "run" / layout.TEXTS).iterdir():
        path.unlink()
    with pytest.raises(InputError, match="withheld"):
        published_outputs(RunFolder.open(tmp_path / "run"), "", WEIGHTS, lambda request, text: 1.0, 10)
    sample = Sample(
        id="l/0", request=LoglikelihoodRequest(context="a", continuations=(" b", " c")), target="0", choices=("b", "c")
    )
    items = [ImportedItem(sample, ModelOutput(outcome=Outcome.OK, logprobs=(-1.0, -2.0)))]
    log = ImportedTask(name="l", items=items, scorer="option@3", prompt="p")
    write_imported_run(tmp_path / "options", [log], ORIGIN, MODEL)
    with pytest.raises(InputError, match="holds no texts"):
        published_outputs(RunFolder.open(tmp_path / "options"), "", WEIGHTS, lambda request, text: 1.0, 10)


def test_every_word_follows_from_the_shares_that_were_read(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", FOREIGN), task("c", ["?"] * 9), task("d", OWN, temperature=1.0))
    assert decided_again(found.rows) == found.rows
    bent = msgspec.structs.replace(found.rows[1], samples=tuple((name, 1.0) for name, _ in found.rows[1].samples))
    assert decided_again((found.rows[0], bent)) != (found.rows[0], bent)
