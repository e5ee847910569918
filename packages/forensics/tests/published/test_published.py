"""Which benchmarks of a log are named, and which are not: by shares that stand in for the weights'."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.claims.decoding import OTHER_DECODING, TEMPERATURE_NOT_STATED
from steelyard.errors import ExitCode, InputError
from steelyard.evidence import layout
from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelIdentity, ModelOutput, Origin, Outcome, Sample
from steelyard.records import VerdictWord as Word
from steelyard.storage.run_folder import RunFolder
from steelyard_forensics.identity.surprises import TextSurprise
from steelyard_forensics.identity.transcripts import TextShares
from steelyard_forensics.published.bets import ALPHA, REQUANTISED
from steelyard_forensics.published.outputs import (
    OutputReader,
    PublishedOutputs,
    decided_again,
    needed,
    published_outputs,
)
from steelyard_forensics.sealed.rows import PublishedRow, Reading

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
    return ImportedTask(name=name, items=items, scorer="exact@5", prompt="some_harness", differences=differences)


def shares(request: GenerateRequest, text: str) -> TextShares | None:
    """An output's text is its own shares: the weights', Q2_K's and Q3_K_M's."""
    if text == "?":
        return None
    own, *others = map(float, text.split())
    return TextShares(own, own, dict(zip(REQUANTISED, others, strict=True)))


def surprise(request: GenerateRequest, text: str) -> TextSurprise | None:
    """A drawn output's text is its own surprise, and what Q2_K and Q3_K_M gain."""
    if text == "?":
        return None
    found, *gains = map(float, text.split())
    return TextSurprise(40, found, dict(zip(REQUANTISED, gains, strict=True)))


def held(tmp_path: Path, *tasks: ImportedTask, limit: int = 200, secret: str = "5eed") -> PublishedOutputs:
    """The log held against weights."""
    if not (tmp_path / "run").exists():
        write_imported_run(tmp_path / "run", tasks, ORIGIN, MODEL)
    run = RunFolder.open(tmp_path / "run")
    return published_outputs(run, "00" * 32, WEIGHTS, Reading(secret=secret), OutputReader(shares, surprise), limit)


OWN = ["1.0 0.8 0.9"] * 90
FOREIGN = ["0.4 0.35 0.4"] * 90
REQUANT = ["0.88 1.0 0.9"] * 90
HIDDEN = ["0.73 0.6 0.7"] * 90  # the weights' own, under a prompt that the log does not show


def test_the_benchmark_of_another_model_is_named_and_no_other(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", FOREIGN), task("c", ["0.995 0.7 0.8"] * 90))
    assert [row.word for row in found.rows] == [Word.CONSISTENT, Word.INCONSISTENT, Word.CONSISTENT]
    assert ([row.task for row in found.foreign], found.exit) == (["b"], ExitCode.INCONSISTENT)
    assert found.rows[1].read < 20, "few outputs show it"
    assert (found.rows[1].p or 1.0) <= ALPHA
    assert (found.model, found.harness, found.answers_root) == ("stub", "some_harness 1.2", "00" * 32)


def test_a_requantisation_is_named_without_another_benchmark_beside_it(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", REQUANT))
    assert (found.rows[0].word, found.rows[0].nearest) == (Word.INCONSISTENT, "Q2_K")
    assert found.rows[0].better == found.rows[0].read <= 20
    assert "Q2_K explains them better" in found.rows[0].reason


def test_all_of_one_model_is_consistent(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", OWN))
    assert found.exit is ExitCode.CONSISTENT
    assert all(row.ci is not None and row.ci[0] > 0.8 for row in found.rows)


def test_a_hidden_prompt_accuses_nobody(tmp_path: Path) -> None:
    """Neither where it moves all benchmarks, nor where another one, which it moves less, is consistent."""
    found = held(tmp_path, task("a", OWN), task("b", HIDDEN), task("c", HIDDEN))
    assert [row.word for row in found.rows] == [Word.CONSISTENT, *[Word.INSUFFICIENT_POWER] * 2]


def test_without_a_benchmark_that_is_read_right_nobody_is_called_foreign(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", FOREIGN), task("b", FOREIGN))
    assert {row.word for row in found.rows} == {Word.NOT_TESTABLE}
    assert "no other benchmark of the log" in found.rows[0].reason
    assert found.exit is ExitCode.UNDECIDED


def test_a_chat_shows_nothing_of_how_a_completion_was_put(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN, chat=True), task("b", FOREIGN))
    assert [row.word for row in found.rows] == [Word.CONSISTENT, Word.NOT_TESTABLE]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (task("b", FOREIGN, temperature=1.2), "drawn at a temperature above 1"),
        (task("b", FOREIGN, differences=(TEMPERATURE_NOT_STATED,)), "does not say the temperature"),
        (task("b", FOREIGN, differences=(f"{OTHER_DECODING}repetition_penalty.",)), "repetition_penalty"),
        (task("b", ["?"] * 80), "no output could be read"),
    ],
)
def test_what_cannot_be_read_accuses_nobody(tmp_path: Path, row: ImportedTask, reason: str) -> None:
    found = held(tmp_path, task("a", OWN), row)
    assert found.rows[1].word is Word.NOT_TESTABLE
    assert reason in found.rows[1].reason
    assert (found.foreign, found.exit) == ((), ExitCode.UNDECIDED)


def test_few_outputs_decide_nothing(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", OWN), task("b", ["0.7 0.5 0.5"] * 3))
    assert found.rows[1].word is Word.INSUFFICIENT_POWER


DRAWN_OWN = ["0.5 -20 -5"] * 90
DRAWN_REQUANT = ["0.6 20 2"] * 90


def test_a_requantisation_is_named_by_drawn_outputs(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", DRAWN_REQUANT, temperature=0.7), task("b", DRAWN_OWN, temperature=1.0))
    assert [row.word for row in found.rows] == [Word.INCONSISTENT, Word.INSUFFICIENT_POWER]
    row = found.rows[0]
    assert (row.nearest, row.temperature, row.share, row.samples) == ("Q2_K", 0.7, 0.6, ())
    assert row.better == row.read == len(row.drawn) <= 15
    assert needed(found.rows) == {"01-b": None}, "no number of such outputs decides"
    assert decided_again(found.rows) == found.rows


def test_a_form_that_files_agree_on_accuses_nobody(tmp_path: Path) -> None:
    """A requantisation that is a little surer of each text gains a little on all of them."""
    found = held(tmp_path, task("a", ["0.5 0.4 2"] * 90, temperature=0.7))
    assert (found.rows[0].word, found.rows[0].better) == (Word.INSUFFICIENT_POWER, 0)


def test_drawn_outputs_are_never_called_consistent_nor_foreign(tmp_path: Path) -> None:
    """However unsurprising or surprising: another model's are the one, and honest ones under a hidden prompt both."""
    rows = [task("g", OWN), *(task(name, [f"{at} -9 -9"] * 90, temperature=1.0) for name, at in (("a", 0.1), ("b", 1)))]
    found = held(tmp_path, *rows)
    assert [row.word for row in found.rows] == [Word.CONSISTENT, *[Word.INSUFFICIENT_POWER] * 2]
    assert "another model's draws may be as likely" in found.rows[1].reason
    assert found.exit is ExitCode.UNDECIDED


def test_a_drawn_benchmark_opens_no_way_to_call_another_one_foreign(tmp_path: Path) -> None:
    found = held(tmp_path, task("a", DRAWN_OWN, temperature=1.0), task("b", FOREIGN))
    assert [row.word for row in found.rows] == [Word.INSUFFICIENT_POWER, Word.NOT_TESTABLE]


def test_of_a_prompt_that_comes_again_one_drawn_text_is_read(tmp_path: Path) -> None:
    """A server that keeps its answers gives one text many times."""
    item = task("a", DRAWN_REQUANT[:1], temperature=1.0).items
    again = [msgspec.structs.replace(each.sample, id=f"a/{at}") for at in range(60) for each in item]
    items = [ImportedItem(each, ModelOutput(outcome=Outcome.OK, text=DRAWN_REQUANT[0])) for each in again]
    repeated = ImportedTask(name="a", items=items, scorer="exact@5", prompt="some_harness")
    found = held(tmp_path, repeated)
    assert (found.rows[0].read, found.rows[0].word) == (1, Word.INSUFFICIENT_POWER)


def test_what_was_left_out_forbids_to_call_the_rest_consistent(tmp_path: Path) -> None:
    """A vendor marks with reasoning, or makes too short, what is not its model's."""
    found = held(tmp_path, task("a", [*OWN, *["?"] * 40]))
    assert found.rows[0].word is Word.INSUFFICIENT_POWER
    assert "were left out" in found.rows[0].reason


def test_the_limit_is_kept_and_the_order_follows_from_the_secret(tmp_path: Path) -> None:
    texts = [f"{0.9 + number / 1000} 0.5 0.5" for number in range(90)]
    first = held(tmp_path, task("a", texts), limit=5)
    assert (first.rows[0].read, first.rows[0].planned, first.rows[0].held) == (5, 5, 90)
    assert first == held(tmp_path, limit=5)
    assert first.rows != held(tmp_path, limit=5, secret="other").rows


def test_honest_outputs_that_scatter_around_the_bar_are_rarely_accused(tmp_path: Path) -> None:
    """The worst honest case: a mean of exactly the bar, and even odds for either requantisation."""
    random_, accused = random.Random(20261127), 0
    for number in range(20):
        drawn = [f"{random_.choice([0.5, 1.0])} {random_.choice([0.3, 1.1])} 0.3" for _ in range(60)]
        found = held(tmp_path / str(number), task("a", OWN), task("b", drawn))
        accused += bool(found.foreign)
    assert accused <= 4  # more has a chance below 1 % at .05


def test_a_run_without_texts_and_one_of_log_likelihoods_are_refused(tmp_path: Path) -> None:
    write_imported_run(tmp_path / "run", [task("a", OWN)], ORIGIN, MODEL)
    for path in (tmp_path / "run" / layout.TEXTS).iterdir():
        path.unlink()
    with pytest.raises(InputError, match="withheld"):
        held(tmp_path)
    sample = Sample(
        id="l/0", request=LoglikelihoodRequest(context="a", continuations=(" b", " c")), target="0", choices=("b", "c")
    )
    items = [ImportedItem(sample, ModelOutput(outcome=Outcome.OK, logprobs=(-1.0, -2.0)))]
    log = ImportedTask(name="l", items=items, scorer="option@3", prompt="p")
    with pytest.raises(InputError, match="holds no texts"):
        held(tmp_path / "options", log)


def test_every_word_follows_from_the_shares_that_were_read(tmp_path: Path) -> None:
    tasks = task("a", OWN), task("b", FOREIGN), task("c", ["?"] * 9), task("d", OWN, temperature=1.0)
    found = held(tmp_path, *tasks)
    assert decided_again(found.rows) == found.rows
    row = found.rows[1]
    rows = (found.rows[0], bent(row, own=0.61), *found.rows[2:])
    assert decided_again(rows) != rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: [row, row], "twice"),
        (
            lambda row: [msgspec.structs.replace(row, samples=(*row.samples, row.samples[0]))],
            "after the decision|twice",
        ),
        (lambda row: [msgspec.structs.replace(row, texts=3)], "more was read than there is"),
        (lambda row: [msgspec.structs.replace(row, planned=3)], "more was read than there is"),
        (lambda row: [msgspec.structs.replace(row, held=1000)], "more was read than there is"),
        (lambda row: [msgspec.structs.replace(row, untestable="why")], "more was read than there is"),
        (lambda row: [bent(row, own=7.0)], "least"),
        (lambda row: [bent(row, others={})], "requantisations are missing"),
        (lambda row: [bent(row, others={"Q2_K": 1.0, "Q9": 1.0})], "requantisations are missing"),
    ],
)
def test_what_no_reading_gives_is_refused(
    tmp_path: Path, change: Callable[[PublishedRow], list[PublishedRow]], said: str
) -> None:
    found = held(tmp_path, task("a", OWN))
    with pytest.raises(ValueError, match=said):
        decided_again(change(found.rows[0]))


def bent(row: PublishedRow, **fields: Any) -> PublishedRow:
    """The row with its first text changed."""
    return msgspec.structs.replace(row, samples=(msgspec.structs.replace(row.samples[0], **fields), *row.samples[1:]))


def test_how_many_outputs_would_decide(tmp_path: Path) -> None:
    found = held(tmp_path / "few", task("a", OWN[:20]), task("b", OWN), task("c", HIDDEN))
    few, undecided = found.rows[0].measurement, found.rows[2].measurement
    told = needed(found.rows)
    assert told.keys() == {few, undecided}
    assert told[undecided] is None
    texts = told[few]
    assert texts is not None
    assert 20 < texts <= 90
    enough = held(tmp_path / "more", task("a", OWN[:texts]), task("b", OWN), task("c", HIDDEN))
    assert enough.rows[0].word is Word.CONSISTENT
