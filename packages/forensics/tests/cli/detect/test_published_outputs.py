"""The command by which a vendor's log is held against weights, and the verification of what it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from packages.forensics.tests.api.test_published_outputs import log
from packages.forensics.tests.published.published_texts_fixtures import texts_like, write_run
from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.envelope import open_envelope, seal
from steelyard.evidence.layout import OUTPUT_TEXTS
from steelyard.models.llama import Llama
from steelyard.models.requantisations import Requantisations
from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest, ModelIdentity, Origin, Sample
from steelyard.tasks.generators.neutral_prompts import generate
from steelyard_forensics.identity.surprises import SurpriseReader
from steelyard_forensics.identity.transcripts import TranscriptReader
from steelyard_forensics.published.outputs import decided_again
from steelyard_forensics.published.seal import SEAL, open_outputs, seal_outputs
from steelyard_forensics.published.texts import decided_again as rows_again
from steelyard_forensics.published.texts_seal import open_texts, seal_texts


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """Texts that were read by three files of weights are remembered; one in eight is read anew each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TranscriptReader, "shares", remembering(TranscriptReader.shares))
        patch.setattr(SurpriseReader, "surprise", remembering(SurpriseReader.surprise))
        yield


def remembering(first: Callable[[Any, GenerateRequest, str], Any]) -> Callable[[Any, GenerateRequest, str], Any]:
    """A reading that is made once for each request and text, but for one in eight."""
    remembered = dict[str, Any]()

    def read(reader: Any, request: GenerateRequest, text: str) -> Any:
        key = sha256_hex(canonical([msgspec.to_builtins(request), text]))
        if key not in remembered or int(key[:8], 16) % 8 == 0:
            remembered[key] = first(reader, request, text)
        return remembered[key]

    return read


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """The vendor's log, and what came of it."""
    folder = tmp_path_factory.mktemp("published")
    command = ["detect", "published_outputs", str(log(folder / "run")), "--model", "reference=embedded:smollm2"]
    more = ["--out", str(folder / "out"), "--markdown", str(folder / "out.md"), "--html", str(folder / "out.html")]
    assert steelyard([*command, *more]) == ExitCode.INCONSISTENT
    return folder


@pytest.mark.slow  # three files of weights read a log
def test_what_it_leaves_says_which_benchmark(theirs: Path) -> None:
    text = (theirs / "out.md").read_text()
    assert "Inconsistent: the outputs of foreign are not what the weights" in text.replace("\\", "")
    assert [each.name for each in (theirs / "out").iterdir()] == [SEAL]


@pytest.mark.slow  # three files of weights read a log
def test_it_verifies_alone_and_with_the_run_and_the_weights(theirs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(theirs / "out")]) == ExitCode.CONSISTENT
    assert "shares taken as sealed" in capfd.readouterr().out
    both = ["--run", str(theirs / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard(["verify", str(theirs / "out"), *both, "--json"]) == ExitCode.CONSISTENT
    facts = json.loads(capfd.readouterr().out)
    assert (facts["holds"], facts["shares_made_again"]) == (True, True)


@pytest.mark.slow  # three files of weights read a log
def test_forged_shares_verify_alone_and_not_with_the_weights(
    theirs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = open_outputs(theirs / "out").outputs
    foreign = replace(found.rows[1], samples=tuple(replace(each, own=0.97) for each in found.rows[1].samples))
    seal_outputs(tmp_path / "out", replace(found, rows=decided_again((found.rows[0], foreign))), None)
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.CONSISTENT
    both = ["--run", str(theirs / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard(["verify", str(tmp_path / "out"), *both]) == ExitCode.INCONSISTENT
    assert "a share of 0.97 is sealed" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "embedded:smollm2"], "name the weights as reference=gguf:PATH"),
        (["--model", "subject=embedded:smollm2"], "name the weights as reference=gguf:PATH"),
        (["--model", "reference=openai:x@http://127.0.0.1:1/v1"], "gguf:PATH"),
        (["--model", "reference=gguf:/nowhere.gguf"], "no such file"),
        (["--model", "reference=embedded:smollm2", "--limit", "0"], "--limit"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, options: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run = log(tmp_path / "run", own=2)
    assert steelyard(["detect", "published_outputs", str(run), *options, "--out", str(tmp_path / "out")]) == 2
    assert said in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow  # three files of weights read a log
def test_a_folder_that_is_there_and_half_of_what_is_needed_are_refused(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["detect", "published_outputs", str(theirs / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard([*command, "--out", str(theirs / "out")]) == ExitCode.BAD_INPUT
    assert "choose another --out" in capfd.readouterr().err
    assert steelyard(["verify", str(theirs / "out"), "--run", str(theirs / "run")]) == ExitCode.BAD_INPUT
    assert "give --run and --model" in capfd.readouterr().err


@pytest.mark.slow  # three files of weights read a log
def test_a_changed_word_is_named(theirs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document, _ = open_envelope((theirs / "out" / SEAL).read_bytes(), SEAL)
    document = json.loads(json.dumps(document))
    document["predicate"]["outputs"]["rows"][1]["word"] = "consistent"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / SEAL).write_bytes(seal(document, None))
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.INCONSISTENT
    assert "does not follow from its shares" in capfd.readouterr().err


@pytest.mark.slow  # three files of weights read a log
def test_the_page_stands_alone(theirs: Path) -> None:
    text = (theirs / "out.html").read_text()
    assert "the outputs of foreign are not what the weights" in text
    assert "<script" not in text


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """A log of drawn outputs that the weights' requantisation wrote, and what came of it."""
    folder = tmp_path_factory.mktemp("drawn")
    llama = Llama(Requantisations(smollm2).file("Q2_K")[0], threads=1, context_limit=512)
    session, items = InferenceSession(llama), []
    for at, row in enumerate(generate("drawn", 16)):
        request = GenerateRequest(prompt=row["question"], max_tokens=28, temperature=1.0)
        output = session.generate(replace(request, seed=at), lambda: False)
        items.append(ImportedItem(Sample(id=f"a/{at}", request=request, target="x"), output))
    llama.close()
    task = ImportedTask(name="a", items=items, scorer="exact@5", prompt="some_harness")
    origin = Origin(kind="imported", harness="some_harness 1.2", file="log.eval", sha256="ab" * 32)
    write_imported_run(folder / "run", [task], origin, ModelIdentity(uri="imported:flagship", name="flagship"))
    command = ["detect", "published_outputs", str(folder / "run"), "--model", "reference=embedded:smollm2"]
    more = ["--out", str(folder / "out"), "--markdown", str(folder / "out.md"), "--html", str(folder / "out.html")]
    assert steelyard([*command, *more]) == ExitCode.INCONSISTENT
    return folder


@pytest.mark.slow  # three files of weights read a log
def test_drawn_outputs_of_a_requantisation_are_named_and_made_again(
    drawn: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = (drawn / "out.md").read_text().replace("\\", "")
    assert "Inconsistent: the outputs of a are not what the weights" in text
    assert "Q2_K explains" in text
    assert "surprise" in (drawn / "out.html").read_text()
    both = ["--run", str(drawn / "run"), "--model", "reference=embedded:smollm2"]
    assert steelyard(["verify", str(drawn / "out"), *both]) == ExitCode.CONSISTENT
    found = open_outputs(drawn / "out").outputs
    row = found.rows[0]
    forged = replace(row, drawn=tuple(replace(each, gains=dict.fromkeys(each.gains, 30.0)) for each in row.drawn))
    seal_outputs(tmp_path / "out", replace(found, rows=decided_again([forged])), None)
    capfd.readouterr()
    assert steelyard(["verify", str(tmp_path / "out"), *both]) == ExitCode.INCONSISTENT
    assert "a gain of Q2_K of 30.0 is sealed" in capfd.readouterr().err


@pytest.fixture(scope="module")
def beside_served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of which one benchmark another model wrote, beside served answers, and what came of it."""
    folder = tmp_path_factory.mktemp("served")
    own = {name: texts_like(name, 120) for name in ("a", "b")}
    write_run(folder / "log", {**own, "b": texts_like("x", 120, also="Certainly")})
    write_run(folder / "served", own)
    command = ["detect", "published_outputs", str(folder / "log"), "--served", str(folder / "served")]
    more = ["--out", str(folder / "out"), "--markdown", str(folder / "out.md"), "--html", str(folder / "out.html")]
    assert steelyard([*command, *more]) == ExitCode.INCONSISTENT
    return folder


def test_without_weights_a_run_of_the_served_model_names_the_benchmark(
    beside_served: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "Inconsistent: the outputs of b did not come from" in (beside_served / "out.md").read_text()
    assert "Inconsistent: the outputs of b did not come from" in (beside_served / "out.html").read_text()
    assert [each.name for each in (beside_served / "out").iterdir()] == [OUTPUT_TEXTS]
    assert b"river" not in (beside_served / "out" / OUTPUT_TEXTS).read_bytes()
    assert steelyard(["verify", str(beside_served / "out")]) == ExitCode.CONSISTENT
    assert "guesses taken as sealed" in capfd.readouterr().out
    both = ["--run", str(beside_served / "log"), "--run", str(beside_served / "served")]
    assert steelyard(["verify", str(beside_served / "out"), *both, "--json"]) == ExitCode.CONSISTENT
    facts = json.loads(capfd.readouterr().out)
    assert (facts["holds"], facts["guesses_made_again"], facts["pairs"]) == (True, True, 240)


def test_forged_guesses_verify_alone_and_not_with_the_runs(
    beside_served: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = open_texts(beside_served / "out").texts
    forged = replace(found.rows[1], pairs=tuple(replace(each, said="s", alike=1.0) for each in found.rows[1].pairs))
    seal_texts(tmp_path / "out", replace(found, rows=rows_again((found.rows[0], forged))), None)
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.CONSISTENT
    both = ["--run", str(beside_served / "log"), "--run", str(beside_served / "served")]
    assert steelyard(["verify", str(tmp_path / "out"), *both]) == ExitCode.INCONSISTENT
    assert "the runs give other guesses" in capfd.readouterr().err
    assert steelyard(["verify", str(tmp_path / "out"), *both[:2]]) == ExitCode.BAD_INPUT
    assert "give --run LOG --run SERVED" in capfd.readouterr().err


@pytest.mark.parametrize("options", [[], ["--served", "x", "--model", "reference=embedded:smollm2"]])
def test_either_weights_or_a_served_run_is_needed(
    beside_served: Path, options: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert steelyard(["detect", "published_outputs", str(beside_served / "log"), *options]) == ExitCode.BAD_INPUT
    assert "give either the weights" in capfd.readouterr().err
