"""Other quantisations of one model: whole files or none, errors in one line, and models that answer."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.embedded import open_gguf
from steelyard.models.requantise import requantise, source_file
from steelyard.records import LoglikelihoodRequest

TEXTS = ("The capital of France is Paris.", "Water boils at a hundred degrees.", "Two and three are five.")


def test_an_unknown_type_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--as 'Q9' is not a type .*: .*Q2_K, .*Q3_K_M, .*Q5_K_M, .*Q6_K, .*Q8_0"):
        requantise("embedded:smollm2", tmp_path / "q9.gguf", "Q9")


@pytest.mark.parametrize("name", ["IQ1_S", "IQ2_XS", "Q2_K_S", "LLAMA_FTYPE_GUESSED", "GUESSED", ""])
def test_types_that_need_an_importance_matrix_are_not_offered(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a type"):
        requantise("embedded:smollm2", tmp_path / "out.gguf", name)


@pytest.mark.parametrize("uri", ["openai:m@http://localhost/v1", "embedded:other", "gguf:", "file.gguf", ""])
def test_only_a_file_or_the_embedded_model(uri: str) -> None:
    with pytest.raises(InputError, match="give gguf:PATH or embedded:smollm2"):
        source_file(uri)


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "old.gguf").write_bytes(b"mine")
    (tmp_path / "link.gguf").symlink_to(tmp_path / "nowhere")
    for name in ("old.gguf", "link.gguf"):
        with pytest.raises(InputError, match="is there already"):
            requantise("embedded:smollm2", tmp_path / name, "Q8_0")
    with pytest.raises(InputError, match="lies in no existing folder"):
        requantise("embedded:smollm2", tmp_path / "no" / "new.gguf", "Q8_0")
    assert (tmp_path / "old.gguf").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a GGUF file"),
        (b"PK\3\4", "is not a GGUF file"),
        (b"GGUF", "llama.cpp cannot requantise it"),
        (b"GGUF\3\0\0\0" + b"\xff" * 64, "llama.cpp cannot requantise it"),
        (None, "there is no such file"),
    ],
)
def test_a_file_that_is_no_model(
    tmp_path: Path, content: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "model.gguf"
    if content is not None:
        source.write_bytes(content)
    out = tmp_path / "out.gguf"
    assert execute(["model", "requantise", str(out), "--as", "Q8_0", "--from", f"gguf:{source}"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"] * (content is not None)


@pytest.mark.model
def test_without_room_nothing_is_left(tmp_path: Path, smollm2: Path) -> None:
    command = [sys.executable, "-m", "steelyard", "model", "requantise", "out.gguf", "--as", "Q8_0"]
    limit = (5_000_000, 5_000_000)
    done = subprocess.run(
        [*command, "--from", f"gguf:{smollm2}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert done.returncode == 2
    assert "out.gguf: cannot be written whole" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


async def _sum_of_log_likelihoods(path: Path) -> float:
    model = open_gguf(str(path), Settings())
    try:
        output = await model.loglikelihood(LoglikelihoodRequest(context="Note: ", continuations=TEXTS))
    finally:
        await model.close()
    return sum(output.logprobs)


@pytest.mark.slow
@pytest.mark.model
def test_other_types_are_other_models_and_the_coarse_one_is_the_worse(
    tmp_path: Path, smollm2: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums = {"Q4_1": asyncio.run(_sum_of_log_likelihoods(smollm2))}
    for name in ("q2_k", "Q8_0"):
        out = tmp_path / f"{name}.gguf"
        assert execute(["model", "requantise", str(out), "--as", name, "--json"]) == 0
        made = json.loads(capsys.readouterr().out)
        assert (made["type"], made["bytes"]) == (name.upper(), out.stat().st_size)
        assert made["source_sha256"] != made["sha256"]
        sums[name.upper()] = asyncio.run(_sum_of_log_likelihoods(out))
        assert execute(["run", "chain_sum", "--model", f"gguf:{out}", "--limit", "5", "--out", f"{out}.run"]) in (0, 3)
        capsys.readouterr()
    assert len(set(sums.values())) == 3
    assert sums["Q2_K"] < sums["Q8_0"]
    again = requantise("embedded:smollm2", tmp_path / "again.gguf", "Q2_K")
    assert again.path.read_bytes() == (tmp_path / "q2_k.gguf").read_bytes()
