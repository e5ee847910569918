"""Panels for tests: real runs of servers that add, and a sealed result whose extracts are drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from steelyard.cli import execute
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.keys import KeySigner
from steelyard_forensics.api.detect import _scores, _twin_gap_of
from steelyard_forensics.panels.detection import FORMAT, PANEL_EXTRACTS, TESTED_EXTRACTS, seal_detection
from steelyard_forensics.panels.extracts import ReadScore
from steelyard_forensics.panels.record import Detection, PanelNamed, ReadRun, Side
from steelyard_forensics.panels.twin_gap import RULE
from testkit.fixtures import SumsServer

SAMPLES = 20
SETTINGS = {"task": "sums", "twin_task": "twins"}
PUBLIC, TWINS = (
    Side(
        task=task, items=letter * 64, scorer="answer@1", prompt="plain", kind="generate", decoding="greedy", samples=200
    )
    for task, letter in (("sums", "a"), ("twins", "b"))
)


def questions(folder: Path, name: str, offset: int, number: int = SAMPLES) -> Path:
    """Distinct sums as a file of questions."""
    path = folder / f"{name}.jsonl"
    sums = [(n, offset + n * 7 % 91) for n in range(number)]
    path.write_text(
        "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in sums)
    )
    return path


def runs_of(folder: Path, name: str, wrong: Sequence[int], files: Sequence[Path], *options: str) -> list[Path]:
    """One run of each file on one model, which is wrong on ``wrong`` of 256 sums of it: ``NAME-FILE``."""
    made = []
    with SumsServer() as server:
        server.name = name
        for file, share in zip(files, wrong, strict=True):

            def is_wrong(first: str, second: str, share: int = share) -> bool:
                return hashlib.sha256(f"{name} {first}+{second}".encode()).digest()[0] < share

            server.is_wrong = is_wrong  # type: ignore[method-assign]
            out = folder / f"{name}-{file.stem}"
            asked = ["--model", f"openai:{name}@{server.url}", "--out", str(out), "--concurrency", "8", *options]
            assert execute(["run", str(file), *asked]) in (0, 3, 4)
            made.append(out)
    return made


def drawn_extract(
    family: str, number: int, levels: tuple[float, float], random: np.random.Generator
) -> tuple[ReadRun, bytes]:
    """A run with both sides whose scores are drawn, and its extract."""
    bundle = hashlib.sha256(f"{family} {number}".encode()).hexdigest()
    folder = PANEL_EXTRACTS if family else TESTED_EXTRACTS
    lines = [
        ReadScore(measurement=name, sample=f"s/{sample:04}", low=right, high=right)
        for name, level in zip(("00-sums", "01-twins"), levels, strict=True)
        for sample, right in enumerate((random.random(200) < level).astype(float).tolist())
    ]
    data = b"".join(canonical(each) + b"\n" for each in lines)
    run = ReadRun(
        extract=f"{folder}{bundle[:16]}.jsonl",
        sha256=sha256_hex(data),
        family=family,
        model=f"model {number}",
        subject=f"openai:model-{number}@http://127.0.0.1/v1",
        bundle=bundle,
        answers="c" * 64,
        date="2026-11-27T00:00:00+00:00",
        origin="asked",
        sides={"00-sums": PUBLIC, "01-twins": TWINS},
    )
    return run, data


def drawn_detection(
    families: int = 60, levels: tuple[float, float] = (0.7, 0.7), seed: int = 1
) -> tuple[Detection, dict[str, bytes]]:
    """A result whose extracts are drawn: one model a family with abilities from .5 to .9."""
    random = np.random.default_rng(seed)
    made = [drawn_extract("", 0, levels, random)]
    for number in range(1, families + 1):
        ability = 0.4 + 0.55 * number / families
        made.append(drawn_extract(f"family {number}", number, (ability, ability - 0.03), random))
    extracts = {run.extract: data for run, data in made}
    (tested, *read) = (run for run, _ in made)
    return detection_of(tested, read, extracts), extracts


def detection_of(tested: ReadRun, read: Sequence[ReadRun], extracts: dict[str, bytes]) -> Detection:
    """The result of these runs."""
    return Detection(
        format=FORMAT,
        rule=RULE,
        software="steelyard 0",
        made="2026-11-27T00:00:00+00:00",
        alpha=0.05,
        settings=SETTINGS,
        tested=(tested,),
        panel=PanelNamed(name="panel", sha256="d" * 64, runs=len(read), families=len({each.family for each in read})),
        read=tuple(read),
        result=_twin_gap_of([tested], read, _scores(extracts, (tested, *read)), SETTINGS, 0.05),
    )


def sealed(path: Path, signer: KeySigner | None = None, **how: object) -> Detection:
    """A drawn result, sealed in a folder."""
    from msgspec.structs import replace

    detection, extracts = drawn_detection(**how)  # type: ignore[arg-type]
    if signer is not None:
        detection = replace(detection, signer=signer.public_key.keyval["public"])
    seal_detection(path, detection, extracts, signer)
    return detection
